-- The parameters of all statements that write are the values of enum warehouse_value (src/handlers/warehouse/warehouse_row.h), from ?1 on.

-- name: begin
BEGIN IMMEDIATE;

-- name: commit
COMMIT;

-- name: rollback
ROLLBACK;

-- What is committed survives a power cut; the log does not outgrow 4 MiB once it has been written back.
-- name: prepare_file
PRAGMA page_size = 4096;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA journal_size_limit = 4194304;

-- Whose file it is, and what is in it, at one moment: another process may be making it.
-- name: get_owner
SELECT (SELECT application_id FROM pragma_application_id), (SELECT user_version FROM pragma_user_version),
    (SELECT count(*) FROM sqlite_schema);

-- name: get_version
PRAGMA user_version;

-- A row is changed unless this very event was applied before. After a restore of the store an event may come with an id that
-- the restored log did not know.
-- name: event_add
INSERT INTO wosync_events (event_id, work_order_id, type, happened_at, observed_at)
VALUES (?28, ?1, ?29, ?30, ?31)
ON CONFLICT DO UPDATE SET observed_at = excluded.observed_at, applied_at = excluded.applied_at
WHERE observed_at <> excluded.observed_at;

-- name: history_add
INSERT INTO status_history (event_id, work_order_id, from_status, to_status, changed_at, actor_id, observed_at, wosync_seq)
SELECT ?28, ?1, ?32, ?33, ?30, ?35, ?31, ?27 WHERE ?33 IS NOT NULL
ON CONFLICT DO NOTHING;

-- Of two events of a work order the later one stands: the one with the newer updatedAt; else, so that the row can go back
-- where MaintainX does, the one that was observed later or lies behind the other in the log. Neither would do alone: the log of
-- a store that was put back from a backup begins again at an older place, and a clock may have been wrong. On a row that was
-- loaded from a snapshot (0) the place in the log says less: the snapshot may hold what a later event says. An event of a backfill
-- replaces older ones only: its page may have been on its way while others were stored.
-- name: event_put
INSERT INTO work_orders (id, sequential_id, title, description, status, priority, type, created_at, updated_at, completed_at,
    due_date, start_date, asset_id, asset_name, location_id, location_name, creator_id, completer_id, requester_id,
    organization_id, categories, assignees, deleted, deleted_at, observed_at, data, wosync_seq)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25,
    ?26, ?27)
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
   OR (?34 = '1' AND (excluded.observed_at > work_orders.observed_at
        OR (excluded.wosync_seq > work_orders.wosync_seq
            AND (work_orders.wosync_seq > 0 OR excluded.updated_at = work_orders.updated_at))));

-- A snapshot holds all that the events in the log say: only its updatedAt counts.
-- name: snapshot_put
INSERT INTO work_orders (id, sequential_id, title, description, status, priority, type, created_at, updated_at, completed_at,
    due_date, start_date, asset_id, asset_name, location_id, location_name, creator_id, completer_id, requester_id,
    organization_id, categories, assignees, deleted, deleted_at, observed_at, data, wosync_seq)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25,
    ?26, ?27)
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
WHERE excluded.updated_at >= work_orders.updated_at;

-- ?1 id, ?2 name, ?3 when it was seen, ?4 where: mentioned by an event, listed by MaintainX, or removed from its list. What was
-- seen earlier changes nothing, unless what is there is from a clock that was wrong.
-- name: user_put
INSERT INTO users (id, name, removed_at, observed_at)
VALUES (?1, ?2, CASE ?4 WHEN 'removed' THEN ?3 END, ?3)
ON CONFLICT (id) DO UPDATE SET
    name = excluded.name, observed_at = excluded.observed_at,
    removed_at = CASE ?4 WHEN 'mentioned' THEN removed_at WHEN 'removed' THEN coalesce(removed_at, ?3) END
WHERE excluded.observed_at >= observed_at OR observed_at > strftime('%Y-%m-%dT%H:%M:%fZ', 'now');

-- name: team_put
INSERT INTO teams (id, name, removed_at, observed_at)
VALUES (?1, ?2, CASE ?4 WHEN 'removed' THEN ?3 END, ?3)
ON CONFLICT (id) DO UPDATE SET
    name = excluded.name, observed_at = excluded.observed_at,
    removed_at = CASE ?4 WHEN 'mentioned' THEN removed_at WHEN 'removed' THEN coalesce(removed_at, ?3) END
WHERE excluded.observed_at >= observed_at OR observed_at > strftime('%Y-%m-%dT%H:%M:%fZ', 'now');
