-- The database itself: facts about it, how much it holds, and whether its counts are true.

-- name: get
SELECT meta.value
FROM meta
WHERE meta.key = :key

-- name: counts
SELECT
    (SELECT count(*) FROM assistants WHERE assistants.deleted_at IS NULL) AS assistants,
    (SELECT count(*) FROM conversations WHERE conversations.deleted_at IS NULL) AS conversations,
    (
        SELECT coalesce(sum(conversations.turns), 0)
        FROM conversations
        WHERE conversations.deleted_at IS NULL
    ) AS turns

-- name: miscounted
SELECT conversations.name, conversations.turns AS counted, count(turns.id) AS held
FROM conversations
LEFT JOIN path_segments ON path_segments.conversation_id = conversations.id
LEFT JOIN turns
    ON turns.branch_id = path_segments.branch_id
    AND turns.position BETWEEN path_segments.first AND path_segments.last
    AND turns.position <= conversations.turns
GROUP BY conversations.id, conversations.name, conversations.turns
HAVING count(turns.id) <> conversations.turns

-- name: without_message
SELECT conversations.name, turns.position
-- include: turns.path
LEFT JOIN messages ON messages.turn_id = turns.id AND messages.role = 'user'
WHERE messages.id IS NULL
