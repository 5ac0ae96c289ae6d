-- What one InvoiceSeries holds: every number it ever gave, and to which order. Rows are never deleted,
-- so the next number is one more than the greatest. Statements are IF NOT EXISTS and append-only.
CREATE TABLE IF NOT EXISTS invoices (
  number INTEGER PRIMARY KEY,
  order_id TEXT NOT NULL UNIQUE,
  issued_at INTEGER NOT NULL
);

-- The same for credit notes, once per refund. One that cancels another because its refund failed stands here
-- as well, with what it does in the place of the refund: `INV-CN-000001 down to 0`. A series is of one kind by its settings; if both kinds ever
-- meet in one, they share its numbers.
CREATE TABLE IF NOT EXISTS credit_notes (
  number INTEGER PRIMARY KEY,
  refund_id TEXT NOT NULL UNIQUE,
  order_id TEXT NOT NULL,
  issued_at INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS credit_notes_by_order ON credit_notes (order_id);

-- Each number's document in full, as JSON, written with the number and never again. Numbers that are
-- older than this table have none.
CREATE TABLE IF NOT EXISTS documents (
  number INTEGER PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('invoice', 'credit_note')),
  document TEXT NOT NULL,
  sha256 TEXT NOT NULL
);
CREATE TRIGGER IF NOT EXISTS documents_stay BEFORE UPDATE ON documents
BEGIN SELECT RAISE(ABORT, 'a document never changes'); END;
CREATE TRIGGER IF NOT EXISTS documents_are_kept BEFORE DELETE ON documents
BEGIN SELECT RAISE(ABORT, 'a document is never deleted'); END;

-- Up to which number D1 has been seen to hold every document: one row.
CREATE TABLE IF NOT EXISTS projection (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
  number INTEGER NOT NULL
);

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
