-- Items: what the runs that answer turns said beside their text, and the answers to their calls.

-- An answer to a call belongs to the run whose item stands before it.
-- fragment: of_answer
FROM turns
JOIN items ON items.turn_id = turns.id
LEFT JOIN blobs ON blobs.sha256 = items.sha256
WHERE (
        items.run_id = turns.run_id
        OR (
            items.run_id IS NULL
            AND turns.run_id = (
                SELECT said.run_id
                FROM items AS said
                WHERE said.turn_id = items.turn_id
                    AND said.run_id IS NOT NULL
                    AND said.position < items.position
                ORDER BY said.position DESC
                LIMIT 1
            )
        )
    )

-- fragment: row
SELECT
    items.kind,
    items.content,
    items.raw,
    items.api,
    items.model,
    items.remote_id AS id

-- Whether the run that answers a turn said something to go on from.
-- fragment: answers
EXISTS (
    SELECT *
    FROM items
    WHERE items.run_id = turns.run_id AND items.kind NOT IN ('reasoning', 'compaction')
)

-- name: of_turn
-- include: row
    ,
    items.sha256,
    blobs.size,
    CASE WHEN items.kind = 'image' THEN substr(blobs.data, 1, 65536) END AS head
-- include: of_answer
    AND turns.id = :turn
ORDER BY items.position

-- name: with_bytes
-- include: row
    ,
    blobs.data
-- include: of_answer
    AND turns.id = :turn
ORDER BY items.position

-- name: of_span
-- include: row
    ,
    blobs.data,
    turns.id AS turn
-- include: of_answer
    AND turns.branch_id = :branch
    AND turns.position >= :first
    AND turns.position <= :last
ORDER BY turns.position, items.position

-- name: bytes
SELECT blobs.data FROM blobs WHERE blobs.sha256 = :sha256
