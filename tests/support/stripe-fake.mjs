// A stateful stand-in for Stripe's PaymentIntents API, for tests.
//
// It is stricter than Stripe (the version header and an idempotency key on every POST are demanded,
// every form field is checked) and misbehaves on request. Webhooks are signed by the official `stripe`
// package, so the shop's verification is tested against somebody else's code.

import { randomBytes } from "node:crypto";
import http from "node:http";

import Stripe from "stripe";

import { openMoney } from "./stripe/money.mjs";

const FIELDS = {
  create: [
    "amount", "currency", "capture_method", "confirm", "payment_method", "return_url", "receipt_email", "description",
    "automatic_payment_methods[enabled]", "automatic_payment_methods[allow_redirects]", "statement_descriptor_suffix",
  ],
  refund: ["payment_intent", "amount", "reason"],
  capture: ["amount_to_capture"],
  cancel: ["cancellation_reason"],
};

/** Stripe's own test methods, as far as they are played here. */
const METHODS = {
  pm_card_visa: "pay",
  pm_card_chargeDeclined: "decline",
  pm_card_visa_chargeDeclined: "decline",
  pm_card_visa_chargeDeclinedInsufficientFunds: "decline",
  pm_card_threeDSecure2Required: "requires_action",
  pm_usBankAccount_success: "processing",
};

/** What a request can be made to suffer; see `failNext`. */
const MODES = new Set([
  "timeout_before", "timeout_after", "reset_before", "reset_after", "500_before", "500_after", "500_kept", "429",
  "wrong_amount", "wrong_currency", "wrong_id", "malformed_json", "html", "huge", "decline", "requires_action", "slow",
]);

const CANCELLABLE = new Set([
  "requires_payment_method", "requires_confirmation", "requires_action", "processing", "requires_capture",
]);

const DECLINE = {
  type: "card_error",
  code: "card_declined",
  decline_code: "generic_decline",
  doc_url: "https://stripe.com/docs/error-codes/card-declined",
  message: "Your card was declined.",
};

class StripeError extends Error {
  constructor(status, fields) {
    super(fields.message);
    this.status = status;
    this.fields = fields;
  }
}

const invalid = (message, code, more = {}) =>
  new StripeError(400, { type: "invalid_request_error", message, ...(code && { code }), ...more });

const newId = (prefix) => `${prefix}_${randomBytes(12).toString("hex")}`;
const seconds = () => Math.floor(Date.now() / 1000);

/**
 * Starts the fake.
 *
 * `delay_ms` is how long every answer takes. The result has the control functions at its end.
 */
export async function startStripeFake({
  port = 0,
  host = "127.0.0.1",
  webhookUrl,
  webhookSecret = "whsec_fake",
  secretKey = "sk_test_fake",
  delay_ms = 0,
} = {}) {
  const intents = new Map();
  const kept = new Map(); // idempotency key -> {params, status, body} or {params, running: true}
  const requests = [];
  const events = [];
  const failures = []; // {mode, on, ms}
  const owed = []; // {event, at}
  const settings = { delay_ms: 0, copies: 1, shuffle: false, paused: false };
  const counts = { delivered: 0, refused: 0 };
  let delay = delay_ms;
  let underWay = 0;
  let timer;
  let stopped = false;
  const money = openMoney({ intents, tell, newId, seconds, refuse: invalid });

  // ---- PaymentIntents -----------------------------------------------------------------------------------

  function shown(intent) {
    const { idempotency_key: _, return_url: __, ...object } = intent;
    return structuredClone(object);
  }

  const announce = (kind, intent) => tell(`payment_intent.${kind}`, shown(intent), intent.idempotency_key);

  function tell(type, object, key = null) {
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
    owe(event);
  }

  function pay(intent) {
    Object.assign(intent, { last_payment_error: null, next_action: null });
    if (intent.capture_method === "manual") {
      Object.assign(intent, { status: "requires_capture", amount_capturable: intent.amount });
      money.charged(intent);
      announce("amount_capturable_updated", intent);
    } else {
      Object.assign(intent, { status: "succeeded", amount_received: intent.amount });
      money.charged(intent);
      announce("succeeded", intent);
    }
  }

  function decline(intent) {
    Object.assign(intent, { status: "requires_payment_method", next_action: null, last_payment_error: { ...DECLINE } });
    announce("payment_failed", intent);
  }

  /** What a buyer's attempt leads to. Throws for a decline, as the API answers one with 402. */
  function attempt(intent, outcome) {
    if (outcome === "pay") {
      pay(intent);
    } else if (outcome === "requires_action") {
      const page = `${url}/3ds/${intent.id}`;
      Object.assign(intent, {
        status: "requires_action",
        next_action: intent.return_url
          ? { type: "redirect_to_url", redirect_to_url: { return_url: intent.return_url, url: page } }
          : { type: "use_stripe_sdk", use_stripe_sdk: { type: "three_d_secure_redirect" } },
      });
      announce("requires_action", intent);
    } else if (outcome === "processing") {
      intent.status = "processing";
      announce("processing", intent);
    } else {
      decline(intent);
      throw new StripeError(402, { ...DECLINE, payment_intent: shown(intent) });
    }
  }

  function create(form, key, mode) {
    const intent = {
      id: newId("pi"),
      object: "payment_intent",
      amount: Number(form.amount) + (mode === "wrong_amount" ? 1 : 0),
      amount_capturable: 0,
      amount_details: { tip: {} },
      amount_received: 0,
      application: null,
      application_fee_amount: null,
      automatic_payment_methods: {
        allow_redirects: form["automatic_payment_methods[allow_redirects]"] ?? "always",
        enabled: true,
      },
      canceled_at: null,
      cancellation_reason: null,
      capture_method: form.capture_method ?? "automatic_async",
      client_secret: "",
      confirmation_method: "automatic",
      created: seconds(),
      currency: mode === "wrong_currency" ? (form.currency === "eur" ? "usd" : "eur") : form.currency,
      customer: null,
      description: form.description ?? null,
      last_payment_error: null,
      latest_charge: null,
      livemode: false,
      metadata: metadata(form),
      next_action: null,
      on_behalf_of: null,
      payment_method: form.payment_method ?? null,
      payment_method_options: {},
      payment_method_types: ["card"],
      processing: null,
      receipt_email: form.receipt_email ?? null,
      review: null,
      setup_future_usage: null,
      shipping: null,
      source: null,
      statement_descriptor: null,
      statement_descriptor_suffix: null,
      status: form.payment_method ? "requires_confirmation" : "requires_payment_method",
      transfer_data: null,
      transfer_group: null,
      idempotency_key: key,
      return_url: form.return_url,
    };
    intent.client_secret = `${intent.id}_secret_${randomBytes(10).toString("hex")}`;
    intents.set(intent.id, intent);
    announce("created", intent);
    if (mode === "decline") attempt(intent, "decline");
    else if (mode === "requires_action") attempt(intent, "requires_action");
    else if (form.confirm === "true") attempt(intent, METHODS[form.payment_method]);
    return intent;
  }

  const metadata = (form) =>
    Object.fromEntries(
      Object.entries(form)
        .filter(([name]) => name.startsWith("metadata["))
        .map(([name, value]) => [name.slice("metadata[".length, -1), value]),
    );

  function unexpectedState(intent, verb) {
    return invalid(
      `You cannot ${verb} this PaymentIntent because it has a status of ${intent.status}.`,
      "payment_intent_unexpected_state",
      { payment_intent: shown(intent) },
    );
  }

  function capture(intent, form) {
    if (intent.status !== "requires_capture") throw unexpectedState(intent, "capture");
    const amount = form.amount_to_capture === undefined ? intent.amount_capturable : Number(form.amount_to_capture);
    if (amount > intent.amount_capturable) {
      throw invalid("The amount to capture is greater than the amount that is authorized.", "amount_too_large");
    }
    Object.assign(intent, { status: "succeeded", amount_received: amount, amount_capturable: 0 });
    money.charged(intent);
    announce("succeeded", intent);
    return intent;
  }

  function cancel(intent, form) {
    if (!CANCELLABLE.has(intent.status)) throw unexpectedState(intent, "cancel");
    Object.assign(intent, {
      status: "canceled", amount_capturable: 0, canceled_at: seconds(), next_action: null,
      cancellation_reason: form.cancellation_reason ?? null,
    });
    announce("canceled", intent);
    return intent;
  }

  function find(id) {
    const intent = intents.get(id);
    if (!intent) {
      throw new StripeError(404, {
        type: "invalid_request_error", code: "resource_missing", param: "intent", message: `No such payment_intent: '${id}'`,
      });
    }
    return intent;
  }

  // ---- checks -----------------------------------------------------------------------------------------------

  function checkCreate(form) {
    const wrong = (name, message, code = "parameter_invalid") => invalid(message, code, { param: name });
    const amount = form.amount ?? "";
    if (!/^[1-9][0-9]{0,7}$/.test(amount)) throw wrong("amount", `Invalid integer: ${amount}`, "parameter_invalid_integer");
    if (!/^[a-z]{3}$/.test(form.currency ?? "")) throw wrong("currency", "Invalid currency");
    if (!["automatic", "automatic_async", "manual", undefined].includes(form.capture_method)) {
      throw wrong("capture_method", "Invalid capture_method");
    }
    if (form["automatic_payment_methods[enabled]"] !== "true") {
      throw wrong("automatic_payment_methods", "this fake knows only automatic payment methods");
    }
    const redirects = form["automatic_payment_methods[allow_redirects]"] ?? "always";
    if (!["always", "never"].includes(redirects)) throw wrong("automatic_payment_methods", "Invalid allow_redirects");
    if (form.payment_method !== undefined && !(form.payment_method in METHODS)) {
      throw invalid(`No such PaymentMethod: '${form.payment_method}'`, "resource_missing", { param: "payment_method" });
    }
    if (form.confirm !== undefined && form.confirm !== "true" && form.confirm !== "false") {
      throw wrong("confirm", "Invalid boolean");
    }
    if (form.confirm === "true") {
      if (!form.payment_method) throw wrong("payment_method", "a method is needed to confirm", "parameter_missing");
      if (!form.return_url && redirects !== "never") {
        throw wrong("return_url", "a return_url is needed to confirm, or allow_redirects=never", "parameter_missing");
      }
    } else if (form.return_url !== undefined) {
      throw wrong("return_url", "a return_url is only for confirm=true", "parameter_unknown");
    }
    if (form.return_url !== undefined && !/^https?:\/\//.test(form.return_url)) throw wrong("return_url", "Not a valid URL");
    if (form.receipt_email !== undefined && !/^\S+@\S+$/.test(form.receipt_email)) {
      throw wrong("receipt_email", "Invalid email address", "email_invalid");
    }
  }

  function checkCapture(form) {
    if (form.amount_to_capture !== undefined && !/^[1-9][0-9]{0,7}$/.test(form.amount_to_capture)) {
      throw invalid("Invalid integer", "parameter_invalid_integer", { param: "amount_to_capture" });
    }
  }

  function readForm(body, kind) {
    const form = {};
    for (const [name, value] of new URLSearchParams(body)) {
      const known = FIELDS[kind].includes(name) || (["create", "refund"].includes(kind) && /^metadata\[[A-Za-z0-9_]{1,40}\]$/.test(name));
      if (!known) throw invalid(`Received unknown parameter: ${name}`, "parameter_unknown", { param: name });
      if (name in form) throw invalid(`Parameter given twice: ${name}`, "parameter_invalid", { param: name });
      if (value === "") throw invalid(`You passed an empty string for '${name}'.`, "parameter_invalid_empty", { param: name });
      form[name] = value;
    }
    return form;
  }

  // ---- requests ---------------------------------------------------------------------------------------------

  function route(method, path) {
    if (path === "/v1/refunds") return { kind: method === "POST" ? "refund" : "refunds" };
    if (method === "GET" && path === "/v1/balance_transactions") return { kind: "balance" };
    const rest = /^\/v1\/payment_intents(?:\/([^/]+))?(?:\/([^/]+))?$/.exec(path);
    if (rest) {
      const [, id, action] = rest;
      if (method === "POST" && !id) return { kind: "create" };
      if (method === "GET" && id === "search" && !action) return { kind: "search" };
      if (method === "GET" && id && !action) return { kind: "retrieve", id };
      if (method === "POST" && (action === "capture" || action === "cancel")) return { kind: action, id };
    }
    throw new StripeError(404, {
      type: "invalid_request_error", message: `Unrecognized request URL (${method}: ${path}).`,
    });
  }

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
    let answer;
    try {
      answer = { status: 200, body: to.kind === "refund" ? refund(form, key) : shown(change(to, form, key, mode)) };
    } catch (error) {
      if (!(error instanceof StripeError)) throw error;
      answer = { status: error.status, body: { error: error.fields } };
    }
    if (mode === "500_kept") answer = { status: 500, body: { error: { type: "api_error", message: "An error occurred" } } };
    kept.set(key, { params, ...answer });
    return answer;
  }

  function change(to, form, key, mode) {
    if (to.kind === "create") return create(form, key, mode);
    return to.kind === "capture" ? capture(find(to.id), form) : cancel(find(to.id), form);
  }

  function refund(form, key) {
    if (!/^[1-9][0-9]{0,7}$/.test(form.amount ?? "1")) throw invalid("Invalid integer", "parameter_invalid_integer", { param: "amount" });
    const amount = form.amount === undefined ? undefined : Number(form.amount);
    return structuredClone(money.refund(find(form.payment_intent), { amount, metadata: metadata(form) }, key));
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
    const query = target.searchParams;
    if (to.kind === "search") return search(query.get("query"));
    if (to.kind === "refunds") return { status: 200, body: money.listRefunds(query) };
    if (to.kind === "balance") return { status: 200, body: money.balance(query) };
    const intent = shown(find(to.id));
    return { status: 200, body: query.get("expand[]") === "latest_charge.refunds" ? money.expanded(intent) : intent };
  }

  function takeFailure(kind) {
    const at = failures.findIndex((failure) => failure.on === undefined || failure.on === kind);
    return at < 0 ? undefined : failures.splice(at, 1)[0];
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
      requests.push({
        method: request.method, path: target.pathname, kind: to.kind, headers: request.headers, body, at: Date.now(),
      });
      authenticate(request.headers);
      failure = takeFailure(to.kind);
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

  // ---- webhooks ---------------------------------------------------------------------------------------------

  const stripe = new Stripe(secretKey);

  /** The header that the official package makes for a body. */
  const header = (payload, { secret = webhookSecret, timestamp } = {}) =>
    stripe.webhooks.generateTestHeaderString({ payload, secret, ...(timestamp && { timestamp }) });

  /** Posts one event now and gives the status, whatever `delivery` says. */
  async function deliver(event, options = {}) {
    const payload = typeof event === "string" ? event : JSON.stringify(event);
    const response = await fetch(options.url ?? webhookUrl, {
      method: "POST",
      headers: { "content-type": "application/json", "stripe-signature": options.header ?? header(payload, options) },
      body: payload,
    });
    await response.arrayBuffer();
    return response.status;
  }

  function owe(event) {
    if (!webhookUrl) return;
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
     * The next request (`on`: of that kind: create, retrieve, search, capture, cancel, refund, refunds, balance) suffers `mode`;
     * several calls queue up. `…_after` means that the change was made and its true answer is kept under
     * the key; `500_kept` that the key keeps answering 500, as Stripe's may.
     */
    failNext(mode, { on, times = 1, ms = 1_000 } = {}) {
      if (!MODES.has(mode)) throw new Error(`unknown mode ${mode}`);
      for (let n = 0; n < times; n += 1) failures.push({ mode, on, ms });
    },
    clearFailures: () => void (failures.length = 0),
    setDelay: (ms) => void (delay = ms),
    setWebhookUrl: (to) => void (webhookUrl = to),
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
    deliver,
    header,
    /** Every payment's truth: captured, refunded, charged back, and whose it is. */
    book: money.book,
    /** The lines of the books, to be tampered with: `GET /v1/balance_transactions` shows them. */
    books: money.lines,
    /** Somebody gives money back in Stripe's dashboard: all that is left, or so many minor units. */
    dashboardRefund: (id, amount) => structuredClone(money.refund(find(id), { amount })),
    openDispute: (id, options) => money.openDispute(find(id), options),
    /** `won` or `lost`. */
    decideDispute: money.decideDispute,
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
      stopped = true;
      clearTimeout(timer);
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      return closed;
    },
  };
}
