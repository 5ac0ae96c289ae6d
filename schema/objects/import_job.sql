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
