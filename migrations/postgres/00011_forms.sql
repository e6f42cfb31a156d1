-- Which form a digest was asked for with, so that one that is sent twice makes one digest.

-- +goose Up
ALTER TABLE digests ADD COLUMN form TEXT;
CREATE UNIQUE INDEX digests_form ON digests (form);

-- +goose Down
DROP INDEX digests_form;
ALTER TABLE digests DROP COLUMN form;
