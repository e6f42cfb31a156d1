-- When a digest is due for those who chose an hour: one row for each zone and hour
-- among its readers, worked out by the program, because no engine has its zones.

-- +goose Up
CREATE TABLE mornings (
    digest_id INTEGER NOT NULL REFERENCES digests (id),
    timezone  TEXT NOT NULL,                     -- as in subscribers
    hour      INTEGER NOT NULL,
    due_at    INTEGER NOT NULL,
    PRIMARY KEY (digest_id, timezone, hour)
);

-- +goose Down
DROP TABLE mornings;
