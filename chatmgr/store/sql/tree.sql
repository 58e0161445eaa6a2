-- The tree of turns around a conversation: the paths that it took, and who shares them.

-- name: tip
SELECT conversations.branch_id AS branch, conversations.turns AS position
FROM conversations
WHERE conversations.id = :conversation

-- The branches that a conversation made, and those that they go on from.
-- fragment: own
WITH RECURSIVE own (branch) AS (
    SELECT branches.id
    FROM branches
    WHERE branches.conversation_id = :conversation
    UNION
    SELECT branches.parent_id
    FROM own
    JOIN branches ON branches.id = own.branch
    WHERE branches.parent_id IS NOT NULL
)

-- name: branches
-- include: own
SELECT branches.id AS branch, branches.parent_id AS parent, branches.parent_position AS after
FROM own
JOIN branches ON branches.id = own.branch
ORDER BY branches.id

-- The branches that a conversation made, each the end of a path, in the order in which these are numbered.
-- name: numbered
SELECT branches.id
FROM branches
WHERE branches.conversation_id = :conversation
ORDER BY branches.id

-- The conversation that made a branch.
-- name: owner
-- include: conversations.row
WHERE conversations.id = (SELECT branches.conversation_id FROM branches WHERE branches.id = :branch)

-- name: parent
SELECT branches.parent_id AS parent, branches.parent_position AS after
FROM branches
WHERE branches.id = :branch

-- The pieces of a conversation's path, with what was undone.
-- name: path
SELECT path_segments.branch_id AS branch, path_segments.first, path_segments.last
FROM path_segments
WHERE path_segments.conversation_id = :conversation
ORDER BY path_segments.first

-- The last turn of a piece.
-- name: last
SELECT max(turns.position) AS last
FROM turns
WHERE turns.branch_id = :branch AND turns.position >= :first AND turns.position <= :last

-- Whether another conversation holds a turn of a branch, or a path goes on after it.
-- name: shared
SELECT
    EXISTS (
        SELECT *
        FROM path_segments
        WHERE path_segments.branch_id = :branch
            AND path_segments.conversation_id <> :conversation
            AND path_segments.first <= :position
            AND path_segments.last >= :position
    )
    OR EXISTS (
        SELECT *
        FROM branches
        WHERE branches.parent_id = :branch AND branches.parent_position >= :position
    )
    AS shared

-- The branches that go on after a position, to the end of a recursive query that begins with a turn.
-- fragment: below
UNION
SELECT children.id, below.position
FROM below
JOIN branches AS children
    ON children.parent_id = below.branch
    AND children.parent_position >= below.position

-- name: questions
SELECT turns.position AS turn, substr(messages.content, 1, :width) AS user
FROM turns
JOIN messages ON messages.turn_id = turns.id AND messages.role = 'user'
WHERE turns.branch_id = :branch AND turns.position >= :first AND turns.position <= :last
ORDER BY turns.position

-- The paths of a conversation, in the order in which they are numbered: where each ends, and what was first
-- asked on it that is not on its parent.
-- name: named_paths
SELECT
    branches.id AS branch,
    coalesce(
        (SELECT max(turns.position) FROM turns WHERE turns.branch_id = branches.id), branches.parent_position
    ) AS last,
    coalesce(
        (
            SELECT substr(messages.content, 1, 100)
            FROM turns
            JOIN messages ON messages.turn_id = turns.id AND messages.role = 'user'
            WHERE turns.branch_id = branches.id
            ORDER BY turns.position
            LIMIT 1
        ),
        ''
    ) AS question
FROM conversations
JOIN branches ON branches.conversation_id = conversations.id
WHERE conversations.name = :name AND conversations.deleted_at IS NULL
ORDER BY branches.id

-- The turns between two positions of the path that ends in a branch.
-- name: turns_along
WITH RECURSIVE pieces (branch, first, last) AS (
    SELECT branches.id, branches.parent_position + 1, CAST(:last AS INTEGER)
    FROM branches
    WHERE branches.id = :branch
    UNION ALL
    SELECT
        parents.id,
        parents.parent_position + 1,
        CASE WHEN pieces.first - 1 < pieces.last THEN pieces.first - 1 ELSE pieces.last END
    FROM pieces
    JOIN branches ON branches.id = pieces.branch
    JOIN branches AS parents ON parents.id = branches.parent_id
)
SELECT turns.position AS turn, substr(messages.content, 1, 100) AS question
FROM pieces
JOIN turns
    ON turns.branch_id = pieces.branch
    AND turns.position >= pieces.first
    AND turns.position <= pieces.last
    AND turns.position >= :first
JOIN messages ON messages.turn_id = turns.id AND messages.role = 'user'
ORDER BY turns.position

-- Where the paths of other conversations go through these branches. The last piece of each is the one to
-- look at: it ends where they part.
-- name: sharing
-- include: own
SELECT
    conversations.name,
    path_segments.branch_id AS branch,
    CASE WHEN path_segments.last < conversations.turns THEN path_segments.last ELSE conversations.turns END
    AS last
FROM path_segments
JOIN conversations ON conversations.id = path_segments.conversation_id
WHERE path_segments.branch_id IN (SELECT own.branch FROM own)
    AND path_segments.conversation_id <> :conversation
    AND path_segments.first <= conversations.turns
    AND conversations.deleted_at IS NULL
ORDER BY conversations.id, path_segments.first

-- The process that wrote a turn.
-- name: author
SELECT runs.pid, runs.host, runs.started_at AS at
FROM turns
JOIN runs ON runs.id = turns.run_id
WHERE turns.branch_id = :branch AND turns.position = :position
