-- Requests that were sent with a key: a repetition finds what the first one made.
CREATE TABLE requests (
  caller TEXT NOT NULL,
  key TEXT NOT NULL,
  digest TEXT NOT NULL,
  made TEXT NOT NULL,
  made_at INTEGER NOT NULL,
  PRIMARY KEY (caller, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX requests_age ON requests (made_at);

-- Tasks with a text that has not run.
CREATE INDEX vtid_ledger_newer ON vtid_ledger (number) WHERE newer_spec IS NOT NULL;

-- The sessions that a token has opened.
CREATE INDEX access_tokens_made ON access_tokens (created_by);

-- Where a text that is written here is delivered; empty: as the text says.
ALTER TABLE oasis_specs ADD COLUMN repo TEXT NOT NULL DEFAULT '';
ALTER TABLE intakes ADD COLUMN repo TEXT NOT NULL DEFAULT '';

-- What forges told: a delivery that comes again is known.
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
CREATE INDEX webhook_deliveries_age ON webhook_deliveries (received_at);

-- Workers on other machines, as they last registered.
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
CREATE INDEX workers_seen ON workers (seen_at);
