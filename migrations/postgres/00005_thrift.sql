-- What a send writes less: which digest a reader had last and how many in a row a
-- mailbox refused are read from the ledger, which knows anyway, and no longer written
-- for every mail. What may be claimed is found by its time first, so that rows that
-- wait for their hour are not walked over by every claim.

-- +goose Up
ALTER TABLE subscribers DROP COLUMN last_digest_id;
ALTER TABLE subscribers DROP COLUMN refusals;
DROP INDEX deliveries_to_claim;
CREATE INDEX deliveries_to_claim ON deliveries (digest_id, due_at, domain_group) WHERE state = 0;

-- +goose Down
DROP INDEX deliveries_to_claim;
CREATE INDEX deliveries_to_claim ON deliveries (digest_id, domain_group, due_at) WHERE state = 0;
ALTER TABLE subscribers ADD COLUMN refusals INTEGER NOT NULL DEFAULT 0;
ALTER TABLE subscribers ADD COLUMN last_digest_id BIGINT NOT NULL DEFAULT 0;
