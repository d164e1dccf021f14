-- name: swept_clear
DELETE FROM swept;

-- name: swept_add
INSERT OR IGNORE INTO swept (id) VALUES (?1);

-- Known, not told deleted, not seen by the sweep that began at ?1, nor by anyone since. What was observed after now (?2) shows
-- that the clock went back: it says nothing, and the work order is asked for by its id.
-- name: missing_count
SELECT count(*), (SELECT count(*) FROM snapshots WHERE deleted = 0) FROM snapshots s
WHERE s.deleted = 0 AND (s.observed < ?1 OR s.observed > ?2) AND NOT EXISTS (SELECT 1 FROM swept w WHERE w.id = s.id);

-- name: missing_forget_seen
DELETE FROM missing WHERE id IN (SELECT id FROM swept);

-- name: missing_note
INSERT INTO missing (id, sweeps)
SELECT s.id, 1 FROM snapshots s
WHERE s.deleted = 0 AND (s.observed < ?1 OR s.observed > ?2) AND NOT EXISTS (SELECT 1 FROM swept w WHERE w.id = s.id)
ON CONFLICT DO UPDATE SET sweeps = sweeps + 1;

-- To be asked for by its id: for the first time, or for the second in a later sweep or an hour and more later (?1 is an hour
-- ago).
-- name: missing_next
SELECT id, refused FROM missing
WHERE id > ?2 AND (refused IS NULL OR refused <= ?1 OR sweeps > refused_in) ORDER BY id LIMIT 1;

-- name: missing_refused
UPDATE missing SET refused = ?2, refused_in = sweeps WHERE id = ?1;

-- name: missing_drop
DELETE FROM missing WHERE id = ?1;

-- name: missing_clear
DELETE FROM missing;

-- name: missing_waiting
SELECT count(*) FROM missing;
