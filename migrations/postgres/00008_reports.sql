-- What a worker says of itself with its heartbeat: its relays and the domain groups it
-- holds back, as JSON, so that a page in another process can show them.

-- +goose Up
ALTER TABLE workers ADD COLUMN report TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE workers DROP COLUMN report;
