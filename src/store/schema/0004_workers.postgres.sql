-- See the twin for SQLite.
CREATE TABLE workers (
  id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  name TEXT COLLATE "C" NOT NULL,
  actor TEXT COLLATE "C" NOT NULL,
  labels TEXT COLLATE "C" NOT NULL,
  slots BIGINT NOT NULL,
  protocol BIGINT NOT NULL,
  callback TEXT COLLATE "C" NOT NULL,
  registered_at BIGINT NOT NULL,
  seen_at BIGINT NOT NULL,
  draining BIGINT NOT NULL
);
CREATE INDEX workers_seen ON workers (seen_at);
