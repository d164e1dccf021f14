-- name: user_put
INSERT INTO users (id, name, seen_at, email) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT DO UPDATE SET name = excluded.name, email = excluded.email, seen_at = excluded.seen_at, removed_at = NULL;

-- name: team_put
INSERT INTO teams (id, name, seen_at) VALUES (?1, ?2, ?3)
ON CONFLICT DO UPDATE SET name = excluded.name, seen_at = excluded.seen_at, removed_at = NULL;

-- name: user_name
SELECT name FROM users WHERE id = ?1;

-- name: team_name
SELECT name FROM teams WHERE id = ?1;

-- Whoever the reading at ?1 did not list.
-- name: user_remove
UPDATE users SET removed_at = ?1 WHERE seen_at <> ?1 AND removed_at IS NULL;

-- name: team_remove
UPDATE teams SET removed_at = ?1 WHERE seen_at <> ?1 AND removed_at IS NULL;

-- name: user_count
SELECT count(*), count(removed_at) FROM users;

-- name: team_count
SELECT count(*), count(removed_at) FROM teams;

-- name: people_list_get
SELECT read_at, tried_at, failing_at, refused, reported, error FROM people_lists WHERE list = ?1;

-- name: people_list_save
INSERT OR REPLACE INTO people_lists (list, read_at, tried_at, failing_at, refused, reported, error)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7);
