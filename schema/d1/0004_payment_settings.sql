-- A merchant's terms for each payment gateway; a gateway without a row is offered as it is set up.
-- No key or secret is ever here: those are the Worker's.
CREATE TABLE payment_settings (
  gateway TEXT PRIMARY KEY,
  document TEXT NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
