-- Searches: what the index finds, newest first, each with its turn or its conversation.
--
-- On SQLite each statement begins at one table of the index, so that it costs what it finds: at the words,
-- at the trigrams, or, where only something unwanted was named, at all turns. On PostgreSQL one
-- question to the index says it all.

-- A turn as a hit shows it.
-- fragment: turn
SELECT
    turns.stamp,
    conversations.name AS conversation,
    conversations.title,
    turns.position AS turn,
    question.content AS user,
    coalesce(answer.content, '') AS answer,
    runs.state,
    runs.model,
    runs.provider,
    assistants.name AS assistant,
    turns.created_at AS at
FROM turns
JOIN conversations
    ON conversations.id = coalesce(
        -- include: holder
        ,
        CASE WHEN :all_paths = 1 THEN
            -- include: leaver
        END
    )
JOIN assistants ON assistants.id = conversations.assistant_id
JOIN messages AS question ON question.turn_id = turns.id AND question.role = 'user'
JOIN runs ON runs.id = turns.run_id
LEFT JOIN messages AS answer ON answer.run_id = turns.run_id

-- The first conversation that holds a turn, of those that the filters leave; of one, where one is named.
-- fragment: holder
(
    SELECT path_segments.conversation_id
    FROM path_segments
    JOIN conversations ON conversations.id = path_segments.conversation_id
    JOIN assistants ON assistants.id = conversations.assistant_id
    WHERE
        -- include: turns.holds
        AND conversations.deleted_at IS NULL
        AND (:conversation = 0 OR conversations.id = :conversation)
        -- include: conversations.shared_filters
    ORDER BY path_segments.conversation_id
    LIMIT 1
)

-- The first conversation that has left a path through a turn, of those that the filters leave.
-- fragment: leaver
(
    WITH RECURSIVE below (branch) AS (
        SELECT turns.branch_id
        UNION
        SELECT children.id
        FROM below
        JOIN branches AS children
            ON children.parent_id = below.branch
            AND children.parent_position >= turns.position
    )
    SELECT branches.conversation_id
    FROM below
    JOIN branches ON branches.id = below.branch
    JOIN conversations ON conversations.id = branches.conversation_id
    JOIN assistants ON assistants.id = conversations.assistant_id
    WHERE conversations.deleted_at IS NULL
        AND (:conversation = 0 OR conversations.id = :conversation)
        -- include: conversations.shared_filters
    ORDER BY branches.id
    LIMIT 1
)

-- fragment: turn_filters
(:model = '' OR runs.model = :model)
AND (:provider = '' OR runs.provider = :provider)
AND (:state = '' OR runs.state = :state)
AND (
    :file = 0
    OR EXISTS (SELECT * FROM attachments WHERE attachments.message_id = question.id)
)
AND (:min_cost = 0 OR runs.cost >= :min_cost)

-- Every conversation that holds the turn of a stamp.
-- name: holders
SELECT conversations.name
FROM turns
JOIN path_segments ON path_segments.branch_id = turns.branch_id
JOIN conversations ON conversations.id = path_segments.conversation_id
WHERE turns.stamp = :stamp
    AND
    -- include: turns.holds
    AND conversations.deleted_at IS NULL
ORDER BY conversations.id

-- The number of the first path through the turn of a stamp, among those of a conversation.
-- name: path
WITH RECURSIVE below (branch, position) AS (
    SELECT turns.branch_id, turns.position
    FROM turns
    WHERE turns.stamp = :stamp
    -- include: tree.below
)
SELECT count(*) AS path
FROM branches
JOIN conversations ON conversations.id = branches.conversation_id
WHERE conversations.name = :name
    AND conversations.deleted_at IS NULL
    AND branches.id <= (
        SELECT min(own.id)
        FROM below
        JOIN branches AS own ON own.id = below.branch
        WHERE own.conversation_id = conversations.id
    )

-- Whether any turn is held by several conversations.
-- name: forked
SELECT EXISTS (SELECT * FROM path_segments WHERE path_segments.last < 2147483647) AS forked

-- name: turns_by_words [sqlite]
-- include: turn
JOIN words ON words.rowid = turns.stamp
WHERE
    -- include: turn_filters
    AND words.words MATCH :words
    AND (:grams = '' OR words.rowid IN (SELECT grams.rowid FROM grams WHERE grams.grams MATCH :grams))
    AND (
        :no_words = ''
        OR words.rowid NOT IN (SELECT words.rowid FROM words WHERE words.words MATCH :no_words)
    )
    AND (
        :no_grams = ''
        OR words.rowid NOT IN (SELECT grams.rowid FROM grams WHERE grams.grams MATCH :no_grams)
    )
    AND words.rowid >= :first
    AND words.rowid <= :last
ORDER BY words.rowid DESC
LIMIT :limit

-- name: turns_by_grams [sqlite]
-- include: turn
JOIN grams ON grams.rowid = turns.stamp
WHERE
    -- include: turn_filters
    AND grams.grams MATCH :grams
    AND (
        :no_words = ''
        OR grams.rowid NOT IN (SELECT words.rowid FROM words WHERE words.words MATCH :no_words)
    )
    AND (
        :no_grams = ''
        OR grams.rowid NOT IN (SELECT grams.rowid FROM grams WHERE grams.grams MATCH :no_grams)
    )
    AND grams.rowid >= :first
    AND grams.rowid <= :last
ORDER BY grams.rowid DESC
LIMIT :limit

-- name: turns_by_time [sqlite]
-- include: turn
WHERE
    -- include: turn_filters
    AND (:grams = '' OR turns.stamp IN (SELECT grams.rowid FROM grams WHERE grams.grams MATCH :grams))
    AND (
        :no_words = ''
        OR turns.stamp NOT IN (SELECT words.rowid FROM words WHERE words.words MATCH :no_words)
    )
    AND (
        :no_grams = ''
        OR turns.stamp NOT IN (SELECT grams.rowid FROM grams WHERE grams.grams MATCH :no_grams)
    )
    AND turns.stamp >= :first
    AND turns.stamp <= :last
ORDER BY turns.stamp DESC
LIMIT :limit

-- The keys of the index that answer what is wanted, as chatmgr_query takes it. A long text has several
-- rows there: that none of them holds a word is asked of all its rows together.
-- fragment: wanted [postgresql]
SELECT search.key
FROM search
WHERE search.words @@ chatmgr_query(CAST(CAST(:wanted AS TEXT) AS JSONB))

-- fragment: unwanted [postgresql]
SELECT search.key
FROM search
WHERE search.words @@ chatmgr_query(CAST(CAST(:unwanted AS TEXT) AS JSONB))

-- name: turns [postgresql]
-- include: turn
WHERE
    -- include: turn_filters
    AND (
        :wanted = ''
        OR turns.stamp IN (
            -- include: wanted
        )
    )
    AND (
        :unwanted = ''
        OR turns.stamp NOT IN (
            -- include: unwanted
        )
    )
    AND turns.stamp >= :first
    AND turns.stamp <= :last
ORDER BY turns.stamp DESC
LIMIT :limit

-- A name's key in the index is minus its conversation's. Compared this way round, the index leads; the
-- other way, each conversation would ask it.
-- name: names_by_words [sqlite]
-- include: conversations.row
JOIN words ON conversations.id = -words.rowid
WHERE conversations.deleted_at IS NULL
    AND words.words MATCH :words
    AND words.rowid < 0
    AND (:grams = '' OR words.rowid IN (SELECT grams.rowid FROM grams WHERE grams.grams MATCH :grams))
    AND (
        :no_words = ''
        OR words.rowid NOT IN (SELECT words.rowid FROM words WHERE words.words MATCH :no_words)
    )
    AND (
        :no_grams = ''
        OR words.rowid NOT IN (SELECT grams.rowid FROM grams WHERE grams.grams MATCH :no_grams)
    )
    -- include: conversations.filters
ORDER BY words.rowid
LIMIT :limit

-- name: names_by_grams [sqlite]
-- include: conversations.row
JOIN grams ON conversations.id = -grams.rowid
WHERE conversations.deleted_at IS NULL
    AND grams.grams MATCH :grams
    AND grams.rowid < 0
    AND (
        :no_words = ''
        OR grams.rowid NOT IN (SELECT words.rowid FROM words WHERE words.words MATCH :no_words)
    )
    AND (
        :no_grams = ''
        OR grams.rowid NOT IN (SELECT grams.rowid FROM grams WHERE grams.grams MATCH :no_grams)
    )
    -- include: conversations.filters
ORDER BY grams.rowid
LIMIT :limit

-- name: names [postgresql]
-- include: conversations.row
WHERE conversations.deleted_at IS NULL
    AND (
        :wanted = ''
        OR -conversations.id IN (
            -- include: wanted
        )
    )
    AND (
        :unwanted = ''
        OR -conversations.id NOT IN (
            -- include: unwanted
        )
    )
    -- include: conversations.filters
ORDER BY conversations.updated_at DESC, conversations.id DESC
LIMIT :limit

-- name: trigrams [sqlite]
SELECT grams_terms.term
FROM grams_terms
WHERE grams_terms.term >= :low AND grams_terms.term < :high
