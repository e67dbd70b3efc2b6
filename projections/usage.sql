-- metered --
SELECT DISTINCT resource_id FROM resources
WHERE kind = ANY(%(kinds)s) AND created_position <= %(to)s AND (ended_position IS NULL OR ended_position > %(from)s)
  AND (%(account)s::text IS NULL OR account_id = %(account)s)
ORDER BY resource_id

-- versions --
SELECT ids.resource_id, v.document::text AS document
FROM unnest(%(ids)s::uuid[]) AS ids(resource_id) CROSS JOIN LATERAL (
    (SELECT position, document FROM versions
     WHERE resource_id = ids.resource_id AND position <= %(from)s ORDER BY position DESC LIMIT 1)
    UNION ALL
    (SELECT position, document FROM versions
     WHERE resource_id = ids.resource_id AND position > %(from)s AND position <= %(to)s)) v
ORDER BY ids.resource_id, v.position
