-- name: pass_get
SELECT since, filter, cursor, started, observed, newest, oldest_seen, pages, records, window_from, window_until, silent, typed
FROM passes WHERE kind = ?1 AND active = 1;

-- name: pass_put
INSERT OR REPLACE INTO passes (kind, active, since, filter, cursor, started, observed, newest, oldest_seen, pages,
    records, window_from, window_until, silent, typed, finished)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15,
    coalesce(?16, (SELECT finished FROM passes WHERE kind = ?1)));

-- name: pass_drop
UPDATE passes SET active = 0, cursor = NULL WHERE kind = ?1;

-- name: pass_note_finished
INSERT INTO passes (kind, active, filter, pages, records, window_from, window_until, silent, finished)
VALUES (?1, 0, 'none', 0, 0, 0, 0, 0, ?2) ON CONFLICT DO UPDATE SET finished = ?2;

-- name: pass_finished
SELECT finished FROM passes WHERE kind = ?1;

-- name: late_window_get
SELECT polled FROM late_windows WHERE lookback = ?1;

-- name: late_window_put
INSERT OR REPLACE INTO late_windows (lookback, polled) VALUES (?1, ?2);
