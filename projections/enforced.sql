-- living --
-- What has, or had, no interface of its own has its container's address.
SELECT r.kind, v.document->>'id' AS id, v.document->'spec'->'vpc'->>'id' AS vpc_id, v.document->'spec'->>'cidr' AS cidr,
       v.document->'spec'->'rules' AS rules, v.document->'spec'->>'internet' AS internet,
       v.document->'spec'->'subnet'->>'id' AS subnet_id, v.document->'spec'->'security_groups' AS groups,
       v.document->'observed'->>'address' AS address, v.document->'spec'->'ports' AS ports,
       v.document->'spec'->>'publish' AS publish, v.document->'observed'->>'port' AS port,
       v.document->'spec'->'listeners' AS listeners, v.document->'spec'->'replica_of'->>'id' AS replica_of
FROM resources r CROSS JOIN LATERAL (
    SELECT document FROM versions WHERE resource_id = r.resource_id ORDER BY position DESC LIMIT 1) v
WHERE r.kind = ANY(%(kinds)s) AND r.ended_position IS NULL AND NOT r.is_trashed
ORDER BY r.resource_id

-- archives --
SELECT c.key AS address FROM claims c
WHERE c.scope LIKE 'address/%%' AND c.owner IN (
    SELECT resource_id FROM resources WHERE kind = 'archive' AND ended_position IS NULL AND NOT is_trashed)
