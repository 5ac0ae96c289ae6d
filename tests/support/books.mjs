// The end of every journey: the store comes to rest, and the audit of what lies on its disk finds nothing.

import assert from "node:assert/strict";
import { audit, sandboxStatement, stripeStatement } from "./audit.mjs";
import { eventually } from "./eventually.mjs";
import { readRawState } from "./raw-state.mjs";

/** How often a store is stopped before what is owed then counts. */
const STOPS = 3;

/**
 * Waits until the books agree, stops the store and audits what is on the disk. `intents` are the payments of
 * the Stripe fake, if one was there. Gives the raw state for what a test wants to count itself.
 */
export async function assertBooksAgree(store, { acknowledged = [], intents = [], within = 15_000 } = {}) {
  const payments = () => [...sandboxStatement(store.sandbox?.control.payments() ?? []), ...stripeStatement(intents)];
  const { raw, findings } = await auditAtRest(store, { payments, acknowledged, within });
  assert.deepEqual(findings.slice(0, 40), []);
  return raw;
}

/** The same for what `payments()` gives, the gateways' statements as the audit reads them: `{ raw, findings, lookedAt }`, whatever they are. */
export async function auditAtRest(store, { payments, acknowledged, within }) {
  const look = (now) => {
    const raw = readRawState(store.stateDir);
    return { raw, findings: audit({ raw, payments: payments(), acknowledged, now }) };
  };
  // While the store runs, a copy may be torn; only the look after its end counts.
  let lookedAt = Date.now();
  const agree = () => {
    lookedAt = Date.now();
    assert.deepEqual(look(lookedAt).findings, []);
    return true;
  };
  for (let tries = 1; ; tries += 1) {
    const agreed = await eventually(agree, { within, every: 500 }).catch(() => false);
    await store.stop();
    // Judged by the last moment at which the store was there to act: a claim that ends while it stops is no leak.
    const last = { ...look(lookedAt), lookedAt };
    if (last.findings.length === 0 || !agreed || tries === STOPS) return last;
    // An alarm rang while it stopped, and what it changed is not told yet: it serves once more.
    await store.start();
  }
}
