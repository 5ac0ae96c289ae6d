// The floor: the least JavaScript that does a checkout's storage steps on the same objects, tables, queue and
// database, and nothing else. No authentication, no catalogue, no tax rules, no checks of what arrives, one
// gateway, no recovery. Cartwright's distance from it is what its features and its language cost.

import orderSchema from "./order_shard.sql";
import skuSchema from "./sku_inventory.sql";
import invoiceSchema from "./invoice_series.sql";
import { INSERT_INVOICES, INSERT_MOVEMENTS, movement, row, UPSERT_LEVELS, UPSERT_ORDERS } from "./projection.js";

const LEASE_MS = 15_000;
// As long as Cartwright waits, so that both take the same number of storage steps for an order: the shorter these
// are, the fewer orders share an alarm, a call and a commit.
const SETTLE_AFTER_MS = 150;
const TELL_AFTER_MS = 1_000;
const WINDOW_MS = 1_800_000;
const SERIES = "CW";
const FORGET = "DELETE FROM outbox WHERE sequence IN (SELECT value FROM json_each(?))";

const ask = async (namespace, name, command) => {
  const request = { method: "POST", body: JSON.stringify(command) };
  const response = await namespace.get(namespace.idFromName(name)).fetch("https://object/", request);
  return response.json();
};

const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
const sha256 = async (text) => new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));

export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    const body = await request.text();
    if (pathname === "/bench/stock") {
      const { skus, units } = JSON.parse(body);
      await Promise.all(skus.map((sku) => ask(env.SKU_INVENTORY, sku, { receive: units })));
      return Response.json({});
    }
    if (pathname === "/webhooks/sandbox") return hear(request, env, body);
    const key = await sha256(request.headers.get("idempotency-key"));
    const fingerprint = hex(await sha256(body));
    const shard = (key[7] % Number(env.ORDER_SHARDS)).toString(16).padStart(2, "0");
    const command = { key: hex(key), fingerprint, shard, cart: priced(JSON.parse(body)) };
    const order = await ask(env.ORDER_SHARD, shard, command);
    const status = order.status === "open" ? 201 : 409;
    return Response.json({ order, order_token: `ot_${fingerprint}`, payment: { status: "paid", action: { type: "none" } } }, { status });
  },

  async queue(batch, env) {
    const messages = batch.messages.map(({ body }) => JSON.parse(body));
    const orders = messages.flatMap(({ order }) => order ?? []);
    const invoices = messages.flatMap(({ invoices }) => invoices ?? []);
    const levels = messages.filter(({ sku }) => sku);
    const moved = orders.flatMap(({ operations, ...order }) => operations.map((operation) => movement(order, operation)));
    const told = [[UPSERT_ORDERS, orders.map(row)], [INSERT_MOVEMENTS, moved], [INSERT_INVOICES, invoices], [UPSERT_LEVELS, levels]];
    const written = told.filter(([, rows]) => rows.length > 0);
    await env.DB.batch(written.map(([statement, rows]) => env.DB.prepare(statement).bind(JSON.stringify(rows))));
  },
};

let webhookKey;

/** A webhook: its signature, and then the shard that the order's id names writes it down. */
async function hear(request, env, body) {
  const [, seconds, signature] = /^t=(\d+),v1=([0-9a-f]+)$/.exec(request.headers.get("sandbox-signature"));
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const encode = (text) => new TextEncoder().encode(text);
  webhookKey ??= crypto.subtle.importKey("raw", encode(env.SANDBOX_WEBHOOK_SECRET), algorithm, false, ["verify"]);
  const bytes = Uint8Array.from(signature.match(/../g), (pair) => Number.parseInt(pair, 16));
  const isTrue = await crypto.subtle.verify("HMAC", await webhookKey, bytes, encode(`${seconds}.${body}`));
  if (!isTrue) return new Response(null, { status: 401 });
  const event = JSON.parse(body);
  await ask(env.ORDER_SHARD, event.payment.order_id.slice(4, 6), { event });
  return Response.json({ received: true });
}

/** Everything costs 18.00, delivery 5.00 and tax 7.25 %. */
function priced(cart) {
  const lines = cart.lines.map(({ sku, quantity }) => {
    const net = 1800 * quantity;
    const tax = Math.round(net * 0.0725);
    return { sku, title: "Bench mug", quantity, unit_price_minor: 1800, net_minor: net, discount_minor: 0, tax_minor: tax,
      total_minor: net + tax, taxes: [{ name: "Sales tax", rate: "7.25", amount_minor: tax }] };
  });
  const sum = (field) => lines.reduce((total, line) => total + line[field], 0);
  const totals = { subtotal_minor: sum("net_minor"), shipping_minor: 500, discount_minor: 0, tax_minor: sum("tax_minor"),
    total_minor: sum("total_minor") + 500 };
  return { ...cart, lines, totals };
}

export class OrderShard {
  constructor(state, env) {
    this.storage = state.storage;
    this.sql = state.storage.sql;
    this.env = env;
    this.lines = new Map();
    this.armedFor = Infinity;
    this.sql.exec(orderSchema);
  }

  arm(at) {
    if (at >= this.armedFor) return;
    this.armedFor = at;
    this.storage.setAlarm(at);
  }

  async fetch(request) {
    const { event, key, fingerprint, shard, cart } = await request.json();
    if (event) return this.hear(event);
    const [known] = this.sql.exec("SELECT fingerprint, outcome FROM idempotency WHERE key = ?", key);
    if (known?.outcome) return new Response(known.outcome);
    const now = Date.now();
    const id = `ord_${shard}${crypto.randomUUID().replaceAll("-", "")}`;
    const order = { id, version: 1, status: "placing", payment_status: "unpaid", created_at: now, updated_at: now, cart,
      invoice_number: null, operations: [], claims: [], reference: null };
    this.storage.transactionSync(() => {
      this.sql.exec("INSERT INTO orders (id, document, wake_at) VALUES (?, ?, ?)", id, JSON.stringify(order), now + LEASE_MS);
      const insert = "INSERT INTO idempotency (key, fingerprint, order_id, created_at) VALUES (?, ?, ?, ?)";
      this.sql.exec(insert, key, fingerprint, id, now);
      this.arm(now + LEASE_MS);
    });
    const answers = await Promise.all(cart.lines.map(({ sku, quantity }) => this.claim(sku, { id, quantity, reserve: true })));
    if (!answers.every((answer) => answer)) return this.conclude(key, this.change(id, (o) => Object.assign(o, { status: "rejected" }), null));
    const operation = { id: `op_${crypto.randomUUID()}`, kind: "authorize", result: "requested", amount_minor: cart.totals.total_minor };
    this.change(id, (o) => o.operations.push(operation));
    const payment = await this.pay(id, operation, cart);
    const isPaid = payment.status === "captured";
    operation.result = isPaid ? "succeeded" : "action_required";
    const after = { status: "open", payment_status: isPaid ? "paid" : "unpaid", reference: payment.id, operations: [operation] };
    const answered = this.change(id, (o) => Object.assign(o, after), isPaid ? Date.now() : now + WINDOW_MS, true);
    return this.conclude(key, answered);
  }

  /** What a webhook says, once: the event, the order, its timer and its message in one transaction. */
  hear({ id: eventId, payment }) {
    const insert = "INSERT INTO inbox (gateway, event_id, order_id, report, received_at) VALUES ('sandbox', ?, ?, ?, ?) ON CONFLICT DO NOTHING";
    this.storage.transactionSync(() => {
      const { rowsWritten } = this.sql.exec(insert, eventId, payment.order_id, JSON.stringify(payment), Date.now());
      if (rowsWritten === 0) return;
      this.change(payment.order_id, (o) => {
        o.payment_status = "paid";
        o.operations[0].result = "succeeded";
      }, Date.now(), true);
    });
    return Response.json({});
  }

  async pay(id, operation, cart) {
    const response = await fetch(`${this.env.SANDBOX_BASE_URL}/v1/payments`, {
      method: "POST",
      headers: { authorization: `Bearer ${this.env.SANDBOX_API_KEY}`, "idempotency-key": operation.id, "content-type": "application/json" },
      body: JSON.stringify({ amount: operation.amount_minor, currency: cart.currency, order_id: id, operation_id: operation.id, method: cart.payment.method }),
    });
    return response.json();
  }

  /** Reads, changes and writes an order, and its timer unless that stays; `tells` writes the event with it. */
  change(id, how, wakeAt, tells = false) {
    return this.storage.transactionSync(() => {
      const [{ document }] = this.sql.exec("SELECT document FROM orders WHERE id = ?", id);
      const order = JSON.parse(document);
      how(order);
      order.version += 1;
      order.updated_at = Date.now();
      const text = JSON.stringify(order);
      if (wakeAt === undefined) this.sql.exec("UPDATE orders SET document = ? WHERE id = ?", text, id);
      else this.sql.exec("UPDATE orders SET document = ?, wake_at = ?, tries = 0 WHERE id = ?", text, wakeAt, id);
      if (tells) {
        const message = JSON.stringify({ order });
        const insert = "INSERT INTO outbox (order_id, version, message, due_at) VALUES (?, ?, ?, ?)";
        this.sql.exec(insert, id, order.version, message, order.updated_at);
        this.arm(order.updated_at + SETTLE_AFTER_MS);
      }
      return order;
    });
  }

  conclude(key, order) {
    const outcome = JSON.stringify(order);
    this.sql.exec("UPDATE idempotency SET outcome = ? WHERE key = ?", outcome, key);
    return new Response(outcome);
  }

  /** Claims of one SKU that come while a call to it is under way travel together in the next. */
  claim(sku, claim) {
    return new Promise((resolve) => {
      const line = this.lines.get(sku);
      if (line) return void line.push({ claim, resolve });
      this.lines.set(sku, [{ claim, resolve }]);
      void this.serve(sku);
    });
  }

  async serve(sku) {
    for (;;) {
      const line = this.lines.get(sku);
      if (line.length === 0) return void this.lines.delete(sku);
      const batch = line.splice(0, 200);
      const answers = await ask(this.env.SKU_INVENTORY, sku, { claims: batch.map(({ claim }) => claim) });
      batch.forEach(({ resolve }, index) => resolve(answers[index]));
    }
  }

  async alarm() {
    this.armedFor = Infinity;
    for (let round = 0; round < 20; round += 1) if (!(await this.settle())) break;
    await this.flush();
    const [{ wake }] = this.sql.exec("SELECT MIN(wake_at) AS wake FROM orders WHERE wake_at IS NOT NULL");
    const [{ due }] = this.sql.exec("SELECT MIN(due_at) AS due FROM outbox");
    const at = Math.min(wake ?? Infinity, due ?? Infinity);
    if (at < Infinity) this.arm(Math.max(at, Date.now() + SETTLE_AFTER_MS));
  }

  /** Sells what is paid, and numbers its invoice. */
  async settle() {
    const due = [...this.sql.exec("SELECT id, document FROM orders WHERE wake_at <= ? LIMIT 100", Date.now())];
    const paid = due.map(({ document }) => JSON.parse(document)).filter(({ status }) => status === "open");
    if (paid.length === 0) return false;
    const commits = paid.flatMap(({ id, cart }) => cart.lines.map(({ sku, quantity }) => this.claim(sku, { id, quantity })));
    const numbering = ask(this.env.INVOICE_SERIES, SERIES, { orders: paid });
    const [numbers] = await Promise.all([numbering, ...commits]);
    this.storage.transactionSync(() => {
      paid.forEach(({ id }, index) => this.change(id, (order) => (order.invoice_number = numbers[index]), null, true));
    });
    return due.length === 100;
  }

  async flush() {
    const confirm = Number(this.env.PROJECTION_CONFIRM_MILLISECONDS);
    for (let batch = 0; batch < 20; batch += 1) {
      const query = "SELECT sequence, order_id, version, message, sent FROM outbox WHERE due_at <= ? ORDER BY due_at, sequence LIMIT 100";
      const due = [...this.sql.exec(query, Date.now())];
      if (due.length === 0) return;
      const sequences = (messages) => JSON.stringify(messages.map(({ sequence }) => sequence));
      const fresh = due.filter(({ sent }) => sent === 0);
      if (fresh.length > 0) {
        // Of an order that owes two messages by now, the newer one says it all.
        const newest = new Map(fresh.map((message) => [message.order_id, message]));
        const kept = [...newest.values()];
        await this.env.EVENTS.sendBatch(kept.map(({ message }) => ({ body: message, contentType: "text" })));
        const outdated = fresh.filter((message) => newest.get(message.order_id) !== message);
        if (outdated.length > 0) this.sql.exec(FORGET, sequences(outdated));
        const update = "UPDATE outbox SET sent = 1, due_at = ? WHERE sequence IN (SELECT value FROM json_each(?))";
        this.sql.exec(update, Date.now() + confirm, sequences(kept));
      }
      const sent = due.filter(({ sent }) => sent !== 0);
      if (sent.length > 0) {
        const ids = JSON.stringify([...new Set(sent.map(({ order_id: id }) => id))]);
        const query = "SELECT id, version FROM orders WHERE id IN (SELECT value FROM json_each(?))";
        const { results } = await this.env.DB.prepare(query).bind(ids).all();
        const versions = new Map(results.map(({ id, version }) => [id, version]));
        const arrived = sent.filter(({ order_id: id, version }) => versions.get(id) >= version);
        this.sql.exec(FORGET, sequences(arrived));
      }
    }
  }
}

export class SkuInventory {
  constructor(state, env) {
    this.storage = state.storage;
    this.sql = state.storage.sql;
    this.env = env;
    this.sku = state.id.name;
    this.armed = false;
    this.sql.exec(skuSchema);
  }

  async fetch(request) {
    const { receive, claims } = await request.json();
    return this.storage.transactionSync(() => {
      if (receive) {
        const level = { received: receive, adjusted: 0, transferred: 0, sold: 0, reserved: 0, back_ordered_held: 0,
          back_ordered_sold: 0, back_order_limit: 0, low_stock_threshold: 0, version: 1 };
        this.sql.exec("INSERT INTO level (only_row, document, ledger_hash) VALUES (1, ?, '')", JSON.stringify(level));
        return Response.json({});
      }
      const now = Date.now();
      const [{ document, ledger_sequence: sequence }] = this.sql.exec("SELECT document, ledger_sequence FROM level");
      const level = JSON.parse(document);
      this.sequence = sequence;
      const [{ overdue }] = this.sql.exec("SELECT COUNT(*) AS overdue FROM reservations WHERE state = 'held' AND expires_at <= ?", now);
      const answers = overdue > 0 ? claims.map(() => false) : claims.map((claim) => this.decide(level, claim, now));
      this.sql.exec("UPDATE level SET document = ?, ledger_sequence = ?", JSON.stringify(level), this.sequence);
      if (!this.armed) this.storage.setAlarm(now + TELL_AFTER_MS);
      this.armed = true;
      return Response.json(answers);
    });
  }

  decide(level, { id, quantity, reserve }, now) {
    const [known] = this.sql.exec("SELECT state, quantity, expires_at FROM reservations WHERE order_id = ?", id);
    if (reserve && (known || level.received - level.sold - level.reserved < quantity)) return Boolean(known);
    const state = reserve ? "held" : "committed";
    const upsert =
      "INSERT INTO reservations (order_id, state, quantity, expires_at, placement) VALUES (?, ?, ?, ?, '{}') " +
      "ON CONFLICT (order_id) DO UPDATE SET state = excluded.state";
    this.sql.exec(upsert, id, state, quantity, now + WINDOW_MS);
    level.reserved += reserve ? quantity : -quantity;
    level.sold += reserve ? 0 : quantity;
    level.version += 1;
    this.sequence += 1;
    const movement = { kind: reserve ? "reserved" : "committed", on_hand: reserve ? 0 : -quantity, reserved: reserve ? quantity : -quantity };
    const entry = JSON.stringify({ at: now, cause: { kind: "order", id }, movement });
    this.sql.exec("INSERT INTO ledger (sequence, entry, hash) VALUES (?, ?, '')", this.sequence, entry);
    return true;
  }

  async alarm() {
    this.armed = false;
    const [{ document }] = this.sql.exec("SELECT document FROM level");
    const { received, sold, reserved, version } = JSON.parse(document);
    await this.env.EVENTS.send(JSON.stringify({ sku: this.sku, as_of: Date.now(), received, sold, reserved, version }), { contentType: "text" });
  }
}

export class InvoiceSeries {
  constructor(state, env) {
    this.storage = state.storage;
    this.sql = state.storage.sql;
    this.env = env;
    this.armed = false;
    this.sql.exec(invoiceSchema);
  }

  async fetch(request) {
    const { orders } = await request.json();
    const drafts = await Promise.all(
      orders.map(async ({ id, cart }) => {
        const document = JSON.stringify({ order_id: id, series: SERIES, ...cart });
        return { id, document, sha256: hex(await sha256(document)) };
      }),
    );
    const numbers = this.storage.transactionSync(() => drafts.map((draft) => this.issue(draft, Date.now())));
    if (!this.armed) this.storage.setAlarm(Date.now() + TELL_AFTER_MS);
    this.armed = true;
    return Response.json(numbers);
  }

  issue({ id, document, sha256 }, now) {
    const [known] = this.sql.exec("SELECT number FROM invoices WHERE order_id = ?", id);
    if (known) return numbered(known.number);
    const [{ number }] = this.sql.exec("INSERT INTO invoices (order_id, issued_at) VALUES (?, ?) RETURNING number", id, now);
    this.sql.exec("INSERT INTO documents (number, kind, document, sha256) VALUES (?, 'invoice', ?, ?)", number, document, sha256);
    return numbered(number);
  }

  /** Tells D1 of what was numbered since. */
  async alarm() {
    this.armed = false;
    const query = "SELECT documents.number, order_id, issued_at, document, sha256 FROM documents JOIN invoices USING (number) " +
      "WHERE documents.number > COALESCE((SELECT number FROM projection), 0) ORDER BY documents.number LIMIT 400";
    const rows = [...this.sql.exec(query)];
    if (rows.length === 0) return;
    const entries = rows.map(({ number, order_id, issued_at, document, sha256 }) => {
      const { currency, totals } = JSON.parse(document);
      return { number: numbered(number), order_id, issued_at, currency, net_minor: totals.total_minor - totals.tax_minor,
        tax_minor: totals.tax_minor, total_minor: totals.total_minor, sha256 };
    });
    await this.env.EVENTS.send(JSON.stringify({ invoices: entries }), { contentType: "text" });
    const update = "INSERT INTO projection (only_row, number) VALUES (1, ?) ON CONFLICT (only_row) DO UPDATE SET number = excluded.number";
    this.sql.exec(update, rows.at(-1).number);
    this.storage.setAlarm(Date.now() + TELL_AFTER_MS);
    this.armed = true;
  }
}

const numbered = (number) => `${SERIES}-${String(number).padStart(6, "0")}`;

/** The floor compares no books; the binding of wrangler.toml wants its class. */
export class Reconciler {}

/** Nor does it keep purchase orders. */
export class StockDocument {}
export class ImportJob {}
