-- What two databases tell each other of conversations.

-- name: states
SELECT
    conversations.id AS pk,
    conversations.key,
    conversations.name,
    conversations.title,
    conversations.model,
    conversations.provider,
    conversations.turns,
    conversations.last_run_id,
    conversations.branch_id,
    conversations.updated_at,
    conversations.archived_at,
    conversations.deleted_at,
    conversations.assistant_id,
    assistants.version,
    (SELECT max(journal.id) FROM journal WHERE journal.conversation_id = conversations.id) AS entry,
    EXISTS (
        SELECT *
        FROM runs
        WHERE runs.conversation_id = conversations.id
            AND runs.state IN ('pending', 'running', 'requires_action')
    ) AS live
FROM conversations
JOIN assistants ON assistants.id = conversations.assistant_id
ORDER BY conversations.id

-- name: exchanged
SELECT exchanges.key, exchanges.here, exchanges.there, exchanges.tip
FROM exchanges
WHERE exchanges.database = :database

-- name: deleted
SELECT deletions.key
FROM deletions

-- Every turn of a conversation, on whichever of its paths, once for each of its runs.
-- name: turns
-- include: export.held
SELECT DISTINCT
    turns.branch_id AS branch,
    turns.position,
    turns.key,
    branches.parent_id AS parent,
    branches.parent_position AS after,
    runs.id AS attempt,
    runs.key AS run,
    CASE WHEN runs.id = turns.run_id THEN 1 ELSE 0 END AS chosen
FROM held
JOIN turns ON turns.branch_id = held.branch AND turns.position BETWEEN held.first AND held.last
JOIN branches ON branches.id = turns.branch_id
LEFT JOIN runs ON runs.turn_id = turns.id
    AND runs.state NOT IN ('pending', 'running', 'requires_action')
ORDER BY turns.position, turns.branch_id, attempt

-- name: tip
SELECT turns.key, turns.created_at
FROM conversations
JOIN path_segments ON path_segments.conversation_id = conversations.id
JOIN turns ON turns.branch_id = path_segments.branch_id
    AND turns.position = conversations.turns
    AND turns.position BETWEEN path_segments.first AND path_segments.last
WHERE conversations.id = :conversation

-- name: changes
SELECT journal.action, journal.detail, journal.pid, journal.host, journal.created_at AS at
FROM journal
WHERE journal.conversation_id = :conversation
ORDER BY journal.id

-- The threads in use, each with the last turn that it holds.
-- name: threads
SELECT
    threads.provider,
    threads.endpoint,
    threads.remote_id,
    threads.doubtful,
    threads.created_at,
    turns.key AS turn
FROM threads
JOIN turns ON turns.branch_id = threads.branch_id AND turns.position = threads.synced
WHERE threads.conversation_id = :conversation AND threads.dropped_at IS NULL
ORDER BY threads.id

-- name: version_keys
SELECT assistant_versions.id, assistant_versions.key, assistant_versions.assistant_id AS assistant
FROM assistant_versions

-- name: assistant
SELECT assistants.name
FROM assistants
WHERE assistants.id = :assistant
