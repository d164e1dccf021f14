-- A delivery that goes well touches one index, not three: only what has failed holds others back, and is due at a time; what
-- was never tried is due at once (due = 0).
DROP INDEX deliveries_waiting;
DROP INDEX deliveries_open;
CREATE INDEX deliveries_failed ON deliveries (handler, work_order, seq) WHERE state = 'pending' AND due > 0;
CREATE INDEX deliveries_dead ON deliveries (handler, seq) WHERE state = 'dead';
UPDATE deliveries SET due = 0 WHERE state = 'pending' AND attempts = 0;

DROP VIEW delivery_log;
CREATE VIEW delivery_log AS
SELECT h.name AS handler, e.id AS event, d.state, d.attempts,
       strftime('%Y-%m-%dT%H:%M:%fZ', nullif(d.due, 0) / 1000.0, 'unixepoch') AS due_at,
       strftime('%Y-%m-%dT%H:%M:%fZ', d.changed / 1000.0, 'unixepoch') AS changed_at,
       d.error
FROM deliveries d JOIN handlers h USING (handler) JOIN events e USING (seq);
