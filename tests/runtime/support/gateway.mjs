// The other party: a payment gateway that speaks the sandbox's protocol (sandbox/README.md) through a
// replaced globalThis.fetch. Its book is what really happened to the buyers' money, whatever the shop thinks.

import { books } from "./books.mjs";
import { clock } from "./clock.mjs";
import { across } from "./crossings.mjs";
import { keyOf, lives } from "./objects.mjs";

const FINAL = new Set(["captured", "failed", "cancelled"]);
const TOLD = new Set(["authorized", "captured", "failed", "cancelled"]);
const DECLINED = { code: "card_declined", message: "The card was declined." };
const ORIGIN = "https://gateway.test";

let serial = 0;
const fresh = (prefix) => `${prefix}_${String((serial += 1)).padStart(8, "0")}`;
const error = (status, code, more = {}) => ({ status, body: { error: { code, message: code, ...more } } });

export const gateway = {
  /** Payments by their id. */
  payments: new Map(),
  /** Answers by idempotency key. */
  answers: new Map(),
  /** Every request that arrived, in order. */
  calls: [],
  /** Every webhook it owes, in order. */
  events: [],
  troubles: [],

  reset() {
    Object.assign(gateway, { payments: new Map(), answers: new Map(), calls: [], events: [], troubles: [] });
    books.reset();
  },

  /**
   * Makes requests suffer.
   *   what   hang | connection | 500 | 409 | 429 | 400 | html | truncated | huge | wait (until `released` is set
   *          on what this returns) | and, of what is answered: wrong_amount | wrong_currency | wrong_operation |
   *          wrong_reference
   *   when   "before": the request never had an effect; "after": only the reply is spoilt
   *   of     which requests, as in "POST /v1/payments"; a text that the request's line starts with
   */
  suffers(what, { when = "after", of = "", times = 1 } = {}) {
    const trouble = { what, when, of, left: times, struck: 0, released: false };
    gateway.troubles.push(trouble);
    return trouble;
  },

  /** The payment of an order; a second one would be a double charge. */
  paymentOf(orderId) {
    return [...gateway.payments.values()].find((payment) => payment.order_id === orderId);
  },

  requests(line) {
    return gateway.calls.filter((call) => `${call.method} ${call.path}`.startsWith(line));
  },

  /** Moves a payment as the buyer, the bank or the gateway's staff would. */
  move(payment, status) {
    if (FINAL.has(payment.status)) throw new Error(`the payment is ${payment.status} for good`);
    payment.status = status;
    payment.updated_at = clock.now();
    if (status === "captured") payment.captured = payment.amount;
    if (status === "failed") payment.decline = DECLINED;
    if (status !== "action_required") payment.redirect_url = null;
    return record(payment);
  },

  /** The replacement of globalThis.fetch. */
  async fetch(input, init) {
    const request = new Request(input, init);
    const url = new URL(request.url);
    if (url.origin !== ORIGIN) throw new TypeError(`the test has no network: ${url.origin}`);
    const signal = init?.signal ?? input.signal;
    const text = await request.text();
    const call = {
      method: request.method,
      path: url.pathname + url.search,
      key: request.headers.get("idempotency-key"),
      body: text === "" ? undefined : JSON.parse(text),
      authorization: request.headers.get("authorization"),
    };
    const line = `${call.method} ${call.path}`;
    const life = callerOf(call);
    return across(life.label(`asks the gateway, ${call.method} ${verb(call.path)}`), life, async () => {
      gateway.calls.push({ ...call, at: clock.now() });
      const trouble = gateway.troubles.find((one) => one.left > 0 && line.startsWith(one.of));
      if (trouble) {
        trouble.left -= 1;
        trouble.struck += 1;
      }
      if (trouble?.what === "wait" && trouble.when === "before") await released(trouble);
      else if (trouble?.when === "before") return spoil(trouble.what, undefined, signal);
      const reply = respond(call);
      if (trouble?.what === "wait") await released(trouble);
      else if (trouble) return spoil(trouble.what, reply, signal);
      return asResponse(reply);
    });
  },
};

/** The object that calls: the shard of the order that the call is about, or whoever reads the books. */
function callerOf(call) {
  if (call.path.startsWith("/v1/movements")) return lives.get(keyOf("Reconciler", "sandbox"));
  const known = gateway.payments.get(call.path.split("/")[3]);
  const operation = new URL(call.path, ORIGIN).searchParams.get("operation_id");
  const byOperation = [...gateway.payments.values()].find((payment) => payment.operation_id === operation);
  const orderId = call.body?.order_id ?? known?.order_id ?? byOperation?.order_id;
  return lives.get(keyOf("OrderShard", orderId?.slice(4, 6))) ?? { dead: false, label: (what) => `Someone ${what}` };
}

const verb = (path) => path.replace(/pay_\d+/, "{id}").replace(/=.*/, "=");

function respond({ method, path, key, body }) {
  const url = new URL(path, ORIGIN);
  const [, , collection, id, action] = url.pathname.split("/");
  if (collection === "movements" && method === "GET") return books.page(url, [...gateway.payments.values()]);
  if (collection !== "payments") return error(404, "not_found");
  if (method === "GET" && id) {
    const payment = gateway.payments.get(id);
    return payment ? { status: 200, body: { ...payment } } : error(404, "not_found");
  }
  if (method === "GET") {
    const operation = url.searchParams.get("operation_id");
    const items = [...gateway.payments.values()].filter((payment) => payment.operation_id === operation);
    return { status: 200, body: { items } };
  }
  if (!key) return error(400, "idempotency_key_missing");
  const fingerprint = `${path} ${JSON.stringify(body)}`;
  const known = gateway.answers.get(key);
  if (known) return known.fingerprint === fingerprint ? known.reply : error(422, "idempotency_key_reused");
  const reply = id ? change(gateway.payments.get(id), action, body) : start(body);
  const kept = structuredClone(reply);
  gateway.answers.set(key, { fingerprint, reply: kept });
  return kept;
}

function start(body) {
  const now = clock.now();
  const method = body.method ?? "auto";
  const payment = {
    id: fresh("pay"), status: "processing", amount: body.amount, currency: body.currency, captured: 0, method,
    capture: body.capture ?? "automatic", order_id: body.order_id, operation_id: body.operation_id,
    redirect_url: null, decline: null, created_at: now, updated_at: now,
  };
  gateway.payments.set(payment.id, payment);
  const paid = payment.capture === "manual" ? "authorized" : "captured";
  if (method === "wrong_amount") payment.amount += 1;
  if (["instant", "wrong_amount", "timeout"].includes(method)) gateway.move(payment, paid);
  if (method === "decline") gateway.move(payment, "failed");
  if (method === "redirect") {
    payment.status = "action_required";
    payment.redirect_url = `${ORIGIN}/pay/${payment.id}`;
  }
  return { status: 201, body: { ...payment } };
}

function change(payment, action, body) {
  if (!payment) return error(404, "not_found");
  const may = action === "cancel" ? !FINAL.has(payment.status) : payment.status === "authorized";
  if (!may) return error(400, "unexpected_state", { payment: { ...payment } });
  if (action === "cancel") {
    gateway.move(payment, "cancelled");
  } else {
    gateway.move(payment, "captured").payment.captured = body.amount;
    payment.captured = body.amount;
  }
  return { status: 200, body: { ...payment } };
}

/** Writes the webhook that a change is told by. */
function record(payment) {
  const event = {
    id: fresh("evt"), type: `payment.${payment.status}`, created_at: clock.now(), payment: { ...payment },
  };
  if (TOLD.has(payment.status)) gateway.events.push(event);
  return event;
}

/** A webhook as the gateway would send it for a payment in the state that it is in now. */
export function eventOf(payment, changes = {}) {
  return {
    id: fresh("evt"), type: `payment.${payment.status}`, created_at: clock.now(), payment: { ...payment, ...changes },
  };
}

const asResponse = ({ status, body }) => Response.json(body, { status });

async function released(trouble) {
  while (!trouble.released) await new Promise((resolve) => setTimeout(resolve, 1));
}

async function spoil(what, reply, signal) {
  const json = JSON.stringify(reply?.body ?? {});
  const changed = (changes) => Response.json({ ...reply.body, ...changes }, { status: reply.status });
  switch (what) {
    case "hang":
      return new Promise((_, reject) => {
        signal?.addEventListener("abort", () => reject(new DOMException("aborted", "AbortError")));
      });
    case "connection":
      throw new TypeError("Network connection lost.");
    case "html":
      return new Response("<html>Bad gateway</html>", { headers: { "content-type": "text/html" } });
    case "truncated":
      return new Response(json.slice(0, -5));
    case "huge":
      return new Response("x".repeat(10_000_000));
    case "wrong_amount":
      return changed({ amount: reply.body.amount + 1 });
    case "wrong_currency":
      return changed({ currency: reply.body.currency === "EUR" ? "USD" : "EUR" });
    case "wrong_operation":
      return changed({ operation_id: "op_00000000000070008000000000000000" });
    case "wrong_reference":
      return changed({ id: "pay_somebody_elses" });
    default:
      return Response.json({ error: { code: `status_${what}`, message: "trouble" } }, { status: Number(what) });
  }
}
