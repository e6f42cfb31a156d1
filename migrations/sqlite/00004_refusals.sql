-- Whose fault a refusal is: the answer that is held against us while a digest is
-- paused for it, the answers that an editor has looked at and takes for the
-- readers' own, and in how many digests in a row a mailbox has refused for good.

-- +goose Up
ALTER TABLE digests ADD COLUMN charge TEXT NOT NULL DEFAULT '';
ALTER TABLE digests ADD COLUMN tolerated TEXT NOT NULL DEFAULT '';
ALTER TABLE subscribers ADD COLUMN refusals INTEGER NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE subscribers DROP COLUMN refusals;
ALTER TABLE digests DROP COLUMN tolerated;
ALTER TABLE digests DROP COLUMN charge;
