-- name: lateness_note
INSERT INTO lateness (channel, up_to_ms, count, largest_ms, overdue_ms, noted_ms) VALUES (?1, ?2, 1, ?3, ?4, ?5)
ON CONFLICT DO UPDATE SET count = count + 1, largest_ms = max(largest_ms, excluded.largest_ms),
    overdue_ms = max(overdue_ms, excluded.overdue_ms), noted_ms = excluded.noted_ms;

-- For the metrics, which forget nothing.
-- name: delay_note
INSERT INTO delays (what, label, up_to_ms, count, total_ms)
VALUES (?1, ?2, (SELECT min(up_to_ms) FROM delay_steps WHERE up_to_ms >= ?3), 1, ?3)
ON CONFLICT DO UPDATE SET count = count + 1, total_ms = total_ms + excluded.total_ms;

-- A step that nothing fell into since ?2, or that was noted by a clock that was ahead of ?3, says nothing any more: a clock
-- that once jumped must not be shown for ever.
-- name: lateness_forget
DELETE FROM lateness WHERE channel = ?1 AND (noted_ms < ?2 OR noted_ms > ?3);

-- name: lateness_list
SELECT up_to_ms, count, largest_ms, overdue_ms FROM lateness WHERE channel = ?1 ORDER BY up_to_ms;
