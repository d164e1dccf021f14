-- name: lateness_note
INSERT INTO lateness (up_to, count, largest, overdue) VALUES (?1, 1, ?2, ?3)
ON CONFLICT DO UPDATE SET count = count + 1, largest = max(largest, excluded.largest),
    overdue = max(overdue, excluded.overdue);

-- name: lateness_list
SELECT up_to, count, largest, overdue FROM lateness ORDER BY up_to;
