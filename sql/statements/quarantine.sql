-- name: quarantine_add
INSERT OR IGNORE INTO quarantine (identity, fingerprint, subject, source, reason, size, raw, seen_ms)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8);

-- The same record, broken in the same way, in other bytes.
-- name: quarantine_renew
UPDATE quarantine SET fingerprint = ?2, subject = ?3, source = ?4, size = ?6, raw = ?7, seen_ms = ?8
WHERE identity = ?1 AND reason = ?5 AND fingerprint <> ?2;

-- name: quarantine_count
SELECT count(*) FROM quarantine;

-- name: quarantine_last
SELECT subject, source, reason, size, seen_ms FROM quarantine ORDER BY id DESC LIMIT 10;

-- A work order that is understood again needs no one's attention.
-- name: quarantine_resolve
DELETE FROM quarantine WHERE subject = ?1;
