-- See the twin for SQLite.
CREATE INDEX vtid_ledger_changed ON vtid_ledger (status, updated_at, number);

ALTER TABLE workers ADD COLUMN token TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE workers ADD COLUMN callback_url TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE workers ADD COLUMN callback_secret TEXT COLLATE "C" NOT NULL DEFAULT '';

CREATE TABLE webhook_cursors (
  name TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  seq BIGINT NOT NULL,
  attempts BIGINT NOT NULL,
  failing_since BIGINT,
  next_at BIGINT NOT NULL,
  passed_over BIGINT NOT NULL,
  last_error TEXT COLLATE "C" NOT NULL,
  told_at BIGINT,
  holder TEXT COLLATE "C" NOT NULL,
  held_until BIGINT NOT NULL
);
