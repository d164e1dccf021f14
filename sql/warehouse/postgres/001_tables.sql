-- The warehouse in a PostgreSQL database, version 1: the tables, in the schema that search_path names.
-- sql/warehouse/sqlite has the same tables for SQLite.

-- Every work order, flat, as it was seen last.
CREATE TABLE work_orders (
    id              bigint PRIMARY KEY,
    sequential_id   bigint,
    title           text,
    description     text,
    status          text NOT NULL,
    priority        text,
    type            text,
    created_at      timestamptz,
    updated_at      timestamptz NOT NULL,
    completed_at    timestamptz,        -- the last time; it stays when the work order is opened again
    due_date        timestamptz,
    start_date      timestamptz,
    asset_id        bigint,
    asset_name      text,
    location_id     bigint,
    location_name   text,
    creator_id      bigint,
    completer_id    bigint,
    requester_id    bigint,
    organization_id bigint,
    categories      jsonb,
    assignees       jsonb,
    deleted         boolean NOT NULL,   -- while it is deleted in MaintainX
    deleted_at      timestamptz,        -- by MaintainX, or when it was found to be gone
    observed_at     timestamptz NOT NULL,-- when wosync saw it so
    data            jsonb NOT NULL,     -- the whole work order as JSON
    wosync_seq      bigint NOT NULL     -- place of the last event applied in wosync's log; 0: loaded from a snapshot
);
CREATE INDEX work_orders_status ON work_orders (status);
CREATE INDEX work_orders_created ON work_orders (created_at);
CREATE INDEX work_orders_updated ON work_orders (updated_at);
CREATE INDEX work_orders_completed ON work_orders (completed_at);
CREATE INDEX work_orders_asset ON work_orders (asset_id);
CREATE INDEX work_orders_location ON work_orders (location_id);

-- The events that were applied. One that is here with the same observed_at is the same delivery again, and changes nothing.
CREATE TABLE wosync_events (
    event_id      text PRIMARY KEY,
    work_order_id bigint NOT NULL,
    type          text NOT NULL,
    happened_at   timestamptz NOT NULL,
    observed_at   timestamptz NOT NULL,
    applied_at    timestamptz NOT NULL DEFAULT now()
);

-- The statuses a work order went through, as far as events say. From its creation there is a row without from_status; its
-- to_status is the one in which it was first seen.
CREATE TABLE status_history (
    event_id      text PRIMARY KEY,
    work_order_id bigint NOT NULL,
    from_status   text,
    to_status     text NOT NULL,
    changed_at    timestamptz NOT NULL,
    actor_id      bigint,               -- the user who changed it, where that is known
    observed_at   timestamptz NOT NULL,
    wosync_seq    bigint NOT NULL       -- orders what has the same changed_at and observed_at
);
CREATE INDEX status_history_work_order ON status_history (work_order_id, changed_at, observed_at, wosync_seq);

-- The users and teams whose names are known.
CREATE TABLE users (
    id          bigint PRIMARY KEY,
    name        text NOT NULL,
    removed_at  timestamptz,            -- when wosync saw that MaintainX lists it no more
    observed_at timestamptz NOT NULL    -- when wosync saw this name last
);
CREATE TABLE teams (
    id          bigint PRIMARY KEY,
    name        text NOT NULL,
    removed_at  timestamptz,
    observed_at timestamptz NOT NULL
);

-- The versions of this schema that were made, the largest is the present one.
CREATE TABLE wosync_schema (
    version     integer PRIMARY KEY,
    migrated_at timestamptz NOT NULL DEFAULT now()
);

INSERT INTO wosync_schema (version) VALUES (1);
