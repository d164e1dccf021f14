-- name: inbox_add
INSERT OR IGNORE INTO webhook_inbox (key, received_ms, event, subject, state, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6);

-- name: inbox_of_state
SELECT 1 FROM webhook_inbox WHERE state = ?1 AND event = ?2 LIMIT 1;

-- What a work order's refetch settles.
-- name: inbox_settle
UPDATE webhook_inbox SET state = ?2 WHERE state = 'waiting' AND subject = ?1 AND id <= ?3;

-- name: inbox_last_waiting
SELECT max(id) FROM webhook_inbox WHERE state = 'waiting' AND subject = ?1;

-- name: webhook_stats_get
SELECT api, first_ms, last_ms, last_good_ms, last_refused_ms, received, duplicate, refused, given_up, polled,
       (SELECT count(*) FROM webhook_gaps WHERE found_ms < ?1)
FROM webhook_stats;

-- name: webhook_stats_note_received
UPDATE webhook_stats SET first_ms = coalesce(first_ms, ?1), last_ms = max(coalesce(last_ms, ?1), ?1), received = received + 1,
    duplicate = duplicate + ?2;

-- name: webhook_stats_note_good
UPDATE webhook_stats SET last_good_ms = max(coalesce(last_good_ms, ?1), ?1);

-- name: webhook_stats_note_refused
UPDATE webhook_stats SET refused = refused + 1, last_refused_ms = max(coalesce(last_refused_ms, ?1), ?1);

-- name: webhook_stats_note_given_up
UPDATE webhook_stats SET given_up = given_up + 1;

-- name: webhook_stats_set_api
UPDATE webhook_stats SET api = ?1;

-- A change that a poll emitted: noted while webhooks are in use, unless a delivery names the work order.
-- name: webhook_stats_note_polled
INSERT OR IGNORE INTO webhook_gaps (subject, updated_ms, found_ms)
SELECT ?1, ?2, ?3 FROM webhook_stats WHERE first_ms <= ?2
AND NOT EXISTS (SELECT 1 FROM refetches WHERE subject = ?1);

-- name: webhook_stats_count_polled
UPDATE webhook_stats SET polled = polled + 1;

-- name: webhook_stats_hear
DELETE FROM webhook_gaps WHERE subject = ?1;

-- name: subscription_save
INSERT INTO subscriptions (id, events, url, secret, status, registered_ms, checked_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)
ON CONFLICT DO UPDATE SET events = ?2, url = ?3, secret = coalesce(?4, secret), status = ?5, checked_ms = ?6;

-- name: subscription_list
SELECT id, events, url, secret, status, registered_ms, checked_ms FROM subscriptions ORDER BY registered_ms, id;

-- name: subscription_set_status
UPDATE subscriptions SET status = ?2, checked_ms = ?3 WHERE id = ?1;

-- name: subscription_set_secret
UPDATE subscriptions SET secret = ?2 WHERE id = ?1;

-- name: subscription_drop
DELETE FROM subscriptions WHERE id = ?1;

-- Those that MaintainX says it has archived.
-- name: subscription_archive
UPDATE subscriptions SET status = 'GONE', checked_ms = ?2 WHERE (?1 IS NULL OR id = ?1) AND status <> 'GONE';

-- name: subscription_count_broken
SELECT count(*) FROM subscriptions WHERE status <> 'VALID';
