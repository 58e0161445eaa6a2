-- Threads: what servers keep of conversations.

-- name: get
SELECT threads.remote_id, threads.synced, threads.doubtful, threads.branch_id AS branch
FROM threads
WHERE threads.conversation_id = :conversation
    AND threads.provider = :provider
    AND threads.endpoint = :endpoint
    AND threads.dropped_at IS NULL

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

-- What is on a conversation's path. Joined so that the files lead, which are few, and not the turns.
-- fragment: on_path
CROSS JOIN turns
CROSS JOIN path_segments
CROSS JOIN conversations
WHERE remote_files.provider = :provider
    AND remote_files.endpoint = :endpoint
    AND path_segments.conversation_id = :conversation
    AND conversations.id = path_segments.conversation_id
    AND
    -- include: turns.holds

-- fragment: type_of_item [sqlite]
json_extract(items.content, '$.content_type')

-- fragment: type_of_item [postgresql]
items.content ->> 'content_type'

-- The files that a server has of a conversation: those that were sent, and the images of answers that were
-- sent back.
-- name: remote_files
SELECT remote_files.sha256, remote_files.remote_id AS id, attachments.content_type
FROM remote_files
CROSS JOIN attachments
CROSS JOIN messages
-- include: on_path
    AND attachments.sha256 = remote_files.sha256
    AND messages.id = attachments.message_id
    AND turns.id = messages.turn_id
UNION
SELECT
    remote_files.sha256,
    remote_files.remote_id AS id,
    -- include: type_of_item
    AS content_type
FROM remote_files
CROSS JOIN items
-- include: on_path
    AND items.sha256 = remote_files.sha256
    AND turns.id = items.turn_id

-- The columns of a RemoteCopy, with one conversation that has it.
-- fragment: copy
SELECT
    remote_files.id AS pk,
    remote_files.provider,
    remote_files.endpoint,
    remote_files.remote_id,
    conversations.id AS user_pk,
    conversations.name AS user_name
FROM remote_files

-- fragment: sent
JOIN attachments ON attachments.sha256 = remote_files.sha256
JOIN messages ON messages.id = attachments.message_id
JOIN turns ON turns.id = messages.turn_id

-- fragment: received
JOIN items ON items.sha256 = remote_files.sha256
JOIN turns ON turns.id = items.turn_id

-- fragment: on_a_path
JOIN path_segments
    ON path_segments.branch_id = turns.branch_id
    AND turns.position BETWEEN path_segments.first AND path_segments.last
JOIN conversations ON conversations.id = path_segments.conversation_id
WHERE remote_files.sha256 IN (
    -- include: files
)

-- fragment: in_a_branch
JOIN branches ON branches.id = turns.branch_id
JOIN conversations ON conversations.id = branches.conversation_id
WHERE remote_files.sha256 IN (
    -- include: files
)

-- The files of a conversation, on all the paths that it took.
-- fragment: files
SELECT attachments.sha256
FROM held
JOIN turns ON turns.branch_id = held.branch AND turns.position BETWEEN held.first AND held.last
JOIN messages ON messages.turn_id = turns.id
JOIN attachments ON attachments.message_id = messages.id
UNION ALL
SELECT items.sha256
FROM held
JOIN turns ON turns.branch_id = held.branch AND turns.position BETWEEN held.first AND held.last
JOIN items ON items.turn_id = turns.id
WHERE items.sha256 IS NOT NULL

-- The files that servers keep of a conversation, once for each conversation that has them.
-- name: copies
-- include: export.held
-- include: copy
-- include: sent
-- include: on_a_path
UNION
-- include: copy
-- include: sent
-- include: in_a_branch
UNION
-- include: copy
-- include: received
-- include: on_a_path
UNION
-- include: copy
-- include: received
-- include: in_a_branch
ORDER BY pk, user_pk
