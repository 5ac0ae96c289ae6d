// A stateful stand-in for PayPal, for tests: tokens that expire, orders that a buyer approves on a page, holds,
// captures, refunds, disputes, the books, and webhooks signed with a certificate of a chain made at the start.
//
// It is stricter than PayPal (a request id on every change, every field checked, no over-capture) and misbehaves on
// request: by `failNext`, or by a `faults` function that is asked about every request. The parts are in `paypal/`.

import http from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

import { toAmount } from "./paypal/amounts.mjs";
import { makeCertificates } from "./paypal/certificates.mjs";
import { openDeliveries } from "./paypal/deliveries.mjs";
import { openLedger } from "./paypal/ledger.mjs";
import { broken, invalid, Refusal, tooMany, unknownClient, unknownToken } from "./paypal/refusal.mjs";
import { carryOut, reused, route } from "./paypal/routes.mjs";
import { chosenSeed, seededRandom } from "./random.mjs";

/** What a request can be made to suffer. `…_after`: the change was made. */
export const FAULTS = new Set([
  "timeout_before", "timeout_after", "reset_before", "reset_after", "500_before", "500_after", "429", "html",
  "malformed_json", "huge", "slow", "wrong_amount", "wrong_id", "duplicate_webhooks", "declined", "pending",
  "refund_pending",
]);

const HTML = "<!doctype html><title>Bad gateway</title>";

/** How long PayPal keeps the keys of orders, and of everything else. */
const KEPT_MS = { create: 6 * 3_600_000, other: 45 * 86_400_000 };

/**
 * Starts the fake.
 *
 * `faults(request)` is asked about every API request (`{ method, path, kind, body, count }`, where `kind` is the
 * route's name) and gives the name of a fault, `{ mode, ms }`, or nothing. Equal seeds give equal ids.
 */
export async function startPaypalFake({
  port = 0,
  host = "127.0.0.1",
  clientId = "fake_client",
  clientSecret = "fake_secret",
  webhookId = "FAKEWEBHOOK1",
  webhookUrl,
  seed = chosenSeed(),
  faults,
  tokenSeconds = 32_400,
  certificates = makeCertificates(),
} = {}) {
  const random = seededRandom(seed);
  const alphabet = "ABCDEFGHJKLMNPQRSTUVWXYZ0123456789";
  const newId = (length) => Array.from({ length }, () => alphabet[Math.floor(random() * alphabet.length)]).join("");
  const webhook = { url: webhookUrl, id: webhookId };
  const tokens = new Map(); // token -> when it expires
  const kept = new Map(); // request id -> {what, at, again}
  const requests = [];
  const failures = []; // {mode, on, ms}
  const counts = { tokens: 0, certificates: 0 };
  let copies;
  let url = "";

  const base = () => url;
  const deliveries = openDeliveries({ webhook, certificates, base, newId, random });
  const ledger = openLedger({ base, newId, announce: (kind, resource) => deliveries.announce(kind, resource, copies) });
  const parts = { ledger, certificates, webhook, checksum: deliveries.checksum };

  function token(request, body) {
    const basic = `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString("base64")}`;
    if (request.headers.authorization !== basic) throw unknownClient();
    if (body !== "grant_type=client_credentials") throw invalid("UNSUPPORTED_GRANT_TYPE");
    counts.tokens += 1;
    const made = `A21AA${newId(40)}`;
    tokens.set(made, Date.now() + tokenSeconds * 1_000);
    return { scope: "x", access_token: made, token_type: "Bearer", app_id: "APP-FAKE", expires_in: tokenSeconds };
  }

  function authenticate(headers) {
    const until = tokens.get(/^Bearer (\S+)$/.exec(headers.authorization ?? "")?.[1]);
    if (until === undefined || until <= Date.now()) throw unknownToken();
  }

  /** Once under one request id, whatever comes: only what succeeded is kept, as at PayPal. */
  function once(to, request, options) {
    const isChange = request.method === "POST" && to.kind !== "verify";
    if (!isChange) return carryOut(parts, to, request, options);
    const key = request.headers["paypal-request-id"];
    if (!key || key.length > 108) throw invalid("this fake demands a PayPal-Request-Id");
    const what = JSON.stringify([to, request.body]);
    const known = kept.get(key);
    const lifetime = to.kind === "create" ? KEPT_MS.create : KEPT_MS.other;
    if (known && Date.now() - known.at < lifetime) {
      if (known.what !== what) throw reused();
      return known.again();
    }
    const result = carryOut(parts, to, request, options);
    kept.set(key, { what, at: Date.now(), again: result.again });
    return result;
  }

  function takeFault(request) {
    const at = failures.findIndex((failure) => failure.on === undefined || failure.on === request.kind);
    const chosen = at < 0 ? faults?.(request) : failures.splice(at, 1)[0];
    const fault = typeof chosen === "string" ? { mode: chosen } : chosen;
    if (fault && !FAULTS.has(fault.mode)) throw new Error(`unknown fault ${fault.mode}`);
    return fault ?? {};
  }

  function send(response, status, body, headers = {}) {
    if (response.destroyed) return;
    const text = typeof body === "string" ? body : JSON.stringify(body);
    response.writeHead(status, {
      "content-type": "application/json",
      ...(status !== 204 && { "content-length": Buffer.byteLength(text) }),
      "paypal-debug-id": "f4ke",
      ...headers,
    });
    response.end(text);
  }

  const refuse = (response, refusal) => send(response, refusal.status, refusal.body, refusal.headers);

  /** How an answer goes wrong on its way. */
  function mangle(response, mode, { status, body }) {
    const text = JSON.stringify(body);
    switch (mode) {
      case "timeout_after":
        return undefined; // the connection stays open until the caller gives up
      case "reset_after":
        return void response.destroy();
      case "500_after":
        return refuse(response, broken());
      case "malformed_json":
        return send(response, status, text.slice(0, -20));
      case "html":
        return send(response, status === 204 ? 200 : status, HTML, { "content-type": "text/html" });
      case "huge":
        return send(response, status, JSON.stringify({ ...body, padding: "x".repeat(10 * 1024 * 1024) }));
      case "wrong_id":
        return send(response, status, body.id ? text.replaceAll(body.id, newId(17)) : text);
      case "wrong_amount":
        return send(response, status, text.replace(/"value":"(\d+)/, (_, whole) => `"value":"${Number(whole) + 1}`));
      default:
        return send(response, status, body);
    }
  }

  async function api(request, response, target, body) {
    const to = route(request.method, target.pathname);
    const seen = { method: request.method, path: target.pathname, kind: to.kind, headers: request.headers, body };
    requests.push({ ...seen, at: Date.now() });
    authenticate(request.headers);
    const { mode, ms = 1_000 } = takeFault({ ...seen, count: requests.length });
    if (mode === "timeout_before") return undefined;
    if (mode === "reset_before") return void response.destroy();
    if (mode === "500_before") throw broken();
    if (mode === "429") throw tooMany();
    copies = mode === "duplicate_webhooks" ? 2 : undefined;
    const options = {
      instrument: ["declined", "pending"].includes(mode) ? mode : undefined,
      refundsPending: mode === "refund_pending",
    };
    let result;
    try {
      result = once(to, { ...seen, url: target }, options);
    } catch (refusal) {
      // Refused, and the refusal is lost on its way like any other answer.
      if (!(refusal instanceof Refusal)) throw refusal;
      result = refusal;
    } finally {
      copies = undefined;
    }
    if (mode === "slow") await sleep(ms);
    return mangle(response, mode, result);
  }

  /** The page that PayPal shows the buyer: looking at it is agreeing, unless `?cancel=1`. */
  function buyersPage(response, target) {
    const order = ledger.get(target.searchParams.get("token"));
    if (!target.searchParams.has("cancel") && order.status === "PAYER_ACTION_REQUIRED") {
      ledger.approve(order.id, target.searchParams.get("instrument") ?? "good");
    }
    if (!order.returnUrl) return send(response, 200, HTML, { "content-type": "text/html" });
    const back = new URL(order.returnUrl);
    back.searchParams.set("token", order.id);
    if (!target.searchParams.has("cancel")) back.searchParams.set("PayerID", "FAKEBUYER1");
    return send(response, 302, "", { location: back.href });
  }

  async function answer(request, response, body) {
    const target = new URL(request.url, "http://paypal");
    try {
      if (target.pathname === "/v1/oauth2/token" && request.method === "POST") {
        return send(response, 200, token(request, body));
      }
      if (target.pathname.startsWith("/v1/notifications/certs/")) {
        counts.certificates += 1;
        return send(response, 200, certificates.chainPem, { "content-type": "application/x-pem-file" });
      }
      if (target.pathname === "/checkoutnow") return buyersPage(response, target);
      return await api(request, response, target, body);
    } catch (error) {
      if (error instanceof Refusal) return refuse(response, error);
      return send(response, 500, { name: "INTERNAL_SERVER_ERROR", message: `the fake failed: ${error.stack}` });
    }
  }

  const server = http.createServer((request, response) => {
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => void answer(request, response, Buffer.concat(chunks).toString("utf8")));
    request.on("error", () => response.destroy());
  });
  server.keepAliveTimeout = 65_000;
  await new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  url = `http://${host}:${server.address().port}`;

  return {
    url, clientId, clientSecret, webhookId, seed,
    /** What the store trusts in place of PayPal's roots: PAYPAL_WEBHOOK_ROOTS. */
    rootPem: certificates.rootPem,
    /** The variables of a store that uses this fake. */
    variables: () => ({
      PAYPAL_CLIENT_ID: clientId, PAYPAL_CLIENT_SECRET: clientSecret, PAYPAL_WEBHOOK_ID: webhookId,
      PAYPAL_BASE_URL: url, PAYPAL_WEBHOOK_ROOTS: certificates.rootPem.replaceAll("\n", "\\n"),
    }),
    /** Every API request: `{method, path, kind, headers, body, at}`; and every event, delivered or not. */
    requests, events: deliveries.events,
    /** How many tokens were issued and certificates fetched. */
    counts,
    /** Every payment's truth, in minor units: the bank statement for audits. */
    book: ledger.book,
    /** Minor units really taken for an order of ours, over all of PayPal's. */
    captured: (orderId) =>
      ledger.book().filter((one) => one.orderId === orderId).reduce((sum, one) => sum + one.captured, 0),
    /** The next request (`on`: of that kind) suffers `mode`; several calls queue up. Goes before `faults`. */
    failNext(mode, { on, times = 1, ms } = {}) {
      if (!FAULTS.has(mode)) throw new Error(`unknown fault ${mode}`);
      for (let n = 0; n < times; n += 1) failures.push({ mode, on, ...(ms && { ms }) });
    },
    clearFailures: () => void (failures.length = 0),
    setFaults: (chosen) => void (faults = chosen),
    setWebhookUrl: (to) => void (webhook.url = to),
    /** No token is good any more, as when the secret was changed or PayPal forgot them. */
    expireTokens: () => tokens.clear(),
    /** The buyer agrees on PayPal's page, with an instrument that is `good`, `declined` or `pending`. */
    approve: (orderId, instrument) => ledger.shown(ledger.approve(orderId, instrument)),
    /** A pending capture or refund is decided. */
    settle: ledger.settle,
    /** Of a capture; the merchant's money is not touched until it is decided. Gives the dispute's id. */
    openDispute: ledger.openDispute,
    /** `lost`, `won` or `withdrawn`. */
    decideDispute: ledger.decideDispute,
    /** The merchant refunds by hand: all that is left, or so many minor units. Gives the refund's id. */
    refundInDashboard(captureId, minor) {
      const amount = minor && toAmount(minor, ledger.partOf("captures", captureId).order.currency);
      return ledger.refund(captureId, { amount }, { byHand: true }).refund.id;
    },
    /** A hold lapses. */
    lapse: (holdId) => void ledger.voidHold(holdId),
    delivery: deliveries.delivery,
    settled: deliveries.settled,
    deliver: deliveries.deliver,
    headers: deliveries.headers,
    close() {
      deliveries.stop();
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      return closed;
    },
  };
}
