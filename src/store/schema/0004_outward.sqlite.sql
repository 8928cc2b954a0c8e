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
