// One timed run of checkouts against one shop, and the wait until the shop has settled what it owes for them.

import { runLoad } from "./load.mjs";

/** Orders with an invoice that each shop must have by now. */
const placed = new WeakMap();

/**
 * Gives the load's figures (bench/load.mjs), `settled`: orders a second until each stands in D1 with its invoice, and
 * `processor`: milliseconds of workerd's processor for each.
 */
export async function measureCheckouts(shop, { skus, connections, seconds, run, lines }) {
  const before = shop.processorTime();
  const requests = { kind: "checkouts", skus, run: run.replaceAll(" ", "-"), lines };
  const load = await runLoad({ port: shop.port, connections, seconds, requests });
  if (Object.keys(load.refused).length > 0) console.warn(`${shop.kind}: refused ${JSON.stringify(load.refused)}`);
  placed.set(shop, (placed.get(shop) ?? 0) + load.ok);
  const drain = await shop.drained(placed.get(shop));
  return { ...load, settled: load.ok / (load.seconds + drain), processor: (shop.processorTime() - before) / load.ok };
}
