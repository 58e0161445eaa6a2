-- Conversations: lists, and the ways to find one.

-- The answer to “which model?”: the conversation's own, else its assistant's where that is meant for
-- this provider, else the one used last.
-- fragment: shown_model
coalesce(
    nullif(conversations.model, ''),
    CASE
        WHEN assistant_versions.provider = '' OR assistant_versions.provider = conversations.provider
        THEN nullif(assistant_versions.model, '')
    END,
    CASE WHEN runs.provider = conversations.provider THEN runs.model END,
    ''
)

-- fragment: tags [sqlite]
(
    SELECT group_concat(tags.name, ',')
    FROM tags
    WHERE tags.conversation_id = conversations.id
)

-- fragment: tags [postgresql]
(
    SELECT string_agg(tags.name, ',')
    FROM tags
    WHERE tags.conversation_id = conversations.id
)

-- The first words of a conversation's path, and what shows whether there are more.
-- fragment: opening
coalesce(
    (
        SELECT substr(messages.content, 1, 201)
        FROM path_segments
        JOIN turns ON turns.branch_id = path_segments.branch_id AND turns.position = path_segments.first
        JOIN messages ON messages.turn_id = turns.id AND messages.role = 'user'
        WHERE path_segments.conversation_id = conversations.id
            AND path_segments.first = 1
            AND conversations.turns > 0
    ),
    ''
)

-- What a conversation stands on. Every join is a lookup by primary key.
-- fragment: source
FROM conversations
JOIN assistants ON assistants.id = conversations.assistant_id
JOIN assistant_versions
    ON assistant_versions.assistant_id = assistants.id
    AND assistant_versions.version = assistants.version
LEFT JOIN runs ON runs.id = conversations.last_run_id

-- The columns of a Conversation.
-- fragment: columns
conversations.id AS pk,
conversations.key AS id,
conversations.name,
conversations.title,
assistants.name AS assistant,
assistants.version AS assistant_version,
-- include: shown_model
AS model,
conversations.provider,
coalesce(
    (
        SELECT threads.remote_id
        FROM threads
        WHERE threads.conversation_id = conversations.id
            AND threads.provider = conversations.provider
            AND threads.dropped_at IS NULL
        ORDER BY threads.synced DESC, threads.id DESC
        LIMIT 1
    ),
    ''
) AS thread_id,
conversations.turns,
coalesce(runs.state, 'empty') AS state,
conversations.created_at,
conversations.updated_at,
conversations.model AS own_model,
conversations.archived_at,
conversations.deleted_at,
conversations.folder,
-- include: tags
AS tags,
coalesce(runs.detail, '') AS detail,
-- include: opening
AS opening,
(SELECT count(*) FROM branches WHERE branches.conversation_id = conversations.id) AS paths

-- fragment: row
SELECT
    -- include: columns
-- include: source

-- The filters that conversations and turns share. An empty parameter lets everything pass.
-- fragment: shared_filters
AND (:assistant = '' OR assistants.name = :assistant)
AND (:folder = '' OR conversations.folder = :folder)
AND (
    :tag = ''
    OR EXISTS (
        SELECT *
        FROM tags
        WHERE tags.conversation_id = conversations.id AND tags.name = :tag
    )
)
AND (
    :archived < 0
    OR CASE WHEN conversations.archived_at IS NULL THEN 0 ELSE 1 END = :archived
)

-- fragment: filters
AND conversations.updated_at BETWEEN :since AND :until
AND (
    :model = ''
    OR :model =
    -- include: shown_model
)
AND (:provider = '' OR conversations.provider = :provider)
AND (:state = '' OR coalesce(runs.state, 'empty') = :state)
AND (
    :file = 0
    OR EXISTS (
        SELECT *
        FROM path_segments, turns, messages, attachments
        WHERE path_segments.conversation_id = conversations.id
            AND
            -- include: turns.holds
            AND messages.turn_id = turns.id
            AND attachments.message_id = messages.id
    )
)
AND (
    :min_cost = 0
    OR (
        SELECT coalesce(sum(runs.cost), 0)
        FROM runs
        WHERE runs.conversation_id = conversations.id
    ) >= :min_cost
)
-- include: shared_filters

-- name: list
-- include: row
WHERE conversations.deleted_at IS NULL
    -- include: filters
ORDER BY conversations.updated_at DESC, conversations.id DESC
LIMIT :limit

-- name: keys
SELECT conversations.id
-- include: source
WHERE conversations.deleted_at IS NULL
    -- include: filters
ORDER BY conversations.updated_at DESC, conversations.id DESC

-- name: by_key
-- include: row
WHERE conversations.id = :conversation

-- name: by_name
-- include: row
WHERE conversations.deleted_at IS NULL AND conversations.name = :name

-- name: by_name_prefix
-- include: row
WHERE conversations.deleted_at IS NULL
    AND conversations.name >= :low
    AND conversations.name < :high
LIMIT :limit

-- name: by_id_prefix
-- include: row
WHERE conversations.deleted_at IS NULL
    AND conversations.key >= :low
    AND conversations.key < :high
LIMIT :limit

-- name: last_used
-- include: row
WHERE conversations.deleted_at IS NULL
ORDER BY conversations.used_at DESC, conversations.id DESC
LIMIT 1

-- name: last_in_folder
-- include: row
WHERE conversations.deleted_at IS NULL
    AND conversations.archived_at IS NULL
    AND conversations.folder = :folder
ORDER BY conversations.used_at DESC, conversations.id DESC
LIMIT 1

-- name: newest_names
SELECT conversations.name
FROM conversations
WHERE conversations.deleted_at IS NULL
ORDER BY conversations.updated_at DESC, conversations.id DESC
LIMIT :limit

-- name: names
SELECT conversations.name, conversations.title
FROM conversations
WHERE conversations.deleted_at IS NULL
    AND conversations.name >= :low
    AND conversations.name < :high
ORDER BY conversations.name
LIMIT :limit

-- name: key_of_name
SELECT conversations.id
FROM conversations
WHERE conversations.deleted_at IS NULL AND conversations.name = :name

-- name: at_provider
SELECT conversations.name
FROM conversations
WHERE conversations.deleted_at IS NULL AND conversations.provider = :provider
ORDER BY conversations.updated_at DESC, conversations.id DESC

-- name: providers
SELECT ever.provider
FROM (
    SELECT conversations.provider FROM conversations
    UNION
    SELECT threads.provider FROM threads
    UNION
    SELECT runs.provider FROM runs
) AS ever

-- name: tags
SELECT tags.name, count(*) AS conversations
FROM tags
JOIN conversations ON conversations.id = tags.conversation_id
WHERE conversations.deleted_at IS NULL
GROUP BY tags.name
ORDER BY tags.name

-- name: tag_names
SELECT DISTINCT tags.name
FROM tags
ORDER BY tags.name
