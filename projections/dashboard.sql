-- counts --
SELECT r.kind, v.document->>'status' AS status, count(*) AS count
FROM resources r CROSS JOIN LATERAL (
    SELECT document FROM versions
    WHERE resource_id = r.resource_id AND position <= %(at)s ORDER BY position DESC LIMIT 1) v
WHERE r.account_id = %(account)s AND r.created_position <= %(at)s
  AND (r.ended_position IS NULL OR r.ended_position > %(at)s) AND NOT r.is_trashed
GROUP BY 1, 2 ORDER BY 1, 2

-- problems --
SELECT v.document->>'id' AS id, r.kind, r.name, v.document->>'status' AS status,
       v.document->>'status_reason' AS status_reason, v.document->>'updated_at' AS since
FROM resources r CROSS JOIN LATERAL (
    SELECT document, position FROM versions
    WHERE resource_id = r.resource_id AND position <= %(at)s ORDER BY position DESC LIMIT 1) v
WHERE r.account_id = %(account)s AND r.created_position <= %(at)s
  AND (r.ended_position IS NULL OR r.ended_position > %(at)s) AND NOT r.is_trashed AND v.document->>'status' = 'error'
ORDER BY v.position DESC LIMIT %(limit)s

-- failing --
SELECT r.resource_id, r.kind, r.name, w.last_error AS why, w.attempts
FROM work w JOIN resources r USING (resource_id)
WHERE r.account_id = %(account)s AND r.ended_position IS NULL AND w.last_error IS NOT NULL
ORDER BY w.attempts DESC, r.name LIMIT %(limit)s

-- waiting --
SELECT count(*) AS count FROM work w JOIN resources r USING (resource_id) WHERE r.account_id = %(account)s AND r.ended_position IS NULL
