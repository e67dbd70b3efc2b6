-- every --
SELECT r.name, r.resource_id, v.document::text AS document
FROM resources r CROSS JOIN LATERAL (
    SELECT document FROM versions
    WHERE resource_id = r.resource_id AND position <= %(at)s ORDER BY position DESC LIMIT 1) v
WHERE r.created_position <= %(at)s

-- account --
r.account_id = %(account)s

-- kind --
r.kind = %(kind)s

-- name --
r.name = %(name)s

-- status --
v.document->>'status' = %(status)s

-- tags --
(v.document->'tags')::jsonb @> %(tags)s::text::jsonb

-- living --
(r.ended_position IS NULL OR r.ended_position > %(at)s)

-- after --
(r.name, r.resource_id) > (%(after_name)s, %(after_id)s::uuid)

-- order --
ORDER BY r.name, r.resource_id LIMIT %(limit)s
