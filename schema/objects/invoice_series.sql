-- What one InvoiceSeries holds: every number it ever gave, and to which order. Rows are never deleted,
-- so the next number is one more than the greatest.
CREATE TABLE IF NOT EXISTS invoices (
  number INTEGER PRIMARY KEY,
  order_id TEXT NOT NULL UNIQUE,
  issued_at INTEGER NOT NULL
);
