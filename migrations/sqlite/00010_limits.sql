-- The domain group of each domain that is no large provider's own, as its mail servers
-- tell it, and how many mails each day of a warm-up has had.

-- +goose Up
CREATE TABLE domain_groups (
    domain       TEXT PRIMARY KEY,
    domain_group TEXT NOT NULL,
    rules        TEXT NOT NULL,
    due_at       INTEGER NOT NULL
);
CREATE TABLE warm_up_days (
    day      TEXT PRIMARY KEY,
    allotted INTEGER NOT NULL
);

-- +goose Down
DROP TABLE warm_up_days;
DROP TABLE domain_groups;
