-- name: lateness_note
INSERT INTO lateness (channel, up_to, count, largest, overdue) VALUES (?1, ?2, 1, ?3, ?4)
ON CONFLICT DO UPDATE SET count = count + 1, largest = max(largest, excluded.largest),
    overdue = max(overdue, excluded.overdue);

-- name: lateness_list
SELECT up_to, count, largest, overdue FROM lateness WHERE channel = ?1 ORDER BY up_to;
