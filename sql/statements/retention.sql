-- What is old (?1), wanted by no one any more, and passed over or taken by every handler. The log is nearly in the order of
-- time, so the search ends at the first young event.
-- name: retention_find
SELECT seq FROM events e
WHERE seq < coalesce((SELECT seq FROM events WHERE observed >= ?1 ORDER BY seq LIMIT 1), 9223372036854775807)
  AND seq <= coalesce((SELECT min(position) FROM handlers WHERE removed IS NULL), 9223372036854775807)
  AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.handler IN (SELECT handler FROM handlers) AND d.seq = e.seq
                  AND (d.state = 'pending' OR d.state = 'dead'))
ORDER BY seq LIMIT ?2;

-- name: retention_keep_id
INSERT OR IGNORE INTO emitted_ids (id) SELECT id FROM events WHERE seq = ?1;

-- name: retention_drop_deliveries
DELETE FROM deliveries WHERE seq = ?1 AND handler IN (SELECT handler FROM handlers);

-- name: retention_drop_event
DELETE FROM events WHERE seq = ?1;

-- name: retention_drop_runs
DELETE FROM runs WHERE run IN (SELECT run FROM runs
    WHERE run < coalesce((SELECT run FROM runs WHERE began >= ?1 ORDER BY run LIMIT 1), 9223372036854775807)
    ORDER BY run LIMIT ?2);

-- name: retention_drop_inbox
DELETE FROM webhook_inbox WHERE id IN (SELECT id FROM webhook_inbox
    WHERE id < coalesce((SELECT id FROM webhook_inbox WHERE received >= ?1 ORDER BY id LIMIT 1), 9223372036854775807)
      AND state <> 'waiting' ORDER BY id LIMIT ?2);

-- Steps that nothing came of, and tombstones, after as long.
-- name: retention_drop_steps
DELETE FROM status_steps WHERE received < ?1;

-- name: retention_drop_tombstones
DELETE FROM tombstones WHERE deleted_at < ?1;

-- name: retention_drop_webhook_gaps
DELETE FROM webhook_gaps WHERE found < ?1;

-- A body that names no work order is never understood again.
-- name: retention_drop_quarantine
DELETE FROM quarantine WHERE work_order IS NULL AND seen < ?1;

-- Is anything old? Nearly always nothing is, and nothing more is asked then.
-- name: retention_look
SELECT 1 WHERE (SELECT observed FROM events ORDER BY seq LIMIT 1) < ?1
            OR (SELECT began FROM runs ORDER BY run LIMIT 1) < ?1
            OR (SELECT received FROM webhook_inbox ORDER BY id LIMIT 1) < ?1
            OR (SELECT min(found) FROM webhook_gaps) < ?1
            OR (SELECT min(received) FROM status_steps) < ?1
            OR (SELECT min(deleted_at) FROM tombstones) < ?1
            OR (SELECT min(seen) FROM quarantine WHERE work_order IS NULL) < ?1;
