-- The warehouse in an SQLite file, version 1: the tables. Dates are ISO 8601 text in UTC, all of one width, so that they compare
-- as text. sql/warehouse/postgres has the same tables for PostgreSQL.

-- Every work order, flat, as it was seen last.
CREATE TABLE work_orders (
    id              INTEGER PRIMARY KEY,
    sequential_id   INTEGER,
    title           TEXT,
    description     TEXT,
    status          TEXT NOT NULL,
    priority        TEXT,
    type            TEXT,
    created_at      TEXT,
    updated_at      TEXT NOT NULL,
    completed_at    TEXT,              -- the last time; it stays when the work order is opened again
    due_date        TEXT,
    start_date      TEXT,
    asset_id        INTEGER,
    asset_name      TEXT,
    location_id     INTEGER,
    location_name   TEXT,
    creator_id      INTEGER,
    completer_id    INTEGER,
    requester_id    INTEGER,
    organization_id INTEGER,
    categories      TEXT,              -- JSON
    assignees       TEXT,              -- JSON
    deleted         INTEGER NOT NULL,  -- 1 while it is deleted in MaintainX
    deleted_at      TEXT,              -- by MaintainX, or when it was found to be gone
    observed_at     TEXT NOT NULL,     -- when wosync saw it so
    data            TEXT NOT NULL,     -- the whole work order as JSON
    wosync_seq      INTEGER NOT NULL   -- place of the last event applied in wosync's log; 0: loaded from a snapshot
) STRICT;
CREATE INDEX work_orders_status ON work_orders (status);
CREATE INDEX work_orders_created ON work_orders (created_at);
CREATE INDEX work_orders_updated ON work_orders (updated_at);
CREATE INDEX work_orders_completed ON work_orders (completed_at);
CREATE INDEX work_orders_asset ON work_orders (asset_id);
CREATE INDEX work_orders_location ON work_orders (location_id);

-- The events that were applied. One that is here with the same observed_at is the same delivery again, and changes nothing.
CREATE TABLE wosync_events (
    event_id      TEXT PRIMARY KEY,
    work_order_id INTEGER NOT NULL,
    type          TEXT NOT NULL,
    happened_at   TEXT NOT NULL,
    observed_at   TEXT NOT NULL,
    applied_at    TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
) STRICT, WITHOUT ROWID;

-- The statuses a work order went through, as far as events say. From its creation there is a row without from_status; its
-- to_status is the one in which it was first seen.
CREATE TABLE status_history (
    event_id      TEXT PRIMARY KEY,
    work_order_id INTEGER NOT NULL,
    from_status   TEXT,
    to_status     TEXT NOT NULL,
    changed_at    TEXT NOT NULL,
    actor_id      INTEGER,             -- the user who changed it, where that is known
    observed_at   TEXT NOT NULL,
    wosync_seq    INTEGER NOT NULL     -- orders what has the same changed_at and observed_at
) STRICT;
CREATE INDEX status_history_work_order ON status_history (work_order_id, changed_at, observed_at, wosync_seq);

-- The users and teams whose names are known.
CREATE TABLE users (
    id          INTEGER PRIMARY KEY,
    name        TEXT NOT NULL,
    removed_at  TEXT,                  -- when wosync saw that MaintainX lists it no more
    observed_at TEXT NOT NULL          -- when wosync saw this name last
) STRICT;
CREATE TABLE teams (
    id          INTEGER PRIMARY KEY,
    name        TEXT NOT NULL,
    removed_at  TEXT,
    observed_at TEXT NOT NULL
) STRICT;

-- "wosw": whose file it is.
PRAGMA application_id = 0x776f7377;
PRAGMA user_version = 1;
