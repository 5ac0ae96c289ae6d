// The fake by itself: what it takes and refuses, and what becomes of money in it.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { readFile } from "node:fs/promises";
import http from "node:http";
import { test } from "node:test";

import { parse } from "../support/authorize-net/schema.mjs";
import { startAuthorizeNetFake } from "../support/authorize-net-fake.mjs";

async function shop() {
  const received = [];
  const server = http.createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => (body += chunk));
    request.on("end", () => {
      received.push({ body, signature: request.headers["x-anet-signature"] });
      response.writeHead(200).end();
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    received,
    url: `http://127.0.0.1:${server.address().port}/webhooks/authorize_net`,
    close: () => (server.closeAllConnections(), new Promise((resolve) => server.close(resolve))),
  };
}

async function start(t, options) {
  const fake = await startAuthorizeNetFake(options);
  t.after(() => fake.stop());
  const merchantAuthentication = { name: fake.loginId, transactionKey: fake.transactionKey };

  async function post(body, { timeout = 500 } = {}) {
    const response = await fetch(`${fake.url}/xml/v1/request.api`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: typeof body === "string" ? body : JSON.stringify(body),
      signal: AbortSignal.timeout(timeout),
    });
    const text = Buffer.from(await response.arrayBuffer()).toString("utf8");
    return { status: response.status, headers: response.headers, text };
  }

  async function ask(method, parameters) {
    const { status, text } = await post({ [method]: { merchantAuthentication, ...parameters } });
    assert.equal(status, 200);
    assert.equal(text.charCodeAt(0), 0xfeff, "a byte-order mark comes first");
    return JSON.parse(text.slice(1));
  }

  const create = (refId, transactionRequest) => ask("createTransactionRequest", { refId, transactionRequest });
  const details = async (transId) => (await ask("getTransactionDetailsRequest", { transId })).transaction;
  const change = (transactionType, refTransId, amount) =>
    create("r", { transactionType, ...(amount && { amount }), refTransId });
  return { fake, merchantAuthentication, post, ask, create, details, change };
}

const payment = (dataValue, more = {}) => ({
  transactionType: "authCaptureTransaction",
  amount: "19.99",
  currencyCode: "USD",
  payment: { opaqueData: { dataDescriptor: "COMMON.ACCEPT.INAPP.PAYMENT", dataValue } },
  order: { invoiceNumber: "70008000000000001001", description: "ord_1" },
  customer: { email: "ada@example.com" },
  billTo: { firstName: "Ada", lastName: "Lovelace", address: "1 Road", city: "San Francisco", country: "US" },
  transactionSettings: {
    setting: [
      { settingName: "allowPartialAuth", settingValue: "false" },
      { settingName: "duplicateWindow", settingValue: "28800" },
    ],
  },
  ...more,
});
const hold = (dataValue, more) => payment(dataValue, { transactionType: "authOnlyTransaction", ...more });
const refund = (refTransId, amount, invoiceNumber) => ({
  transactionType: "refundTransaction",
  amount,
  currencyCode: "USD",
  payment: { creditCard: { cardNumber: "1111", expirationDate: "XXXX" } },
  refTransId,
  order: { invoiceNumber, description: "ord_1" },
  transactionSettings: { setting: [{ settingName: "duplicateWindow", settingValue: "28800" }] },
});
const code = (reply) => reply.messages.message[0].code;
const outcome = ({ transactionResponse: inner }) => [inner.responseCode, (inner.errors?.[0]?.errorCode ?? inner.messages?.[0]?.code)];

test("a nonce is charged once, and a reply echoes the request's name", async (t) => {
  const { fake, create, details } = await start(t);
  const nonce = fake.nonce();
  const paid = await create("70008000000000001001", payment(nonce));
  assert.deepEqual([...outcome(paid), paid.refId, paid.messages.resultCode], ["1", "1", "70008000000000001001", "Ok"]);
  const found = await details(paid.transactionResponse.transId);
  assert.equal(found.transactionStatus, "capturedPendingSettlement");
  assert.deepEqual([found.authAmount, found.settleAmount, found.order.description], [19.99, 19.99, "ord_1"]);
  assert.equal(code(await create("r", payment(nonce))), "E00114");
  assert.equal(code(await create("r", payment("eyJub3Qi"))), "E00114");
  assert.equal(code(await create("r", payment(fake.nonce("expired")))), "E00114");
  const again = await create("r", payment(fake.nonce()));
  assert.deepEqual(outcome(again), ["3", "11"], "the same invoice, amount and card is a duplicate");
  assert.equal(again.transactionResponse.transId, "0");
  assert.equal(fake.book().length, 1);
  assert.equal(fake.captured("ord_1"), 1999);
});

test("declines, reviews, errors and another currency", async (t) => {
  const { fake, create, details } = await start(t);
  const of = (n) => ({ order: { invoiceNumber: `inv${n}`, description: `ord_${n}` } });
  const declined = await create("r", payment(fake.nonce("decline"), of(1)));
  assert.deepEqual([...outcome(declined), code(declined)], ["2", "2", "E00027"]);
  assert.equal((await details(declined.transactionResponse.transId)).transactionStatus, "declined");
  const held = await create("r", payment(fake.nonce("hold"), of(2)));
  assert.deepEqual(outcome(held), ["4", "253"]);
  const { transId } = held.transactionResponse;
  assert.equal((await details(transId)).transactionStatus, "FDSPendingReview");
  fake.dashboard.review(transId, true);
  assert.equal((await details(transId)).transactionStatus, "capturedPendingSettlement");
  assert.deepEqual(outcome(await create("r", payment(fake.nonce("error"), of(3)))), ["3", "57"]);
  assert.deepEqual(outcome(await create("r", payment(fake.nonce(), { ...of(4), currencyCode: "EUR" }))), ["3", "39"]);
  assert.deepEqual(fake.book().map((one) => one.captured_minor), [0, 1999]);
});

test("held money is taken once, in part or whole, or let go", async (t) => {
  const { fake, create, change, details } = await start(t);
  const made = async (n) => {
    const reply = await create("r", hold(fake.nonce(), { order: { invoiceNumber: `i${n}`, description: `o${n}` } }));
    return reply.transactionResponse.transId;
  };
  const first = await made(1);
  assert.deepEqual(outcome(await change("priorAuthCaptureTransaction", first, "20.00")), ["3", "47"]);
  const taken = await change("priorAuthCaptureTransaction", first, "12.00");
  assert.deepEqual([taken.transactionResponse.transId, taken.transactionResponse.refTransID], [first, first]);
  const { authAmount, settleAmount } = await details(first);
  assert.deepEqual([authAmount, settleAmount], [19.99, 12]);
  assert.deepEqual(outcome(await change("priorAuthCaptureTransaction", first, "12.00")), ["1", "311"]);
  const second = await made(2);
  assert.deepEqual(outcome(await change("voidTransaction", second)), ["1", "1"]);
  assert.deepEqual(outcome(await change("voidTransaction", second)), ["1", "310"]);
  assert.deepEqual(outcome(await change("priorAuthCaptureTransaction", second, "1.00")), ["3", "16"]);
  assert.deepEqual(outcome(await change("voidTransaction", "1")), ["3", "16"]);
  assert.deepEqual(fake.book().map((one) => [one.captured_minor, one.refunded_minor]), [[1200, 0], [0, 0]]);
});

test("before settlement a void gives back, after it a refund", async (t) => {
  const { fake, ask, create, change, details } = await start(t);
  const paid = async (n) => {
    const reply = await create("r", payment(fake.nonce(), { order: { invoiceNumber: `i${n}`, description: `o${n}` } }));
    return reply.transactionResponse.transId;
  };
  const [first, second] = [await paid(1), await paid(2)];
  assert.deepEqual(outcome(await create("r", refund(first, "5.00", "r1"))), ["3", "54"], "not settled");
  assert.deepEqual(outcome(await change("voidTransaction", second)), ["1", "1"]);
  const batch = fake.settle();
  assert.deepEqual(outcome(await change("voidTransaction", first)), ["3", "16"], "settled");
  const back = await create("r", refund(first, "5.00", "r1"));
  assert.deepEqual(outcome(back), ["1", "1"]);
  assert.deepEqual(outcome(await create("r", refund(first, "5.00", "r1"))), ["3", "11"], "a duplicate");
  assert.deepEqual(outcome(await create("r", refund(first, "15.00", "r2"))), ["3", "55"], "more than was taken");
  const other = refund(first, "1.00", "r3");
  other.payment.creditCard.cardNumber = "2222";
  assert.deepEqual(outcome(await create("r", other)), ["3", "54"], "another card");
  const { transId } = back.transactionResponse;
  const given = await details(transId);
  assert.deepEqual([given.refTransId, given.transactionStatus], [first, "refundPendingSettlement"]);
  const truth = fake.book().map((one) => [one.captured_minor, one.refunded_minor, one.status]);
  assert.deepEqual(truth, [[1999, 500, "settledSuccessfully"], [1999, 1999, "voided"]]);
  const unsettled = await ask("getUnsettledTransactionListRequest", {});
  assert.deepEqual(unsettled.transactions.map((one) => one.transId), [transId]);
  const inBatch = await ask("getTransactionListRequest", { batchId: batch.id });
  assert.deepEqual(inBatch.transactions.map((one) => one.transactionStatus), ["settledSuccessfully", "voided"]);
  fake.dashboard.chargeback(first);
  assert.equal(fake.book()[0].charged_back_minor, 1999);
});

test("lists are paged and sorted, batches are chosen by day", async (t) => {
  let clock = Date.UTC(2026, 0, 1);
  const { fake, ask, create } = await start(t, { now: () => (clock += 1_000) });
  const list = (paging, orderDescending = true) =>
    ask("getUnsettledTransactionListRequest", { sorting: { orderBy: "submitTimeUTC", orderDescending }, paging });
  assert.equal(code(await list({ limit: 2, offset: 1 })), "I00004");
  for (const n of [1, 2, 3]) {
    await create("r", payment(fake.nonce(), { order: { invoiceNumber: `i${n}`, description: `o${n}` } }));
  }
  const invoices = async (...args) => (await list(...args)).transactions?.map((one) => one.invoiceNumber);
  assert.deepEqual(await invoices({ limit: 2, offset: 1 }), ["i3", "i2"]);
  assert.deepEqual(await invoices({ limit: 2, offset: 2 }), ["i1"]);
  assert.deepEqual(await invoices({ limit: 2, offset: 1 }, false), ["i1", "i2"]);
  assert.equal(await invoices({ limit: 2, offset: 3 }), undefined);
  fake.settle();
  const batches = (first, last) =>
    ask("getSettledBatchListRequest", { includeStatistics: false, firstSettlementDate: first, lastSettlementDate: last });
  assert.equal((await batches("2026-01-01T00:00:00.250Z", "2026-01-02T00:00:00Z")).batchList.length, 1);
  assert.equal(code(await batches("2026-02-01T00:00:00Z", "2026-02-02T00:00:00Z")), "I00004");
  assert.equal(code(await batches("2026-01-01T00:00:00Z", "2026-02-02T00:00:00Z")), "E00013");
});

test("the order of the elements is the schema's, and nothing else is taken", async (t) => {
  const { fake, merchantAuthentication, post, create, ask } = await start(t);
  const { transactionType, amount, ...rest } = payment(fake.nonce());
  const swapped = await create("r", { amount, transactionType, ...rest });
  assert.equal(code(swapped), "E00003");
  assert.match(
    swapped.messages.message[0].text,
    /^The element 'transactionRequest' in namespace 'AnetApi\S+' has invalid child element 'amount' .* expected: 'transactionType, /,
  );
  const bad = [
    { ...payment(fake.nonce()), surprise: "1" },
    { ...payment(fake.nonce()), amount: "19,99" },
    { ...payment(fake.nonce()), amount: "-19.99" },
    { ...payment(fake.nonce()), order: { description: "ord_1", invoiceNumber: "1" } },
    { ...payment(fake.nonce()), order: { invoiceNumber: "x".repeat(21) } },
    { ...payment(fake.nonce()), billTo: { lastName: "x".repeat(51) } },
    { ...payment(fake.nonce()), billTo: { lastName: "Lovelace", firstName: "Ada" } },
    { ...payment(fake.nonce()), transactionSettings: [{ settingName: "a", settingValue: "b" }] },
    { ...payment(fake.nonce()), payment: { opaqueData: { dataValue: "a", dataDescriptor: "b" } } },
    { ...payment(fake.nonce()), payment: { creditCard: { cardNumber: "4242424242424242", expirationDate: "2030-01" } } },
  ];
  for (const transaction of bad) assert.equal(code(await create("r", transaction)), "E00003", JSON.stringify(transaction));
  assert.equal(code(await create("x".repeat(21), payment(fake.nonce()))), "E00003");
  assert.equal(code(await ask("getTransactionDetailsRequest", { transId: "x" })), "E00003");
  assert.equal(code(await ask("getTransactionDetailsRequest", { transId: "1" })), "E00040");
  assert.equal(code(await ask("getEverythingRequest", {})), "E00003");
  for (const body of ["", "{}", "[]", "null", "{", JSON.stringify({ createTransactionRequest: { refId: "r", merchantAuthentication } })]) {
    assert.equal(code(JSON.parse((await post(body)).text.slice(1))), "E00003", body);
  }
  assert.equal(fake.book().length, 0);
});

test("only the right key is let in, and it can be revoked", async (t) => {
  const { fake, ask } = await start(t);
  const wrong = { merchantAuthentication: { name: fake.loginId, transactionKey: "wrong" } };
  assert.equal(code(await ask("getUnsettledTransactionListRequest", wrong)), "E00007");
  assert.equal(code(await ask("getUnsettledTransactionListRequest", {})), "I00004");
  fake.revokeKey();
  assert.equal(code(await ask("getUnsettledTransactionListRequest", {})), "E00007");
  assert.ok(!JSON.stringify(fake.requests).includes(fake.transactionKey), "requests are kept without the key");
});

test("faults come where the test wants them, before or after the deed", async (t) => {
  const wanted = [];
  const { fake, post, create, merchantAuthentication } = await start(t, {
    faults: ({ kind }) => (kind === "authorize" ? wanted.shift() : undefined),
  });
  const body = (n) => ({
    createTransactionRequest: {
      merchantAuthentication, refId: "r",
      transactionRequest: payment(fake.nonce(), { order: { invoiceNumber: `i${n}`, description: `o${n}` } }),
    },
  });
  const suffer = async (mode, n) => {
    wanted.push(mode);
    return post(body(n)).catch((error) => ({ status: error.name }));
  };
  assert.equal((await suffer("timeout_before", 1)).status, "TimeoutError");
  assert.equal((await suffer("reset_before", 2)).status, "TypeError");
  assert.equal((await suffer("500_before", 3)).status, 500);
  const limited = await suffer("429", 4);
  assert.deepEqual([limited.status, limited.headers.get("retry-after")], [429, "1"]);
  assert.equal(code(JSON.parse((await suffer("busy", 5)).text.slice(1))), "E00053");
  assert.equal(fake.book().length, 0, "nothing was done");
  assert.equal((await suffer("timeout_after", 6)).status, "TimeoutError");
  assert.equal((await suffer("reset_after", 7)).status, "TypeError");
  assert.equal((await suffer("500_after", 8)).status, 500);
  assert.match((await suffer("html", 9)).text, /^<!doctype/);
  const cut = await suffer("malformed_json", 10);
  assert.throws(() => JSON.parse(cut.text.slice(1)), SyntaxError);
  assert.equal(JSON.parse((await suffer("wrong_ref_id", 11)).text.slice(1)).refId, "00000000000000000000");
  assert.equal(JSON.parse((await suffer("no_mark", 12)).text).refId, "r");
  assert.equal((await suffer({ mode: "slow", ms: 50 }, 13)).status, 200);
  assert.ok((await suffer("huge", 14)).text.length > 10 * 1024 * 1024);
  assert.deepEqual(fake.book().map((one) => one.order_id), [6, 7, 8, 9, 10, 11, 12, 13, 14].map((n) => `o${n}`));
  fake.failNext("500_before", { on: "void" });
  assert.equal((await create("r", payment(fake.nonce()))).transactionResponse.responseCode, "1");
  assert.throws(() => fake.failNext("nonsense"));
});

test("notifications are signed over the raw body with the text of the key", async (t) => {
  const endpoint = await shop();
  t.after(endpoint.close);
  const { fake, create } = await start(t, { webhookUrl: endpoint.url });
  fake.delivery({ copies: 2 });
  const { transId } = (await create("r", payment(fake.nonce()))).transactionResponse;
  fake.settle();
  fake.dashboard.refund(transId, 700);
  await fake.settled();
  assert.equal(endpoint.received.length, 4, "everything twice");
  for (const { body, signature } of endpoint.received) {
    const mac = createHmac("sha512", fake.signatureKey).update(body).digest("hex").toUpperCase();
    assert.equal(signature, `sha512=${mac}`);
  }
  const kinds = fake.events.map((event) => event.eventType.replace("net.authorize.payment.", ""));
  assert.deepEqual(kinds, ["authcapture.created", "refund.created"]);
  assert.equal(fake.events[0].payload.id, transId);
  assert.notEqual(fake.events[1].payload.id, transId, "a refund is a transaction of its own");
  const { invoiceNumber } = fake.events[1].payload;
  assert.equal(invoiceNumber, "70008000000000001001", "made by hand, it has its payment's invoice number");
  assert.equal(await fake.deliver(fake.events[0], { key: "another" }), 200);
});

test("what the shop sends is what the schema takes, byte by byte", async () => {
  const golden = await readFile(new URL("golden/authorize_net_requests.txt", import.meta.url), "utf8");
  const bodies = golden.trimEnd().split("\n").map((line) => line.slice(line.indexOf(" ") + 1));
  assert.equal(bodies.length, 10);
  for (const body of bodies) {
    assert.equal(JSON.stringify(JSON.parse(body)), body);
    assert.ok(parse(body).method);
  }
});
