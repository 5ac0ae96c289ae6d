#!/usr/bin/env node
// The sandbox: a payment gateway of play money, for development and tests. A second party of its own,
// with its own state, its own webhooks and its own bad days. README.md describes the protocol.

import { createHash } from "node:crypto";
import { mkdirSync, realpathSync } from "node:fs";
import http from "node:http";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { startDelivery } from "./delivery.mjs";
import { openMoneyBack } from "./money-back.mjs";
import { bookWindow, checkDelivery, checkRefund, checkStart, parsed, Refusal } from "./input.mjs";
import { choicePage, problemPage, resultPage, STYLE } from "./page.mjs";
import { openPayments } from "./payments.mjs";
import { openStore } from "./store.mjs";

export { sign } from "./delivery.mjs";

const MAX_BODY_BYTES = 64 * 1024;

/**
 * Starts the sandbox.
 *
 * `stateFile` (or `stateDir`, for a file of the usual name in it) keeps its books across restarts; without
 * either they are in memory. `autoMs` is after how long the `auto` method pays, `holdMs` how long the
 * `timeout` method keeps a connection without answering, `pageLines` how much of the books is on a page. `publicUrl` is how a browser reaches it.
 */
export async function startSandbox({
  port = 8788,
  host = "127.0.0.1",
  stateFile,
  stateDir,
  webhookUrl,
  webhookSecret = "whsec_sandbox",
  apiKey = "sandbox_key",
  publicUrl,
  autoMs = 300,
  holdMs = 60_000,
  pageLines = 100,
  quiet = false,
} = {}) {
  const log = quiet ? () => {} : (text) => console.log(`sandbox: ${text}`);
  if (stateDir) {
    mkdirSync(stateDir, { recursive: true });
    stateFile = path.join(stateDir, "sandbox.sqlite");
  }
  let base = publicUrl?.replace(/\/$/, "");
  const store = openStore(stateFile ?? ":memory:");
  const delivery = startDelivery({ store, webhookUrl, webhookSecret, log });
  const payments = openPayments({
    store,
    owe: (event) => delivery.owe(event),
    pageUrl: (payment) => `${base}/pay/${payment.id}?token=${payment.page_token}`,
    autoMs,
  });
  const { shown } = payments;
  const moneyBack = openMoneyBack({ store, owe: (event) => delivery.owe(event), needPayment: payments.need });
  const held = new Set();

  // ---- the API --------------------------------------------------------------------------------------

  /** A change under an idempotency key: carried out once, and the same answer every time. */
  function once(request, response, route, body, work) {
    const key = request.headers["idempotency-key"];
    if (typeof key !== "string" || key === "" || key.length > 255) {
      throw new Refusal(400, "invalid_request", "Idempotency-Key is missing or longer than 255 characters");
    }
    const hash = createHash("sha256").update(route).update("\n").update(body).digest("base64");
    const known = store.reply(key);
    if (known) {
      if (known.request_hash !== hash) {
        throw new Refusal(422, "idempotency_key_reused", "this key was used with another request");
      }
      response.setHeader("idempotent-replayed", "true");
      send(response, known.status, known.body);
      return;
    }
    const input = parsed(body);
    const { held, text } = store.transaction(() => {
      const { answer, held = false } = work(key, input);
      const answered = JSON.stringify(answer);
      store.insertReply(key, hash, 200, answered);
      return { held, text: answered };
    });
    if (held) hold(response);
    else send(response, 200, text);
  }

  /** The charge is made, and the answer never comes. */
  function hold(response) {
    const timer = setTimeout(() => response.destroy(), holdMs);
    held.add(timer);
    response.on("close", () => {
      clearTimeout(timer);
      held.delete(timer);
    });
  }

  function authorize(request) {
    if (request.headers.authorization !== `Bearer ${apiKey}`) {
      throw new Refusal(401, "invalid_api_key", "the API key is missing or wrong");
    }
  }

  function api(request, response, url, parts, body) {
    authorize(request);
    const [, noun, id, action] = parts; // v1/{noun}/{id}/{action}
    const routes = { payments: paymentsApi, refunds: refundsApi, movements: movementsApi };
    const work = Object.hasOwn(routes, noun) && parts.length <= 4 && routes[noun];
    if (!work || !work({ request, response, url, id, action, body })) throw new Refusal(404, "not_found", "no such route");
  }

  function paymentsApi({ request, response, url, id, action, body }) {
    if (request.method === "POST" && id === undefined) {
      once(request, response, "start", body, (key, input) => {
        checkStart(input);
        const payment = payments.start(key, input);
        return { answer: shown(payment), held: payment.method === "timeout" };
      });
    } else if (request.method === "GET" && id === undefined) {
      const operation = url.searchParams.get("operation_id");
      if (!operation) throw new Refusal(400, "invalid_request", "operation_id is missing");
      send(response, 200, JSON.stringify({ items: store.byOperation(operation).map(shown) }));
    } else if (request.method === "GET" && action === undefined) {
      send(response, 200, JSON.stringify(shown(payments.need(id))));
    } else if (request.method === "POST" && action === "capture") {
      once(request, response, `capture ${id}`, body, (_, input) => ({
        answer: shown(payments.capture(payments.need(id), input)),
      }));
    } else if (request.method === "POST" && action === "cancel") {
      once(request, response, `cancel ${id}`, body, () => ({ answer: shown(payments.cancel(payments.need(id))) }));
    } else {
      return false;
    }
    return true;
  }

  function refundsApi({ request, response, url, id, body }) {
    if (id !== undefined) return false;
    if (request.method === "POST") {
      once(request, response, "refund", body, (_, input) => {
        checkRefund(input);
        return { answer: moneyBack.refund(payments.need(input.payment_id), input) };
      });
      return true;
    }
    const payment = url.searchParams.get("payment_id");
    if (!payment) throw new Refusal(400, "invalid_request", "payment_id is missing");
    const operation = url.searchParams.get("operation_id");
    const items = store.refundsOf(payment).filter((refund) => !operation || refund.operation_id === operation);
    send(response, 200, JSON.stringify({ items }));
    return true;
  }

  function movementsApi({ request, response, url, id }) {
    if (request.method !== "GET" || id !== undefined) return false;
    const { from, to, after } = bookWindow(url.searchParams);
    const lines = store.movements(from, to, after, pageLines + 1);
    const items = lines.slice(0, pageLines);
    const last = items.at(-1);
    const next = lines.length > pageLines ? `${last.moved_at}-${last.id}` : null;
    send(response, 200, JSON.stringify({ items, next }));
    return true;
  }

  // ---- control, for tests and demonstrations -------------------------------------------------------

  const control = {
    /** `{delay_ms, copies, shuffle, paused}`, any of them; gives the settings and what is still owed. */
    delivery: (changes = {}) => delivery.configure(checkDelivery(changes)),
    /** Sends everything that waits now. */
    flush: () => delivery.flush(),
    /** Every payment with its `idempotency_key`. */
    payments: () => payments.statement(),
    setState: (id, state) => shown(payments.setState(id, state)),
    /** A refund that the merchant makes at the gateway: `{amount?, reason?}`. */
    refund: (id, changes = {}) => moneyBack.dashboardRefund(id, changes),
    /** Decides a refund that is pending: `succeeded` or `failed`. */
    decideRefund: (id, status) => moneyBack.decideRefund(id, status),
    /** The buyer's bank takes money back: `{amount?, reason?}`. */
    dispute: (id, changes = {}) => moneyBack.openDispute(id, changes),
    /** Decides a dispute: `won` or `lost`. */
    decideDispute: (id, status) => moneyBack.decideDispute(id, status),
  };

  function controlApi(request, response, parts, body) {
    const from = request.socket.remoteAddress ?? "";
    if (!/^(::ffff:)?127\.|^::1$/.test(from)) throw new Refusal(403, "forbidden", "control is for loopback only");
    authorize(request);
    const [, noun, id, action] = parts;
    const routes = {
      "POST delivery": () => control.delivery(parsed(body)),
      "GET delivery": () => control.delivery(),
      "POST flush": () => (control.flush(), {}),
      "GET payments": () => ({ items: control.payments() }),
      "POST payments/id": () => control.setState(id, parsed(body).state),
      "POST payments/id/refund": () => control.refund(id, parsed(body)),
      "POST payments/id/dispute": () => control.dispute(id, parsed(body)),
      "POST refunds/id": () => control.decideRefund(id, parsed(body).status),
      "POST disputes/id": () => control.decideDispute(id, parsed(body).status),
    };
    const work = routes[`${request.method} ${noun}${id ? "/id" : ""}${action ? `/${action}` : ""}`];
    if (!work) throw new Refusal(404, "not_found", "no such route");
    send(response, 200, JSON.stringify(work()));
  }

  // ---- the buyer's page -----------------------------------------------------------------------------

  function html(response, status, text, formAction = "'self'") {
    response.setHeader(
      "content-security-policy",
      `default-src 'none'; style-src 'self'; form-action ${formAction}; base-uri 'none'; frame-ancestors 'none'`,
    );
    response.setHeader("referrer-policy", "no-referrer");
    response.setHeader("cache-control", "no-store");
    send(response, status, text, "text/html; charset=utf-8");
  }

  function backToShop(payment) {
    if (!payment.return_url) return undefined;
    const url = new URL(payment.return_url);
    url.searchParams.set("payment_reference", payment.id);
    return url.href;
  }

  function payPage(request, response, url, parts, body) {
    const form = request.method === "POST" ? new URLSearchParams(body) : url.searchParams;
    const payment = parts.length === 2 ? store.payment(parts[1]) : undefined;
    if (!payment?.page_token || form.get("token") !== payment.page_token) {
      html(response, 404, problemPage("No such payment", "The link is wrong or incomplete."));
      return;
    }
    const back = backToShop(payment);
    if (request.method === "POST" && payment.status === "action_required") {
      const choice = form.get("choice");
      if (choice !== "approve" && choice !== "decline") {
        html(response, 400, problemPage("Nothing chosen", "Please go back and approve or decline."));
        return;
      }
      payments.decide(payment, choice === "approve");
      if (back) {
        response.setHeader("location", back);
        html(response, 303, "");
        return;
      }
    }
    if (payment.status === "action_required") {
      // A browser applies form-action to the redirect after the form as well.
      html(response, 200, choicePage(payment), back ? `'self' ${new URL(back).origin}` : "'self'");
    } else {
      html(response, 200, resultPage(payment, back));
    }
  }

  // ---- HTTP -----------------------------------------------------------------------------------------

  function send(response, status, text, type = "application/json") {
    response.writeHead(status, {
      "content-type": type,
      "content-length": Buffer.byteLength(text),
      "x-content-type-options": "nosniff",
    });
    response.end(text);
  }

  function answer(request, response, body) {
    try {
      const url = new URL(request.url, "http://sandbox");
      const parts = url.pathname.split("/").filter(Boolean);
      if (parts[0] === "v1") api(request, response, url, parts, body);
      else if (parts[0] === "control") controlApi(request, response, parts, body);
      else if (parts[0] === "pay") payPage(request, response, url, parts, body);
      else if (url.pathname === "/page.css") send(response, 200, STYLE, "text/css; charset=utf-8");
      else if (url.pathname === "/healthz") send(response, 200, '{"status":"ok"}');
      else throw new Refusal(404, "not_found", "no such route");
    } catch (error) {
      if (response.headersSent) {
        response.destroy();
      } else if (error instanceof Refusal) {
        const { code, message } = error;
        const payment = error.payment && { payment: shown(error.payment) };
        send(response, error.status, JSON.stringify({ error: { code, message, ...payment } }));
      } else {
        log(`failed: ${error.stack}`);
        send(response, 500, JSON.stringify({ error: { code: "internal", message: "the sandbox failed" } }));
      }
    }
  }

  const server = http.createServer((request, response) => {
    const chunks = [];
    let length = 0;
    request.on("data", (chunk) => {
      length += chunk.length;
      if (length <= MAX_BODY_BYTES) chunks.push(chunk);
    });
    request.on("end", () => {
      if (length > MAX_BODY_BYTES) {
        send(response, 413, JSON.stringify({ error: { code: "too_large", message: "the body is too large" } }));
        return;
      }
      answer(request, response, chunks.length === 0 ? "" : Buffer.concat(chunks).toString("utf8"));
    });
    request.on("error", () => response.destroy());
  });
  server.keepAliveTimeout = 65_000;
  await new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  const own = `http://${host.includes(":") ? `[${host}]` : host}:${server.address().port}`;
  base ??= own;
  log(`listening on ${own}${webhookUrl ? `, webhooks to ${webhookUrl}` : ""}`);

  let stopping;
  return {
    url: own,
    apiKey,
    webhookSecret,
    control,
    stop() {
      stopping ??= (async () => {
        payments.stop();
        delivery.stop();
        for (const timer of held) clearTimeout(timer);
        const closed = new Promise((resolve) => server.close(resolve));
        server.closeAllConnections();
        await closed;
        store.close();
      })();
      return stopping;
    },
  };
}

async function main() {
  const { values } = parseArgs({
    options: {
      port: { type: "string", default: "8788" },
      host: { type: "string", default: "127.0.0.1" },
      "state-dir": { type: "string" },
      "webhook-url": { type: "string" },
      "webhook-secret": { type: "string" },
      "api-key": { type: "string" },
      "public-url": { type: "string" },
      quiet: { type: "boolean", default: false },
    },
  });
  const sandbox = await startSandbox({
    port: Number(values.port),
    host: values.host,
    stateDir: values["state-dir"],
    webhookUrl: values["webhook-url"],
    webhookSecret: values["webhook-secret"],
    apiKey: values["api-key"],
    publicUrl: values["public-url"],
    quiet: values.quiet,
  });
  for (const signal of ["SIGINT", "SIGTERM"]) {
    process.once(signal, () => sandbox.stop().then(() => process.exit(0)));
  }
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  await main();
}
