-- Threads: what servers keep of conversations.

-- name: get
SELECT threads.remote_id, threads.synced, threads.doubtful, threads.branch_id AS branch
FROM threads
WHERE threads.conversation_id = :conversation
    AND threads.provider = :provider
    AND threads.endpoint = :endpoint
    AND threads.dropped_at IS NULL

-- name: parent
SELECT branches.parent_id AS branch, branches.parent_position AS last
FROM branches
WHERE branches.id = :branch

-- name: list
SELECT
    threads.provider,
    threads.endpoint,
    threads.remote_id,
    threads.synced,
    threads.doubtful,
    threads.branch_id AS branch
FROM threads
WHERE threads.conversation_id = :conversation AND threads.dropped_at IS NULL
ORDER BY threads.created_at

-- name: holders
SELECT conversations.name
FROM conversations
JOIN threads ON threads.conversation_id = conversations.id AND threads.dropped_at IS NULL
WHERE conversations.deleted_at IS NULL
    AND threads.remote_id = :remote_id
    AND threads.provider = :provider

-- name: ever
SELECT threads.id AS pk, threads.provider, threads.endpoint, threads.remote_id
FROM threads
WHERE threads.conversation_id = :conversation
ORDER BY threads.id

-- name: responses
SELECT runs.remote_id
FROM runs
WHERE runs.conversation_id = :conversation
    AND runs.provider = :provider
    AND runs.thread_id = :thread
    AND runs.remote_id <> ''
ORDER BY runs.id

-- name: remote_files
SELECT DISTINCT remote_files.sha256, remote_files.remote_id AS id, attachments.content_type
-- include: turns.path
JOIN messages ON messages.turn_id = turns.id
JOIN attachments ON attachments.message_id = messages.id
JOIN remote_files ON remote_files.sha256 = attachments.sha256
WHERE path_segments.conversation_id = :conversation
    AND remote_files.provider = :provider
    AND remote_files.endpoint = :endpoint

-- The columns of a RemoteCopy, with one conversation that has it attached.
-- fragment: copy
SELECT
    remote_files.id AS pk,
    remote_files.provider,
    remote_files.endpoint,
    remote_files.remote_id,
    conversations.id AS user_pk,
    conversations.name AS user_name
FROM remote_files
JOIN attachments ON attachments.sha256 = remote_files.sha256
JOIN messages ON messages.id = attachments.message_id
JOIN turns ON turns.id = messages.turn_id

-- The files of a conversation, on its path and on those that it left.
-- fragment: attached
SELECT attachments.sha256
FROM path_segments
JOIN turns
    ON turns.branch_id = path_segments.branch_id
    AND turns.position BETWEEN path_segments.first AND path_segments.last
JOIN messages ON messages.turn_id = turns.id
JOIN attachments ON attachments.message_id = messages.id
WHERE path_segments.conversation_id = :conversation
UNION ALL
SELECT attachments.sha256
FROM branches
JOIN turns ON turns.branch_id = branches.id
JOIN messages ON messages.turn_id = turns.id
JOIN attachments ON attachments.message_id = messages.id
WHERE branches.conversation_id = :conversation

-- The files that servers keep of a conversation, once for each conversation that has them attached.
-- name: copies
-- include: copy
JOIN path_segments
    ON path_segments.branch_id = turns.branch_id
    AND turns.position BETWEEN path_segments.first AND path_segments.last
JOIN conversations ON conversations.id = path_segments.conversation_id
WHERE remote_files.sha256 IN (
    -- include: attached
)
UNION
-- include: copy
JOIN branches ON branches.id = turns.branch_id
JOIN conversations ON conversations.id = branches.conversation_id
WHERE remote_files.sha256 IN (
    -- include: attached
)
ORDER BY pk, user_pk
