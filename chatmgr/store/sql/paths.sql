-- Paths: the branches that a conversation made, each the end of a path.

-- The branches of a conversation in the order in which they are numbered.
-- name: branches
SELECT branches.id
FROM branches
WHERE branches.conversation_id = :conversation
ORDER BY branches.id

-- The branch that a conversation's path ends in.
-- name: current
SELECT conversations.branch_id
FROM conversations
WHERE conversations.id = :conversation

-- The conversation that made a branch.
-- name: owner
-- include: conversations.row
WHERE conversations.id = (SELECT branches.conversation_id FROM branches WHERE branches.id = :branch)

-- name: parent
SELECT branches.parent_id AS branch, branches.parent_position AS position
FROM branches
WHERE branches.id = :branch

-- The last turn of a piece.
-- name: last
SELECT max(turns.position) AS last
FROM turns
WHERE turns.branch_id = :branch AND turns.position >= :first AND turns.position <= :last
