-- name: user_put
INSERT INTO users (id, name, seen_ms, email) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT DO UPDATE SET name = excluded.name, email = excluded.email, seen_ms = excluded.seen_ms, removed_ms = NULL;

-- name: team_put
INSERT INTO teams (id, name, seen_ms) VALUES (?1, ?2, ?3)
ON CONFLICT DO UPDATE SET name = excluded.name, seen_ms = excluded.seen_ms, removed_ms = NULL;

-- name: user_name
SELECT name FROM users WHERE id = ?1;

-- name: team_name
SELECT name FROM teams WHERE id = ?1;

-- Whoever the reading at ?1 did not list.
-- name: user_remove
UPDATE users SET removed_ms = ?1 WHERE seen_ms <> ?1 AND removed_ms IS NULL;

-- name: team_remove
UPDATE teams SET removed_ms = ?1 WHERE seen_ms <> ?1 AND removed_ms IS NULL;

-- name: user_count
SELECT count(*), count(removed_ms) FROM users;

-- name: team_count
SELECT count(*), count(removed_ms) FROM teams;

-- name: people_list_get
SELECT read_ms, tried_ms, failing_ms, refused, reported, error FROM people_lists WHERE list = ?1;

-- name: people_list_save
INSERT OR REPLACE INTO people_lists (list, read_ms, tried_ms, failing_ms, refused, reported, error)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7);
