// The sandbox's books: payments, refunds, disputes, the answers given under idempotency keys, and webhooks still owed.
//
// One SQLite file in WAL mode. A commit is not synced to the disk, so it survives the death of the
// process (kill -9) but not that of the machine: enough for a gateway of play money, and fast.

const emitWarning = process.emitWarning;
process.emitWarning = (warning, ...rest) => {
  if (!String(warning).includes("SQLite is an experimental feature")) emitWarning.call(process, warning, ...rest);
};
const { DatabaseSync } = await import("node:sqlite");
process.emitWarning = emitWarning;

const SCHEMA = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  CREATE TABLE IF NOT EXISTS payments (
    id TEXT PRIMARY KEY,
    idempotency_key TEXT NOT NULL,
    method TEXT NOT NULL,
    capture TEXT NOT NULL,
    status TEXT NOT NULL,
    amount INTEGER NOT NULL,
    currency TEXT NOT NULL,
    captured INTEGER NOT NULL,
    order_id TEXT NOT NULL,
    operation_id TEXT NOT NULL,
    return_url TEXT,
    description TEXT,
    decline_code TEXT,
    decline_message TEXT,
    page_token TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    due_at INTEGER,
    authorized_until INTEGER,
    statement_descriptor TEXT
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS payments_by_operation ON payments (operation_id);
  CREATE INDEX IF NOT EXISTS payments_due ON payments (due_at) WHERE due_at IS NOT NULL;
  CREATE TABLE IF NOT EXISTS captures (
    id TEXT PRIMARY KEY,
    payment_id TEXT NOT NULL,
    amount INTEGER NOT NULL,
    moved_at INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS refunds (
    id TEXT PRIMARY KEY,
    payment_id TEXT NOT NULL,
    order_id TEXT,
    operation_id TEXT,
    amount INTEGER NOT NULL,
    currency TEXT NOT NULL,
    status TEXT NOT NULL,
    reason TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS refunds_by_payment ON refunds (payment_id);
  CREATE TABLE IF NOT EXISTS disputes (
    id TEXT PRIMARY KEY,
    payment_id TEXT NOT NULL,
    amount INTEGER NOT NULL,
    currency TEXT NOT NULL,
    status TEXT NOT NULL,
    reason TEXT,
    respond_by INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS disputes_by_payment ON disputes (payment_id);
  -- The books: only money that moved and stayed moved.
  CREATE VIEW IF NOT EXISTS movements AS
    SELECT c.id, 'capture' AS kind, c.payment_id, p.order_id, NULL AS operation_id, c.amount, p.currency, c.moved_at
    FROM captures c JOIN payments p ON p.id = c.payment_id
    UNION ALL
    SELECT id, 'refund', payment_id, order_id, operation_id, amount, currency, updated_at
    FROM refunds WHERE status = 'succeeded'
    UNION ALL
    SELECT id, 'chargeback', payment_id, NULL, NULL, amount, currency, created_at
    FROM disputes WHERE status <> 'won';
  CREATE TABLE IF NOT EXISTS replies (
    idempotency_key TEXT PRIMARY KEY,
    request_hash TEXT NOT NULL,
    status INTEGER NOT NULL,
    body TEXT NOT NULL
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS deliveries (
    id INTEGER PRIMARY KEY,
    body TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    next_at INTEGER NOT NULL
  );
`;

export function openStore(file) {
  const db = new DatabaseSync(file);
  db.exec(SCHEMA);
  // Books of an earlier version are kept.
  const columns = new Set(db.prepare("PRAGMA table_info(payments)").all().map((column) => column.name));
  if (!columns.has("authorized_until")) db.exec("ALTER TABLE payments ADD COLUMN authorized_until INTEGER");
  if (!columns.has("statement_descriptor")) db.exec("ALTER TABLE payments ADD COLUMN statement_descriptor TEXT");
  const begin = db.prepare("BEGIN IMMEDIATE");
  const commit = db.prepare("COMMIT");
  const rollback = db.prepare("ROLLBACK");
  const insertPayment = db.prepare(
    `INSERT INTO payments (id, idempotency_key, method, capture, status, amount, currency, captured, order_id,
       operation_id, return_url, description, decline_code, decline_message, page_token, created_at, updated_at, due_at,
       authorized_until, statement_descriptor)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const updatePayment = db.prepare(
    `UPDATE payments SET status = ?, captured = ?, decline_code = ?, decline_message = ?, updated_at = ?, due_at = ?,
       authorized_until = ? WHERE id = ?`,
  );
  const insertCapture = db.prepare("INSERT INTO captures (id, payment_id, amount, moved_at) VALUES (?, ?, ?, ?)");
  const insertRefund = db.prepare(
    `INSERT INTO refunds (id, payment_id, order_id, operation_id, amount, currency, status, reason, created_at, updated_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const updateRefund = db.prepare("UPDATE refunds SET status = ?, updated_at = ? WHERE id = ?");
  const insertDispute = db.prepare(
    `INSERT INTO disputes (id, payment_id, amount, currency, status, reason, respond_by, created_at, updated_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const updateDispute = db.prepare("UPDATE disputes SET status = ?, updated_at = ? WHERE id = ?");
  const insertDelivery = db.prepare("INSERT INTO deliveries (body, attempts, next_at) VALUES (?, 0, ?)");
  const postponeDelivery = db.prepare("UPDATE deliveries SET attempts = ?, next_at = ? WHERE id = ?");
  const deleteDelivery = db.prepare("DELETE FROM deliveries WHERE id = ?");
  const insertReply = db.prepare("INSERT INTO replies (idempotency_key, request_hash, status, body) VALUES (?, ?, ?, ?)");
  const statements = {
    payment: db.prepare("SELECT * FROM payments WHERE id = ?"),
    byOperation: db.prepare("SELECT * FROM payments WHERE operation_id = ? ORDER BY created_at LIMIT 10"),
    all: db.prepare("SELECT * FROM payments ORDER BY created_at, id"),
    due: db.prepare("SELECT id, due_at FROM payments WHERE due_at IS NOT NULL ORDER BY due_at"),
    refund: db.prepare("SELECT * FROM refunds WHERE id = ?"),
    refunds: db.prepare("SELECT * FROM refunds WHERE payment_id = ? ORDER BY created_at, id"),
    dispute: db.prepare("SELECT * FROM disputes WHERE id = ?"),
    disputes: db.prepare("SELECT * FROM disputes WHERE payment_id = ? ORDER BY created_at, id"),
    movements: db.prepare(
      `SELECT * FROM movements WHERE moved_at >= ? AND moved_at < ? AND (moved_at, id) > (?, ?)
       ORDER BY moved_at, id LIMIT ?`,
    ),
    reply: db.prepare("SELECT * FROM replies WHERE idempotency_key = ?"),
    deliveries: db.prepare("SELECT * FROM deliveries ORDER BY next_at"),
  };

  return {
    /** Runs `work`; all of it is kept or none. */
    transaction(work) {
      begin.run();
      try {
        const result = work();
        commit.run();
        return result;
      } catch (error) {
        rollback.run();
        throw error;
      }
    },
    payment: (id) => statements.payment.get(id),
    byOperation: (id) => statements.byOperation.all(id),
    allPayments: () => statements.all.all(),
    duePayments: () => statements.due.all(),
    insertPayment: (p) =>
      insertPayment.run(
        p.id, p.idempotency_key, p.method, p.capture, p.status, p.amount, p.currency, p.captured, p.order_id,
        p.operation_id, p.return_url, p.description, p.decline_code, p.decline_message, p.page_token, p.created_at,
        p.updated_at, p.due_at, p.authorized_until, p.statement_descriptor,
      ),
    updatePayment: (p) =>
      updatePayment.run(
        p.status, p.captured, p.decline_code, p.decline_message, p.updated_at, p.due_at, p.authorized_until, p.id,
      ),
    insertCapture: (id, paymentId, amount, at) => insertCapture.run(id, paymentId, amount, at),
    refund: (id) => statements.refund.get(id),
    refundsOf: (paymentId) => statements.refunds.all(paymentId),
    insertRefund: (r) =>
      insertRefund.run(
        r.id, r.payment_id, r.order_id, r.operation_id, r.amount, r.currency, r.status, r.reason, r.created_at,
        r.updated_at,
      ),
    updateRefund: (r) => updateRefund.run(r.status, r.updated_at, r.id),
    dispute: (id) => statements.dispute.get(id),
    disputesOf: (paymentId) => statements.disputes.all(paymentId),
    insertDispute: (d) =>
      insertDispute.run(
        d.id, d.payment_id, d.amount, d.currency, d.status, d.reason, d.respond_by, d.created_at, d.updated_at,
      ),
    updateDispute: (d) => updateDispute.run(d.status, d.updated_at, d.id),
    /** A page of the books after `{at, id}`. */
    movements: (from, to, after, limit) => statements.movements.all(from, to, after.at, after.id, limit),
    reply: (key) => statements.reply.get(key),
    insertReply: (key, hash, status, body) => insertReply.run(key, hash, status, body),
    deliveries: () => statements.deliveries.all(),
    insertDelivery: (body, nextAt) => Number(insertDelivery.run(body, nextAt).lastInsertRowid),
    postponeDelivery: (id, attempts, nextAt) => postponeDelivery.run(attempts, nextAt, id),
    deleteDelivery: (id) => deleteDelivery.run(id),
    close: () => db.close(),
  };
}
