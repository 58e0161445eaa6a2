-- Whole rows for exports: every column of everything that belongs to a conversation, under the
-- column's own name. chatmgr/domain/export_schema.py lists the columns.

-- name: conversations
SELECT
    conversations.id,
    conversations.key,
    conversations.name,
    conversations.title,
    conversations.assistant_id,
    conversations.model,
    conversations.provider,
    conversations.turns,
    conversations.last_run_id,
    conversations.created_at,
    conversations.updated_at,
    conversations.used_at,
    conversations.deleted_at,
    conversations.max_cost,
    conversations.archived_at,
    conversations.folder
FROM conversations
WHERE conversations.id = :conversation

-- name: tags
SELECT tags.conversation_id, tags.name
FROM tags
WHERE tags.conversation_id = :conversation
ORDER BY tags.name

-- name: threads
SELECT
    threads.id,
    threads.conversation_id,
    threads.provider,
    threads.endpoint,
    threads.remote_id,
    threads.synced,
    threads.doubtful,
    threads.created_at,
    threads.dropped_at
FROM threads
WHERE threads.conversation_id = :conversation
ORDER BY threads.id

-- Its own assistant and those that once answered in it. The runs are reached through the turns.
-- name: assistants
SELECT
    assistants.id,
    assistants.name,
    assistants.version,
    assistants.created_at,
    assistants.updated_at,
    assistants.deleted_at
FROM assistants
WHERE assistants.id IN (
        SELECT conversations.assistant_id
        FROM conversations
        WHERE conversations.id = :conversation
    )
    OR assistants.id IN (
        SELECT assistant_versions.assistant_id
        FROM assistant_versions
        JOIN runs ON runs.assistant_version_id = assistant_versions.id
        JOIN turns ON turns.id = runs.turn_id
        WHERE turns.conversation_id = :conversation
    )
ORDER BY assistants.id

-- name: assistant_versions
SELECT
    assistant_versions.id,
    assistant_versions.assistant_id,
    assistant_versions.version,
    assistant_versions.instructions,
    assistant_versions.model,
    assistant_versions.provider,
    assistant_versions.params,
    assistant_versions.created_at
FROM assistant_versions
WHERE assistant_versions.assistant_id = :assistant
ORDER BY assistant_versions.version

-- name: remote_assistants
SELECT
    remote_assistants.id,
    remote_assistants.assistant_id,
    remote_assistants.provider,
    remote_assistants.endpoint,
    remote_assistants.remote_id,
    remote_assistants.created_at
FROM remote_assistants
WHERE remote_assistants.assistant_id = :assistant
ORDER BY remote_assistants.id

-- name: turns
SELECT turns.id, turns.conversation_id, turns.position, turns.run_id, turns.created_at, turns.stamp
FROM turns
WHERE turns.conversation_id = :conversation AND turns.position > :after
ORDER BY turns.position
LIMIT :limit

-- name: runs
SELECT
    runs.id,
    runs.turn_id,
    runs.conversation_id,
    runs.assistant_version_id,
    runs.provider,
    runs.model,
    runs.state,
    runs.detail,
    runs.error,
    runs.thread_id,
    runs.remote_id,
    runs.sent_at,
    runs.started_at,
    runs.finished_at,
    runs.pid,
    runs.host,
    runs.input_tokens,
    runs.output_tokens,
    runs.cached_tokens,
    runs.reasoning_tokens,
    runs.cost,
    runs.background,
    runs.cursor,
    runs.reasoning
FROM runs
JOIN turns ON turns.id = runs.turn_id
WHERE turns.conversation_id = :conversation
    AND turns.position >= :first
    AND turns.position <= :last
ORDER BY runs.id

-- name: messages
SELECT
    answer.id,
    answer.turn_id,
    answer.run_id,
    answer.role,
    -- include: turns.answer
    AS content,
    answer.created_at
FROM messages AS answer
JOIN turns ON turns.id = answer.turn_id
LEFT JOIN runs ON runs.id = answer.run_id
WHERE turns.conversation_id = :conversation
    AND turns.position >= :first
    AND turns.position <= :last
ORDER BY answer.id

-- name: attachments
SELECT
    attachments.id,
    attachments.message_id,
    attachments.position,
    attachments.name,
    attachments.content_type,
    attachments.sha256
FROM attachments
JOIN messages ON messages.id = attachments.message_id
JOIN turns ON turns.id = messages.turn_id
WHERE turns.conversation_id = :conversation
    AND turns.position >= :first
    AND turns.position <= :last
ORDER BY attachments.message_id, attachments.position

-- name: blobs
SELECT blobs.sha256, blobs.size, blobs.data
FROM blobs
WHERE blobs.sha256 = :sha256

-- name: remote_files
SELECT
    remote_files.id,
    remote_files.sha256,
    remote_files.provider,
    remote_files.endpoint,
    remote_files.remote_id,
    remote_files.created_at
FROM remote_files
WHERE remote_files.sha256 = :sha256
ORDER BY remote_files.id
