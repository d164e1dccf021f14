-- The fields that a `when` expression may name, out of an event's body. SQLite takes only those it needs. No semicolon:
-- the expression is put before it.
-- name: when_event
SELECT ?1 ->> '$.event' AS event, ?1 ->> '$.id' AS eventId, ?1 ->> '$.timestamp' AS timestamp,
    ?1 ->> '$.observedAt' AS observedAt, ?1 ->> '$.source' AS source, ?1 -> '$.data' AS data,
    ?1 -> '$.data.changes' AS changes, ?1 ->> '$.data.id' AS id, ?1 ->> '$.data.sequentialId' AS sequentialId,
    ?1 ->> '$.data.title' AS title, ?1 ->> '$.data.description' AS description, ?1 ->> '$.data.status' AS status,
    ?1 ->> '$.data.previousStatus' AS previousStatus, ?1 ->> '$.data.priority' AS priority,
    ?1 ->> '$.data.type' AS type, ?1 ->> '$.data.createdAt' AS createdAt, ?1 ->> '$.data.updatedAt' AS updatedAt,
    ?1 ->> '$.data.completedAt' AS completedAt, ?1 ->> '$.data.deletedAt' AS deletedAt,
    ?1 ->> '$.data.dueDate' AS dueDate, ?1 ->> '$.data.startDate' AS startDate, ?1 ->> '$.data.assetId' AS assetId,
    ?1 ->> '$.data.locationId' AS locationId, ?1 ->> '$.data.creatorId' AS creatorId,
    ?1 ->> '$.data.completerId' AS completerId, ?1 ->> '$.data.requesterId' AS requesterId,
    ?1 ->> '$.data.organizationId' AS organizationId, ?1 -> '$.data.assignees' AS assignees,
    ?1 -> '$.data.categories' AS categories, ?1 -> '$.data.extraFields' AS extraFields
