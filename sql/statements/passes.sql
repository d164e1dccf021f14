-- name: pass_get
SELECT since, filter, cursor, started, observed, newest, oldest_seen, pages, records, window_from, window_until, silent, typed
FROM passes WHERE kind = ?1 AND active = 1;

-- name: pass_put
INSERT OR REPLACE INTO passes (kind, active, since, filter, cursor, started, observed, newest, oldest_seen, pages,
    records, window_from, window_until, silent, typed)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15);

-- name: pass_drop
UPDATE passes SET active = 0, cursor = NULL WHERE kind = ?1;
