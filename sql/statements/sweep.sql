-- name: sweep_seen_clear
DELETE FROM sweep_seen;

-- name: sweep_seen_add
INSERT OR IGNORE INTO sweep_seen (id) VALUES (?1);

-- Known, not emitted as deleted, not seen by the sweep that began at ?1, nor by anyone since. What was observed after now (?2) shows
-- that the clock went back: it says nothing, and the work order is asked for by its id.
-- name: deletion_candidate_count
SELECT count(*), (SELECT count(*) FROM snapshots WHERE deleted = 0) FROM snapshots s
WHERE s.deleted = 0 AND (s.observed_ms < ?1 OR s.observed_ms > ?2)
  AND NOT EXISTS (SELECT 1 FROM sweep_seen w WHERE w.id = s.id);

-- Missing elsewhere than in a sweep, and answered 404.
-- name: deletion_candidate_add
INSERT OR IGNORE INTO deletion_candidates (id, sweeps, refused_ms, refused_in) VALUES (?1, 1, ?2, 1);

-- name: deletion_candidate_forget_seen
DELETE FROM deletion_candidates WHERE id IN (SELECT id FROM sweep_seen);

-- name: deletion_candidate_note
INSERT INTO deletion_candidates (id, sweeps)
SELECT s.id, 1 FROM snapshots s
WHERE s.deleted = 0 AND (s.observed_ms < ?1 OR s.observed_ms > ?2) AND NOT EXISTS (SELECT 1 FROM sweep_seen w WHERE w.id = s.id)
ON CONFLICT DO UPDATE SET sweeps = sweeps + 1;

-- To be asked for by its id: for the first time, or for the second in a later sweep or an hour and more later (?1 is an hour
-- ago; ?3 is now). What failed least comes first. A date further ahead than any wait shows that the clock went back: it is due.
-- name: deletion_candidate_next
SELECT id, refused_ms, attempts FROM deletion_candidates
WHERE (due_ms <= ?3 OR due_ms > ?3 + (attempts + 1) * 3600000)
    AND (refused_ms IS NULL OR refused_ms <= ?1 OR sweeps > refused_in)
  AND (attempts > ?4 OR attempts = ?4 AND id > ?2)
ORDER BY attempts, id LIMIT 1;

-- name: deletion_candidate_get
SELECT refused_ms FROM deletion_candidates WHERE id = ?1;

-- name: deletion_candidate_refused
UPDATE deletion_candidates SET refused_ms = ?2, refused_in = sweeps, attempts = 0, due_ms = 0 WHERE id = ?1;

-- name: deletion_candidate_postpone
UPDATE deletion_candidates SET attempts = attempts + 1, due_ms = ?2 WHERE id = ?1;

-- name: deletion_candidate_drop
DELETE FROM deletion_candidates WHERE id = ?1;

-- name: deletion_candidate_clear
DELETE FROM deletion_candidates;

-- name: deletion_candidate_waiting
SELECT count(*) FROM deletion_candidates;
