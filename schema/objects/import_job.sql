-- What one ImportJob holds: one import. Statements are IF NOT EXISTS and append-only.

-- The import, one row: the JSON of `Import`. `wake_at` is when its alarm is wanted; `tries` counts failures
-- in a row.
CREATE TABLE IF NOT EXISTS import (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
  document TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  wake_at INTEGER,
  tries INTEGER NOT NULL DEFAULT 0
);

-- The file, part by part; gone when the import ends.
CREATE TABLE IF NOT EXISTS parts (
  number INTEGER PRIMARY KEY,
  bytes INTEGER NOT NULL,
  sha256 TEXT NOT NULL,
  content BLOB NOT NULL
);

-- What rows so far were about, and on which line: the first one counts. Gone when the import ends.
CREATE TABLE IF NOT EXISTS subjects (
  subject TEXT PRIMARY KEY,
  line INTEGER NOT NULL
) WITHOUT ROWID;

-- Rows that were not applied: the JSON of `RowError`.
CREATE TABLE IF NOT EXISTS errors (
  line INTEGER NOT NULL,
  number INTEGER NOT NULL,
  document TEXT NOT NULL,
  PRIMARY KEY (line, number)
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
