// Power cuts: `kill -9` of the runtime while buyers, gateways and merchants are at it, a look at what lies on the disk,
// and a start on the same storage.

import { setTimeout as sleep } from "node:timers/promises";
import { whereOrdersStood } from "./wreck.mjs";

/** A cut comes at most so long after the order that calls for it. */
const SPREAD_MS = 120;

/**
 * `orderBegins()` is called for every order that begins; at as many seeded ones as there are `kills` the power goes
 * out a moment later. `underWay()` tells what is in flight: `{checkouts, …}`.
 */
export function openPower({ store, orders, kills, random, underWay, isKnown, tell = () => undefined }) {
  const due = moments({ orders, kills, random });
  const cuts = []; // {at, underWay, stages, downMs}
  let begun = 0;
  let restarting = Promise.resolve();
  let failure;
  let stopped = false;

  async function cut(afterMs) {
    await sleep(afterMs);
    if (failure || stopped) return;
    const inFlight = underWay();
    const at = Date.now();
    await store.crash();
    const stages = whereOrdersStood(store.stateDir, isKnown);
    await store.start();
    cuts.push({ at, underWay: inFlight, stages, downMs: Date.now() - at });
    tell(cuts.length);
  }

  return {
    cuts,
    orderBegins() {
      begun += 1;
      while (due.length > 0 && begun >= due[0]) {
        due.shift();
        const afterMs = random() * SPREAD_MS;
        restarting = restarting.then(() => cut(afterMs)).catch((error) => void (failure ??= error));
      }
    },
    /** No further cut comes. */
    stop: () => void (stopped = true),
    /** Resolves when the store serves again and no cut is due; throws if it could not be started. */
    async over() {
      await restarting;
      if (failure) throw failure;
    },
    /** When the store last began to serve after a cut. */
    lastStartAt: () => Math.max(0, ...cuts.map(({ at, downMs }) => at + downMs)),
  };
}

/** Which orders call for a cut: spread over the run, one in each stretch of it. */
function moments({ orders, kills, random }) {
  const stretch = orders / kills;
  return Array.from({ length: kills }, (_, n) => 1 + Math.floor((n + random()) * stretch));
}
