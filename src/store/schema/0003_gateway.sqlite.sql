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
