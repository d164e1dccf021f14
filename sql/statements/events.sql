-- 1: it is in the log; 0: it is not, and there are ids of events that are no longer.
-- name: event_emitted
SELECT 1 FROM events WHERE id = ?1 UNION ALL SELECT 0 WHERE EXISTS (SELECT 1 FROM emitted_ids);

-- name: event_kept_id
SELECT 1 FROM emitted_ids WHERE hash = ?1;

-- The id of an event that is no longer in the log, or another id of one that is.
-- name: event_keep_id
INSERT OR IGNORE INTO emitted_ids (hash) VALUES (?1);

-- name: event_add
INSERT INTO events (id, type, subject, occurred_ms, observed_ms, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6);

-- name: event_last_seq
SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'events'), 0);

-- name: event_next
SELECT seq FROM events WHERE seq > ?1 ORDER BY seq LIMIT 1;

-- The events behind a handler's position; the columns are those of event_list.
-- name: event_after
SELECT seq, id, type, subject, occurred_ms, observed_ms, body FROM events WHERE seq > ?1 ORDER BY seq LIMIT ?2;

-- Some events by their numbers (?1: a JSON array of them).
-- name: event_some
SELECT seq, id, type, subject, occurred_ms, observed_ms, body FROM events
WHERE seq IN (SELECT value FROM json_each(?1)) ORDER BY seq;

-- The newest (-1: all) of a type (?1, NULL: of all), oldest first. Each way to ask has a statement of its own, for an index answers
-- it only so; the columns are the same.
-- name: event_list
SELECT seq, id, type, subject, occurred_ms, observed_ms, body FROM events WHERE seq IN (
    SELECT seq FROM events WHERE ?1 IS NULL OR type = ?1 ORDER BY seq DESC LIMIT ?2)
ORDER BY seq;

-- The event of an id.
-- name: event_list_id
SELECT seq, id, type, subject, occurred_ms, observed_ms, body FROM events
WHERE id = ?2 AND (?1 IS NULL OR type = ?1)
  AND (?3 IS NULL OR EXISTS (SELECT 1 FROM deliveries WHERE event_seq = seq AND state = ?3)
                  OR EXISTS (SELECT 1 FROM delivery_history WHERE event_seq = seq AND state = ?3));

-- Those with a delivery in the queue, in a state (?2).
-- name: event_list_queued
SELECT seq, id, type, subject, occurred_ms, observed_ms, body FROM events WHERE seq IN (
    SELECT DISTINCT event_seq FROM deliveries
    WHERE handler_id IN (SELECT id FROM handlers) AND state = ?2
      AND (?1 IS NULL OR (SELECT type FROM events WHERE seq = event_seq) = ?1)
    ORDER BY event_seq DESC LIMIT ?3)
ORDER BY seq;

-- Those with a delivery in the history, in a state (?2).
-- name: event_list_past
SELECT seq, id, type, subject, occurred_ms, observed_ms, body FROM events WHERE seq IN (
    SELECT DISTINCT event_seq FROM delivery_history
    WHERE state = ?2 AND (?1 IS NULL OR (SELECT type FROM events WHERE seq = event_seq) = ?1)
    ORDER BY event_seq DESC LIMIT ?3)
ORDER BY seq;

-- How many there are of a type (?1, NULL: of all): what was emitted and not removed.
-- name: event_count
SELECT coalesce(sum(CASE name WHEN 'events' THEN value ELSE -value END), 0) FROM counters
WHERE name IN ('events', 'events_removed') AND (?1 IS NULL OR first = ?1);

-- How many event_list_queued would list, ?3 at the most.
-- name: event_count_queued
SELECT count(*) FROM (SELECT DISTINCT event_seq FROM deliveries
    WHERE handler_id IN (SELECT id FROM handlers) AND state = ?2
      AND (?1 IS NULL OR (SELECT type FROM events WHERE seq = event_seq) = ?1) LIMIT ?3);

-- How many event_list_past would list, the newest ?3 at the most.
-- name: event_count_past
SELECT count(*) FROM (SELECT DISTINCT event_seq FROM delivery_history
    WHERE state = ?2 AND (?1 IS NULL OR (SELECT type FROM events WHERE seq = event_seq) = ?1) ORDER BY event_seq DESC LIMIT ?3);

-- The events of one work order that say its status, up to number ?2. They are found by their ids, TYPE/ID and
-- TYPE/ID/..., and the ids' own index ('0' follows '/'), so that the log needs no index by work order; the + keeps
-- SQLite from walking through the log by seq instead.
-- name: event_history
SELECT type, occurred_ms, observed_ms, json ->> '$.data.completedAt', json ->> '$.data.status', json ->> '$.data.previousStatus'
FROM (SELECT seq, id, type, occurred_ms, observed_ms, CASE WHEN json_valid(body) THEN body END AS json FROM events)
WHERE (id = 'workorder.created/' || ?1
       OR (id > 'workorder.status_changed/' || ?1 || '/' AND id < 'workorder.status_changed/' || ?1 || '0')
       OR (id > 'workorder.completed/' || ?1 || '/' AND id < 'workorder.completed/' || ?1 || '0'))
  AND +seq <= ?2
ORDER BY +seq;

-- For a replay: what happened since then and lies before a handler's position. The + keeps SQLite from walking through the log.
-- name: event_since
SELECT seq, id, type, subject, occurred_ms, observed_ms, body FROM events
WHERE seq IN (SELECT seq FROM events WHERE max(occurred_ms, observed_ms) >= ?1 AND occurred_ms >= ?1 AND +seq <= ?2)
ORDER BY seq;

-- The last event that was observed before a time (?1). The log is nearly in the order of time, so the search goes back through
-- the young ones alone.
-- name: event_before
SELECT seq FROM events WHERE observed_ms < ?1 ORDER BY seq DESC LIMIT 1;

-- Some events behind number ?1, up to ?2, that were observed at ?3 or later. Bodies, which are large, are read with ?5 only.
-- name: event_observed
SELECT seq, id, type, subject, occurred_ms, observed_ms, CASE WHEN ?5 THEN body END FROM events
WHERE seq > ?1 AND seq <= ?2 AND observed_ms >= ?3 ORDER BY seq LIMIT ?4;

-- When the oldest event was observed, and the oldest one behind the place that retention has come to; and whether it has removed
-- anything: numbers have no gaps otherwise.
-- name: event_reach
SELECT (SELECT observed_ms FROM events ORDER BY seq LIMIT 1),
       (SELECT observed_ms FROM events WHERE seq > r.event_seq ORDER BY seq LIMIT 1),
       (SELECT count(*) FROM events WHERE seq <= r.event_seq) < r.event_seq
FROM retention r;
