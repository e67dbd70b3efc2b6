-- events --
SELECT e.notification_id AS position, e.originator_id AS resource_id, e.originator_version AS version, e.topic AS type,
       e.state::text AS payload, e.account_id, e.actor, e.source_ip, e.request_id, e.correlation_id, e.causation,
       e.recorded_at
FROM events e WHERE

-- newest_first --
ORDER BY e.notification_id DESC LIMIT %(limit)s

-- oldest_first --
ORDER BY e.notification_id LIMIT %(limit)s

-- between --
e.notification_id > %(after)s AND e.notification_id < %(before)s

-- account --
e.account_id = %(account)s

-- resource --
e.originator_id = %(resource)s

-- kind --
e.topic = ANY(%(topics)s)

-- type --
e.topic = %(type)s

-- actor --
e.actor = %(actor)s

-- correlation --
e.correlation_id = %(correlation)s

-- text --
(position(lower(%(text)s) IN lower(e.topic || ' ' || e.actor || ' ' || e.state::text)) > 0
 OR e.originator_id IN (SELECT r.resource_id FROM resources r WHERE position(lower(%(text)s) IN r.name) > 0))

-- turns --
SELECT e.notification_id AS position, e.originator_id AS resource_id, e.originator_version AS version, e.topic AS type,
       e.state::text AS payload, e.account_id, e.actor, e.source_ip, e.request_id, e.correlation_id, e.causation,
       e.recorded_at, v.document->>'status' AS status, v.document->>'status_reason' AS reason
FROM events e JOIN versions v ON v.resource_id = e.originator_id AND v.position = e.notification_id
WHERE e.originator_id = %(resource)s AND e.notification_id <= %(at)s
ORDER BY e.originator_version DESC LIMIT %(limit)s

-- first_of --
e.originator_id = %(resource)s AND e.originator_version = 1

-- of_others --
e.notification_id = ANY(%(positions)s) AND e.originator_id <> %(resource)s

-- names --
SELECT originator_id AS resource_id, state->>'name' AS name FROM events
WHERE originator_version = 1 AND originator_id = ANY(%(ids)s)
