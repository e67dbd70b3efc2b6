-- create --
CREATE TABLE resources (
    resource_id uuid NOT NULL,
    kind text NOT NULL,
    account_id text NOT NULL,
    name text NOT NULL,
    created_position bigint NOT NULL,
    ended_position bigint,
    is_trashed boolean NOT NULL DEFAULT false
);
CREATE TABLE versions (
    resource_id uuid NOT NULL,
    position bigint NOT NULL,
    document json NOT NULL
);
CREATE TABLE progress (position bigint NOT NULL, shape integer NOT NULL);
INSERT INTO progress VALUES (0, 0);

-- index --
ALTER TABLE resources ADD PRIMARY KEY (resource_id, created_position);
CREATE INDEX ON resources (account_id, created_position) WHERE is_trashed;
CREATE INDEX ON resources (account_id, kind, name, resource_id);
CREATE INDEX ON resources (account_id, name, resource_id);
-- By these, a list costs what it shows, however much has ended.
CREATE INDEX ON resources (account_id, kind, coalesce(ended_position, 9223372036854775807));
CREATE INDEX ON resources (account_id, coalesce(ended_position, 9223372036854775807));
ALTER TABLE versions ADD PRIMARY KEY (resource_id, position);
ANALYZE resources, versions;

-- copy_versions --
COPY versions (resource_id, position, document) FROM STDIN

-- copy_resources --
COPY resources (resource_id, kind, account_id, name, created_position, ended_position, is_trashed) FROM STDIN

-- write --
-- Everything hangs on the position that is moved: it locks out another projector, and a renewal of the read model.
WITH moved AS (
    UPDATE progress SET position = %(after)s
    WHERE position = %(before)s AND tableoid::bigint = %(model)s RETURNING position),
born AS (
    INSERT INTO resources (resource_id, kind, account_id, name, created_position, ended_position, is_trashed)
    SELECT b.* FROM moved, json_to_recordset(%(born)s::text::json) AS b(
        resource_id uuid, kind text, account_id text, name text, created_position bigint, ended_position bigint,
        is_trashed boolean)),
ended AS (
    UPDATE resources SET ended_position = (%(gone_at)s::bigint[])[array_position(%(gone)s::uuid[], resource_id)]
    WHERE resource_id = ANY(%(gone)s::uuid[]) AND ended_position IS NULL AND EXISTS (SELECT FROM moved)),
written AS (
    INSERT INTO versions (resource_id, position, document)
    SELECT v.* FROM moved, json_to_recordset(%(versions)s::text::json) AS v(
        resource_id uuid, position bigint, document json))
SELECT pg_notify('projected', position::text) FROM moved

-- model --
SELECT position, tableoid::bigint AS model FROM progress

-- position --
SELECT position, shape FROM progress

-- latest --
SELECT DISTINCT ON (resource_id) resource_id, document FROM versions
WHERE resource_id = ANY(%s) ORDER BY resource_id, position DESC

-- appended --
SELECT pg_advisory_xact_lock_shared(7202, 1)

-- instant --
SELECT coalesce((SELECT notification_id FROM events WHERE recorded_at <= %(instant)s
                 ORDER BY recorded_at DESC, notification_id DESC LIMIT 1), 0) AS position,
       coalesce(%(ends_at)s::timestamptz, now()) < %(instant)s AS future, now() - %(instant)s < interval '1 minute' AS recent

-- clock --
SELECT clock_timestamp() AS now

-- recorded_at --
SELECT recorded_at FROM events WHERE notification_id <= %(position)s ORDER BY notification_id DESC LIMIT 1

-- one --
SELECT v.document::text AS document FROM versions v
WHERE v.resource_id = %(resource_id)s AND v.position <= %(at)s
  AND EXISTS (SELECT FROM resources r WHERE r.resource_id = v.resource_id
              AND (%(account)s::text IS NULL OR r.account_id = %(account)s))
ORDER BY v.position DESC LIMIT 1

-- named --
SELECT resource_id FROM resources
WHERE account_id = %(account)s AND kind = %(kind)s AND name = %(name)s AND created_position <= %(at)s
ORDER BY NOT is_trashed AND (ended_position IS NULL OR ended_position > %(at)s) DESC, created_position DESC LIMIT 1

-- between --
SELECT resource_id FROM resources
WHERE account_id = %(account)s AND kind = %(kind)s AND created_position <= %(at)s
  AND resource_id BETWEEN %(first)s AND %(last)s
LIMIT 1

-- bearing --
SELECT DISTINCT ON (kind) kind, resource_id,
       NOT is_trashed AND (ended_position IS NULL OR ended_position > %(at)s) AS lives FROM resources
WHERE (%(account)s::text IS NULL OR account_id = %(account)s) AND kind = ANY(%(kinds)s) AND name = %(name)s AND created_position <= %(at)s
ORDER BY kind, lives DESC, created_position DESC

-- history --
SELECT document::text AS document FROM versions
WHERE resource_id = %(resource_id)s AND position <= %(at)s ORDER BY position

-- state --
SELECT (SELECT count(*) FROM events WHERE notification_id > p.position) AS lag_events,
    coalesce((SELECT extract(epoch FROM clock_timestamp() - min(recorded_at))::float8 FROM events
              WHERE notification_id > p.position), 0) AS lag_s,
    (SELECT count(*) FROM work) AS work_waiting,
    (SELECT count(*) FROM work WHERE last_error IS NOT NULL) AS work_failing,
    coalesce((SELECT note::integer FROM followers WHERE name = 'orphans'), 0) AS orphans
FROM progress p

-- differing --
WITH changed AS MATERIALIZED (
    SELECT DISTINCT originator_id AS resource_id FROM events
    WHERE notification_id > %(from)s AND notification_id <= %(to)s
      AND (%(resource)s::uuid IS NULL OR originator_id = %(resource)s))
SELECT r.resource_id, b.document::text AS before, a.document::text AS after
FROM changed JOIN LATERAL (SELECT * FROM resources n WHERE n.resource_id = changed.resource_id
                           ORDER BY n.created_position DESC LIMIT 1) r ON true
LEFT JOIN LATERAL (SELECT document FROM versions v WHERE v.resource_id = r.resource_id AND v.position <= %(from)s
                   ORDER BY v.position DESC LIMIT 1) b
    ON EXISTS (SELECT FROM resources l WHERE l.resource_id = r.resource_id AND NOT l.is_trashed
               AND l.created_position <= %(from)s AND (l.ended_position IS NULL OR l.ended_position > %(from)s))
LEFT JOIN LATERAL (SELECT document FROM versions v WHERE v.resource_id = r.resource_id AND v.position <= %(to)s
                   ORDER BY v.position DESC LIMIT 1) a
    ON EXISTS (SELECT FROM resources l WHERE l.resource_id = r.resource_id AND NOT l.is_trashed
               AND l.created_position <= %(to)s AND (l.ended_position IS NULL OR l.ended_position > %(to)s))
WHERE (%(account)s::text IS NULL OR r.account_id = %(account)s)
  AND (%(kind)s::text IS NULL OR r.kind = %(kind)s)
ORDER BY r.kind, r.name, r.resource_id
