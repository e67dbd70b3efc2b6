-- items --
-- The volume of a server is restored and purged with the server: it is no item of its own.
SELECT r.created_position AS position, v.document::text AS document, t.recorded_at AS trashed_at, d.actor AS deleted_by
FROM resources r
CROSS JOIN LATERAL (
    SELECT document FROM versions
    WHERE resource_id = r.resource_id AND position <= %(at)s ORDER BY position DESC LIMIT 1) v
JOIN events t ON t.notification_id = r.created_position
CROSS JOIN LATERAL (
    SELECT actor FROM events
    WHERE originator_id = r.resource_id AND notification_id < r.created_position AND topic = ANY(%(requests)s)
    ORDER BY originator_version DESC LIMIT 1) d
WHERE r.is_trashed AND r.created_position <= %(at)s AND (r.ended_position IS NULL OR r.ended_position > %(at)s)
  AND (%(account)s::text IS NULL OR r.account_id = %(account)s)
  AND (%(kind)s::text IS NULL OR r.kind = %(kind)s) AND (%(name)s::text IS NULL OR r.name = %(name)s)
  AND r.created_position < %(before)s AND r.created_position > %(after)s
  AND (r.kind <> 'volume' OR v.document->'observed'->>'attached_to' IS NULL)

-- newest_first --
ORDER BY r.created_position DESC LIMIT %(limit)s

-- oldest_first --
ORDER BY r.created_position LIMIT %(limit)s
