-- name: handler_list
SELECT id, name, type, position, added_ms, removed_ms, skipped, delivered, last_success_ms, last_failure_ms, last_error,
       failing_since_ms, failures, warned_ms, loaded
FROM handlers ORDER BY id;

-- name: handler_get
SELECT id, position, removed_ms, loaded, nullif(max(coalesce(last_success_ms, 0), coalesce(last_failure_ms, 0)), 0),
    failing_since_ms, coalesce(last_error, '')
FROM handlers WHERE name = ?1;

-- name: handler_add
INSERT INTO handlers (name, type, position, added_ms, loaded) VALUES (?1, ?2, ?3, ?4, ?5);

-- name: handler_set_loaded
UPDATE handlers SET loaded = ?2 WHERE id = ?1;

-- A handler that comes back after it was removed continues where it was.
-- name: handler_return
UPDATE handlers SET removed_ms = NULL, warned_ms = NULL WHERE id = ?1;

-- How many events and deliveries wait for a handler that was away.
-- name: handler_waiting
SELECT (SELECT count(*) FROM deliveries WHERE handler_id = ?1 AND state = 'pending'),
       (SELECT count(*) FROM events WHERE seq > ?2);

-- Were events removed that it has not had?
-- name: handler_missed
SELECT coalesce((SELECT seq FROM events ORDER BY seq LIMIT 1),
                (SELECT seq + 1 FROM sqlite_sequence WHERE name = 'events'), 0) > ?1 + 1;

-- The new name of a handler.
-- name: handler_rename
UPDATE handlers SET name = ?2 WHERE id = ?1;

-- A handler (?2) takes over what another one (?1) had: its deliveries, but for events that both have, and the smaller position.
-- name: handler_take_deliveries
UPDATE OR IGNORE deliveries SET handler_id = ?2 WHERE handler_id = ?1
AND NOT EXISTS (SELECT 1 FROM delivery_history h WHERE h.event_seq = deliveries.event_seq AND h.handler_id = ?2);

-- name: handler_take_history
UPDATE OR IGNORE delivery_history SET handler_id = ?2 WHERE handler_id = ?1
AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.event_seq = delivery_history.event_seq AND d.handler_id = ?2);

-- name: handler_drop_deliveries
DELETE FROM deliveries WHERE handler_id = ?1;

-- name: handler_drop_history
DELETE FROM delivery_history WHERE handler_id = ?1;

-- name: handler_take_place
UPDATE handlers SET position = min(handlers.position, o.position), delivered = handlers.delivered + o.delivered,
       skipped = handlers.skipped + o.skipped, loaded = min(handlers.loaded, o.loaded)
FROM (SELECT position, delivered, skipped, loaded FROM handlers WHERE id = ?1) o WHERE handlers.id = ?2;

-- name: handler_drop
DELETE FROM handlers WHERE id = ?1;

-- name: handler_set_type
UPDATE handlers SET type = ?2 WHERE id = ?1 AND type <> ?2;

-- name: handler_remove
UPDATE handlers SET removed_ms = ?2 WHERE id = ?1 AND removed_ms IS NULL;

-- name: handler_advance
UPDATE handlers SET position = ?2, skipped = skipped + ?3 WHERE id = ?1;

-- name: handler_succeeded
UPDATE handlers SET delivered = delivered + ?2, last_success_ms = ?3, failing_since_ms = NULL, failures = 0, warned_ms = NULL
WHERE id = ?1;

-- name: handler_failed
UPDATE handlers SET last_failure_ms = ?2, last_error = ?3, failing_since_ms = coalesce(failing_since_ms, ?2),
    failures = failures + 1
WHERE id = ?1;

-- name: handler_warned
UPDATE handlers SET warned_ms = ?2 WHERE id = ?1;

-- What a handler that took over the place of another one has had already is passed over.
-- name: delivery_add
INSERT OR IGNORE INTO deliveries (handler_id, state, event_seq, subject, due_ms, changed_ms)
SELECT ?1, 'pending', ?2, ?3, 0, ?4
WHERE NOT EXISTS (SELECT 1 FROM delivery_history h WHERE h.event_seq = ?2 AND h.handler_id = ?1);

-- The same for the events from ?2 to ?3 of some types (?4: their names, each between commas).
-- name: delivery_add_all
INSERT OR IGNORE INTO deliveries (handler_id, state, event_seq, subject, due_ms, changed_ms)
SELECT ?1, 'pending', e.seq, e.subject, 0, ?5 FROM events e
WHERE e.seq >= ?2 AND e.seq <= ?3 AND instr(?4, ',' || e.type || ',') > 0
  AND NOT EXISTS (SELECT 1 FROM delivery_history h WHERE h.event_seq = e.seq AND h.handler_id = ?1);

-- What is due for one handler, in the order of the log, but for what must wait for an earlier event of the same work order
-- that has failed.
-- A row that was written a minute and more later than the clock has shown so far (?5) shows that it went back: its due date means
-- nothing.
-- name: delivery_due
SELECT d.event_seq, d.subject, d.attempts, d.first_failed_ms
FROM deliveries d
WHERE d.handler_id = ?1 AND d.state = 'pending' AND (d.due_ms <= ?2 OR d.changed_ms > ?5 + 60000) AND d.event_seq > ?3
  AND NOT EXISTS (SELECT 1 FROM deliveries p
                  WHERE p.handler_id = ?1 AND p.due_ms > 0 AND p.subject = d.subject
                    AND p.event_seq < d.event_seq AND p.due_ms > ?2 AND p.changed_ms <= ?5 + 60000)
ORDER BY d.event_seq LIMIT ?4;

-- The same rows, counted.
-- name: delivery_count_due
SELECT count(*) FROM deliveries d
WHERE d.handler_id = ?1 AND d.state = 'pending' AND (d.due_ms <= ?2 OR d.changed_ms > ?3 + 60000)
  AND NOT EXISTS (SELECT 1 FROM deliveries p
                  WHERE p.handler_id = ?1 AND p.due_ms > 0 AND p.subject = d.subject
                    AND p.event_seq < d.event_seq AND p.due_ms > ?2 AND p.changed_ms <= ?3 + 60000);

-- Many at once (?2: a JSON array of their numbers) move to the history; delivery_leave follows. What is being sent is pending.
-- name: delivery_done
INSERT INTO delivery_history (event_seq, handler_id, state, attempts, changed_ms)
SELECT event_seq, handler_id, 'done', attempts + 1, ?3 FROM deliveries
WHERE handler_id = ?1 AND state = 'pending' AND event_seq IN (SELECT value FROM json_each(?2));

-- name: delivery_leave
DELETE FROM deliveries WHERE handler_id = ?1 AND state = 'pending' AND event_seq IN (SELECT value FROM json_each(?2));

-- Those that were discarded while they were sent, and arrived.
-- name: delivery_done_after_all
INSERT OR REPLACE INTO delivery_history (event_seq, handler_id, state, attempts, changed_ms)
SELECT event_seq, handler_id, 'done', attempts + 1, ?3 FROM delivery_history
WHERE event_seq IN (SELECT value FROM json_each(?2)) AND handler_id = ?1 AND state = 'discarded';

-- name: delivery_retry
UPDATE deliveries SET attempts = attempts + 1, first_failed_ms = coalesce(first_failed_ms, ?4), due_ms = ?3, changed_ms = ?4,
    error = ?5
WHERE event_seq = ?2 AND handler_id = ?1;

-- name: delivery_get
SELECT attempts, first_failed_ms FROM deliveries WHERE event_seq = ?2 AND handler_id = ?1;

-- name: delivery_dead
UPDATE deliveries SET state = 'dead', attempts = attempts + 1, due_ms = 0, changed_ms = ?3, error = ?4
WHERE event_seq = ?2 AND handler_id = ?1;

-- Asked in every run that writes metrics, with a backlog of any length: of the events, which are large, one is read.
-- name: delivery_counts
SELECT count(*), (SELECT count(*) FROM deliveries WHERE handler_id = ?1 AND state = 'dead'),
    (SELECT observed_ms FROM events
     WHERE seq = (SELECT min(event_seq) FROM deliveries WHERE handler_id = ?1 AND state = 'pending')),
    CASE WHEN count(*) = sum(due_ms > 0) THEN min(due_ms) END
FROM deliveries WHERE handler_id = ?1 AND state = 'pending';

-- By hand: dead deliveries begin anew.
-- name: delivery_revive_dead
UPDATE deliveries SET state = 'pending', attempts = 0, first_failed_ms = NULL, due_ms = 0, changed_ms = ?1
WHERE handler_id IN (SELECT id FROM handlers) AND state = 'dead';

-- The same for one event's; its pending ones are due at once, too.
-- name: delivery_revive
UPDATE deliveries SET state = 'pending', attempts = 0, first_failed_ms = NULL, due_ms = 0, changed_ms = ?1
WHERE event_seq = (SELECT seq FROM events WHERE id = ?2);

-- By hand: no longer wanted. They move to the history; each of these is followed by the one of the same name with _leave.
-- name: delivery_discard
INSERT INTO delivery_history (event_seq, handler_id, state, attempts, changed_ms, error)
SELECT event_seq, handler_id, 'discarded', attempts, ?1, error FROM deliveries
WHERE event_seq = (SELECT seq FROM events WHERE id = ?2);

-- name: delivery_discard_leave
DELETE FROM deliveries WHERE event_seq = (SELECT seq FROM events WHERE id = ?1);

-- The same for all of a handler.
-- name: delivery_discard_all
INSERT INTO delivery_history (event_seq, handler_id, state, attempts, changed_ms, error)
SELECT event_seq, handler_id, 'discarded', attempts, ?1, error FROM deliveries WHERE handler_id = ?2;

-- name: delivery_discard_all_leave
DELETE FROM deliveries WHERE handler_id = ?1;

-- By hand: delivered again, or for the first time to a handler that came later. It leaves the history first.
-- name: delivery_replay_forget
DELETE FROM delivery_history WHERE event_seq = ?2 AND handler_id = ?1;

-- name: delivery_replay
INSERT INTO deliveries (handler_id, state, event_seq, subject, due_ms, changed_ms) VALUES (?1, 'pending', ?2, ?3, 0, ?4)
ON CONFLICT DO UPDATE SET state = 'pending', attempts = 0, first_failed_ms = NULL, due_ms = 0, changed_ms = excluded.changed_ms
WHERE state <> 'pending';
