-- What a send writes less: which digest a reader had last and how many in a row a
-- mailbox refused are read from the ledger, which knows anyway, and no longer written
-- for every mail. What may be claimed is found by its time first, so that rows that
-- wait for their hour are not walked over by every claim, and then in the order in
-- which rows and readers lie on the disk, providers well mixed. A row's state stands in no
-- index, and rows are found by digest and reader: a queued row is one without a worker.
-- The table is ordered by its key, so that a row is one place and not two.

-- +goose Up
ALTER TABLE subscribers DROP COLUMN last_digest_id;
ALTER TABLE subscribers DROP COLUMN refusals;
CREATE TABLE deliveries_by_key (
    digest_id     INTEGER NOT NULL,
    subscriber_id INTEGER NOT NULL,
    state         INTEGER NOT NULL,
    attempt       INTEGER NOT NULL DEFAULT 0,    -- counts claims; guards every later update
    worker        INTEGER NOT NULL DEFAULT 0,    -- who holds it, or did last; 0 while it is queued
    edition       TEXT NOT NULL,
    domain_group  TEXT NOT NULL,
    due_at        INTEGER NOT NULL,
    tries         INTEGER NOT NULL DEFAULT 0,    -- temporary refusals
    doubts        INTEGER NOT NULL DEFAULT 0,    -- outcomes that never became known
    code          INTEGER NOT NULL DEFAULT 0,    -- the relay's last reply code
    enhanced      TEXT NOT NULL DEFAULT '',      -- RFC 3463
    reason        INTEGER NOT NULL DEFAULT 0,
    relay         TEXT NOT NULL DEFAULT '',
    changed_at    INTEGER NOT NULL,
    PRIMARY KEY (digest_id, subscriber_id)
) WITHOUT ROWID;
INSERT INTO deliveries_by_key SELECT digest_id, subscriber_id, state, attempt, worker, edition, domain_group, due_at,
    tries, doubts, code, enhanced, reason, relay, changed_at FROM deliveries;
DROP TABLE deliveries;
ALTER TABLE deliveries_by_key RENAME TO deliveries;
CREATE INDEX deliveries_to_claim ON deliveries (digest_id, due_at, subscriber_id) WHERE worker = 0;
UPDATE deliveries SET worker = -1 WHERE worker = 0 AND state > 2;

-- +goose Down
UPDATE deliveries SET worker = 0 WHERE state > 2;
CREATE TABLE deliveries_by_row (
    digest_id     INTEGER NOT NULL,
    subscriber_id INTEGER NOT NULL,
    state         INTEGER NOT NULL,
    attempt       INTEGER NOT NULL DEFAULT 0,    -- counts claims; guards every later update
    worker        INTEGER NOT NULL DEFAULT 0,    -- who holds it, or did last; 0 while it is queued
    edition       TEXT NOT NULL,
    domain_group  TEXT NOT NULL,
    due_at        INTEGER NOT NULL,
    tries         INTEGER NOT NULL DEFAULT 0,    -- temporary refusals
    doubts        INTEGER NOT NULL DEFAULT 0,    -- outcomes that never became known
    code          INTEGER NOT NULL DEFAULT 0,    -- the relay's last reply code
    enhanced      TEXT NOT NULL DEFAULT '',      -- RFC 3463
    reason        INTEGER NOT NULL DEFAULT 0,
    relay         TEXT NOT NULL DEFAULT '',
    changed_at    INTEGER NOT NULL,
    PRIMARY KEY (digest_id, subscriber_id)
);
INSERT INTO deliveries_by_row SELECT digest_id, subscriber_id, state, attempt, worker, edition, domain_group, due_at,
    tries, doubts, code, enhanced, reason, relay, changed_at FROM deliveries;
DROP TABLE deliveries;
ALTER TABLE deliveries_by_row RENAME TO deliveries;
CREATE INDEX deliveries_to_claim ON deliveries (digest_id, domain_group, due_at) WHERE state = 0;
CREATE INDEX deliveries_held ON deliveries (worker) WHERE state IN (1, 2);
CREATE INDEX deliveries_by_subscriber ON deliveries (subscriber_id);
ALTER TABLE subscribers ADD COLUMN refusals INTEGER NOT NULL DEFAULT 0;
ALTER TABLE subscribers ADD COLUMN last_digest_id INTEGER NOT NULL DEFAULT 0;
