-- Turns: what was asked and answered.

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
    EXISTS (SELECT * FROM attachments WHERE attachments.message_id = question.id) AS files
FROM turns
JOIN conversations ON conversations.id = turns.conversation_id
JOIN messages AS question ON question.turn_id = turns.id AND question.role = 'user'
JOIN runs ON runs.id = turns.run_id
LEFT JOIN messages AS answer ON answer.run_id = turns.run_id
WHERE turns.conversation_id = :conversation

-- name: list
-- include: row
    AND turns.position >= :first
    AND turns.position <= :last
ORDER BY turns.position
LIMIT :limit

-- name: tail
-- include: row
ORDER BY turns.position DESC
LIMIT :limit

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
    runs.cost
FROM runs
JOIN turns ON turns.id = runs.turn_id
LEFT JOIN messages AS answer ON answer.run_id = runs.id
WHERE turns.conversation_id = :conversation AND turns.position = :position
ORDER BY runs.id

-- name: user_messages
SELECT messages.content
FROM messages
JOIN turns ON turns.id = messages.turn_id
JOIN conversations ON conversations.id = turns.conversation_id
WHERE conversations.deleted_at IS NULL AND messages.role = 'user'
ORDER BY messages.id DESC
LIMIT :limit

-- What a model is shown, newest first. A turn without an answer is left out: its message would stand
-- beside the next one's, which many chat templates refuse, and the user was told that it failed.
-- name: context
SELECT question.content AS user, answer.content AS answer, question.id AS message
FROM turns
JOIN messages AS question ON question.turn_id = turns.id AND question.role = 'user'
JOIN messages AS answer ON answer.run_id = turns.run_id
WHERE turns.conversation_id = :conversation
    AND turns.position < :before
    AND turns.position > :after
    AND answer.content <> ''
ORDER BY turns.position DESC

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
WHERE turns.conversation_id = :conversation
    AND turns.position < :before
    AND turns.position > :after
ORDER BY turns.position, attachments.position

-- name: last_answered
SELECT turns.position
FROM turns
JOIN messages ON messages.run_id = turns.run_id
WHERE turns.conversation_id = :conversation
    AND turns.position < :before
    AND messages.content <> ''
ORDER BY turns.position DESC
LIMIT 1

-- name: attachments
SELECT attachments.name, attachments.content_type, attachments.sha256, blobs.size
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
