"""A million turns: search, tags, an archive, the folder a conversation belongs to."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# Every turn its second, or the next one that is free.
_STAMPED = """WITH numbered AS (
SELECT id, {second} AS at, row_number() OVER (ORDER BY {second}, id) AS n FROM turns),
placed AS (SELECT id, n + max(at - n) OVER (ORDER BY n) AS stamp FROM numbered)
UPDATE turns SET stamp = placed.stamp FROM placed WHERE placed.id = turns.id"""
_SECOND = {
    "sqlite": "CAST(strftime('%s', substr(created_at, 1, 19)) AS INTEGER)",
    "postgresql": "CAST(floor(extract(epoch FROM created_at)) AS BIGINT)",
}

# The search index as it was at this revision; what it is, and why, is said in chatmgr/store/search/.
# fmt: off
_SQLITE = (
    "CREATE VIEW searchable_turns AS\nSELECT t.stamp AS key, t.id AS turn_id,\nu.content || char(10) || CASE WHEN r.state IN ('pending', 'requires_action', 'running') THEN '' ELSE coalesce(a.content, '') END AS text\nFROM turns t\nJOIN messages u ON u.turn_id = t.id AND u.role = 'user'\nLEFT JOIN runs r ON r.id = t.run_id\nLEFT JOIN messages a ON a.run_id = r.id",
    'CREATE VIEW searchable_names AS\nSELECT -c.id AS key, c.id AS conversation_id, c.name || char(10) || c.title AS text FROM conversations c',
    'CREATE VIEW searchable AS\nSELECT key, text FROM searchable_turns UNION ALL SELECT key, text FROM searchable_names',
    "CREATE VIEW searchable_spaceless AS\nSELECT key, text || '  ' AS text FROM searchable WHERE text GLOB '*[\u0e00-\u109f\u1100-\u11ff\u1780-\u17ff\u2e80-\u9fff\ua000-\ua4cf\uac00-\ud7af\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff]*'",
    "CREATE VIRTUAL TABLE words USING fts5(\ntext, content='searchable', content_rowid='key', columnsize=0, tokenize='unicode61 remove_diacritics 2')",
    "CREATE VIRTUAL TABLE grams USING fts5(\ntext, content='searchable_spaceless', content_rowid='key', columnsize=0, detail='none', tokenize='trigram')",
    'CREATE VIRTUAL TABLE grams_terms USING fts5vocab(grams, row)',
    "CREATE TRIGGER search_said_before BEFORE INSERT ON messages WHEN (NEW.run_id IS NULL OR EXISTS (SELECT 1 FROM runs WHERE id = NEW.run_id AND state NOT IN ('pending', 'requires_action', 'running'))) BEGIN INSERT INTO words(words, rowid, text) SELECT 'delete', key, text FROM searchable_turns WHERE turn_id = NEW.turn_id; INSERT INTO grams(grams, rowid, text) SELECT 'delete', key, text || '  ' FROM searchable_turns WHERE turn_id = NEW.turn_id AND text GLOB '*[\u0e00-\u109f\u1100-\u11ff\u1780-\u17ff\u2e80-\u9fff\ua000-\ua4cf\uac00-\ud7af\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff]*'; END",
    "CREATE TRIGGER search_said_after AFTER INSERT ON messages WHEN (NEW.run_id IS NULL OR EXISTS (SELECT 1 FROM runs WHERE id = NEW.run_id AND state NOT IN ('pending', 'requires_action', 'running'))) BEGIN INSERT INTO words(rowid, text) SELECT key, text FROM searchable_turns WHERE turn_id = NEW.turn_id; INSERT INTO grams(rowid, text) SELECT key, text || '  ' FROM searchable_turns WHERE turn_id = NEW.turn_id AND text GLOB '*[\u0e00-\u109f\u1100-\u11ff\u1780-\u17ff\u2e80-\u9fff\ua000-\ua4cf\uac00-\ud7af\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff]*'; END",
    "CREATE TRIGGER search_resaid_before BEFORE UPDATE OF content ON messages WHEN (NEW.run_id IS NULL OR EXISTS (SELECT 1 FROM runs WHERE id = NEW.run_id AND state NOT IN ('pending', 'requires_action', 'running'))) BEGIN INSERT INTO words(words, rowid, text) SELECT 'delete', key, text FROM searchable_turns WHERE turn_id = NEW.turn_id; INSERT INTO grams(grams, rowid, text) SELECT 'delete', key, text || '  ' FROM searchable_turns WHERE turn_id = NEW.turn_id AND text GLOB '*[\u0e00-\u109f\u1100-\u11ff\u1780-\u17ff\u2e80-\u9fff\ua000-\ua4cf\uac00-\ud7af\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff]*'; END",
    "CREATE TRIGGER search_resaid_after AFTER UPDATE OF content ON messages WHEN (NEW.run_id IS NULL OR EXISTS (SELECT 1 FROM runs WHERE id = NEW.run_id AND state NOT IN ('pending', 'requires_action', 'running'))) BEGIN INSERT INTO words(rowid, text) SELECT key, text FROM searchable_turns WHERE turn_id = NEW.turn_id; INSERT INTO grams(rowid, text) SELECT key, text || '  ' FROM searchable_turns WHERE turn_id = NEW.turn_id AND text GLOB '*[\u0e00-\u109f\u1100-\u11ff\u1780-\u17ff\u2e80-\u9fff\ua000-\ua4cf\uac00-\ud7af\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff]*'; END",
    "CREATE TRIGGER search_unsaid_before BEFORE DELETE ON messages WHEN (OLD.run_id IS NULL OR EXISTS (SELECT 1 FROM runs WHERE id = OLD.run_id AND state NOT IN ('pending', 'requires_action', 'running'))) BEGIN INSERT INTO words(words, rowid, text) SELECT 'delete', key, text FROM searchable_turns WHERE turn_id = OLD.turn_id; INSERT INTO grams(grams, rowid, text) SELECT 'delete', key, text || '  ' FROM searchable_turns WHERE turn_id = OLD.turn_id AND text GLOB '*[\u0e00-\u109f\u1100-\u11ff\u1780-\u17ff\u2e80-\u9fff\ua000-\ua4cf\uac00-\ud7af\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff]*'; END",
    "CREATE TRIGGER search_unsaid_after AFTER DELETE ON messages WHEN (OLD.run_id IS NULL OR EXISTS (SELECT 1 FROM runs WHERE id = OLD.run_id AND state NOT IN ('pending', 'requires_action', 'running'))) BEGIN INSERT INTO words(rowid, text) SELECT key, text FROM searchable_turns WHERE turn_id = OLD.turn_id; INSERT INTO grams(rowid, text) SELECT key, text || '  ' FROM searchable_turns WHERE turn_id = OLD.turn_id AND text GLOB '*[\u0e00-\u109f\u1100-\u11ff\u1780-\u17ff\u2e80-\u9fff\ua000-\ua4cf\uac00-\ud7af\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff]*'; END",
    "CREATE TRIGGER search_closed_before BEFORE UPDATE OF state ON runs WHEN (OLD.state IN ('pending', 'requires_action', 'running')) <> (NEW.state IN ('pending', 'requires_action', 'running')) BEGIN INSERT INTO words(words, rowid, text) SELECT 'delete', key, text FROM searchable_turns WHERE turn_id = NEW.turn_id; INSERT INTO grams(grams, rowid, text) SELECT 'delete', key, text || '  ' FROM searchable_turns WHERE turn_id = NEW.turn_id AND text GLOB '*[\u0e00-\u109f\u1100-\u11ff\u1780-\u17ff\u2e80-\u9fff\ua000-\ua4cf\uac00-\ud7af\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff]*'; END",
    "CREATE TRIGGER search_closed_after AFTER UPDATE OF state ON runs WHEN (OLD.state IN ('pending', 'requires_action', 'running')) <> (NEW.state IN ('pending', 'requires_action', 'running')) BEGIN INSERT INTO words(rowid, text) SELECT key, text FROM searchable_turns WHERE turn_id = NEW.turn_id; INSERT INTO grams(rowid, text) SELECT key, text || '  ' FROM searchable_turns WHERE turn_id = NEW.turn_id AND text GLOB '*[\u0e00-\u109f\u1100-\u11ff\u1780-\u17ff\u2e80-\u9fff\ua000-\ua4cf\uac00-\ud7af\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff]*'; END",
    "CREATE TRIGGER search_unrun_before BEFORE DELETE ON runs BEGIN INSERT INTO words(words, rowid, text) SELECT 'delete', key, text FROM searchable_turns WHERE turn_id = OLD.turn_id; INSERT INTO grams(grams, rowid, text) SELECT 'delete', key, text || '  ' FROM searchable_turns WHERE turn_id = OLD.turn_id AND text GLOB '*[\u0e00-\u109f\u1100-\u11ff\u1780-\u17ff\u2e80-\u9fff\ua000-\ua4cf\uac00-\ud7af\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff]*'; END",
    "CREATE TRIGGER search_unrun_after AFTER DELETE ON runs BEGIN INSERT INTO words(rowid, text) SELECT key, text FROM searchable_turns WHERE turn_id = OLD.turn_id; INSERT INTO grams(rowid, text) SELECT key, text || '  ' FROM searchable_turns WHERE turn_id = OLD.turn_id AND text GLOB '*[\u0e00-\u109f\u1100-\u11ff\u1780-\u17ff\u2e80-\u9fff\ua000-\ua4cf\uac00-\ud7af\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff]*'; END",
    "CREATE TRIGGER search_rerun_before BEFORE UPDATE OF run_id ON turns WHEN OLD.run_id IS NOT NULL BEGIN INSERT INTO words(words, rowid, text) SELECT 'delete', key, text FROM searchable_turns WHERE turn_id = NEW.id; INSERT INTO grams(grams, rowid, text) SELECT 'delete', key, text || '  ' FROM searchable_turns WHERE turn_id = NEW.id AND text GLOB '*[\u0e00-\u109f\u1100-\u11ff\u1780-\u17ff\u2e80-\u9fff\ua000-\ua4cf\uac00-\ud7af\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff]*'; END",
    "CREATE TRIGGER search_rerun_after AFTER UPDATE OF run_id ON turns WHEN OLD.run_id IS NOT NULL BEGIN INSERT INTO words(rowid, text) SELECT key, text FROM searchable_turns WHERE turn_id = NEW.id; INSERT INTO grams(rowid, text) SELECT key, text || '  ' FROM searchable_turns WHERE turn_id = NEW.id AND text GLOB '*[\u0e00-\u109f\u1100-\u11ff\u1780-\u17ff\u2e80-\u9fff\ua000-\ua4cf\uac00-\ud7af\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff]*'; END",
    "CREATE TRIGGER search_unturned_before BEFORE DELETE ON turns BEGIN INSERT INTO words(words, rowid, text) SELECT 'delete', key, text FROM searchable_turns WHERE turn_id = OLD.id; INSERT INTO grams(grams, rowid, text) SELECT 'delete', key, text || '  ' FROM searchable_turns WHERE turn_id = OLD.id AND text GLOB '*[\u0e00-\u109f\u1100-\u11ff\u1780-\u17ff\u2e80-\u9fff\ua000-\ua4cf\uac00-\ud7af\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff]*'; END",
    "CREATE TRIGGER search_named_after AFTER INSERT ON conversations BEGIN INSERT INTO words(rowid, text) SELECT key, text FROM searchable_names WHERE conversation_id = NEW.id; INSERT INTO grams(rowid, text) SELECT key, text || '  ' FROM searchable_names WHERE conversation_id = NEW.id AND text GLOB '*[\u0e00-\u109f\u1100-\u11ff\u1780-\u17ff\u2e80-\u9fff\ua000-\ua4cf\uac00-\ud7af\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff]*'; END",
    "CREATE TRIGGER search_renamed_before BEFORE UPDATE OF name, title ON conversations BEGIN INSERT INTO words(words, rowid, text) SELECT 'delete', key, text FROM searchable_names WHERE conversation_id = NEW.id; INSERT INTO grams(grams, rowid, text) SELECT 'delete', key, text || '  ' FROM searchable_names WHERE conversation_id = NEW.id AND text GLOB '*[\u0e00-\u109f\u1100-\u11ff\u1780-\u17ff\u2e80-\u9fff\ua000-\ua4cf\uac00-\ud7af\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff]*'; END",
    "CREATE TRIGGER search_renamed_after AFTER UPDATE OF name, title ON conversations BEGIN INSERT INTO words(rowid, text) SELECT key, text FROM searchable_names WHERE conversation_id = NEW.id; INSERT INTO grams(rowid, text) SELECT key, text || '  ' FROM searchable_names WHERE conversation_id = NEW.id AND text GLOB '*[\u0e00-\u109f\u1100-\u11ff\u1780-\u17ff\u2e80-\u9fff\ua000-\ua4cf\uac00-\ud7af\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff]*'; END",
    "CREATE TRIGGER search_unnamed_before BEFORE DELETE ON conversations BEGIN INSERT INTO words(words, rowid, text) SELECT 'delete', key, text FROM searchable_names WHERE conversation_id = OLD.id; INSERT INTO grams(grams, rowid, text) SELECT 'delete', key, text || '  ' FROM searchable_names WHERE conversation_id = OLD.id AND text GLOB '*[\u0e00-\u109f\u1100-\u11ff\u1780-\u17ff\u2e80-\u9fff\ua000-\ua4cf\uac00-\ud7af\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff]*'; END",
)
_SQLITE_FILL = (
    "INSERT INTO words(words) VALUES ('rebuild')",
    "INSERT INTO grams(grams) VALUES ('rebuild')",
)
_SQLITE_DROP = (
    'DROP TRIGGER IF EXISTS search_said_before',
    'DROP TRIGGER IF EXISTS search_said_after',
    'DROP TRIGGER IF EXISTS search_resaid_before',
    'DROP TRIGGER IF EXISTS search_resaid_after',
    'DROP TRIGGER IF EXISTS search_unsaid_before',
    'DROP TRIGGER IF EXISTS search_unsaid_after',
    'DROP TRIGGER IF EXISTS search_closed_before',
    'DROP TRIGGER IF EXISTS search_closed_after',
    'DROP TRIGGER IF EXISTS search_unrun_before',
    'DROP TRIGGER IF EXISTS search_unrun_after',
    'DROP TRIGGER IF EXISTS search_rerun_before',
    'DROP TRIGGER IF EXISTS search_rerun_after',
    'DROP TRIGGER IF EXISTS search_unturned_before',
    'DROP TRIGGER IF EXISTS search_named_after',
    'DROP TRIGGER IF EXISTS search_renamed_before',
    'DROP TRIGGER IF EXISTS search_renamed_after',
    'DROP TRIGGER IF EXISTS search_unnamed_before',
    'DROP TABLE IF EXISTS grams_terms',
    'DROP TABLE IF EXISTS grams',
    'DROP TABLE IF EXISTS words',
    'DROP VIEW IF EXISTS searchable_spaceless',
    'DROP VIEW IF EXISTS searchable',
    'DROP VIEW IF EXISTS searchable_names',
    'DROP VIEW IF EXISTS searchable_turns',
)
_POSTGRES = (
    'CREATE TABLE search (key bigint, part integer, words tsvector NOT NULL, PRIMARY KEY (key, part))',
    'CREATE INDEX ix_search_words ON search USING gin (words)',
    "DO $do$\nDECLARE rule text := CASE WHEN EXISTS (SELECT 1 FROM pg_collation WHERE collname = 'pg_c_utf8')\nTHEN ' COLLATE pg_catalog.pg_c_utf8' ELSE '' END;\nBEGIN\nEXECUTE $sql$CREATE FUNCTION chatmgr_words(said text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $fn$\nSELECT regexp_replace(lower(regexp_replace(normalize(said, NFD), '[\\u0300-\\u036f]', '', 'g')$sql$ || rule ||\n$sql$), '[^[:alnum:]]+', ' ', 'g')$fn$$sql$;\nEND $do$",
    "CREATE FUNCTION chatmgr_grams(said text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $fn$\nWITH runs AS (SELECT n, m[1] AS run FROM regexp_matches(said, '[\u0e00-\u109f\u1100-\u11ff\u1780-\u17ff\u2e80-\u9fff\ua000-\ua4cf\uac00-\ud7af\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff]+', 'g') WITH ORDINALITY AS x(m, n)),\nchars AS (SELECT n, i, c, lead(c) OVER (PARTITION BY n ORDER BY i) AS next\nFROM runs, unnest(string_to_array(run, NULL)) WITH ORDINALITY AS u(c, i))\nSELECT coalesce(array_agg(DISTINCT g), ARRAY[]::text[])\nFROM chars, LATERAL (VALUES (c), (c || next)) AS v(g) WHERE g IS NOT NULL\n$fn$",
    "CREATE FUNCTION chatmgr_vector(said text) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $fn$\nSELECT to_tsvector('pg_catalog.simple', chatmgr_words(said)) || array_to_tsvector(chatmgr_grams(said))\n$fn$",
    "CREATE FUNCTION chatmgr_query(wanted jsonb) RETURNS tsquery LANGUAGE plpgsql IMMUTABLE AS $fn$\nDECLARE whole tsquery := ''; clause jsonb; term jsonb; anyof tsquery; one tsquery; gram text;\nBEGIN\nFOR clause IN SELECT jsonb_array_elements(wanted) LOOP\n  anyof := '';\n  FOR term IN SELECT jsonb_array_elements(clause->'any') LOOP\n    one := '';\n    IF (term->>'gram')::boolean THEN\n      FOREACH gram IN ARRAY chatmgr_grams(term->>'text') LOOP\n        one := one && quote_literal(gram)::tsquery;\n      END LOOP;\n    ELSE\n      one := plainto_tsquery('pg_catalog.simple', chatmgr_words(term->>'text'));\n      IF (term->>'prefix')::boolean AND numnode(one) > 0 THEN one := (one::text || ':*')::tsquery; END IF;\n    END IF;\n    anyof := anyof || one;\n  END LOOP;\n  whole := whole && anyof;\nEND LOOP;\nRETURN whole;\nEND $fn$",
    'CREATE FUNCTION chatmgr_index(doc bigint, said text) RETURNS void LANGUAGE sql AS $fn$\nINSERT INTO search (key, part, words)\nSELECT doc, part, chatmgr_vector(substr(said, part * 60000 + 1, 61000))\nFROM generate_series(0, greatest(length(said) - 1, 0) / 60000) AS part\n$fn$',
    "CREATE FUNCTION chatmgr_index_turn(which integer) RETURNS void LANGUAGE plpgsql AS $fn$\nBEGIN\nDELETE FROM search USING turns WHERE turns.id = which AND search.key = turns.stamp;\nPERFORM chatmgr_index(key, text) FROM (SELECT t.stamp AS key,\nu.content || chr(10) || CASE WHEN r.state IN ('pending', 'requires_action', 'running') THEN '' ELSE coalesce(a.content, '') END AS text\nFROM turns t\nJOIN messages u ON u.turn_id = t.id AND u.role = 'user'\nLEFT JOIN runs r ON r.id = t.run_id\nLEFT JOIN messages a ON a.run_id = r.id WHERE t.id = which) AS found;\nEND $fn$",
    "CREATE FUNCTION search_said() RETURNS trigger LANGUAGE plpgsql AS $fn$ BEGIN IF NEW.run_id IS NULL OR EXISTS (SELECT 1 FROM runs WHERE id = NEW.run_id AND state NOT IN ('pending', 'requires_action', 'running')) THEN PERFORM chatmgr_index_turn(NEW.turn_id); END IF; RETURN NULL; END $fn$",
    'CREATE TRIGGER search_said AFTER INSERT OR UPDATE OF content ON messages FOR EACH ROW EXECUTE FUNCTION search_said()',
    'CREATE FUNCTION search_unsaid() RETURNS trigger LANGUAGE plpgsql AS $fn$ BEGIN PERFORM chatmgr_index_turn(OLD.turn_id); RETURN NULL; END $fn$',
    'CREATE TRIGGER search_unsaid AFTER DELETE ON messages FOR EACH ROW EXECUTE FUNCTION search_unsaid()',
    'CREATE FUNCTION search_closed() RETURNS trigger LANGUAGE plpgsql AS $fn$ BEGIN PERFORM chatmgr_index_turn(NEW.turn_id); RETURN NULL; END $fn$',
    "CREATE TRIGGER search_closed AFTER UPDATE OF state ON runs FOR EACH ROW WHEN ((OLD.state IN ('pending', 'requires_action', 'running')) <> (NEW.state IN ('pending', 'requires_action', 'running'))) EXECUTE FUNCTION search_closed()",
    'CREATE FUNCTION search_unrun() RETURNS trigger LANGUAGE plpgsql AS $fn$ BEGIN PERFORM chatmgr_index_turn(OLD.turn_id); RETURN NULL; END $fn$',
    'CREATE TRIGGER search_unrun AFTER DELETE ON runs FOR EACH ROW EXECUTE FUNCTION search_unrun()',
    'CREATE FUNCTION search_rerun() RETURNS trigger LANGUAGE plpgsql AS $fn$ BEGIN PERFORM chatmgr_index_turn(NEW.id); RETURN NULL; END $fn$',
    'CREATE TRIGGER search_rerun AFTER UPDATE OF run_id ON turns FOR EACH ROW WHEN (OLD.run_id IS NOT NULL) EXECUTE FUNCTION search_rerun()',
    'CREATE FUNCTION search_unturned() RETURNS trigger LANGUAGE plpgsql AS $fn$ BEGIN DELETE FROM search WHERE key = OLD.stamp; RETURN NULL; END $fn$',
    'CREATE TRIGGER search_unturned AFTER DELETE ON turns FOR EACH ROW EXECUTE FUNCTION search_unturned()',
    'CREATE FUNCTION search_named() RETURNS trigger LANGUAGE plpgsql AS $fn$ BEGIN PERFORM chatmgr_index(-NEW.id, NEW.name || chr(10) || NEW.title); RETURN NULL; END $fn$',
    'CREATE TRIGGER search_named AFTER INSERT ON conversations FOR EACH ROW EXECUTE FUNCTION search_named()',
    'CREATE FUNCTION search_renamed() RETURNS trigger LANGUAGE plpgsql AS $fn$ BEGIN DELETE FROM search WHERE key = -NEW.id; PERFORM chatmgr_index(-NEW.id, NEW.name || chr(10) || NEW.title); RETURN NULL; END $fn$',
    'CREATE TRIGGER search_renamed AFTER UPDATE OF name, title ON conversations FOR EACH ROW EXECUTE FUNCTION search_renamed()',
    'CREATE FUNCTION search_unnamed() RETURNS trigger LANGUAGE plpgsql AS $fn$ BEGIN DELETE FROM search WHERE key = -OLD.id; RETURN NULL; END $fn$',
    'CREATE TRIGGER search_unnamed AFTER DELETE ON conversations FOR EACH ROW EXECUTE FUNCTION search_unnamed()',
)
_POSTGRES_FILL = (
    'SELECT chatmgr_index_turn(id) FROM turns',
    'SELECT chatmgr_index(-id, name || chr(10) || title) FROM conversations',
)
_POSTGRES_DROP = (
    'DROP FUNCTION IF EXISTS search_said() CASCADE',
    'DROP FUNCTION IF EXISTS search_unsaid() CASCADE',
    'DROP FUNCTION IF EXISTS search_closed() CASCADE',
    'DROP FUNCTION IF EXISTS search_unrun() CASCADE',
    'DROP FUNCTION IF EXISTS search_rerun() CASCADE',
    'DROP FUNCTION IF EXISTS search_unturned() CASCADE',
    'DROP FUNCTION IF EXISTS search_named() CASCADE',
    'DROP FUNCTION IF EXISTS search_renamed() CASCADE',
    'DROP FUNCTION IF EXISTS search_unnamed() CASCADE',
    'DROP FUNCTION IF EXISTS chatmgr_index_turn, chatmgr_index, chatmgr_query, chatmgr_vector',
    'DROP FUNCTION IF EXISTS chatmgr_grams, chatmgr_words',
    'DROP TABLE IF EXISTS search',
)
# fmt: on


def _run(statements: Sequence[str]) -> None:
    for statement in statements:
        op.get_bind().exec_driver_sql(statement)


def upgrade() -> None:
    kind = op.get_bind().dialect.name
    by_code_point = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    op.create_table(
        "tags",
        sa.Column("conversation_id", sa.Integer(), nullable=False),
        sa.Column("name", by_code_point, nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f("fk_tags_conversation_id_conversations"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("conversation_id", "name", name=op.f("pk_tags")),
    )
    op.create_index(op.f("ix_tags_name"), "tags", ["name"], unique=False)
    op.add_column("conversations", sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("conversations", sa.Column("folder", sa.Text(), server_default="", nullable=False))
    op.create_index(op.f("ix_runs_conversation_id"), "runs", ["conversation_id"], unique=False)
    op.create_index(op.f("ix_threads_conversation_id"), "threads", ["conversation_id"], unique=False)
    op.create_index(
        "ix_conversations_folder",
        "conversations",
        ["folder", "used_at", "id"],
        unique=False,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.add_column("turns", sa.Column("stamp", sa.BigInteger(), nullable=True))
    _run([_STAMPED.format(second=_SECOND[kind])])
    with op.batch_alter_table("turns") as turns:
        turns.alter_column("stamp", existing_type=sa.BigInteger(), nullable=False)
        turns.create_unique_constraint(op.f("uq_turns_stamp"), ["stamp"])
    _run(_SQLITE if kind == "sqlite" else _POSTGRES)
    _run(_SQLITE_FILL if kind == "sqlite" else _POSTGRES_FILL)


def downgrade() -> None:
    _run(_SQLITE_DROP if op.get_bind().dialect.name == "sqlite" else _POSTGRES_DROP)
    with op.batch_alter_table("turns") as turns:
        turns.drop_constraint(op.f("uq_turns_stamp"), type_="unique")
        turns.drop_column("stamp")
    op.drop_index("ix_conversations_folder", table_name="conversations")
    with op.batch_alter_table("conversations") as conversations:
        conversations.drop_column("folder")
        conversations.drop_column("archived_at")
    op.drop_index(op.f("ix_threads_conversation_id"), table_name="threads")
    op.drop_index(op.f("ix_runs_conversation_id"), table_name="runs")
    op.drop_index(op.f("ix_tags_name"), table_name="tags")
    op.drop_table("tags")
