-- What readers choose for themselves beside topics: how often, and a pause with an end.
-- Links to preferences are tied to how often the address has changed. Evidence of a
-- change says what was chosen.

-- +goose Up
ALTER TABLE subscribers ADD COLUMN cadence SMALLINT NOT NULL DEFAULT 0;      -- weekly, fortnightly, monthly
ALTER TABLE subscribers ADD COLUMN paused_until BIGINT NOT NULL DEFAULT 0; -- 0 for no end
ALTER TABLE subscribers ADD COLUMN moves BIGINT NOT NULL DEFAULT 0;
ALTER TABLE consents ADD COLUMN detail TEXT NOT NULL DEFAULT '';
CREATE INDEX subscribers_returning ON subscribers (paused_until) WHERE paused_until > 0;

-- +goose Down
DROP INDEX subscribers_returning;
ALTER TABLE consents DROP COLUMN detail;
ALTER TABLE subscribers DROP COLUMN moves;
ALTER TABLE subscribers DROP COLUMN paused_until;
ALTER TABLE subscribers DROP COLUMN cadence;
