-- The whole week: readers and their consents, sources and stories, digests,
-- the delivery ledger and the outbox. Times are Unix milliseconds in UTC, 0 for
-- "none"; small states are the numbers of their Go types.

-- +goose Up
CREATE TABLE settings (
    name       TEXT PRIMARY KEY,
    value      TEXT NOT NULL,
    changed_at INTEGER NOT NULL
);

CREATE TABLE topics (
    id       INTEGER PRIMARY KEY CHECK (id BETWEEN 1 AND 62), -- one bit of subscribers.topics
    slug     TEXT NOT NULL UNIQUE,
    name     TEXT NOT NULL,
    blurb    TEXT NOT NULL,
    position INTEGER NOT NULL
);

CREATE TABLE subscribers (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    address         TEXT NOT NULL,               -- '' once erased
    address_hash    BLOB UNIQUE,                -- NULL once erased; a suppression keeps it
    folding         INTEGER NOT NULL,           -- version of the folding under the hash
    domain_group    TEXT NOT NULL,
    state           INTEGER NOT NULL,
    topics          INTEGER NOT NULL,             -- one bit per topic id
    language        TEXT NOT NULL,
    timezone        TEXT NOT NULL,               -- '' for the digest's own
    hour            INTEGER NOT NULL DEFAULT -1,
    plain           BOOLEAN NOT NULL DEFAULT FALSE,
    link_key        BLOB NOT NULL,              -- empty once erased
    leave_digest    BLOB NOT NULL,              -- SHA-256 of the leave tag; outlives erasure
    last_digest_id  INTEGER NOT NULL DEFAULT 0,   -- the number received last
    asked_at        INTEGER NOT NULL DEFAULT 0,
    created_at      INTEGER NOT NULL,
    changed_at      INTEGER NOT NULL
);
CREATE INDEX subscribers_by_state ON subscribers (state, id);

CREATE TABLE wordings (
    id   INTEGER PRIMARY KEY AUTOINCREMENT,
    text TEXT NOT NULL UNIQUE
);

CREATE TABLE consents (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    subscriber_id INTEGER NOT NULL REFERENCES subscribers (id),
    address_hash  BLOB NOT NULL,
    kind          INTEGER NOT NULL,
    at            INTEGER NOT NULL,
    network       TEXT NOT NULL,
    user_agent    TEXT NOT NULL,
    page          TEXT NOT NULL,
    wording_id    INTEGER NOT NULL REFERENCES wordings (id)
);
CREATE INDEX consents_by_subscriber ON consents (subscriber_id, id);

CREATE TABLE suppressions (
    address_hash BLOB NOT NULL,
    folding      INTEGER NOT NULL,
    reason       INTEGER NOT NULL,
    since_at     INTEGER NOT NULL,
    until_at     INTEGER NOT NULL,                -- 0 for no end
    note         TEXT NOT NULL,
    PRIMARY KEY (address_hash, reason)
);

CREATE TABLE sources (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    url           TEXT NOT NULL UNIQUE,
    title         TEXT NOT NULL,
    topic_id      INTEGER NOT NULL REFERENCES topics (id),
    active        BOOLEAN NOT NULL,
    etag          TEXT NOT NULL DEFAULT '',
    last_modified TEXT NOT NULL DEFAULT '',
    due_at        INTEGER NOT NULL,
    fetched_at    INTEGER NOT NULL DEFAULT 0,
    succeeded_at  INTEGER NOT NULL DEFAULT 0,
    failures      INTEGER NOT NULL DEFAULT 0,
    error         TEXT NOT NULL DEFAULT '',
    created_at    INTEGER NOT NULL
);
CREATE INDEX sources_due ON sources (due_at) WHERE active;

CREATE TABLE stories (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    source_id    INTEGER REFERENCES sources (id) ON DELETE SET NULL,
    guid         TEXT NOT NULL,
    link         TEXT NOT NULL UNIQUE,           -- canonical
    title        TEXT NOT NULL,
    summary      TEXT NOT NULL,
    topic_id     INTEGER NOT NULL REFERENCES topics (id),
    author       TEXT NOT NULL,
    picture      TEXT NOT NULL,
    language     TEXT NOT NULL,
    published_at INTEGER NOT NULL,
    appeared_at  INTEGER NOT NULL,
    gathered_at  INTEGER NOT NULL,
    likes        INTEGER NOT NULL DEFAULT 0,
    comments     INTEGER NOT NULL DEFAULT 0,
    hidden       BOOLEAN NOT NULL DEFAULT FALSE
);
CREATE INDEX stories_by_appearance ON stories (appeared_at);
CREATE UNIQUE INDEX stories_by_guid ON stories (source_id, guid) WHERE guid <> '';

CREATE TABLE digests (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    state          INTEGER NOT NULL,
    reason         TEXT NOT NULL DEFAULT '',
    schedule       TEXT,                         -- NULL when composed by hand
    slot_date      TEXT,                         -- local date of the slot
    slot_at        INTEGER NOT NULL DEFAULT 0,
    window_from    INTEGER NOT NULL,
    window_to      INTEGER NOT NULL,
    subject        TEXT NOT NULL,
    preheader      TEXT NOT NULL,
    intro          TEXT NOT NULL,
    send_at        INTEGER NOT NULL DEFAULT 0,
    composed_at    INTEGER NOT NULL,
    approved_at    INTEGER NOT NULL DEFAULT 0,
    approved_by    TEXT NOT NULL DEFAULT '',
    snapshot       TEXT NOT NULL DEFAULT '',
    snapshot_hash  TEXT NOT NULL DEFAULT '',
    salt           BLOB NOT NULL,
    doubts         INTEGER NOT NULL DEFAULT 0,
    launched_at    INTEGER NOT NULL DEFAULT 0,
    freeze_cursor  INTEGER NOT NULL DEFAULT 0,    -- the last subscriber id looked at
    freeze_end     INTEGER NOT NULL DEFAULT 0,    -- the last subscriber id at launch
    frozen_at      INTEGER NOT NULL DEFAULT 0,
    planned        INTEGER NOT NULL DEFAULT 0,
    excluded       TEXT NOT NULL DEFAULT '{}',   -- counts by reason, JSON
    paused_at      INTEGER NOT NULL DEFAULT 0,
    paused_for     INTEGER NOT NULL DEFAULT 0,    -- milliseconds that do not count as waiting
    reminded_at    INTEGER NOT NULL DEFAULT 0,
    finished_at    INTEGER NOT NULL DEFAULT 0,
    version        INTEGER NOT NULL DEFAULT 1,
    UNIQUE (schedule, slot_date)
);
CREATE INDEX digests_by_state ON digests (state, send_at);

CREATE TABLE digest_stories (
    digest_id INTEGER NOT NULL REFERENCES digests (id),
    story_id  INTEGER NOT NULL REFERENCES stories (id),
    position  INTEGER NOT NULL,
    included  BOOLEAN NOT NULL,
    PRIMARY KEY (digest_id, story_id)
);
CREATE INDEX digest_stories_by_story ON digest_stories (story_id);

CREATE TABLE spotlights (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    pillar     INTEGER NOT NULL,
    name       TEXT NOT NULL,
    headline   TEXT NOT NULL,
    body       TEXT NOT NULL,
    link       TEXT NOT NULL,
    picture    TEXT NOT NULL,
    source_id  INTEGER REFERENCES sources (id) ON DELETE SET NULL,
    guid       TEXT NOT NULL DEFAULT '',
    carried_by INTEGER REFERENCES digests (id),   -- set at launch
    hidden     BOOLEAN NOT NULL DEFAULT FALSE,
    created_at INTEGER NOT NULL
);
CREATE UNIQUE INDEX spotlights_by_guid ON spotlights (source_id, guid) WHERE guid <> '';

CREATE TABLE digest_spotlights (
    digest_id    INTEGER NOT NULL REFERENCES digests (id),
    spotlight_id INTEGER NOT NULL REFERENCES spotlights (id),
    position     INTEGER NOT NULL,
    included     BOOLEAN NOT NULL,
    PRIMARY KEY (digest_id, spotlight_id)
);

CREATE TABLE editions (
    digest_id  INTEGER NOT NULL REFERENCES digests (id),
    key        TEXT NOT NULL,
    encoding   INTEGER NOT NULL,                -- how body is to be read
    body       BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (digest_id, key)
);

CREATE TABLE workers (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    name       TEXT NOT NULL,
    beat       INTEGER NOT NULL DEFAULT 0,        -- a counter, not a time
    started_at INTEGER NOT NULL
);

-- The ledger. states: 0 queued, 1 claimed, 2 handing, 3 sent, 4 failed, 5 skipped, 6 unknown
CREATE TABLE deliveries (
    digest_id     INTEGER NOT NULL,
    subscriber_id INTEGER NOT NULL,
    state         INTEGER NOT NULL,
    attempt       INTEGER NOT NULL DEFAULT 0,    -- counts claims; guards every later update
    worker        INTEGER NOT NULL DEFAULT 0,     -- who holds it
    edition       TEXT NOT NULL,
    domain_group  TEXT NOT NULL,
    due_at        INTEGER NOT NULL,
    tries         INTEGER NOT NULL DEFAULT 0,   -- temporary refusals
    doubts        INTEGER NOT NULL DEFAULT 0,   -- outcomes that never became known
    code          INTEGER NOT NULL DEFAULT 0,   -- the relay's last reply code
    enhanced      TEXT NOT NULL DEFAULT '',      -- RFC 3463
    reason        INTEGER NOT NULL DEFAULT 0,
    relay         TEXT NOT NULL DEFAULT '',
    changed_at    INTEGER NOT NULL,
    PRIMARY KEY (digest_id, subscriber_id)
);
CREATE INDEX deliveries_to_claim ON deliveries (digest_id, domain_group, due_at) WHERE state = 0;
CREATE INDEX deliveries_held ON deliveries (worker) WHERE state IN (1, 2);
CREATE INDEX deliveries_by_subscriber ON deliveries (subscriber_id);

CREATE TABLE outbox (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    kind          INTEGER NOT NULL,
    subscriber_id INTEGER NOT NULL DEFAULT 0,
    editor_id     INTEGER NOT NULL DEFAULT 0,
    digest_id     INTEGER NOT NULL DEFAULT 0,
    sign_in_id    INTEGER NOT NULL DEFAULT 0,
    stamp         INTEGER NOT NULL DEFAULT 0,
    address       TEXT NOT NULL,                 -- '' once settled
    address_hash  BLOB NOT NULL,
    salt          BLOB NOT NULL,
    state         INTEGER NOT NULL,
    attempt       INTEGER NOT NULL DEFAULT 0,
    worker        INTEGER NOT NULL DEFAULT 0,
    edition       TEXT NOT NULL DEFAULT '',
    domain_group  TEXT NOT NULL,
    due_at        INTEGER NOT NULL,
    expires_at    INTEGER NOT NULL,
    tries         INTEGER NOT NULL DEFAULT 0,
    doubts        INTEGER NOT NULL DEFAULT 0,
    code          INTEGER NOT NULL DEFAULT 0,
    enhanced      TEXT NOT NULL DEFAULT '',
    reason        INTEGER NOT NULL DEFAULT 0,
    relay         TEXT NOT NULL DEFAULT '',
    created_at    INTEGER NOT NULL,
    changed_at    INTEGER NOT NULL
);
CREATE INDEX outbox_to_claim ON outbox (due_at) WHERE state = 0;
CREATE INDEX outbox_held ON outbox (worker) WHERE state IN (1, 2);
CREATE INDEX outbox_by_address ON outbox (address_hash, kind, created_at);

CREATE TABLE editors (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    address      TEXT NOT NULL,
    address_hash BLOB NOT NULL UNIQUE,
    name         TEXT NOT NULL,
    role         INTEGER NOT NULL,
    created_at   INTEGER NOT NULL
);

CREATE TABLE sign_ins (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    editor_id  INTEGER NOT NULL REFERENCES editors (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at    INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX sign_ins_by_editor ON sign_ins (editor_id, created_at);

CREATE TABLE sessions (
    ticket_digest BLOB PRIMARY KEY NOT NULL,
    editor_id     INTEGER NOT NULL REFERENCES editors (id) ON DELETE CASCADE,
    created_at    INTEGER NOT NULL,
    expires_at    INTEGER NOT NULL
);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

-- +goose Down
DROP TABLE sessions;
DROP TABLE sign_ins;
DROP TABLE editors;
DROP TABLE outbox;
DROP TABLE deliveries;
DROP TABLE workers;
DROP TABLE editions;
DROP TABLE digest_spotlights;
DROP TABLE spotlights;
DROP TABLE digest_stories;
DROP TABLE digests;
DROP TABLE stories;
DROP TABLE sources;
DROP TABLE suppressions;
DROP TABLE consents;
DROP TABLE wordings;
DROP TABLE subscribers;
DROP TABLE topics;
DROP TABLE settings;
