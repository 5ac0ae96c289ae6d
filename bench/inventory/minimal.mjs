// The least that can be called an object for one SKU: a conditional decrement and a reservation's row for each
// step, in one turn, and nothing else. No ledger, no locations, no expiry, no limits, no answer to a retry, and
// nobody is told. The two SQL writes of each step are those that ours must do as well.

const UNITS = 1_000_000_000;

export class MinimalSku {
  constructor(state) {
    this.storage = state.storage;
    this.sql = state.storage.sql;
    this.sql.exec(`
      CREATE TABLE IF NOT EXISTS level (
        only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
        received INTEGER NOT NULL, sold INTEGER NOT NULL, reserved INTEGER NOT NULL
      );
      CREATE TABLE IF NOT EXISTS reservations (
        order_id TEXT PRIMARY KEY, state TEXT NOT NULL, quantity INTEGER NOT NULL, expires_at INTEGER NOT NULL
      ) WITHOUT ROWID;
      INSERT INTO level VALUES (1, ${UNITS}, 0, 0) ON CONFLICT DO NOTHING;`);
  }

  async fetch(request) {
    const ask = await request.json();
    return Response.json(this.storage.transactionSync(() => this[ask.command](ask)));
  }

  reserve({ order, quantity, expires_at: expiresAt }) {
    const decrement = "UPDATE level SET reserved = reserved + ?1 WHERE received - sold - reserved >= ?1";
    if (this.sql.exec(decrement, quantity).rowsWritten === 0) return { answer: "insufficient" };
    this.sql.exec("INSERT INTO reservations VALUES (?, 'held', ?, ?)", order, quantity, expiresAt);
    return { answer: "held" };
  }

  commit({ order, quantity }) {
    const update = "UPDATE reservations SET state = 'committed' WHERE order_id = ? AND state = 'held'";
    if (this.sql.exec(update, order).rowsWritten === 0) return { answer: "closed" };
    this.sql.exec("UPDATE level SET reserved = reserved - ?1, sold = sold + ?1", quantity);
    return { answer: "committed" };
  }

  read() {
    const [{ received, sold, reserved }] = this.sql.exec("SELECT received, sold, reserved FROM level");
    return { available: received - sold - reserved };
  }
}

export default { fetch: () => new Response(null, { status: 404 }) };
