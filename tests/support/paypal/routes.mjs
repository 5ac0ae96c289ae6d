// PayPal's addresses, and what each does with the ledger.

import { createVerify } from "node:crypto";

import { toAmount } from "./amounts.mjs";
import { checkCapture, checkNothing, checkOrder, checkRefund, readJson } from "./requests.mjs";
import { invalid, notFound, Refusal } from "./refusal.mjs";

const ROUTES = [
  ["POST", /^\/v2\/checkout\/orders$/, "create"],
  ["GET", /^\/v2\/checkout\/orders\/([^/]+)$/, "retrieve"],
  ["POST", /^\/v2\/checkout\/orders\/([^/]+)\/capture$/, "complete_capture"],
  ["POST", /^\/v2\/checkout\/orders\/([^/]+)\/authorize$/, "complete_authorize"],
  ["GET", /^\/v2\/payments\/authorizations\/([^/]+)$/, "retrieve_hold"],
  ["POST", /^\/v2\/payments\/authorizations\/([^/]+)\/capture$/, "capture"],
  ["POST", /^\/v2\/payments\/authorizations\/([^/]+)\/void$/, "void"],
  ["GET", /^\/v2\/payments\/captures\/([^/]+)$/, "retrieve_capture"],
  ["POST", /^\/v2\/payments\/captures\/([^/]+)\/refund$/, "refund"],
  ["GET", /^\/v1\/reporting\/transactions$/, "list"],
  ["POST", /^\/v1\/notifications\/verify-webhook-signature$/, "verify"],
];

/** `{ kind, id }`. */
export function route(method, path) {
  for (const [verb, pattern, kind] of ROUTES) {
    const found = method === verb && pattern.exec(path);
    if (found) return { kind, id: found[1] };
  }
  throw notFound();
}

/** `options` are those of a fault: `pending` and so on. Gives `{ status, body, again() }`. */
export function carryOut({ ledger, certificates, webhook, checksum }, to, { url, body, headers }, options) {
  const whole = (headers.prefer ?? "") === "return=representation";
  const ofOrder = (order, status = 200) => ({
    status,
    body: whole || status === 200
      ? ledger.shown(order)
      : { id: order.id, status: order.status, links: ledger.approval(order) },
  });
  switch (to.kind) {
    case "create": {
      const order = readJson(body);
      checkOrder(order);
      const made = ledger.create(order);
      return { ...ofOrder(made, 201), again: () => ofOrder(made) };
    }
    case "retrieve":
      return ofOrder(ledger.get(to.id));
    case "complete_capture":
    case "complete_authorize": {
      checkNothing(readJson(body));
      const order = ledger.get(to.id);
      if (options.instrument) order.instrument = options.instrument;
      ledger.complete(to.id, to.kind === "complete_capture" ? "CAPTURE" : "AUTHORIZE");
      return { ...ofOrder(order, 201), again: () => ofOrder(order) };
    }
    case "capture": {
      const asked = readJson(body);
      checkCapture(asked);
      const { order, capture } = ledger.captureHold(to.id, asked);
      const shown = () => ledger.alone(order, ledger.shownCapture(order, capture));
      return { status: 201, body: shown(), again: () => ({ status: 200, body: shown() }) };
    }
    case "void": {
      if (body !== "") checkNothing(readJson(body));
      const { order, hold } = ledger.voidHold(to.id);
      const told = () => (whole ? { status: 200, body: ledger.shownHold(order, hold) } : { status: 204, body: "" });
      return { ...told(), again: told };
    }
    case "refund": {
      const asked = readJson(body);
      checkRefund(asked);
      const { order, refund } = ledger.refund(to.id, asked, { pending: options.refundsPending });
      const shown = () => ledger.shownRefund(order, refund);
      return { status: 201, body: shown(), again: () => ({ status: 200, body: shown() }) };
    }
    case "retrieve_hold": {
      const { order, part } = ledger.partOf("holds", to.id);
      return { status: 200, body: ledger.alone(order, ledger.shownHold(order, part)) };
    }
    case "retrieve_capture": {
      const { order, part } = ledger.partOf("captures", to.id);
      return { status: 200, body: ledger.alone(order, ledger.shownCapture(order, part)) };
    }
    case "list":
      return { status: 200, body: list(ledger.transactions, url.searchParams) };
    default:
      return { status: 200, body: { verification_status: verdict(certificates, webhook, checksum, body) } };
  }
}

const DAY = 86_400_000;

function list(transactions, query) {
  const from = Date.parse(query.get("start_date"));
  const to = Date.parse(query.get("end_date"));
  const size = Number(query.get("page_size") ?? 100);
  const page = Number(query.get("page") ?? 1);
  const legal = from <= to && to - from <= 31 * DAY && size >= 1 && size <= 500 && Number.isInteger(page) && page >= 1;
  if (!legal || query.get("fields") !== "transaction_info") throw invalid("INVALID_PARAMETER_VALUE");
  const date = (at) => new Date(at).toISOString().replace(/\.\d+Z$/, "+0000");
  // In whole seconds, as they are told.
  const second = (at) => Math.floor(at / 1_000) * 1_000;
  const found = transactions.filter((one) => second(one.at) >= from && second(one.at) <= to);
  const details = found.slice((page - 1) * size, page * size).map((one) => ({
    transaction_info: {
      transaction_id: one.id, transaction_event_code: one.code, transaction_initiation_date: date(one.at),
      transaction_updated_date: date(one.at), transaction_amount: toAmount(one.minor, one.currency),
      transaction_status: "S", invoice_id: one.invoice, custom_field: one.custom,
      ...(one.parent && { paypal_reference_id: one.parent, paypal_reference_id_type: "TXN" }),
    },
  }));
  return {
    transaction_details: details, account_number: "FAKEMERCHANT1", start_date: date(from), end_date: date(to), page,
    total_items: found.length, total_pages: Math.ceil(found.length / size),
  };
}

const FIELDS =
  "auth_algo cert_url transmission_id transmission_sig transmission_time webhook_id webhook_event".split(" ");

/** The event must be there as it was sent: its bytes are cut out of the question, not read and written. */
function verdict(certificates, webhook, checksum, text) {
  const question = readJson(text);
  if (FIELDS.some((field) => question[field] === undefined)) throw invalid("MISSING_REQUIRED_PARAMETER");
  const mark = '"webhook_event":';
  const event = text.slice(text.indexOf(mark) + mark.length, -1);
  const { transmission_id: id, transmission_time: time, webhook_id: webhookId } = question;
  const signed = `${id}|${time}|${webhookId}|${checksum(Buffer.from(event))}`;
  const key = certificates.chainPem.split("-----END CERTIFICATE-----")[0] + "-----END CERTIFICATE-----\n";
  const right = createVerify("RSA-SHA256").update(signed).verify(key, question.transmission_sig, "base64");
  return right && webhookId === webhook.id ? "SUCCESS" : "FAILURE";
}

/** A change under a key that was used for another one: stricter than PayPal, which answers for the first. */
export function reused() {
  return new Refusal(400, {
    name: "INVALID_REQUEST", message: "The key was used for another request.", debug_id: "f4ke",
    details: [{ issue: "REQUEST_ID_REUSED" }], links: [],
  });
}
