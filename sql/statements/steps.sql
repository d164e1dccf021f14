-- name: step_add
INSERT OR IGNORE INTO status_steps (work_order, occurred, from_status, to_status, actor, received)
VALUES (?1, ?2, ?3, ?4, ?5, ?6);

-- In the order in which they happened; of one instant, in the order in which they came.
-- name: step_list
SELECT occurred, from_status, to_status, actor FROM status_steps WHERE work_order = ?1 ORDER BY occurred, received LIMIT ?2;

-- name: step_any
SELECT 1 FROM status_steps LIMIT 1;

-- What is emitted, or part of what was.
-- name: step_drop
DELETE FROM status_steps WHERE work_order = ?1 AND occurred <= ?2;
