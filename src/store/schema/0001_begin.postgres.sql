-- The first schema; see the twin for SQLite, which says what it all means. Text has the order of bytes.

CREATE FUNCTION vitana_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '%', TG_ARGV[0];
END $$;

CREATE TABLE meta (
  key TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  value TEXT COLLATE "C" NOT NULL
);

CREATE TABLE counters (
  name TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  value BIGINT NOT NULL
);

CREATE TABLE vtid_specs (
  vtid TEXT COLLATE "C" NOT NULL,
  version BIGINT NOT NULL CHECK (version > 0),
  spec_text TEXT COLLATE "C" NOT NULL,
  checksum TEXT COLLATE "C" NOT NULL,
  spec_source TEXT COLLATE "C" NOT NULL,
  locked_at BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  author TEXT COLLATE "C" NOT NULL DEFAULT '',
  source_repo TEXT COLLATE "C" NOT NULL DEFAULT '',
  source_path TEXT COLLATE "C" NOT NULL DEFAULT '',
  source_commit TEXT COLLATE "C" NOT NULL DEFAULT '',
  source_blob TEXT COLLATE "C" NOT NULL DEFAULT '',
  source_reference TEXT COLLATE "C" NOT NULL DEFAULT '',
  source_reason TEXT COLLATE "C" NOT NULL DEFAULT '',
  number BIGINT GENERATED ALWAYS AS (CAST(substr(vtid, 6) AS BIGINT)) STORED,
  PRIMARY KEY (vtid, version)
);
CREATE INDEX vtid_specs_digest ON vtid_specs (checksum);
CREATE INDEX vtid_specs_number ON vtid_specs (number, version);

CREATE TRIGGER vtid_specs_no_update BEFORE UPDATE ON vtid_specs FOR EACH STATEMENT
EXECUTE FUNCTION vitana_refuse('a locked spec never changes');
CREATE TRIGGER vtid_specs_no_delete BEFORE DELETE OR TRUNCATE ON vtid_specs FOR EACH STATEMENT
EXECUTE FUNCTION vitana_refuse('a locked spec is never deleted');

CREATE TABLE spec_approvals (
  vtid TEXT COLLATE "C" NOT NULL,
  version BIGINT NOT NULL,
  checksum TEXT COLLATE "C" NOT NULL,
  actor TEXT COLLATE "C" NOT NULL,
  approved_at BIGINT NOT NULL,
  PRIMARY KEY (vtid, version)
);

CREATE TABLE spec_candidates (
  vtid TEXT COLLATE "C" NOT NULL,
  origin TEXT COLLATE "C" NOT NULL,
  checksum TEXT COLLATE "C" NOT NULL,
  valid BIGINT NOT NULL,
  diagnostics TEXT COLLATE "C" NOT NULL,
  spec_source TEXT COLLATE "C" NOT NULL,
  author TEXT COLLATE "C" NOT NULL,
  said_at BIGINT NOT NULL,
  source_repo TEXT COLLATE "C" NOT NULL,
  source_path TEXT COLLATE "C" NOT NULL,
  source_commit TEXT COLLATE "C" NOT NULL,
  source_blob TEXT COLLATE "C" NOT NULL,
  source_reference TEXT COLLATE "C" NOT NULL,
  source_reason TEXT COLLATE "C" NOT NULL,
  spec_text TEXT COLLATE "C" NOT NULL,
  circular BIGINT NOT NULL,
  PRIMARY KEY (vtid, origin)
);

CREATE INDEX spec_candidates_circular ON spec_candidates (vtid) WHERE circular = 1;

CREATE TABLE vtid_ledger (
  vtid TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  created_at BIGINT NOT NULL DEFAULT 0,
  title TEXT COLLATE "C" NOT NULL DEFAULT '',
  status TEXT COLLATE "C" NOT NULL DEFAULT 'draft',
  blocked_reason TEXT COLLATE "C",
  priority BIGINT NOT NULL DEFAULT 3,
  repo TEXT COLLATE "C" NOT NULL DEFAULT '',
  description TEXT COLLATE "C" NOT NULL DEFAULT '',
  spec_version BIGINT,
  spec_checksum TEXT COLLATE "C",
  waits TEXT COLLATE "C" NOT NULL DEFAULT '{}',
  not_before BIGINT NOT NULL DEFAULT 0,
  next_kind TEXT COLLATE "C" NOT NULL DEFAULT 'spec',
  next_what TEXT COLLATE "C" NOT NULL DEFAULT '',
  next_due BIGINT,
  error_code TEXT COLLATE "C",
  error TEXT COLLATE "C",
  spent TEXT COLLATE "C" NOT NULL DEFAULT '{}',
  attempt BIGINT NOT NULL DEFAULT 0,
  newer_spec TEXT COLLATE "C",
  answer TEXT COLLATE "C" NOT NULL DEFAULT '',
  agent TEXT COLLATE "C" NOT NULL DEFAULT '',
  delivery TEXT COLLATE "C",
  updated_at BIGINT NOT NULL DEFAULT 0,
  revision BIGINT NOT NULL DEFAULT 0,
  number BIGINT GENERATED ALWAYS AS (CAST(substr(vtid, 6) AS BIGINT)) STORED
);
CREATE INDEX vtid_ledger_number ON vtid_ledger (number);
CREATE INDEX vtid_ledger_status ON vtid_ledger (status, number);
CREATE INDEX vtid_ledger_eligible ON vtid_ledger (status, priority, created_at, number)
  WHERE status = 'scheduled';
CREATE INDEX vtid_ledger_overdue ON vtid_ledger (next_due) WHERE next_due IS NOT NULL;

CREATE TABLE task_dependencies (
  vtid TEXT COLLATE "C" NOT NULL,
  depends_on TEXT COLLATE "C" NOT NULL,
  number BIGINT GENERATED ALWAYS AS (CAST(substr(vtid, 6) AS BIGINT)) STORED,
  PRIMARY KEY (vtid, depends_on)
);
CREATE INDEX task_dependencies_back ON task_dependencies (depends_on, number);

CREATE TABLE autopilot_runs (
  vtid TEXT COLLATE "C" NOT NULL,
  attempt BIGINT NOT NULL DEFAULT 1,
  created_at BIGINT NOT NULL DEFAULT 0,
  state TEXT COLLATE "C" NOT NULL DEFAULT 'allocated',
  wants TEXT COLLATE "C",
  priority BIGINT NOT NULL DEFAULT 3,
  spec_version BIGINT NOT NULL DEFAULT 1,
  spec_checksum TEXT COLLATE "C" NOT NULL DEFAULT '',
  repo TEXT COLLATE "C" NOT NULL DEFAULT '',
  base_commit TEXT COLLATE "C" NOT NULL DEFAULT '',
  config_digest TEXT COLLATE "C" NOT NULL DEFAULT '',
  agent TEXT COLLATE "C" NOT NULL DEFAULT '',
  delivery TEXT COLLATE "C" NOT NULL DEFAULT 'branch',
  lease_worker TEXT COLLATE "C",
  lease_fence BIGINT,
  lease_granted_at BIGINT,
  lease_until BIGINT,
  fence BIGINT NOT NULL DEFAULT 0,
  parked BIGINT NOT NULL DEFAULT 0,
  not_before BIGINT NOT NULL DEFAULT 0,
  route_failures BIGINT NOT NULL DEFAULT 0,
  step_failures BIGINT NOT NULL DEFAULT 0,
  base_moves BIGINT NOT NULL DEFAULT 0,
  result_commit TEXT COLLATE "C" NOT NULL DEFAULT '',
  result_tree TEXT COLLATE "C" NOT NULL DEFAULT '',
  unsandboxed BIGINT NOT NULL DEFAULT 0,
  deliverable TEXT COLLATE "C",
  workspace TEXT COLLATE "C" NOT NULL DEFAULT '',
  error_code TEXT COLLATE "C",
  error TEXT COLLATE "C",
  worker TEXT COLLATE "C" NOT NULL DEFAULT '',
  started_at BIGINT,
  ended_at BIGINT,
  revision BIGINT NOT NULL DEFAULT 0,
  holds_slot BIGINT NOT NULL DEFAULT 0,
  number BIGINT GENERATED ALWAYS AS (CAST(substr(vtid, 6) AS BIGINT)) STORED,
  PRIMARY KEY (vtid, attempt)
);
CREATE INDEX autopilot_runs_claimable ON autopilot_runs (wants, priority, created_at, number)
  WHERE wants IS NOT NULL;
CREATE INDEX autopilot_runs_leased ON autopilot_runs (lease_until) WHERE lease_fence IS NOT NULL;
CREATE INDEX autopilot_runs_slots ON autopilot_runs (repo, agent, wants) WHERE holds_slot <> 0;
CREATE INDEX autopilot_runs_of_repo ON autopilot_runs (repo, created_at);

CREATE TABLE oasis_events (
  seq BIGINT NOT NULL PRIMARY KEY CHECK (seq > 0),
  time_us BIGINT NOT NULL,
  type TEXT COLLATE "C" NOT NULL,
  status TEXT COLLATE "C" NOT NULL,
  vtid TEXT COLLATE "C",
  run TEXT COLLATE "C",
  actor TEXT COLLATE "C" NOT NULL,
  data TEXT COLLATE "C" NOT NULL,
  hash TEXT COLLATE "C" NOT NULL
);
CREATE INDEX oasis_events_vtid ON oasis_events (vtid, seq) WHERE vtid IS NOT NULL;

CREATE TRIGGER oasis_events_no_update BEFORE UPDATE ON oasis_events FOR EACH STATEMENT
EXECUTE FUNCTION vitana_refuse('an event never changes');
CREATE TRIGGER oasis_events_no_delete BEFORE DELETE OR TRUNCATE ON oasis_events FOR EACH STATEMENT
EXECUTE FUNCTION vitana_refuse('an event is never deleted');

CREATE TABLE evidence (
  vtid TEXT COLLATE "C" NOT NULL,
  attempt BIGINT NOT NULL,
  ordinal BIGINT NOT NULL,
  round BIGINT NOT NULL,
  criterion TEXT COLLATE "C" NOT NULL,
  criterion_text TEXT COLLATE "C" NOT NULL,
  class TEXT COLLATE "C" NOT NULL,
  verdict TEXT COLLATE "C" NOT NULL,
  command TEXT COLLATE "C" NOT NULL,
  exit_code BIGINT,
  base_exit_code BIGINT,
  output TEXT COLLATE "C" NOT NULL,
  tree TEXT COLLATE "C" NOT NULL,
  judged_at BIGINT NOT NULL,
  PRIMARY KEY (vtid, attempt, ordinal)
);

CREATE TRIGGER evidence_no_update BEFORE UPDATE ON evidence FOR EACH STATEMENT
EXECUTE FUNCTION vitana_refuse('evidence never changes');
CREATE TRIGGER evidence_no_delete BEFORE DELETE OR TRUNCATE ON evidence FOR EACH STATEMENT
EXECUTE FUNCTION vitana_refuse('evidence is never deleted');

CREATE TABLE outbox (
  id BIGINT NOT NULL PRIMARY KEY,
  key TEXT COLLATE "C" NOT NULL UNIQUE,
  kind TEXT COLLATE "C" NOT NULL,
  vtid TEXT COLLATE "C",
  run TEXT COLLATE "C",
  payload TEXT COLLATE "C" NOT NULL,
  state TEXT COLLATE "C" NOT NULL,
  attempts BIGINT NOT NULL,
  last_error TEXT COLLATE "C" NOT NULL,
  due BIGINT NOT NULL
);
CREATE INDEX outbox_pending ON outbox (due, id) WHERE state = 'pending';

CREATE TABLE repos (
  name TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  synced_commit TEXT COLLATE "C" NOT NULL,
  branch TEXT COLLATE "C" NOT NULL,
  synced_at BIGINT,
  unsettled BIGINT NOT NULL,
  unnumbered BIGINT NOT NULL,
  reading_commit TEXT COLLATE "C" NOT NULL,
  reading_branch TEXT COLLATE "C" NOT NULL,
  approval TEXT COLLATE "C",
  profile TEXT COLLATE "C",
  operators_approval TEXT COLLATE "C" NOT NULL,
  operators_profile TEXT COLLATE "C" NOT NULL
);

CREATE TABLE local_ids (
  repo TEXT COLLATE "C" NOT NULL,
  path TEXT COLLATE "C" NOT NULL,
  vtid TEXT COLLATE "C" NOT NULL UNIQUE,
  PRIMARY KEY (repo, path)
);

CREATE TABLE repo_files (
  repo TEXT COLLATE "C" NOT NULL,
  path TEXT COLLATE "C" NOT NULL,
  blob_id TEXT COLLATE "C" NOT NULL,
  vtid TEXT COLLATE "C",
  checksum TEXT COLLATE "C" NOT NULL,
  outcome TEXT COLLATE "C" NOT NULL,
  reason TEXT COLLATE "C" NOT NULL,
  unadopted BIGINT NOT NULL,
  PRIMARY KEY (repo, path)
);
CREATE INDEX repo_files_vtid ON repo_files (repo, vtid) WHERE vtid IS NOT NULL;

CREATE TABLE deliveries (
  repo TEXT COLLATE "C" NOT NULL,
  vtid TEXT COLLATE "C" NOT NULL,
  checksum TEXT COLLATE "C" NOT NULL,
  commit_id TEXT COLLATE "C" NOT NULL,
  beside BIGINT NOT NULL,
  PRIMARY KEY (repo, vtid, checksum)
);
CREATE INDEX deliveries_by_commit ON deliveries (repo, commit_id);
CREATE INDEX deliveries_by_task ON deliveries (vtid);

CREATE TABLE green_bases (
  repo TEXT COLLATE "C" NOT NULL,
  commit_id TEXT COLLATE "C" NOT NULL,
  commands_digest TEXT COLLATE "C" NOT NULL,
  checked_at BIGINT NOT NULL,
  PRIMARY KEY (repo, commit_id, commands_digest)
);

CREATE TABLE controls (
  key TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  is_on BIGINT NOT NULL,
  reason TEXT COLLATE "C" NOT NULL,
  actor TEXT COLLATE "C" NOT NULL,
  until_at BIGINT,
  set_at BIGINT NOT NULL
);

CREATE TABLE breakers (
  key TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  error_code TEXT COLLATE "C" NOT NULL,
  detail TEXT COLLATE "C" NOT NULL,
  since BIGINT NOT NULL,
  probe_at BIGINT NOT NULL,
  tries BIGINT NOT NULL,
  is_open BIGINT NOT NULL,
  probes BIGINT NOT NULL,
  probe_run TEXT COLLATE "C",
  proven BIGINT NOT NULL
);

CREATE TABLE oasis_specs (
  id BIGINT NOT NULL,
  version BIGINT NOT NULL,
  vtid TEXT COLLATE "C",
  title TEXT COLLATE "C" NOT NULL,
  markdown TEXT COLLATE "C" NOT NULL,
  checksum TEXT COLLATE "C" NOT NULL,
  status TEXT COLLATE "C" NOT NULL,
  author TEXT COLLATE "C" NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (id, version)
);

CREATE TABLE intakes (
  id BIGINT NOT NULL PRIMARY KEY,
  step TEXT COLLATE "C" NOT NULL,
  state TEXT COLLATE "C" NOT NULL,
  author TEXT COLLATE "C" NOT NULL,
  vtid TEXT COLLATE "C",
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);

CREATE TABLE configs (
  digest TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  config_text TEXT COLLATE "C" NOT NULL
);

CREATE TABLE refusals (
  key TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  refused BIGINT NOT NULL
);
