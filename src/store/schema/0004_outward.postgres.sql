-- See the twin for SQLite.
CREATE INDEX vtid_ledger_changed ON vtid_ledger (status, updated_at, number);

ALTER TABLE workers ADD COLUMN token TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE workers ADD COLUMN callback_url TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE workers ADD COLUMN callback_secret TEXT COLLATE "C" NOT NULL DEFAULT '';
