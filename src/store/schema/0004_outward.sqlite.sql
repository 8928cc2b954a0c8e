-- Tasks in the order of their changes.
CREATE INDEX vtid_ledger_changed ON vtid_ledger (status, updated_at, number);
