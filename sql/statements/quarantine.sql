-- name: quarantine_add
INSERT OR IGNORE INTO quarantine (identity, fingerprint, work_order, source, reason, size, raw, seen)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8);

-- The same record, broken in the same way, in other bytes.
-- name: quarantine_renew
UPDATE quarantine SET fingerprint = ?2, work_order = ?3, source = ?4, size = ?6, raw = ?7, seen = ?8
WHERE identity = ?1 AND reason = ?5 AND fingerprint <> ?2;

-- name: quarantine_count
SELECT count(*) FROM quarantine;

-- name: quarantine_last
SELECT work_order, source, reason, size, seen FROM quarantine ORDER BY entry DESC LIMIT 10;

-- A work order that is understood again needs no one's attention.
-- name: quarantine_resolve
DELETE FROM quarantine WHERE work_order = ?1;
