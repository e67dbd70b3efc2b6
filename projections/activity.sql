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

-- density --
-- Positions grow with time, so a time range is a range of positions: one index is read, and no event.
WITH ends AS (
    SELECT min(e.recorded_at) AS first, max(e.recorded_at) AS last FROM events e
    WHERE e.notification_id IN (
        (SELECT e.notification_id FROM events e WHERE {conditions} ORDER BY e.notification_id LIMIT 1),
        (SELECT e.notification_id FROM events e WHERE {conditions} ORDER BY e.notification_id DESC LIMIT 1))),
starts AS (
    SELECT n, first + (last - first) * (n::float8 / %(buckets)s) AS starts_at
    FROM ends, generate_series(0, %(buckets)s - 1) n WHERE first IS NOT NULL),
parts AS (
    SELECT n + 1 AS n, starts_at, greatest(%(after)s, coalesce((
        SELECT e.notification_id FROM events e WHERE e.recorded_at < starts_at
        ORDER BY e.recorded_at DESC, e.notification_id DESC LIMIT 1), 0)) AS after
    FROM starts),
bounds AS (SELECT coalesce(array_agg(after + 1 ORDER BY n), '{{}}') AS lowest FROM parts),
counted AS (
    SELECT width_bucket(e.notification_id, b.lowest) AS n, count(*) AS count FROM bounds b, events e
    WHERE {conditions} GROUP BY 1),
failed AS (
    SELECT width_bucket(e.notification_id, b.lowest) AS n, count(*) AS count FROM bounds b, events e
    WHERE {conditions} AND e.topic = ANY(%(failures)s) GROUP BY 1)
SELECT p.starts_at, p.after, coalesce(c.count, 0) AS count, coalesce(f.count, 0) AS failures, ends.last
FROM ends, parts p LEFT JOIN counted c USING (n) LEFT JOIN failed f USING (n) ORDER BY p.n

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
