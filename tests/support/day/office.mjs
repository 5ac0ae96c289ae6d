// The post between the gateways and the store. What a gateway sends is forwarded, sent twice, held back so that
// later news overtakes it, late, lost, or preceded by a forgery of it; which of these, the seed decides.

import http from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

/** Chances in percent, in this order; what is left is forwarded at once. `late` can be added. */
const CHANCES = { duplicate: 8, reordered: 12, lost: 10, forged: 6 };

/**
 * News that a poll finds as well, so that it may be lost. A refund or a dispute that was started at the gateway
 * is not among them: nobody asks about money that was taken long ago, reconciliation finds it.
 */
const FOUND_BY_POLL =
  /"type":"payment(_intent)?\.|"event":"(payment\.(authorized|captured|failed)|order\.paid)"|"event_type":"(CHECKOUT\.ORDER|PAYMENT\.AUTHORIZATION|PAYMENT\.CAPTURE\.COMPLETED)|"eventType":"net\.authorize\.payment\.(authcapture|authorization|priorAuthCapture|fraud)/;

const SIGNATURES = ["sandbox-signature", "stripe-signature", "x-razorpay-signature", "paypal-transmission-sig", "x-anet-signature"];

const FORWARDED = [...SIGNATURES, "content-type", "x-razorpay-event-id", "paypal-transmission-id",
  "paypal-transmission-time", "paypal-cert-url", "paypal-auth-algo"];

const TRIES = 12;
const LATE_MS = { least: 2_000, most: 10_000 };

/** `to` is where the store takes webhooks, without the gateway's name; `random` decides. */
export async function openPostOffice({ to, random, chances = CHANCES }) {
  const counts = {}; // gateway -> {duplicate, reordered, lost, forged, forwarded}
  const believed = []; // forgeries that the store took
  const settings = { careful: new Set(), closed: false, to };
  let underWay = 0;

  const count = (gateway, what) => {
    counts[gateway] ??= { forwarded: 0, ...Object.fromEntries(Object.keys(chances).map((name) => [name, 0])) };
    counts[gateway][what] += 1;
  };

  async function post({ gateway, headers, body }) {
    const response = await fetch(`${settings.to}/${gateway}`, { method: "POST", headers, body });
    await response.arrayBuffer();
    return response.status;
  }

  /** Until it is taken, as a gateway would. */
  async function postUntilTaken(letter, wait) {
    underWay += 1;
    try {
      await sleep(wait);
      for (let tries = 0; tries < TRIES; tries += 1) {
        const status = await post(letter).catch(() => 0);
        if (status >= 200 && status < 300) return;
        await sleep(Math.min(50 * 2 ** tries, 1_000));
      }
    } finally {
      underWay -= 1;
    }
  }

  function fate(letter) {
    if (settings.careful.has(letter.gateway)) return "forwarded";
    let dice = Math.floor(random() * 100);
    for (const [what, chance] of Object.entries(chances)) {
      dice -= chance;
      if (dice < 0) return what === "lost" && !FOUND_BY_POLL.test(letter.body) ? "forwarded" : what;
    }
    return "forwarded";
  }

  /** More money, or another kind of news, under a signature that was made for less. */
  function forgery({ gateway, headers, body }) {
    const raised = body.replace(/("(?:amount|amount_received|value|authAmount)":"?)([1-9])/g, "$19$2");
    return { gateway, headers, body: raised === body ? body.replace(/}\s*$/, ',"forged":true}') : raised };
  }

  async function handle(letter) {
    if (settings.closed) return 200;
    const what = fate(letter);
    count(letter.gateway, what);
    switch (what) {
      case "lost":
        return 200;
      case "duplicate":
        void postUntilTaken(letter, 5 + random() * 200);
        void postUntilTaken(letter, 5 + random() * 400);
        return post(letter);
      case "reordered":
        void postUntilTaken(letter, 100 + random() * 900);
        return 200;
      case "late":
        void postUntilTaken(letter, LATE_MS.least + random() * (LATE_MS.most - LATE_MS.least));
        return 200;
      case "forged": {
        const status = await post(forgery(letter));
        if (status < 400 || status >= 500) believed.push({ gateway: letter.gateway, status, body: letter.body });
        return post(letter);
      }
      default:
        return post(letter);
    }
  }

  const server = http.createServer((request, response) => {
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      const headers = {};
      for (const name of FORWARDED) if (request.headers[name] !== undefined) headers[name] = request.headers[name];
      const letter = { gateway: request.url.slice(1), headers, body: Buffer.concat(chunks).toString("utf8") };
      underWay += 1;
      handle(letter)
        .catch(() => 503)
        .then((status) => response.writeHead(status).end())
        .finally(() => (underWay -= 1));
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));

  return {
    url: `http://127.0.0.1:${server.address().port}`,
    counts,
    /** Forgeries that the store took for true: none, if all is well. */
    believed,
    /** From now on (or no more) this gateway's news comes as it is sent. */
    careful: (gateway, is = true) => void (is ? settings.careful.add(gateway) : settings.careful.delete(gateway)),
    /** Where the store takes webhooks, for an office that was opened before the store. */
    deliverTo: (url) => void (settings.to = url),
    /** Takes what comes and delivers nothing any more. */
    close: () => void (settings.closed = true),
    async settled(limit = 15_000) {
      const end = Date.now() + limit;
      while (underWay > 0) {
        if (Date.now() > end) throw new Error(`${underWay} letters are still under way`);
        await sleep(10);
      }
    },
    stop() {
      const stopped = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      return stopped;
    },
  };
}
