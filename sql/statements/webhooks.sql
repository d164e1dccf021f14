-- name: inbox_add
INSERT OR IGNORE INTO webhook_inbox (key, received, type, work_order, state, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6);

-- name: inbox_of_state
SELECT 1 FROM webhook_inbox WHERE state = ?1 AND type = ?2 LIMIT 1;

-- The next work order behind ?1 that was hinted at, and its newest hint: what comes while it is asked for stays.
-- name: inbox_next_hint
SELECT work_order, max(receipt) FROM webhook_inbox WHERE state = 'hint' AND work_order > ?1
GROUP BY work_order ORDER BY work_order LIMIT 1;

-- name: inbox_settle_hints
UPDATE webhook_inbox SET state = 'done' WHERE state = 'hint' AND work_order = ?1 AND receipt <= ?2;

-- name: inbox_count_hints
SELECT count(*) FROM webhook_inbox WHERE state = 'hint';

-- name: webhook_stats_get
SELECT api, first, last, received, duplicate, hints, refused, polled,
       (SELECT count(*) FROM webhook_gaps WHERE found < ?1)
FROM webhook_stats;

-- name: webhook_stats_note_received
UPDATE webhook_stats SET first = coalesce(first, ?1), last = max(coalesce(last, ?1), ?1), received = received + 1,
    duplicate = duplicate + ?2, hints = hints + ?3;

-- name: webhook_stats_note_refused
UPDATE webhook_stats SET refused = refused + 1;

-- name: webhook_stats_set_api
UPDATE webhook_stats SET api = ?1;

-- A change that a poll told: noted while webhooks are in use, unless one has hinted at it.
-- name: webhook_stats_note_polled
INSERT OR IGNORE INTO webhook_gaps (work_order, updated, found)
SELECT ?1, ?2, ?3 FROM webhook_stats WHERE first <= ?2
AND NOT EXISTS (SELECT 1 FROM webhook_inbox WHERE state = 'hint' AND work_order = ?1);

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

-- name: subscription_count_broken
SELECT count(*) FROM subscriptions WHERE status <> 'VALID';
