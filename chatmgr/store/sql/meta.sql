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

-- A path consists of pieces that each begin where their branch begins, and go on from the piece before. The last
-- one is open, and in the conversation's branch.
-- name: broken_paths
SELECT conversations.name
FROM conversations
WHERE NOT EXISTS (
        SELECT *
        FROM path_segments
        WHERE path_segments.conversation_id = conversations.id
            AND path_segments.branch_id = conversations.branch_id
            AND path_segments.last = 2147483647
    )
    OR EXISTS (
        SELECT *
        FROM path_segments
        JOIN branches ON branches.id = path_segments.branch_id
        WHERE path_segments.conversation_id = conversations.id
            AND (
                path_segments.first <> branches.parent_position + 1
                OR path_segments.last < path_segments.first
                OR (
                    path_segments.last = 2147483647
                    AND path_segments.branch_id <> conversations.branch_id
                )
                OR (branches.parent_id IS NULL AND path_segments.first <> 1)
                OR (
                    branches.parent_id IS NOT NULL
                    AND NOT EXISTS (
                        SELECT *
                        FROM path_segments AS piece_before
                        WHERE piece_before.conversation_id = conversations.id
                            AND piece_before.branch_id = branches.parent_id
                            AND piece_before.last = path_segments.first - 1
                    )
                )
            )
    )

-- Branches that no path goes through, no conversation made, and no other branch goes on from.
-- name: lost_branches
SELECT branches.key
FROM branches
WHERE NOT EXISTS (SELECT * FROM conversations WHERE conversations.id = branches.conversation_id)
    AND NOT EXISTS (SELECT * FROM path_segments WHERE path_segments.branch_id = branches.id)
    AND NOT EXISTS (SELECT * FROM branches AS children WHERE children.parent_id = branches.id)

-- name: unanswered
SELECT turns.key
FROM turns
LEFT JOIN runs ON runs.id = turns.run_id AND runs.turn_id = turns.id
WHERE runs.id IS NULL
