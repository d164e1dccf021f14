-- The next events of the log behind the place that retention has come to, as far as every handler has taken or passed over them:
-- are they old (?1), and does a handler still want them? The log is nearly in the order of time: it goes on at the first young one
-- another time.
-- name: retention_next
SELECT e.seq, e.id, e.observed_ms < ?1, EXISTS (SELECT 1 FROM deliveries d WHERE d.event_seq = e.seq)
FROM events e
WHERE e.seq > (SELECT event_seq FROM retention)
  AND e.seq <= coalesce((SELECT min(position) FROM handlers WHERE removed_ms IS NULL), 9223372036854775807)
ORDER BY e.seq LIMIT ?2;

-- name: retention_set_place
UPDATE retention SET event_seq = ?1;

-- What one delivery let go, another one may still want: then that one lets it go.
-- name: retention_keep_wanted
DELETE FROM released_events WHERE EXISTS (SELECT 1 FROM deliveries d WHERE d.event_seq = released_events.event_seq);

-- name: retention_released
SELECT e.seq, e.id FROM released_events r CROSS JOIN events e ON e.seq = r.event_seq
WHERE r.event_seq <= coalesce((SELECT min(position) FROM handlers WHERE removed_ms IS NULL), 9223372036854775807)
ORDER BY r.event_seq LIMIT ?1;

-- With its deliveries of the history.
-- name: retention_drop_event
DELETE FROM events WHERE seq = ?1;

-- name: retention_drop_runs
DELETE FROM runs WHERE id IN (SELECT id FROM runs
    WHERE id < coalesce((SELECT id FROM runs WHERE began_ms >= ?1 ORDER BY id LIMIT 1), 9223372036854775807)
    ORDER BY id LIMIT ?2);

-- name: retention_drop_inbox
DELETE FROM webhook_inbox WHERE id IN (SELECT id FROM webhook_inbox
    WHERE id < coalesce((SELECT id FROM webhook_inbox WHERE received_ms >= ?1 ORDER BY id LIMIT 1), 9223372036854775807)
      AND state <> 'waiting' ORDER BY id LIMIT ?2);

-- Steps that nothing came of, and tombstones, after as long.
-- name: retention_drop_steps
DELETE FROM status_steps WHERE received_ms < ?1;

-- name: retention_drop_tombstones
DELETE FROM tombstones WHERE deleted_ms < ?1;

-- name: retention_drop_webhook_gaps
DELETE FROM webhook_gaps WHERE found_ms < ?1;

-- A body that names no work order is never understood again.
-- name: retention_drop_quarantine
DELETE FROM quarantine WHERE subject IS NULL AND seen_ms < ?1;

-- Is anything old? Nearly always nothing is, and nothing more is asked then.
-- name: retention_look
SELECT 1 WHERE (SELECT observed_ms FROM events WHERE seq > (SELECT event_seq FROM retention) ORDER BY seq LIMIT 1) < ?1
            OR EXISTS (SELECT 1 FROM released_events)
            OR (SELECT began_ms FROM runs ORDER BY id LIMIT 1) < ?1
            OR (SELECT received_ms FROM webhook_inbox ORDER BY id LIMIT 1) < ?1
            OR (SELECT min(found_ms) FROM webhook_gaps) < ?1
            OR (SELECT min(received_ms) FROM status_steps) < ?1
            OR (SELECT min(deleted_ms) FROM tombstones) < ?1
            OR (SELECT min(seen_ms) FROM quarantine WHERE subject IS NULL) < ?1;
