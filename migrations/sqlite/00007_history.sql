-- What became of old deliveries: a row is in deliveries or here, never in both. Where a
-- digest's rows are stands in rows_in: 0 deliveries, or partly here, 1 all here, 2 deleted.
-- Its sums are kept in the digest from the moment the first row moves.

-- +goose Up
CREATE TABLE delivery_history (
    digest_id     INTEGER NOT NULL,
    subscriber_id INTEGER NOT NULL,
    state         INTEGER NOT NULL,
    reason        INTEGER NOT NULL,
    code          INTEGER NOT NULL,
    doubts        INTEGER NOT NULL,
    PRIMARY KEY (digest_id, subscriber_id)
) WITHOUT ROWID;
ALTER TABLE digests ADD COLUMN rows_in INTEGER NOT NULL DEFAULT 0;
ALTER TABLE digests ADD COLUMN sums TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE digests DROP COLUMN sums;
ALTER TABLE digests DROP COLUMN rows_in;
DROP TABLE delivery_history;
