// Signed notifications: in order or not, once or more often, until they are taken.

import { createHmac, randomUUID } from "node:crypto";

export function createWebhooks({ url, signatureKey, now }) {
  const events = [];
  const owed = []; // {event, at, tries}
  const settings = { delay_ms: 0, copies: 1, shuffle: false, paused: false };
  const counts = { delivered: 0, refused: 0 };
  let underWay = 0;
  let timer;
  let stopped = false;

  /** The header over a body: the literal text of the key, and hexadecimal in capitals. */
  const header = (payload, key = signatureKey) =>
    `sha512=${createHmac("sha512", key).update(payload).digest("hex").toUpperCase()}`;

  function announce(kind, transaction, responseCode = 1) {
    const event = {
      notificationId: randomUUID(),
      eventType: `net.authorize.payment.${kind}`,
      eventDate: `${new Date(now()).toISOString().slice(0, -1)}0095Z`,
      webhookId: "63d6fea2-aa13-4b1d-a204-f5fbc15942b7",
      payload: {
        responseCode, authCode: "QWX20S", avsResponse: "Y", authAmount: transaction.authMinor / 100,
        ...(transaction.invoice && { merchantReferenceId: transaction.invoice, invoiceNumber: transaction.invoice }),
        entityName: "transaction", id: transaction.id,
      },
    };
    events.push(event);
    if (!url) return;
    for (let copy = 0; copy < settings.copies; copy += 1) {
      const jitter = settings.shuffle ? Math.random() * Math.max(settings.delay_ms, 250) : copy * 20;
      owed.push({ event, at: Date.now() + settings.delay_ms + jitter, tries: 0 });
    }
    schedule();
  }

  /** Posts one event now and gives the status, whatever `delivery` says. */
  async function deliver(event, options = {}) {
    const payload = typeof event === "string" ? event : JSON.stringify(event);
    const response = await fetch(options.url ?? url, {
      method: "POST",
      headers: { "content-type": "application/json", "x-anet-signature": options.header ?? header(payload, options.key) },
      body: payload,
    });
    await response.arrayBuffer();
    return response.status;
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
    events,
    announce,
    deliver,
    header,
    setUrl: (to) => void (url = to),
    delivery(changes = {}) {
      Object.assign(settings, changes);
      schedule();
      return { ...settings, pending: owed.length + underWay, ...counts };
    },
    /** Resolves when no webhook is owed any more. */
    async quiet(limit = 10_000) {
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
