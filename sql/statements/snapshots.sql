-- name: snapshot_glance
SELECT fingerprint, updated_ms, observed_ms, deleted FROM snapshots WHERE id = ?1;

-- name: snapshot_get
SELECT s.updated_ms, s.fingerprint, s.document_id, s.observed_ms, s.deleted, s.deletions, d.json, s.deleted_ms, s.status,
    s.status_ms, s.doubted_ms
FROM snapshots s JOIN documents d ON d.id = s.document_id WHERE s.id = ?1;

-- name: document_add
INSERT INTO documents (subject, json) VALUES (?1, ?2);

-- name: document_set
UPDATE documents SET json = ?2 WHERE id = ?1;

-- name: snapshot_put
INSERT OR REPLACE INTO snapshots (id, updated_ms, fingerprint, document_id, observed_ms, deleted, deletions, deleted_ms,
    status, status_ms)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10);

-- Every snapshot has one document, and none is ever removed: they are numbered from 1 on.
-- name: snapshot_count
SELECT coalesce(max(id), 0) FROM documents;

-- How many lie behind a document.
-- name: snapshot_count_after
SELECT max(coalesce(max(id), 0) - ?1, 0) FROM documents;

-- name: snapshot_after
SELECT d.id, s.id, s.updated_ms, s.deleted, d.json FROM documents d JOIN snapshots s ON s.id = d.subject
WHERE d.id > ?1 ORDER BY d.id LIMIT ?2;

-- name: snapshot_set_deleted
UPDATE snapshots SET deleted = 1, deletions = ?2, deleted_ms = ?3, status = NULL WHERE id = ?1;

-- name: snapshot_set_doubted
UPDATE snapshots SET doubted_ms = ?2 WHERE id = ?1;

-- Work orders whose newest version the list has not shown yet, though a pass that began at ?1 has finished.
-- name: snapshot_count_unlisted
SELECT count(*), min(updated_ms) FROM snapshots WHERE fingerprint IS NULL AND deleted = 0 AND updated_ms < ?1;

-- How many a backfill from ?1 on will read, as far as is known.
-- name: snapshot_count_since
SELECT count(*) FROM snapshots WHERE updated_ms >= ?1 AND deleted = 0;
