-- Runs: the ones still open, and what they cost.

-- A LiveRun: a run that nobody has closed, with all that is needed to take it up again.
-- fragment: live
SELECT
    runs.id AS run_pk,
    runs.turn_id AS turn_pk,
    runs.conversation_id AS conversation_pk,
    turns.position,
    runs.state,
    runs.provider,
    runs.model,
    runs.thread_id,
    runs.remote_id AS run_id,
    runs.sent_at IS NOT NULL AS sent,
    -- include: turns.answer
    AS text,
    runs.pid,
    runs.host,
    runs.started_at,
    runs.background,
    runs.cursor,
    conversations.name AS conversation,
    question.content AS user,
    question.id AS message,
    runs.detail
FROM runs
JOIN turns ON turns.id = runs.turn_id
JOIN conversations ON conversations.id = runs.conversation_id
JOIN messages AS question ON question.turn_id = turns.id AND question.role = 'user'
LEFT JOIN messages AS answer ON answer.run_id = runs.id
WHERE runs.state IN ('pending', 'running', 'requires_action')

-- name: live
-- include: live
    AND runs.conversation_id = :conversation

-- name: all_live
-- include: live
    AND conversations.deleted_at IS NULL
ORDER BY runs.started_at

-- The answers that other runs gave to a turn before, newest first.
-- name: earlier
SELECT runs.id AS pk, messages.content AS answer
FROM runs
JOIN messages ON messages.run_id = runs.id
WHERE runs.turn_id = :turn AND runs.id < :run AND messages.content <> ''
ORDER BY runs.id DESC

-- How a conversation last came to answer a turn anew.
-- name: asked_anew
SELECT journal.action, journal.detail
FROM journal
WHERE journal.conversation_id = :conversation AND journal.action IN ('retry', 'continue')
ORDER BY journal.id DESC
LIMIT 1

-- The run that said each item of a turn, in their order; none for the answer to a call.
-- name: said_by
SELECT items.run_id AS run
FROM items
WHERE items.turn_id = :turn
ORDER BY items.position

-- name: newest
SELECT coalesce(max(runs.id), 0) AS newest
FROM runs
WHERE runs.conversation_id = :conversation

-- name: cost
SELECT
    coalesce(sum(runs.cost), 0) AS spent,
    count(CASE WHEN runs.sent_at IS NOT NULL AND runs.cost IS NULL THEN 1 END) AS unpriced
FROM runs
WHERE runs.conversation_id = :conversation

-- What a run had used when it began to wait for us, as far as it did.
-- name: used
SELECT
    runs.input_tokens,
    runs.output_tokens,
    runs.cached_tokens,
    runs.reasoning_tokens
FROM runs
WHERE runs.id = :run

-- name: max_cost
SELECT conversations.max_cost
FROM conversations
WHERE conversations.id = :conversation

-- name: last_model
SELECT runs.model
FROM runs
WHERE runs.conversation_id = :conversation AND runs.provider = :provider AND runs.model <> ''
ORDER BY runs.id DESC
LIMIT 1
