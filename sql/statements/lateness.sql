-- name: lateness_note
INSERT INTO lateness (channel, up_to, count, largest, overdue, noted) VALUES (?1, ?2, 1, ?3, ?4, ?5)
ON CONFLICT DO UPDATE SET count = count + 1, largest = max(largest, excluded.largest),
    overdue = max(overdue, excluded.overdue), noted = excluded.noted;

-- A step that nothing fell into since ?2, or that was noted by a clock that was ahead of ?3, says nothing any more: a clock
-- that once jumped must not be shown for ever.
-- name: lateness_forget
DELETE FROM lateness WHERE channel = ?1 AND (noted < ?2 OR noted > ?3);

-- name: lateness_list
SELECT up_to, count, largest, overdue FROM lateness WHERE channel = ?1 ORDER BY up_to;
