-- Money that moved, what comparing it with the gateways' books found, and what waits for a person.

-- Copied from the order shards, one row for every operation that moved money: succeeded captures and
-- refunds, lost chargebacks, and refunds and chargebacks that are under way (`action_required`). Written
-- together with the order's row and only from the version that is there, so that replays and disorder
-- change nothing. `version` is the order's when the row was last written.
CREATE TABLE money_movements (
  order_id TEXT NOT NULL,
  operation_id TEXT NOT NULL,
  version INTEGER NOT NULL,
  gateway TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('capture', 'refund', 'chargeback')),
  amount_minor INTEGER NOT NULL,
  currency TEXT NOT NULL,
  payment_reference TEXT,
  movement_reference TEXT,
  result TEXT NOT NULL CHECK (result IN ('succeeded', 'action_required')),
  occurred_at INTEGER NOT NULL,
  PRIMARY KEY (order_id, operation_id)
) STRICT, WITHOUT ROWID;

-- Each index costs a row written for every movement; the last holds only those that the gateway names.
CREATE INDEX money_movements_by_time ON money_movements (gateway, occurred_at);
CREATE INDEX money_movements_by_payment ON money_movements (gateway, payment_reference);
CREATE INDEX money_movements_by_reference ON money_movements (gateway, movement_reference)
  WHERE movement_reference IS NOT NULL;

-- Runs of the reconcilers. `summary` is JSON: counts, and totals by kind and currency.
CREATE TABLE reconciliations (
  id TEXT PRIMARY KEY,
  gateway TEXT NOT NULL,
  from_at INTEGER NOT NULL,
  to_at INTEGER NOT NULL,
  settled_to INTEGER NOT NULL,
  cause TEXT NOT NULL CHECK (cause IN ('scheduled', 'requested')),
  state TEXT NOT NULL CHECK (state IN ('running', 'done', 'failed')),
  started_at INTEGER NOT NULL,
  finished_at INTEGER,
  failure TEXT,
  summary TEXT
) STRICT;

CREATE INDEX reconciliations_by_time ON reconciliations (started_at, id);

-- Every movement that a run compared, in the order of time. `document` is JSON: both sides.
CREATE TABLE reconciliation_items (
  reconciliation_id TEXT NOT NULL,
  number INTEGER NOT NULL,
  result TEXT NOT NULL CHECK (result IN ('matched', 'missing_here', 'missing_there', 'amount_differs')),
  document TEXT NOT NULL,
  PRIMARY KEY (reconciliation_id, number)
) STRICT, WITHOUT ROWID;

CREATE INDEX reconciliation_differences ON reconciliation_items (reconciliation_id, result, number)
  WHERE result <> 'matched';

-- What waits, or waited, for a person. Rows with an order are copied from it; the others are kept here.
-- `id` is derived from what the row is about, so that the same thing is never there twice. `subject` is
-- JSON: of rows without an order, what they are about.
CREATE TABLE attention (
  id TEXT PRIMARY KEY,
  order_id TEXT,
  code TEXT NOT NULL,
  detail TEXT NOT NULL,
  since INTEGER NOT NULL,
  subject TEXT,
  resolved_at INTEGER,
  resolved_by TEXT,
  note TEXT
) STRICT;

CREATE INDEX attention_open ON attention (since, id) WHERE resolved_at IS NULL;
CREATE INDEX attention_resolved ON attention (since, id) WHERE resolved_at IS NOT NULL;
CREATE INDEX attention_by_code ON attention (code, since, id);
CREATE INDEX attention_of_order ON attention (order_id) WHERE order_id IS NOT NULL;
