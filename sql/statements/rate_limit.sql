-- name: rate_limit_get
SELECT requests, remaining, reset_ms, seen_ms, length_ms, slack_ms FROM rate_limit;

-- name: rate_limit_put
INSERT OR REPLACE INTO rate_limit (id, requests, remaining, reset_ms, seen_ms, length_ms, slack_ms)
VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6);
