-- Who may ask from outside. A token is known by the SHA-256 of its text; the text itself is nowhere.
CREATE TABLE access_tokens (
  id TEXT NOT NULL PRIMARY KEY,
  created_at INTEGER NOT NULL,
  hash TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  role TEXT NOT NULL,
  repos TEXT NOT NULL,
  created_by TEXT NOT NULL,
  expires_at INTEGER,
  revoked_at INTEGER
) STRICT, WITHOUT ROWID;

-- The newest tasks of a repository.
CREATE INDEX vtid_ledger_repo ON vtid_ledger (repo, number);
