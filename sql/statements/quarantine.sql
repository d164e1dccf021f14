-- name: quarantine_add
INSERT OR IGNORE INTO quarantine (fingerprint, work_order, source, reason, size, raw, seen)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7);

-- name: quarantine_count
SELECT count(*) FROM quarantine;

-- name: quarantine_last
SELECT work_order, source, reason, size, seen FROM quarantine ORDER BY entry DESC LIMIT 10;

-- A work order that is understood again needs no one's attention.
-- name: quarantine_resolve
DELETE FROM quarantine WHERE work_order = ?1;
