-- name: run_add
INSERT INTO runs (kind, began, since) VALUES (?1, ?2, ?3);

-- name: run_set
UPDATE runs SET ended = ?2, since = ?3, requests = ?4, pages = ?5, bytes = ?6, records = ?7, quarantined = ?8,
    created = ?9, status_changed = ?10, completed = ?11, updated = ?12, deleted = ?13, delivered = ?14,
    dead = ?15, exit_status = ?16, message = ?17
WHERE run = ?1;

-- name: run_list
SELECT run, kind, began, ended, since, requests, pages, bytes, records, quarantined, created, status_changed, completed,
    updated, deleted, delivered, dead, exit_status, message
FROM runs ORDER BY run DESC LIMIT ?1;
