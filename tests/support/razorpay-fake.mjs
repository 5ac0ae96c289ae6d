// A stateful stand-in for Razorpay, for tests: orders, payments, refunds, disputes, lists, the hosted
// checkout's return and signed webhooks.
//
// It is stricter than Razorpay (a field that is not documented is refused) and misbehaves on request.
// What it signs is held to the official `razorpay` package by its own test.

import http from "node:http";

import { newId, openBook, RazorpayError } from "./razorpay/book.mjs";
import { openDelivery, returnSignature } from "./razorpay/delivery.mjs";
import {
  authenticate, captureRequest, listQuery, orderRequest, refundRequest, route,
} from "./razorpay/requests.mjs";

/**
 * What a request can be made to suffer: by `faults(request)`, which gives a mode (or `{mode, ms}`) or
 * nothing, or by `failNext`. `…_after` means that the change was made and its answer is lost.
 */
const MODES = new Set([
  "hang", "timeout_before", "timeout_after", "reset_before", "reset_after", "500_before", "500_after", "429",
  "html", "malformed_json", "huge", "slow", "wrong_amount", "wrong_id",
]);

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const TROUBLE = {
  error: { code: "SERVER_ERROR", description: "We are facing some trouble completing your request at the moment." },
};
const TOO_MANY = { error: { code: "BAD_REQUEST_ERROR", description: "Too many requests" } };

/**
 * Starts the fake. `faults(request)` is asked before every request that reached a known route; `request`
 * is `{method, path, kind, id, headers, body, n}`, `n` counting from 1.
 */
export async function startRazorpayFake({
  port = 0,
  host = "127.0.0.1",
  keyId = "rzp_test_fake",
  keySecret = "fake_key_secret",
  webhookSecret = "fake_webhook_secret",
  webhookUrl,
  faults = () => undefined,
  delay_ms = 0,
} = {}) {
  const requests = [];
  const events = [];
  const failures = []; // {mode, on, ms}
  const delivery = openDelivery({ url: webhookUrl, secret: webhookSecret });
  const book = openBook({ announce });
  let delay = delay_ms;

  function announce(kind, entities) {
    const payload = Object.fromEntries(Object.entries(entities).map(([name, entity]) => [name, { entity }]));
    const body = JSON.stringify({
      entity: "event",
      account_id: "acc_FakeAccount001",
      event: kind,
      contains: Object.keys(entities),
      payload,
      created_at: Math.floor(Date.now() / 1000),
    });
    const event = { id: newId("evt").slice(4), kind, body };
    events.push(event);
    delivery.owe(event);
  }

  // ---- requests -----------------------------------------------------------------------------------------

  function carryOut({ kind, id }, { headers }, parameters, body, mode) {
    const expand = parameters.getAll("expand[]").includes("payments");
    switch (kind) {
      case "create_order":
        return book.createOrder(orderRequest(headers, body), { wrong_amount: mode === "wrong_amount" ? 1 : 0 });
      case "list_orders":
        return book.orders(listQuery(parameters), parameters.get("receipt") ?? undefined, expand);
      case "fetch_order":
        return book.order(id);
      case "order_payments":
        return book.paymentsOf(id);
      case "list_payments":
        return book.payments(listQuery(parameters));
      case "fetch_payment":
        return book.payment(id);
      case "capture":
        return book.capture(id, captureRequest(headers, body));
      case "refund": {
        const { body: request, key } = refundRequest(headers, body);
        return book.refund(id, request, key);
      }
      case "payment_refunds":
        return book.refundsOf(id, listQuery(parameters));
      case "list_refunds":
        return book.refunds(listQuery(parameters));
      default:
        return book.refundOf(id);
    }
  }

  function send(response, status, body, headers = {}) {
    if (response.destroyed) return;
    const text = typeof body === "string" ? body : JSON.stringify(body);
    response.writeHead(status, {
      "content-type": "application/json", "content-length": Buffer.byteLength(text), ...headers,
    });
    response.end(text);
  }

  /** The mode of this request, by `failNext` first. */
  function fault(request) {
    const at = failures.findIndex((failure) => failure.on === undefined || failure.on === request.kind);
    const found = at < 0 ? faults(request) : failures.splice(at, 1)[0];
    const { mode, ms = 1_000 } = typeof found === "string" ? { mode: found } : (found ?? {});
    if (mode !== undefined && !MODES.has(mode)) throw new Error(`unknown mode ${mode}`);
    return { mode, ms };
  }

  async function answer(incoming, response, body) {
    const target = new URL(incoming.url, "http://razorpay");
    try {
      const to = route(incoming.method, target.pathname);
      const { method, headers } = incoming;
      const request = { method, path: target.pathname, ...to, headers, body, at: Date.now(), n: requests.length + 1 };
      requests.push(request);
      authenticate(headers, keyId, keySecret);
      const { mode, ms } = fault(request);
      if (mode === "hang" || mode === "timeout_before") return; // open until the caller gives up
      if (mode === "reset_before") return void response.destroy();
      if (mode === "500_before") return send(response, 500, TROUBLE);
      if (mode === "429") return send(response, 429, TOO_MANY, { "retry-after": "1" });
      const result = carryOut(to, incoming, target.searchParams, body, mode);
      const wait = mode === "slow" ? ms : delay;
      if (wait > 0) await sleep(wait);
      spoil(response, mode, result);
    } catch (error) {
      if (error instanceof RazorpayError) return send(response, error.status, { error: error.error });
      send(response, 500, { error: { code: "SERVER_ERROR", description: `the fake failed: ${error.stack}` } });
    }
  }

  /** Answers, in the way that the mode asks for. */
  function spoil(response, mode, result) {
    switch (mode) {
      case "timeout_after":
        return undefined;
      case "reset_after":
        return void response.destroy();
      case "500_after":
        return send(response, 500, TROUBLE);
      case "malformed_json":
        return send(response, 200, JSON.stringify(result).slice(0, -20));
      case "html":
        return send(response, 200, "<!doctype html><title>Bad gateway</title>", { "content-type": "text/html" });
      case "huge":
        return send(response, 200, { ...result, padding: "x".repeat(10 * 1024 * 1024) });
      case "wrong_id":
        return send(response, 200, { ...result, id: newId("order"), receipt: null, notes: [] });
      default:
        return send(response, 200, result);
    }
  }

  // ---- what the buyer does ------------------------------------------------------------------------------

  /** What the browser is sent back with. */
  function backFrom(payment) {
    if (payment.status === "failed") {
      const { error_code: code, error_description: description, error_reason: reason } = payment;
      return { error: { code, description, reason, metadata: { order_id: payment.order_id, payment_id: payment.id } } };
    }
    return {
      razorpay_payment_id: payment.id,
      razorpay_order_id: payment.order_id,
      razorpay_signature: returnSignature(keySecret, payment.order_id, payment.id),
    };
  }

  /**
   * The buyer pays an order in the hosted checkout: `captured`, `authorized` or `failed`; without an
   * outcome as the order's own terms say. `notes` are what the page gave the checkout; `again` lets a paid
   * order be paid once more, as a late authorization can.
   */
  function pay(orderId, { outcome, ...options } = {}) {
    const byTerms = book.terms(orderId).capture === "manual" ? "authorized" : "captured";
    const { id } = book.attempt(orderId, options);
    return backFrom(book.decide(id, outcome ?? byTerms));
  }

  // ---- life ---------------------------------------------------------------------------------------------

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

  return {
    url: `http://${host}:${server.address().port}`,
    keyId,
    keySecret,
    webhookSecret,
    /** Every request that reached a known route: `{method, path, kind, id, headers, body, at, n}`. */
    requests,
    /** Every event that came about, delivered or not: `{id, kind, body}`, the body as it is signed. */
    events,
    pay,
    /** Opens the checkout and leaves the outcome open; `decide(paymentId, outcome)` says it later. */
    attempt: (orderId, options) => book.attempt(orderId, options).id,
    decide: (paymentId, outcome) => backFrom(book.decide(paymentId, outcome)),
    /** Somebody presses "capture", or "refund", in Razorpay's dashboard. */
    dashboardCapture(paymentId) {
      const { amount, currency } = book.payment(paymentId);
      return book.capture(paymentId, { amount, currency });
    },
    dashboardRefund: (paymentId, amount, { notes, receipt } = {}) =>
      book.refund(paymentId, { ...(amount && { amount }), ...(notes && { notes }), ...(receipt && { receipt }) }),
    /** Held money goes back by itself. */
    lapse: book.lapse,
    /** What becomes of new refunds: `processed` (at once) or `pending`, until `decideRefund(id, status)`. */
    refundsAre: (status) => void (book.settings.refunds = status),
    decideRefund: book.decideRefund,
    openDispute: book.openDispute,
    decideDispute: book.decideDispute,
    /** Every payment's truth in minor units: captured, refunded, charged back, and whose it is. */
    book: book.truth,
    order: (orderId) => book.order(orderId, true),
    /** Minor units really taken for an order of ours, over all payments. */
    captured: (ours) =>
      book.truth().filter((one) => one.order_id === ours).reduce((sum, one) => sum + one.captured, 0),
    /** The next request (`on`: of that kind) suffers `mode`; several calls queue up. */
    failNext(mode, { on, times = 1, ms = 1_000 } = {}) {
      if (!MODES.has(mode)) throw new Error(`unknown mode ${mode}`);
      for (let n = 0; n < times; n += 1) failures.push({ mode, on, ms });
    },
    clearFailures: () => void (failures.length = 0),
    setFaults: (by) => void (faults = by ?? (() => undefined)),
    setDelay: (ms) => void (delay = ms),
    setWebhookUrl: delivery.setUrl,
    delivery: delivery.change,
    settled: delivery.settled,
    deliver: delivery.deliver,
    sign: delivery.sign,
    stop() {
      delivery.stop();
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      return closed;
    },
  };
}
