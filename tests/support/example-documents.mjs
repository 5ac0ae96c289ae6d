// For every example of the API's document, what it needs to be there: ids that this store gave, in the state that
// the operation asks for. Whoever is let in then gets what the document promises, and not "there is no such thing".

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { eventually } from "./eventually.mjs";
import { cart, paidBy } from "./shopping.mjs";
import { openForExamples, withDocument } from "./stock-examples.mjs";

/** Operations on an order whose buyer has still to act. */
const UNPAID = ["cancel_order", "retry_payment"];
/** Operations on an order whose money is held and not taken. */
const HELD = ["capture_payment", "void_payment"];
const PRICES_REMEMBERED_MS = 100;

const must = (answer) => {
  assert.ok(answer.status < 300, answer.text);
  return answer.body;
};

/**
 * `await fit(example)` gives the example with documents of its own, and the order that it is about, if any, as
 * `order: { id, token }`. `await fit.open()` first, once.
 */
export function exampleDocuments(store) {
  const { admin } = store;
  const post = (path, body) => admin.post(path, body, { headers: { "idempotency-key": randomUUID() } });
  const placed = async (wish) => {
    const { order, order_token: token } = must(await store.storefront.checkout(wish));
    return { id: order.id, token };
  };
  const shown = async ({ id, token }) => must(await store.buyer(token).get(`/v1/orders/${id}`));

  /** An order that is paid, committed and numbered. */
  async function invoiced() {
    const order = await placed(cart());
    const number = await eventually(async () => {
      const { invoice_number } = await shown(order);
      assert.ok(invoice_number, `${order.id} has no invoice yet`);
      return invoice_number;
    });
    return { ...order, number };
  }

  async function refunded() {
    const order = await invoiced();
    must(await post(`/v1/admin/orders/${order.id}/refunds`, { lines: [{ sku: "MUG-CLASSIC", quantity: 1, restock: 1 }] }));
    const number = await eventually(async () => {
      const [refund] = (await shown(order)).refunds;
      assert.ok(refund?.credit_note_number, `${order.id} has no credit note yet`);
      return refund.credit_note_number;
    });
    return { ...order, number };
  }

  /** An order whose money waits for a capture: the gateway is told to hold it for as long as one is placed. */
  async function held() {
    const terms = "/v1/admin/payment-methods/sandbox";
    const { items } = must(await admin.get("/v1/admin/payment-methods"));
    const { title } = items.find(({ gateway }) => gateway === "sandbox").settings ?? { title: "Sandbox" };
    const mode = async (capture_mode) => {
      must(await admin.put(terms, { enabled: true, title, capture_mode }));
      await wait(PRICES_REMEMBERED_MS);
    };
    await mode("on_request");
    try {
      return await eventually(async () => {
        const order = await placed(cart());
        await eventually(async () => assert.equal((await shown(order)).payment_status, "authorized"), { within: 1_000 });
        return order;
      });
    } finally {
      await mode("automatic");
    }
  }

  /** Something that waits for a person: an order whose payment says another amount. */
  async function attention() {
    await store.storefront.checkout(paidBy("wrong_amount"));
    return eventually(async () => {
      const { items } = must(await admin.get("/v1/admin/attention"));
      assert.ok(items.length > 0);
      return items[0].id;
    });
  }

  async function reconciliation() {
    const window = { gateway: "sandbox", from: "2026-01-30T00:00:00Z", to: "2026-01-31T00:00:00Z" };
    return must(await admin.post("/v1/admin/reconciliations", window, { headers: { "idempotency-key": "example" } })).id;
  }

  /** What a supplier offers, which another example takes away. */
  async function supplierItem() {
    const terms = { minimum_quantity: 24, pack_size: 12, unit_cost: { amount: 420, currency: "USD" } };
    const supplier = { id: "acme-ceramics", name: "Acme Ceramics", currency: "USD", lead_time_days: 14 };
    must(await admin.put("/v1/admin/suppliers/acme-ceramics", supplier));
    must(await admin.put("/v1/admin/suppliers/acme-ceramics/items/MUG-CLASSIC", terms));
  }

  function orderFor(operationId) {
    if (UNPAID.includes(operationId)) return placed(paidBy("redirect"));
    if (HELD.includes(operationId)) return held();
    if (operationId.includes("credit_note")) return refunded();
    return invoiced();
  }

  async function fit(example) {
    const { operationId, path } = example;
    const replaced = (pattern, id) => ({ ...example, path: path.replace(pattern, id) });
    if (/\/orders\/(ord_|\{)/.test(path)) {
      const order = await orderFor(operationId);
      const own = path.replace(/ord_[0-9a-f]+|\{id\}/, order.id).replace(/CW-CN-[0-9]+/, order.number);
      return { ...example, path: own, order };
    }
    if (path.startsWith("/v1/admin/invoices/")) return replaced(/CW-[0-9]+/, (await invoiced()).number);
    if (path.startsWith("/v1/admin/credit-notes/")) return replaced(/CW-CN-[0-9]+/, (await refunded()).number);
    if (operationId === "resolve_attention") return replaced(/att_[0-9a-f]+/, await attention());
    if (/^(show|export)_reconciliation$/.test(operationId)) return replaced(/rec_[0-9a-f]+/, await reconciliation());
    if (operationId === "revoke_api_key") {
      const key = must(await admin.post("/v1/admin/api-keys", { name: "To be revoked", kind: "publishable" }));
      return replaced(/[^/]+$/, key.id);
    }
    if (/^(show|delete)_supplier_item$/.test(operationId)) await supplierItem();
    return withDocument(admin, example);
  }

  fit.open = () => openForExamples(admin);
  return fit;
}
