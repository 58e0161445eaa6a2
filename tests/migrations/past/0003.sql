BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0003');
CREATE TABLE assistant_versions (
	id INTEGER NOT NULL, 
	assistant_id INTEGER NOT NULL, 
	version INTEGER NOT NULL, 
	instructions TEXT NOT NULL, 
	model TEXT NOT NULL, 
	provider TEXT NOT NULL, 
	params JSON NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_assistant_versions PRIMARY KEY (id), 
	CONSTRAINT fk_assistant_versions_assistant_id_assistants FOREIGN KEY(assistant_id) REFERENCES assistants (id) ON DELETE CASCADE, 
	CONSTRAINT uq_assistant_versions_assistant_id_version UNIQUE (assistant_id, version)
);
INSERT INTO "assistant_versions" VALUES(1,1,1,'Be brief','','','{}','2026-11-23 08:25:59.120945');
CREATE TABLE assistants (
	id INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	version INTEGER NOT NULL, 
	created_at DATETIME NOT NULL, 
	updated_at DATETIME NOT NULL, 
	deleted_at DATETIME, 
	CONSTRAINT pk_assistants PRIMARY KEY (id)
);
INSERT INTO "assistants" VALUES(1,'demo',1,'2026-11-23 08:25:59.117298','2026-11-23 08:25:59.117298',NULL);
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
INSERT INTO "attachments" VALUES(1,1,0,'list.txt','text/plain','793a61600e1ca6fb53a729dcc0bff5822cdd74de1f0608095ff2baed89762a98');
CREATE TABLE blobs (
	sha256 TEXT NOT NULL, 
	size INTEGER NOT NULL, 
	data BLOB NOT NULL, 
	CONSTRAINT pk_blobs PRIMARY KEY (sha256)
);
INSERT INTO "blobs" VALUES('793a61600e1ca6fb53a729dcc0bff5822cdd74de1f0608095ff2baed89762a98',12,X'6D696C6B2C2062726561640A');
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
	deleted_at DATETIME, max_cost BIGINT, archived_at DATETIME, folder TEXT DEFAULT '' NOT NULL, 
	CONSTRAINT pk_conversations PRIMARY KEY (id), 
	CONSTRAINT fk_conversations_assistant_id_assistants FOREIGN KEY(assistant_id) REFERENCES assistants (id), 
	CONSTRAINT uq_conversations_key UNIQUE ("key")
);
INSERT INTO "conversations" VALUES(1,'842754221ac0f0e8','demo','',1,'','s',6,6,'2026-11-23 08:25:59.124528','2026-11-23 08:26:35.092990','2026-11-23 08:26:35.092990',NULL,NULL,NULL,'');
INSERT INTO "conversations" VALUES(2,'d6de64fac1e0ac17','d2','',1,'','s',0,NULL,'2026-11-23 08:26:04.846934','2026-11-23 08:26:04.846934','2026-11-23 08:26:04.846934',NULL,NULL,NULL,'');
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
INSERT INTO "messages" VALUES(1,1,NULL,'user','hello one','2026-11-23 08:25:59.132751');
INSERT INTO "messages" VALUES(2,1,1,'assistant','1 user turns; you said: ''hello one''','2026-11-23 08:25:59.863527');
INSERT INTO "messages" VALUES(3,2,NULL,'user','two','2026-11-23 08:26:01.156319');
INSERT INTO "messages" VALUES(4,2,2,'assistant','2 user turns; you said: ''two''','2026-11-23 08:26:01.835219');
INSERT INTO "messages" VALUES(5,3,NULL,'user','piped text','2026-11-23 08:26:02.965070');
INSERT INTO "messages" VALUES(6,3,3,'assistant','3 user turns; you said: ''piped text''','2026-11-23 08:26:03.659152');
INSERT INTO "messages" VALUES(7,4,NULL,'user','cut me','2026-11-23 08:26:07.026487');
INSERT INTO "messages" VALUES(8,4,4,'assistant','4 user turns; you','2026-11-23 08:26:07.724740');
INSERT INTO "messages" VALUES(9,5,NULL,'user','after','2026-11-23 08:26:08.954819');
INSERT INTO "messages" VALUES(10,5,5,'assistant','5 user turns; you said: ''after''','2026-11-23 08:26:09.604214');
INSERT INTO "messages" VALUES(11,6,NULL,'user','early','2026-11-23 08:26:11.101711');
INSERT INTO "messages" VALUES(12,6,6,'assistant','6 user turns; you','2026-11-23 08:26:11.865570');
CREATE TABLE meta (
	"key" TEXT NOT NULL, 
	value TEXT NOT NULL, 
	CONSTRAINT pk_meta PRIMARY KEY ("key")
);
INSERT INTO "meta" VALUES('written_by','0.1.0');
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
	output_tokens INTEGER, cached_tokens INTEGER, reasoning_tokens INTEGER, cost BIGINT, background BOOLEAN DEFAULT 0 NOT NULL, cursor INTEGER, reasoning TEXT DEFAULT '' NOT NULL, 
	CONSTRAINT pk_runs PRIMARY KEY (id), 
	CONSTRAINT fk_runs_assistant_version_id_assistant_versions FOREIGN KEY(assistant_version_id) REFERENCES assistant_versions (id), 
	CONSTRAINT fk_runs_conversation_id_conversations FOREIGN KEY(conversation_id) REFERENCES conversations (id) ON DELETE CASCADE, 
	CONSTRAINT fk_runs_turn_id_turns FOREIGN KEY(turn_id) REFERENCES turns (id) ON DELETE CASCADE
);
INSERT INTO "runs" VALUES(1,1,1,1,'s','gpt-4.1','completed','','','conv_695e6921be3448deafe5101e0f813de1','resp_a8226fe9c1804e218d711b95c872270e','2026-11-23 08:25:59.851078','2026-11-23 08:25:59.132751','2026-11-23 08:25:59.862614',11562,'elsewhere',4,7,0,NULL,1250000,0,NULL,'');
INSERT INTO "runs" VALUES(2,2,1,1,'s','gpt-4.1','completed','','','conv_695e6921be3448deafe5101e0f813de1','resp_f4ab5a9c69874b96b909044fc122f717','2026-11-23 08:26:01.187255','2026-11-23 08:26:01.156319','2026-11-23 08:26:01.833636',11609,'elsewhere',12,6,NULL,NULL,NULL,0,NULL,'');
INSERT INTO "runs" VALUES(3,3,1,1,'s','gpt-4.1','completed','','','conv_695e6921be3448deafe5101e0f813de1','resp_667b4aed7752464aaf540b07826ead9b','2026-11-23 08:26:02.995629','2026-11-23 08:26:02.965070','2026-11-23 08:26:03.657697',11650,'elsewhere',20,7,NULL,NULL,NULL,0,NULL,'');
INSERT INTO "runs" VALUES(4,4,1,1,'s','gpt-4.1','interrupted','','The connection to s (http://127.0.0.1:9/v1) broke before the answer was whole.','conv_695e6921be3448deafe5101e0f813de1','resp_601cae26c4ea4e9ab505b70c1bc2432e','2026-11-23 08:26:07.056819','2026-11-23 08:26:07.026487','2026-11-23 08:26:07.720073',11730,'elsewhere',NULL,NULL,NULL,NULL,NULL,0,NULL,'');
INSERT INTO "runs" VALUES(5,5,1,1,'s','gpt-4.1','completed','','','conv_f3be3947665c47839b8e7662f4d11efa','resp_6aa988e4deac4ace83405725818d307d','2026-11-23 08:26:09.591227','2026-11-23 08:26:08.954819','2026-11-23 08:26:09.602996',11752,'elsewhere',34,6,NULL,NULL,NULL,0,NULL,'');
INSERT INTO "runs" VALUES(6,6,1,1,'s','gpt-4.1','interrupted','','the stream ended before the answer did','conv_f3be3947665c47839b8e7662f4d11efa','resp_af0e00c357654520a95ac1bfc52f07b5','2026-11-23 08:26:11.158021','2026-11-23 08:26:11.101711','2026-11-23 08:26:11.863315',11775,'elsewhere',NULL,NULL,NULL,NULL,NULL,0,NULL,'');
CREATE TABLE tags (
	conversation_id INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	CONSTRAINT pk_tags PRIMARY KEY (conversation_id, name), 
	CONSTRAINT fk_tags_conversation_id_conversations FOREIGN KEY(conversation_id) REFERENCES conversations (id) ON DELETE CASCADE
);
CREATE TABLE threads (
	id INTEGER NOT NULL, 
	conversation_id INTEGER NOT NULL, 
	provider TEXT NOT NULL, 
	endpoint TEXT NOT NULL, 
	remote_id TEXT NOT NULL, 
	synced INTEGER NOT NULL, 
	doubtful BOOLEAN NOT NULL, 
	created_at DATETIME NOT NULL, 
	dropped_at DATETIME, 
	CONSTRAINT pk_threads PRIMARY KEY (id), 
	CONSTRAINT fk_threads_conversation_id_conversations FOREIGN KEY(conversation_id) REFERENCES conversations (id) ON DELETE CASCADE
);
INSERT INTO "threads" VALUES(1,1,'s','http://127.0.0.1:9/v1','conv_695e6921be3448deafe5101e0f813de1',3,1,'2026-11-23 08:25:59.848991','2026-11-23 08:26:09.587956');
INSERT INTO "threads" VALUES(2,2,'s','http://127.0.0.1:9/v1','conv_4f188d253aa84b07b15639151ea77599',0,0,'2026-11-23 08:26:05.525506',NULL);
INSERT INTO "threads" VALUES(3,1,'s','http://127.0.0.1:9/v1','conv_f3be3947665c47839b8e7662f4d11efa',5,1,'2026-11-23 08:26:09.589392','2026-11-23 08:26:14.026583');
INSERT INTO "threads" VALUES(4,1,'s','http://127.0.0.1:9/v1','conv_e0fd1925a5e54d84947c30744636d648',6,1,'2026-11-23 08:26:14.030998','2026-11-23 08:26:16.026553');
INSERT INTO "threads" VALUES(5,1,'s','http://127.0.0.1:9/v1','conv_03b106ffe0344996b881f458e85deb85',8,1,'2026-11-23 08:26:16.027829','2026-11-23 08:26:21.439564');
INSERT INTO "threads" VALUES(6,1,'s','http://127.0.0.1:9/v1','conv_1b9104b38c2d47209c42402f21a012fd',11,1,'2026-11-23 08:26:21.441271','2026-11-23 08:26:24.473075');
INSERT INTO "threads" VALUES(7,1,'s','http://127.0.0.1:9/v1','conv_61475231dc894a0d9aadd4e250f41d78',13,1,'2026-11-23 08:26:24.474085','2026-11-23 08:26:30.132594');
INSERT INTO "threads" VALUES(8,1,'s','http://127.0.0.1:9/v1','conv_030304d1135f47a1a849781d00c6f26e',14,1,'2026-11-23 08:26:30.134063','2026-11-23 08:26:31.790136');
INSERT INTO "threads" VALUES(9,1,'s','http://127.0.0.1:9/v1','conv_915e09c25b754abaae4ba6967402ea54',15,1,'2026-11-23 08:26:31.791559','2026-11-23 08:26:31.803381');
INSERT INTO "threads" VALUES(10,1,'s','http://127.0.0.1:9/v1','-',17,0,'2026-11-23 08:26:31.803779',NULL);
CREATE TABLE "turns" (
	id INTEGER NOT NULL, 
	conversation_id INTEGER NOT NULL, 
	position INTEGER NOT NULL, 
	run_id INTEGER, 
	created_at DATETIME NOT NULL, 
	stamp BIGINT NOT NULL, 
	CONSTRAINT pk_turns PRIMARY KEY (id), 
	CONSTRAINT fk_turns_conversation_id_conversations FOREIGN KEY(conversation_id) REFERENCES conversations (id) ON DELETE CASCADE, 
	CONSTRAINT uq_turns_conversation_id_position UNIQUE (conversation_id, position), 
	CONSTRAINT uq_turns_stamp UNIQUE (stamp)
);
INSERT INTO "turns" VALUES(1,1,1,1,'2026-11-23 08:25:59.132751',1795422359);
INSERT INTO "turns" VALUES(2,1,2,2,'2026-11-23 08:26:01.156319',1795422361);
INSERT INTO "turns" VALUES(3,1,3,3,'2026-11-23 08:26:02.965070',1795422362);
INSERT INTO "turns" VALUES(4,1,4,4,'2026-11-23 08:26:07.026487',1795422367);
INSERT INTO "turns" VALUES(5,1,5,5,'2026-11-23 08:26:08.954819',1795422368);
INSERT INTO "turns" VALUES(6,1,6,6,'2026-11-23 08:26:11.101711',1795422371);
CREATE UNIQUE INDEX uq_assistants_name_live ON assistants (name) WHERE deleted_at IS NULL;
CREATE INDEX ix_conversations_activity ON conversations (updated_at, id) WHERE deleted_at IS NULL;
CREATE INDEX ix_conversations_assistant_id ON conversations (assistant_id);
CREATE INDEX ix_conversations_used ON conversations (used_at, id) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX uq_conversations_name_live ON conversations (name) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX uq_threads_current ON threads (conversation_id, provider, endpoint) WHERE dropped_at IS NULL;
CREATE INDEX ix_runs_turn_id ON runs (turn_id);
CREATE UNIQUE INDEX uq_runs_live ON runs (conversation_id) WHERE state IN ('pending', 'running', 'requires_action');
CREATE INDEX ix_messages_turn_id_role ON messages (turn_id, role);
CREATE UNIQUE INDEX uq_messages_answer ON messages (run_id) WHERE run_id IS NOT NULL;
CREATE INDEX ix_attachments_sha256 ON attachments (sha256);
CREATE INDEX ix_tags_name ON tags (name);
CREATE INDEX ix_runs_conversation_id ON runs (conversation_id);
CREATE INDEX ix_threads_conversation_id ON threads (conversation_id);
CREATE INDEX ix_conversations_folder ON conversations (folder, used_at, id) WHERE deleted_at IS NULL;
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
SELECT key, text || '  ' AS text FROM searchable WHERE text GLOB '*[฀-႟ᄀ-ᇿក-៿⺀-鿿ꀀ-꓏가-힯豈-﫿ｦ-ﾟ𠀀-𿿿]*';
CREATE VIRTUAL TABLE words USING fts5(
text, content='searchable', content_rowid='key', columnsize=0, tokenize='unicode61 remove_diacritics 2');
CREATE VIRTUAL TABLE grams USING fts5(
text, content='searchable_spaceless', content_rowid='key', columnsize=0, detail='none', tokenize='trigram');
CREATE VIRTUAL TABLE grams_terms USING fts5vocab(grams, row);
INSERT INTO words(words) VALUES('rebuild');
INSERT INTO grams(grams) VALUES('rebuild');
CREATE TRIGGER search_said_before BEFORE INSERT ON messages WHEN (NEW.run_id IS NULL OR EXISTS (SELECT 1 FROM runs WHERE id = NEW.run_id AND state NOT IN ('pending', 'requires_action', 'running'))) BEGIN INSERT INTO words(words, rowid, text) SELECT 'delete', key, text FROM searchable_turns WHERE turn_id = NEW.turn_id; INSERT INTO grams(grams, rowid, text) SELECT 'delete', key, text || '  ' FROM searchable_turns WHERE turn_id = NEW.turn_id AND text GLOB '*[฀-႟ᄀ-ᇿក-៿⺀-鿿ꀀ-꓏가-힯豈-﫿ｦ-ﾟ𠀀-𿿿]*'; END;
CREATE TRIGGER search_said_after AFTER INSERT ON messages WHEN (NEW.run_id IS NULL OR EXISTS (SELECT 1 FROM runs WHERE id = NEW.run_id AND state NOT IN ('pending', 'requires_action', 'running'))) BEGIN INSERT INTO words(rowid, text) SELECT key, text FROM searchable_turns WHERE turn_id = NEW.turn_id; INSERT INTO grams(rowid, text) SELECT key, text || '  ' FROM searchable_turns WHERE turn_id = NEW.turn_id AND text GLOB '*[฀-႟ᄀ-ᇿក-៿⺀-鿿ꀀ-꓏가-힯豈-﫿ｦ-ﾟ𠀀-𿿿]*'; END;
CREATE TRIGGER search_resaid_before BEFORE UPDATE OF content ON messages WHEN (NEW.run_id IS NULL OR EXISTS (SELECT 1 FROM runs WHERE id = NEW.run_id AND state NOT IN ('pending', 'requires_action', 'running'))) BEGIN INSERT INTO words(words, rowid, text) SELECT 'delete', key, text FROM searchable_turns WHERE turn_id = NEW.turn_id; INSERT INTO grams(grams, rowid, text) SELECT 'delete', key, text || '  ' FROM searchable_turns WHERE turn_id = NEW.turn_id AND text GLOB '*[฀-႟ᄀ-ᇿក-៿⺀-鿿ꀀ-꓏가-힯豈-﫿ｦ-ﾟ𠀀-𿿿]*'; END;
CREATE TRIGGER search_resaid_after AFTER UPDATE OF content ON messages WHEN (NEW.run_id IS NULL OR EXISTS (SELECT 1 FROM runs WHERE id = NEW.run_id AND state NOT IN ('pending', 'requires_action', 'running'))) BEGIN INSERT INTO words(rowid, text) SELECT key, text FROM searchable_turns WHERE turn_id = NEW.turn_id; INSERT INTO grams(rowid, text) SELECT key, text || '  ' FROM searchable_turns WHERE turn_id = NEW.turn_id AND text GLOB '*[฀-႟ᄀ-ᇿក-៿⺀-鿿ꀀ-꓏가-힯豈-﫿ｦ-ﾟ𠀀-𿿿]*'; END;
CREATE TRIGGER search_unsaid_before BEFORE DELETE ON messages WHEN (OLD.run_id IS NULL OR EXISTS (SELECT 1 FROM runs WHERE id = OLD.run_id AND state NOT IN ('pending', 'requires_action', 'running'))) BEGIN INSERT INTO words(words, rowid, text) SELECT 'delete', key, text FROM searchable_turns WHERE turn_id = OLD.turn_id; INSERT INTO grams(grams, rowid, text) SELECT 'delete', key, text || '  ' FROM searchable_turns WHERE turn_id = OLD.turn_id AND text GLOB '*[฀-႟ᄀ-ᇿក-៿⺀-鿿ꀀ-꓏가-힯豈-﫿ｦ-ﾟ𠀀-𿿿]*'; END;
CREATE TRIGGER search_unsaid_after AFTER DELETE ON messages WHEN (OLD.run_id IS NULL OR EXISTS (SELECT 1 FROM runs WHERE id = OLD.run_id AND state NOT IN ('pending', 'requires_action', 'running'))) BEGIN INSERT INTO words(rowid, text) SELECT key, text FROM searchable_turns WHERE turn_id = OLD.turn_id; INSERT INTO grams(rowid, text) SELECT key, text || '  ' FROM searchable_turns WHERE turn_id = OLD.turn_id AND text GLOB '*[฀-႟ᄀ-ᇿក-៿⺀-鿿ꀀ-꓏가-힯豈-﫿ｦ-ﾟ𠀀-𿿿]*'; END;
CREATE TRIGGER search_closed_before BEFORE UPDATE OF state ON runs WHEN (OLD.state IN ('pending', 'requires_action', 'running')) <> (NEW.state IN ('pending', 'requires_action', 'running')) BEGIN INSERT INTO words(words, rowid, text) SELECT 'delete', key, text FROM searchable_turns WHERE turn_id = NEW.turn_id; INSERT INTO grams(grams, rowid, text) SELECT 'delete', key, text || '  ' FROM searchable_turns WHERE turn_id = NEW.turn_id AND text GLOB '*[฀-႟ᄀ-ᇿក-៿⺀-鿿ꀀ-꓏가-힯豈-﫿ｦ-ﾟ𠀀-𿿿]*'; END;
CREATE TRIGGER search_closed_after AFTER UPDATE OF state ON runs WHEN (OLD.state IN ('pending', 'requires_action', 'running')) <> (NEW.state IN ('pending', 'requires_action', 'running')) BEGIN INSERT INTO words(rowid, text) SELECT key, text FROM searchable_turns WHERE turn_id = NEW.turn_id; INSERT INTO grams(rowid, text) SELECT key, text || '  ' FROM searchable_turns WHERE turn_id = NEW.turn_id AND text GLOB '*[฀-႟ᄀ-ᇿក-៿⺀-鿿ꀀ-꓏가-힯豈-﫿ｦ-ﾟ𠀀-𿿿]*'; END;
CREATE TRIGGER search_unrun_before BEFORE DELETE ON runs BEGIN INSERT INTO words(words, rowid, text) SELECT 'delete', key, text FROM searchable_turns WHERE turn_id = OLD.turn_id; INSERT INTO grams(grams, rowid, text) SELECT 'delete', key, text || '  ' FROM searchable_turns WHERE turn_id = OLD.turn_id AND text GLOB '*[฀-႟ᄀ-ᇿក-៿⺀-鿿ꀀ-꓏가-힯豈-﫿ｦ-ﾟ𠀀-𿿿]*'; END;
CREATE TRIGGER search_unrun_after AFTER DELETE ON runs BEGIN INSERT INTO words(rowid, text) SELECT key, text FROM searchable_turns WHERE turn_id = OLD.turn_id; INSERT INTO grams(rowid, text) SELECT key, text || '  ' FROM searchable_turns WHERE turn_id = OLD.turn_id AND text GLOB '*[฀-႟ᄀ-ᇿក-៿⺀-鿿ꀀ-꓏가-힯豈-﫿ｦ-ﾟ𠀀-𿿿]*'; END;
CREATE TRIGGER search_rerun_before BEFORE UPDATE OF run_id ON turns WHEN OLD.run_id IS NOT NULL BEGIN INSERT INTO words(words, rowid, text) SELECT 'delete', key, text FROM searchable_turns WHERE turn_id = NEW.id; INSERT INTO grams(grams, rowid, text) SELECT 'delete', key, text || '  ' FROM searchable_turns WHERE turn_id = NEW.id AND text GLOB '*[฀-႟ᄀ-ᇿក-៿⺀-鿿ꀀ-꓏가-힯豈-﫿ｦ-ﾟ𠀀-𿿿]*'; END;
CREATE TRIGGER search_rerun_after AFTER UPDATE OF run_id ON turns WHEN OLD.run_id IS NOT NULL BEGIN INSERT INTO words(rowid, text) SELECT key, text FROM searchable_turns WHERE turn_id = NEW.id; INSERT INTO grams(rowid, text) SELECT key, text || '  ' FROM searchable_turns WHERE turn_id = NEW.id AND text GLOB '*[฀-႟ᄀ-ᇿក-៿⺀-鿿ꀀ-꓏가-힯豈-﫿ｦ-ﾟ𠀀-𿿿]*'; END;
CREATE TRIGGER search_unturned_before BEFORE DELETE ON turns BEGIN INSERT INTO words(words, rowid, text) SELECT 'delete', key, text FROM searchable_turns WHERE turn_id = OLD.id; INSERT INTO grams(grams, rowid, text) SELECT 'delete', key, text || '  ' FROM searchable_turns WHERE turn_id = OLD.id AND text GLOB '*[฀-႟ᄀ-ᇿក-៿⺀-鿿ꀀ-꓏가-힯豈-﫿ｦ-ﾟ𠀀-𿿿]*'; END;
CREATE TRIGGER search_named_after AFTER INSERT ON conversations BEGIN INSERT INTO words(rowid, text) SELECT key, text FROM searchable_names WHERE conversation_id = NEW.id; INSERT INTO grams(rowid, text) SELECT key, text || '  ' FROM searchable_names WHERE conversation_id = NEW.id AND text GLOB '*[฀-႟ᄀ-ᇿក-៿⺀-鿿ꀀ-꓏가-힯豈-﫿ｦ-ﾟ𠀀-𿿿]*'; END;
CREATE TRIGGER search_renamed_before BEFORE UPDATE OF name, title ON conversations BEGIN INSERT INTO words(words, rowid, text) SELECT 'delete', key, text FROM searchable_names WHERE conversation_id = NEW.id; INSERT INTO grams(grams, rowid, text) SELECT 'delete', key, text || '  ' FROM searchable_names WHERE conversation_id = NEW.id AND text GLOB '*[฀-႟ᄀ-ᇿក-៿⺀-鿿ꀀ-꓏가-힯豈-﫿ｦ-ﾟ𠀀-𿿿]*'; END;
CREATE TRIGGER search_renamed_after AFTER UPDATE OF name, title ON conversations BEGIN INSERT INTO words(rowid, text) SELECT key, text FROM searchable_names WHERE conversation_id = NEW.id; INSERT INTO grams(rowid, text) SELECT key, text || '  ' FROM searchable_names WHERE conversation_id = NEW.id AND text GLOB '*[฀-႟ᄀ-ᇿក-៿⺀-鿿ꀀ-꓏가-힯豈-﫿ｦ-ﾟ𠀀-𿿿]*'; END;
CREATE TRIGGER search_unnamed_before BEFORE DELETE ON conversations BEGIN INSERT INTO words(words, rowid, text) SELECT 'delete', key, text FROM searchable_names WHERE conversation_id = OLD.id; INSERT INTO grams(grams, rowid, text) SELECT 'delete', key, text || '  ' FROM searchable_names WHERE conversation_id = OLD.id AND text GLOB '*[฀-႟ᄀ-ᇿក-៿⺀-鿿ꀀ-꓏가-힯豈-﫿ｦ-ﾟ𠀀-𿿿]*'; END;
COMMIT;
