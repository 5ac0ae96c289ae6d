-- Sales channels, what each was told of every SKU, and which orders came by one.

-- The registry. `all_skus`: the channel is told of every SKU, not only of those with terms for it. While
-- `introduced_to` is not null, the SKUs up to that one have been asked to tell the channel.
CREATE TABLE channels (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('storefront', 'marketplace', 'social', 'other')),
  status TEXT NOT NULL CHECK (status IN ('active', 'archived')),
  all_skus INTEGER NOT NULL CHECK (all_skus IN (0, 1)),
  introduced_to TEXT,
  updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The channel of ordinary checkouts always exists.
INSERT INTO channels (id, name, kind, status, all_skus, introduced_to, updated_at)
VALUES ('storefront', 'Storefront', 'storefront', 'active', 0, NULL, 0);

-- Copied from the SKUs' objects: what each channel may be told. `version` is that of the SKU's counters and,
-- with `as_of`, guards every write. `change_sequence` grows with each write within a channel, so that a
-- connector that goes on from the last one it has seen misses nothing.
CREATE TABLE channel_availability (
  channel TEXT NOT NULL,
  sku TEXT NOT NULL,
  available INTEGER NOT NULL,
  version INTEGER NOT NULL,
  as_of INTEGER NOT NULL,
  change_sequence INTEGER NOT NULL,
  PRIMARY KEY (channel, sku)
) STRICT, WITHOUT ROWID;

CREATE INDEX channel_availability_by_change ON channel_availability (channel, change_sequence);

-- The channel that sold an order; null for checkouts, which so cost no row in the index.
ALTER TABLE orders ADD COLUMN channel TEXT;
CREATE INDEX orders_by_channel ON orders (channel, created_at, id) WHERE channel IS NOT NULL;
