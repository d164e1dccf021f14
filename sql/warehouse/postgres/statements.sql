-- The parameters of all statements that write are the values of enum warehouse_value (src/handlers/warehouse/warehouse_row.h), from $1 on.

-- Whatever the role's own defaults are.
-- name: begin
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE

-- name: commit
COMMIT

-- name: rollback
ROLLBACK

-- For this transaction alone, in a session that may be a pool's: dates come back in UTC, no statement outlasts the handler's
-- time limit ($1, milliseconds), and names stand for what lies in our schema ($2), also where someone left a temporary table
-- of such a name.
-- name: settings
SELECT set_config('TimeZone', 'UTC', true), set_config('statement_timeout', $1, true),
       set_config('client_min_messages', 'warning', true), set_config('search_path', quote_ident($2) || ', pg_temp', true)

-- name: lock_schema
SELECT pg_advisory_xact_lock(2003792759)

-- The command that makes the schema ($1), NULL where it is there.
-- name: make_schema
SELECT CASE WHEN to_regnamespace(quote_ident($1)) IS NULL THEN format('CREATE SCHEMA %I', $1::text) END

-- Whose tables lie in the schema ($1): ours, or another program's of the same name.
-- name: find_tables
SELECT to_regclass(format('%I.wosync_schema', $1::text)) IS NOT NULL, to_regclass(format('%I.work_orders', $1::text)) IS NOT NULL

-- name: get_version
SELECT coalesce(max(version), 0) FROM wosync_schema

-- All that an event does, in one statement, so that a batch is sent without waiting for answers. A row is changed unless this
-- very event was applied before. After a restore of the store an event may come with an id that the restored log did not know.
-- Of two events of a work order the later one stands: the one with the newer updatedAt; else, so that the row can go back
-- where MaintainX does, the one that was observed later or lies behind the other in the log. Neither would do alone: the log of
-- a store that was put back from a backup begins again at an older place, and a clock may have been wrong. On a row that was
-- loaded from a snapshot (0) the place in the log says less: the snapshot may hold what a later event says. An event of a backfill
-- replaces older ones only: its page may have been on its way while others were stored.
-- name: event_put
WITH fresh AS (
    INSERT INTO wosync_events (event_id, work_order_id, type, happened_at, observed_at)
    VALUES ($28::text, $1::bigint, $29::text, $30::timestamptz, $31::timestamptz)
    ON CONFLICT (event_id) DO UPDATE SET observed_at = excluded.observed_at, applied_at = excluded.applied_at
    WHERE wosync_events.observed_at <> excluded.observed_at
    RETURNING event_id
), history AS (
    INSERT INTO status_history (event_id, work_order_id, from_status, to_status, changed_at, actor_id, observed_at, wosync_seq)
    SELECT event_id, $1::bigint, $32::text, $33::text, $30::timestamptz, $35::bigint, $31::timestamptz, $27::bigint
    FROM fresh WHERE $33::text IS NOT NULL
    ON CONFLICT DO NOTHING
)
INSERT INTO work_orders (id, sequential_id, title, description, status, priority, type, created_at, updated_at, completed_at,
    due_date, start_date, asset_id, asset_name, location_id, location_name, creator_id, completer_id, requester_id,
    organization_id, categories, assignees, deleted, deleted_at, observed_at, data, wosync_seq)
SELECT $1::bigint, $2::bigint, $3::text, $4::text, $5::text, $6::text, $7::text, $8::timestamptz, $9::timestamptz,
    $10::timestamptz, $11::timestamptz, $12::timestamptz, $13::bigint, $14::text, $15::bigint, $16::text,
    $17::bigint, $18::bigint, $19::bigint, $20::bigint, $21::jsonb, $22::jsonb, $23::boolean, $24::timestamptz,
    $25::timestamptz, $26::jsonb, $27::bigint
FROM fresh
ON CONFLICT (id) DO UPDATE SET
    sequential_id = excluded.sequential_id, title = excluded.title, description = excluded.description,
    status = excluded.status, priority = excluded.priority, type = excluded.type, created_at = excluded.created_at,
    updated_at = excluded.updated_at, completed_at = excluded.completed_at, due_date = excluded.due_date,
    start_date = excluded.start_date, asset_id = excluded.asset_id, asset_name = excluded.asset_name,
    location_id = excluded.location_id, location_name = excluded.location_name, creator_id = excluded.creator_id,
    completer_id = excluded.completer_id, requester_id = excluded.requester_id,
    organization_id = excluded.organization_id, categories = excluded.categories, assignees = excluded.assignees,
    deleted = excluded.deleted, deleted_at = excluded.deleted_at, observed_at = excluded.observed_at,
    data = excluded.data, wosync_seq = excluded.wosync_seq
WHERE excluded.updated_at > work_orders.updated_at
   OR ($34::boolean AND (excluded.observed_at > work_orders.observed_at
        OR (excluded.wosync_seq > work_orders.wosync_seq
            AND (work_orders.wosync_seq > 0 OR excluded.updated_at = work_orders.updated_at))))

-- A snapshot holds all that the events in the log say: only its updatedAt counts.
-- name: snapshot_put
INSERT INTO work_orders (id, sequential_id, title, description, status, priority, type, created_at, updated_at, completed_at,
    due_date, start_date, asset_id, asset_name, location_id, location_name, creator_id, completer_id, requester_id,
    organization_id, categories, assignees, deleted, deleted_at, observed_at, data, wosync_seq)
VALUES ($1::bigint, $2::bigint, $3::text, $4::text, $5::text, $6::text, $7::text, $8::timestamptz, $9::timestamptz,
    $10::timestamptz, $11::timestamptz, $12::timestamptz, $13::bigint, $14::text, $15::bigint, $16::text,
    $17::bigint, $18::bigint, $19::bigint, $20::bigint, $21::jsonb, $22::jsonb, $23::boolean, $24::timestamptz,
    $25::timestamptz, $26::jsonb, $27::bigint)
ON CONFLICT (id) DO UPDATE SET
    sequential_id = excluded.sequential_id, title = excluded.title, description = excluded.description,
    status = excluded.status, priority = excluded.priority, type = excluded.type, created_at = excluded.created_at,
    updated_at = excluded.updated_at, completed_at = excluded.completed_at, due_date = excluded.due_date,
    start_date = excluded.start_date, asset_id = excluded.asset_id, asset_name = excluded.asset_name,
    location_id = excluded.location_id, location_name = excluded.location_name, creator_id = excluded.creator_id,
    completer_id = excluded.completer_id, requester_id = excluded.requester_id,
    organization_id = excluded.organization_id, categories = excluded.categories, assignees = excluded.assignees,
    deleted = excluded.deleted, deleted_at = excluded.deleted_at, observed_at = excluded.observed_at,
    data = excluded.data, wosync_seq = excluded.wosync_seq
WHERE excluded.updated_at >= work_orders.updated_at

-- $1 id, $2 name, $3 when it was seen, $4 where: mentioned by an event, listed by MaintainX, or removed from its list. What was
-- seen earlier changes nothing, unless what is there is from a clock that was wrong.
-- name: user_put
INSERT INTO users (id, name, removed_at, observed_at)
VALUES ($1::bigint, $2::text, CASE WHEN $4::text = 'removed' THEN $3::timestamptz END, $3::timestamptz)
ON CONFLICT (id) DO UPDATE SET
    name = excluded.name, observed_at = excluded.observed_at,
    removed_at = CASE $4::text WHEN 'mentioned' THEN users.removed_at
                               WHEN 'removed' THEN coalesce(users.removed_at, excluded.removed_at) END
WHERE excluded.observed_at >= users.observed_at OR users.observed_at > now()

-- name: team_put
INSERT INTO teams (id, name, removed_at, observed_at)
VALUES ($1::bigint, $2::text, CASE WHEN $4::text = 'removed' THEN $3::timestamptz END, $3::timestamptz)
ON CONFLICT (id) DO UPDATE SET
    name = excluded.name, observed_at = excluded.observed_at,
    removed_at = CASE $4::text WHEN 'mentioned' THEN teams.removed_at
                               WHEN 'removed' THEN coalesce(teams.removed_at, excluded.removed_at) END
WHERE excluded.observed_at >= teams.observed_at OR teams.observed_at > now()

-- For doctor: may we write into the tables of the schema ($1), or make what is missing?
-- name: may_write
SELECT CASE
    WHEN to_regclass(format('%I.work_orders', $1::text)) IS NOT NULL
    THEN has_table_privilege(format('%I.work_orders', $1::text), 'INSERT')
        AND has_table_privilege(format('%I.work_orders', $1::text), 'UPDATE')
    WHEN to_regnamespace(quote_ident($1)) IS NOT NULL THEN has_schema_privilege($1, 'CREATE')
    ELSE has_database_privilege(current_database(), 'CREATE') END
