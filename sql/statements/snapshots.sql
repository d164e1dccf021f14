-- name: snapshot_glance
SELECT fingerprint, updated, observed, deleted FROM snapshots WHERE id = ?1;

-- name: snapshot_get
SELECT s.updated, s.fingerprint, s.document, s.observed, s.deleted, s.deletions, d.json, s.deleted_at, s.status, s.status_at,
    s.doubted
FROM snapshots s JOIN documents d USING (document) WHERE s.id = ?1;

-- name: document_add
INSERT INTO documents (work_order, json) VALUES (?1, ?2);

-- name: document_set
UPDATE documents SET json = ?2 WHERE document = ?1;

-- name: snapshot_put
INSERT OR REPLACE INTO snapshots (id, updated, fingerprint, document, observed, deleted, deletions, deleted_at, status, status_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10);

-- name: snapshot_count
SELECT count(*) FROM snapshots;

-- How many lie behind a document.
-- name: snapshot_count_after
SELECT count(*) FROM snapshots WHERE document > ?1;

-- name: snapshot_after
SELECT d.document, s.id, s.updated, s.deleted, d.json FROM documents d JOIN snapshots s ON s.id = d.work_order
WHERE d.document > ?1 ORDER BY d.document LIMIT ?2;

-- name: snapshot_set_deleted
UPDATE snapshots SET deleted = 1, deletions = ?2, deleted_at = ?3 WHERE id = ?1;

-- name: snapshot_set_doubted
UPDATE snapshots SET doubted = ?2 WHERE id = ?1;

-- Work orders whose newest version the list has not shown yet, though a pass that began at ?1 has finished.
-- name: snapshot_count_unlisted
SELECT count(*), min(updated) FROM snapshots WHERE fingerprint IS NULL AND deleted = 0 AND updated < ?1;

-- How many a backfill from ?1 on will read, as far as is known.
-- name: snapshot_count_since
SELECT count(*) FROM snapshots WHERE updated >= ?1 AND deleted = 0;
