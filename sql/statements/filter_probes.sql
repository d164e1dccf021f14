-- name: filter_probe_get
SELECT answer, asked_ms FROM filter_probes WHERE base_url = ?1 AND organization = ?2 AND probe = ?3;

-- name: filter_probe_put
INSERT OR REPLACE INTO filter_probes (base_url, organization, probe, answer, asked_ms) VALUES (?1, ?2, ?3, ?4, ?5);

-- name: filter_probes_clear
DELETE FROM filter_probes;

-- What a few records could not show may be seen from more of them.
-- name: filter_probes_clear_unclear
DELETE FROM filter_probes WHERE answer = 'unclear';
