-- Tasks in the order of their changes.
CREATE INDEX vtid_ledger_changed ON vtid_ledger (status, updated_at, number);

-- Where a worker wants to be told of runs, and by which secret it knows that it is the gateway that tells. Of the token
-- that registered it: the id.
ALTER TABLE workers ADD COLUMN token TEXT NOT NULL DEFAULT '';
ALTER TABLE workers ADD COLUMN callback_url TEXT NOT NULL DEFAULT '';
ALTER TABLE workers ADD COLUMN callback_secret TEXT NOT NULL DEFAULT '';
