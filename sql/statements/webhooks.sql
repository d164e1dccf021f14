-- name: receipt_add
INSERT OR IGNORE INTO receipts (key, received, type, work_order, state, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6);

-- name: receipt_of_state
SELECT 1 FROM receipts WHERE state = ?1 AND type = ?2 LIMIT 1;

-- The next work order behind ?1 that was hinted at, and its newest hint: what comes while it is asked for stays.
-- name: receipt_next_hint
SELECT work_order, max(receipt) FROM receipts WHERE state = 'hint' AND work_order > ?1
GROUP BY work_order ORDER BY work_order LIMIT 1;

-- name: receipt_settle_hints
UPDATE receipts SET state = 'done' WHERE state = 'hint' AND work_order = ?1 AND receipt <= ?2;

-- name: receipt_count_hints
SELECT count(*) FROM receipts WHERE state = 'hint';

-- name: webhooks_get
SELECT api, first, last, received, duplicate, hints, refused, polled,
       (SELECT count(*) FROM unheard WHERE found < ?1)
FROM webhooks;

-- name: webhooks_note_received
UPDATE webhooks SET first = coalesce(first, ?1), last = max(coalesce(last, ?1), ?1), received = received + 1,
    duplicate = duplicate + ?2, hints = hints + ?3;

-- name: webhooks_note_refused
UPDATE webhooks SET refused = refused + 1;

-- name: webhooks_set_api
UPDATE webhooks SET api = ?1;

-- A change that a poll told: noted while webhooks are in use, unless one has hinted at it.
-- name: webhooks_note_polled
INSERT OR IGNORE INTO unheard (work_order, updated, found)
SELECT ?1, ?2, ?3 FROM webhooks WHERE first <= ?2
AND NOT EXISTS (SELECT 1 FROM receipts WHERE state = 'hint' AND work_order = ?1);

-- name: webhooks_count_polled
UPDATE webhooks SET polled = polled + 1;

-- name: webhooks_hear
DELETE FROM unheard WHERE work_order = ?1;

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
