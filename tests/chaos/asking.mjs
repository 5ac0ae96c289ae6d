// Whoever asks the store in the lab asks under one key until there is an answer: a server that is gone, or asks for
// patience, is asked again. Anything else that is not an answer of the contract is a finding.

import { setTimeout as sleep } from "node:timers/promises";

const PATIENCE_MS = 120_000;
const PAUSE_MS = { least: 50, most: 200 };

/** Statuses that ask for patience. */
const LATER = new Set([503]);

/** `{ until(what, send, accepts), underWay, counts }`; what is strange is said to `say`. */
export function openAsking({ random, say }) {
  const counts = { answers: 0, retries: 0, connections_lost: 0, asked_to_wait: 0, gave_up_waiting: 0 };
  const underWay = { checkouts: 0, requests: 0 };

  async function once(send) {
    try {
      return await send();
    } catch (error) {
      // Whoever hangs up says so; fetch calls a server that is gone a TypeError. Anything else is the lab's own mistake.
      if (error.name === "TimeoutError") counts.gave_up_waiting += 1;
      else if (error instanceof TypeError) counts.connections_lost += 1;
      else throw error;
      return undefined;
    }
  }

  return {
    counts,
    underWay: () => ({ ...underWay }),

    /**
     * The answer to `send(tries)`, which sends the same request under the same key each time. `accepts(answer)` says
     * whether it is an answer; `kind` is what is in flight. None after two minutes, which is a finding.
     */
    async until(what, send, { accepts, kind = "requests" }) {
      const end = Date.now() + PATIENCE_MS;
      underWay[kind] += 1;
      try {
        for (let tries = 0; ; tries += 1) {
          const answer = await once(() => send(tries));
          if (answer && accepts(answer)) {
            counts.answers += 1;
            return answer;
          }
          if (answer && !LATER.has(answer.status)) {
            say(`${what} is answered ${answer.status} ${answer.text.slice(0, 300)}`);
            return undefined;
          }
          if (answer) counts.asked_to_wait += 1;
          if (Date.now() > end) {
            say(`${what} has had no answer in ${PATIENCE_MS / 1000} s`);
            return undefined;
          }
          counts.retries += 1;
          await sleep(PAUSE_MS.least + random() * (PAUSE_MS.most - PAUSE_MS.least));
        }
      } finally {
        underWay[kind] -= 1;
      }
    },
  };
}
