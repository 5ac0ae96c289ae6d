// The merchant of the fault lab: takes, lets go and gives back money, counts and moves stock, and switches drop mode,
// while the power goes out. Every change is asked under one key until it is answered, and what was answered must be
// found in the books, once.

import { BUNDLE, PLENTY, SCARCE, SPREAD } from "./buyers.mjs";
import { shuffled } from "./bad-line.mjs";
import { must } from "./shop.mjs";

const STORE = "store-2";

/** Why the lab's own changes of stock are made: so they are found in the ledgers. */
export const REASON = "as the lab wants it";

/** Refusals that a merchant may meet when two of them, or a crash, came before; anything else is a finding. */
const EXPECTED = new Set([
  "movement_in_progress", "outcome_unknown", "nothing_to_move", "payment_called_off", "amount_too_large", "units_too_many",
]);

/** How many orders the merchant opens to find one whose money can be moved. */
const LOOKS = 4;

/** So many slices, one after the other; 0: off. */
const SLICES = [3, 0, 4, 2, 0];

/** What a merchant does with money that is held, that was taken, and with stock; dealt from shuffled decks. */
const DECKS = {
  held: ["captures", "captures", "part", "voids"],
  taken: ["some", "everything", "lines"],
  stock: ["receipts", "corrections", "transfers", "receipts_of_spread"],
};

/** Sets the shelves: what is scarce is scarce, for as many orders as there will be. */
export async function openShelves({ store, orders }) {
  must(await store.admin.send("PUT", `/v1/admin/locations/${STORE}`, { body: { id: STORE, name: "Store", kind: "store", country: "US" } }));
  const wanted = { [SCARCE]: Math.ceil(orders * 0.08) + 2, [SPREAD]: Math.ceil(orders * 0.22) + 20 };
  for (const sku of PLENTY) wanted[sku] = orders * 4 + 200;
  for (const [sku, units] of Object.entries(wanted)) {
    const { available } = must(await store.admin.get(`/v1/admin/inventory/${sku}`));
    const headers = { "idempotency-key": `shelf-${sku}` };
    if (available !== units) must(await store.admin.post(`/v1/admin/inventory/${sku}/adjustments`, { quantity: units - available, reason: "Counted for the lab" }, { headers }));
  }
}

/** `{ moveMoney(), moveStock(), switchDropMode(), counts, booked, moves }`. */
export function openMerchant({ shop, asking, random, placed, seed, say }) {
  const { admin } = shop.store;
  const decks = Object.fromEntries(Object.keys(DECKS).map((name) => [name, []]));
  const counts = {
    captures: 0, captures_in_part: 0, voids: 0, refunds: 0, refunds_with_goods: 0, receipts: 0, corrections: 0, transfers: 0,
    drop_mode_on: 0, drop_mode_off: 0,
  };
  const booked = new Map(); // sku -> {received, adjusted}
  const moves = []; // {orderId, kind} that were written down
  let asked = 0;
  let turn = 0;

  const below = (limit) => Math.floor(random() * limit);
  const draw = (name) => {
    if (decks[name].length === 0) decks[name] = shuffled(DECKS[name], random);
    return decks[name].pop();
  };
  const isGood = ({ status }) => status >= 200 && status < 300;
  const isFine = (answer) => isGood(answer) || ([409, 422].includes(answer.status) && EXPECTED.has(answer.body?.code));

  /** One change under one key, until it is answered. */
  function change(route, body, accepts = isFine) {
    asked += 1;
    const headers = { "idempotency-key": `merchant-${seed}-${asked}` };
    return asking.until(`${route} ${JSON.stringify(body)}`, () => admin.post(route, body, { headers }), { accepts });
  }

  const read = (id) => asking.until(id, () => admin.get(`/v1/orders/${id}`), { accepts: isGood });

  async function move(id, kind, body) {
    const answer = await change(`/v1/admin/orders/${id}/${kind}s`, body);
    if (!answer || !isGood(answer)) return false;
    moves.push({ orderId: id, kind });
    return true;
  }

  /** What is done with money that is held. */
  async function take(order) {
    const { amount } = order.payment.movable.capturable;
    const what = amount > 1 ? draw("held") : "captures";
    if (what === "voids") {
      if (await move(order.id, "void", {})) counts.voids += 1;
      return;
    }
    const part = what === "part" ? { amount_minor: 1 + below(amount - 1) } : {};
    if (await move(order.id, "capture", part)) counts[what === "part" ? "captures_in_part" : "captures"] += 1;
  }

  async function giveBack(order) {
    const { amount } = order.payment.movable.refundable;
    const what = draw("taken");
    const line = order.lines.find(({ sku }) => sku !== BUNDLE);
    const withGoods = what === "lines" && line && order.claims.every(({ state }) => state === "committed");
    const body = withGoods ? { lines: [{ sku: line.sku, quantity: 1, restock: 1 }] } : what === "everything" ? {} : { amount_minor: 1 + below(amount) };
    if (!(await move(order.id, "refund", { ...body, reason: REASON }))) return;
    counts.refunds += 1;
    if (withGoods) counts.refunds_with_goods += 1;
  }

  async function adjust(kind, sku, quantity) {
    const body = { kind, quantity, reason: REASON };
    const fine = (answer) => isGood(answer) || (answer.status === 409 && answer.body.code === "units_claimed");
    const answer = await change(`/v1/admin/inventory/${sku}/adjustments`, body, fine);
    if (!answer || !isGood(answer)) return;
    const known = booked.get(sku) ?? { received: 0, adjusted: 0 };
    booked.set(sku, { ...known, [kind]: known[kind] + quantity });
    counts[kind === "received" ? "receipts" : "corrections"] += 1;
  }

  async function transfer(sku, quantity) {
    const lines = [{ sku, quantity }];
    const made = await change("/v1/admin/transfers", { from: "main", to: STORE, lines });
    if (!made) return;
    const route = `/v1/admin/transfers/${made.body.id}`;
    const shipped = await change(`${route}/ship`, {}, (answer) => isGood(answer) || answer.body?.code === "units_claimed");
    // What was only written down goes on by itself; it arrives when it has left.
    if (shipped?.status !== 200) return;
    const arrived = await change(`${route}/receipts`, { lines });
    if (arrived && isGood(arrived)) counts.transfers += 1;
  }

  return {
    counts,
    booked,
    moves,

    /** Does something with the money of an order that was placed before, at either gateway in turn. */
    async moveMoney() {
      turn += 1;
      const candidates = placed.filter(({ gateway }) => (gateway === "stripe") === (turn % 2 === 0));
      for (let looks = 0; looks < LOOKS && candidates.length > 0; looks += 1) {
        const { id } = candidates[below(candidates.length)];
        const order = (await read(id))?.body;
        if (order?.payment?.movable.capturable.amount > 0) return take(order);
        if (order?.payment?.movable.refundable.amount > 0) return giveBack(order);
      }
    },

    async moveStock() {
      const sku = PLENTY[below(PLENTY.length)];
      const quantity = 1 + below(9);
      switch (draw("stock")) {
        case "receipts":
          return adjust("received", sku, quantity);
        case "receipts_of_spread":
          return adjust("received", SPREAD, quantity);
        case "corrections":
          return adjust("adjusted", [SPREAD, SCARCE, sku][below(3)], random() < 0.5 ? quantity : -quantity);
        default:
          return transfer(sku, quantity);
      }
    },

    /** Spreads one SKU's units over several objects, or gathers them again, while it sells. */
    async switchDropMode(times) {
      const slices = SLICES[times % SLICES.length];
      const send = () => admin.put(`/v1/admin/inventory/${SPREAD}/drop-mode`, { slices, automatic_above_per_second: null });
      const answer = await asking.until(`drop mode ${slices}`, send, { accepts: isGood });
      if (answer) counts[slices > 0 ? "drop_mode_on" : "drop_mode_off"] += 1;
    },
  };
}
