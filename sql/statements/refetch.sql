-- Another reason, or a newer notification, for a work order that waits already: it is due at once again, a doubt is more than a
-- notification, and what failed so far is not forgotten. Of two deletions the later one counts, whichever was notified first.
-- name: refetch_request
INSERT INTO refetches (work_order, reason, requested, occurred, gone_at, gone_by, doubted, due) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
ON CONFLICT DO UPDATE SET reason = CASE WHEN reason = 'doubt' THEN reason ELSE excluded.reason END,
    occurred = nullif(max(coalesce(occurred, -1), coalesce(excluded.occurred, -1)), -1),
    gone_at = nullif(max(coalesce(gone_at, -1), coalesce(excluded.gone_at, -1)), -1),
    gone_by = CASE WHEN coalesce(excluded.gone_at, -1) >= coalesce(gone_at, -1) THEN excluded.gone_by ELSE gone_by END,
    doubted = coalesce(excluded.doubted, doubted), due = min(due, excluded.due);

-- What failed least comes first, so that one that always fails holds up no other. The longest wait is 3 hours: a date further
-- ahead shows that the clock went back, and is due.
-- name: refetch_next
SELECT work_order, reason, requested, occurred, gone_at, gone_by, doubted, attempts FROM refetches
WHERE (due <= ?1 OR due > ?1 + 14400000) AND (attempts > ?2 OR attempts = ?2 AND work_order > ?3) ORDER BY attempts, work_order LIMIT 1;

-- name: refetch_get
SELECT work_order, reason, requested, occurred, gone_at, gone_by, doubted, attempts FROM refetches WHERE work_order = ?1;

-- name: refetch_drop
DELETE FROM refetches WHERE work_order = ?1;

-- name: refetch_postpone
UPDATE refetches SET reason = ?2, attempts = attempts + ?3, due = ?4, error = ?5 WHERE work_order = ?1;

-- name: refetch_count_due
SELECT count(*) FROM refetches WHERE due <= ?1 OR due > ?1 + 14400000;

-- name: refetch_count
SELECT count(*), min(requested), coalesce(sum(attempts > 0), 0) FROM refetches;

-- Those that failed, for status.
-- name: refetch_list_failed
SELECT work_order, requested, attempts, due, error FROM refetches WHERE attempts > 0 ORDER BY attempts DESC, work_order LIMIT ?1;

-- name: tombstone_add
INSERT INTO tombstones (work_order, deleted_at) VALUES (?1, ?2)
ON CONFLICT DO UPDATE SET deleted_at = max(deleted_at, excluded.deleted_at);

-- name: tombstone_get
SELECT deleted_at FROM tombstones WHERE work_order = ?1;
