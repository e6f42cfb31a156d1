-- What a send writes less: which digest a reader had last and how many in a row a
-- mailbox refused are read from the ledger, which knows anyway, and no longer written
-- for every mail. What may be claimed is found by its time first, so that rows that
-- wait for their hour are not walked over by every claim, and then in the order in
-- which rows and readers lie on the disk, providers well mixed. A row's state stands in no
-- index, and rows are found by digest and reader: a queued row is one without a worker.

-- +goose Up
ALTER TABLE subscribers DROP COLUMN last_digest_id;
ALTER TABLE subscribers DROP COLUMN refusals;
DROP INDEX deliveries_by_subscriber;
DROP INDEX deliveries_held;
DROP INDEX deliveries_to_claim;
CREATE INDEX deliveries_to_claim ON deliveries (digest_id, due_at, subscriber_id) WHERE worker = 0;
UPDATE deliveries SET worker = -1 WHERE worker = 0 AND state > 2;
ALTER TABLE deliveries SET (fillfactor = 70);

-- +goose Down
ALTER TABLE deliveries RESET (fillfactor);
UPDATE deliveries SET worker = 0 WHERE state > 2;
DROP INDEX deliveries_to_claim;
CREATE INDEX deliveries_to_claim ON deliveries (digest_id, domain_group, due_at) WHERE state = 0;
CREATE INDEX deliveries_held ON deliveries (worker) WHERE state IN (1, 2);
CREATE INDEX deliveries_by_subscriber ON deliveries (subscriber_id);
ALTER TABLE subscribers ADD COLUMN refusals INTEGER NOT NULL DEFAULT 0;
ALTER TABLE subscribers ADD COLUMN last_digest_id BIGINT NOT NULL DEFAULT 0;
