-- Every text that can hold a secret, by the branch of its turn, its conversation or its assistant.

-- name: branches
SELECT branches.id AS branch
FROM branches
ORDER BY branches.id

-- The pieces of all the paths of a conversation, what was undone or left included, each branch once.
-- name: pieces
-- include: export.held
SELECT held.branch, min(held.first) AS first, max(held.last) AS last
FROM held
GROUP BY held.branch

-- Whether a turn is in a piece of a path.
-- fragment: in_piece
turns.branch_id = :branch AND turns.position BETWEEN :first AND :last

-- name: turns
SELECT turns.id AS turn, 'messages' AS place, 'content' AS field, messages.id AS pk, messages.content AS text
FROM turns
JOIN messages ON messages.turn_id = turns.id
WHERE
    -- include: in_piece
    AND NOT EXISTS (SELECT * FROM answer_parts WHERE answer_parts.run_id = messages.run_id)
UNION ALL
SELECT
    turns.id AS turn,
    'answer_parts' AS place,
    'content' AS field,
    runs.id AS pk,
    -- include: turns.answer
    AS text
FROM turns
JOIN runs ON runs.turn_id = turns.id
LEFT JOIN messages AS answer ON answer.run_id = runs.id
WHERE
    -- include: in_piece
    AND EXISTS (SELECT * FROM answer_parts WHERE answer_parts.run_id = runs.id)
UNION ALL
SELECT turns.id AS turn, 'runs' AS place, 'reasoning' AS field, runs.id AS pk, runs.reasoning AS text
FROM turns
JOIN runs ON runs.turn_id = turns.id
WHERE
    -- include: in_piece
    AND runs.reasoning <> ''
UNION ALL
SELECT turns.id AS turn, 'runs' AS place, 'error' AS field, runs.id AS pk, runs.error AS text
FROM turns
JOIN runs ON runs.turn_id = turns.id
WHERE
    -- include: in_piece
    AND runs.error <> ''
UNION ALL
SELECT turns.id AS turn, 'runs' AS place, 'detail' AS field, runs.id AS pk, runs.detail AS text
FROM turns
JOIN runs ON runs.turn_id = turns.id
WHERE
    -- include: in_piece
    AND runs.detail <> ''
UNION ALL
SELECT
    turns.id AS turn, 'items' AS place, 'content' AS field, items.id AS pk, CAST(items.content AS text) AS text
FROM turns
JOIN items ON items.turn_id = turns.id
WHERE
    -- include: in_piece
UNION ALL
SELECT turns.id AS turn, 'items' AS place, 'raw' AS field, items.id AS pk, items.raw AS text
FROM turns
JOIN items ON items.turn_id = turns.id
WHERE
    -- include: in_piece
    AND items.raw <> ''
UNION ALL
SELECT turns.id AS turn, 'attachments' AS place, 'name' AS field, attachments.id AS pk, attachments.name AS text
FROM turns
JOIN messages ON messages.turn_id = turns.id
JOIN attachments ON attachments.message_id = messages.id
WHERE
    -- include: in_piece

-- The files that were sent with turns, or came with their answers.
-- name: files
SELECT
    turns.id AS turn, 'attachments' AS place, attachments.id AS pk, attachments.name, attachments.sha256
FROM turns
JOIN messages ON messages.turn_id = turns.id
JOIN attachments ON attachments.message_id = messages.id
WHERE
    -- include: in_piece
UNION ALL
SELECT turns.id AS turn, 'items' AS place, items.id AS pk, items.kind AS name, items.sha256
FROM turns
JOIN items ON items.turn_id = turns.id
WHERE
    -- include: in_piece
    AND items.sha256 IS NOT NULL

-- name: bytes
SELECT blobs.data
FROM blobs
WHERE blobs.sha256 = :sha256

-- The conversations that hold a turn or left a path through it, those that show it first.
-- name: holders
WITH RECURSIVE below (branch, position) AS (
    SELECT turns.branch_id, turns.position
    FROM turns
    WHERE turns.id = :turn
    -- include: tree.below
)
SELECT
    conversations.id AS pk,
    conversations.name,
    turns.position,
    turns.position <= conversations.turns AS is_shown,
    0 AS path
FROM turns
JOIN path_segments
    ON path_segments.branch_id = turns.branch_id
    AND turns.position BETWEEN path_segments.first AND path_segments.last
JOIN conversations ON conversations.id = path_segments.conversation_id
WHERE turns.id = :turn
UNION ALL
SELECT
    conversations.id AS pk,
    conversations.name,
    below.position,
    FALSE AS is_shown,
    (
        SELECT count(*)
        FROM branches AS earlier
        WHERE earlier.conversation_id = branches.conversation_id AND earlier.id <= branches.id
    ) AS path
FROM below
JOIN branches ON branches.id = below.branch
JOIN conversations ON conversations.id = branches.conversation_id
ORDER BY 4 DESC, 1, 5 DESC

-- name: conversations
SELECT conversations.id AS pk, conversations.key AS id, conversations.name, conversations.title
FROM conversations
ORDER BY conversations.id

-- name: journal
SELECT journal.conversation_id AS conversation, journal.id AS pk, CAST(journal.detail AS text) AS text
FROM journal
ORDER BY journal.id

-- name: tags
SELECT tags.conversation_id AS conversation, tags.name
FROM tags
ORDER BY tags.name

-- name: assistants
SELECT
    assistants.name,
    assistant_versions.version,
    assistant_versions.id AS pk,
    assistant_versions.assistant_id AS assistant,
    assistant_versions.instructions,
    CAST(assistant_versions.params AS text) AS params
FROM assistant_versions
JOIN assistants ON assistants.id = assistant_versions.assistant_id
ORDER BY assistant_versions.id

-- The versions of assistants that a conversation used, or may use.
-- name: versions
SELECT assistant_versions.id
FROM assistant_versions
JOIN conversations ON conversations.assistant_id = assistant_versions.assistant_id
WHERE conversations.id = :conversation
UNION
SELECT runs.assistant_version_id AS id
FROM runs
WHERE runs.conversation_id = :conversation

-- name: copies
SELECT remote_files.provider, remote_files.remote_id
FROM remote_files
WHERE remote_files.sha256 = :sha256
ORDER BY remote_files.id
