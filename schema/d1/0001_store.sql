-- The store's database: what is edited here (catalogue, settings, API keys), and what is copied here
-- from the objects that own it (orders, stock) for everyone who asks across all of them.
--
-- Migrations are append-only: a released file never changes. Times are milliseconds since 1970, amounts
-- are minor units, documents are the JSON of the Rust types of the same name.

CREATE TABLE products (
  id TEXT PRIMARY KEY,
  status TEXT NOT NULL CHECK (status IN ('active', 'draft', 'archived')),
  document TEXT NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

-- The storefront's list: active products by id.
CREATE INDEX products_active ON products (id) WHERE status = 'active';

-- What pricing needs of one SKU, by SKU. Written together with its product, never by itself.
CREATE TABLE variants (
  sku TEXT PRIMARY KEY,
  product_id TEXT NOT NULL REFERENCES products (id) ON DELETE CASCADE,
  document TEXT NOT NULL
) STRICT;

CREATE INDEX variants_of_product ON variants (product_id);

-- One row: the store's terms.
CREATE TABLE store_settings (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  document TEXT NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

-- A key itself is shown once and never stored: only its SHA-256.
CREATE TABLE api_keys (
  id TEXT PRIMARY KEY,
  sha256 TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('publishable', 'secret')),
  scopes TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  revoked_at INTEGER
) STRICT;

-- Copied from the order shards. `version` guards every write: an older copy never replaces a newer one.
-- `email` is in lower case, for searching; the document has it as typed.
CREATE TABLE orders (
  id TEXT PRIMARY KEY,
  version INTEGER NOT NULL,
  status TEXT NOT NULL,
  payment_status TEXT NOT NULL,
  fulfilment_status TEXT NOT NULL,
  email TEXT NOT NULL,
  currency TEXT NOT NULL,
  total_minor INTEGER NOT NULL,
  needs_attention INTEGER NOT NULL CHECK (needs_attention IN (0, 1)),
  invoice_number TEXT,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  document TEXT NOT NULL
) STRICT;

-- Lists are newest first. Each index costs a row written for every order, so the partial ones hold only
-- what someone looks for by that column: everything but the ordinary case.
CREATE INDEX orders_by_time ON orders (created_at, id);
CREATE INDEX orders_by_email ON orders (email, created_at, id);
CREATE INDEX orders_not_open ON orders (status, created_at, id) WHERE status <> 'open';
CREATE INDEX orders_not_paid ON orders (payment_status, created_at, id) WHERE payment_status <> 'paid';
CREATE INDEX orders_needing_attention ON orders (created_at, id) WHERE needs_attention = 1;

-- Copied from the SKUs' objects, for product pages and lists; a checkout asks the objects.
CREATE TABLE stock_levels (
  sku TEXT PRIMARY KEY,
  version INTEGER NOT NULL,
  received INTEGER NOT NULL,
  adjusted INTEGER NOT NULL,
  sold INTEGER NOT NULL,
  reserved INTEGER NOT NULL,
  back_order_limit INTEGER NOT NULL,
  low_stock_threshold INTEGER NOT NULL,
  as_of INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
