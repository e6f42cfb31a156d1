-- The emergency brake: while there is a row no digest is sent or launched. It has one
-- row at most.

-- +goose Up
CREATE TABLE emergency_brake (
    id        SMALLINT PRIMARY KEY CHECK (id = 1),
    pulled_at BIGINT NOT NULL,
    pulled_by TEXT NOT NULL
);

-- +goose Down
DROP TABLE emergency_brake;
