-- name: event_emitted
SELECT 1 FROM events WHERE id = ?1 UNION ALL SELECT 1 FROM emitted_ids WHERE id = ?1;

-- Another id of an event that was emitted.
-- name: event_keep_id
INSERT OR IGNORE INTO emitted_ids (id) VALUES (?1);

-- name: event_add
INSERT INTO events (id, type, work_order, timestamp, observed, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6);

-- name: event_last_seq
SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'events'), 0);

-- name: event_next
SELECT seq FROM events WHERE seq > ?1 ORDER BY seq LIMIT 1;

-- The events behind a handler's position; the columns are those of event_list.
-- name: event_after
SELECT seq, id, type, work_order, timestamp, observed, body FROM events WHERE seq > ?1 ORDER BY seq LIMIT ?2;

-- Some events by their numbers (?1: a JSON array of them).
-- name: event_some
SELECT seq, id, type, work_order, timestamp, observed, body FROM events WHERE seq IN (SELECT value FROM json_each(?1)) ORDER BY seq;

-- The newest ?4 (-1: all), oldest first.
-- name: event_list
SELECT seq, id, type, work_order, timestamp, observed, body FROM events WHERE seq IN (
    SELECT e.seq FROM events e
    WHERE (?1 IS NULL OR e.type = ?1) AND (?2 IS NULL OR e.id = ?2)
      AND (?3 IS NULL OR e.seq IN (SELECT seq FROM deliveries WHERE state = ?3))
    ORDER BY e.seq DESC LIMIT ?4)
ORDER BY seq;

-- How many event_list would list without its limit.
-- name: event_list_count
SELECT count(*) FROM events e
WHERE (?1 IS NULL OR e.type = ?1) AND (?2 IS NULL OR e.id = ?2)
  AND (?3 IS NULL OR e.seq IN (SELECT seq FROM deliveries WHERE state = ?3));

-- The events of one work order that say its status, up to number ?2. They are found by their ids, TYPE/ID and
-- TYPE/ID/..., and the ids' own index ('0' follows '/'), so that the log needs no index by work order; the + keeps
-- SQLite from walking through the log by seq instead.
-- name: event_history
SELECT type, timestamp, observed, json ->> '$.data.completedAt', json ->> '$.data.status', json ->> '$.data.previousStatus'
FROM (SELECT seq, id, type, timestamp, observed, CASE WHEN json_valid(body) THEN body END AS json FROM events)
WHERE (id = 'workorder.created/' || ?1
       OR (id > 'workorder.status_changed/' || ?1 || '/' AND id < 'workorder.status_changed/' || ?1 || '0')
       OR (id > 'workorder.completed/' || ?1 || '/' AND id < 'workorder.completed/' || ?1 || '0'))
  AND +seq <= ?2
ORDER BY +seq;

-- name: event_count
SELECT count(*) FROM events;

-- For a replay: what happened since then and lies before a handler's position.
-- name: event_since
SELECT seq, id, type, work_order, timestamp, observed, body FROM events
WHERE timestamp >= ?1 AND seq <= ?2 ORDER BY seq;

-- The last event that was observed before a time (?1). The log is nearly in the order of time, so the search goes back through
-- the young ones alone.
-- name: event_before
SELECT seq FROM events WHERE observed < ?1 ORDER BY seq DESC LIMIT 1;

-- Some events behind number ?1, up to ?2, that were observed at ?3 or later. Bodies, which are large, are read with ?5 only.
-- name: event_observed
SELECT seq, id, type, work_order, timestamp, observed, CASE WHEN ?5 THEN body END FROM events
WHERE seq > ?1 AND seq <= ?2 AND observed >= ?3 ORDER BY seq LIMIT ?4;

-- When the oldest event was observed.
-- name: event_first
SELECT observed FROM events ORDER BY seq LIMIT 1;
