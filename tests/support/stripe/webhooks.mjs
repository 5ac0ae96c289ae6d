// The fake's webhooks on their way out, signed by the official `stripe` package: the shop's verification is
// tested against somebody else's code.

import Stripe from "stripe";

export function openWebhooks({ secretKey, webhookSecret, webhookUrl }) {
  const owed = []; // {event, at, tries}
  const settings = { delay_ms: 0, copies: 1, shuffle: false, paused: false };
  const counts = { delivered: 0, refused: 0 };
  let target = webhookUrl;
  let underWay = 0;
  let timer;
  let stopped = false;

  const stripe = new Stripe(secretKey);

  /** The header that the official package makes for a body. */
  const header = (payload, { secret = webhookSecret, timestamp } = {}) =>
    stripe.webhooks.generateTestHeaderString({ payload, secret, ...(timestamp && { timestamp }) });

  /** Posts one event now and gives the status, whatever `delivery` says. */
  async function deliver(event, options = {}) {
    const payload = typeof event === "string" ? event : JSON.stringify(event);
    const response = await fetch(options.url ?? target, {
      method: "POST",
      headers: { "content-type": "application/json", "stripe-signature": options.header ?? header(payload, options) },
      body: payload,
    });
    await response.arrayBuffer();
    return response.status;
  }

  function owe(event) {
    if (!target) return;
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
    const now = Date.now();
    const ready = owed.filter((one) => one.at <= now).slice(0, 32 - underWay);
    for (const one of ready) {
      owed.splice(owed.indexOf(one), 1);
      underWay += 1;
      deliver(one.event)
        .catch(() => 0)
        .then((status) => {
          underWay -= 1;
          if (status >= 200 && status < 300) {
            counts.delivered += 1;
          } else if (!stopped) {
            counts.refused += 1;
            one.tries += 1;
            one.at = Date.now() + Math.min(100 * 2 ** one.tries, 5_000);
            if (one.tries < 20) owed.push(one);
          }
          schedule();
        });
    }
    schedule();
  }

  return {
    deliver,
    header,
    owe,
    to: (url) => void (target = url),
    configure(changes) {
      Object.assign(settings, changes);
      schedule();
      return { ...settings, pending: owed.length + underWay, ...counts };
    },
    async settled(limit) {
      const end = Date.now() + limit;
      while (owed.length + underWay > 0) {
        if (Date.now() > end) throw new Error(`${owed.length + underWay} webhooks still owed`);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
