// Webhooks on their way out: at least once, each try signed afresh, until the shop answers 2xx.
//
// On request they are late, twice, in another order, or not sent at all for a while, because that is
// what real gateways do on their bad days.

import { createHmac } from "node:crypto";
import http from "node:http";
import https from "node:https";

const CONCURRENCY = 32;
const TIME_LIMIT_MS = 10_000;
const FIRST_BACKOFF_MS = 100;
const LONGEST_BACKOFF_MS = 60_000;
const MAX_ATTEMPTS = 25; // about a quarter of an hour

/** The value of the `Sandbox-Signature` header: Stripe's scheme. */
export function sign(body, secret, seconds = Math.floor(Date.now() / 1000)) {
  const mac = createHmac("sha256", secret).update(`${seconds}.${body}`).digest("hex");
  return `t=${seconds},v1=${mac}`;
}

export function startDelivery({ store, webhookUrl, webhookSecret, log }) {
  const settings = { delay_ms: 0, copies: 1, shuffle: false, paused: false };
  const counts = { delivered: 0, attempts_failed: 0, given_up: 0 };
  const waiting = []; // {id, body, attempts, nextAt}
  const target = webhookUrl ? new URL(webhookUrl) : undefined;
  const client = target?.protocol === "https:" ? https : http;
  const agent = new client.Agent({ keepAlive: true, maxSockets: CONCURRENCY });
  let underWay = 0;
  let timer;
  let stopped = false;

  if (target) {
    for (const row of store.deliveries()) {
      waiting.push({ id: row.id, body: row.body, attempts: row.attempts, nextAt: row.next_at });
    }
  }

  function post(body) {
    return new Promise((resolve) => {
      const request = client.request(target, {
        method: "POST",
        agent,
        timeout: TIME_LIMIT_MS,
        headers: {
          "content-type": "application/json",
          "content-length": Buffer.byteLength(body),
          "sandbox-signature": sign(body, webhookSecret),
          "user-agent": "cartwright-sandbox",
        },
      });
      request.on("response", (response) => {
        response.resume();
        response.on("end", () => resolve(response.statusCode));
        response.on("error", () => resolve(0));
      });
      request.on("timeout", () => request.destroy(new Error("time limit")));
      request.on("error", () => resolve(0));
      request.end(body);
    });
  }

  async function attempt(delivery) {
    const status = await post(delivery.body);
    underWay -= 1;
    if (stopped) return; // the row stays, so it is sent after the next start
    if (status >= 200 && status < 300) {
      counts.delivered += 1;
      store.deleteDelivery(delivery.id);
    } else {
      counts.attempts_failed += 1;
      delivery.attempts += 1;
      if (delivery.attempts >= MAX_ATTEMPTS) {
        counts.given_up += 1;
        store.deleteDelivery(delivery.id);
        log(`gave up a webhook after ${delivery.attempts} attempts; the last answer was ${status || "none"}`);
      } else {
        const backoff = Math.min(FIRST_BACKOFF_MS * 2 ** (delivery.attempts - 1), LONGEST_BACKOFF_MS);
        delivery.nextAt = Date.now() + backoff;
        store.postponeDelivery(delivery.id, delivery.attempts, delivery.nextAt);
        waiting.push(delivery);
      }
    }
    pumpSoon();
  }

  function pump() {
    clearTimeout(timer);
    if (stopped || settings.paused || !target) return;
    const now = Date.now();
    let soonest = Infinity;
    let kept = 0;
    if (settings.shuffle) {
      for (let i = waiting.length - 1; i > 0; i -= 1) {
        const j = Math.floor(Math.random() * (i + 1));
        [waiting[i], waiting[j]] = [waiting[j], waiting[i]];
      }
    }
    for (const delivery of waiting) {
      if (delivery.nextAt <= now && underWay < CONCURRENCY) {
        underWay += 1;
        void attempt(delivery);
      } else {
        soonest = Math.min(soonest, delivery.nextAt);
        waiting[kept] = delivery;
        kept += 1;
      }
    }
    waiting.length = kept;
    if (soonest < Infinity && underWay < CONCURRENCY) {
      timer = setTimeout(pump, Math.max(1, soonest - now));
    }
  }

  // Many events come from one turn of the event loop; the queue is walked once for all of them.
  let pumping = false;
  function pumpSoon() {
    if (pumping || stopped) return;
    pumping = true;
    setImmediate(() => {
      pumping = false;
      pump();
    });
  }

  pumpSoon();

  return {
    /** Owes an event, as often as `copies` says. Call inside the transaction that made it happen. */
    owe(event) {
      if (!target) return;
      const body = JSON.stringify(event);
      for (let copy = 0; copy < settings.copies; copy += 1) {
        // Out of order: each waits for a while of its own. A second copy comes a little later.
        const jitter = settings.shuffle ? Math.random() * Math.max(settings.delay_ms, 250) : copy * 20;
        const nextAt = Math.floor(Date.now() + settings.delay_ms + jitter);
        const id = store.insertDelivery(body, nextAt);
        waiting.push({ id, body, attempts: 0, nextAt });
      }
      pumpSoon();
    },
    configure(changes) {
      Object.assign(settings, changes);
      pumpSoon();
      return this.status();
    },
    /** Sends everything that waits now, whatever its time. */
    flush() {
      for (const delivery of waiting) delivery.nextAt = 0;
      pumpSoon();
    },
    status: () => ({ ...settings, pending: waiting.length + underWay, ...counts }),
    stop() {
      stopped = true;
      clearTimeout(timer);
      agent.destroy();
    },
  };
}
