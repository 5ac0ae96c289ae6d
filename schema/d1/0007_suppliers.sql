-- Stock alerts, suppliers, and what reorder proposals are computed from.

-- Copied from the SKUs' objects, a row for every crossing of a line; `sequence` is the crossing's number
-- within its SKU. `last_sequence` is that of its end, once it has one, and guards every write, so that
-- repeats and disorder change nothing.
CREATE TABLE stock_alerts (
  sku TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  last_sequence INTEGER NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('low_stock', 'out_of_stock', 'back_in_stock', 'reorder_needed')),
  location TEXT,
  quantity INTEGER NOT NULL,
  threshold INTEGER NOT NULL,
  opened_at INTEGER NOT NULL,
  closed_at INTEGER,
  closed_quantity INTEGER,
  PRIMARY KEY (sku, sequence)
) STRICT, WITHOUT ROWID;

-- Lists are newest first; what is still so is a small part of what ever was.
CREATE INDEX stock_alerts_by_time ON stock_alerts (opened_at, sku, sequence);
CREATE INDEX stock_alerts_open ON stock_alerts (opened_at, sku, sequence) WHERE closed_at IS NULL;
CREATE INDEX stock_alerts_by_kind ON stock_alerts (kind, opened_at, sku, sequence);

-- Edited here: who delivers, and on what terms each SKU can be had. `document` is the JSON of the Rust type
-- of the same name.
CREATE TABLE suppliers (
  id TEXT PRIMARY KEY,
  status TEXT NOT NULL CHECK (status IN ('active', 'archived')),
  currency TEXT NOT NULL,
  document TEXT NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE supplier_items (
  supplier_id TEXT NOT NULL REFERENCES suppliers (id),
  sku TEXT NOT NULL,
  preferred INTEGER NOT NULL CHECK (preferred IN (0, 1)),
  currency TEXT NOT NULL,
  document TEXT NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (supplier_id, sku)
) STRICT, WITHOUT ROWID;

CREATE INDEX supplier_items_of_sku ON supplier_items (sku, supplier_id);
-- At most one supplier is a SKU's preferred one.
CREATE UNIQUE INDEX supplier_items_preferred ON supplier_items (sku) WHERE preferred = 1;

-- How many units of a SKU had been sold in all when a day (in UTC, counted from 1970) began: a row only for
-- days before which that changed. Two of them tell how fast it sells.
CREATE TABLE stock_snapshots (
  sku TEXT NOT NULL,
  day INTEGER NOT NULL,
  sold INTEGER NOT NULL,
  PRIMARY KEY (sku, day)
) STRICT, WITHOUT ROWID;

CREATE INDEX stock_snapshots_by_day ON stock_snapshots (day);

-- How far a daily job has come: it works in small pieces and goes on where it stopped. `version` guards
-- every step, so that two runs beside each other do nothing twice.
CREATE TABLE daily_jobs (
  name TEXT PRIMARY KEY,
  day INTEGER NOT NULL,
  position TEXT NOT NULL,
  is_done INTEGER NOT NULL CHECK (is_done IN (0, 1)),
  version INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Purchase orders that proposals decided on, written down before they are made: whoever dies in between, the
-- next run makes them, under the same identity. `document` is what they are made of. Units of a plan whose
-- purchase order is not in its list yet count as coming.
CREATE TABLE reorder_plans (
  id TEXT PRIMARY KEY,
  key TEXT NOT NULL,
  supplier_id TEXT NOT NULL,
  document TEXT NOT NULL,
  planned_at INTEGER NOT NULL,
  created_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX reorder_plans_by_key ON reorder_plans (key, id);
CREATE INDEX reorder_plans_owed ON reorder_plans (planned_at) WHERE created_at IS NULL;

CREATE TABLE reorder_plan_lines (
  sku TEXT NOT NULL,
  plan_id TEXT NOT NULL,
  quantity INTEGER NOT NULL,
  PRIMARY KEY (sku, plan_id)
) STRICT, WITHOUT ROWID;
