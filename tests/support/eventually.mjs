// Waiting for what happens by itself: a webhook, an alarm, a projection.

import { setTimeout as wait } from "node:timers/promises";

/**
 * Tries `look` until it no longer throws and gives its result. After `within` milliseconds its last
 * complaint is the failure.
 */
export async function eventually(look, { within = 5_000, every = 25 } = {}) {
  const end = Date.now() + within;
  for (;;) {
    try {
      return await look();
    } catch (complaint) {
      if (Date.now() >= end) throw complaint;
    }
    await wait(every);
  }
}

/** Runs `work` on every item, at most `atOnce` at a time; results in the items' order. */
export async function eachAtOnce(items, atOnce, work) {
  const results = new Array(items.length);
  let next = 0;
  const worker = async () => {
    while (next < items.length) {
      const index = next;
      next += 1;
      results[index] = await work(items[index], index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
  return results;
}
