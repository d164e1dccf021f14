-- The fields that a `when` expression may name, out of an event's body. With a FROM of one row SQLite flattens this into the
-- query around it and so evaluates only the fields that are named. No semicolon: the expression is put before it.
-- assigneeNames are the known names of the assignees as one text, separated by ", "; completerName falls back to the actor of
-- a completed event.
-- name: when_event
SELECT :wosync_event ->> '$.event' AS event,
    :wosync_event ->> '$.id' AS eventId,
    :wosync_event ->> '$.timestamp' AS timestamp,
    :wosync_event ->> '$.observedAt' AS observedAt,
    :wosync_event ->> '$.source' AS source,
    :wosync_event ->> '$.actor.id' AS actorId,
    :wosync_event ->> '$.actor.name' AS actorName,
    :wosync_event -> '$.data' AS data,
    :wosync_event -> '$.data.changes' AS changes,
    :wosync_event ->> '$.data.id' AS id,
    :wosync_event ->> '$.data.sequentialId' AS sequentialId,
    :wosync_event ->> '$.data.title' AS title,
    :wosync_event ->> '$.data.description' AS description,
    :wosync_event ->> '$.data.status' AS status,
    :wosync_event ->> '$.data.previousStatus' AS previousStatus,
    :wosync_event ->> '$.data.priority' AS priority,
    :wosync_event ->> '$.data.type' AS type,
    :wosync_event ->> '$.data.createdAt' AS createdAt,
    :wosync_event ->> '$.data.updatedAt' AS updatedAt,
    :wosync_event ->> '$.data.completedAt' AS completedAt,
    :wosync_event ->> '$.data.deletedAt' AS deletedAt,
    :wosync_event ->> '$.data.dueDate' AS dueDate,
    :wosync_event ->> '$.data.startDate' AS startDate,
    coalesce(:wosync_event ->> '$.data.assetId', :wosync_event ->> '$.data.asset.id') AS assetId,
    :wosync_event ->> '$.data.locationId' AS locationId,
    :wosync_event ->> '$.data.creatorId' AS creatorId,
    :wosync_event ->> '$.data.completerId' AS completerId,
    coalesce(
        :wosync_event ->> ('$.names.users."' || CAST(:wosync_event ->> '$.data.completerId' AS INTEGER) || '"'),
        iif(:wosync_event ->> '$.event' = 'workorder.completed', :wosync_event ->> '$.actor.name', NULL)) AS completerName,
    :wosync_event ->> '$.data.requesterId' AS requesterId,
    :wosync_event ->> '$.data.organizationId' AS organizationId,
    :wosync_event -> '$.data.assignees' AS assignees,
    (SELECT group_concat(:wosync_event ->> ('$.names.' || kind || '."' || id || '"'), ', ') FROM (
        SELECT iif(value ->> '$.type' = 'TEAM', 'teams', 'users') AS kind, value ->> '$.id' AS id
        FROM json_each(:wosync_event, '$.data.assignees') WHERE type = 'object' AND json_type(value, '$.id') = 'integer'
        UNION ALL
        SELECT 'users', value FROM json_each(:wosync_event, '$.data.assigneeIds')
        WHERE type = 'integer' AND coalesce(:wosync_event ->> '$.data.assignees', '[]') = '[]'
        UNION ALL
        SELECT 'teams', value FROM json_each(:wosync_event, '$.data.teamIds')
        WHERE type = 'integer' AND coalesce(:wosync_event ->> '$.data.assignees', '[]') = '[]')) AS assigneeNames,
    :wosync_event -> '$.data.categories' AS categories,
    :wosync_event -> '$.data.extraFields' AS extraFields
FROM (SELECT 1)
