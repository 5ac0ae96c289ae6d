// What the day holds, by its seed: who buys what where, and what becomes of it.

import { FAULT_KINDS } from "./counters.mjs";

const SKUS = [
  "MUG-CLASSIC", "MUG-CLASSIC-BLUE", "NOTE-POCKET-PLAIN", "NOTE-POCKET-RULED", "CHOCOLATE-74", "TEA-BREAKFAST-125",
  "SALT-FLAKE-200", "JAR-05", "INK-BLUEBLACK", "PENCIL-HB-12", "BELL-BRASS", "TOWEL-LINEN-NATURAL",
];

/** What buyers do, by weight. `other` tries another gateway after a decline. */
const BUYERS = { pays: 62, declines_then_pays: 8, declines_and_leaves: 5, leaves: 6, cancels: 5, other: 14 };

/** What becomes of money that is held, and then of money that was taken. */
const HELD = { full: 35, part: 25, parts: 25, void: 15 };
const TAKEN = {
  nothing: 34, amount: 12, lines: 12, shipping: 8, everything: 10, twice: 6, dashboard: 8, won: 4, lost: 4, open: 2,
};

/** In this part of the orders, money is held until somebody asks for it. */
const HELD_FROM = 0.64;

/** `orders` plans, in the order of the day. `random` gives numbers from 0 up to 1. */
export function planDay({ random, gateways, orders = 200 }) {
  const below = (limit) => Math.floor(random() * limit);
  const of = (list) => list[below(list.length)];
  const byWeight = (table) => {
    let dice = random() * Object.values(table).reduce((sum, weight) => sum + weight, 0);
    return Object.keys(table).find((name) => (dice -= table[name]) < 0);
  };
  const names = Object.keys(gateways);
  const each = Math.ceil(orders / names.length);
  const decks = Object.fromEntries(names.map((name) => [name, shuffled(Array(5).fill(FAULT_KINDS).flat(), below)]));
  return Array.from({ length: orders }, (_, n) => {
    const gateway = names[n % names.length];
    const place = Math.floor(n / names.length);
    const held = place >= each * HELD_FROM;
    const buyer = byWeight(BUYERS);
    const lines = shuffled([...SKUS], below).slice(0, 1 + below(4)).map((sku) => ({ sku, quantity: 1 + below(3) }));
    const currency = of(gateways[gateway].currencies);
    const takes = (name) => name !== gateway && (gateways[name].takes ?? gateways[name].currencies).includes(currency);
    return {
      n, gateway, held, buyer, lines,
      currency,
      other: of(names.filter(takes)),
      waits: random() < 0.5,
      ofHeld: byWeight(HELD),
      taken: byWeight(TAKEN),
      share: 0.1 + random() * 0.8,
      restocks: random() < 0.6,
      // Which request a fault lies in wait for, if one does; which fault it is, the deck says.
      faultOn: random() < 0.6 ? of(held ? ["start", "capture", "capture", "refund", "void", "read"] : ["start", "start", "refund", "read"]) : undefined,
      deck: decks[gateway],
    };
  });
}

function shuffled(list, below) {
  for (let at = list.length - 1; at > 0; at -= 1) {
    const other = below(at + 1);
    [list[at], list[other]] = [list[other], list[at]];
  }
  return list;
}
