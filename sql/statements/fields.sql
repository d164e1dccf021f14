-- The fields (0) and the statuses (1) of the newest documents.
-- name: field_list
SELECT DISTINCT j.key, 0 FROM (SELECT json FROM documents ORDER BY id DESC LIMIT 500) d, json_each(d.json) j
UNION
SELECT json ->> '$.status', 1 FROM (SELECT json FROM documents ORDER BY id DESC LIMIT 500)
WHERE json_type(json, '$.status') = 'text';
