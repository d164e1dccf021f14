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

-- name: event_add
INSERT INTO wosync_events (event_id, work_order_id, type, happened_at, observed_at)
VALUES (?28, ?1, ?29, ?30, ?31)
ON CONFLICT DO NOTHING;

-- name: history_add
INSERT INTO status_history (event_id, work_order_id, from_status, to_status, changed_at, observed_at, wosync_seq)
SELECT ?28, ?1, ?32, ?33, ?30, ?31, ?27 WHERE ?33 IS NOT NULL;

-- Never by an older updatedAt; of two with the same one the later event stands, unless a backfill tells it. But what is
-- gone is gone: a backfill may have told of a newer one than the snapshot that its deletion was told of.
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
   OR (excluded.updated_at = work_orders.updated_at AND excluded.wosync_seq >= work_orders.wosync_seq AND ?34 = '1')
   OR (excluded.deleted > work_orders.deleted AND excluded.wosync_seq > work_orders.wosync_seq AND ?34 = '1');

-- A snapshot holds everything that the events in the log tell: only its updatedAt counts.
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
