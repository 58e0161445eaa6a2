BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0005');
CREATE TABLE answer_parts (
	run_id INTEGER NOT NULL, 
	start INTEGER NOT NULL, 
	content TEXT NOT NULL, 
	CONSTRAINT pk_answer_parts PRIMARY KEY (run_id, start), 
	CONSTRAINT fk_answer_parts_run_id_runs FOREIGN KEY(run_id) REFERENCES runs (id) ON DELETE CASCADE
);
CREATE TABLE assistant_versions (
	id INTEGER NOT NULL, 
	assistant_id INTEGER NOT NULL, 
	version INTEGER NOT NULL, 
	instructions TEXT NOT NULL, 
	model TEXT NOT NULL, 
	provider TEXT NOT NULL, 
	params JSON NOT NULL, 
	created_at DATETIME NOT NULL, "key" TEXT DEFAULT '' NOT NULL, 
	CONSTRAINT pk_assistant_versions PRIMARY KEY (id), 
	CONSTRAINT fk_assistant_versions_assistant_id_assistants FOREIGN KEY(assistant_id) REFERENCES assistants (id) ON DELETE CASCADE, 
	CONSTRAINT uq_assistant_versions_assistant_id_version UNIQUE (assistant_id, version)
);
INSERT INTO "assistant_versions" VALUES(1,1,1,'Be brief','','','{}','2026-11-27 02:45:28.372927','01a21ae4-beb4-7c82-bffd-4e6b4697fb87');
CREATE TABLE assistants (
	id INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	version INTEGER NOT NULL, 
	created_at DATETIME NOT NULL, 
	updated_at DATETIME NOT NULL, 
	deleted_at DATETIME, 
	CONSTRAINT pk_assistants PRIMARY KEY (id)
);
INSERT INTO "assistants" VALUES(1,'demo',1,'2026-11-27 02:45:28.371982','2026-11-27 02:45:28.371982',NULL);
CREATE TABLE attachments (
	id INTEGER NOT NULL, 
	message_id INTEGER NOT NULL, 
	position INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	content_type TEXT NOT NULL, 
	sha256 TEXT NOT NULL, 
	CONSTRAINT pk_attachments PRIMARY KEY (id), 
	CONSTRAINT fk_attachments_message_id_messages FOREIGN KEY(message_id) REFERENCES messages (id) ON DELETE CASCADE, 
	CONSTRAINT fk_attachments_sha256_blobs FOREIGN KEY(sha256) REFERENCES blobs (sha256), 
	CONSTRAINT uq_attachments_message_id_position UNIQUE (message_id, position)
);
INSERT INTO "attachments" VALUES(1,5,0,'notes.txt','text/plain','444e0fffbd825e9610ff5b199485707a0c895339ae80c15cc8a8aee41b106fda');
CREATE TABLE blobs (
	sha256 TEXT NOT NULL, 
	size INTEGER NOT NULL, 
	data BLOB NOT NULL, 
	CONSTRAINT pk_blobs PRIMARY KEY (sha256)
);
INSERT INTO "blobs" VALUES('444e0fffbd825e9610ff5b199485707a0c895339ae80c15cc8a8aee41b106fda',6,X'6E6F7465730A');
CREATE TABLE branches (
	id INTEGER NOT NULL, 
	"key" TEXT NOT NULL, 
	conversation_id INTEGER, 
	parent_id INTEGER, 
	parent_position INTEGER NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_branches PRIMARY KEY (id), 
	CONSTRAINT fk_branches_parent_id_branches FOREIGN KEY(parent_id) REFERENCES branches (id), 
	CONSTRAINT uq_branches_key UNIQUE ("key")
);
INSERT INTO "branches" VALUES(1,'01a21ae4-bec0-7e6e-8c9c-9a47a2b21c13',1,NULL,0,'2026-11-27 02:45:28.384641');
CREATE TABLE conversations (
	id INTEGER NOT NULL, 
	"key" TEXT NOT NULL, 
	name TEXT NOT NULL, 
	title TEXT NOT NULL, 
	assistant_id INTEGER NOT NULL, 
	model TEXT NOT NULL, 
	provider TEXT NOT NULL, 
	turns INTEGER NOT NULL, 
	last_run_id INTEGER, 
	created_at DATETIME NOT NULL, 
	updated_at DATETIME NOT NULL, 
	used_at DATETIME NOT NULL, 
	deleted_at DATETIME, 
	max_cost BIGINT, 
	archived_at DATETIME, 
	folder TEXT DEFAULT ('') NOT NULL, 
	branch_id INTEGER NOT NULL, 
	CONSTRAINT pk_conversations PRIMARY KEY (id), 
	CONSTRAINT uq_conversations_key UNIQUE ("key"), 
	CONSTRAINT fk_conversations_assistant_id_assistants FOREIGN KEY(assistant_id) REFERENCES assistants (id), 
	CONSTRAINT fk_conversations_branch_id_branches FOREIGN KEY(branch_id) REFERENCES branches (id), 
	CONSTRAINT uq_conversations_branch_id UNIQUE (branch_id)
);
INSERT INTO "conversations" VALUES(1,'6d7b9824e92df2be','demo','A demo',1,'','openai',6,6,'2026-11-27 02:45:28.384641','2026-11-27 02:45:28.521853','2026-11-27 02:45:28.521853',NULL,NULL,NULL,'',1);
CREATE TABLE items (
	id INTEGER NOT NULL, 
	turn_id INTEGER NOT NULL, 
	run_id INTEGER, 
	position INTEGER NOT NULL, 
	kind TEXT NOT NULL, 
	content JSON NOT NULL, 
	raw TEXT NOT NULL, 
	api TEXT NOT NULL, 
	model TEXT NOT NULL, 
	sha256 TEXT, 
	created_at DATETIME NOT NULL, 
	remote_id TEXT NOT NULL, 
	CONSTRAINT pk_items PRIMARY KEY (id), 
	CONSTRAINT fk_items_turn_id_turns FOREIGN KEY(turn_id) REFERENCES turns (id) ON DELETE CASCADE, 
	CONSTRAINT fk_items_run_id_runs FOREIGN KEY(run_id) REFERENCES runs (id) ON DELETE CASCADE, 
	CONSTRAINT fk_items_sha256_blobs FOREIGN KEY(sha256) REFERENCES blobs (sha256), 
	CONSTRAINT uq_items_turn_id_run_id_position UNIQUE (turn_id, run_id, position)
);
INSERT INTO "items" VALUES(1,2,2,1,'text','{"text": "Santiago.", "citations": [{"url": "https://example.org", "title": "Chile"}]}','','responses','gpt-x',NULL,'2026-11-27 02:45:28.439831','');
CREATE TABLE journal (
	id INTEGER NOT NULL, 
	conversation_id INTEGER NOT NULL, 
	action TEXT NOT NULL, 
	detail JSON NOT NULL, 
	pid INTEGER NOT NULL, 
	host TEXT NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_journal PRIMARY KEY (id), 
	CONSTRAINT fk_journal_conversation_id_conversations FOREIGN KEY(conversation_id) REFERENCES conversations (id) ON DELETE CASCADE
);
INSERT INTO "journal" VALUES(1,1,'title','{"before": "", "title": "A demo"}',1,'here','2026-11-27 02:45:28.600000');
CREATE TABLE messages (
	id INTEGER NOT NULL, 
	turn_id INTEGER NOT NULL, 
	run_id INTEGER, 
	role TEXT NOT NULL, 
	content TEXT NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_messages PRIMARY KEY (id), 
	CONSTRAINT fk_messages_run_id_runs FOREIGN KEY(run_id) REFERENCES runs (id) ON DELETE CASCADE, 
	CONSTRAINT fk_messages_turn_id_turns FOREIGN KEY(turn_id) REFERENCES turns (id) ON DELETE CASCADE
);
INSERT INTO "messages" VALUES(1,1,NULL,'user','What is the capital of Peru?','2026-11-27 02:45:28.406914');
INSERT INTO "messages" VALUES(2,1,1,'assistant','Lima.','2026-11-27 02:45:28.421481');
INSERT INTO "messages" VALUES(3,2,NULL,'user','And of Chile?','2026-11-27 02:45:28.428920');
INSERT INTO "messages" VALUES(4,2,2,'assistant','Santiago.','2026-11-27 02:45:28.439831');
INSERT INTO "messages" VALUES(5,3,NULL,'user','See this file.','2026-11-27 02:45:28.444400');
INSERT INTO "messages" VALUES(6,3,3,'assistant','It holds notes.','2026-11-27 02:45:28.457871');
INSERT INTO "messages" VALUES(7,4,NULL,'user','Tell me a long story','2026-11-27 02:45:28.459400');
INSERT INTO "messages" VALUES(8,4,4,'assistant','Once upon a','2026-11-27 02:45:28.470149');
INSERT INTO "messages" VALUES(9,5,NULL,'user','東京は?','2026-11-27 02:45:28.475404');
INSERT INTO "messages" VALUES(10,5,5,'assistant','日本の首都です。','2026-11-27 02:45:28.501857');
INSERT INTO "messages" VALUES(11,6,NULL,'user','never answered','2026-11-27 02:45:28.506440');
CREATE TABLE meta (
	"key" TEXT NOT NULL, 
	value TEXT NOT NULL, 
	CONSTRAINT pk_meta PRIMARY KEY ("key")
);
INSERT INTO "meta" VALUES('written_by','0.1.0');
CREATE TABLE path_segments (
	conversation_id INTEGER NOT NULL, 
	first INTEGER NOT NULL, 
	branch_id INTEGER NOT NULL, 
	last INTEGER NOT NULL, 
	CONSTRAINT pk_path_segments PRIMARY KEY (conversation_id, first), 
	CONSTRAINT fk_path_segments_branch_id_branches FOREIGN KEY(branch_id) REFERENCES branches (id), 
	CONSTRAINT fk_path_segments_conversation_id_conversations FOREIGN KEY(conversation_id) REFERENCES conversations (id) ON DELETE CASCADE
);
INSERT INTO "path_segments" VALUES(1,1,1,2147483647);
CREATE TABLE remote_assistants (
	id INTEGER NOT NULL, 
	assistant_id INTEGER NOT NULL, 
	provider TEXT NOT NULL, 
	endpoint TEXT NOT NULL, 
	remote_id TEXT NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_remote_assistants PRIMARY KEY (id), 
	CONSTRAINT fk_remote_assistants_assistant_id_assistants FOREIGN KEY(assistant_id) REFERENCES assistants (id) ON DELETE CASCADE, 
	CONSTRAINT uq_remote_assistants_assistant_id_provider_endpoint UNIQUE (assistant_id, provider, endpoint)
);
CREATE TABLE remote_files (
	id INTEGER NOT NULL, 
	sha256 TEXT NOT NULL, 
	provider TEXT NOT NULL, 
	endpoint TEXT NOT NULL, 
	remote_id TEXT NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_remote_files PRIMARY KEY (id), 
	CONSTRAINT fk_remote_files_sha256_blobs FOREIGN KEY(sha256) REFERENCES blobs (sha256) ON DELETE CASCADE, 
	CONSTRAINT uq_remote_files_sha256_provider_endpoint UNIQUE (sha256, provider, endpoint)
);
CREATE TABLE runs (
	id INTEGER NOT NULL, 
	turn_id INTEGER NOT NULL, 
	conversation_id INTEGER NOT NULL, 
	assistant_version_id INTEGER NOT NULL, 
	provider TEXT NOT NULL, 
	model TEXT NOT NULL, 
	state TEXT NOT NULL, 
	detail TEXT NOT NULL, 
	error TEXT NOT NULL, 
	thread_id TEXT NOT NULL, 
	remote_id TEXT NOT NULL, 
	sent_at DATETIME, 
	started_at DATETIME NOT NULL, 
	finished_at DATETIME, 
	pid INTEGER NOT NULL, 
	host TEXT NOT NULL, 
	input_tokens INTEGER, 
	output_tokens INTEGER, cached_tokens INTEGER, reasoning_tokens INTEGER, cost BIGINT, background BOOLEAN DEFAULT 0 NOT NULL, cursor INTEGER, reasoning TEXT DEFAULT '' NOT NULL, "key" TEXT DEFAULT '' NOT NULL, 
	CONSTRAINT pk_runs PRIMARY KEY (id), 
	CONSTRAINT fk_runs_assistant_version_id_assistant_versions FOREIGN KEY(assistant_version_id) REFERENCES assistant_versions (id), 
	CONSTRAINT fk_runs_conversation_id_conversations FOREIGN KEY(conversation_id) REFERENCES conversations (id) ON DELETE CASCADE, 
	CONSTRAINT fk_runs_turn_id_turns FOREIGN KEY(turn_id) REFERENCES turns (id) ON DELETE CASCADE
);
INSERT INTO "runs" VALUES(1,1,1,1,'openai','gpt-x','completed','','','conv_1','resp_1','2026-11-27 02:45:28.417334','2026-11-27 02:45:28.413637','2026-11-27 02:45:28.420778',27106,'desk',101,5,NULL,NULL,1000,0,NULL,'','01a21ae4-bedd-77d7-97bc-a1f596f33730');
INSERT INTO "runs" VALUES(2,2,1,1,'openai','gpt-x','completed','','','conv_1','resp_2','2026-11-27 02:45:28.434026','2026-11-27 02:45:28.430968','2026-11-27 02:45:28.439633',27106,'desk',102,5,NULL,NULL,2000,0,NULL,'thinking','01a21ae4-beee-7b77-8e6b-d2a18c62eeb9');
INSERT INTO "runs" VALUES(3,3,1,1,'openai','gpt-x','completed','','','conv_1','resp_3','2026-11-27 02:45:28.453313','2026-11-27 02:45:28.446936','2026-11-27 02:45:28.457675',27106,'desk',103,5,NULL,NULL,3000,0,NULL,'','01a21ae4-befe-7fbb-8c31-98e942131d4c');
INSERT INTO "runs" VALUES(4,4,1,1,'openai','gpt-x','interrupted','','','conv_1','resp_4','2026-11-27 02:45:28.465080','2026-11-27 02:45:28.460635','2026-11-27 02:45:28.469745',27106,'desk',104,5,NULL,NULL,4000,0,NULL,'','01a21ae4-bf0c-7c38-845a-0210338e7922');
INSERT INTO "runs" VALUES(5,5,1,1,'openai','gpt-x','completed','','','conv_1','resp_5','2026-11-27 02:45:28.489306','2026-11-27 02:45:28.476794','2026-11-27 02:45:28.501661',27106,'desk',105,5,NULL,NULL,5000,0,NULL,'','01a21ae4-bf1c-7046-8a70-6502a228e324');
INSERT INTO "runs" VALUES(6,6,1,1,'openai','gpt-x','interrupted','','','conv_1','resp_6','2026-11-27 02:45:28.512277','2026-11-27 02:45:28.507772','2026-11-27 02:45:28.521853',27106,'desk',106,5,NULL,NULL,6000,0,NULL,'','01a21ae4-bf3b-7f9b-90ef-ec3fa46e4e5d');
CREATE TABLE sources (
	kind TEXT NOT NULL, 
	source_id TEXT NOT NULL, 
	"key" TEXT NOT NULL, 
	CONSTRAINT pk_sources PRIMARY KEY (kind, source_id)
);
INSERT INTO "sources" VALUES('adopted','conv_1','6d7b9824e92df2be');
CREATE TABLE tags (
	conversation_id INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	CONSTRAINT pk_tags PRIMARY KEY (conversation_id, name), 
	CONSTRAINT fk_tags_conversation_id_conversations FOREIGN KEY(conversation_id) REFERENCES conversations (id) ON DELETE CASCADE
);
INSERT INTO "tags" VALUES(1,'work');
CREATE TABLE threads (
	id INTEGER NOT NULL, 
	conversation_id INTEGER NOT NULL, 
	provider TEXT NOT NULL, 
	endpoint TEXT NOT NULL, 
	remote_id TEXT NOT NULL, 
	synced INTEGER NOT NULL, 
	doubtful BOOLEAN NOT NULL, 
	created_at DATETIME NOT NULL, 
	dropped_at DATETIME, branch_id INTEGER, 
	CONSTRAINT pk_threads PRIMARY KEY (id), 
	CONSTRAINT fk_threads_conversation_id_conversations FOREIGN KEY(conversation_id) REFERENCES conversations (id) ON DELETE CASCADE
);
INSERT INTO "threads" VALUES(1,1,'openai','https://api.openai.com/v1','conv_1',5,1,'2026-11-27 02:45:28.403446',NULL,1);
CREATE TABLE turns (
	id INTEGER NOT NULL, 
	position INTEGER NOT NULL, 
	run_id INTEGER, 
	created_at DATETIME NOT NULL, 
	stamp BIGINT NOT NULL, 
	branch_id INTEGER NOT NULL, 
	"key" TEXT NOT NULL, 
	CONSTRAINT pk_turns PRIMARY KEY (id), 
	CONSTRAINT uq_turns_stamp UNIQUE (stamp), 
	CONSTRAINT fk_turns_branch_id_branches FOREIGN KEY(branch_id) REFERENCES branches (id) ON DELETE CASCADE, 
	CONSTRAINT uq_turns_branch_id_position UNIQUE (branch_id, position), 
	CONSTRAINT uq_turns_key UNIQUE ("key")
);
INSERT INTO "turns" VALUES(1,1,1,'2026-11-27 02:45:28.406914',1795747528,1,'01a21ae4-bed6-73a5-8723-bf8121bb1645');
INSERT INTO "turns" VALUES(2,2,2,'2026-11-27 02:45:28.428920',1795747529,1,'01a21ae4-beec-74cc-a6a7-673c57878e7d');
INSERT INTO "turns" VALUES(3,3,3,'2026-11-27 02:45:28.444400',1795747530,1,'01a21ae4-befc-75ea-a26b-7adbacfc169a');
INSERT INTO "turns" VALUES(4,4,4,'2026-11-27 02:45:28.459400',1795747531,1,'01a21ae4-bf0b-76a7-a881-78cbfe02d934');
INSERT INTO "turns" VALUES(5,5,5,'2026-11-27 02:45:28.475404',1795747532,1,'01a21ae4-bf1b-7739-8fb2-0b65bb321c34');
INSERT INTO "turns" VALUES(6,6,6,'2026-11-27 02:45:28.506440',1795747533,1,'01a21ae4-bf3a-774a-8cf1-1d58541f4ca5');
CREATE UNIQUE INDEX uq_assistants_name_live ON assistants (name) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX uq_threads_current ON threads (conversation_id, provider, endpoint) WHERE dropped_at IS NULL;
CREATE INDEX ix_runs_turn_id ON runs (turn_id);
CREATE UNIQUE INDEX uq_runs_live ON runs (conversation_id) WHERE state IN ('pending', 'running', 'requires_action');
CREATE INDEX ix_messages_turn_id_role ON messages (turn_id, role);
CREATE UNIQUE INDEX uq_messages_answer ON messages (run_id) WHERE run_id IS NOT NULL;
CREATE INDEX ix_attachments_sha256 ON attachments (sha256);
CREATE INDEX ix_tags_name ON tags (name);
CREATE INDEX ix_threads_conversation_id ON threads (conversation_id);
CREATE INDEX ix_runs_usage ON runs (conversation_id, model, provider, input_tokens, output_tokens, cached_tokens, reasoning_tokens, cost, sent_at);
CREATE INDEX ix_branches_conversation_id ON branches (conversation_id);
CREATE INDEX ix_branches_parent_id ON branches (parent_id);
CREATE INDEX ix_path_segments_branch_id ON path_segments (branch_id, conversation_id, first, last);
CREATE INDEX ix_journal_conversation_id ON journal (conversation_id);
CREATE INDEX ix_sources_key ON sources ("key");
CREATE INDEX ix_items_run_id ON items (run_id);
CREATE INDEX ix_items_sha256 ON items (sha256);
CREATE UNIQUE INDEX uq_assistant_versions_key ON assistant_versions ("key");
CREATE UNIQUE INDEX uq_conversations_name_live ON conversations (name) WHERE deleted_at IS NULL;
CREATE INDEX ix_conversations_assistant_id ON conversations (assistant_id);
CREATE INDEX ix_conversations_used ON conversations (used_at, id) WHERE deleted_at IS NULL;
CREATE INDEX ix_conversations_folder ON conversations (folder, used_at, id) WHERE deleted_at IS NULL;
CREATE INDEX ix_conversations_activity ON conversations (updated_at, id) WHERE deleted_at IS NULL;
CREATE VIEW searchable_turns AS
SELECT t.stamp AS key, t.id AS turn_id,
u.content || char(10) || CASE WHEN r.state IN ('pending', 'requires_action', 'running') THEN '' ELSE coalesce(a.content, '') END AS text
FROM turns t
JOIN messages u ON u.turn_id = t.id AND u.role = 'user'
LEFT JOIN runs r ON r.id = t.run_id
LEFT JOIN messages a ON a.run_id = r.id;
CREATE VIEW searchable_names AS
SELECT -c.id AS key, c.id AS conversation_id, c.name || char(10) || c.title AS text FROM conversations c;
CREATE VIEW searchable AS
SELECT key, text FROM searchable_turns UNION ALL SELECT key, text FROM searchable_names;
CREATE VIEW searchable_spaceless AS
SELECT key, text || '  ' AS text FROM searchable WHERE CASE WHEN length(text) = length(CAST(text AS BLOB)) THEN 0 WHEN text GLOB '*[฀-៿⺀-﫿ｦ-ﾟ𠀀-𿿿]*' THEN text GLOB '*[฀-႟ᄀ-ᇿក-៿⺀-鿿ꀀ-꓏가-힯豈-﫿ｦ-ﾟ𠀀-𿿿]*' ELSE 0 END;
CREATE VIRTUAL TABLE words USING fts5(
text, content='searchable', content_rowid='key', columnsize=0, tokenize='unicode61 remove_diacritics 2');
CREATE VIRTUAL TABLE grams USING fts5(
text, content='searchable_spaceless', content_rowid='key', columnsize=0, detail='none', tokenize='trigram');
CREATE VIRTUAL TABLE grams_terms USING fts5vocab(grams, row);
INSERT INTO words(words) VALUES('rebuild');
INSERT INTO grams(grams) VALUES('rebuild');
CREATE TRIGGER search_said_before BEFORE INSERT ON messages WHEN (NEW.run_id IS NULL OR EXISTS (SELECT 1 FROM runs WHERE id = NEW.run_id AND state NOT IN ('pending', 'requires_action', 'running'))) BEGIN INSERT INTO words(words, rowid, text) SELECT 'delete', key, text FROM searchable_turns WHERE turn_id = NEW.turn_id; INSERT INTO grams(grams, rowid, text) SELECT 'delete', key, text || '  ' FROM searchable_turns WHERE turn_id = NEW.turn_id AND CASE WHEN length(text) = length(CAST(text AS BLOB)) THEN 0 WHEN text GLOB '*[฀-៿⺀-﫿ｦ-ﾟ𠀀-𿿿]*' THEN text GLOB '*[฀-႟ᄀ-ᇿក-៿⺀-鿿ꀀ-꓏가-힯豈-﫿ｦ-ﾟ𠀀-𿿿]*' ELSE 0 END; END;
CREATE TRIGGER search_said_after AFTER INSERT ON messages WHEN (NEW.run_id IS NULL OR EXISTS (SELECT 1 FROM runs WHERE id = NEW.run_id AND state NOT IN ('pending', 'requires_action', 'running'))) BEGIN INSERT INTO words(rowid, text) SELECT key, text FROM searchable_turns WHERE turn_id = NEW.turn_id; INSERT INTO grams(rowid, text) SELECT key, text || '  ' FROM searchable_turns WHERE turn_id = NEW.turn_id AND CASE WHEN length(text) = length(CAST(text AS BLOB)) THEN 0 WHEN text GLOB '*[฀-៿⺀-﫿ｦ-ﾟ𠀀-𿿿]*' THEN text GLOB '*[฀-႟ᄀ-ᇿក-៿⺀-鿿ꀀ-꓏가-힯豈-﫿ｦ-ﾟ𠀀-𿿿]*' ELSE 0 END; END;
CREATE TRIGGER search_resaid_before BEFORE UPDATE OF content ON messages WHEN (NEW.run_id IS NULL OR EXISTS (SELECT 1 FROM runs WHERE id = NEW.run_id AND state NOT IN ('pending', 'requires_action', 'running'))) BEGIN INSERT INTO words(words, rowid, text) SELECT 'delete', key, text FROM searchable_turns WHERE turn_id = NEW.turn_id; INSERT INTO grams(grams, rowid, text) SELECT 'delete', key, text || '  ' FROM searchable_turns WHERE turn_id = NEW.turn_id AND CASE WHEN length(text) = length(CAST(text AS BLOB)) THEN 0 WHEN text GLOB '*[฀-៿⺀-﫿ｦ-ﾟ𠀀-𿿿]*' THEN text GLOB '*[฀-႟ᄀ-ᇿក-៿⺀-鿿ꀀ-꓏가-힯豈-﫿ｦ-ﾟ𠀀-𿿿]*' ELSE 0 END; END;
CREATE TRIGGER search_resaid_after AFTER UPDATE OF content ON messages WHEN (NEW.run_id IS NULL OR EXISTS (SELECT 1 FROM runs WHERE id = NEW.run_id AND state NOT IN ('pending', 'requires_action', 'running'))) BEGIN INSERT INTO words(rowid, text) SELECT key, text FROM searchable_turns WHERE turn_id = NEW.turn_id; INSERT INTO grams(rowid, text) SELECT key, text || '  ' FROM searchable_turns WHERE turn_id = NEW.turn_id AND CASE WHEN length(text) = length(CAST(text AS BLOB)) THEN 0 WHEN text GLOB '*[฀-៿⺀-﫿ｦ-ﾟ𠀀-𿿿]*' THEN text GLOB '*[฀-႟ᄀ-ᇿក-៿⺀-鿿ꀀ-꓏가-힯豈-﫿ｦ-ﾟ𠀀-𿿿]*' ELSE 0 END; END;
CREATE TRIGGER search_unsaid_before BEFORE DELETE ON messages WHEN (OLD.run_id IS NULL OR EXISTS (SELECT 1 FROM runs WHERE id = OLD.run_id AND state NOT IN ('pending', 'requires_action', 'running'))) BEGIN INSERT INTO words(words, rowid, text) SELECT 'delete', key, text FROM searchable_turns WHERE turn_id = OLD.turn_id; INSERT INTO grams(grams, rowid, text) SELECT 'delete', key, text || '  ' FROM searchable_turns WHERE turn_id = OLD.turn_id AND CASE WHEN length(text) = length(CAST(text AS BLOB)) THEN 0 WHEN text GLOB '*[฀-៿⺀-﫿ｦ-ﾟ𠀀-𿿿]*' THEN text GLOB '*[฀-႟ᄀ-ᇿក-៿⺀-鿿ꀀ-꓏가-힯豈-﫿ｦ-ﾟ𠀀-𿿿]*' ELSE 0 END; END;
CREATE TRIGGER search_unsaid_after AFTER DELETE ON messages WHEN (OLD.run_id IS NULL OR EXISTS (SELECT 1 FROM runs WHERE id = OLD.run_id AND state NOT IN ('pending', 'requires_action', 'running'))) BEGIN INSERT INTO words(rowid, text) SELECT key, text FROM searchable_turns WHERE turn_id = OLD.turn_id; INSERT INTO grams(rowid, text) SELECT key, text || '  ' FROM searchable_turns WHERE turn_id = OLD.turn_id AND CASE WHEN length(text) = length(CAST(text AS BLOB)) THEN 0 WHEN text GLOB '*[฀-៿⺀-﫿ｦ-ﾟ𠀀-𿿿]*' THEN text GLOB '*[฀-႟ᄀ-ᇿក-៿⺀-鿿ꀀ-꓏가-힯豈-﫿ｦ-ﾟ𠀀-𿿿]*' ELSE 0 END; END;
CREATE TRIGGER search_closed_before BEFORE UPDATE OF state ON runs WHEN (OLD.state IN ('pending', 'requires_action', 'running')) <> (NEW.state IN ('pending', 'requires_action', 'running')) BEGIN INSERT INTO words(words, rowid, text) SELECT 'delete', key, text FROM searchable_turns WHERE turn_id = NEW.turn_id; INSERT INTO grams(grams, rowid, text) SELECT 'delete', key, text || '  ' FROM searchable_turns WHERE turn_id = NEW.turn_id AND CASE WHEN length(text) = length(CAST(text AS BLOB)) THEN 0 WHEN text GLOB '*[฀-៿⺀-﫿ｦ-ﾟ𠀀-𿿿]*' THEN text GLOB '*[฀-႟ᄀ-ᇿក-៿⺀-鿿ꀀ-꓏가-힯豈-﫿ｦ-ﾟ𠀀-𿿿]*' ELSE 0 END; END;
CREATE TRIGGER search_closed_after AFTER UPDATE OF state ON runs WHEN (OLD.state IN ('pending', 'requires_action', 'running')) <> (NEW.state IN ('pending', 'requires_action', 'running')) BEGIN INSERT INTO words(rowid, text) SELECT key, text FROM searchable_turns WHERE turn_id = NEW.turn_id; INSERT INTO grams(rowid, text) SELECT key, text || '  ' FROM searchable_turns WHERE turn_id = NEW.turn_id AND CASE WHEN length(text) = length(CAST(text AS BLOB)) THEN 0 WHEN text GLOB '*[฀-៿⺀-﫿ｦ-ﾟ𠀀-𿿿]*' THEN text GLOB '*[฀-႟ᄀ-ᇿក-៿⺀-鿿ꀀ-꓏가-힯豈-﫿ｦ-ﾟ𠀀-𿿿]*' ELSE 0 END; END;
CREATE TRIGGER search_unrun_before BEFORE DELETE ON runs BEGIN INSERT INTO words(words, rowid, text) SELECT 'delete', key, text FROM searchable_turns WHERE turn_id = OLD.turn_id; INSERT INTO grams(grams, rowid, text) SELECT 'delete', key, text || '  ' FROM searchable_turns WHERE turn_id = OLD.turn_id AND CASE WHEN length(text) = length(CAST(text AS BLOB)) THEN 0 WHEN text GLOB '*[฀-៿⺀-﫿ｦ-ﾟ𠀀-𿿿]*' THEN text GLOB '*[฀-႟ᄀ-ᇿក-៿⺀-鿿ꀀ-꓏가-힯豈-﫿ｦ-ﾟ𠀀-𿿿]*' ELSE 0 END; END;
CREATE TRIGGER search_unrun_after AFTER DELETE ON runs BEGIN INSERT INTO words(rowid, text) SELECT key, text FROM searchable_turns WHERE turn_id = OLD.turn_id; INSERT INTO grams(rowid, text) SELECT key, text || '  ' FROM searchable_turns WHERE turn_id = OLD.turn_id AND CASE WHEN length(text) = length(CAST(text AS BLOB)) THEN 0 WHEN text GLOB '*[฀-៿⺀-﫿ｦ-ﾟ𠀀-𿿿]*' THEN text GLOB '*[฀-႟ᄀ-ᇿក-៿⺀-鿿ꀀ-꓏가-힯豈-﫿ｦ-ﾟ𠀀-𿿿]*' ELSE 0 END; END;
CREATE TRIGGER search_rerun_before BEFORE UPDATE OF run_id ON turns WHEN OLD.run_id IS NOT NULL BEGIN INSERT INTO words(words, rowid, text) SELECT 'delete', key, text FROM searchable_turns WHERE turn_id = NEW.id; INSERT INTO grams(grams, rowid, text) SELECT 'delete', key, text || '  ' FROM searchable_turns WHERE turn_id = NEW.id AND CASE WHEN length(text) = length(CAST(text AS BLOB)) THEN 0 WHEN text GLOB '*[฀-៿⺀-﫿ｦ-ﾟ𠀀-𿿿]*' THEN text GLOB '*[฀-႟ᄀ-ᇿក-៿⺀-鿿ꀀ-꓏가-힯豈-﫿ｦ-ﾟ𠀀-𿿿]*' ELSE 0 END; END;
CREATE TRIGGER search_rerun_after AFTER UPDATE OF run_id ON turns WHEN OLD.run_id IS NOT NULL BEGIN INSERT INTO words(rowid, text) SELECT key, text FROM searchable_turns WHERE turn_id = NEW.id; INSERT INTO grams(rowid, text) SELECT key, text || '  ' FROM searchable_turns WHERE turn_id = NEW.id AND CASE WHEN length(text) = length(CAST(text AS BLOB)) THEN 0 WHEN text GLOB '*[฀-៿⺀-﫿ｦ-ﾟ𠀀-𿿿]*' THEN text GLOB '*[฀-႟ᄀ-ᇿក-៿⺀-鿿ꀀ-꓏가-힯豈-﫿ｦ-ﾟ𠀀-𿿿]*' ELSE 0 END; END;
CREATE TRIGGER search_unturned_before BEFORE DELETE ON turns BEGIN INSERT INTO words(words, rowid, text) SELECT 'delete', key, text FROM searchable_turns WHERE turn_id = OLD.id; INSERT INTO grams(grams, rowid, text) SELECT 'delete', key, text || '  ' FROM searchable_turns WHERE turn_id = OLD.id AND CASE WHEN length(text) = length(CAST(text AS BLOB)) THEN 0 WHEN text GLOB '*[฀-៿⺀-﫿ｦ-ﾟ𠀀-𿿿]*' THEN text GLOB '*[฀-႟ᄀ-ᇿក-៿⺀-鿿ꀀ-꓏가-힯豈-﫿ｦ-ﾟ𠀀-𿿿]*' ELSE 0 END; END;
CREATE TRIGGER search_named_after AFTER INSERT ON conversations BEGIN INSERT INTO words(rowid, text) SELECT key, text FROM searchable_names WHERE conversation_id = NEW.id; INSERT INTO grams(rowid, text) SELECT key, text || '  ' FROM searchable_names WHERE conversation_id = NEW.id AND CASE WHEN length(text) = length(CAST(text AS BLOB)) THEN 0 WHEN text GLOB '*[฀-៿⺀-﫿ｦ-ﾟ𠀀-𿿿]*' THEN text GLOB '*[฀-႟ᄀ-ᇿក-៿⺀-鿿ꀀ-꓏가-힯豈-﫿ｦ-ﾟ𠀀-𿿿]*' ELSE 0 END; END;
CREATE TRIGGER search_renamed_before BEFORE UPDATE OF name, title ON conversations BEGIN INSERT INTO words(words, rowid, text) SELECT 'delete', key, text FROM searchable_names WHERE conversation_id = NEW.id; INSERT INTO grams(grams, rowid, text) SELECT 'delete', key, text || '  ' FROM searchable_names WHERE conversation_id = NEW.id AND CASE WHEN length(text) = length(CAST(text AS BLOB)) THEN 0 WHEN text GLOB '*[฀-៿⺀-﫿ｦ-ﾟ𠀀-𿿿]*' THEN text GLOB '*[฀-႟ᄀ-ᇿក-៿⺀-鿿ꀀ-꓏가-힯豈-﫿ｦ-ﾟ𠀀-𿿿]*' ELSE 0 END; END;
CREATE TRIGGER search_renamed_after AFTER UPDATE OF name, title ON conversations BEGIN INSERT INTO words(rowid, text) SELECT key, text FROM searchable_names WHERE conversation_id = NEW.id; INSERT INTO grams(rowid, text) SELECT key, text || '  ' FROM searchable_names WHERE conversation_id = NEW.id AND CASE WHEN length(text) = length(CAST(text AS BLOB)) THEN 0 WHEN text GLOB '*[฀-៿⺀-﫿ｦ-ﾟ𠀀-𿿿]*' THEN text GLOB '*[฀-႟ᄀ-ᇿក-៿⺀-鿿ꀀ-꓏가-힯豈-﫿ｦ-ﾟ𠀀-𿿿]*' ELSE 0 END; END;
CREATE TRIGGER search_unnamed_before BEFORE DELETE ON conversations BEGIN INSERT INTO words(words, rowid, text) SELECT 'delete', key, text FROM searchable_names WHERE conversation_id = OLD.id; INSERT INTO grams(grams, rowid, text) SELECT 'delete', key, text || '  ' FROM searchable_names WHERE conversation_id = OLD.id AND CASE WHEN length(text) = length(CAST(text AS BLOB)) THEN 0 WHEN text GLOB '*[฀-៿⺀-﫿ｦ-ﾟ𠀀-𿿿]*' THEN text GLOB '*[฀-႟ᄀ-ᇿក-៿⺀-鿿ꀀ-꓏가-힯豈-﫿ｦ-ﾟ𠀀-𿿿]*' ELSE 0 END; END;
COMMIT;
