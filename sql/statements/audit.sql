-- What is compared with the list: a snapshot and its document, whether or not they still fit together.
-- name: audit_snapshot
SELECT s.updated_ms, s.observed_ms, s.deleted, d.json FROM snapshots s JOIN documents d ON d.id = s.document_id WHERE s.id = ?1;

-- Snapshots behind id ?1 that changed at ?2 or later, are not emitted as deleted, and were not observed from ?3 to ?4.
-- name: audit_snapshot_ids
SELECT id FROM snapshots WHERE id > ?1 AND updated_ms >= ?2 AND deleted = 0 AND (observed_ms < ?3 OR observed_ms > ?4)
ORDER BY id LIMIT ?5;

-- The first event that was emitted at ?1 or later. The log is nearly in the order of time.
-- name: audit_first_event
SELECT seq FROM events WHERE observed_ms >= ?1 ORDER BY seq LIMIT 1;

-- name: audit_event_count
SELECT count(*) FROM events WHERE seq >= ?1 AND seq <= ?2;

-- A handler's deliveries of the events from ?2 to ?3.
-- name: audit_deliveries
SELECT count(*) FILTER (WHERE state = 'pending'), count(*) FILTER (WHERE state = 'done'), count(*) FILTER (WHERE state = 'dead'),
       count(*) FILTER (WHERE state = 'discarded')
FROM (SELECT state FROM deliveries WHERE event_seq >= ?2 AND event_seq <= ?3 AND handler_id = ?1
      UNION ALL
      SELECT state FROM delivery_history WHERE event_seq >= ?2 AND event_seq <= ?3 AND handler_id = ?1);

-- The events behind number ?2, up to ?3, of which a handler has no delivery.
-- name: audit_undelivered
SELECT seq, id, type, subject, body FROM events e WHERE seq > ?2 AND seq <= ?3
  AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.event_seq = e.seq AND d.handler_id = ?1)
  AND NOT EXISTS (SELECT 1 FROM delivery_history h WHERE h.event_seq = e.seq AND h.handler_id = ?1)
ORDER BY seq LIMIT ?4;

-- Is event ?2 still in the log, and handler ?1 still known? A handler that another one has taken over is not.
-- name: audit_is_deliverable
SELECT 1 FROM events e, handlers h WHERE e.seq = ?2 AND h.id = ?1;

-- Behind which event a handler takes what its terms (?2) name. Where they are others than last time, that is its position.
-- name: handler_set_terms
INSERT INTO handler_terms (handler_id, terms, behind_seq) VALUES (?1, ?2, ?3)
ON CONFLICT DO UPDATE SET terms = excluded.terms, behind_seq = excluded.behind_seq WHERE terms <> excluded.terms;

-- name: handler_forget_terms
DELETE FROM handler_terms WHERE handler_id = ?1;

-- name: handler_terms
SELECT behind_seq FROM handler_terms WHERE handler_id = ?1 AND terms = ?2;
