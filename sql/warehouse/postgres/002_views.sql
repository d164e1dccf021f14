-- Version 2: views for reports. Days are days in UTC.

-- The statuses in which a work order is no longer open. Yours to change.
CREATE TABLE closed_statuses (
    status text PRIMARY KEY
);
INSERT INTO closed_statuses (status) VALUES ('DONE'), ('COMPLETED'), ('CLOSED'), ('CANCELED'), ('SKIPPED');

-- From when to when each work order was open; one that was opened again counts as open from its creation. A closed one
-- without completed_at (canceled, skipped) ended when it got its status, as far as the history shows; else at its last change.
CREATE VIEW work_order_spans AS
SELECT id,
       created_at AS opened_at,
       CASE WHEN NOT deleted THEN ended_at
            WHEN ended_at IS NULL OR deleted_at < ended_at THEN coalesce(deleted_at, observed_at)
            ELSE ended_at END AS closed_at
FROM (SELECT w.id, w.created_at, w.deleted, w.deleted_at, w.observed_at,
             CASE WHEN c.status IS NOT NULL
                  THEN coalesce(w.completed_at,
                                (SELECT max(h.changed_at) FROM status_history h
                                 WHERE h.work_order_id = w.id AND h.to_status = w.status AND h.from_status IS NOT NULL),
                                w.updated_at)
             END AS ended_at
      FROM work_orders w LEFT JOIN closed_statuses c ON c.status = w.status) AS ends;

-- How many work orders were open at the end of each day, from the first day to this one. A date older than twenty years is
-- taken for a slip: such a work order counts from there.
CREATE VIEW backlog_per_day AS
WITH bounds AS (
        SELECT ((now() AT TIME ZONE 'UTC') - interval '20 years')::date AS first_day,
               (now() AT TIME ZONE 'UTC')::date AS last_day),
    moves AS (
        SELECT greatest((opened_at AT TIME ZONE 'UTC')::date, first_day) AS day, 1 AS change
        FROM work_order_spans, bounds WHERE opened_at IS NOT NULL
        UNION ALL
        SELECT greatest((opened_at AT TIME ZONE 'UTC')::date, (closed_at AT TIME ZONE 'UTC')::date, first_day), -1
        FROM work_order_spans, bounds WHERE opened_at IS NOT NULL AND closed_at IS NOT NULL),
    days AS (
        SELECT generate_series(min(m.day)::timestamp, max(b.last_day)::timestamp, interval '1 day')::date AS day
        FROM moves m, bounds b WHERE m.day <= b.last_day)
SELECT d.day, (sum(coalesce(sum(m.change), 0)) OVER (ORDER BY d.day))::bigint AS open_work_orders
FROM days d LEFT JOIN moves m ON m.day = d.day
GROUP BY d.day;

-- How many work orders were created, and how many that are complete now were completed, on each day on which there was
-- one. Deleted ones were created too.
CREATE VIEW created_completed_per_day AS
SELECT day, sum(created) AS created, sum(completed) AS completed
FROM (SELECT (created_at AT TIME ZONE 'UTC')::date AS day, 1 AS created, 0 AS completed
      FROM work_orders WHERE created_at IS NOT NULL
      UNION ALL
      SELECT (completed_at AT TIME ZONE 'UTC')::date, 0, 1 FROM work_orders
      WHERE completed_at IS NOT NULL AND status IN (SELECT status FROM closed_statuses)) AS days
GROUP BY day;

-- For each work order that is complete: the hours from its creation to its completion.
CREATE VIEW time_to_complete AS
SELECT w.id, w.sequential_id, w.title, w.priority, w.type, w.asset_name, w.location_name, w.completer_id,
       u.name AS completer_name, w.created_at, w.completed_at,
       round(extract(epoch FROM w.completed_at - w.created_at) / 3600, 4)::double precision AS hours
FROM work_orders w LEFT JOIN users u ON u.id = w.completer_id
WHERE w.completed_at IS NOT NULL AND w.created_at IS NOT NULL AND NOT w.deleted
  AND w.status IN (SELECT status FROM closed_statuses);

-- The users and teams that work orders are assigned to, in the order in which MaintainX gives them. assignee_id is NULL where
-- it is no number; name then is what stands in its place.
CREATE VIEW work_order_assignees AS
SELECT work_order_id, position, kind, assignee_id,
       coalesce((SELECT u.name FROM users u WHERE kind = 'user' AND u.id = assignee_id),
                (SELECT t.name FROM teams t WHERE kind = 'team' AND t.id = assignee_id), given) AS name
FROM (SELECT w.id AS work_order_id, (a.position - 1)::integer AS position, lower(a.assignee ->> 'type') AS kind,
             CASE WHEN jsonb_typeof(a.assignee -> 'id') = 'number' AND a.assignee ->> 'id' ~ '^-?[0-9]{1,18}$'
                  THEN (a.assignee ->> 'id')::bigint END AS assignee_id,
             CASE WHEN jsonb_typeof(a.assignee -> 'id') = 'string' THEN a.assignee ->> 'id' END AS given
      FROM work_orders w
      CROSS JOIN LATERAL jsonb_array_elements(CASE jsonb_typeof(w.assignees) WHEN 'array' THEN w.assignees ELSE '[]' END)
                         WITH ORDINALITY AS a (assignee, position)) AS assigned;

-- Each work order with the names of its people.
CREATE VIEW work_order_people AS
SELECT w.id, w.sequential_id, w.title, w.status,
       w.creator_id, (SELECT name FROM users u WHERE u.id = w.creator_id) AS creator_name,
       w.requester_id, (SELECT name FROM users u WHERE u.id = w.requester_id) AS requester_name,
       w.completer_id, (SELECT name FROM users u WHERE u.id = w.completer_id) AS completer_name,
       (SELECT string_agg(a.name, ', ' ORDER BY a.position) FROM work_order_assignees a
        WHERE a.work_order_id = w.id) AS assignee_names
FROM work_orders w;

-- Each step of the status with the name of the user who made it.
CREATE VIEW status_steps AS
SELECT h.work_order_id, h.from_status, h.to_status, h.changed_at, h.actor_id, u.name AS actor_name, h.observed_at,
       h.wosync_seq, h.event_id
FROM status_history h LEFT JOIN users u ON u.id = h.actor_id;

INSERT INTO wosync_schema (version) VALUES (2);
