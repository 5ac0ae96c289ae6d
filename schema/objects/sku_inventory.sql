-- What one SkuInventory holds. Statements are IF NOT EXISTS and append-only.

-- The counters, one row. `projected_version` is the version that was last handed to the queue.
CREATE TABLE IF NOT EXISTS level (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
  received INTEGER NOT NULL DEFAULT 0,
  adjusted INTEGER NOT NULL DEFAULT 0,
  sold INTEGER NOT NULL DEFAULT 0,
  reserved INTEGER NOT NULL DEFAULT 0 CHECK (reserved >= 0),
  back_order_limit INTEGER NOT NULL DEFAULT 0,
  low_stock_threshold INTEGER NOT NULL DEFAULT 0,
  version INTEGER NOT NULL DEFAULT 0,
  projected_version INTEGER NOT NULL DEFAULT 0,
  CHECK (reserved + sold <= received + adjusted + back_order_limit)
);

-- One claim per order. Held claims are void from `expires_at` on, noticed or not.
CREATE TABLE IF NOT EXISTS reservations (
  order_id TEXT PRIMARY KEY,
  state TEXT NOT NULL,
  quantity INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS reservations_by_expiry ON reservations (expires_at)
  WHERE state = 'held';

-- The ledger: immutable, and the only thing that changes counters.
CREATE TABLE IF NOT EXISTS movements (
  sequence INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  on_hand_delta INTEGER NOT NULL,
  reserved_delta INTEGER NOT NULL,
  order_id TEXT,
  reason TEXT,
  actor TEXT,
  at INTEGER NOT NULL
);

-- Adjustments by idempotency key, with the answer that was given.
CREATE TABLE IF NOT EXISTS adjustments (
  key TEXT PRIMARY KEY,
  fingerprint TEXT NOT NULL,
  level TEXT NOT NULL,
  at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS adjustments_by_age ON adjustments (at);

-- Refunds whose units came back, so that none comes back twice.
CREATE TABLE IF NOT EXISTS returns (
  refund_id TEXT PRIMARY KEY,
  order_id TEXT NOT NULL,
  at INTEGER NOT NULL
) WITHOUT ROWID;
