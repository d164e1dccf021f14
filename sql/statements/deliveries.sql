-- name: handler_list
SELECT handler, name, type, position, added, removed, skipped, delivered, last_success, last_failure, last_error,
       failing_since, failures, warned, loaded
FROM handlers ORDER BY handler;

-- name: handler_get
SELECT handler, position, removed, loaded, nullif(max(coalesce(last_success, 0), coalesce(last_failure, 0)), 0), failing_since,
       coalesce(last_error, '')
FROM handlers WHERE name = ?1;

-- name: handler_add
INSERT INTO handlers (name, type, position, added, loaded) VALUES (?1, ?2, ?3, ?4, ?5);

-- name: handler_set_loaded
UPDATE handlers SET loaded = ?2 WHERE handler = ?1;

-- A handler that comes back after it was removed continues where it was.
-- name: handler_return
UPDATE handlers SET removed = NULL, warned = NULL WHERE handler = ?1;

-- How many events and deliveries wait for a handler that was away.
-- name: handler_waiting
SELECT (SELECT count(*) FROM deliveries INDEXED BY deliveries_queue WHERE handler = ?1 AND state = 'pending'),
       (SELECT count(*) FROM events WHERE seq > ?2);

-- Were events removed that it has not had?
-- name: handler_missed
SELECT coalesce((SELECT seq FROM events ORDER BY seq LIMIT 1),
                (SELECT seq + 1 FROM sqlite_sequence WHERE name = 'events'), 0) > ?1 + 1;

-- The new name of a handler.
-- name: handler_rename
UPDATE handlers SET name = ?2 WHERE handler = ?1;

-- A handler takes over what another one had: its deliveries, but for events that both have, and the smaller position.
-- name: handler_take_deliveries
UPDATE OR IGNORE deliveries SET handler = ?2 WHERE handler = ?1;

-- name: handler_drop_deliveries
DELETE FROM deliveries WHERE handler = ?1;

-- name: handler_take_place
UPDATE handlers SET position = min(handlers.position, o.position), delivered = handlers.delivered + o.delivered,
       skipped = handlers.skipped + o.skipped, loaded = min(handlers.loaded, o.loaded)
FROM (SELECT position, delivered, skipped, loaded FROM handlers WHERE handler = ?1) o WHERE handlers.handler = ?2;

-- name: handler_drop
DELETE FROM handlers WHERE handler = ?1;

-- name: handler_set_type
UPDATE handlers SET type = ?2 WHERE handler = ?1 AND type <> ?2;

-- name: handler_remove
UPDATE handlers SET removed = ?2 WHERE handler = ?1 AND removed IS NULL;

-- name: handler_advance
UPDATE handlers SET position = ?2, skipped = skipped + ?3 WHERE handler = ?1;

-- name: handler_succeeded
UPDATE handlers SET delivered = delivered + ?2, last_success = ?3, failing_since = NULL, failures = 0, warned = NULL
WHERE handler = ?1;

-- name: handler_failed
UPDATE handlers SET last_failure = ?2, last_error = ?3, failing_since = coalesce(failing_since, ?2), failures = failures + 1
WHERE handler = ?1;

-- name: handler_warned
UPDATE handlers SET warned = ?2 WHERE handler = ?1;

-- What a handler that took over the place of another one has had already is passed over.
-- name: delivery_add
INSERT OR IGNORE INTO deliveries (handler, seq, work_order, state, due, changed) VALUES (?1, ?2, ?3, 'pending', 0, ?4);

-- The same for the events from ?2 to ?3 of some types (?4: their names, each between commas).
-- name: delivery_add_all
INSERT OR IGNORE INTO deliveries (handler, seq, work_order, state, due, changed)
SELECT ?1, seq, work_order, 'pending', 0, ?5 FROM events WHERE seq >= ?2 AND seq <= ?3 AND instr(?4, ',' || type || ',') > 0;

-- What is due for one handler, in the order of the log, but for what must wait for an earlier event of the same work order
-- that has failed.
-- The indexes are named because the planner would choose the primary key, which holds ninety days of what is done.
-- A row that was written a minute and more later than the clock has shown so far (?5) shows that it went back: its due date means
-- nothing.
-- name: delivery_due
SELECT d.seq, d.work_order, d.attempts, d.first_failed
FROM deliveries d INDEXED BY deliveries_queue
WHERE d.handler = ?1 AND d.state = 'pending' AND (d.due <= ?2 OR d.changed > ?5 + 60000) AND d.seq > ?3
  AND NOT EXISTS (SELECT 1 FROM deliveries p INDEXED BY deliveries_failed
                  WHERE p.handler = d.handler AND p.state = 'pending' AND p.due > 0 AND p.work_order = d.work_order
                    AND p.seq < d.seq AND p.due > ?2 AND p.changed <= ?5 + 60000)
ORDER BY d.seq LIMIT ?4;

-- The same rows, counted.
-- name: delivery_count_due
SELECT count(*) FROM deliveries d INDEXED BY deliveries_queue
WHERE d.handler = ?1 AND d.state = 'pending' AND (d.due <= ?2 OR d.changed > ?3 + 60000)
  AND NOT EXISTS (SELECT 1 FROM deliveries p INDEXED BY deliveries_failed
                  WHERE p.handler = d.handler AND p.state = 'pending' AND p.due > 0 AND p.work_order = d.work_order
                    AND p.seq < d.seq AND p.due > ?2 AND p.changed <= ?3 + 60000);

-- name: delivery_done
UPDATE deliveries SET state = 'done', attempts = attempts + 1, changed = ?3, error = NULL WHERE handler = ?1 AND seq = ?2;

-- name: delivery_retry
UPDATE deliveries SET attempts = attempts + 1, first_failed = coalesce(first_failed, ?4), due = ?3, changed = ?4, error = ?5
WHERE handler = ?1 AND seq = ?2;

-- name: delivery_get
SELECT attempts, first_failed FROM deliveries WHERE handler = ?1 AND seq = ?2;

-- name: delivery_dead
UPDATE deliveries SET state = 'dead', attempts = attempts + 1, changed = ?3, error = ?4
WHERE handler = ?1 AND seq = ?2;

-- Asked in every run that writes metrics, with a backlog of any length: of the events, which are large, one is read.
-- name: delivery_counts
SELECT count(*), (SELECT count(*) FROM deliveries INDEXED BY deliveries_dead WHERE handler = ?1 AND state = 'dead'),
    (SELECT observed FROM events
     WHERE seq = (SELECT min(seq) FROM deliveries INDEXED BY deliveries_queue WHERE handler = ?1 AND state = 'pending')),
    CASE WHEN count(*) = (SELECT count(*) FROM deliveries INDEXED BY deliveries_failed
                          WHERE handler = ?1 AND state = 'pending' AND due > 0)
         THEN (SELECT min(due) FROM deliveries INDEXED BY deliveries_failed
               WHERE handler = ?1 AND state = 'pending' AND due > 0) END
FROM deliveries d INDEXED BY deliveries_queue WHERE d.handler = ?1 AND d.state = 'pending';

-- By hand: dead deliveries begin anew.
-- name: delivery_revive_dead
UPDATE deliveries INDEXED BY deliveries_dead SET state = 'pending', attempts = 0, first_failed = NULL, due = 0, changed = ?1 WHERE state = 'dead';

-- The same for one event's; its pending ones are due at once, too.
-- name: delivery_revive
UPDATE deliveries SET state = 'pending', attempts = 0, first_failed = NULL, due = 0, changed = ?1
WHERE handler IN (SELECT handler FROM handlers) AND seq = (SELECT seq FROM events WHERE id = ?2)
  AND (state = 'dead' OR state = 'pending');

-- By hand: no longer wanted.
-- name: delivery_discard
UPDATE deliveries SET state = 'discarded', changed = ?1
WHERE handler IN (SELECT handler FROM handlers) AND seq = (SELECT seq FROM events WHERE id = ?2)
  AND (state = 'dead' OR state = 'pending');

-- The same for all of a handler.
-- name: delivery_discard_all
UPDATE deliveries SET state = 'discarded', changed = ?1 WHERE handler = ?2 AND (state = 'dead' OR state = 'pending');

-- By hand: delivered again, or for the first time to a handler that came later.
-- name: delivery_replay
INSERT INTO deliveries (handler, seq, work_order, state, due, changed) VALUES (?1, ?2, ?3, 'pending', 0, ?4)
ON CONFLICT DO UPDATE SET state = 'pending', attempts = 0, first_failed = NULL, due = 0, changed = excluded.changed
WHERE state <> 'pending';
