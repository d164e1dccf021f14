-- name: counter_add
INSERT INTO counters (name, first, value) VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET value = value + excluded.value;

-- name: counter_list
SELECT first, second, value FROM counters WHERE name = ?1 ORDER BY first, second;

-- name: counter_get
SELECT coalesce((SELECT value FROM counters WHERE name = ?1 AND first = ?2 AND second = ''), 0);

-- Every step of one histogram, those that nothing fell into as well.
-- name: delay_list
SELECT s.up_to_ms, coalesce(d.count, 0), coalesce(d.total_ms, 0)
FROM delay_steps s LEFT JOIN delays d ON d.up_to_ms = s.up_to_ms AND d.what = ?1 AND d.label = ?2 ORDER BY s.up_to_ms;

-- name: last_run_get
SELECT began_ms, ended_ms, exit_status, success_ms FROM last_runs WHERE kind = ?1;

-- What a poll found before ?1 and no webhook had named by then, since the last count. Both statements in one transaction.
-- name: missed_count
INSERT INTO counters (name, first, value)
SELECT 'webhooks_missed', '', count(*) FROM webhook_gaps
WHERE found_ms < ?1 AND found_ms >= coalesce((SELECT value FROM counters WHERE name = 'webhooks_missed_until'), 0)
ON CONFLICT DO UPDATE SET value = value + excluded.value;

-- name: missed_until
INSERT INTO counters (name, first, value) VALUES ('webhooks_missed_until', '', ?1)
ON CONFLICT DO UPDATE SET value = max(value, excluded.value);

-- name: status_counted_get
SELECT c.counted_ms, c.took_ms,
    c.event_seq <> coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'events'), 0)
    OR c.document_id <> coalesce((SELECT max(id) FROM documents), 0)
FROM status_counted c;

-- name: status_counts_clear
DELETE FROM status_counts;

-- Reads every document: see counters.h for how often.
-- name: status_counts_make
SELECT coalesce(d.json ->> '$.status', '') FROM snapshots s JOIN documents d ON d.id = s.document_id WHERE s.deleted = 0;

-- name: status_counts_put
INSERT INTO status_counts (status, count) VALUES (?1, ?2);

-- name: status_counted_set
INSERT OR REPLACE INTO status_counted (id, counted_ms, took_ms, event_seq, document_id) VALUES (1, ?1, ?2, ?3, ?4);

-- What is in the store: the last event, the last document.
-- name: status_counts_seen
SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'events'), 0), coalesce((SELECT max(id) FROM documents), 0);

-- name: status_counts_list
SELECT status, count FROM status_counts ORDER BY status;
