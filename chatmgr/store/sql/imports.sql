-- What was imported before.

-- The conversations of a kind of source: what they looked like there, and whether they are here still.
-- name: known
SELECT sources.source_id, sources.digest, conversations.id IS NOT NULL AS is_there
FROM sources
LEFT JOIN conversations ON conversations.key = sources.key
WHERE sources.kind = :kind

-- A whole file, by its hash.
-- name: file
SELECT sources.digest
FROM sources
WHERE sources.kind = 'file' AND sources.source_id = :digest

-- name: is_there
SELECT 1 AS there
FROM conversations
WHERE conversations.key = :key

-- name: has_turn
SELECT 1 AS there
FROM turns
WHERE turns.key = :key

-- name: version_key
SELECT assistant_versions.key
FROM assistant_versions
WHERE assistant_versions.id = :version
