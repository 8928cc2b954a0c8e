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
