// Plays a story once for every crossing in it, with a fault there: nothing is sampled, and the number of
// crossings is found by playing until there are no more.

import { expect } from "vitest";
import { crossings, plan } from "./crossings.mjs";
import { drain } from "./drain.mjs";
import { fresh, restAndCheck } from "./rounds.mjs";
import { attempt } from "./shop.mjs";

export const CRASHES = {
  "dies before": { what: "crash", when: "before" },
  "dies after": { what: "crash", when: "after" },
};

/** What an object lives to see. */
export const FAILURES = {
  "hears of a failure before": { what: "fail", when: "before" },
  "loses the reply after": { what: "fail", when: "after" },
};

/** More crossings of one kind than any story has. */
const LIMIT = 100;

/**
 *   prepare   what happened before; its result is handed on
 *   act       the part in which the fault strikes; it may reject, as the buyer's connection may
 *   retry     what the client does afterwards, without faults
 *   end       what must be true at the end, besides the invariants
 *   within    how much time passes after the fault, and again after the retry
 * `of` says which crossings are meant. Returns the labels of those at which the fault struck.
 */
export async function atEveryCrossing(fault, story, of = /./) {
  const { trace } = await play(story, undefined);
  const labels = [];
  const failures = [];
  for (const label of new Set(trace.filter((one) => of.test(one)))) {
    for (let nth = 0; nth < LIMIT; nth += 1) {
      const { struck, error } = await play(story, { ...fault, at: (one) => one === label, nth });
      if (error) failures.push(`${fault.what} ${fault.when} "${label}", the ${nth + 1}. time: ${error.message}`);
      if (!struck) break;
      labels.push(label);
    }
  }
  expect(failures).toEqual([]);
  fresh();
  return labels;
}

async function play({ prepare, act, retry, end, within }, fault) {
  fresh();
  const given = await prepare();
  crossings.forget();
  const planned = fault && plan(fault);
  const told = await attempt(act(given));
  await drain({ within });
  const { trace } = crossings;
  crossings.withoutPlans();
  try {
    const answer = await retry(given);
    await drain({ within });
    await end({ given, told, answer });
    await restAndCheck();
  } catch (error) {
    return { trace, struck: planned?.struck, error };
  }
  return { trace, struck: planned?.struck };
}
