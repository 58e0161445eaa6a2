-- The journal: what was done to a conversation.

-- name: entries
SELECT journal.action, journal.detail, journal.pid, journal.host, journal.created_at AS at
FROM journal
WHERE journal.conversation_id = :conversation
ORDER BY journal.id DESC
LIMIT :limit

-- What a conversation is called that the journal of another names by its key.
-- name: name
SELECT conversations.name
FROM conversations
WHERE conversations.key = :key
