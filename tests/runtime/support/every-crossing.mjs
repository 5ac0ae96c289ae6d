// Plays a story once for every crossing in it, with a fault there: nothing is sampled, and the number of
// crossings is found by playing until there are no more.

import { expect } from "vitest";
import { crossings, plan } from "./crossings.mjs";
import { drain } from "./drain.mjs";
import { fresh, restAndCheck } from "./rounds.mjs";
import { attempt } from "./shop.mjs";

/** More crossings than any story has. */
const LIMIT = 200;

/**
 *   prepare   what happened before; its result is handed on
 *   act       the part in which the fault strikes; it may reject, as the buyer's connection may
 *   retry     what the client does afterwards, without faults
 *   expect    what must be true at the end, besides the invariants
 * Returns the labels of the crossings at which the fault struck.
 */
export async function atEveryCrossing(fault, { prepare, act, retry, end, within }) {
  const labels = [];
  const failures = [];
  for (let at = 0; at < LIMIT; at += 1) {
    fresh();
    const given = await prepare();
    await drain();
    const first = crossings.trace.length;
    const planned = plan({ ...fault, at: (_, number) => number === first + at });
    const told = await attempt(act(given));
    await drain({ within });
    const label = `${fault.what} ${fault.when} crossing ${at}, ${crossings.trace[first + at]}`;
    if (planned.struck === 0) break;
    labels.push(crossings.trace[first + at]);
    try {
      const answer = await retry(given);
      await drain({ within });
      await end({ given, told, answer });
      await restAndCheck();
    } catch (error) {
      failures.push(`${label}: ${error.message}`);
    }
  }
  expect(failures).toEqual([]);
  expect(labels.length).toBeLessThan(LIMIT);
  fresh();
  return labels;
}
