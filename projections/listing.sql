-- every --
SELECT r.name, r.resource_id, v.document::text AS document
FROM resources r CROSS JOIN LATERAL (
    SELECT document FROM versions
    WHERE resource_id = r.resource_id AND position <= %(at)s ORDER BY position DESC LIMIT 1) v
WHERE r.created_position <= %(at)s AND NOT r.is_trashed

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
coalesce(r.ended_position, 9223372036854775807) > %(ended_after)s

-- last --
-- One that was in the trash, or had another name, is shown as it became.
NOT EXISTS (SELECT FROM resources n WHERE n.resource_id = r.resource_id AND NOT n.is_trashed
            AND n.created_position > r.created_position AND n.created_position <= %(at)s)

-- after --
(r.name, r.resource_id) > (%(after_name)s, %(after_id)s::uuid)

-- order --
ORDER BY r.name, r.resource_id LIMIT %(limit)s
