// The end of every journey: the store comes to rest, and the audit of what lies on its disk finds nothing.

import assert from "node:assert/strict";
import { audit, sandboxStatement, stripeStatement } from "./audit.mjs";
import { eventually } from "./eventually.mjs";
import { readRawState } from "./raw-state.mjs";

/**
 * Waits until the books agree, stops the store and audits what is on the disk. `intents` are the payments of
 * the Stripe fake, if one was there. Gives the raw state for what a test wants to count itself.
 */
export async function assertBooksAgree(store, { acknowledged = [], intents = [], within = 15_000 } = {}) {
  const look = () => {
    const raw = readRawState(store.stateDir);
    const sandbox = sandboxStatement(store.sandbox?.control.payments() ?? []);
    return { raw, findings: audit({ raw, payments: [...sandbox, ...stripeStatement(intents)], acknowledged }) };
  };
  // While the store runs, a copy may be torn; only the look after its end counts.
  await eventually(() => assert.deepEqual(look().findings, []), { within, every: 500 }).catch(() => undefined);
  await store.stop();
  const { raw, findings } = look();
  assert.deepEqual(findings.slice(0, 40), []);
  return raw;
}
