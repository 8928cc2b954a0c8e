CREATE TABLE schema_version (
  version BIGINT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  applied_us BIGINT NOT NULL);
INSERT INTO schema_version VALUES(1,'begin',1796081929991753);
INSERT INTO schema_version VALUES(2,'access',1796094815052748);
INSERT INTO schema_version VALUES(3,'gateway',1796119919971185);
CREATE TABLE meta (
  key TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO meta VALUES('epoch','1');
INSERT INTO meta VALUES('head','53:sha256:a0263a1781c03e5d63bcc6ee5e82a33084226a3a5a7d570d55c18270e308fac7');
INSERT INTO meta VALUES('store_id','85e22ab79b3bb0d0a6559603b2c77dc3');
CREATE TABLE counters (
  name TEXT NOT NULL PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO counters VALUES('draft',1);
INSERT INTO counters VALUES('effect',3);
INSERT INTO counters VALUES('intake',1);
INSERT INTO counters VALUES('vtid',3);
CREATE TABLE vtid_specs (
  vtid TEXT NOT NULL,
  version INTEGER NOT NULL CHECK (version > 0),
  spec_text TEXT NOT NULL,
  checksum TEXT NOT NULL,
  spec_source TEXT NOT NULL,
  locked_at INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  author TEXT NOT NULL DEFAULT '',
  source_repo TEXT NOT NULL DEFAULT '',
  source_path TEXT NOT NULL DEFAULT '',
  source_commit TEXT NOT NULL DEFAULT '',
  source_blob TEXT NOT NULL DEFAULT '',
  source_reference TEXT NOT NULL DEFAULT '',
  source_reason TEXT NOT NULL DEFAULT '',
  number INTEGER GENERATED ALWAYS AS (CAST(substr(vtid, 6) AS INTEGER)) VIRTUAL,
  PRIMARY KEY (vtid, version)
) STRICT, WITHOUT ROWID;
INSERT INTO vtid_specs VALUES('VTID-00001',1,replace('# VTID-00001: A blue page\n\n## Summary\n\nThe page shall have the colour that was agreed.\n\n## Problem\n\nIt has another colour.\n\n## Acceptance Criteria\n\n- The page is blue\n\n  ```check\n  grep -q blue page.txt\n  ```\n','\n',char(10)),'sha256:dc0142bd4f511173f5af33e667fda13ee623d956d7fa1f39f36b95d379781277','git',1796081930247802,1796081910000000,'Shop Owner <owner@shop.example>','shop','docs/specs/00001-blue.md','9863078e9bbd45080689d2c877f8ecfbb267f232','c480d6708704e3d09bf672ac09b06877c0c6f863','','');
INSERT INTO vtid_specs VALUES('VTID-00002',1,replace('# VTID-00002: A green page\n\n## Summary\n\nThe page shall have the colour that was agreed.\n\n## Problem\n\nIt has another colour.\n\n## Acceptance Criteria\n\n- The page is green\n\n  ```check\n  grep -q green page.txt\n  ```\n','\n',char(10)),'sha256:1e284e6b610261cc21244d4e10334a2fb5a68e200a1957bc0528da1913271bf3','git',1796081930247802,1796081910000000,'Shop Owner <owner@shop.example>','shop','docs/specs/00002-green.md','9863078e9bbd45080689d2c877f8ecfbb267f232','2118f843eee3e10af39e43dd17d8cd5eaa955635','','');
CREATE TABLE spec_approvals (
  vtid TEXT NOT NULL,
  version INTEGER NOT NULL,
  checksum TEXT NOT NULL,
  actor TEXT NOT NULL,
  approved_at INTEGER NOT NULL,
  PRIMARY KEY (vtid, version)
) STRICT, WITHOUT ROWID;
CREATE TABLE spec_candidates (
  vtid TEXT NOT NULL,
  origin TEXT NOT NULL,
  checksum TEXT NOT NULL,
  valid INTEGER NOT NULL,
  diagnostics TEXT NOT NULL,
  spec_source TEXT NOT NULL,
  author TEXT NOT NULL,
  said_at INTEGER NOT NULL,
  source_repo TEXT NOT NULL,
  source_path TEXT NOT NULL,
  source_commit TEXT NOT NULL,
  source_blob TEXT NOT NULL,
  source_reference TEXT NOT NULL,
  source_reason TEXT NOT NULL,
  spec_text TEXT NOT NULL,
  circular INTEGER NOT NULL,
  PRIMARY KEY (vtid, origin)
) STRICT, WITHOUT ROWID;
INSERT INTO spec_candidates VALUES('VTID-00001','git:shop:docs/specs/00001-blue.md','sha256:dc0142bd4f511173f5af33e667fda13ee623d956d7fa1f39f36b95d379781277',1,'[]','git','Shop Owner <owner@shop.example>',1796081910000000,'shop','docs/specs/00001-blue.md','9863078e9bbd45080689d2c877f8ecfbb267f232','c480d6708704e3d09bf672ac09b06877c0c6f863','','',replace('# VTID-00001: A blue page\n\n## Summary\n\nThe page shall have the colour that was agreed.\n\n## Problem\n\nIt has another colour.\n\n## Acceptance Criteria\n\n- The page is blue\n\n  ```check\n  grep -q blue page.txt\n  ```\n','\n',char(10)),0);
INSERT INTO spec_candidates VALUES('VTID-00002','git:shop:docs/specs/00002-green.md','sha256:1e284e6b610261cc21244d4e10334a2fb5a68e200a1957bc0528da1913271bf3',1,'[]','git','Shop Owner <owner@shop.example>',1796081910000000,'shop','docs/specs/00002-green.md','9863078e9bbd45080689d2c877f8ecfbb267f232','2118f843eee3e10af39e43dd17d8cd5eaa955635','','',replace('# VTID-00002: A green page\n\n## Summary\n\nThe page shall have the colour that was agreed.\n\n## Problem\n\nIt has another colour.\n\n## Acceptance Criteria\n\n- The page is green\n\n  ```check\n  grep -q green page.txt\n  ```\n','\n',char(10)),0);
CREATE TABLE vtid_ledger (
  vtid TEXT NOT NULL PRIMARY KEY,
  created_at INTEGER NOT NULL DEFAULT 0,
  title TEXT NOT NULL DEFAULT '',
  status TEXT NOT NULL DEFAULT 'draft',
  blocked_reason TEXT,
  priority INTEGER NOT NULL DEFAULT 3,
  repo TEXT NOT NULL DEFAULT '',
  description TEXT NOT NULL DEFAULT '',
  spec_version INTEGER,
  spec_checksum TEXT,
  waits TEXT NOT NULL DEFAULT '{}',
  not_before INTEGER NOT NULL DEFAULT 0,
  next_kind TEXT NOT NULL DEFAULT 'spec',
  next_what TEXT NOT NULL DEFAULT '',
  next_due INTEGER,
  error_code TEXT,
  error TEXT,
  spent TEXT NOT NULL DEFAULT '{}',
  attempt INTEGER NOT NULL DEFAULT 0,
  newer_spec TEXT,
  answer TEXT NOT NULL DEFAULT '',
  agent TEXT NOT NULL DEFAULT '',
  delivery TEXT,
  updated_at INTEGER NOT NULL DEFAULT 0,
  revision INTEGER NOT NULL DEFAULT 0,
  number INTEGER GENERATED ALWAYS AS (CAST(substr(vtid, 6) AS INTEGER)) VIRTUAL
) STRICT;
INSERT INTO vtid_ledger VALUES('VTID-00001',1796081930247802,'A blue page','completed',NULL,3,'shop','',1,'sha256:dc0142bd4f511173f5af33e667fda13ee623d956d7fa1f39f36b95d379781277','{}',0,'none','',NULL,NULL,NULL,'{"runs":1,"transient":0,"worker_losses":0,"engine_losses":0}',1,NULL,'','',NULL,1796081930958823,10);
INSERT INTO vtid_ledger VALUES('VTID-00002',1796081930247802,'A green page','failed',NULL,3,'shop','',1,'sha256:1e284e6b610261cc21244d4e10334a2fb5a68e200a1957bc0528da1913271bf3','{}',1796081934368490,'none','',NULL,'AGENT_NO_CHANGE','{"code":"AGENT_NO_CHANGE","message":"the agent ended with exit 0 and changed nothing","from_state":"executing"}','{"runs":3,"transient":0,"worker_losses":0,"engine_losses":0,"by_code":{"AGENT_NO_CHANGE":2,"VERIFICATION_FAILED":1}}',3,NULL,'','',NULL,1796081935366995,18);
INSERT INTO vtid_ledger VALUES('VTID-00003',1796081936407737,'A task without a spec','draft',NULL,3,'shop','',NULL,NULL,'{}',0,'spec','commit a spec file, or register one: vitana spec register FILE --reason TEXT',NULL,'SPEC_NOT_FOUND','{"code":"SPEC_NOT_FOUND","message":"no source has a spec for VTID-00003; looked in: git (shop branch main: docs/specs/**/*.md), drafts, intakes, manual registrations, the ledger''s description","from_state":"draft"}','{}',0,NULL,'','',NULL,1796081936407737,2);
CREATE TABLE task_dependencies (
  vtid TEXT NOT NULL,
  depends_on TEXT NOT NULL,
  number INTEGER GENERATED ALWAYS AS (CAST(substr(vtid, 6) AS INTEGER)) VIRTUAL,
  PRIMARY KEY (vtid, depends_on)
) STRICT, WITHOUT ROWID;
CREATE TABLE autopilot_runs (
  vtid TEXT NOT NULL,
  attempt INTEGER NOT NULL DEFAULT 1,
  created_at INTEGER NOT NULL DEFAULT 0,
  state TEXT NOT NULL DEFAULT 'allocated',
  wants TEXT,
  priority INTEGER NOT NULL DEFAULT 3,
  spec_version INTEGER NOT NULL DEFAULT 1,
  spec_checksum TEXT NOT NULL DEFAULT '',
  repo TEXT NOT NULL DEFAULT '',
  base_commit TEXT NOT NULL DEFAULT '',
  config_digest TEXT NOT NULL DEFAULT '',
  agent TEXT NOT NULL DEFAULT '',
  delivery TEXT NOT NULL DEFAULT 'branch',
  lease_worker TEXT,
  lease_fence INTEGER,
  lease_granted_at INTEGER,
  lease_until INTEGER,
  fence INTEGER NOT NULL DEFAULT 0,
  parked INTEGER NOT NULL DEFAULT 0,
  not_before INTEGER NOT NULL DEFAULT 0,
  route_failures INTEGER NOT NULL DEFAULT 0,
  step_failures INTEGER NOT NULL DEFAULT 0,
  base_moves INTEGER NOT NULL DEFAULT 0,
  result_commit TEXT NOT NULL DEFAULT '',
  result_tree TEXT NOT NULL DEFAULT '',
  unsandboxed INTEGER NOT NULL DEFAULT 0,
  deliverable TEXT,
  workspace TEXT NOT NULL DEFAULT '',
  error_code TEXT,
  error TEXT,
  worker TEXT NOT NULL DEFAULT '',
  started_at INTEGER,
  ended_at INTEGER,
  revision INTEGER NOT NULL DEFAULT 0,
  holds_slot INTEGER NOT NULL DEFAULT 0,
  number INTEGER GENERATED ALWAYS AS (CAST(substr(vtid, 6) AS INTEGER)) VIRTUAL,
  PRIMARY KEY (vtid, attempt)
) STRICT, WITHOUT ROWID;
INSERT INTO autopilot_runs VALUES('VTID-00001',1,1796081930266257,'completed',NULL,3,1,'sha256:dc0142bd4f511173f5af33e667fda13ee623d956d7fa1f39f36b95d379781277','shop','9863078e9bbd45080689d2c877f8ecfbb267f232','sha256:2888bf729072b1e459b677a17a51a7a4412ce94e89399faa22fe633bbe87364d','fixer','merge',NULL,NULL,NULL,NULL,3,0,0,0,0,0,'476297f1e37dd4d0a05c562821a476a6583daa21','1281ce44dd3eb379f416223291c1ae138ffab3a6',0,'{"ref":"refs/heads/main","old_commit":"9863078e9bbd45080689d2c877f8ecfbb267f232","new_commit":"eb96e9bf97a1ca45c51cfaec1ad1b991b0b0dbf3","tree":"1281ce44dd3eb379f416223291c1ae138ffab3a6"}','VTID-00001.1-f1',NULL,NULL,'local:21c3d35c-9c84-4c2c-a09a-076bc24f467f:11427:726177/worker',1796081930274124,1796081930958823,8,0);
INSERT INTO autopilot_runs VALUES('VTID-00002',1,1796081930266257,'failed',NULL,3,1,'sha256:1e284e6b610261cc21244d4e10334a2fb5a68e200a1957bc0528da1913271bf3','shop','9863078e9bbd45080689d2c877f8ecfbb267f232','sha256:2888bf729072b1e459b677a17a51a7a4412ce94e89399faa22fe633bbe87364d','fixer','merge',NULL,NULL,NULL,NULL,2,0,0,0,0,0,'7d370bef21717381089dc0588c0fd68d2f7363ce','1281ce44dd3eb379f416223291c1ae138ffab3a6',0,NULL,'VTID-00002.1-f1','VERIFICATION_FAILED','{"code":"VERIFICATION_FAILED","message":"AC-1 is red on the result","from_state":"verifying","context":{"criteria":"AC-1","output":""}}','local:21c3d35c-9c84-4c2c-a09a-076bc24f467f:11427:726177/worker',1796081930275089,1796081930854141,6,0);
INSERT INTO autopilot_runs VALUES('VTID-00002',2,1796081932046083,'failed',NULL,3,1,'sha256:1e284e6b610261cc21244d4e10334a2fb5a68e200a1957bc0528da1913271bf3','shop','eb96e9bf97a1ca45c51cfaec1ad1b991b0b0dbf3','sha256:2888bf729072b1e459b677a17a51a7a4412ce94e89399faa22fe633bbe87364d','fixer','merge',NULL,NULL,NULL,NULL,1,0,0,0,0,0,'88e351264764f3cdc08727c8e7d5759b5e5e1b5c','1281ce44dd3eb379f416223291c1ae138ffab3a6',0,NULL,'VTID-00002.2-f1','AGENT_NO_CHANGE','{"code":"AGENT_NO_CHANGE","message":"the agent ended with exit 0 and changed nothing","from_state":"executing"}','local:21c3d35c-9c84-4c2c-a09a-076bc24f467f:11427:726177/worker',1796081932057973,1796081932230314,4,0);
INSERT INTO autopilot_runs VALUES('VTID-00002',3,1796081935241957,'failed',NULL,3,1,'sha256:1e284e6b610261cc21244d4e10334a2fb5a68e200a1957bc0528da1913271bf3','shop','eb96e9bf97a1ca45c51cfaec1ad1b991b0b0dbf3','sha256:2888bf729072b1e459b677a17a51a7a4412ce94e89399faa22fe633bbe87364d','fixer','merge',NULL,NULL,NULL,NULL,1,0,0,0,0,0,'3b2ffdd741918fab0c4bdb386cf983b9dfe018f7','1281ce44dd3eb379f416223291c1ae138ffab3a6',0,NULL,'VTID-00002.3-f1','AGENT_NO_CHANGE','{"code":"AGENT_NO_CHANGE","message":"the agent ended with exit 0 and changed nothing","from_state":"executing"}','local:21c3d35c-9c84-4c2c-a09a-076bc24f467f:11427:726177/worker',1796081935245970,1796081935366995,4,0);
CREATE TABLE oasis_events (
  seq INTEGER PRIMARY KEY CHECK (seq > 0),
  time_us INTEGER NOT NULL,
  type TEXT NOT NULL,
  status TEXT NOT NULL,
  vtid TEXT,
  run TEXT,
  actor TEXT NOT NULL,
  data TEXT NOT NULL,
  hash TEXT NOT NULL
) STRICT;
INSERT INTO oasis_events VALUES(1,1796081929991753,'store.created','info',NULL,NULL,'engine','{"schema":1,"store_id":"85e22ab79b3bb0d0a6559603b2c77dc3"}','sha256:5901b48b3b6df46eb3232c9c5d3582e0b67f28bf83b74c59a83db524a9b9806d');
INSERT INTO oasis_events VALUES(2,1796081929991753,'governance.control.updated','info',NULL,NULL,'engine','{"key":"execution","state":"on","reason":"made with the store"}','sha256:0ee5c23a8a31322dfb2f4018f448681aeee6e683a80e2d459d9a4343933d51b6');
INSERT INTO oasis_events VALUES(3,1796081930247802,'vtid.lifecycle.allocated','info','VTID-00001',NULL,'git-sync','{"priority":3,"title":"VTID-00001","repo":"shop"}','sha256:6cc70c35826e6a29533792e89161f8263fdfa623ce580ad4fceebebf54a2cbe8');
INSERT INTO oasis_events VALUES(4,1796081930247802,'vtid.spec.registered','success','VTID-00001',NULL,'git-sync','{"version":1,"digest":"sha256:dc0142bd4f511173f5af33e667fda13ee623d956d7fa1f39f36b95d379781277","source":"git","repo":"shop","path":"docs/specs/00001-blue.md","commit":"9863078e9bbd45080689d2c877f8ecfbb267f232","origin":"git:shop:docs/specs/00001-blue.md","author":"Shop Owner <owner@shop.example>"}','sha256:6559023f4e746a9918faf68f428022dc79512bdb73f56623af49a0e85653df92');
INSERT INTO oasis_events VALUES(5,1796081930247802,'vtid.lifecycle.scheduled','info','VTID-00001',NULL,'git-sync','{"spec_version":1}','sha256:4d95a62d447062b44d973a52a1f4c40961435b1227a9921e997d16320c9ce0f2');
INSERT INTO oasis_events VALUES(6,1796081930247802,'vtid.lifecycle.allocated','info','VTID-00002',NULL,'git-sync','{"priority":3,"title":"VTID-00002","repo":"shop"}','sha256:98cffb29630d89b78963f7908c2cfd1a6056b3e5d3bd75190265862b0fc37b50');
INSERT INTO oasis_events VALUES(7,1796081930247802,'vtid.spec.registered','success','VTID-00002',NULL,'git-sync','{"version":1,"digest":"sha256:1e284e6b610261cc21244d4e10334a2fb5a68e200a1957bc0528da1913271bf3","source":"git","repo":"shop","path":"docs/specs/00002-green.md","commit":"9863078e9bbd45080689d2c877f8ecfbb267f232","origin":"git:shop:docs/specs/00002-green.md","author":"Shop Owner <owner@shop.example>"}','sha256:58c4c4497f8a095fb4c8e10cc48a55e703d35ce0f9c9c137ec584d8e475bb7e5');
INSERT INTO oasis_events VALUES(8,1796081930247802,'vtid.lifecycle.scheduled','info','VTID-00002',NULL,'git-sync','{"spec_version":1}','sha256:20676137092ef060c4057fa88c6d6ad64f1e5b78529161ca3365690b8fa06d91');
INSERT INTO oasis_events VALUES(9,1796081930247802,'repo.specs.synced','info',NULL,NULL,'git-sync','{"repo":"shop","commit":"9863078e9bbd45080689d2c877f8ecfbb267f232","outcomes":{"registered":2}}','sha256:17423a502d5d5a368f62d5578598f8eded58084fc043632916fbf291f4b50887');
INSERT INTO oasis_events VALUES(10,1796081930266257,'vtid.lifecycle.started','info','VTID-00001',NULL,'engine','{}','sha256:b97b97771b1e67ecbe467d956bc8b7c21805d6ae05a498f24c312748b80ff708');
INSERT INTO oasis_events VALUES(11,1796081930266257,'autopilot.state.allocated','info','VTID-00001','VTID-00001.1','engine','{"spec_digest":"sha256:dc0142bd4f511173f5af33e667fda13ee623d956d7fa1f39f36b95d379781277","spec_version":1,"base_commit":"9863078e9bbd45080689d2c877f8ecfbb267f232","config_digest":"sha256:2888bf729072b1e459b677a17a51a7a4412ce94e89399faa22fe633bbe87364d","agent":"fixer","delivery":"merge"}','sha256:a5ee0c19cbef8f8aa4a5e7db996c593ad721493e261e9650256b5cab43ba9209');
INSERT INTO oasis_events VALUES(12,1796081930266257,'autopilot.state.pending_pickup','info','VTID-00001','VTID-00001.1','engine','{"from_state":"allocated"}','sha256:5583362fdbff9906b4392a8a8db43659b3816d69dc2cd5955e1c7f75f935a769');
INSERT INTO oasis_events VALUES(13,1796081930266257,'vtid.lifecycle.started','info','VTID-00002',NULL,'engine','{}','sha256:a9e5f0ca52a164a536803c06559cb512afd82dd75fcb20e34ff198905358a5fa');
INSERT INTO oasis_events VALUES(14,1796081930266257,'autopilot.state.allocated','info','VTID-00002','VTID-00002.1','engine','{"spec_digest":"sha256:1e284e6b610261cc21244d4e10334a2fb5a68e200a1957bc0528da1913271bf3","spec_version":1,"base_commit":"9863078e9bbd45080689d2c877f8ecfbb267f232","config_digest":"sha256:2888bf729072b1e459b677a17a51a7a4412ce94e89399faa22fe633bbe87364d","agent":"fixer","delivery":"merge"}','sha256:e21165db7f8fad7b1e3a1dff1075397ad8399eec4ceea559c3a5fc9300d9c85e');
INSERT INTO oasis_events VALUES(15,1796081930266257,'autopilot.state.pending_pickup','info','VTID-00002','VTID-00002.1','engine','{"from_state":"allocated"}','sha256:b48e6c781248df0dc38ce31c378ae5a47223596623e2987a80f5de19bc271da9');
INSERT INTO oasis_events VALUES(16,1796081930274124,'autopilot.state.executing','info','VTID-00001','VTID-00001.1','local:21c3d35c-9c84-4c2c-a09a-076bc24f467f:11427:726177/worker','{"step":"execute","worker":"local:21c3d35c-9c84-4c2c-a09a-076bc24f467f:11427:726177/worker","fence":1,"from_state":"pending_pickup"}','sha256:1e86ee590a3f35a0c43bc59cf4506f0d5ac45fccc57129d9df0b36859cc29ffd');
INSERT INTO oasis_events VALUES(17,1796081930275089,'autopilot.state.executing','info','VTID-00002','VTID-00002.1','local:21c3d35c-9c84-4c2c-a09a-076bc24f467f:11427:726177/worker','{"step":"execute","worker":"local:21c3d35c-9c84-4c2c-a09a-076bc24f467f:11427:726177/worker","fence":1,"from_state":"pending_pickup"}','sha256:4afbe0ad294fbc8a1746256424bd01e1306b03a2e03d1ff6775a5e80936f97e2');
INSERT INTO oasis_events VALUES(18,1796081930433466,'autopilot.state.verifying','info','VTID-00001','VTID-00001.1','local:21c3d35c-9c84-4c2c-a09a-076bc24f467f:11427:726177/worker','{"result_commit":"476297f1e37dd4d0a05c562821a476a6583daa21","result_tree":"1281ce44dd3eb379f416223291c1ae138ffab3a6","from_state":"executing"}','sha256:e487d515ded244037aaab798c95c390cb8c800d51c66431b042013c8637b748c');
INSERT INTO oasis_events VALUES(19,1796081930434858,'worker.lease.granted','info','VTID-00001','VTID-00001.1','local:21c3d35c-9c84-4c2c-a09a-076bc24f467f:11427:726177/worker','{"step":"verify","worker":"local:21c3d35c-9c84-4c2c-a09a-076bc24f467f:11427:726177/worker","fence":2}','sha256:5eb0feedb6a639c12bf7edfc1f511f8ec72694a83c05f606bd41bf986b0bc6dd');
INSERT INTO oasis_events VALUES(20,1796081930441955,'autopilot.state.verifying','info','VTID-00002','VTID-00002.1','local:21c3d35c-9c84-4c2c-a09a-076bc24f467f:11427:726177/worker','{"result_commit":"7d370bef21717381089dc0588c0fd68d2f7363ce","result_tree":"1281ce44dd3eb379f416223291c1ae138ffab3a6","from_state":"executing"}','sha256:766625c10a284c8115338942424b1aa57e138c30f383cd0a7e3122811d6bdc25');
INSERT INTO oasis_events VALUES(21,1796081930450200,'worker.lease.granted','info','VTID-00002','VTID-00002.1','local:21c3d35c-9c84-4c2c-a09a-076bc24f467f:11427:726177/worker','{"step":"verify","worker":"local:21c3d35c-9c84-4c2c-a09a-076bc24f467f:11427:726177/worker","fence":2}','sha256:24ac84a4a7c057e21855d36e933f3705f882de0cec4718e9aa6620b64b522fff');
INSERT INTO oasis_events VALUES(22,1796081930810165,'verification.evidence.recorded','info','VTID-00001','VTID-00001.1','local:21c3d35c-9c84-4c2c-a09a-076bc24f467f:11427:726177/worker','{"round":1,"ordinal":1,"exit_code":0,"criterion":"AC-1","verdict":"passed","digest":"sha256:77764fae095377cebcf5b5989b678632804b7a068671786dddf3738c582becfe","class":"command","tree":"1281ce44dd3eb379f416223291c1ae138ffab3a6"}','sha256:973da183f69eef9a9a39e7398b974c22462ee1902d0a4eb49f48c7cfbc6252d8');
INSERT INTO oasis_events VALUES(23,1796081930810165,'verification.passed','success','VTID-00001','VTID-00001.1','local:21c3d35c-9c84-4c2c-a09a-076bc24f467f:11427:726177/worker','{"passed":1,"held":0,"vacuous":0,"attested":0,"signed_off":0}','sha256:8d6a4df87d9e0949556986667e8bcd05f0fed42cb2b496bcf84154278c1ada8c');
INSERT INTO oasis_events VALUES(24,1796081930810165,'autopilot.state.delivering','info','VTID-00001','VTID-00001.1','local:21c3d35c-9c84-4c2c-a09a-076bc24f467f:11427:726177/worker','{"ref":"refs/heads/main","old":"9863078e9bbd45080689d2c877f8ecfbb267f232","new":"eb96e9bf97a1ca45c51cfaec1ad1b991b0b0dbf3","from_state":"verifying"}','sha256:1453da68a793dfb35b87ad43126a23f80df7eebbddcb6bc1c07a19bf098dec07');
INSERT INTO oasis_events VALUES(25,1796081930811318,'worker.lease.granted','info','VTID-00001','VTID-00001.1','local:21c3d35c-9c84-4c2c-a09a-076bc24f467f:11427:726177/worker','{"step":"deliver","worker":"local:21c3d35c-9c84-4c2c-a09a-076bc24f467f:11427:726177/worker","fence":3}','sha256:ce58aaba36da0ab959f852ff2e52660aea7771f409e0b314f0b437d1fd1bb605');
INSERT INTO oasis_events VALUES(26,1796081930854141,'verification.evidence.recorded','info','VTID-00002','VTID-00002.1','local:21c3d35c-9c84-4c2c-a09a-076bc24f467f:11427:726177/worker','{"round":1,"ordinal":1,"exit_code":1,"criterion":"AC-1","verdict":"failed","digest":"sha256:1bc9662eabdd111423dc57f643ce7d3d6e7079ff03211ca1f5b2514e85c9f5a4","class":"command","tree":"1281ce44dd3eb379f416223291c1ae138ffab3a6"}','sha256:81beaecb37d8dff34dcf602591fdc2e4585712e051aa42aaf7e2e51ba12c90f5');
INSERT INTO oasis_events VALUES(27,1796081930854141,'verification.failed','error','VTID-00002','VTID-00002.1','local:21c3d35c-9c84-4c2c-a09a-076bc24f467f:11427:726177/worker','{"code":"VERIFICATION_FAILED","message":"AC-1 is red on the result"}','sha256:6aa4f7c86fa938b5d5a48005a16cb1ba4d48292a8cf495cafab1e4870233ce72');
INSERT INTO oasis_events VALUES(28,1796081930854141,'autopilot.state.failed','error','VTID-00002','VTID-00002.1','local:21c3d35c-9c84-4c2c-a09a-076bc24f467f:11427:726177/worker','{"code":"VERIFICATION_FAILED","class":"verification","message":"AC-1 is red on the result","retryable":true,"from_state":"verifying","context":{"criteria":"AC-1","output":""}}','sha256:619d335915511e3bc6c84cb2c1fe8622326c63d03f3c80dda4459e84641e7cc9');
INSERT INTO oasis_events VALUES(29,1796081930854141,'vtid.lifecycle.retry_scheduled','warning','VTID-00002',NULL,'local:21c3d35c-9c84-4c2c-a09a-076bc24f467f:11427:726177/worker','{"code":"VERIFICATION_FAILED","not_before":"2026-11-30T23:38:51.803729Z"}','sha256:0de5a7e8fe2b7761f3cfdc82136dd4c4f793de2b310a3ff75a6adaa34c03ed01');
INSERT INTO oasis_events VALUES(30,1796081930958823,'delivery.settled','success','VTID-00001','VTID-00001.1','local:21c3d35c-9c84-4c2c-a09a-076bc24f467f:11427:726177/worker','{"ref":"refs/heads/main","commit":"eb96e9bf97a1ca45c51cfaec1ad1b991b0b0dbf3"}','sha256:d051603e39681a500996966f728247245bc28ef865f82eb92e969b52c192d3bb');
INSERT INTO oasis_events VALUES(31,1796081930958823,'autopilot.state.completed','success','VTID-00001','VTID-00001.1','local:21c3d35c-9c84-4c2c-a09a-076bc24f467f:11427:726177/worker','{"commit":"eb96e9bf97a1ca45c51cfaec1ad1b991b0b0dbf3","from_state":"delivering"}','sha256:ed0df4e04415e46be73064503aea0e16daf80f5c3063a02fa00142b413b93fe8');
INSERT INTO oasis_events VALUES(32,1796081930958823,'vtid.lifecycle.completed','success','VTID-00001',NULL,'local:21c3d35c-9c84-4c2c-a09a-076bc24f467f:11427:726177/worker','{"run":"VTID-00001.1","ref":"refs/heads/main","commit":"eb96e9bf97a1ca45c51cfaec1ad1b991b0b0dbf3"}','sha256:90c3aa622f1e409f1406386731c6900f4aa483593c5fb0c5e9be03c7c1c5e7e7');
INSERT INTO oasis_events VALUES(33,1796081932046083,'autopilot.state.allocated','info','VTID-00002','VTID-00002.2','engine','{"spec_digest":"sha256:1e284e6b610261cc21244d4e10334a2fb5a68e200a1957bc0528da1913271bf3","spec_version":1,"base_commit":"eb96e9bf97a1ca45c51cfaec1ad1b991b0b0dbf3","config_digest":"sha256:2888bf729072b1e459b677a17a51a7a4412ce94e89399faa22fe633bbe87364d","agent":"fixer","delivery":"merge"}','sha256:25c0f9e10ad910f0341537472a5727ae34400c63105d28d529b3cffbd68696a8');
INSERT INTO oasis_events VALUES(34,1796081932046083,'autopilot.state.pending_pickup','info','VTID-00002','VTID-00002.2','engine','{"from_state":"allocated"}','sha256:ee6f387b1957ac434078b56fe4c0174011fe910492aeda8ca2060dd14f5a8b3e');
INSERT INTO oasis_events VALUES(35,1796081932057973,'autopilot.state.executing','info','VTID-00002','VTID-00002.2','local:21c3d35c-9c84-4c2c-a09a-076bc24f467f:11427:726177/worker','{"step":"execute","worker":"local:21c3d35c-9c84-4c2c-a09a-076bc24f467f:11427:726177/worker","fence":1,"from_state":"pending_pickup"}','sha256:4ad69fa6888210d4b89891063f72baa32d0a0edf2451d304f2a81376890e0bcc');
INSERT INTO oasis_events VALUES(36,1796081932230314,'autopilot.state.failed','error','VTID-00002','VTID-00002.2','local:21c3d35c-9c84-4c2c-a09a-076bc24f467f:11427:726177/worker','{"code":"AGENT_NO_CHANGE","class":"agent","message":"the agent ended with exit 0 and changed nothing","retryable":true,"from_state":"executing"}','sha256:9d336873f83d38baa3f9d9792a79da689fa2b5c8c7d8e55bc258236621b149f6');
INSERT INTO oasis_events VALUES(37,1796081932230314,'vtid.lifecycle.retry_scheduled','warning','VTID-00002',NULL,'local:21c3d35c-9c84-4c2c-a09a-076bc24f467f:11427:726177/worker','{"code":"AGENT_NO_CHANGE","not_before":"2026-11-30T23:38:54.368490Z"}','sha256:da4e25f2aa7f124657fefdc185d33f2253a2a625e8dfcfc0f4176076b03ec827');
INSERT INTO oasis_events VALUES(38,1796081935241957,'autopilot.state.allocated','info','VTID-00002','VTID-00002.3','engine','{"spec_digest":"sha256:1e284e6b610261cc21244d4e10334a2fb5a68e200a1957bc0528da1913271bf3","spec_version":1,"base_commit":"eb96e9bf97a1ca45c51cfaec1ad1b991b0b0dbf3","config_digest":"sha256:2888bf729072b1e459b677a17a51a7a4412ce94e89399faa22fe633bbe87364d","agent":"fixer","delivery":"merge"}','sha256:c985d2d1a9493f7f7c6b09ea816e0cb650b8f0c3b19b84367cc690be53addd22');
INSERT INTO oasis_events VALUES(39,1796081935241957,'autopilot.state.pending_pickup','info','VTID-00002','VTID-00002.3','engine','{"from_state":"allocated"}','sha256:5b01368d2692bdfb3fc87d7cb7e02523a2f2bb57b7fbc9f41b4c0a7131928ab1');
INSERT INTO oasis_events VALUES(40,1796081935245970,'autopilot.state.executing','info','VTID-00002','VTID-00002.3','local:21c3d35c-9c84-4c2c-a09a-076bc24f467f:11427:726177/worker','{"step":"execute","worker":"local:21c3d35c-9c84-4c2c-a09a-076bc24f467f:11427:726177/worker","fence":1,"from_state":"pending_pickup"}','sha256:508b886506369f862373c82be5129668a78c830f7f371403449f8e1b4a6b3d31');
INSERT INTO oasis_events VALUES(41,1796081935366995,'autopilot.state.failed','error','VTID-00002','VTID-00002.3','local:21c3d35c-9c84-4c2c-a09a-076bc24f467f:11427:726177/worker','{"code":"AGENT_NO_CHANGE","class":"agent","message":"the agent ended with exit 0 and changed nothing","retryable":true,"from_state":"executing"}','sha256:1ec9378b0c16a8923c70b57ed2cb70803cf357470d1f7e7a40ee446de2e5e350');
INSERT INTO oasis_events VALUES(42,1796081935366995,'vtid.lifecycle.failed','error','VTID-00002',NULL,'local:21c3d35c-9c84-4c2c-a09a-076bc24f467f:11427:726177/worker','{"code":"AGENT_NO_CHANGE","class":"agent","message":"the agent ended with exit 0 and changed nothing","retryable":true,"from_state":"executing"}','sha256:71679266cabdbba3759a63f6ff1fdcd3cce85beeea902485bcd9c9df25257627');
INSERT INTO oasis_events VALUES(43,1796081936407737,'vtid.lifecycle.allocated','info','VTID-00003',NULL,'tester','{"priority":3,"title":"VTID-00003","repo":"shop"}','sha256:68557c5d2276e0049b6c6cca9393035d1be80cd7773e8fe3a9faace2df84f230');
INSERT INTO oasis_events VALUES(44,1796081936407737,'vtid.spec.not_found','error','VTID-00003',NULL,'tester','{"code":"SPEC_NOT_FOUND","class":"spec","message":"no source has a spec for VTID-00003; looked in: git (shop branch main: docs/specs/**/*.md), drafts, intakes, manual registrations, the ledger''s description","retryable":false,"from_state":"draft"}','sha256:2a202369c5c0395ed4da3038fb3cdda37a16ccb2d0d74db8e7fbe9a8dc88c5b1');
INSERT INTO oasis_events VALUES(45,1796094815052748,'store.migrated','info',NULL,NULL,'engine','{"from":1,"to":2}','sha256:de47a2134412bd2c88a846e55edc8366e2d42fd21af73b53b96ecffd9e4c1940');
INSERT INTO oasis_events VALUES(46,1796094816363604,'access.token.created','info',NULL,NULL,'nobody','{"id":"tok_db1d9e8e8ae4d681","name":"dashboard","row":"sha256:a64070324f3b4f51ba0e7b92834dc15361bf43f617ad355f6a00c1bf5b630dad","role":"operator","repos":"[]"}','sha256:0032af71d67dd75d00cf44edf777ca44299fd848cde8bf5180e4a151711a2fca');
INSERT INTO oasis_events VALUES(47,1796094816419707,'oasis.spec.changed','info',NULL,NULL,'nobody','{"draft":1,"version":1,"status":"draft","digest":"sha256:059caf8ad7a9d47ec04f78740f292e4cfe9638cbc2190de368f897f9d061916b"}','sha256:2d0e3794fe1d81703de803a79c5593526b528cfe5124e1affc432bb45afe71c5');
INSERT INTO oasis_events VALUES(48,1796094816471903,'oasis.spec.changed','info',NULL,NULL,'nobody','{"draft":1,"version":2,"status":"draft","digest":"sha256:059caf8ad7a9d47ec04f78740f292e4cfe9638cbc2190de368f897f9d061916b"}','sha256:3e4be84ee50c22864588b97b7f53d8dd876b6308ba674e4b1fbde8a99cb649a6');
INSERT INTO oasis_events VALUES(49,1796119919971185,'store.migrated','info',NULL,NULL,'engine','{"from":2,"to":3}','sha256:03d5c67bfa92d81c57bd0a95034f2ba62cfb8cb8dd90c6829d8652025e86c380');
INSERT INTO oasis_events VALUES(50,1796119920156557,'governance.control.updated','info',NULL,NULL,'root','{"key":"execution","state":"off","reason":"started with --paused","on":false}','sha256:19b06627f64e1fef4123f4f7ce9c6dd7ebf0b5302f7cb26ffba9694b33441efe');
INSERT INTO oasis_events VALUES(51,1796119920475710,'access.token.created','info',NULL,NULL,'engine','{"id":"tok_5dd87153a95f6ca3","name":"local","row":"sha256:7c6f58d99f05efd995a9df34714a6347f6d4332bd4a7b85ea3347672bb023097","role":"admin","repos":"[]"}','sha256:69c9480864ec8afbf851bd327fb8b0531a55a7a77fd7f847acda46d25b759d80');
INSERT INTO oasis_events VALUES(52,1796119925606798,'worker.registered','info',NULL,NULL,'local','{"id":"wrk_90ca0240fff125bd","name":"builder-1","labels":["linux"],"slots":2}','sha256:b4f01d9121ed915aec8f4d9cb88032e99cefc4d869cbd4782d8268e6c2131f5f');
INSERT INTO oasis_events VALUES(53,1796119925890791,'governance.control.updated','info',NULL,NULL,'local','{"key":"execution","state":"off","reason":"a test","on":false}','sha256:a0263a1781c03e5d63bcc6ee5e82a33084226a3a5a7d570d55c18270e308fac7');
CREATE TABLE evidence (
  vtid TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  ordinal INTEGER NOT NULL,
  round INTEGER NOT NULL,
  criterion TEXT NOT NULL,
  criterion_text TEXT NOT NULL,
  class TEXT NOT NULL,
  verdict TEXT NOT NULL,
  command TEXT NOT NULL,
  exit_code INTEGER,
  base_exit_code INTEGER,
  output TEXT NOT NULL,
  tree TEXT NOT NULL,
  judged_at INTEGER NOT NULL,
  PRIMARY KEY (vtid, attempt, ordinal)
) STRICT, WITHOUT ROWID;
INSERT INTO evidence VALUES('VTID-00001',1,1,1,'AC-1','The page is blue','command','passed',replace('grep -q blue page.txt\n','\n',char(10)),0,1,'','1281ce44dd3eb379f416223291c1ae138ffab3a6',1796081930624409);
INSERT INTO evidence VALUES('VTID-00002',1,1,1,'AC-1','The page is green','command','failed',replace('grep -q green page.txt\n','\n',char(10)),1,1,'','1281ce44dd3eb379f416223291c1ae138ffab3a6',1796081930688112);
CREATE TABLE outbox (
  id INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  vtid TEXT,
  run TEXT,
  payload TEXT NOT NULL,
  state TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  last_error TEXT NOT NULL,
  due INTEGER NOT NULL
) STRICT;
INSERT INTO outbox VALUES(1,'push:VTID-00001.1:eb96e9bf97a1ca45c51cfaec1ad1b991b0b0dbf3','push','VTID-00001','VTID-00001.1','{"ref":"refs/heads/main","old":"9863078e9bbd45080689d2c877f8ecfbb267f232","new":"eb96e9bf97a1ca45c51cfaec1ad1b991b0b0dbf3"}','done',0,'',1796081930810165);
INSERT INTO outbox VALUES(2,'dependents:VTID-00001:9','resolve_dependents','VTID-00001','VTID-00001.1','{"success":true}','done',0,'',1796081930958823);
INSERT INTO outbox VALUES(3,'dependents:VTID-00002:17','resolve_dependents','VTID-00002','VTID-00002.3','{"success":false}','done',0,'',1796081935366995);
CREATE TABLE repos (
  name TEXT NOT NULL PRIMARY KEY,
  synced_commit TEXT NOT NULL,
  branch TEXT NOT NULL,
  synced_at INTEGER,
  unsettled INTEGER NOT NULL,
  unnumbered INTEGER NOT NULL,
  reading_commit TEXT NOT NULL,
  reading_branch TEXT NOT NULL,
  approval TEXT,
  profile TEXT,
  operators_approval TEXT NOT NULL,
  operators_profile TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO repos VALUES('shop','a6933157016f59f8976a9fbdda754187bc8b8ef5','main docs/specs/**/*.md',1796094815296572,0,0,'','','auto','standard','auto','standard');
CREATE TABLE local_ids (
  repo TEXT NOT NULL,
  path TEXT NOT NULL,
  vtid TEXT NOT NULL UNIQUE,
  PRIMARY KEY (repo, path)
) STRICT, WITHOUT ROWID;
CREATE TABLE repo_files (
  repo TEXT NOT NULL,
  path TEXT NOT NULL,
  blob_id TEXT NOT NULL,
  vtid TEXT,
  checksum TEXT NOT NULL,
  outcome TEXT NOT NULL,
  reason TEXT NOT NULL,
  unadopted INTEGER NOT NULL,
  PRIMARY KEY (repo, path)
) STRICT, WITHOUT ROWID;
INSERT INTO repo_files VALUES('shop','docs/specs/00001-blue.md','c480d6708704e3d09bf672ac09b06877c0c6f863','VTID-00001','sha256:dc0142bd4f511173f5af33e667fda13ee623d956d7fa1f39f36b95d379781277','registered','',0);
INSERT INTO repo_files VALUES('shop','docs/specs/00002-green.md','2118f843eee3e10af39e43dd17d8cd5eaa955635','VTID-00002','sha256:1e284e6b610261cc21244d4e10334a2fb5a68e200a1957bc0528da1913271bf3','registered','',0);
CREATE TABLE deliveries (
  repo TEXT NOT NULL,
  vtid TEXT NOT NULL,
  checksum TEXT NOT NULL,
  commit_id TEXT NOT NULL,
  beside INTEGER NOT NULL,
  PRIMARY KEY (repo, vtid, checksum)
) STRICT, WITHOUT ROWID;
INSERT INTO deliveries VALUES('shop','VTID-00001','sha256:dc0142bd4f511173f5af33e667fda13ee623d956d7fa1f39f36b95d379781277','eb96e9bf97a1ca45c51cfaec1ad1b991b0b0dbf3',0);
CREATE TABLE green_bases (
  repo TEXT NOT NULL,
  commit_id TEXT NOT NULL,
  commands_digest TEXT NOT NULL,
  checked_at INTEGER NOT NULL,
  PRIMARY KEY (repo, commit_id, commands_digest)
) STRICT, WITHOUT ROWID;
CREATE TABLE controls (
  key TEXT NOT NULL PRIMARY KEY,
  is_on INTEGER NOT NULL,
  reason TEXT NOT NULL,
  actor TEXT NOT NULL,
  until_at INTEGER,
  set_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO controls VALUES('execution',0,'a test','local',NULL,1796119925890791);
CREATE TABLE breakers (
  key TEXT NOT NULL PRIMARY KEY,
  error_code TEXT NOT NULL,
  detail TEXT NOT NULL,
  since INTEGER NOT NULL,
  probe_at INTEGER NOT NULL,
  tries INTEGER NOT NULL,
  is_open INTEGER NOT NULL,
  probes INTEGER NOT NULL,
  probe_run TEXT,
  proven INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO breakers VALUES('agent:fixer','AGENT_LOGIN','',0,0,0,0,0,NULL,1);
INSERT INTO breakers VALUES('repo:shop','AGENT_LOGIN','',0,0,0,0,0,NULL,1);
CREATE TABLE oasis_specs (
  id INTEGER NOT NULL,
  version INTEGER NOT NULL,
  vtid TEXT,
  title TEXT NOT NULL,
  markdown TEXT NOT NULL,
  checksum TEXT NOT NULL,
  status TEXT NOT NULL,
  author TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL, repo TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (id, version)
) STRICT, WITHOUT ROWID;
INSERT INTO oasis_specs VALUES(1,1,NULL,'A draft',replace('# A draft\n\nSome text.\n','\n',char(10)),'sha256:059caf8ad7a9d47ec04f78740f292e4cfe9638cbc2190de368f897f9d061916b','draft','nobody',1796094816419707,1796094816419707,'');
INSERT INTO oasis_specs VALUES(1,2,NULL,'A draft',replace('# A draft\n\nSome text.\n','\n',char(10)),'sha256:059caf8ad7a9d47ec04f78740f292e4cfe9638cbc2190de368f897f9d061916b','draft','nobody',1796094816419707,1796094816471903,'');
CREATE TABLE intakes (
  id INTEGER PRIMARY KEY,
  step TEXT NOT NULL,
  state TEXT NOT NULL,
  author TEXT NOT NULL,
  vtid TEXT,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
, repo TEXT NOT NULL DEFAULT '') STRICT;
INSERT INTO intakes VALUES(1,'description','{"title":"A title"}','nobody',NULL,1796094816530091,1796094816540875,'');
CREATE TABLE configs (
  digest TEXT NOT NULL PRIMARY KEY,
  config_text TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO configs VALUES('sha256:2888bf729072b1e459b677a17a51a7a4412ce94e89399faa22fe633bbe87364d',replace('[server]\nlisten = "127.0.0.1:8080"\ndata = "/srv/shop/.vitana"\ndatabase = ""\n\n[[repos]]\nname = "shop"\npath = "/srv/shop"\nbranch = "main"\nspecs = ["docs/specs/**/*.md"]\nscan_seconds = 60\nadopt = "all"\nids = "vtid"\nsetup = []\ncache = []\nwebhook_secret = ""\n\n[agents."fixer"]\nkind = "command"\ncommand = ["/bin/sh", "-c", "cat >/dev/null; echo blue > page.txt"]\nnetwork = "none"\nsecrets = []\nread = []\ntimeout = "30m"\nsilence = "5m"\nmemory = "4G"\ndisk = "20G"\noutput = "64M"\nprocesses = 4096\n\n[worker]\nagent = "fixer"\nslots = 2\nsandbox = "require"\nworkspaces = ""\n\n[verify]\ncommands = []\nunverified = "attest"\njudge = ""\nslots = 2\n\n[delivery]\nmode = "merge"\nallow_attested_merge = false\nauthor = ""\n\n[policy]\napproval = "auto"\nprofile = "standard"\nprotect = []\n\n[caps]\nruns_per_task = 3\nruns_per_repo_day = 100\nconcurrent = 2\nwall = "1h"\n\n[retry]\nruns = 3\ndelay = "1s"\ndelay_max = "10m"\n\n[dispatch]\nroute_retries = 5\npickup_deadline = "15m"\n\n[notify]\ncommand = []\n','\n',char(10)));
CREATE TABLE refusals (
  key TEXT NOT NULL PRIMARY KEY,
  refused INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE access_tokens (
  id TEXT NOT NULL PRIMARY KEY,
  created_at INTEGER NOT NULL,
  hash TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  role TEXT NOT NULL,
  repos TEXT NOT NULL,
  created_by TEXT NOT NULL,
  expires_at INTEGER,
  revoked_at INTEGER
) STRICT, WITHOUT ROWID;
INSERT INTO access_tokens VALUES('tok_5dd87153a95f6ca3',1796119920475710,'sha256:0675b7712b44e45655ebcecaa01bafb8eba0d37842c499c86c60f2f7d90c741e','local','admin','[]','engine',NULL,NULL);
INSERT INTO access_tokens VALUES('tok_db1d9e8e8ae4d681',1796094816363604,'sha256:9fc1a80edd00a1d0dde9193bd87da897c9e47cdd0a5aecd9dcf9cf21b0acaac9','dashboard','operator','[]','nobody',NULL,NULL);
CREATE TABLE requests (
  caller TEXT NOT NULL,
  key TEXT NOT NULL,
  digest TEXT NOT NULL,
  made TEXT NOT NULL,
  made_at INTEGER NOT NULL,
  PRIMARY KEY (caller, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE webhook_deliveries (
  repo TEXT NOT NULL,
  delivery TEXT NOT NULL,
  forge TEXT NOT NULL,
  event TEXT NOT NULL,
  ref TEXT NOT NULL,
  outcome TEXT NOT NULL,
  received_at INTEGER NOT NULL,
  PRIMARY KEY (repo, delivery)
) STRICT, WITHOUT ROWID;
CREATE TABLE workers (
  id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  actor TEXT NOT NULL,
  labels TEXT NOT NULL,
  slots INTEGER NOT NULL,
  protocol INTEGER NOT NULL,
  registered_at INTEGER NOT NULL,
  seen_at INTEGER NOT NULL,
  draining INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO workers VALUES('wrk_90ca0240fff125bd','builder-1','local','["linux"]',2,1,1796119925606798,1796119925606798,0);
CREATE INDEX vtid_specs_digest ON vtid_specs (checksum);
CREATE INDEX vtid_specs_number ON vtid_specs (number, version);
CREATE TRIGGER vtid_specs_no_update BEFORE UPDATE ON vtid_specs
BEGIN SELECT RAISE(ABORT, 'a locked spec never changes'); END;
CREATE TRIGGER vtid_specs_no_delete BEFORE DELETE ON vtid_specs
BEGIN SELECT RAISE(ABORT, 'a locked spec is never deleted'); END;
CREATE TRIGGER vtid_specs_no_replace BEFORE INSERT ON vtid_specs
WHEN EXISTS (SELECT 1 FROM vtid_specs s WHERE s.vtid = NEW.vtid AND s.version = NEW.version)
BEGIN SELECT RAISE(ABORT, 'a locked spec is never replaced'); END;
CREATE INDEX spec_candidates_circular ON spec_candidates (vtid) WHERE circular = 1;
CREATE INDEX vtid_ledger_number ON vtid_ledger (number);
CREATE INDEX vtid_ledger_status ON vtid_ledger (status, number);
CREATE INDEX vtid_ledger_eligible ON vtid_ledger (status, priority, created_at, number)
  WHERE status = 'scheduled';
CREATE INDEX vtid_ledger_overdue ON vtid_ledger (next_due) WHERE next_due IS NOT NULL;
CREATE INDEX task_dependencies_back ON task_dependencies (depends_on, number);
CREATE INDEX autopilot_runs_claimable ON autopilot_runs (wants, priority, created_at, number)
  WHERE wants IS NOT NULL;
CREATE INDEX autopilot_runs_leased ON autopilot_runs (lease_until) WHERE lease_fence IS NOT NULL;
CREATE INDEX autopilot_runs_slots ON autopilot_runs (repo, agent, wants) WHERE holds_slot <> 0;
CREATE INDEX autopilot_runs_of_repo ON autopilot_runs (repo, created_at);
CREATE INDEX oasis_events_vtid ON oasis_events (vtid, seq) WHERE vtid IS NOT NULL;
CREATE TRIGGER oasis_events_no_update BEFORE UPDATE ON oasis_events
BEGIN SELECT RAISE(ABORT, 'an event never changes'); END;
CREATE TRIGGER oasis_events_no_delete BEFORE DELETE ON oasis_events
BEGIN SELECT RAISE(ABORT, 'an event is never deleted'); END;
CREATE TRIGGER oasis_events_no_replace BEFORE INSERT ON oasis_events
WHEN EXISTS (SELECT 1 FROM oasis_events e WHERE e.seq = NEW.seq)
BEGIN SELECT RAISE(ABORT, 'an event is never replaced'); END;
CREATE TRIGGER evidence_no_update BEFORE UPDATE ON evidence
BEGIN SELECT RAISE(ABORT, 'evidence never changes'); END;
CREATE TRIGGER evidence_no_delete BEFORE DELETE ON evidence
BEGIN SELECT RAISE(ABORT, 'evidence is never deleted'); END;
CREATE TRIGGER evidence_no_replace BEFORE INSERT ON evidence
WHEN EXISTS (SELECT 1 FROM evidence e WHERE e.vtid = NEW.vtid AND e.attempt = NEW.attempt
             AND e.ordinal = NEW.ordinal)
BEGIN SELECT RAISE(ABORT, 'evidence is never replaced'); END;
CREATE INDEX outbox_pending ON outbox (due, id) WHERE state = 'pending';
CREATE INDEX repo_files_vtid ON repo_files (repo, vtid) WHERE vtid IS NOT NULL;
CREATE INDEX deliveries_by_commit ON deliveries (repo, commit_id);
CREATE INDEX deliveries_by_task ON deliveries (vtid);
CREATE INDEX vtid_ledger_repo ON vtid_ledger (repo, number);
CREATE INDEX requests_age ON requests (made_at);
CREATE INDEX vtid_ledger_newer ON vtid_ledger (number) WHERE newer_spec IS NOT NULL;
CREATE INDEX access_tokens_made ON access_tokens (created_by);
CREATE INDEX webhook_deliveries_age ON webhook_deliveries (received_at);
CREATE INDEX workers_seen ON workers (seen_at);
