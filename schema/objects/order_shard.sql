-- What one OrderShard holds. Statements are IF NOT EXISTS and append-only: the object runs them when
-- it starts.

-- The order in full, as JSON. `version` is the document's: a change is written only over the version it
-- was made from. `wake_at` is the timer table: one alarm serves the earliest of them.
-- `tries` counts how often the alarm could not get a debt of this order settled.
CREATE TABLE IF NOT EXISTS orders (
  id TEXT PRIMARY KEY,
  document TEXT NOT NULL,
  version INTEGER NOT NULL DEFAULT 0,
  wake_at INTEGER,
  tries INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS orders_by_wake ON orders (wake_at) WHERE wake_at IS NOT NULL;

-- One row per idempotency key; `outcome` is the stored answer once there is one.
CREATE TABLE IF NOT EXISTS idempotency (
  key TEXT PRIMARY KEY,
  fingerprint TEXT NOT NULL,
  order_id TEXT NOT NULL,
  outcome TEXT,
  created_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS idempotency_by_age ON idempotency (created_at);

-- Every verified webhook, once per gateway and event.
CREATE TABLE IF NOT EXISTS inbox (
  gateway TEXT NOT NULL,
  event_id TEXT NOT NULL,
  order_id TEXT NOT NULL,
  report TEXT NOT NULL,
  received_at INTEGER NOT NULL,
  PRIMARY KEY (gateway, event_id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS inbox_by_age ON inbox (received_at);

-- Events that are owed to the world, written with the change that they tell of. A row is handed to
-- the queue (`sent`), and leaves only when D1 is seen to hold that version of its order: a queue that
-- loses a message, or gives one up, delays a list and no more.
CREATE TABLE IF NOT EXISTS outbox (
  sequence INTEGER PRIMARY KEY,
  order_id TEXT NOT NULL,
  version INTEGER NOT NULL,
  message TEXT NOT NULL,
  sent INTEGER NOT NULL DEFAULT 0,
  due_at INTEGER NOT NULL,
  tries INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS outbox_by_due ON outbox (due_at);

-- Requests to move money (captures, voids, refunds, further attempts) and to take goods back, once per
-- idempotency key, with the operations that they wrote down, or the return.
CREATE TABLE IF NOT EXISTS movement_requests (
  key TEXT PRIMARY KEY,
  fingerprint TEXT NOT NULL,
  order_id TEXT NOT NULL,
  operations TEXT NOT NULL,
  created_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS movement_requests_by_age ON movement_requests (created_at);

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
