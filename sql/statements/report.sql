-- Every work order, once. The documents are read in the order in which they lie in the file; the snapshots are narrow.
-- name: report_work_orders
SELECT s.id, coalesce(s.status_at, s.updated), s.deleted, d.json
FROM documents d CROSS JOIN snapshots s ON s.id = d.work_order AND s.document = d.document;

-- name: report_work_order
SELECT d.json FROM snapshots s JOIN documents d USING (document) WHERE s.id = ?1 AND s.deleted = 0;

-- How long deliveries took, from the change to its delivery. What happened before the first sync is history.
-- name: report_delays
SELECT d.handler, d.changed, d.changed - e.timestamp
FROM deliveries d CROSS JOIN events e ON e.seq = d.seq
WHERE d.state = 'done' AND d.changed >= ?1 AND d.changed < ?2
  AND e.timestamp >= coalesce((SELECT horizon FROM account), e.timestamp);

-- Runs that were at work after ?1, and whether a later one of the same kind was begun.
-- name: report_runs
SELECT began, ended, exit_status,
    ended IS NULL AND EXISTS (SELECT 1 FROM runs later WHERE later.run > runs.run AND later.kind = runs.kind)
FROM runs WHERE began >= ?1 OR ended >= ?1 ORDER BY run;

-- name: report_first_run
SELECT min(began) FROM runs;

-- name: report_lateness
SELECT channel, up_to, count FROM lateness;
