-- Another reason, or a newer notification, for a work order that waits already: it is due at once again, a doubt is more than a
-- notification, and what failed so far is not forgotten. Of two deletions the later one counts, whichever was notified first.
-- name: refetch_request
INSERT INTO refetches (subject, reason, requested_ms, occurred_ms, gone_ms, gone_by, doubted_ms, due_ms)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
ON CONFLICT DO UPDATE SET reason = CASE WHEN reason = 'doubt' THEN reason ELSE excluded.reason END,
    occurred_ms = nullif(max(coalesce(occurred_ms, -1), coalesce(excluded.occurred_ms, -1)), -1),
    gone_ms = nullif(max(coalesce(gone_ms, -1), coalesce(excluded.gone_ms, -1)), -1),
    gone_by = CASE WHEN coalesce(excluded.gone_ms, -1) >= coalesce(gone_ms, -1) THEN excluded.gone_by ELSE gone_by END,
    doubted_ms = coalesce(excluded.doubted_ms, doubted_ms), due_ms = min(due_ms, excluded.due_ms);

-- What failed least comes first, so that one that always fails holds up no other. The longest wait is 3 hours: a date further
-- ahead shows that the clock went back, and is due.
-- name: refetch_next
SELECT subject, reason, requested_ms, occurred_ms, gone_ms, gone_by, doubted_ms, attempts FROM refetches
WHERE (due_ms <= ?1 OR due_ms > ?1 + 14400000) AND (attempts > ?2 OR attempts = ?2 AND subject > ?3)
ORDER BY attempts, subject LIMIT 1;

-- name: refetch_get
SELECT subject, reason, requested_ms, occurred_ms, gone_ms, gone_by, doubted_ms, attempts FROM refetches WHERE subject = ?1;

-- name: refetch_drop
DELETE FROM refetches WHERE subject = ?1;

-- name: refetch_postpone
UPDATE refetches SET reason = ?2, attempts = attempts + ?3, due_ms = ?4, error = ?5 WHERE subject = ?1;

-- name: refetch_count_due
SELECT count(*) FROM refetches WHERE due_ms <= ?1 OR due_ms > ?1 + 14400000;

-- name: refetch_count
SELECT count(*), min(requested_ms), coalesce(sum(attempts > 0), 0) FROM refetches;

-- Those that failed, for status.
-- name: refetch_list_failed
SELECT subject, requested_ms, attempts, due_ms, error FROM refetches WHERE attempts > 0
ORDER BY attempts DESC, subject LIMIT ?1;

-- name: tombstone_add
INSERT INTO tombstones (subject, deleted_ms) VALUES (?1, ?2)
ON CONFLICT DO UPDATE SET deleted_ms = max(deleted_ms, excluded.deleted_ms);

-- name: tombstone_get
SELECT deleted_ms FROM tombstones WHERE subject = ?1;
