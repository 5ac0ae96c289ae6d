// Proves that the invariant check finds what it is for: a healthy world is spoilt in one way at a time, in memory,
// and each time the check must say so.

import { beforeEach, describe, expect, test } from "vitest";
import { drain } from "./support/drain.mjs";
import { gateway } from "./support/gateway.mjs";
import { checkInvariants } from "./support/invariants.mjs";
import { readWorld } from "./support/invariants/raw.mjs";
import { buy, cancel, deliver, shop, stock } from "./support/shop.mjs";

/** One order that is paid, one that waits, one that was called off; everything at rest. */
async function build() {
  const { sku } = shop;
  await stock({ MUG: 5 });
  const shard = shop.shard();
  await buy({ shard, lines: [["MUG", 2]] });
  await buy({ shard, method: "redirect" });
  const { id } = await buy({ shard, method: "pending" });
  await cancel(id);
  await deliver(gateway.events.find((event) => event.payment.order_id === id));
  await drain();
  const seen = await readWorld();
  const plain = { ...seen, shop: { acknowledged: shop.acknowledged, supply: shop.supply }, gateway: { payments: gateway.payments } };
  return { sku, world: structuredClone(plain) };
}

let healthy;
let world;

beforeEach(async () => {
  healthy ??= await build();
  world = structuredClone(healthy.world);
  world.shop.sku = healthy.sku;
  // The same orders by shard and by id, as the reader makes them.
  world.orders = new Map(world.shards.flatMap((shard) => shard.orders).map((order) => [order.id, order]));
});

const order = (status, paid) =>
  [...world.orders.values()].find(({ document }) => document.status === status && (document.invoice_number !== null) === paid);
const paidOrder = () => order("open", true);
const openOrder = () => order("open", false);
const cancelledOrder = () => order("cancelled", false);
const mug = () => world.skus.get(healthy.sku("MUG"));
const paymentOf = (one) => [...world.gateway.payments.values()].find((payment) => payment.order_id === one.id);
const claimOf = (one) => mug().reservations.find((claim) => claim.order_id === one.id);

const SPOILT = {
  "a unit sold that no ledger line explains": [() => (mug().level.sold += 1), /ledger says/],
  "more sold than there is": [() => (mug().level.received = 0), /oversold/],
  "a held unit that is not counted": [() => (mug().level.reserved = 0), /in held claims, reserved 0/],
  "a claim that nobody made": [() => mug().reservations.push({ order_id: "ord_0", state: "held", quantity: 0, expires_at: Infinity }), /which is not an order/],
  "stock held for an order that is over": [() => (claimOf(cancelledOrder()).state = "held"), /which is cancelled|says .* is released/],
  "a claim of another size": [() => (openOrder().document.claims[0].quantity = 9), /one claim per SKU/],
  "a paid order whose stock went back": [() => (claimOf(paidOrder()).state = "released"), /is committed, the SKU says released/],
  "a paid order that was never told to commit": [() => (paidOrder().document.claims[0].claim = { state: "held" }), /stock is not committed/],
  "a SKU that nobody will wake": [() => (mug().alarm = undefined), /wants its alarm/],
  "captured more than the total": [() => (paidOrder().document.payment.operations[1].amount_minor += 1), /captured 2401 of 2400/],
  "the money asked for twice": [() => openOrder().document.payment.operations.push({ ...openOrder().document.payment.operations[0], id: "op_2" }), /asked for the money more than once/],
  "one operation in two orders": [() => (openOrder().document.payment.operations[0].id = paidOrder().document.payment.operations[0].id), /is there twice/],
  "an outcome that nobody asks about": [() => (openOrder().document.payment.operations[0].result = "requested"), /whose outcome nobody asks for/],
  "parts that don't make the total": [() => (openOrder().document.cart.totals.total_minor += 1), /the parts make/],
  "two keys for one order": [() => world.shards[0].keys.push({ ...world.shards[0].keys[0], key: "other" }), /has 2 idempotency keys/],
  "an unpaid order without a timer": [() => (openOrder().wake_at = null), /no timer ends its window/],
  "a shard that nobody will wake": [() => (world.shards[0].alarm = undefined), /wants its alarm/],
  "a webhook that was acknowledged and forgotten": [() => (world.shards[0].inbox = []), /was acknowledged and is gone/],
  "a version that nobody was told of": [() => world.messages.splice(world.messages.findLastIndex((one) => one.order?.id === paidOrder().id), 1), /the world was told of/],
  "an order whose placing nobody was told of": [() => world.messages.splice(world.messages.findIndex((one) => one.order?.id === paidOrder().id), 1), /was first told of as/],
  "one version told as two events": [() => world.messages.push({ ...world.messages.find((one) => one.order?.id === paidOrder().id), id: "evt_other" }), /was told as two events/],
  "an order that left its end": [() => world.messages.filter((one) => one.order?.id === cancelledOrder().id)[0].order.status = "expired", /was expired and became/],
  "a second charge": [() => world.gateway.payments.set("pay_2", { ...paymentOf(paidOrder()), id: "pay_2" }), /has 2 payments of one attempt/],
  "a refund at the gateway that nobody asked for": [() => paymentOf(paidOrder()).refunds.push({ id: "rfd_x", operation_id: "op_0", amount: 1, status: "succeeded" }), /1 went back for op_0/],
  "a refund that was paid out twice": [() => paymentOf(paidOrder()).refunds.push(...[1, 2].map((n) => ({ id: `rfd_${n}`, operation_id: "op_0", amount: 1, status: "succeeded" }))), /op_0 was paid out twice/],
  "more asked to go back than was taken": [() => paidOrder().document.payment.operations.push({ id: "op_3", kind: "refund", amount_minor: 2_401, result: "action_required", origin: "merchant" }), /2401 is to go back of 2400/],
  "a refund that the gateway knows nothing of": [() => paidOrder().document.payment.operations.push({ id: "op_3", kind: "refund", amount_minor: 1, result: "succeeded", origin: "gateway" }), /believes that 1 went back, the gateway gave 0/],
  "a movement that nobody asked for": [() => paidOrder().document.payment.operations.push({ id: "op_3", kind: "capture", amount_minor: 1, result: "failed", origin: "merchant" }), /its ledgers have op_3/],
  "units that an order gave back and no shelf has": [() => (paidOrder().document.refunds = [{ id: "ref_1", lines: [{ sku: mug().name, quantity: 1, restock: 1, restocked: true }] }]), /gave 1 of .* back, 0 are on the shelf/],
  "units owed to a shelf and no timer": [() => Object.assign(paidOrder(), { wake_at: null }).document.refunds = [{ id: "ref_1", lines: [{ sku: mug().name, quantity: 1, restock: 1, restocked: false }] }], /owes units to a shelf/],
  "a charge for no order": [() => (paymentOf(paidOrder()).order_id = "ord_0"), /which is not an order/],
  "a charge of an order that is over": [() => Object.assign(paymentOf(cancelledOrder()), { status: "captured", captured: 1_400 }), /and nobody (was told|will look)/],
  "a payment of an order that is over, still open": [() => (paymentOf(cancelledOrder()).status = "processing"), /its payment is still processing/],
  "an order that believes in money that is not there": [() => (paymentOf(paidOrder()).captured = 0), /believes in 2400, the gateway took 0/],
  "a gap in the invoices": [() => (world.series[0].invoices[0].number = 2), /has a gap/],
  "an invoice for an order that is not paid": [() => (world.series[0].invoices[0].order_id = openOrder().id), /has invoice null, its series gave/],
  "a paid order without an invoice": [() => { world.series[0].invoices = []; paidOrder().document.invoice_number = null; }, /is paid and has no invoice/],
  "a message that never left": [() => world.shards[0].outbox.push({ sequence: 9, due_at: Infinity }), /in its outbox/],
  "an order that D1 does not have": [() => world.projected.orders.delete(openOrder().id), /is not in D1/],
  "an old copy in D1": [() => (world.projected.orders.get(paidOrder().id).version -= 1), /D1 at/],
  "another copy in D1": [() => (world.projected.orders.get(paidOrder().id).document.email = "eve@example.com"), /D1's document differs/],
  "counters in D1 that are not the SKU's": [() => (world.projected.levels.get(mug().name).sold = 0), /D1 has sold 0/],
};

describe("the invariant check", () => {
  test("finds nothing in a healthy world", () => {
    expect(() => checkInvariants(world)).not.toThrow();
  });

  test.each(Object.entries(SPOILT))("finds %s", (_, [spoil, sentence]) => {
    spoil();
    expect(() => checkInvariants(world)).toThrow(sentence);
  });
});
