-- name: step_add
INSERT OR IGNORE INTO status_steps (subject, occurred_ms, from_status, to_status, actor_id, received_ms)
VALUES (?1, ?2, ?3, ?4, ?5, ?6);

-- In the order in which they happened; of one instant, in the order in which they came.
-- name: step_list
SELECT occurred_ms, from_status, to_status, actor_id FROM status_steps WHERE subject = ?1
ORDER BY occurred_ms, received_ms LIMIT ?2;

-- name: step_any
SELECT 1 FROM status_steps LIMIT 1;

-- What is emitted, or part of what was.
-- name: step_drop
DELETE FROM status_steps WHERE subject = ?1 AND occurred_ms <= ?2;
