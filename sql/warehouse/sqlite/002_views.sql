-- Version 2: views for reports. Days are days in UTC.

-- The statuses in which a work order is no longer open. Yours to change.
CREATE TABLE closed_statuses (
    status TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;
INSERT INTO closed_statuses (status) VALUES ('DONE'), ('COMPLETED'), ('CLOSED'), ('CANCELED'), ('SKIPPED');

-- From when to when each work order was open; one that was opened again counts as open from its creation. A closed one
-- without completed_at (canceled, skipped) ended when it got its status, as far as the history shows; else at its last change.
CREATE VIEW work_order_spans AS
SELECT id,
       created_at AS opened_at,
       CASE WHEN deleted = 0 THEN ended_at
            WHEN ended_at IS NULL OR deleted_at < ended_at THEN coalesce(deleted_at, observed_at)
            ELSE ended_at END AS closed_at
FROM (SELECT w.id, w.created_at, w.deleted, w.deleted_at, w.observed_at,
             CASE WHEN c.status IS NOT NULL
                  THEN coalesce(w.completed_at,
                                (SELECT max(h.changed_at) FROM status_history h
                                 WHERE h.work_order_id = w.id AND h.to_status = w.status AND h.from_status IS NOT NULL),
                                w.updated_at)
             END AS ended_at
      FROM work_orders w LEFT JOIN closed_statuses c ON c.status = w.status);

-- How many work orders were open at the end of each day, from the first day to this one. A date older than twenty years is
-- taken for a slip: such a work order counts from there.
CREATE VIEW backlog_per_day AS
WITH RECURSIVE
    bounds (first_day, last_day) AS (SELECT date('now', '-20 years'), date('now')),
    moves (day, change) AS (
        SELECT max(date(opened_at), first_day), 1 FROM work_order_spans, bounds WHERE opened_at IS NOT NULL
        UNION ALL
        SELECT max(date(opened_at), date(closed_at), first_day), -1 FROM work_order_spans, bounds
        WHERE opened_at IS NOT NULL AND closed_at IS NOT NULL),
    days (day) AS (
        SELECT min(day) FROM moves, bounds WHERE day <= last_day
        UNION ALL
        SELECT date(day, '+1 day') FROM days, bounds WHERE day < last_day)
SELECT d.day, sum(coalesce(sum(m.change), 0)) OVER (ORDER BY d.day) AS open_work_orders
FROM days d LEFT JOIN moves m ON m.day = d.day
WHERE d.day IS NOT NULL
GROUP BY d.day;

-- How many work orders were created, and how many that are complete now were completed, on each day on which there was
-- one. Deleted ones were created too.
CREATE VIEW created_completed_per_day AS
SELECT day, sum(created) AS created, sum(completed) AS completed
FROM (SELECT date(created_at) AS day, 1 AS created, 0 AS completed FROM work_orders WHERE created_at IS NOT NULL
      UNION ALL
      SELECT date(completed_at), 0, 1 FROM work_orders
      WHERE completed_at IS NOT NULL AND status IN (SELECT status FROM closed_statuses))
GROUP BY day;

-- For each work order that is complete: the hours from its creation to its completion.
CREATE VIEW time_to_complete AS
SELECT w.id, w.sequential_id, w.title, w.priority, w.type, w.asset_name, w.location_name, w.completer_id,
       u.name AS completer_name, w.created_at, w.completed_at,
       round((julianday(w.completed_at) - julianday(w.created_at)) * 24, 4) AS hours
FROM work_orders w LEFT JOIN users u ON u.id = w.completer_id
WHERE w.completed_at IS NOT NULL AND w.created_at IS NOT NULL AND w.deleted = 0
  AND w.status IN (SELECT status FROM closed_statuses);

-- The users and teams that work orders are assigned to, in the order in which MaintainX gives them. assignee_id is NULL where
-- it is no number; name then is what stands in its place.
CREATE VIEW work_order_assignees AS
SELECT work_order_id, position, kind, assignee_id,
       coalesce((SELECT u.name FROM users u WHERE kind = 'user' AND u.id = assignee_id),
                (SELECT t.name FROM teams t WHERE kind = 'team' AND t.id = assignee_id), given) AS name
FROM (SELECT work_order_id, position, lower(json_extract(assignee, '$.type')) AS kind,
             CASE json_type(assignee, '$.id') WHEN 'integer' THEN json_extract(assignee, '$.id') END AS assignee_id,
             CASE json_type(assignee, '$.id') WHEN 'text' THEN json_extract(assignee, '$.id') END AS given
      FROM (SELECT w.id AS work_order_id, a.key AS position,
                   CASE a.type WHEN 'object' THEN a.value ELSE '{}' END AS assignee
            FROM work_orders w,
                 json_each(CASE json_type(w.assignees) WHEN 'array' THEN w.assignees ELSE '[]' END) AS a));

-- Each work order with the names of its people.
CREATE VIEW work_order_people AS
SELECT w.id, w.sequential_id, w.title, w.status,
       w.creator_id, (SELECT name FROM users u WHERE u.id = w.creator_id) AS creator_name,
       w.requester_id, (SELECT name FROM users u WHERE u.id = w.requester_id) AS requester_name,
       w.completer_id, (SELECT name FROM users u WHERE u.id = w.completer_id) AS completer_name,
       (SELECT group_concat(name, ', ') FROM (SELECT a.name FROM work_order_assignees a
                                              WHERE a.work_order_id = w.id ORDER BY a.position)) AS assignee_names
FROM work_orders w;

-- Each step of the status with the name of the user who made it.
CREATE VIEW status_steps AS
SELECT h.work_order_id, h.from_status, h.to_status, h.changed_at, h.actor_id, u.name AS actor_name, h.observed_at,
       h.wosync_seq, h.event_id
FROM status_history h LEFT JOIN users u ON u.id = h.actor_id;

PRAGMA user_version = 2;
