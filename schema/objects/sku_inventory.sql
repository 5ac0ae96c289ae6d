-- What one SkuInventory holds. Statements are IF NOT EXISTS and append-only.

-- The counters, one row: the JSON of `StockLevel`, of which the columns that SQLite guards or a person
-- looks for are shown. `projected_version` is the version that D1 was last seen to hold; the ledger's
-- head is here so that a new line needs no look-up.
CREATE TABLE IF NOT EXISTS level (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
  document TEXT NOT NULL,
  projected_version INTEGER NOT NULL DEFAULT 0,
  ledger_sequence INTEGER NOT NULL DEFAULT 0,
  ledger_hash TEXT NOT NULL,
  received INTEGER GENERATED ALWAYS AS (document ->> '$.received') VIRTUAL,
  adjusted INTEGER GENERATED ALWAYS AS (document ->> '$.adjusted') VIRTUAL,
  transferred INTEGER GENERATED ALWAYS AS (document ->> '$.transferred') VIRTUAL,
  sold INTEGER GENERATED ALWAYS AS (document ->> '$.sold') VIRTUAL,
  reserved INTEGER GENERATED ALWAYS AS (document ->> '$.reserved') VIRTUAL,
  back_ordered INTEGER GENERATED ALWAYS AS
    ((document ->> '$.back_ordered_held') + (document ->> '$.back_ordered_sold')) VIRTUAL,
  back_order_limit INTEGER GENERATED ALWAYS AS (document ->> '$.back_order_limit') VIRTUAL,
  low_stock_threshold INTEGER GENERATED ALWAYS AS (document ->> '$.low_stock_threshold') VIRTUAL,
  version INTEGER GENERATED ALWAYS AS (document ->> '$.version') VIRTUAL,
  CHECK (reserved >= 0),
  CHECK (reserved + sold <= received + adjusted + transferred + back_ordered)
);

-- One claim per order. Held claims are void from `expires_at` on, noticed or not. `placement` is the JSON
-- of where the units come from; `waiting_since` orders those who wait for units beyond the shelf.
CREATE TABLE IF NOT EXISTS reservations (
  order_id TEXT PRIMARY KEY,
  state TEXT NOT NULL,
  quantity INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  placement TEXT NOT NULL,
  waiting_since INTEGER,
  customer TEXT,
  holder TEXT
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS reservations_by_expiry ON reservations (expires_at)
  WHERE state = 'held';
CREATE INDEX IF NOT EXISTS reservations_waiting ON reservations (waiting_since)
  WHERE waiting_since IS NOT NULL;
CREATE INDEX IF NOT EXISTS reservations_by_customer ON reservations (customer)
  WHERE customer IS NOT NULL;
CREATE INDEX IF NOT EXISTS reservations_by_holder ON reservations (holder)
  WHERE holder IS NOT NULL AND state = 'held';

-- The ledger: immutable, and the only thing that changes counters. `entry` is the JSON of a `LedgerEntry`
-- to the byte, `hash` is SHA-256 over the hash before it and the entry.
CREATE TABLE IF NOT EXISTS ledger (
  sequence INTEGER PRIMARY KEY,
  entry TEXT NOT NULL,
  hash TEXT NOT NULL
);

-- Every thousand lines, the state after a line: the JSON of a `Checkpoint`. The state at a past time is
-- rebuilt from the nearest.
CREATE TABLE IF NOT EXISTS checkpoints (
  sequence INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  hash TEXT NOT NULL,
  document TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS checkpoints_by_time ON checkpoints (at, sequence);

-- Changes by idempotency key, with the answer that was given. Those that a document of ours made are kept:
-- it may ask again at any time.
CREATE TABLE IF NOT EXISTS changes (
  key TEXT PRIMARY KEY,
  fingerprint TEXT NOT NULL,
  level TEXT NOT NULL,
  at INTEGER NOT NULL,
  is_kept INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS changes_by_age ON changes (at) WHERE is_kept = 0;

-- Changes that a document asked for and was refused, by key: under the same key it is refused for ever, so
-- that a question that arrives late can't do what the document counts as not done.
CREATE TABLE IF NOT EXISTS refusals (
  key TEXT PRIMARY KEY,
  refusal TEXT NOT NULL,
  at INTEGER NOT NULL
) WITHOUT ROWID;

-- Refunds and returns whose units came back (`ref_…`, `ret_…`, with how they came back), so that none comes
-- back twice.
CREATE TABLE IF NOT EXISTS returns (
  refund_id TEXT PRIMARY KEY,
  order_id TEXT NOT NULL,
  at INTEGER NOT NULL
) WITHOUT ROWID;

-- Orders whose units came from the shelf after all, until they have been told.
CREATE TABLE IF NOT EXISTS filled (
  order_id TEXT PRIMARY KEY
) WITHOUT ROWID;

-- Drop mode, at the SKU's own object: what the merchant wants, and what is known of each slice (JSON).
CREATE TABLE IF NOT EXISTS spread (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
  document TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS spread_members (
  slice INTEGER PRIMARY KEY,
  document TEXT NOT NULL
);

-- Drop mode, at a slice: what it knows of the SKU's own object (JSON), and the orders that it passed on for
-- good, with the units that a limited customer has by them.
CREATE TABLE IF NOT EXISTS slice (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
  document TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS passed_on (
  order_id TEXT PRIMARY KEY,
  customer TEXT,
  quantity INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS passed_on_by_customer ON passed_on (customer) WHERE customer IS NOT NULL;

-- What was told of the stock so far, one row once there is anything: the JSON of `AlertBook`.
CREATE TABLE IF NOT EXISTS alert_book (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
  document TEXT NOT NULL
);

-- Crossings that D1 was not yet seen to hold: the JSON of `Alert` as each left it, by its number.
CREATE TABLE IF NOT EXISTS alert_outbox (
  sequence INTEGER PRIMARY KEY,
  document TEXT NOT NULL
);
-- What each channel was told last, and whether that has arrived: a row that is `owed` or `sent` is the
-- message as well, until D1 is seen to hold it (`arrived`). Only the newest telling counts.
CREATE TABLE IF NOT EXISTS channel_availability (
  channel TEXT PRIMARY KEY,
  available INTEGER NOT NULL,
  version INTEGER NOT NULL,
  as_of INTEGER NOT NULL,
  stage TEXT NOT NULL,
  look_at INTEGER NOT NULL
) WITHOUT ROWID;

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
