-- What one Reconciler holds: the runs over one gateway's books. Statements are IF NOT EXISTS and append-only.

-- `document` is the run as JSON. `phase` is what comes next: `list` a page from `cursor`, `compare`, `tell`
-- D1 how it ended. `wake_at` is NULL once nothing is left to do. `tries` counts failures in a row.
CREATE TABLE IF NOT EXISTS runs (
  id TEXT PRIMARY KEY,
  document TEXT NOT NULL,
  phase TEXT NOT NULL,
  cursor TEXT,
  pages INTEGER NOT NULL DEFAULT 0,
  tries INTEGER NOT NULL DEFAULT 0,
  wake_at INTEGER,
  started_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS runs_by_wake ON runs (wake_at) WHERE wake_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS runs_by_age ON runs (started_at);

-- What the gateway has listed so far; gone when the run ends. A page that comes twice changes nothing.
CREATE TABLE IF NOT EXISTS entries (
  run_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  movement_reference TEXT NOT NULL,
  document TEXT NOT NULL,
  PRIMARY KEY (run_id, kind, movement_reference)
) WITHOUT ROWID;

-- One row per idempotency key; the schedule's own keys name the window.
CREATE TABLE IF NOT EXISTS keys (
  key TEXT PRIMARY KEY,
  fingerprint TEXT NOT NULL,
  run_id TEXT NOT NULL,
  created_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS keys_by_age ON keys (created_at);

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
