-- name: pass_get
SELECT since_ms, filter, cursor, started_ms, observed_ms, newest_ms, oldest_seen_ms, pages, records, window_from_ms,
    window_until_ms, silent, typed, detour_from_ms, detour_until_ms, detour_bad_ms
FROM passes WHERE kind = ?1 AND active = 1;

-- name: pass_put
INSERT OR REPLACE INTO passes (kind, active, since_ms, filter, cursor, started_ms, observed_ms, newest_ms, oldest_seen_ms,
    pages, records, window_from_ms, window_until_ms, silent, typed, finished_ms, detour_from_ms, detour_until_ms, detour_bad_ms)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15,
    coalesce(?16, (SELECT finished_ms FROM passes WHERE kind = ?1)), ?17, ?18, ?19);

-- name: page_failure_note
INSERT INTO page_failures (kind, since_ms, runs) VALUES (?1, ?2, 1) ON CONFLICT DO UPDATE SET runs = runs + 1;

-- name: page_failure_count
SELECT coalesce((SELECT runs FROM page_failures WHERE kind = ?1), 0);

-- name: page_failure_clear
DELETE FROM page_failures WHERE kind = ?1;

-- The next instant to be passed over, from ?1 on.
-- name: skipped_next
SELECT min(updated_ms) FROM skipped_instants WHERE updated_ms >= ?1;

-- name: skipped_add
INSERT OR IGNORE INTO skipped_instants (updated_ms, since_ms, attempts, due_ms, error) VALUES (?1, ?2, 0, ?3, ?4);

-- name: skipped_remove
DELETE FROM skipped_instants WHERE updated_ms = ?1;

-- name: skipped_later
UPDATE skipped_instants SET attempts = attempts + 1, due_ms = ?2, error = ?3 WHERE updated_ms = ?1;

-- The next one behind ?1 that is due at ?2.
-- name: skipped_due
SELECT updated_ms, attempts FROM skipped_instants WHERE updated_ms > ?1 AND due_ms <= ?2 ORDER BY updated_ms LIMIT 1;

-- name: skipped_count
SELECT count(*) FROM skipped_instants;

-- name: pass_drop
UPDATE passes SET active = 0, cursor = NULL WHERE kind = ?1;

-- name: pass_note_finished
INSERT INTO passes (kind, active, filter, pages, records, window_from_ms, window_until_ms, silent, finished_ms)
VALUES (?1, 0, 'none', 0, 0, 0, 0, 0, ?2) ON CONFLICT DO UPDATE SET finished_ms = ?2;

-- name: pass_finished
SELECT finished_ms FROM passes WHERE kind = ?1;

-- name: late_window_get
SELECT polled_ms FROM late_windows WHERE lookback_ms = ?1;

-- name: late_window_put
INSERT OR REPLACE INTO late_windows (lookback_ms, polled_ms) VALUES (?1, ?2);
