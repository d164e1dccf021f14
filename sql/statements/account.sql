-- name: account_get
SELECT base_url, organization, horizon, watermark, started, observed, finished, filter FROM account;

-- name: account_make
INSERT INTO account (one, base_url, organization, horizon) VALUES (1, ?1, ?2, ?3);

-- The watermark never goes back.
-- name: account_finish_pass
UPDATE account SET watermark = coalesce(max(watermark, ?1), watermark, ?1), started = ?2, observed = ?3, finished = ?4;

-- name: account_touch
UPDATE account SET finished = ?1;

-- name: account_set_filter
UPDATE account SET filter = ?1;
