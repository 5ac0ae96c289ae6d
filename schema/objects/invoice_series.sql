-- What one InvoiceSeries holds: every number it ever gave, and to which order.
CREATE TABLE IF NOT EXISTS invoices (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  order_id TEXT NOT NULL UNIQUE,
  issued_at INTEGER NOT NULL
);
