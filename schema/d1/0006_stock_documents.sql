-- Purchase orders, transfers and counts, for lists and for those who decide what to order. Each is written by
-- the object that owns it; an older version never replaces a newer one. `summary` is what a list shows.
CREATE TABLE stock_documents (
  id TEXT PRIMARY KEY,
  type TEXT NOT NULL CHECK (type IN ('purchase_order', 'transfer', 'count')),
  status TEXT NOT NULL,
  supplier TEXT,
  expected_at INTEGER,
  version INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  summary TEXT NOT NULL,
  document TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX stock_documents_by_age ON stock_documents (type, created_at, id);
CREATE INDEX stock_documents_by_status ON stock_documents (type, status, created_at, id);
CREATE INDEX stock_documents_by_supplier ON stock_documents (supplier, created_at, id)
  WHERE supplier IS NOT NULL;

-- The places that a document has to do with.
CREATE TABLE stock_document_locations (
  location TEXT NOT NULL,
  document_id TEXT NOT NULL,
  PRIMARY KEY (location, document_id)
) WITHOUT ROWID;
CREATE INDEX stock_document_locations_by_document ON stock_document_locations (document_id);

-- Units that are planned (`draft`) or on their way (`expected`), and where they will be. Gone when they came or
-- will not come.
CREATE TABLE stock_document_lines (
  document_id TEXT NOT NULL,
  sku TEXT NOT NULL,
  location TEXT NOT NULL,
  type TEXT NOT NULL,
  stage TEXT NOT NULL CHECK (stage IN ('draft', 'expected')),
  quantity INTEGER NOT NULL,
  PRIMARY KEY (document_id, sku, location)
) WITHOUT ROWID;
CREATE INDEX stock_document_lines_by_sku ON stock_document_lines (sku);
