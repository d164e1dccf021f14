-- name: rate_limit_get
SELECT requests, remaining, reset, seen, length, slack FROM rate_limit;

-- name: rate_limit_put
INSERT OR REPLACE INTO rate_limit (one, requests, remaining, reset, seen, length, slack) VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6);
