-- name: run_add
INSERT INTO runs (kind, began, since) VALUES (?1, ?2, ?3);

-- name: run_set
UPDATE runs SET ended = ?2, since = ?3, until = ?4, requests = ?5, pages = ?6, bytes = ?7, records = ?8, quarantined = ?9,
    healed = ?10, created = ?11, status_changed = ?12, completed = ?13, updated = ?14, deleted = ?15, delivered = ?16,
    dead = ?17, exit_status = ?18, message = ?19
WHERE run = ?1;

-- name: run_list
SELECT run, kind, began, ended, since, until, requests, pages, bytes, records, quarantined, healed, created,
    status_changed, completed, updated, deleted, delivered, dead, exit_status, message
FROM runs ORDER BY run DESC LIMIT ?1;

-- name: run_last_end
SELECT exit_status, message FROM runs WHERE kind = ?1 AND exit_status IS NOT NULL ORDER BY run DESC LIMIT 1;

-- 65: some records went to quarantine, and all else was done.
-- name: run_last_success
SELECT ended FROM runs WHERE kind = ?1 AND exit_status IN (0, 65) ORDER BY run DESC LIMIT 1;

-- name: run_successes
SELECT kind, max(ended) FROM runs WHERE exit_status = 0 GROUP BY kind ORDER BY kind;

-- 1 when the last run of this kind that ended did so with a status of 69 or 76 before it had read a page.
-- name: run_failed_at_once
SELECT coalesce((SELECT pages = 0 AND exit_status IN (69, 76) FROM runs
                 WHERE kind = ?1 AND ended IS NOT NULL ORDER BY run DESC LIMIT 1), 0);

-- When runs were at work that had not ended at ?1.
-- name: run_spans
SELECT began, ended FROM runs WHERE ended IS NULL OR ended >= ?1 ORDER BY run;
