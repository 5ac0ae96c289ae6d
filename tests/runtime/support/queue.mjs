// The `events` queue, in the test's hands: it can refuse, hold, deliver late, twice or in any order.

import { createExecutionContext, createMessageBatch, getQueueResult } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { clock } from "./clock.mjs";

const BATCH = 100;
const RETRY_AFTER = 5_000;
const MAX_RETRIES = 100;

let serial = 0;

export const queue = {
  /** What waits to be delivered. */
  waiting: [],
  /** Everything that was ever taken, oldest first. */
  taken: [],
  /** Given up after every retry. */
  dead: [],
  /** While true, nothing is delivered. */
  held: false,
  /** Whether messages go to the platform's own queue instead. */
  real: false,
  /** Says of a batch whether it is refused. */
  refuses: () => false,

  reset() {
    Object.assign(queue, { waiting: [], taken: [], dead: [], held: false, real: false, refuses: () => false });
  },

  accept(messages) {
    if (queue.refuses(messages)) throw new Error("injected: Queue is overloaded. Please back off.");
    for (const { body } of messages) {
      queue.taken.push(body);
      queue.waiting.push(message(body));
    }
  },

  /** When the next message may be delivered, if any waits. */
  nextAt() {
    return queue.held ? undefined : queue.waiting.map((one) => one.notBefore).sort((a, b) => a - b)[0];
  },

  /** Delivers one batch of what is due. Whether there was any. */
  async deliver() {
    if (queue.held) return false;
    const due = queue.waiting.filter((one) => one.notBefore <= clock.now()).slice(0, BATCH);
    if (due.length === 0) return false;
    await queue.hand(due);
    return true;
  },

  /** Hands these messages to the consumer as one batch. */
  async hand(messages) {
    const { default: worker } = await import("./worker.mjs");
    for (const one of messages) one.attempts += 1;
    const batch = createMessageBatch("events", messages.map(({ id, body, attempts }) => ({
      id, body, attempts, timestamp: new Date(clock.now()),
    })));
    const context = createExecutionContext();
    const outcome = await worker.queue(batch, env, context).then(
      () => getQueueResult(batch, context),
      () => ({ retryBatch: { retry: true }, retryMessages: [] }),
    );
    const again = new Set(outcome.retryMessages.map((one) => one.msgId));
    for (const one of messages) {
      const retried = outcome.retryBatch.retry || again.has(one.id);
      one.notBefore = clock.now() + RETRY_AFTER;
      if (!retried || one.attempts > MAX_RETRIES) queue.waiting = queue.waiting.filter((other) => other !== one);
      if (retried && one.attempts > MAX_RETRIES) queue.dead.push(one.body);
    }
  },

  /** Puts messages in as if somebody had sent them. */
  put(...bodies) {
    queue.waiting.push(...bodies.map(message));
  },
};

function message(body) {
  serial += 1;
  return { id: `message-${serial}`, body, attempts: 0, notBefore: 0 };
}
