-- Invoices and credit notes as lists show them. Copied from the series' objects, which hold the documents;
-- a row never changes.
CREATE TABLE invoices (
  number TEXT PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('invoice', 'credit_note')),
  series TEXT NOT NULL,
  order_id TEXT NOT NULL,
  refund_id TEXT,
  issued_at INTEGER NOT NULL,
  currency TEXT NOT NULL,
  net_minor INTEGER NOT NULL,
  tax_minor INTEGER NOT NULL,
  total_minor INTEGER NOT NULL,
  sha256 TEXT NOT NULL
) STRICT;

-- Lists are newest first.
CREATE INDEX invoices_by_time ON invoices (issued_at, number);
