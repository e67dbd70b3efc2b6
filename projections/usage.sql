-- metered --
SELECT resource_id FROM resources
WHERE kind = ANY(%(kinds)s) AND created_position <= %(to)s AND (ended_position IS NULL OR ended_position > %(from)s)
  AND (%(account)s::text IS NULL OR account_id = %(account)s)
ORDER BY resource_id

-- versions --
SELECT v.resource_id, v.document::text AS document FROM versions v
WHERE v.resource_id = ANY(%(ids)s) AND v.position <= %(to)s
  AND v.position >= coalesce((SELECT max(b.position) FROM versions b
                              WHERE b.resource_id = v.resource_id AND b.position <= %(from)s), 0)
ORDER BY v.resource_id, v.position
