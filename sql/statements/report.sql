-- Every work order, once. The documents are read in the order in which they lie in the file; the snapshots are narrow.
-- name: report_work_orders
SELECT s.id, coalesce(s.status_ms, s.updated_ms), s.deleted, d.json
FROM documents d CROSS JOIN snapshots s ON s.id = d.subject AND s.document_id = d.id;

-- name: report_work_order
SELECT d.json FROM snapshots s JOIN documents d ON d.id = s.document_id WHERE s.id = ?1 AND s.deleted = 0;

-- How long deliveries took, from the change to its delivery. What happened before the first sync is history.
-- name: report_delays
SELECT d.handler_id, d.changed_ms, d.changed_ms - e.occurred_ms
FROM delivery_history d CROSS JOIN events e ON e.seq = d.event_seq
WHERE d.state = 'done' AND d.changed_ms >= ?1 AND d.changed_ms < ?2
  AND e.occurred_ms >= coalesce((SELECT horizon_ms FROM account), e.occurred_ms);

-- Runs that were at work after ?1, and whether a later one of the same kind was begun.
-- name: report_runs
SELECT began_ms, ended_ms, exit_status,
    ended_ms IS NULL AND EXISTS (SELECT 1 FROM runs later WHERE later.id > runs.id AND later.kind = runs.kind)
FROM runs WHERE began_ms >= ?1 OR ended_ms >= ?1 ORDER BY id;

-- name: report_first_run
SELECT min(began_ms) FROM runs;

-- name: report_lateness
SELECT channel, up_to_ms, count FROM lateness;
