-- The first schema. Times are microseconds of UTC; digests are written "sha256:…"; JSON is text.
-- A task is found by its written id, vtid = 'VTID-01213'; `number` exists for order, because the
-- written form sorts wrongly beyond five digits.

CREATE TABLE meta (
  key TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE counters (
  name TEXT NOT NULL PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Specs: locked versions. Nothing here ever changes; what changes is in other tables.
-- Without a rowid, so that no REPLACE by rowid reaches a locked row.
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
-- Has this text a number already?
CREATE INDEX vtid_specs_digest ON vtid_specs (checksum);
CREATE INDEX vtid_specs_number ON vtid_specs (number, version);

CREATE TRIGGER vtid_specs_no_update BEFORE UPDATE ON vtid_specs
BEGIN SELECT RAISE(ABORT, 'a locked spec never changes'); END;
CREATE TRIGGER vtid_specs_no_delete BEFORE DELETE ON vtid_specs
BEGIN SELECT RAISE(ABORT, 'a locked spec is never deleted'); END;
CREATE TRIGGER vtid_specs_no_replace BEFORE INSERT ON vtid_specs
WHEN EXISTS (SELECT 1 FROM vtid_specs s WHERE s.vtid = NEW.vtid AND s.version = NEW.version)
BEGIN SELECT RAISE(ABORT, 'a locked spec is never replaced'); END;

CREATE TABLE spec_approvals (
  vtid TEXT NOT NULL,
  version INTEGER NOT NULL,
  checksum TEXT NOT NULL,
  actor TEXT NOT NULL,
  approved_at INTEGER NOT NULL,
  PRIMARY KEY (vtid, version)
) STRICT, WITHOUT ROWID;

-- What each source says of a VTID now.
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

CREATE INDEX spec_candidates_circular ON spec_candidates (vtid) WHERE circular = 1;

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
CREATE INDEX vtid_ledger_number ON vtid_ledger (number);
CREATE INDEX vtid_ledger_status ON vtid_ledger (status, number);
-- `status` comes first only so that SQLite prefers this index, which has the order, to the one above.
CREATE INDEX vtid_ledger_eligible ON vtid_ledger (status, priority, created_at, number)
  WHERE status = 'scheduled';
CREATE INDEX vtid_ledger_overdue ON vtid_ledger (next_due) WHERE next_due IS NOT NULL;

CREATE TABLE task_dependencies (
  vtid TEXT NOT NULL,
  depends_on TEXT NOT NULL,
  number INTEGER GENERATED ALWAYS AS (CAST(substr(vtid, 6) AS INTEGER)) VIRTUAL,
  PRIMARY KEY (vtid, depends_on)
) STRICT, WITHOUT ROWID;
CREATE INDEX task_dependencies_back ON task_dependencies (depends_on, number);

-- `wants` is the step that a worker may claim now; NULL while there is none. `priority` is the
-- task's, kept here so that the order of claims is the order of one index.
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
CREATE INDEX autopilot_runs_claimable ON autopilot_runs (wants, priority, created_at, number)
  WHERE wants IS NOT NULL;
CREATE INDEX autopilot_runs_leased ON autopilot_runs (lease_until) WHERE lease_fence IS NOT NULL;
-- In this order, or SQLite counts along the index below, through all that have ended.
CREATE INDEX autopilot_runs_slots ON autopilot_runs (repo, agent, wants) WHERE holds_slot <> 0;
CREATE INDEX autopilot_runs_of_repo ON autopilot_runs (repo, created_at);

-- The log. hash is chained: see store/chain.h.
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
CREATE INDEX oasis_events_vtid ON oasis_events (vtid, seq) WHERE vtid IS NOT NULL;

CREATE TRIGGER oasis_events_no_update BEFORE UPDATE ON oasis_events
BEGIN SELECT RAISE(ABORT, 'an event never changes'); END;
CREATE TRIGGER oasis_events_no_delete BEFORE DELETE ON oasis_events
BEGIN SELECT RAISE(ABORT, 'an event is never deleted'); END;
CREATE TRIGGER oasis_events_no_replace BEFORE INSERT ON oasis_events
WHEN EXISTS (SELECT 1 FROM oasis_events e WHERE e.seq = NEW.seq)
BEGIN SELECT RAISE(ABORT, 'an event is never replaced'); END;

-- Evidence: what the verifier saw, in order within a run.
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

CREATE TRIGGER evidence_no_update BEFORE UPDATE ON evidence
BEGIN SELECT RAISE(ABORT, 'evidence never changes'); END;
CREATE TRIGGER evidence_no_delete BEFORE DELETE ON evidence
BEGIN SELECT RAISE(ABORT, 'evidence is never deleted'); END;
CREATE TRIGGER evidence_no_replace BEFORE INSERT ON evidence
WHEN EXISTS (SELECT 1 FROM evidence e WHERE e.vtid = NEW.vtid AND e.attempt = NEW.attempt
             AND e.ordinal = NEW.ordinal)
BEGIN SELECT RAISE(ABORT, 'evidence is never replaced'); END;

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
CREATE INDEX outbox_pending ON outbox (due, id) WHERE state = 'pending';

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

-- Ids of files in repositories whose specs carry none.
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
CREATE INDEX repo_files_vtid ON repo_files (repo, vtid) WHERE vtid IS NOT NULL;

CREATE TABLE deliveries (
  repo TEXT NOT NULL,
  vtid TEXT NOT NULL,
  checksum TEXT NOT NULL,
  commit_id TEXT NOT NULL,
  beside INTEGER NOT NULL,
  PRIMARY KEY (repo, vtid, checksum)
) STRICT, WITHOUT ROWID;
CREATE INDEX deliveries_by_commit ON deliveries (repo, commit_id);
CREATE INDEX deliveries_by_task ON deliveries (vtid);

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

-- Drafts of the authoring flow: one row for each version.
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
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (id, version)
) STRICT, WITHOUT ROWID;

CREATE TABLE intakes (
  id INTEGER PRIMARY KEY,
  step TEXT NOT NULL,
  state TEXT NOT NULL,
  author TEXT NOT NULL,
  vtid TEXT,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE configs (
  digest TEXT NOT NULL PRIMARY KEY,
  config_text TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE refusals (
  key TEXT NOT NULL PRIMARY KEY,
  refused INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
