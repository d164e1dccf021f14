-- name: inbox_add
INSERT OR IGNORE INTO webhook_inbox (key, received, event, work_order, state, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6);

-- name: inbox_of_state
SELECT 1 FROM webhook_inbox WHERE state = ?1 AND event = ?2 LIMIT 1;

-- What a work order's refetch settles.
-- name: inbox_settle
UPDATE webhook_inbox SET state = ?2 WHERE state = 'waiting' AND work_order = ?1 AND id <= ?3;

-- name: inbox_last_waiting
SELECT max(id) FROM webhook_inbox WHERE state = 'waiting' AND work_order = ?1;

-- name: webhook_stats_get
SELECT api, first, last, last_good, last_refused, received, duplicate, refused, given_up, polled,
       (SELECT count(*) FROM webhook_gaps WHERE found < ?1)
FROM webhook_stats;

-- name: webhook_stats_note_received
UPDATE webhook_stats SET first = coalesce(first, ?1), last = max(coalesce(last, ?1), ?1), received = received + 1,
    duplicate = duplicate + ?2;

-- name: webhook_stats_note_good
UPDATE webhook_stats SET last_good = max(coalesce(last_good, ?1), ?1);

-- name: webhook_stats_note_refused
UPDATE webhook_stats SET refused = refused + 1, last_refused = max(coalesce(last_refused, ?1), ?1);

-- name: webhook_stats_note_given_up
UPDATE webhook_stats SET given_up = given_up + 1;

-- name: webhook_stats_set_api
UPDATE webhook_stats SET api = ?1;

-- A change that a poll emitted: noted while webhooks are in use, unless a delivery names the work order.
-- name: webhook_stats_note_polled
INSERT OR IGNORE INTO webhook_gaps (work_order, updated, found)
SELECT ?1, ?2, ?3 FROM webhook_stats WHERE first <= ?2
AND NOT EXISTS (SELECT 1 FROM refetches WHERE work_order = ?1);

-- name: webhook_stats_count_polled
UPDATE webhook_stats SET polled = polled + 1;

-- name: webhook_stats_hear
DELETE FROM webhook_gaps WHERE work_order = ?1;

-- name: subscription_save
INSERT INTO subscriptions (id, events, url, secret, status, registered, checked) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)
ON CONFLICT DO UPDATE SET events = ?2, url = ?3, secret = coalesce(?4, secret), status = ?5, checked = ?6;

-- name: subscription_list
SELECT id, events, url, secret, status, registered, checked FROM subscriptions ORDER BY registered, id;

-- name: subscription_set_status
UPDATE subscriptions SET status = ?2, checked = ?3 WHERE id = ?1;

-- name: subscription_set_secret
UPDATE subscriptions SET secret = ?2 WHERE id = ?1;

-- name: subscription_drop
DELETE FROM subscriptions WHERE id = ?1;

-- Those that MaintainX says it has archived.
-- name: subscription_archive
UPDATE subscriptions SET status = 'GONE', checked = ?2 WHERE (?1 IS NULL OR id = ?1) AND status <> 'GONE';

-- name: subscription_count_broken
SELECT count(*) FROM subscriptions WHERE status <> 'VALID';
