// A stateful stand-in for Stripe, for tests: PaymentIntents, charges, refunds, disputes and the books.
//
// It is stricter than Stripe (the version header and an idempotency key on every POST are demanded,
// every form field is checked) and misbehaves on request. Its parts are in stripe/.

import http from "node:http";

import { invalid, newId, seconds, StripeError } from "./stripe/errors.mjs";
import { checkCapture, checkCreate, checkRefund, expansions, readForm, route } from "./stripe/input.mjs";
import { openIntents } from "./stripe/intents.mjs";
import { openMoney } from "./stripe/money.mjs";
import { openWebhooks } from "./stripe/webhooks.mjs";

/** What a request can be made to suffer; see `failNext`. */
const MODES = new Set([
  "timeout_before", "timeout_after", "reset_before", "reset_after", "500_before", "500_after", "500_kept", "429",
  "wrong_amount", "wrong_currency", "wrong_id", "malformed_json", "html", "huge", "decline", "requires_action", "slow",
]);

/**
 * Starts the fake.
 *
 * `delay_ms` is how long every answer takes. `fault(request)` may give a mode of `failNext` (or `{mode, ms}`)
 * for each request `{method, path, kind, headers, body}`. The result has the control functions at its end.
 */
export async function startStripeFake({
  port = 0,
  host = "127.0.0.1",
  webhookUrl,
  webhookSecret = "whsec_fake",
  secretKey = "sk_test_fake",
  delay_ms = 0,
  fault = () => undefined,
} = {}) {
  const intents = new Map();
  const kept = new Map(); // idempotency key -> {params, status, body}
  const requests = [];
  const events = [];
  const failures = []; // {mode, on, ms}
  let delay = delay_ms;

  const webhooks = openWebhooks({ secretKey, webhookSecret, webhookUrl });

  function announce(type, object, key = null) {
    const event = {
      id: newId("evt"),
      object: "event",
      api_version: "2026-08-26.dahlia",
      created: seconds(),
      data: { object: structuredClone(object) },
      livemode: false,
      pending_webhooks: 1,
      request: { id: newId("req"), idempotency_key: key },
      type,
    };
    events.push(event);
    webhooks.owe(event);
  }

  const money = openMoney({ intents, announce });
  const { attempt, cancel, capture, create, find, shown } = openIntents({ intents, announce, money, url: () => url });

  // ---- requests ---------------------------------------------------------------------------------------------

  function authenticate(headers) {
    if (headers.authorization !== `Bearer ${secretKey}`) {
      throw new StripeError(401, { type: "invalid_request_error", message: "Invalid API Key provided" });
    }
    if (!/^\d{4}-\d{2}-\d{2}(\.[a-z]+)?$/.test(headers["stripe-version"] ?? "")) {
      throw invalid("this fake demands a pinned Stripe-Version");
    }
  }

  function post(to, headers, body, mode) {
    if (!/^application\/x-www-form-urlencoded(;|$)/.test(headers["content-type"] ?? "")) {
      throw invalid("Invalid request: unsupported content type");
    }
    const key = headers["idempotency-key"];
    if (!key || key.length > 255) throw invalid("this fake demands an Idempotency-Key");
    const form = readForm(body, to.kind);
    const params = JSON.stringify([to, Object.entries(form).sort()]);
    const known = kept.get(key);
    if (known) {
      if (known.params !== params) {
        throw new StripeError(400, {
          type: "idempotency_error",
          message: `Keys for idempotent requests can only be used with the same parameters they were first used with.`,
        });
      }
      return { ...known, replayed: true };
    }
    if (to.kind === "create") checkCreate(form);
    if (to.kind === "capture") checkCapture(form);
    if (to.kind === "refund") checkRefund(form);
    let answer;
    try {
      const body =
        to.kind === "refund" ? money.refund(find(form.payment_intent), form, key)
        : to.kind === "create" ? shown(create(form, key, mode))
        : to.kind === "capture" ? shown(capture(find(to.id), form))
        : shown(cancel(find(to.id), form));
      answer = { status: 200, body: structuredClone(body) };
    } catch (error) {
      if (!(error instanceof StripeError)) throw error;
      answer = { status: error.status, body: { error: error.fields } };
    }
    if (mode === "500_kept") answer = { status: 500, body: { error: { type: "api_error", message: "An error occurred" } } };
    kept.set(key, { params, ...answer });
    return answer;
  }

  function search(query) {
    const wanted = /^metadata\['(\w+)'\]:'([^'\\]*)'$/.exec(query ?? "");
    if (!wanted) throw invalid("this fake searches by one metadata field only", undefined, { param: "query" });
    const data = [...intents.values()].filter((intent) => intent.metadata[wanted[1]] === wanted[2]).map(shown);
    return {
      status: 200,
      body: { object: "search_result", url: "/v1/payment_intents/search", has_more: false, next_page: null, data },
    };
  }

  function carryOut(request, to, target, body, mode) {
    if (request.method === "POST") return post(to, request.headers, body, mode);
    if (to.kind === "search") return search(target.searchParams.get("query"));
    if (to.kind === "refunds") return { status: 200, body: money.refundList(target.searchParams) };
    if (to.kind === "books") return { status: 200, body: money.books(target.searchParams) };
    return { status: 200, body: money.expanded(shown(find(to.id)), expansions(target.searchParams)) };
  }

  function takeFailure(request) {
    const at = failures.findIndex((failure) => failure.on === undefined || failure.on === request.kind);
    if (at >= 0) return failures.splice(at, 1)[0];
    const asked = fault(request);
    if (asked === undefined) return undefined;
    const failure = typeof asked === "string" ? { mode: asked } : asked;
    if (!MODES.has(failure.mode)) throw new Error(`unknown mode ${failure.mode}`);
    return { ms: 1_000, ...failure };
  }

  const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

  function send(response, status, body, headers = {}) {
    if (response.destroyed) return;
    const text = typeof body === "string" ? body : JSON.stringify(body);
    response.writeHead(status, {
      "content-type": "application/json",
      "content-length": Buffer.byteLength(text),
      "request-id": newId("req"),
      ...headers,
    });
    response.end(text);
  }

  const apiError = { error: { type: "api_error", message: "Something went wrong on Stripe's end." } };

  async function answer(request, response, body) {
    const target = new URL(request.url, "http://stripe");
    let failure;
    try {
      const to = route(request.method, target.pathname);
      const seen = {
        method: request.method, path: target.pathname, kind: to.kind, headers: request.headers, body, at: Date.now(),
      };
      requests.push(seen);
      authenticate(request.headers);
      failure = takeFailure(seen);
      const mode = failure?.mode;
      if (mode === "timeout_before") return; // the connection stays open until the caller gives up
      if (mode === "reset_before") return void response.destroy();
      if (mode === "500_before") return send(response, 500, apiError);
      if (mode === "429") {
        const error = { type: "invalid_request_error", code: "rate_limit", message: "Too many requests" };
        return send(response, 429, { error }, { "retry-after": "1" });
      }
      const result = carryOut(request, to, target, body, mode);
      const wait = mode === "slow" ? failure.ms : delay;
      if (wait > 0) await sleep(wait);
      const replayed = result.replayed ? { "idempotent-replayed": "true" } : {};
      switch (mode) {
        case "timeout_after":
          return;
        case "reset_after":
          return void response.destroy();
        case "500_after":
          return send(response, 500, apiError);
        case "malformed_json":
          return send(response, 200, JSON.stringify(result.body).slice(0, -20));
        case "html":
          return send(response, 200, "<!doctype html><title>Bad gateway</title>", { "content-type": "text/html" });
        case "huge":
          return send(response, 200, JSON.stringify({ ...result.body, padding: "x".repeat(10 * 1024 * 1024) }));
        case "wrong_id":
          return send(response, result.status, { ...result.body, id: newId("pi"), metadata: {} });
        default:
          return send(response, result.status, result.body, replayed);
      }
    } catch (error) {
      if (!(error instanceof StripeError)) {
        return send(response, 500, { error: { type: "api_error", message: `the fake failed: ${error.stack}` } });
      }
      return send(response, error.status, { error: error.fields });
    }
  }

  // ---- life ---------------------------------------------------------------------------------------------------

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
  const url = `http://${host}:${server.address().port}`;

  return {
    url,
    secretKey,
    webhookSecret,
    /** Every request that reached a known route: `{method, path, kind, headers, body, at}`. */
    requests,
    /** Every event that came about, delivered or not. */
    events,
    /** Every PaymentIntent with the key that made it: the bank statement for audits. */
    get payments() {
      return [...intents.values()].map((intent) => structuredClone(intent));
    },
    /** Minor units really taken for an order, over all of its PaymentIntents. */
    captured(orderId) {
      return [...intents.values()]
        .filter((intent) => intent.metadata.order_id === orderId)
        .reduce((sum, intent) => sum + intent.amount_received, 0);
    },
    /**
     * The next request (`on`: of that kind: create, retrieve, search, capture, cancel) suffers `mode`;
     * several calls queue up. `…_after` means that the change was made and its true answer is kept under
     * the key; `500_kept` that the key keeps answering 500, as Stripe's may.
     */
    failNext(mode, { on, times = 1, ms = 1_000 } = {}) {
      if (!MODES.has(mode)) throw new Error(`unknown mode ${mode}`);
      for (let n = 0; n < times; n += 1) failures.push({ mode, on, ms });
    },
    clearFailures: () => void (failures.length = 0),
    setDelay: (ms) => void (delay = ms),
    setWebhookUrl: webhooks.to,
    setFault: (to) => void (fault = to),
    /** `{delay_ms, copies, shuffle, paused}`, any of them. */
    delivery: (changes = {}) => webhooks.configure(changes),
    /** Resolves when no webhook is owed any more. */
    settled: (limit = 10_000) => webhooks.settled(limit),
    deliver: webhooks.deliver,
    header: webhooks.header,
    /** What is true of every payment, in minor units: `{reference, order_id, currency, captured, refunded, charged_back}`. */
    book: () => money.book(),
    get refunds() {
      return structuredClone(money.refunds());
    },
    get disputes() {
      return structuredClone(money.disputes());
    },
    /** A refund that the merchant makes in the dashboard: no order and no operation of the shop is in it. */
    dashboardRefund: (id, amount) => structuredClone(money.refund(find(id), amount && { amount: String(amount) })),
    /** Decides a refund: `succeeded`, `failed` or `canceled`. */
    decideRefund: (id, status) => structuredClone(money.decideRefund(id, status)),
    /** The buyer's bank takes money back. */
    openDispute: (id, options = {}) => structuredClone(money.dispute(find(id), options)),
    /** Decides a dispute: `won` or `lost`. */
    decideDispute: (id, status) => structuredClone(money.decideDispute(id, status)),
    /** What the buyer does in the browser: `pay`, `decline`, `requires_action` or `processing`. */
    buyer(id, outcome) {
      const intent = find(id);
      if (["succeeded", "canceled", "requires_capture"].includes(intent.status)) {
        throw new Error(`the payment is ${intent.status} already`);
      }
      try {
        attempt(intent, outcome);
      } catch (error) {
        if (!(error instanceof StripeError)) throw error;
      }
      return shown(intent);
    },
    stop() {
      webhooks.stop();
      money.stop();
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      return closed;
    },
  };
}
