-- name: pass_get
SELECT since, filter, cursor, started, observed, newest, oldest_seen, pages, records, window_from, window_until, silent, typed
FROM passes WHERE kind = ?1 AND active = 1;

-- name: pass_put
INSERT OR REPLACE INTO passes (kind, active, since, filter, cursor, started, observed, newest, oldest_seen, pages,
    records, rate_limit, rate_remaining, rate_reset, rate_seen, rate_window, rate_slack, window_from,
    window_until, silent, typed)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21);

-- name: pass_drop
DELETE FROM passes WHERE kind = ?1;

-- name: pace_get
SELECT rate_limit, rate_remaining, rate_reset, rate_seen, rate_window, rate_slack FROM passes
WHERE rate_seen > 0 ORDER BY rate_seen DESC LIMIT 1;
