-- Version 2: views for reports. Days are days in UTC.

-- The statuses in which a work order is no longer open. Yours to change.
CREATE TABLE closed_statuses (
    status text PRIMARY KEY
);
INSERT INTO closed_statuses (status) VALUES ('DONE'), ('COMPLETED'), ('CLOSED'), ('CANCELED'), ('SKIPPED');

-- From when to when each work order was open; one that was opened again counts as open from its creation. A closed one
-- without completed_at (canceled, skipped) ended when it got its status, as far as the history tells; else at its last change.
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
SELECT id, sequential_id, title, priority, type, asset_name, location_name, created_at, completed_at,
       round(extract(epoch FROM completed_at - created_at) / 3600, 4)::double precision AS hours
FROM work_orders
WHERE completed_at IS NOT NULL AND created_at IS NOT NULL AND NOT deleted
  AND status IN (SELECT status FROM closed_statuses);

INSERT INTO wosync_schema (version) VALUES (2);
