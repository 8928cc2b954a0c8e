-- See the twin for SQLite.
CREATE TABLE requests (
  caller TEXT COLLATE "C" NOT NULL,
  key TEXT COLLATE "C" NOT NULL,
  digest TEXT COLLATE "C" NOT NULL,
  made TEXT COLLATE "C" NOT NULL,
  made_at BIGINT NOT NULL,
  PRIMARY KEY (caller, key)
);
CREATE INDEX requests_age ON requests (made_at);

CREATE INDEX vtid_ledger_newer ON vtid_ledger (number) WHERE newer_spec IS NOT NULL;

CREATE INDEX access_tokens_made ON access_tokens (created_by);

ALTER TABLE oasis_specs ADD COLUMN repo TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE intakes ADD COLUMN repo TEXT COLLATE "C" NOT NULL DEFAULT '';

CREATE TABLE webhook_deliveries (
  repo TEXT COLLATE "C" NOT NULL,
  delivery TEXT COLLATE "C" NOT NULL,
  forge TEXT COLLATE "C" NOT NULL,
  event TEXT COLLATE "C" NOT NULL,
  ref TEXT COLLATE "C" NOT NULL,
  outcome TEXT COLLATE "C" NOT NULL,
  received_at BIGINT NOT NULL,
  PRIMARY KEY (repo, delivery)
);
CREATE INDEX webhook_deliveries_age ON webhook_deliveries (received_at);

CREATE TABLE workers (
  id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  name TEXT COLLATE "C" NOT NULL,
  actor TEXT COLLATE "C" NOT NULL,
  labels TEXT COLLATE "C" NOT NULL,
  slots BIGINT NOT NULL,
  protocol BIGINT NOT NULL,
  registered_at BIGINT NOT NULL,
  seen_at BIGINT NOT NULL,
  draining BIGINT NOT NULL
);
CREATE INDEX workers_seen ON workers (seen_at);
