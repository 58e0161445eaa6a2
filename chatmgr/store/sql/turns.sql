-- Turns: what was asked and answered. A conversation's path is read piece by piece, each in one branch.

-- The pieces of a path, up to the conversation's tip.
-- name: pieces
SELECT
    path_segments.branch_id AS branch,
    path_segments.first,
    CASE WHEN path_segments.last < conversations.turns THEN path_segments.last ELSE conversations.turns END
    AS last
FROM path_segments
JOIN conversations ON conversations.id = path_segments.conversation_id
WHERE path_segments.conversation_id = :conversation AND path_segments.first <= conversations.turns
ORDER BY path_segments.first

-- The turns of a conversation's path, in no order.
-- fragment: path
FROM path_segments
JOIN conversations ON conversations.id = path_segments.conversation_id
JOIN turns
    ON turns.branch_id = path_segments.branch_id
    AND turns.position BETWEEN path_segments.first AND path_segments.last
    AND turns.position <= conversations.turns

-- Whether a conversation's path holds a turn.
-- fragment: holds
path_segments.branch_id = turns.branch_id
AND turns.position BETWEEN path_segments.first AND path_segments.last
AND turns.position <= conversations.turns

-- The first conversation that holds a turn, of those that the filters leave.
-- fragment: holder
(
    SELECT path_segments.conversation_id
    FROM path_segments
    JOIN conversations ON conversations.id = path_segments.conversation_id
    JOIN assistants ON assistants.id = conversations.assistant_id
    WHERE
        -- include: holds
        AND conversations.deleted_at IS NULL
        -- include: conversations.shared_filters
    ORDER BY path_segments.conversation_id
    LIMIT 1
)

-- The answer of a run: its message, and, while it is live, the parts that came after it.
-- fragment: answer [sqlite]
coalesce(answer.content, '') || coalesce(
    (
        SELECT group_concat(parts.content, '')
        FROM (
            SELECT answer_parts.content
            FROM answer_parts
            WHERE answer_parts.run_id = runs.id
            ORDER BY answer_parts.start
        ) AS parts
    ),
    ''
)

-- fragment: answer [postgresql]
coalesce(answer.content, '') || coalesce(
    (
        SELECT string_agg(answer_parts.content, '' ORDER BY answer_parts.start)
        FROM answer_parts
        WHERE answer_parts.run_id = runs.id
    ),
    ''
)

-- The columns of a Turn: its message, and its newest run with that run's answer.
-- fragment: row
SELECT
    conversations.name AS conversation,
    turns.position AS turn,
    question.content AS user,
    -- include: answer
    AS answer,
    runs.state,
    runs.detail,
    runs.model,
    runs.provider,
    runs.remote_id AS run_id,
    runs.thread_id,
    runs.started_at,
    runs.finished_at,
    runs.input_tokens,
    runs.output_tokens,
    runs.error,
    runs.cached_tokens,
    runs.reasoning_tokens,
    runs.cost,
    runs.reasoning,
    question.id AS message,
    EXISTS (SELECT * FROM attachments WHERE attachments.message_id = question.id) AS files,
    turns.id AS pk,
    EXISTS (SELECT * FROM items WHERE items.turn_id = turns.id) AS items,
    coalesce(assistants.name, '') AS assistant
FROM turns
JOIN conversations ON conversations.id = :conversation
JOIN messages AS question ON question.turn_id = turns.id AND question.role = 'user'
JOIN runs ON runs.id = turns.run_id
LEFT JOIN messages AS answer ON answer.run_id = turns.run_id
LEFT JOIN assistant_versions ON assistant_versions.id = runs.assistant_version_id
LEFT JOIN assistants ON assistants.id = assistant_versions.assistant_id

-- name: list
-- include: row
WHERE turns.branch_id = :branch AND turns.position >= :first AND turns.position <= :last
ORDER BY turns.position

-- name: runs
SELECT
    turns.position AS turn,
    runs.id = turns.run_id AS chosen,
    -- include: answer
    AS answer,
    runs.state,
    runs.detail,
    runs.error,
    runs.model,
    runs.provider,
    runs.remote_id AS run_id,
    runs.started_at,
    runs.finished_at,
    runs.input_tokens,
    runs.output_tokens,
    runs.cost,
    runs.id AS pk,
    EXISTS (
        SELECT *
        FROM items
        WHERE items.run_id = runs.id AND items.kind NOT IN ('reasoning', 'compaction')
    ) AS items
FROM runs
JOIN turns ON turns.id = runs.turn_id
LEFT JOIN messages AS answer ON answer.run_id = runs.id
WHERE turns.branch_id = :branch AND turns.position = :position
ORDER BY runs.id

-- name: user_messages
SELECT messages.content
FROM messages
JOIN turns ON turns.id = messages.turn_id
WHERE messages.role = 'user'
    AND EXISTS (
        SELECT *
        FROM path_segments
        JOIN conversations ON conversations.id = path_segments.conversation_id
        WHERE
            -- include: holds
            AND conversations.deleted_at IS NULL
    )
ORDER BY messages.id DESC
LIMIT :limit

-- What a model is shown, oldest first. A turn without an answer, in text or in items, is left out: its message would stand
-- beside the next one's, which many chat templates refuse, and the user was told that it failed.
-- name: context
SELECT
    question.content AS user,
    coalesce(answer.content, '') AS answer,
    question.id AS message,
    turns.id AS turn
FROM turns
JOIN messages AS question ON question.turn_id = turns.id AND question.role = 'user'
LEFT JOIN messages AS answer ON answer.run_id = turns.run_id
WHERE turns.branch_id = :branch
    AND turns.position >= :first
    AND turns.position <= :last
    AND (
        answer.content <> ''
        OR
        -- include: items.answers
    )
ORDER BY turns.position

-- name: context_files
SELECT
    attachments.message_id AS message,
    attachments.name,
    attachments.content_type,
    attachments.sha256,
    blobs.data
FROM turns
JOIN messages ON messages.turn_id = turns.id AND messages.role = 'user'
JOIN attachments ON attachments.message_id = messages.id
JOIN blobs ON blobs.sha256 = attachments.sha256
WHERE turns.branch_id = :branch
    AND turns.position >= :first
    AND turns.position <= :last
ORDER BY turns.position, attachments.position

-- name: last_answered
SELECT turns.position
FROM turns
LEFT JOIN messages ON messages.run_id = turns.run_id
WHERE turns.branch_id = :branch
    AND turns.position >= :first
    AND turns.position <= :last
    AND (
        messages.content <> ''
        OR
        -- include: items.answers
    )
ORDER BY turns.position DESC
LIMIT 1

-- name: attachments
SELECT
    attachments.name,
    attachments.content_type,
    attachments.sha256,
    blobs.size,
    CASE WHEN attachments.content_type LIKE 'image/%' THEN substr(blobs.data, 1, 65536) END AS pixels
FROM attachments
JOIN blobs ON blobs.sha256 = attachments.sha256
WHERE attachments.message_id = :message
ORDER BY attachments.position

-- name: files
SELECT attachments.name, attachments.content_type, attachments.sha256, blobs.data
FROM attachments
JOIN blobs ON blobs.sha256 = attachments.sha256
WHERE attachments.message_id = :message
ORDER BY attachments.position
