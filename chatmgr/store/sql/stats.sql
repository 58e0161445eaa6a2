-- Sums over runs: what was said and what it took. Each statement passes over the runs at most once.

-- The columns of a Count but its key, over the runs that the filters leave. The time, the files and the
-- cost that are filtered by are those of a run's turn. A run that was never sent has no price to know.
-- fragment: sums
count(DISTINCT turns.id) AS turns,
min(turns.created_at) AS first_at,
max(turns.created_at) AS last_at,
-- include: run_sums

-- Whether a run was made where it is. One that was copied for another path counts where it was made: it was
-- never sent, and is known to have used no tokens.
-- fragment: made
(runs.sent_at IS NOT NULL OR coalesce(runs.input_tokens, 1) <> 0)

-- fragment: run_sums
count(*) AS runs,
sum(runs.input_tokens) AS input_tokens,
sum(runs.output_tokens) AS output_tokens,
sum(runs.cached_tokens) AS cached_tokens,
sum(runs.reasoning_tokens) AS reasoning_tokens,
sum(runs.cost) AS cost,
count(CASE WHEN runs.sent_at IS NOT NULL AND runs.cost IS NULL THEN 1 END) AS unpriced

-- fragment: filtered
FROM runs
JOIN turns ON turns.id = runs.turn_id
JOIN conversations ON conversations.id = runs.conversation_id
JOIN assistants ON assistants.id = conversations.assistant_id
-- include: conditions

-- fragment: conditions
WHERE
    -- include: made
    AND conversations.deleted_at IS NULL
    AND turns.created_at BETWEEN :since AND :until
    AND (:model = '' OR runs.model = :model)
    AND (:provider = '' OR runs.provider = :provider)
    AND (:state = '' OR runs.state = :state)
    AND (
        :file = 0
        OR EXISTS (
            SELECT *
            FROM messages, attachments
            WHERE messages.turn_id = turns.id AND attachments.message_id = messages.id
        )
    )
    AND (
        :min_cost = 0
        OR (
            SELECT coalesce(sum(attempts.cost), 0)
            FROM runs AS attempts
            WHERE attempts.turn_id = turns.id
        ) >= :min_cost
    )
    -- include: conversations.shared_filters

-- Where no filter is of runs or times: a row for each conversation, model and provider, in one pass over
-- an index that holds all the columns (ix_runs_usage). Turns are counted for the conversations alone that
-- were forked or edited, or whose last turns were undone: of the others, their number is known. Of models and
-- providers, they are not counted here: see the two after it.
-- name: usage
WITH branched AS (
    SELECT branches.conversation_id
    FROM branches
    LEFT JOIN conversations ON conversations.branch_id = branches.id
    WHERE branches.conversation_id IS NOT NULL
        AND (branches.parent_id IS NOT NULL OR conversations.id IS NULL)
)
SELECT
    conversations.id AS pk,
    conversations.name AS conversation,
    CASE
        WHEN conversations.id IN (SELECT branched.conversation_id FROM branched)
            OR EXISTS (
                SELECT *
                FROM turns
                WHERE turns.branch_id = conversations.branch_id AND turns.position = conversations.turns + 1
            )
        THEN (
            SELECT count(DISTINCT runs.turn_id)
            FROM runs
            WHERE runs.conversation_id = conversations.id
                AND
                -- include: made
        )
        ELSE conversations.turns
    END AS turns,
    assistants.name AS assistant,
    used.model,
    used.provider,
    used.runs,
    used.input_tokens,
    used.output_tokens,
    used.cached_tokens,
    used.reasoning_tokens,
    used.cost,
    used.unpriced
FROM (
    SELECT
        runs.conversation_id,
        runs.model,
        runs.provider,
        -- include: run_sums
    FROM runs
    WHERE
        -- include: made
    GROUP BY runs.conversation_id, runs.model, runs.provider
) AS used
JOIN conversations ON conversations.id = used.conversation_id
JOIN assistants ON assistants.id = conversations.assistant_id
WHERE conversations.deleted_at IS NULL
    -- include: conversations.shared_filters
ORDER BY conversations.id

-- name: turns_by_model
SELECT runs.model AS key, count(DISTINCT runs.turn_id) AS turns
FROM runs
WHERE runs.conversation_id = :conversation
    AND
    -- include: made
GROUP BY runs.model

-- name: turns_by_provider
SELECT runs.provider AS key, count(DISTINCT runs.turn_id) AS turns
FROM runs
WHERE runs.conversation_id = :conversation
    AND
    -- include: made
GROUP BY runs.provider

-- fragment: times
SELECT turns.created_at
FROM turns
JOIN runs ON runs.turn_id = turns.id
JOIN conversations ON conversations.id = runs.conversation_id
JOIN assistants ON assistants.id = conversations.assistant_id
WHERE
    -- include: made
    AND conversations.deleted_at IS NULL
    -- include: conversations.shared_filters

-- The times of the first and the last turns in the order of their stamps, which is that of their times but
-- for what a clock that was set back has mixed.
-- name: first_times
-- include: times
ORDER BY turns.stamp
LIMIT :limit

-- name: last_times
-- include: times
ORDER BY turns.stamp DESC
LIMIT :limit

-- name: total
SELECT
    count(DISTINCT conversations.id) AS conversations,
    -- include: sums
-- include: filtered

-- name: total_of
SELECT
    -- include: sums
-- include: filtered
    AND conversations.id = :conversation

-- name: by_model
SELECT
    runs.model AS key,
    -- include: sums
-- include: filtered
GROUP BY runs.model
ORDER BY turns DESC, runs.model
LIMIT :limit

-- name: by_provider
SELECT
    runs.provider AS key,
    -- include: sums
-- include: filtered
GROUP BY runs.provider
ORDER BY turns DESC, runs.provider
LIMIT :limit

-- name: by_assistant
SELECT
    assistants.name AS key,
    -- include: sums
-- include: filtered
GROUP BY assistants.name
ORDER BY turns DESC, assistants.name
LIMIT :limit

-- name: by_conversation
SELECT
    conversations.name AS key,
    -- include: sums
-- include: filtered
GROUP BY conversations.name
ORDER BY turns DESC, conversations.name
LIMIT :limit

-- The second of a turn since 1970, rounded down.
-- fragment: second [sqlite]
CAST(strftime('%s', substr(turns.created_at, 1, 19)) AS INTEGER)

-- fragment: second [postgresql]
CAST(floor(extract(epoch FROM turns.created_at)) AS BIGINT)

-- By the cells of a grid of seconds: see chatmgr/domain/periods.py. ``first`` is the second of ``since``: no
-- turn's stamp is before that of its time. SQLite begins there, so that what is older is not looked at.
-- fragment: source [sqlite]
FROM turns
CROSS JOIN runs ON runs.turn_id = turns.id

-- fragment: source [postgresql]
FROM turns
JOIN runs ON runs.turn_id = turns.id

-- name: by_cell
SELECT
    (
        -- include: second
        + :shift
    ) / :step AS cell,
    -- include: sums
-- include: source
JOIN conversations ON conversations.id = runs.conversation_id
JOIN assistants ON assistants.id = conversations.assistant_id
-- include: conditions
    AND turns.stamp >= :first
GROUP BY cell
