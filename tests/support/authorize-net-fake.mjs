// A stateful stand-in for Authorize.net's JSON API, for tests.
//
// It is as strict as the schema (the order of the elements, their lengths, nothing unknown), writes a
// byte-order mark before every reply, answers 200 whatever happened, and misbehaves on request. Its parts
// are in `authorize-net/`.

import http from "node:http";

import { createLedger, Fault, Refusal } from "./authorize-net/ledger.mjs";
import * as replies from "./authorize-net/replies.mjs";
import { parse, SchemaError } from "./authorize-net/schema.mjs";
import { createWebhooks } from "./authorize-net/webhooks.mjs";

const MARK = "\ufeff";
const MAX_LIST_DAYS = 31;

/** What a request can be made to suffer. `…_after` means that it was carried out. */
const MODES = new Set([
  "timeout_before", "timeout_after", "reset_before", "reset_after", "500_before", "500_after", "429", "html",
  "malformed_json", "huge", "slow", "busy", "wrong_ref_id", "no_mark",
]);

const KINDS = {
  authCaptureTransaction: "authorize", authOnlyTransaction: "authorize", priorAuthCaptureTransaction: "capture",
  voidTransaction: "void", refundTransaction: "refund", getTransactionDetailsRequest: "details",
  getUnsettledTransactionListRequest: "unsettled", getSettledBatchListRequest: "batches",
  getTransactionListRequest: "batch",
};

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Starts the fake.
 *
 * `faults` is asked about every request that reached it (`{kind, method, parameters, body, number, at}`, where
 * `kind` is authorize, capture, void, refund, details, unsettled, batches or batch) and answers nothing, a
 * mode, or `{mode, ms}`. The result has the control functions at its end.
 */
export async function startAuthorizeNetFake({
  port = 0,
  host = "127.0.0.1",
  loginId = "5KP3u95bQpv",
  transactionKey = "346HZ32z3fP4hTG2",
  signatureKey = "56E529FE6C63D60E545F84686096E6AA01D5E18A119F18A130F7CFB3983104216979E95D84C91BDD382AA0875264A63940A2D0AA5548F6023B4C78A9D52C18DA",
  webhookUrl,
  currency = "USD",
  faults,
  delay_ms = 0,
  now = Date.now,
} = {}) {
  const webhooks = createWebhooks({ url: webhookUrl, signatureKey, now });
  const ledger = createLedger({ currency, announce: webhooks.announce, now });
  const requests = [];
  const failures = []; // {mode, on, ms}
  let delay = delay_ms;
  let revoked = false;

  function authenticate({ name, transactionKey: key }) {
    if (revoked || name !== loginId || key !== transactionKey) {
      throw new Fault("E00007", "User authentication failed due to invalid authentication values.");
    }
  }

  /** The body of the answer. */
  function carryOut(method, parameters) {
    switch (method) {
      case "createTransactionRequest":
        return createTransaction(parameters);
      case "getTransactionDetailsRequest": {
        const one = ledger.transactions.get(parameters.transId);
        if (!one) throw new Fault("E00040", "The record cannot be found.");
        return replies.details(one, ledger.batches.find((batch) => batch.id === one.batchId));
      }
      case "getUnsettledTransactionListRequest":
        return replies.list(ledger.unsettled(), parameters);
      case "getSettledBatchListRequest":
        return batchList(parameters);
      default: {
        const inBatch = [...ledger.transactions.values()].filter((one) => one.batchId === parameters.batchId);
        if (inBatch.length === 0) throw new Fault("E00040", "The record cannot be found.");
        return replies.list(inBatch, parameters);
      }
    }
  }

  function createTransaction({ refId, transactionRequest }) {
    try {
      return replies.created(ledger.create(transactionRequest), refId);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const { response, code, message: text, transaction } = error;
      return replies.created({ response, code, text, transaction }, refId);
    }
  }

  function batchList({ firstSettlementDate, lastSettlementDate }) {
    const moment = (text) => Date.parse(text.endsWith("Z") ? text : `${text}Z`);
    const last = lastSettlementDate ? moment(lastSettlementDate) : now();
    const first = firstSettlementDate ? moment(firstSettlementDate) : last - 24 * 3_600_000;
    if (last - first > MAX_LIST_DAYS * 24 * 3_600_000) {
      throw new Fault("E00013", "The date range cannot exceed 31 days.");
    }
    return replies.batchList(ledger.batches.filter((batch) => batch.settledAt >= first && batch.settledAt <= last));
  }

  function takeFailure(request) {
    const chosen = faults?.(request);
    if (chosen) return typeof chosen === "string" ? { mode: chosen } : chosen;
    const at = failures.findIndex((failure) => failure.on === undefined || failure.on === request.kind);
    return at < 0 ? undefined : failures.splice(at, 1)[0];
  }

  function send(response, status, body, headers = {}) {
    if (response.destroyed) return;
    const text = typeof body === "string" ? body : `${MARK}${JSON.stringify(body)}`;
    response.writeHead(status, {
      "content-type": "application/json; charset=utf-8", "content-length": Buffer.byteLength(text), ...headers,
    });
    response.end(text);
  }

  const page = (response, status) =>
    send(response, status, "<!doctype html><title>Bad gateway</title>", { "content-type": "text/html" });

  async function answer(request, response, body) {
    if (request.method !== "POST" || new URL(request.url, "http://x").pathname !== "/xml/v1/request.api") {
      return page(response, 404);
    }
    let result;
    let mode;
    try {
      if (!/^application\/json(;|$)/.test(request.headers["content-type"] ?? "")) {
        throw new Fault("E00002", "The content-type specified is not supported.");
      }
      const { method, parameters } = parse(body);
      const kind = KINDS[parameters.transactionRequest?.transactionType ?? method] ?? method;
      const seen = { kind, method, parameters: withoutKey(parameters), number: requests.length + 1, at: Date.now() };
      requests.push(seen);
      authenticate(parameters.merchantAuthentication);
      const failure = takeFailure(seen);
      mode = failure?.mode;
      if (mode !== undefined && !MODES.has(mode)) throw new Error(`unknown mode ${mode}`);
      if (mode === "timeout_before") return undefined; // the connection stays open until the caller gives up
      if (mode === "reset_before") return void response.destroy();
      if (mode === "500_before") return page(response, 500);
      if (mode === "429") return send(response, 429, "", { "retry-after": "1" });
      if (mode === "busy") throw new Fault("E00053", "The server is currently too busy to handle this request.");
      result = carryOut(method, parameters);
      const wait = mode === "slow" ? (failure.ms ?? 1_000) : delay;
      if (wait > 0) await sleep(wait);
    } catch (error) {
      if (error instanceof SchemaError) return send(response, 200, replies.fault("E00003", error.message));
      if (error instanceof Fault) return send(response, 200, replies.fault(error.code, error.message));
      return send(response, 500, `the fake failed: ${error.stack}`);
    }
    return finish(response, result, mode);
  }

  function finish(response, result, mode) {
    const text = `${MARK}${JSON.stringify(result)}`;
    switch (mode) {
      case "timeout_after":
        return undefined;
      case "reset_after":
        return void response.destroy();
      case "500_after":
        return page(response, 500);
      case "html":
        return page(response, 200);
      case "malformed_json":
        return send(response, 200, text.slice(0, -20));
      case "huge":
        return send(response, 200, { ...result, padding: "x".repeat(10 * 1024 * 1024) });
      case "wrong_ref_id":
        return send(response, 200, { ...result, refId: "00000000000000000000" });
      case "no_mark":
        return send(response, 200, text.slice(1));
      default:
        return send(response, 200, text);
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

  const payments = () => [...ledger.transactions.values()].filter((one) => one.type !== "refundTransaction");

  /** Every payment's truth: the bank statement for audits. */
  const book = () =>
    payments().map((one) => ({
      id: one.id, order_id: one.description, invoice: one.invoice, currency, status: one.status,
      authorized_minor: one.authMinor, captured_minor: one.takenMinor, refunded_minor: one.refundedMinor,
      charged_back_minor: one.chargedBackMinor,
    }));

  return {
    url: `http://${host}:${server.address().port}`,
    loginId,
    transactionKey,
    signatureKey,
    /** Every request that was understood, without the credentials. */
    requests,
    /** Every notification that came about, delivered or not. */
    events: webhooks.events,
    book,
    get payments() {
      return book();
    },
    /** Minor units really taken for an order, over all of its payments. */
    captured: (orderId) =>
      book().filter((one) => one.order_id === orderId).reduce((sum, one) => sum + one.captured_minor, 0),
    /** A payment or refund as the gateway knows it. */
    transaction: (id) => structuredClone(ledger.find(id)),
    /** What Accept.js gives the browser, good for one attempt: `pay`, `decline`, `hold` (for review), `error` or `expired`. */
    nonce: ledger.nonce,
    /**
     * The end of the day: what waits is settled in a batch. Not while a shop still looks for a lost start: no
     * batch of the real gateway settles within minutes of what is in it.
     */
    settle: ledger.settle,
    /** What people do at the gateway: capture, void, refund, review, chargeback, reverseChargeback, expire. */
    dashboard: ledger.dashboard,
    /** From now on (or no more) the key is wrong. */
    revokeKey: (is = true) => void (revoked = is),
    /** The next request (`on`: of that kind) suffers `mode`; several calls queue up. */
    failNext(mode, { on, times = 1, ms = 1_000 } = {}) {
      if (!MODES.has(mode)) throw new Error(`unknown mode ${mode}`);
      for (let n = 0; n < times; n += 1) failures.push({ mode, on, ms });
    },
    clearFailures: () => void (failures.length = 0),
    setDelay: (ms) => void (delay = ms),
    setFaults: (to) => void (faults = to),
    setWebhookUrl: webhooks.setUrl,
    /** `{delay_ms, copies, shuffle, paused}`, any of them. */
    delivery: webhooks.delivery,
    /** Resolves when no webhook is owed any more. */
    settled: webhooks.quiet,
    deliver: webhooks.deliver,
    header: webhooks.header,
    stop() {
      webhooks.stop();
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      return closed;
    },
  };
}

/** What may be kept of a request. */
function withoutKey({ merchantAuthentication: _, ...parameters }) {
  return parameters;
}
