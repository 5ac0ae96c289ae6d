// Webhooks: signed with the leaf's key, sent again until they are taken, and on request late, twice or in
// disorder.

import * as zlib from "node:zlib";
import { setTimeout as sleep } from "node:timers/promises";

/** Node 20 has `crc32` only in its later versions. */
function checksum(bytes) {
  if (zlib.crc32) return zlib.crc32(bytes);
  let remainder = 0xffffffff;
  for (const byte of bytes) {
    remainder ^= byte;
    for (let bit = 0; bit < 8; bit += 1) remainder = (remainder >>> 1) ^ (remainder & 1 ? 0xedb88320 : 0);
  }
  return ~remainder >>> 0;
}

/**
 * `webhook` is `{ url, id }` and may change; `certificates` signs; `random` gives the jitter.
 */
export function openDeliveries({ webhook, certificates, base, newId, random }) {
  const events = [];
  const owed = []; // {event, at, tries}
  const settings = { delay_ms: 0, copies: 1, shuffle: false, paused: false };
  const counts = { delivered: 0, refused: 0 };
  let underWay = 0;
  let timer;
  let stopped = false;

  /** The headers of a webhook with this body; every part can be made wrong. */
  function headers(payload, { webhookId = webhook.id, time = new Date(), certUrl, sign = certificates.sign } = {}) {
    const id = `${newId(8)}-${newId(4)}-${newId(12)}`.toLowerCase();
    const text = new Date(time).toISOString().replace(/\.\d+Z$/, "Z");
    return {
      "content-type": "application/json",
      "paypal-transmission-id": id,
      "paypal-transmission-time": text,
      "paypal-transmission-sig": sign(`${id}|${text}|${webhookId}|${checksum(Buffer.from(payload))}`),
      "paypal-cert-url": certUrl ?? `${base()}/v1/notifications/certs/CERT-fake-1`,
      "paypal-auth-algo": "SHA256withRSA",
    };
  }

  /** Posts one event now and gives the status, whatever `delivery` says. */
  async function deliver(event, options = {}) {
    const payload = typeof event === "string" ? event : JSON.stringify(event);
    const response = await fetch(options.url ?? webhook.url, {
      method: "POST", headers: options.headers ?? headers(payload, options), body: payload,
    });
    await response.arrayBuffer();
    return response.status;
  }

  function announce(kind, resource, copies = settings.copies) {
    const event = {
      id: `WH-${newId(17)}-${newId(17)}`, event_version: "1.0", create_time: new Date().toISOString(),
      resource_type: kind.split(".").slice(0, 2).join("-").toLowerCase(), resource_version: "2.0", event_type: kind,
      summary: kind, resource: structuredClone(resource),
    };
    events.push(event);
    if (!webhook.url) return;
    for (let copy = 0; copy < copies; copy += 1) {
      const jitter = settings.shuffle ? random() * Math.max(settings.delay_ms, 250) : copy * 20;
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
    for (const one of owed.filter((waiting) => waiting.at <= now).slice(0, 32 - underWay)) {
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
    events, announce, deliver, headers,
    /** `{delay_ms, copies, shuffle, paused}`, any of them. */
    delivery(changes = {}) {
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
    checksum,
  };
}
