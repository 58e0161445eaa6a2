"""The search index on PostgreSQL: the table ``search``, and the triggers that keep it in step.

Each row is (a part of) a document: its words with their places as a ``tsvector``, and, of scripts that put
no spaces between words, each character and each pair of neighbours. A tsvector holds at most 1 MB, so
a long text is cut into parts. Texts and what is looked for go through the same functions, so that
both are cut into words alike; these fold case and accents. A tsvector knows 256 places of a word at most,
so phrases are asked for as words, and looked for in what is found.
"""

from chatmgr.domain.states import LIVE
from chatmgr.domain.text import SPACELESS

_LIVE = "({})".format(", ".join(f"'{state}'" for state in sorted(LIVE)))
_PART = 60_000  # characters; of any text, these make a tsvector of less than 1 MB
_LAP = 1_000  # characters that a part shares with the next, for phrases across the cut

_TABLE = "CREATE TABLE search (key bigint, part integer, words tsvector NOT NULL, PRIMARY KEY (key, part))"
_INDEX = "CREATE INDEX ix_search_words ON search USING gin (words)"
# In a database of the C locale, only ASCII has letters and cases; PostgreSQL 17 brings a collation that
# knows all of them everywhere.
_FOLD = """DO $do$
DECLARE rule text := CASE WHEN EXISTS (SELECT 1 FROM pg_collation WHERE collname = 'pg_c_utf8')
THEN ' COLLATE pg_catalog.pg_c_utf8' ELSE '' END;
BEGIN
EXECUTE $sql$CREATE FUNCTION chatmgr_words(said text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $fn$
SELECT regexp_replace(lower(regexp_replace(normalize(said, NFD), '[\\u0300-\\u036f]', '', 'g')$sql$ || rule ||
$sql$), '[^[:alnum:]]+', ' ', 'g')$fn$$sql$;
END $do$"""
_GRAMS = f"""CREATE FUNCTION chatmgr_grams(said text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $fn$
WITH runs AS (SELECT n, m[1] AS run FROM regexp_matches(said, '[{SPACELESS}]+', 'g') WITH ORDINALITY AS x(m, n)),
chars AS (SELECT n, i, c, lead(c) OVER (PARTITION BY n ORDER BY i) AS next
FROM runs, unnest(string_to_array(run, NULL)) WITH ORDINALITY AS u(c, i))
SELECT coalesce(array_agg(DISTINCT g), ARRAY[]::text[])
FROM chars, LATERAL (VALUES (c), (c || next)) AS v(g) WHERE g IS NOT NULL
$fn$"""
_VECTOR = """CREATE FUNCTION chatmgr_vector(said text) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $fn$
SELECT to_tsvector('pg_catalog.simple', chatmgr_words(said)) || array_to_tsvector(chatmgr_grams(said))
$fn$"""
_QUERY = """CREATE FUNCTION chatmgr_query(wanted jsonb) RETURNS tsquery LANGUAGE plpgsql IMMUTABLE AS $fn$
DECLARE whole tsquery := ''; clause jsonb; term jsonb; anyof tsquery; one tsquery; gram text;
BEGIN
FOR clause IN SELECT jsonb_array_elements(wanted) LOOP
  anyof := '';
  FOR term IN SELECT jsonb_array_elements(clause->'any') LOOP
    one := '';
    IF (term->>'gram')::boolean THEN
      FOREACH gram IN ARRAY chatmgr_grams(term->>'text') LOOP
        one := one && quote_literal(gram)::tsquery;
      END LOOP;
    ELSE
      one := plainto_tsquery('pg_catalog.simple', chatmgr_words(term->>'text'));
      IF (term->>'prefix')::boolean AND numnode(one) > 0 THEN one := (one::text || ':*')::tsquery; END IF;
    END IF;
    anyof := anyof || one;
  END LOOP;
  whole := whole && anyof;
END LOOP;
RETURN whole;
END $fn$"""
_INDEXED = f"""CREATE FUNCTION chatmgr_index(doc bigint, said text) RETURNS void LANGUAGE sql AS $fn$
INSERT INTO search (key, part, words)
SELECT doc, part, chatmgr_vector(substr(said, part * {_PART} + 1, {_PART + _LAP}))
FROM generate_series(0, greatest(length(said) - 1, 0) / {_PART}) AS part
$fn$"""
_DOCUMENTS = f"""SELECT t.stamp AS key,
u.content || chr(10) || CASE WHEN r.state IN {_LIVE} THEN '' ELSE coalesce(a.content, '') END AS text
FROM turns t
JOIN messages u ON u.turn_id = t.id AND u.role = 'user'
LEFT JOIN runs r ON r.id = t.run_id
LEFT JOIN messages a ON a.run_id = r.id"""
_TURN = f"""CREATE FUNCTION chatmgr_index_turn(which integer) RETURNS void LANGUAGE plpgsql AS $fn$
BEGIN
DELETE FROM search USING turns WHERE turns.id = which AND search.key = turns.stamp;
PERFORM chatmgr_index(key, text) FROM ({_DOCUMENTS} WHERE t.id = which) AS found;
END $fn$"""


# Many documents at once, as ``chatmgr_index`` would add them. Of ASCII, which most texts are, the words are
# found without what other scripts need.
_PARTS = f"""INSERT INTO search (key, part, words)
SELECT key, part, CASE WHEN octet_length(said) = length(said)
THEN to_tsvector('pg_catalog.simple', regexp_replace(lower(said), '[^[:alnum:]]+', ' ', 'g'))
ELSE chatmgr_vector(said) END
FROM ({{documents}}) AS documents,
LATERAL generate_series(0, greatest(length(text) - 1, 0) / {_PART}) AS part,
LATERAL (SELECT substr(text, part * {_PART} + 1, {_PART + _LAP}) AS said) AS parts"""
POSTGRES_FILL_TURNS = _PARTS.format(documents=f"{_DOCUMENTS} WHERE t.id BETWEEN %s AND %s")
POSTGRES_FILL_NAMES = _PARTS.format(
    documents="SELECT -id::bigint AS key, name || chr(10) || title AS text FROM conversations"
)
POSTGRES_INDEX = _INDEX


def _trigger(name: str, when: str, body: str) -> list[str]:
    """A function and the trigger that calls it."""
    return [
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $fn$ BEGIN {body} RETURN NULL; END $fn$",
        f"CREATE TRIGGER {name} AFTER {when} EXECUTE FUNCTION {name}()",
    ]


def _triggers() -> list[str]:
    """An answer counts when its run is closed: what a checkpoint writes of a live one is not indexed."""
    counts = f"{{0}}.run_id IS NULL OR EXISTS (SELECT 1 FROM runs WHERE id = {{0}}.run_id AND state NOT IN {_LIVE})"
    turn = "PERFORM chatmgr_index_turn({});"
    name = "PERFORM chatmgr_index(-NEW.id, NEW.name || chr(10) || NEW.title);"
    return [
        *_trigger(
            "search_said",
            "INSERT OR UPDATE OF content ON messages FOR EACH ROW",
            f"IF {counts.format('NEW')} THEN {turn.format('NEW.turn_id')} END IF;",
        ),
        *_trigger("search_unsaid", "DELETE ON messages FOR EACH ROW", turn.format("OLD.turn_id")),
        *_trigger(
            "search_closed",
            f"UPDATE OF state ON runs FOR EACH ROW WHEN ((OLD.state IN {_LIVE}) <> (NEW.state IN {_LIVE}))",
            turn.format("NEW.turn_id"),
        ),
        *_trigger("search_unrun", "DELETE ON runs FOR EACH ROW", turn.format("OLD.turn_id")),
        *_trigger(
            "search_rerun",
            "UPDATE OF run_id ON turns FOR EACH ROW WHEN (OLD.run_id IS NOT NULL)",
            turn.format("NEW.id"),
        ),
        *_trigger(
            "search_unturned", "DELETE ON turns FOR EACH ROW", "DELETE FROM search WHERE key = OLD.stamp;"
        ),
        *_trigger("search_named", "INSERT ON conversations FOR EACH ROW", name),
        *_trigger(
            "search_renamed",
            "UPDATE OF name, title ON conversations FOR EACH ROW",
            f"DELETE FROM search WHERE key = -NEW.id; {name}",
        ),
        *_trigger(
            "search_unnamed",
            "DELETE ON conversations FOR EACH ROW",
            "DELETE FROM search WHERE key = -OLD.id;",
        ),
    ]


POSTGRES = [_TABLE, _INDEX, _FOLD, _GRAMS, _VECTOR, _QUERY, _INDEXED, _TURN, *_triggers()]
POSTGRES_CHECK = f"""SELECT key FROM (
{_DOCUMENTS} UNION ALL SELECT -id, name || chr(10) || title FROM conversations) AS d
FULL JOIN search USING (key)
WHERE text IS NULL OR words IS NULL
OR words <> chatmgr_vector(substr(text, part * {_PART} + 1, {_PART + _LAP})) LIMIT 1"""
POSTGRES_DROP = [
    *(f"DROP FUNCTION IF EXISTS {function.split()[2]} CASCADE" for function in _triggers()[::2]),
    "DROP FUNCTION IF EXISTS chatmgr_index_turn, chatmgr_index, chatmgr_query, chatmgr_vector",
    "DROP FUNCTION IF EXISTS chatmgr_grams, chatmgr_words",
    "DROP TABLE IF EXISTS search",
]
