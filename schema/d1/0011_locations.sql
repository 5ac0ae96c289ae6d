-- Places that have stock. `document` is the JSON of the Rust type `StockLocation`; the columns are what
-- statements ask about. `main` is there from the beginning: stock that nobody gave a place is there.
CREATE TABLE locations (
  id TEXT PRIMARY KEY,
  status TEXT NOT NULL CHECK (status IN ('active', 'archived')),
  fulfils_orders INTEGER NOT NULL CHECK (fulfils_orders IN (0, 1)),
  document TEXT NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO locations (id, status, fulfils_orders, document, updated_at) VALUES ('main', 'active', 1,
  '{"id":"main","name":"Main","kind":"warehouse","priority":100,"status":"active","fulfils_orders":true}', 0);
