-- timeline --
SELECT e.notification_id AS position, e.originator_id AS resource_id, e.originator_version AS version, e.topic AS type,
       e.state::text AS payload, e.account_id, e.actor, e.source_ip, e.request_id, e.correlation_id, e.causation,
       e.recorded_at
FROM events e
WHERE e.notification_id > %(after)s AND e.notification_id < %(before)s
  AND (%(account)s::text IS NULL OR e.account_id = %(account)s)
  AND (%(resource)s::uuid IS NULL OR e.originator_id = %(resource)s)
  AND (%(kind)s::text IS NULL OR starts_with(e.topic, %(kind)s || '.'))
  AND (%(type)s::text IS NULL OR e.topic = %(type)s)
  AND (%(actor)s::text IS NULL OR e.actor = %(actor)s)
  AND (%(correlation)s::text IS NULL OR e.correlation_id = %(correlation)s)
  AND (%(text)s::text IS NULL
       OR position(lower(%(text)s) IN lower(e.topic || ' ' || e.actor || ' ' || e.state::text)) > 0
       OR EXISTS (SELECT FROM resources r
                  WHERE r.resource_id = e.originator_id AND position(lower(%(text)s) IN r.name) > 0))

-- newest_first --
ORDER BY e.notification_id DESC LIMIT %(limit)s

-- oldest_first --
ORDER BY e.notification_id LIMIT %(limit)s

-- chain --
WITH RECURSIVE chain AS (
    SELECT e.*, 1 AS step FROM events e WHERE e.notification_id = %(position)s
    UNION ALL
    SELECT e.*, c.step + 1 FROM events e JOIN chain c ON e.notification_id = c.causation WHERE c.step < %(limit)s)
SELECT notification_id AS position, originator_id AS resource_id, originator_version AS version, topic AS type,
       state::text AS payload, account_id, actor, source_ip, request_id, correlation_id, causation, recorded_at
FROM chain ORDER BY step

-- first_of --
SELECT e.notification_id AS position, e.originator_id AS resource_id, e.originator_version AS version, e.topic AS type,
       e.state::text AS payload, e.account_id, e.actor, e.source_ip, e.request_id, e.correlation_id, e.causation,
       e.recorded_at
FROM events e WHERE e.originator_id = %(resource)s ORDER BY e.originator_version LIMIT 1

-- newest_of --
SELECT notification_id AS position FROM events
WHERE originator_id = %(resource)s AND notification_id <= %(at)s ORDER BY originator_version DESC LIMIT 1

-- names --
SELECT resource_id, name FROM resources WHERE resource_id = ANY(%(ids)s)
