-- What one InvoiceSeries holds: every number it ever gave, and to which order. Rows are never deleted,
-- so the next number is one more than the greatest. Statements are IF NOT EXISTS and append-only.
CREATE TABLE IF NOT EXISTS invoices (
  number INTEGER PRIMARY KEY,
  order_id TEXT NOT NULL UNIQUE,
  issued_at INTEGER NOT NULL
);

-- The same for credit notes, once per refund. A series is of one kind by its settings; if both kinds ever
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
