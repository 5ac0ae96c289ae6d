// Reads the orders of a shop that has lived (lived.mjs) as templates: everything that is stored of each, with
// places where a copy's own identity, buyer, payment reference, invoice number and times go.

import { openD1, openObject } from "./files.mjs";

const TIME = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z`;
const MILLISECONDS_FROM = 1_600_000_000_000;

const escaped = (text) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);

/** A text with holes: given the values of a copy and how much later it is, the text of the copy. */
export function compile(text, holes) {
  const named = Object.entries(holes).filter(([, literal]) => literal);
  const pattern = new RegExp(`(${[...named.map(([, literal]) => escaped(literal)), TIME].join("|")})`);
  const nameOf = new Map(named.map(([name, literal]) => [literal, name]));
  const parts = text.split(pattern).map((part, index) => {
    if (index % 2 === 0) return part;
    const name = nameOf.get(part);
    if (name) return (values) => values[name];
    const at = Date.parse(part);
    return (_, shift) => new Date(at + shift).toISOString();
  });
  return (values, shift) => parts.map((part) => (typeof part === "string" ? part : part(values, shift))).join("");
}

/** A column: texts with holes, times in milliseconds moved, the rest as it is. */
function column(value, holes) {
  if (typeof value === "string") return compile(value, holes);
  if (typeof value === "number" && value > MILLISECONDS_FROM) return (_, shift) => value + shift;
  return () => value;
}

const compiled = (row, holes, own = {}) => ({
  columns: Object.fromEntries(Object.entries(row).map(([name, value]) => [name, own[name] ?? column(value, holes)])),
});

function kindOf({ status, payment_status: payment, needs_attention: attention, channel }) {
  if (attention) return "attention";
  if (channel) return "by_channel";
  if (status !== "open") return status;
  if (payment === "unpaid") return "waiting";
  return payment;
}

/** Templates by kind. */
export function readTemplates(statePath) {
  const d1 = openD1(statePath);
  const shards = Array.from({ length: 4 }, (_, shard) => openObject(statePath, "OrderShard", shard.toString(16).padStart(2, "0")));
  const series = openObject(statePath, "InvoiceSeries", "CW");
  const of = (table, id) => d1.prepare(`SELECT * FROM ${table} WHERE order_id = ?`).all(id);
  const templates = {};
  for (const row of d1.prepare("SELECT * FROM orders ORDER BY created_at").all()) {
    const shard = shards[Number(row.id.slice(4, 6))];
    const stored = shard.prepare("SELECT document, version, wake_at FROM orders WHERE id = ?").get(row.id);
    const answered = shard.prepare("SELECT outcome FROM idempotency WHERE order_id = ?").get(row.id);
    const written = series
      .prepare("SELECT document FROM documents WHERE number = (SELECT number FROM invoices WHERE order_id = ?)")
      .get(row.id);
    const document = JSON.parse(stored.document);
    const holes = {
      id: row.id,
      email: document.email,
      reference: document.payment?.report?.reference,
      invoice: row.invoice_number,
      channelOrder: document.channel?.order_id,
    };
    // Credit notes have numbers of another series; copies would all have the same.
    const invoices = of("invoices", row.id).filter(({ kind }) => kind === "invoice");
    const attentionId = (values) => `att_${values.id.slice(6)}`;
    (templates[kindOf(row)] ??= []).push({
      createdAt: row.created_at,
      version: stored.version,
      wakeAt: stored.wake_at,
      invoice: written !== undefined,
      document: compile(stored.document, holes),
      outcome: answered?.outcome && compile(answered.outcome, holes),
      invoiceDocument: written && compile(written.document, holes),
      rows: {
        orders: [compiled(row, holes)],
        invoices: invoices.map((one) => compiled(one, holes)),
        money_movements: of("money_movements", row.id).map((one) => compiled(one, holes)),
        attention: of("attention", row.id).map((one) => compiled(one, holes, { id: attentionId })),
      },
    });
  }
  for (const database of [d1, series, ...shards]) database.close();
  return templates;
}
