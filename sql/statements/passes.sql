-- name: pass_get
SELECT since, filter, cursor, started, observed, newest, oldest_seen, pages, records, window_from, window_until, silent, typed
FROM passes WHERE kind = ?1 AND active = 1;

-- name: pass_put
INSERT OR REPLACE INTO passes (kind, active, since, filter, cursor, started, observed, newest, oldest_seen, pages,
    records, rate_limit, rate_remaining, rate_reset, rate_seen, rate_window, rate_slack, window_from,
    window_until, silent, typed)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21);

-- The row stays: the rate limit lies in it.
-- name: pass_drop
UPDATE passes SET active = 0, cursor = NULL WHERE kind = ?1;

-- name: pace_get
SELECT rate_limit, rate_remaining, rate_reset, rate_seen, rate_window, rate_slack FROM passes
WHERE rate_seen > 0 ORDER BY rate_seen DESC LIMIT 1;

-- What was asked for besides the pages uses the limit up, too. It goes where the newest figures are.
-- name: pace_put
UPDATE passes SET rate_limit = ?1, rate_remaining = ?2, rate_reset = ?3, rate_seen = ?4, rate_window = ?5, rate_slack = ?6
WHERE kind = (SELECT kind FROM passes ORDER BY rate_seen DESC LIMIT 1);
