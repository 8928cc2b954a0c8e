-- See the twin for SQLite.
CREATE INDEX vtid_ledger_changed ON vtid_ledger (status, updated_at, number);
