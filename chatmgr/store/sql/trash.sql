-- The trash: conversations that were deleted and can be restored.

-- name: list
-- include: conversations.row
WHERE conversations.deleted_at IS NOT NULL
    -- include: conversations.filters
ORDER BY conversations.deleted_at DESC, conversations.id DESC
LIMIT :limit

-- name: before
-- include: conversations.row
WHERE conversations.deleted_at IS NOT NULL AND conversations.deleted_at <= :before
ORDER BY conversations.deleted_at DESC, conversations.id DESC

-- name: by_name
-- include: conversations.row
WHERE conversations.deleted_at IS NOT NULL AND conversations.name = :name
ORDER BY conversations.deleted_at DESC, conversations.id DESC
LIMIT 1

-- name: by_name_prefix
-- include: conversations.row
WHERE conversations.deleted_at IS NOT NULL
    AND conversations.name >= :low
    AND conversations.name < :high
ORDER BY conversations.deleted_at DESC, conversations.id DESC
LIMIT :limit

-- name: by_id_prefix
-- include: conversations.row
WHERE conversations.deleted_at IS NOT NULL
    AND conversations.key >= :low
    AND conversations.key < :high
LIMIT :limit

-- name: names
SELECT conversations.name, max(conversations.title) AS title
FROM conversations
WHERE conversations.deleted_at IS NOT NULL
    AND conversations.name >= :low
    AND conversations.name < :high
GROUP BY conversations.name
ORDER BY conversations.name
LIMIT :limit
