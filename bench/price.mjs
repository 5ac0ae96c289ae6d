// What orders cost on Cloudflare: the published prices, what one order uses of each, and their product. Everything
// that is assumed and not measured is named in ASSUMED.

/**
 * US dollars of the Workers Paid plan, and what a month of it includes. Compared on 2026-11-25 with the sources of
 * Cloudflare's own documentation, the repository cloudflare/cloudflare-docs, of which copies were at hand and not the
 * live pages; `page` names where they appear below https://developers.cloudflare.com:
 * - "Pricing" of Workers: src/content/docs/workers/platform/pricing.mdx at 07acbb66 (requests, processor time, the plan)
 * - "Pricing" of Durable Objects: src/content/partials/durable-objects/durable-objects-pricing.mdx at 07e200b7 (requests
 *   and alarms, duration at 128 MB, rows, an alarm set is a row, 0.20 a GB and month); stored data of SQLite is billed
 *   since January 2026, says the changelog's "Billing for SQLite Storage" of 2025-12-12
 * - "Pricing" of D1: src/content/partials/workers/d1-pricing.mdx at 25a83ced (rows, an index is a row more, storage)
 * - "Pricing" of Queues: src/content/partials/workers/queues_pricing.mdx at 96996fd3 (three operations a message)
 * - "Workers Logs": src/content/partials/workers/workers_logs_pricing.mdx at 0ec9be22 (an event for each invocation and
 *   each line). From 2026-12-01 on logs are billed by size, says "Pricing" of Observability at the same commit: 0.25 a GB
 *   taken in after 50 GB, 0.10 a GB and month after 12 GB-months. How large Cloudflare's own part of an event is could
 *   not be found, so that is not worked out.
 * The copies of Queues, D1 and Workers carry no date of their own.
 */
export const PRICES = {
  workerRequests: { label: "Worker requests", per: 1e6, dollars: 0.3, included: 10e6, page: "/workers/platform/pricing" },
  workerProcessorMs: { label: "Worker processor time, ms", per: 1e6, dollars: 0.02, included: 30e6, page: "/workers/platform/pricing" },
  objectRequests: { label: "object requests and alarms", per: 1e6, dollars: 0.15, included: 1e6, page: "/durable-objects/platform/pricing" },
  objectGigabyteSeconds: { label: "object duration, GB-s", per: 1e6, dollars: 12.5, included: 400_000, page: "/durable-objects/platform/pricing" },
  objectRowsRead: { label: "object rows read", per: 1e6, dollars: 0.001, included: 25e9, page: "/durable-objects/platform/pricing" },
  objectRowsWritten: { label: "object rows written", per: 1e6, dollars: 1, included: 50e6, page: "/durable-objects/platform/pricing" },
  d1RowsRead: { label: "D1 rows read", per: 1e6, dollars: 0.001, included: 25e9, page: "/d1/platform/pricing" },
  d1RowsWritten: { label: "D1 rows written", per: 1e6, dollars: 1, included: 50e6, page: "/d1/platform/pricing" },
  logEvents: { label: "log events", per: 1e6, dollars: 0.6, included: 20e6, page: "/workers/platform/pricing" },
  queueOperations: { label: "queue operations", per: 1e6, dollars: 0.4, included: 1e6, page: "/queues/platform/pricing" },
};

/** The plan itself, a month. */
export const PLAN_DOLLARS = 5;

/** What storing costs, a GB and month, after 5 GB that are included of each. */
export const STORAGE = {
  objects: { dollars: 0.2, included: 5, page: "/durable-objects/platform/pricing" },
  d1: { dollars: 0.75, included: 5, page: "/d1/platform/pricing" },
};

export const ASSUMED = {
  /** Every object is billed as 128 MB while it is active, whatever it uses. */
  objectGigabytes: 0.128,
  /** A gateway answers in so long, and the order's shard is active meanwhile; here it answers at once. */
  gatewaySeconds: 0.5,
  /** Written, read and deleted: of each message up to 64 KB. */
  operationsPerMessage: 3,
  /** Webhooks for an order: a Worker request and an object request each, and what a duplicate writes. */
  webhooksPerOrder: 1,
  rowsPerWebhook: 3,
  linesPerWebhook: 1,
  /** Looks at products and stock before each order: a Worker request and a millisecond each. */
  looksPerOrder: 20,
  processorMsPerLook: 1,
};

/**
 * What one order uses, in the units of PRICES. `counted`: what the platform counted for a checkout, with all that
 * follows from it (bench/cost.mjs); `processorMs`: milliseconds of processor of all of workerd for it. Objects are
 * billed for being active and not for their processor time, so taking all of it for the Worker's is too much
 * rather than too little.
 */
export function usageOfOrder(counted, processorMs, assumed = ASSUMED) {
  const { webhooksPerOrder, looksPerOrder } = assumed;
  const workerRequests = counted.workerRequests + counted.queueDeliveries + webhooksPerOrder + looksPerOrder;
  const objectRequests = counted.objectRequests + counted.alarmsRung + webhooksPerOrder;
  return {
    workerRequests,
    workerProcessorMs: processorMs + looksPerOrder * assumed.processorMsPerLook,
    objectRequests,
    objectGigabyteSeconds: (counted.activeMs / 1000 + assumed.gatewaySeconds) * assumed.objectGigabytes,
    objectRowsRead: counted.objectRowsRead,
    objectRowsWritten: counted.objectRowsWritten + counted.alarmsSet + webhooksPerOrder * assumed.rowsPerWebhook,
    d1RowsRead: counted.d1RowsRead,
    d1RowsWritten: counted.d1RowsWritten,
    logEvents: workerRequests + objectRequests + counted.logLines + webhooksPerOrder * assumed.linesPerWebhook,
    queueOperations: counted.queueMessages * assumed.operationsPerMessage,
  };
}

/** Dollars a month for so many bytes in objects and in D1, as if nothing were included. */
export const storagePriceOf = ({ objectBytes, d1Bytes }) =>
  (objectBytes / 1e9) * STORAGE.objects.dollars + (d1Bytes / 1e9) * STORAGE.d1.dollars;

/** `{ lines: [{ key, label, units, included, dollars, billed }], dollars, billed }` for so many orders in one month:
 *  `dollars` as if nothing were included, `billed` after what the plan includes, without the plan's own price. */
export function priceOf(usage, orders) {
  const lines = Object.entries(PRICES).map(([key, { label, per, dollars, included, page }]) => {
    const used = usage[key];
    if (!Number.isFinite(used) || used < 0) throw new Error(`${key} of an order is ${used}`);
    const units = used * orders;
    const cost = (count) => (count / per) * dollars;
    return { key, label, page, units, included, dollars: cost(units), billed: cost(Math.max(0, units - included)) };
  });
  const total = (name) => lines.reduce((sum, line) => sum + line[name], 0);
  return { lines, dollars: total("dollars"), billed: total("billed") };
}
