// What the examples of stock need to be there: the channel and the location that they name, and for each request
// a document or an import of its own in the state that it asks for.

import { randomUUID } from "node:crypto";

const MUGS = { sku: "MUG-CLASSIC", location: "main" };
const KINDS = {
  po_: {
    path: "/v1/admin/purchase-orders",
    body: { supplier: "north-mill", location: "main", lines: [{ sku: MUGS.sku, quantity: 144 }] },
    before: { receive_purchase_order: ["order"], close_purchase_order: ["order", "receipts"] },
  },
  tr_: {
    path: "/v1/admin/transfers",
    body: { from: "main", to: "store-2", lines: [{ sku: MUGS.sku, quantity: 12 }] },
    before: { receive_transfer: ["ship"], close_transfer: ["ship", "receipts"], return_transfer: ["ship"] },
  },
  cnt_: { path: "/v1/admin/counts", body: { lines: [MUGS] }, before: { approve_count: ["lines"] } },
  imp_: {
    path: "/v1/admin/imports",
    body: { kind: "levels", format: "csv", mode: "set", reason: "Stock-taking" },
    before: { start_import: ["parts/1"] },
  },
};
const STEPS = { order: {}, ship: {}, receipts: { lines: [{ sku: MUGS.sku, quantity: 1 }] }, lines: { lines: [{ ...MUGS, counted: 20 }] } };
const FILE = { body: "sku,location,on_hand\nMUG-CLASSIC,main,20\n", headers: { "content-type": "text/csv" } };

const must = (answer) => {
  if (answer.status >= 300) throw new Error(`${answer.status} ${answer.text}`);
  return answer.body;
};

/** The channel and the place that examples name. */
export async function openForExamples(admin) {
  must(await admin.send("PUT", "/v1/admin/channels/big-marketplace", { body: { name: "Big", kind: "marketplace" } }));
  must(await admin.send("PUT", "/v1/admin/locations/store-2", { body: { id: "store-2", name: "Store", kind: "store", country: "US" } }));
}

/** The example with a document that it fits; as it is if it speaks of none. */
export async function withDocument(admin, example) {
  const found = /\/(po_|tr_|cnt_|imp_)[0-9a-f]+/.exec(example.path);
  if (!found) return example;
  const { path, body, before } = KINDS[found[1]];
  const headers = () => ({ "idempotency-key": randomUUID() });
  const { id } = must(await admin.send("POST", path, { headers: headers(), body }));
  for (const step of before[example.operationId] ?? []) {
    if (step.startsWith("parts")) must(await admin.send("PUT", `${path}/${id}/${step}`, FILE));
    else must(await admin.send("POST", `${path}/${id}/${step}`, { headers: headers(), body: STEPS[step] }));
  }
  const own = { ...example, path: example.path.replace(found[0].slice(1), id) };
  return example.operationId === "put_import_part" ? { ...own, ...FILE } : own;
}
