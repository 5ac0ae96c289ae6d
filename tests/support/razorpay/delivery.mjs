// Razorpay's webhooks: signed over the raw body, sent again until they are taken, and on request late,
// twice and out of order.

import { createHmac } from "node:crypto";

const hmac = (secret, text) => createHmac("sha256", secret).update(text).digest("hex");

/** What the checkout signs when the buyer's browser is sent back. */
export const returnSignature = (keySecret, orderId, paymentId) => hmac(keySecret, `${orderId}|${paymentId}`);

/** Sends webhooks. `url` may come later; without one nothing is sent. */
export function openDelivery({ url, secret }) {
  const settings = { delay_ms: 0, copies: 1, shuffle: false, paused: false };
  const counts = { delivered: 0, refused: 0 };
  const owed = []; // {event, at, tries}
  let underWay = 0;
  let timer;
  let stopped = false;

  const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

  /**
   * Posts one event now and gives the status. `event` is `{id, body}`; `signature`, `secret`, `id` and
   * `headers` replace what Razorpay would send.
   */
  async function deliver(event, options = {}) {
    const id = options.id ?? event.id;
    const response = await fetch(options.url ?? url, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        "x-razorpay-signature": options.signature ?? hmac(options.secret ?? secret, event.body),
        ...(id && { "x-razorpay-event-id": id }),
        ...options.headers,
      },
      body: event.body,
    });
    await response.arrayBuffer();
    return response.status;
  }

  function owe(event) {
    if (!url || stopped) return;
    for (let copy = 0; copy < settings.copies; copy += 1) {
      const jitter = settings.shuffle ? Math.random() * Math.max(settings.delay_ms, 250) : copy * 20;
      owed.push({ event, at: Date.now() + settings.delay_ms + jitter, tries: 0 });
    }
    schedule();
  }

  function schedule() {
    clearTimeout(timer);
    if (stopped || settings.paused || owed.length === 0) return;
    const soonest = Math.min(...owed.map((one) => one.at));
    timer = setTimeout(pump, Math.max(1, soonest - Date.now()));
  }

  function pump() {
    const ready = owed.filter((one) => one.at <= Date.now()).slice(0, 32 - underWay);
    for (const one of ready) {
      owed.splice(owed.indexOf(one), 1);
      underWay += 1;
      deliver(one.event)
        .catch(() => 0)
        .then((status) => {
          underWay -= 1;
          taken(one, status);
          schedule();
        });
    }
    schedule();
  }

  function taken(one, status) {
    if (status >= 200 && status < 300) {
      counts.delivered += 1;
    } else if (!stopped) {
      counts.refused += 1;
      one.tries += 1;
      one.at = Date.now() + Math.min(100 * 2 ** one.tries, 5_000);
      if (one.tries < 20) owed.push(one);
    }
  }

  return {
    deliver,
    owe,
    sign: (body, by = secret) => hmac(by, body),
    setUrl: (to) => void (url = to),
    /** `{delay_ms, copies, shuffle, paused}`, any of them. */
    change(changes = {}) {
      Object.assign(settings, changes);
      schedule();
      return { ...settings, pending: owed.length + underWay, ...counts };
    },
    /** Resolves when no webhook is owed any more. */
    async settled(limit = 10_000) {
      const end = Date.now() + limit;
      while (owed.length + underWay > 0) {
        if (Date.now() > end) throw new Error(`${owed.length + underWay} webhooks still owed`);
        await sleep(5);
      }
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
