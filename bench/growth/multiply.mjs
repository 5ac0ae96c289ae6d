// Makes a young shop old without living it: multiplies the stored rows of a few hundred real orders (lived.mjs), each
// copy under an identity, a buyer, a payment reference, an invoice number and a time of its own, in the SQLite
// files that workerd left. Runs in a thread of its own and only while workerd is down.

import { createHash } from "node:crypto";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { fileURLToPath } from "node:url";
import { openD1, openObject } from "./files.mjs";
import { readTemplates } from "./templates.mjs";

const YEARS_MS = 2 * 365 * 86_400_000;
const DAY_MS = 86_400_000;
const BUYERS = 200_000;
const SHARDS = 4;
const SERIES = "CW";
const PER_TRANSACTION = 50_000;
/** Invoices that get their document as well; of those before them the series has the number alone. */
const DOCUMENTS = 20_000;
/** Orders that still wait for their payment: the newest ones. */
const MOST_WAITING = 300;

/** Of a thousand orders, so many of each kind; the others are open and paid. */
const OF_A_THOUSAND = { refunded: 25, expired: 30, cancelled: 20, rejected: 10, by_channel: 14, attention: 1 };
const KIND_OF = Object.entries(OF_A_THOUSAND).flatMap(([kind, count]) => Array(count).fill(kind));

/** Fills one side of the shop whose state is at `statePath` with `orders` orders: `into` is `objects` or `d1`. */
export function multiply(plan) {
  return new Promise((resolve, reject) => {
    const thread = new Worker(fileURLToPath(import.meta.url), { workerData: { multiply: plan } });
    thread.once("message", resolve);
    thread.once("error", reject);
  });
}

/** Every copy in the order of time, with the values that are its own. */
function* copies(templates, orders, now) {
  const waiting = Math.min(MOST_WAITING, Math.floor(orders / 100));
  let invoices = 0;
  for (let number = 0; number < orders; number += 1) {
    const isWaiting = number >= orders - waiting;
    // 617 has no divisor in common with 1,000: kinds are spread evenly over time.
    const kind = isWaiting ? "waiting" : (KIND_OF[(number * 617) % 1_000] ?? "paid");
    const choice = templates[kind];
    const template = choice[number % choice.length];
    const age = isWaiting ? (orders - number) * 100 : ((orders - number) / orders) * YEARS_MS;
    const createdAt = Math.floor(now - age);
    if (template.invoice) invoices += 1;
    yield {
      template,
      shard: number % SHARDS,
      invoice: template.invoice ? invoices : null,
      createdAt,
      shift: createdAt - template.createdAt,
      values: {
        id: orderId(number, createdAt),
        email: `buyer-${(number * 7_919) % BUYERS}@example.com`,
        reference: `sbx_${number.toString(16).padStart(24, "0")}`,
        invoice: invoiceNumber(invoices),
        channelOrder: `112-4711-x${number}`,
      },
    };
  }
}

function countInvoices(templates, orders, now) {
  let count = 0;
  for (const { invoice } of copies(templates, orders, now)) count = invoice ?? count;
  return count;
}

const invoiceNumber = (sequence) => `${SERIES}-${String(sequence).padStart(6, "0")}`;

/** As the product makes them: the shard, then a UUID of version 7, which begins with the time. */
function orderId(number, createdAt) {
  const chance = createHash("md5").update(`order ${number}`).digest("hex");
  const shard = (number % SHARDS).toString(16).padStart(2, "0");
  return `ord_${shard}${createdAt.toString(16).padStart(12, "0")}7${chance.slice(0, 3)}8${chance.slice(3, 18)}`;
}

/** Shards and the series of invoices. */
function fillObjects(statePath, orders, templates) {
  const now = Date.now();
  const shards = Array.from({ length: SHARDS }, (_, shard) => openObject(statePath, "OrderShard", shard.toString(16).padStart(2, "0")));
  const series = openObject(statePath, "InvoiceSeries", SERIES);
  [...shards, series].forEach(begin);
  const order = shards.map((shard) => shard.prepare("INSERT INTO orders (id, document, version, wake_at, tries) VALUES (?, ?, ?, ?, 0)"));
  const key = shards.map((shard) => shard.prepare("INSERT INTO idempotency (key, fingerprint, order_id, outcome, created_at) VALUES (?, ?, ?, ?, ?)"));
  const { last } = series.prepare("SELECT MAX(number) AS last FROM invoices").get();
  const number = series.prepare("INSERT INTO invoices (number, order_id, issued_at) VALUES (?, ?, ?)");
  const document = series.prepare("INSERT INTO documents (number, kind, document, sha256) VALUES (?, 'invoice', ?, ?)");
  // The gateway that the shop meets next knows nothing of those that wait, so they are left alone for a day.
  for (const shard of shards) shard.prepare("UPDATE orders SET wake_at = ? WHERE wake_at IS NOT NULL").run(now + DAY_MS);
  // What the shop has numbered already keeps its numbers.
  const offset = last ?? 0;
  const total = countInvoices(templates, orders, now);
  inTransactions([...shards, series], copies(templates, orders, now), (copy) => {
    const { template, shard, values, shift, createdAt } = copy;
    if (copy.invoice) values.invoice = invoiceNumber(copy.invoice + offset);
    const wakeAt = template.wakeAt === null ? null : now + DAY_MS;
    order[shard].run(values.id, template.document(values, shift), template.version, wakeAt);
    if (now - createdAt < DAY_MS && template.outcome) {
      const hash = createHash("sha256").update(values.id).digest("hex");
      key[shard].run(hash, hash, values.id, template.outcome(values, shift), createdAt);
    }
    if (!copy.invoice) return;
    number.run(copy.invoice + offset, values.id, createdAt);
    if (total - copy.invoice > DOCUMENTS) return;
    const text = template.invoiceDocument(values, shift);
    document.run(copy.invoice + offset, text, createHash("sha256").update(text).digest("hex"));
  });
  series.exec("UPDATE projection SET number = (SELECT MAX(number) FROM invoices)");
  for (const database of [...shards, series]) finish(database);
}

const columnsOf = (row) => Object.keys(row).join(", ");
const marksOf = (row) => Object.keys(row).map(() => "?").join(", ");

/** The database that lists are read from. */
function fillD1(statePath, orders, templates) {
  const d1 = openD1(statePath);
  begin(d1);
  const any = Object.values(templates).flat();
  const statements = {};
  for (const table of ["orders", "invoices", "money_movements", "attention"]) {
    const [sample] = any.flatMap((template) => template.rows[table]);
    statements[table] = d1.prepare(`INSERT INTO ${table} (${columnsOf(sample.columns)}) VALUES (${marksOf(sample.columns)})`);
  }
  const { last } = d1.prepare("SELECT COUNT(*) AS last FROM invoices").get();
  inTransactions([d1], copies(templates, orders, Date.now()), ({ template, values, shift, invoice }) => {
    if (invoice) values.invoice = invoiceNumber(invoice + last);
    for (const [table, rows] of Object.entries(template.rows)) {
      for (const { columns } of rows) statements[table].run(...Object.values(columns).map((value) => value(values, shift)));
    }
  });
  finish(d1);
}

function inTransactions(databases, all, write) {
  const every = (sql) => databases.forEach((database) => database.exec(sql));
  let count = 0;
  every("BEGIN");
  for (const copy of all) {
    write(copy);
    count += 1;
    if (count % PER_TRANSACTION === 0) {
      every("COMMIT");
      every("BEGIN");
    }
  }
  every("COMMIT");
}

/** Nobody else has these files, and a run that fails throws them away: no log is needed meanwhile. */
function begin(database) {
  database.exec("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = OFF");
}

function finish(database) {
  database.exec("PRAGMA locking_mode = NORMAL; PRAGMA journal_mode = WAL");
  database.close();
}

if (!isMainThread && workerData?.multiply) {
  const { statePath, templatesFrom, orders, into } = workerData.multiply;
  const templates = readTemplates(templatesFrom);
  if (into === "objects") fillObjects(statePath, orders, templates);
  else fillD1(statePath, orders, templates);
  parentPort.postMessage("done");
}
