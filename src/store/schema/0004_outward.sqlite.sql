-- Tasks in the order of their changes.
CREATE INDEX vtid_ledger_changed ON vtid_ledger (status, updated_at, number);

-- Where a worker wants to be told of runs, and by which secret it knows that it is the gateway that tells. Of the token
-- that registered it: the id.
ALTER TABLE workers ADD COLUMN token TEXT NOT NULL DEFAULT '';
ALTER TABLE workers ADD COLUMN callback_url TEXT NOT NULL DEFAULT '';
ALTER TABLE workers ADD COLUMN callback_secret TEXT NOT NULL DEFAULT '';

-- How far each webhook of the configuration was told of the log.
CREATE TABLE webhook_cursors (
  name TEXT NOT NULL PRIMARY KEY,
  seq INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  failing_since INTEGER,
  next_at INTEGER NOT NULL,
  passed_over INTEGER NOT NULL,
  last_error TEXT NOT NULL,
  told_at INTEGER,
  holder TEXT NOT NULL,
  held_until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
