-- What became of old deliveries: a row is in deliveries or here, never in both. Where a
-- digest's rows are stands in rows_in: 0 deliveries, or partly here, 1 all here, 2 deleted.
-- Its sums are kept in the digest from the moment the first row moves.

-- +goose Up
CREATE TABLE delivery_history (
    digest_id     BIGINT NOT NULL,
    subscriber_id BIGINT NOT NULL,
    state         SMALLINT NOT NULL,
    reason        SMALLINT NOT NULL,
    code          SMALLINT NOT NULL,
    doubts        SMALLINT NOT NULL,
    PRIMARY KEY (digest_id, subscriber_id)
);
ALTER TABLE digests ADD COLUMN rows_in SMALLINT NOT NULL DEFAULT 0;
ALTER TABLE digests ADD COLUMN sums TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE digests DROP COLUMN sums;
ALTER TABLE digests DROP COLUMN rows_in;
DROP TABLE delivery_history;
