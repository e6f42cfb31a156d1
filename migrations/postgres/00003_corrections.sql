-- A digest may correct another one, for those who have that or for those who have not.

-- +goose Up
ALTER TABLE digests ADD COLUMN correction_of BIGINT NOT NULL DEFAULT 0; -- the digest it corrects, 0 for none
ALTER TABLE digests ADD COLUMN family BIGINT NOT NULL DEFAULT 0;        -- the digest its line of corrections began with
ALTER TABLE digests ADD COLUMN audience SMALLINT NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE digests DROP COLUMN audience;
ALTER TABLE digests DROP COLUMN family;
ALTER TABLE digests DROP COLUMN correction_of;
