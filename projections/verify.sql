-- versions --
SELECT resource_id, position, l.document::text, b.document::text
FROM {live}.versions l FULL JOIN versions b USING (resource_id, position)
WHERE l.document::text IS DISTINCT FROM b.document::text
ORDER BY position LIMIT %(limit)s

-- resources --
SELECT resource_id, l::text, b::text FROM {live}.resources l FULL JOIN resources b USING (resource_id, created_position)
WHERE l::text IS DISTINCT FROM b::text
ORDER BY resource_id, created_position LIMIT %(limit)s
