-- What was imported before.

-- A conversation by its id at a source: what it looked like there, and whether it is here still.
-- name: source
SELECT
    sources.digest,
    EXISTS (SELECT * FROM conversations WHERE conversations.key = sources.key) AS is_there
FROM sources
WHERE sources.kind = :kind AND sources.source_id = :source_id

-- A whole file, by its hash.
-- name: file
SELECT sources.digest
FROM sources
WHERE sources.kind = 'file' AND sources.source_id = :digest

-- name: is_there
SELECT 1
FROM conversations
WHERE conversations.key = :key

-- name: has_turn
SELECT 1
FROM turns
WHERE turns.key = :key

-- name: version_key
SELECT assistant_versions.key
FROM assistant_versions
WHERE assistant_versions.id = :version
