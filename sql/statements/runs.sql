-- name: run_add
INSERT INTO runs (kind, began_ms, since_ms) VALUES (?1, ?2, ?3);

-- name: run_set
UPDATE runs SET ended_ms = ?2, since_ms = ?3, until_ms = ?4, requests = ?5, pages = ?6, bytes = ?7, records = ?8,
    quarantined = ?9, healed = ?10, created = ?11, status_changed = ?12, completed = ?13, updated = ?14, deleted = ?15, delivered = ?16,
    dead = ?17, exit_status = ?18, message = ?19
WHERE id = ?1;

-- name: run_list
SELECT id, kind, began_ms, ended_ms, since_ms, until_ms, requests, pages, bytes, records, quarantined, healed, created,
    status_changed, completed, updated, deleted, delivered, dead, exit_status, message
FROM runs ORDER BY id DESC LIMIT ?1;

-- name: run_last_end
SELECT exit_status, message FROM runs WHERE kind = ?1 AND exit_status IS NOT NULL ORDER BY id DESC LIMIT 1;

-- 65: some records went to quarantine, and all else was done.
-- name: run_last_success
SELECT ended_ms FROM runs WHERE kind = ?1 AND exit_status IN (0, 65) ORDER BY id DESC LIMIT 1;

-- name: run_successes
SELECT kind, max(ended_ms) FROM runs WHERE exit_status = 0 GROUP BY kind ORDER BY kind;

-- 1 when the last run of this kind that ended did so with a status of 69 or 76 before it had read a page.
-- name: run_failed_at_once
SELECT coalesce((SELECT pages = 0 AND exit_status IN (69, 76) FROM runs
                 WHERE kind = ?1 AND ended_ms IS NOT NULL ORDER BY id DESC LIMIT 1), 0);

-- When runs were at work that had not ended at ?1.
-- name: run_spans
SELECT began_ms, ended_ms FROM runs WHERE ended_ms IS NULL OR ended_ms >= ?1 ORDER BY id;
