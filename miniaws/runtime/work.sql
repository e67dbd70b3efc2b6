-- mark --
-- Watchers keep their back-off; resources marked in the background are not reconciled before it is over. A pass that
-- runs now may have begun before the change: unless it fails, another one follows.
INSERT INTO work (resource_id, kind, due_at)
SELECT DISTINCT ON (id) id, kind, clock_timestamp() FROM (
    SELECT id, kind FROM unnest(%(resource_ids)s::uuid[], %(kinds)s::text[]) AS touched(id, kind)
    UNION ALL SELECT owner, split_part(key, '/', 1) FROM claims WHERE scope = ANY(%(scopes)s::text[])) AS marked
ON CONFLICT (resource_id) DO UPDATE SET generation = work.generation + 1,
    due_at = CASE WHEN work.resource_id = ANY(%(background)s::uuid[])
                   AND NOT EXISTS (SELECT FROM claims WHERE owner = work.resource_id AND scope = ANY(%(scopes)s::text[]))
                  THEN work.due_at ELSE clock_timestamp() END,
    attempts = CASE WHEN work.resource_id = ANY(%(urgent)s::uuid[]) THEN 0 ELSE work.attempts END
WHERE NOT work.resource_id = ANY(%(background)s::uuid[]) OR work.leased_until IS NOT NULL
   OR EXISTS (SELECT FROM claims WHERE owner = work.resource_id AND scope = ANY(%(scopes)s::text[]))

-- mark_all --
INSERT INTO work (resource_id, kind, due_at)
SELECT resource_id, kind, clock_timestamp() FROM read_model.resources
WHERE ended_position IS NULL AND kind = ANY(%(kinds)s)
ON CONFLICT (resource_id) DO NOTHING

-- mark_all_urgent --
INSERT INTO work (resource_id, kind, due_at)
SELECT resource_id, kind, clock_timestamp() FROM read_model.resources
WHERE ended_position IS NULL AND kind = ANY(%(kinds)s)
ON CONFLICT (resource_id) DO UPDATE SET generation = work.generation + 1, due_at = clock_timestamp(), attempts = 0

-- free --
UPDATE work SET leased_until = NULL

-- take --
-- Materialized: as a plain subquery the planner may run it again, and take more than the limit.
WITH due AS MATERIALIZED (
    SELECT resource_id FROM work
    WHERE due_at <= clock_timestamp() AND (leased_until IS NULL OR leased_until < clock_timestamp())
    ORDER BY due_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED),
taken AS (
    UPDATE work SET leased_until = clock_timestamp() + %(lease_s)s * interval '1 second'
    FROM due WHERE work.resource_id = due.resource_id
    RETURNING work.resource_id, work.kind, work.generation, work.attempts, work.due_at)
SELECT taken.*, next.seconds AS next_due_s
FROM (SELECT extract(epoch FROM min(due_at) - clock_timestamp())::float8 AS seconds FROM work
      WHERE leased_until IS NULL AND resource_id NOT IN (SELECT resource_id FROM due)) next
LEFT JOIN taken ON true

-- renew --
UPDATE work SET leased_until = clock_timestamp() + %(lease_s)s * interval '1 second'
WHERE resource_id = ANY(%(resource_ids)s) AND leased_until IS NOT NULL

-- finish --
DELETE FROM work WHERE resource_id = %(resource_id)s AND generation = %(generation)s RETURNING resource_id

-- release --
UPDATE work SET leased_until = NULL, last_error = NULL, attempts = 0,
    due_at = CASE WHEN generation = %(generation)s THEN clock_timestamp() + %(after_s)s * interval '1 second'
                  ELSE clock_timestamp() END
WHERE resource_id = %(resource_id)s

-- fail --
-- Due at once only when that was asked for since the lease began; a mark in the background ends no back-off.
UPDATE work SET leased_until = NULL, last_error = %(error)s, attempts = attempts + 1,
    due_at = CASE WHEN due_at = %(due_at)s
                  THEN clock_timestamp() + %(after_s)s * interval '1 second' ELSE clock_timestamp() END
WHERE resource_id = %(resource_id)s

-- state --
SELECT count(*) AS waiting, count(*) FILTER (WHERE last_error IS NOT NULL) AS failing FROM work

-- note_orphans --
INSERT INTO followers (name, note) VALUES ('orphans', %(count)s)
ON CONFLICT (name) DO UPDATE SET note = excluded.note, updated_at = now()
