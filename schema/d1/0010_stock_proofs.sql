-- What the last proof of each SKU's ledger found, and where one that held has ended: that hash, kept
-- outside of the SKU's object, shows when the ledger there was written anew. `report` is the JSON of a
-- `ProofReport`, `anchor` of an `Anchor`, `unfinished` of a `Proof` that goes on next time.
CREATE TABLE stock_proofs (
  sku TEXT PRIMARY KEY,
  verdict TEXT CHECK (verdict IN ('holds', 'broken')),
  proven_at INTEGER,
  report TEXT,
  anchor_sequence INTEGER,
  anchor TEXT,
  unfinished TEXT
) STRICT;

CREATE INDEX stock_proofs_by_verdict ON stock_proofs (verdict, sku) WHERE verdict IS NOT NULL;

-- One row: the SKU after which the schedule goes on.
CREATE TABLE stock_proof_cursor (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
  after_sku TEXT NOT NULL
) STRICT;
