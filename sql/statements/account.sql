-- name: account_get
SELECT base_url, organization, horizon_ms, watermark_ms, started_ms, observed_ms, finished_ms, filter FROM account;

-- name: account_make
INSERT INTO account (id, base_url, organization, horizon_ms) VALUES (1, ?1, ?2, ?3);

-- The watermark never goes back.
-- name: account_finish_pass
UPDATE account SET watermark_ms = coalesce(max(watermark_ms, ?1), watermark_ms, ?1), started_ms = ?2, observed_ms = ?3,
    finished_ms = ?4;

-- name: account_touch
UPDATE account SET finished_ms = ?1;

-- name: account_set_filter
UPDATE account SET filter = ?1;
