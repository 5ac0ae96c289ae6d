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

-- How far a daily job has come: it works in small pieces and goes on where it stopped. A step is written
-- only over the position that it began at.
CREATE TABLE daily_jobs (
  name TEXT PRIMARY KEY,
  day INTEGER NOT NULL,
  position TEXT NOT NULL,
  is_done INTEGER NOT NULL CHECK (is_done IN (0, 1))
) STRICT, WITHOUT ROWID;

-- One row: the number of the last run that decided on purchase orders, and who made it the last. A run that finds another
-- number than the one it began at decides anew, so that two beside each other never order one need twice.
CREATE TABLE reorder_state (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  version INTEGER NOT NULL,
  claim TEXT NOT NULL
) STRICT;
INSERT INTO reorder_state (id, version, claim) VALUES (1, 0, '');

-- Runs by key, with what was answered (the JSON of `Run`).
CREATE TABLE reorder_runs (
  key TEXT PRIMARY KEY,
  fingerprint TEXT NOT NULL,
  document TEXT NOT NULL,
  at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX reorder_runs_by_age ON reorder_runs (at);

-- Purchase orders that runs decided on (the JSON of `Plan`), written down before they are made: whoever dies
-- in between, the next run makes them, under the same identity.
CREATE TABLE reorder_plans (
  id TEXT PRIMARY KEY,
  run_key TEXT NOT NULL,
  document TEXT NOT NULL,
  planned_at INTEGER NOT NULL,
  created_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX reorder_plans_of_run ON reorder_plans (run_key, id);
CREATE INDEX reorder_plans_owed ON reorder_plans (planned_at) WHERE created_at IS NULL;

-- Units of plans, by SKU: they count as coming until their purchase order is in its list and counts itself.
CREATE TABLE reorder_plan_lines (
  sku TEXT NOT NULL,
  plan_id TEXT NOT NULL,
  quantity INTEGER NOT NULL,
  PRIMARY KEY (sku, plan_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX reorder_plan_lines_of_plan ON reorder_plan_lines (plan_id);
