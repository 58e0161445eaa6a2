-- Assistants, each at one version.

-- The columns of an Assistant.
-- fragment: row
SELECT
    assistants.id,
    assistant_versions.id AS version_id,
    assistants.name,
    assistant_versions.version,
    assistant_versions.instructions,
    assistant_versions.model,
    assistant_versions.provider,
    assistant_versions.params,
    assistants.created_at,
    assistant_versions.created_at AS updated_at
FROM assistants
JOIN assistant_versions ON assistant_versions.assistant_id = assistants.id

-- name: list
-- include: row
WHERE assistant_versions.version = assistants.version AND assistants.deleted_at IS NULL
ORDER BY assistants.name

-- A conversation in the trash uses its assistant, too: it may come back.
-- name: unused
-- include: row
WHERE assistant_versions.version = assistants.version
    AND assistants.deleted_at IS NULL
    AND assistants.name <> :name
    AND NOT EXISTS (
        SELECT *
        FROM conversations
        WHERE conversations.assistant_id = assistants.id
    )
ORDER BY assistants.name

-- name: by_name
-- include: row
WHERE assistant_versions.version = assistants.version
    AND assistants.deleted_at IS NULL
    AND assistants.name = :name

-- name: of
-- include: row
JOIN conversations ON conversations.assistant_id = assistants.id
WHERE conversations.id = :conversation AND assistant_versions.version = assistants.version

-- The version that a run was made with.
-- name: of_run
-- include: row
JOIN runs ON runs.assistant_version_id = assistant_versions.id
WHERE runs.id = :run

-- name: versions
-- include: row
WHERE assistants.name = :name AND assistants.deleted_at IS NULL
ORDER BY assistant_versions.version

-- name: remote_id
SELECT remote_assistants.remote_id
FROM remote_assistants
WHERE remote_assistants.assistant_id = :assistant
    AND remote_assistants.provider = :provider
    AND remote_assistants.endpoint = :endpoint

-- name: remote_ids
SELECT remote_assistants.provider, remote_assistants.remote_id
FROM remote_assistants
WHERE remote_assistants.assistant_id = :assistant
ORDER BY remote_assistants.provider
