-- What one StockDocument holds: a purchase order, a transfer or a count. Statements are IF NOT EXISTS and
-- append-only.

-- The document in full, as JSON, with the step that is under way. `projected_version` is the version that D1
-- was last seen to hold.
CREATE TABLE IF NOT EXISTS document (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
  document TEXT NOT NULL,
  projected_version INTEGER NOT NULL DEFAULT 0,
  version INTEGER GENERATED ALWAYS AS (document ->> '$.version') VIRTUAL,
  status TEXT GENERATED ALWAYS AS (document ->> '$.body.status') VIRTUAL,
  open_step INTEGER GENERATED ALWAYS AS (document ->> '$.open.number') VIRTUAL
);

-- One row per idempotency key, with the step that was begun under it (0: the document itself was made) and the
-- lines that were refused. There are as many as the document has steps, so they are kept with it.
CREATE TABLE IF NOT EXISTS keys (
  key TEXT PRIMARY KEY,
  fingerprint TEXT NOT NULL,
  step INTEGER NOT NULL UNIQUE,
  failures TEXT NOT NULL DEFAULT '[]',
  created_at INTEGER NOT NULL
) WITHOUT ROWID;

-- The form of what is stored here. Code that finds a later one than its own, after a roll-back, can't open the
-- object and changes nothing of it: it would lose what it does not know. Raise the number with every change that
-- code before it would lose by writing.
CREATE TABLE IF NOT EXISTS form (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
  version INTEGER NOT NULL
);
CREATE TRIGGER IF NOT EXISTS form_is_kept BEFORE UPDATE ON form WHEN NEW.version < OLD.version
BEGIN SELECT RAISE(ABORT, 'stored by a later version of the code'); END;
INSERT INTO form (only_row, version) VALUES (1, 1)
  ON CONFLICT (only_row) DO UPDATE SET version = excluded.version WHERE version <> excluded.version;
