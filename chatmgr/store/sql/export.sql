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
    conversations.folder,
    conversations.branch_id
FROM conversations
WHERE conversations.id = :conversation

-- name: path_segments
SELECT
    path_segments.conversation_id,
    path_segments.first,
    path_segments.branch_id,
    path_segments.last
FROM path_segments
WHERE path_segments.conversation_id = :conversation
ORDER BY path_segments.first

-- All the paths of a conversation, in pieces that each are in one branch: the path that it is at, also what was
-- undone of it, the branches that it made, and what those go on from. Pieces may overlap.
-- fragment: held
WITH RECURSIVE held (branch, first, last) AS (
    SELECT path_segments.branch_id, path_segments.first, path_segments.last
    FROM path_segments
    WHERE path_segments.conversation_id = :conversation
    UNION
    SELECT branches.id, branches.parent_position + 1, 2147483647
    FROM branches
    WHERE branches.conversation_id = :conversation
    UNION
    SELECT parents.id, parents.parent_position + 1, children.parent_position
    FROM held
    JOIN branches AS children ON children.id = held.branch
    JOIN branches AS parents ON parents.id = children.parent_id
)

-- name: branches
-- include: held
SELECT
    branches.id,
    branches.key,
    branches.conversation_id,
    branches.parent_id,
    branches.parent_position,
    branches.created_at
FROM branches
WHERE branches.id IN (SELECT held.branch FROM held)
ORDER BY branches.id

-- All the turns of a conversation, in pieces that do not overlap: its path, then what else was ever on one.
-- name: pieces
-- include: held
SELECT path_segments.branch_id AS branch, path_segments.first, path_segments.last, 0 AS place
FROM path_segments
WHERE path_segments.conversation_id = :conversation
UNION ALL
SELECT
    held.branch,
    coalesce(path_segments.last + 1, held.first),
    max(held.last),
    1
FROM held
LEFT JOIN path_segments
    ON path_segments.branch_id = held.branch
    AND path_segments.conversation_id = :conversation
    AND path_segments.last < 2147483647
WHERE held.branch NOT IN (
        SELECT conversations.branch_id
        FROM conversations
        WHERE conversations.id = :conversation
    )
GROUP BY held.branch, held.first, path_segments.last
HAVING max(held.last) > coalesce(path_segments.last, 0)
ORDER BY place, first, branch

-- name: journal
SELECT
    journal.id,
    journal.conversation_id,
    journal.action,
    journal.detail,
    journal.pid,
    journal.host,
    journal.created_at
FROM journal
WHERE journal.conversation_id = :conversation
ORDER BY journal.id

-- name: sources
-- include: held
SELECT sources.kind, sources.source_id, sources.key, sources.digest
FROM sources
WHERE sources.key IN (
        SELECT conversations.key
        FROM conversations
        WHERE conversations.id = :conversation
    )
    OR sources.key IN (
        SELECT turns.key
        FROM held
        JOIN turns ON turns.branch_id = held.branch AND turns.position BETWEEN held.first AND held.last
    )
ORDER BY sources.kind, sources.source_id

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
    threads.dropped_at,
    threads.branch_id
FROM threads
WHERE threads.conversation_id = :conversation
ORDER BY threads.id

-- Its own assistant and those that once answered in it. The runs are reached through the turns.
-- name: assistants
-- include: held
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
        WHERE runs.conversation_id = :conversation
    )
    OR assistants.id IN (
        SELECT assistant_versions.assistant_id
        FROM held
        JOIN turns ON turns.branch_id = held.branch AND turns.position BETWEEN held.first AND held.last
        JOIN runs ON runs.turn_id = turns.id
        JOIN assistant_versions ON assistant_versions.id = runs.assistant_version_id
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
    assistant_versions.created_at,
    assistant_versions.key
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
SELECT
    turns.id,
    turns.branch_id,
    turns.position,
    turns.run_id,
    turns.created_at,
    turns.stamp,
    turns.key
FROM turns
WHERE turns.branch_id = :branch AND turns.position >= :first AND turns.position <= :last
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
    runs.reasoning,
    runs.key
FROM runs
JOIN turns ON turns.id = runs.turn_id
WHERE turns.branch_id = :branch
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
WHERE turns.branch_id = :branch
    AND turns.position >= :first
    AND turns.position <= :last
ORDER BY answer.id

-- name: items
SELECT
    items.id,
    items.turn_id,
    items.run_id,
    items.position,
    items.kind,
    items.content,
    items.raw,
    items.api,
    items.model,
    items.sha256,
    items.created_at,
    items.remote_id
FROM items
JOIN turns ON turns.id = items.turn_id
WHERE turns.branch_id = :branch
    AND turns.position >= :first
    AND turns.position <= :last
ORDER BY items.id

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
WHERE turns.branch_id = :branch
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
