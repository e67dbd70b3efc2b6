-- mark --
INSERT INTO work (resource_id, kind, due_at)
SELECT id, kind, clock_timestamp() FROM unnest(%(resource_ids)s::uuid[], %(kinds)s::text[]) AS marked(id, kind)
ON CONFLICT (resource_id) DO UPDATE SET generation = work.generation + 1, due_at = clock_timestamp(), attempts = 0

-- mark_quietly --
INSERT INTO work (resource_id, kind, due_at)
SELECT id, kind, clock_timestamp() FROM unnest(%(resource_ids)s::uuid[], %(kinds)s::text[]) AS marked(id, kind)
ON CONFLICT (resource_id) DO NOTHING

-- mark_watchers --
INSERT INTO work (resource_id, kind, due_at)
SELECT DISTINCT owner, split_part(key, '/', 1), clock_timestamp() FROM claims WHERE scope = ANY(%(scopes)s::text[])
ON CONFLICT (resource_id) DO UPDATE SET generation = work.generation + 1, due_at = clock_timestamp()

-- mark_living --
INSERT INTO work (resource_id, kind, due_at)
SELECT resource_id, kind, clock_timestamp() FROM read_model.resources
WHERE ended_position IS NULL AND kind = ANY(%(kinds)s)
ON CONFLICT (resource_id) DO NOTHING

-- hurry_living --
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
    ORDER BY due_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
UPDATE work SET leased_until = clock_timestamp() + %(lease_s)s * interval '1 second'
FROM due WHERE work.resource_id = due.resource_id
RETURNING work.resource_id, work.kind, work.generation, work.attempts

-- next_due --
SELECT extract(epoch FROM min(due_at) - clock_timestamp())::float8 AS seconds FROM work WHERE leased_until IS NULL

-- finish --
DELETE FROM work WHERE resource_id = %(resource_id)s AND generation = %(generation)s RETURNING resource_id

-- release --
UPDATE work SET leased_until = NULL, last_error = NULL, attempts = 0,
    due_at = CASE WHEN generation = %(generation)s THEN clock_timestamp() + %(after_s)s * interval '1 second'
                  ELSE clock_timestamp() END
WHERE resource_id = %(resource_id)s

-- fail --
UPDATE work SET leased_until = NULL, last_error = %(error)s, attempts = attempts + 1,
    due_at = CASE WHEN generation = %(generation)s THEN clock_timestamp() + %(after_s)s * interval '1 second'
                  ELSE clock_timestamp() END
WHERE resource_id = %(resource_id)s

-- state --
SELECT count(*) AS waiting, count(*) FILTER (WHERE last_error IS NOT NULL) AS failing FROM work

-- note_orphans --
INSERT INTO followers (name, note) VALUES ('orphans', %(count)s)
ON CONFLICT (name) DO UPDATE SET note = excluded.note, updated_at = now()
