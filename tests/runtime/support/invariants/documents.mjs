// Invoices and credit notes: each number has its document, each document is what its hash says, its parts add up,
// D1 lists it, and what an order's documents come to is what was taken and given back, to the minor unit.

import { createHash } from "node:crypto";
import { captured, operations, refunded, sum } from "./raw.mjs";

const sha256 = (text) => createHash("sha256").update(text).digest("hex");
export const numberText = (series, number) => `${series}-${String(number).padStart(6, "0")}`;

export function documentsAreTrue(world, must) {
  const documents = [];
  for (const series of world.series) {
    numbersHaveDocuments(series, world, must);
    for (const row of series.documents) documents.push(documentIsTrue(series, row, world, must));
    const last = Math.max(0, ...series.documents.map((row) => row.number));
    const projected = series.projection[0]?.number ?? 0;
    must(projected >= last, `series ${series.name} has documents up to ${last}, D1 was seen to hold ${projected}`);
  }
  for (const order of world.orders.values()) booksClose(order, documents, must);
}

function numbersHaveDocuments(series, world, must) {
  const documents = new Map(series.documents.map((row) => [row.number, row]));
  for (const [kind, rows] of [["invoice", series.invoices], ["credit_note", series.credit_notes]]) {
    for (const row of rows) {
      const document = documents.get(row.number);
      const what = numberText(series.name, row.number);
      if (world.shop.undocumented?.has(what)) continue;
      if (!must(document?.kind === kind, `${what} is a number of kind ${kind}, its document is of kind ${document?.kind}`)) continue;
      const { order_id, refund_id, cancels } = JSON.parse(document.document);
      // A row of a note that cancels another has `<number> down to <minor units>` in the refund's place.
      const isFor = cancels === undefined ? refund_id === row.refund_id : row.refund_id.startsWith(`${cancels} down to `);
      must(order_id === row.order_id && isFor, `${what} is for ${row.order_id}, its document for ${order_id}`);
    }
  }
  const numbers = [...series.invoices, ...series.credit_notes].map((row) => row.number).sort((a, b) => a - b);
  must(numbers.every((number, index) => number === index + 1), `series ${series.name} has a gap: ${numbers.join(", ")}`);
  must(numbers.length >= documents.size, `series ${series.name} has documents without a number`);
}

function documentIsTrue(series, row, world, must) {
  const document = JSON.parse(row.document);
  const what = numberText(series.name, row.number);
  must(document.number === what && document.series === series.name, `${what} says that it is ${document.number}`);
  must(sha256(row.document) === row.sha256, `${what} is not what its hash says`);
  const { net_minor: net, tax_minor: tax, total_minor: total } = document.amount;
  must(net + tax === total, `${what}: net ${net} and tax ${tax} make no ${total}`);
  const groups = document.tax_groups.flatMap((group) => [group.net_minor, ...group.taxes.map((one) => one.amount_minor)]);
  must(sum(groups) === total, `${what}: its groups come to ${sum(groups)}, it to ${total}`);
  must(sum(document.tax_summary.map((one) => one.tax_minor)) === tax, `${what}: its taxes do not make ${tax}`);
  const listed = world.projected.invoices.get(what);
  const columns = {
    kind: row.kind, series: series.name, order_id: document.order_id, refund_id: document.refund_id ?? null,
    issued_at: Date.parse(document.issued_at), currency: document.currency, net_minor: net, tax_minor: tax,
    total_minor: total, sha256: row.sha256,
  };
  for (const [column, value] of Object.entries(columns)) {
    must(listed?.[column] === value, `${what}: D1 has ${column} ${listed?.[column]}, the document ${value}`);
  }
  return document;
}

/** What is invoiced less what is credited is what was taken less what was given back. */
function booksClose(order, documents, must) {
  const own = documents.filter((document) => document.order_id === order.id);
  const come = (kind) => sum(own.filter((one) => one.kind === kind).map((one) => one.amount.total_minor));
  const moved = (refund) => operations(order, "refund", "succeeded").some((one) => one.refund_id === refund.id);
  const open = (refund) => operations(order, "refund").some((one) => one.refund_id === refund.id && !["succeeded", "failed"].includes(one.result));
  const refunds = (order.document.refunds ?? []).filter((refund) => moved(refund) && !open(refund));
  const cancellations = (order.document.refunds ?? []).flatMap((one) => one.credit_note_cancellations ?? []);
  const cancelled = (order.document.refunds ?? []).filter((one) => one.credit_note_cancellations?.length > 0 && !refunds.includes(one));
  const notes = [...refunds, ...cancelled].map((one) => one.credit_note_number);
  const numbers = [order.document.invoice_number, ...notes, ...cancellations.map((one) => one.number)];
  if (order.document.invoice_number == null) return;
  for (const one of refunds) must(one.credit_note_number != null, `${order.id}: refund ${one.id} has moved and has no credit note`);
  if (numbers.some((number) => number == null) || (order.document.refunds ?? []).some(open)) return;
  const [paper, money] = [come("invoice") - come("credit_note"), captured(order) - refunded(order)];
  must(paper === money, `${order.id}: its documents come to ${paper}, its money to ${money}`);
  must(own.length === numbers.length, `${order.id} has ${own.length} documents and says ${numbers.join(", ")}`);
}
