// What is not signed by Stripe changes nothing: every kind of forgery is refused, what the official package
// signs is taken, and a body that is too large is not read.

import assert from "node:assert/strict";
import { createHmac, randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { assertBooksAgree } from "../support/books.mjs";
import { FORMER_WEBHOOK_SECRET, openStripeStore, stripeCart, WEBHOOK_SECRET } from "../support/stripe-store.mjs";

let store;
let fake;
let close;
/** An order that waits for its buyer, and the event that would pay it. */
let order;
let event;

before(async () => {
  ({ store, fake, close } = await openStripeStore());
  const { body } = await store.storefront.checkout(stripeCart("pm_card_threeDSecure2Required"), randomUUID());
  order = body.order;
  await fake.settled();
  fake.delivery({ paused: true });
  fake.buyer(fake.payments[0].id, "pay");
  event = fake.events.find(({ type }) => type === "payment_intent.succeeded");
});
after(() => close?.());

const now = () => Math.floor(Date.now() / 1000);
const mac = (text, secret = WEBHOOK_SECRET) => createHmac("sha256", secret).update(text).digest("hex");

async function post(body, header, gateway = "stripe") {
  const headers = { "content-type": "application/json", ...(header !== undefined && { "stripe-signature": header }) };
  const response = await fetch(`${store.url}/webhooks/${gateway}`, { method: "POST", headers, body });
  const text = await response.text();
  return { status: response.status, body: JSON.parse(text) };
}

const version = async () => (await store.admin.get(`/v1/orders/${order.id}`)).body.version;

test("forged, stale and altered events are refused with 401 and change nothing", async () => {
  const body = JSON.stringify(event);
  const signature = mac(`${now()}.${body}`);
  const right = `t=${now()},v1=${signature}`;
  const at = (timestamp) => `t=${timestamp},v1=${mac(`${timestamp}.${body}`)}`;
  const altered = body.replace('"amount_received":', '"amount_received": ');
  assert.notEqual(altered, body);
  const flipped = signature.replace(/.$/, (digit) => (digit === "0" ? "1" : "0"));
  const forgeries = {
    "no header": [body, undefined],
    "empty header": [body, ""],
    "another secret": [body, fake.header(body, { secret: "whsec_guessed" })],
    "an empty secret": [body, `t=${now()},v1=${mac(`${now()}.${body}`, "")}`],
    "another body": [altered, right],
    "the JSON written anew": [JSON.stringify(event, null, 2), right],
    "a body cut short": [body.slice(0, -1), right],
    "a byte of the signature": [body, `t=${now()},v1=${flipped}`],
    "half a signature": [body, `t=${now()},v1=${signature.slice(0, 32)}`],
    "a longer signature": [body, `t=${now()},v1=${signature}00`],
    "an empty signature": [body, `t=${now()},v1=`],
    "only v0": [body, `t=${now()},v0=${signature}`],
    "no time": [body, `v1=${signature}`],
    "another time": [body, `t=${now() - 1},v1=${signature}`],
    "five minutes ago": [body, at(now() - 302)],
    "in five minutes": [body, at(now() + 302)],
    "a time that is none": [body, at("NaN")],
    "a negative time": [body, at(-now())],
    "a time beyond numbers": [body, at("9223372036854775808")],
    "a fraction of time": [body, at(`${now()}.0`)],
    "the signature without its time": [body, `t=${now()},v1=${mac(body)}`],
    nonsense: [body, "=,;=t,v1"],
  };
  const before = await version();
  for (const [name, [payload, header]] of Object.entries(forgeries)) {
    const answer = await post(payload, header);
    assert.deepEqual([answer.status, answer.body.code], [401, "signature_invalid"], name);
  }
  assert.equal(await version(), before);
});

test("a body over 256 KiB is not read, however it is signed", async () => {
  const large = JSON.stringify({ ...event, padding: "x".repeat(256 * 1024) });
  for (const header of [fake.header(large), "t=1,v1=00"]) {
    const answer = await post(large, header);
    assert.deepEqual([answer.status, answer.body.code], [413, "body_too_large"]);
  }
  const chunked = new ReadableStream({
    start(controller) {
      for (let part = 0; part < 5; part += 1) controller.enqueue(new Uint8Array(64 * 1024));
      controller.close();
    },
  });
  const response = await fetch(`${store.url}/webhooks/stripe`, { method: "POST", body: chunked, duplex: "half" });
  assert.equal(response.status, 413, "nor one that does not announce its length");
});

test("what is rightly signed and no event is 400, what is of no interest 200", async () => {
  const before = await version();
  for (const [payload, status] of [
    ["", 400],
    ["not JSON", 400],
    ["[]", 400],
    [JSON.stringify({ ...event, id: undefined }), 400],
    [JSON.stringify({ ...event, id: "evt_other", type: "customer.created" }), 200],
    [JSON.stringify({ ...event, id: "evt_later", type: "payment_intent.amount_invented_later" }), 200],
    [JSON.stringify(elsewhere("ord_00" + "0".repeat(32))), 200],
    [JSON.stringify(elsewhere("somebody else's order")), 200],
  ]) {
    assert.equal((await post(payload, fake.header(payload))).status, status, payload.slice(0, 80));
  }
  assert.equal(await version(), before);
});

/** The event of a payment that another shop made through the same account. */
function elsewhere(orderId) {
  const copy = structuredClone(event);
  Object.assign(copy, { id: `evt_${randomUUID()}` });
  Object.assign(copy.data.object, { id: "pi_elsewhere", metadata: { order_id: orderId } });
  return copy;
}

test("an event for a gateway that is not set up is 404", async () => {
  const body = JSON.stringify(event);
  for (const gateway of ["sandbox", "paypal", "STRIPE"]) {
    assert.equal((await post(body, fake.header(body), gateway)).status, 404, gateway);
  }
});

test("what the official package signs is taken: once, whatever comes again", async () => {
  const body = JSON.stringify(event);
  const right = fake.header(body);
  const [, time, signature] = right.match(/^t=(\d+),v1=([0-9a-f]+)/);
  const before = await version();
  assert.equal((await post(body, `t=${time},v1=${"0".repeat(64)},v1=${signature}`)).status, 200, "one v1 of two is right");
  const { body: paid } = await store.admin.get(`/v1/orders/${order.id}`);
  assert.equal(paid.payment_status, "paid");
  assert.ok(paid.version > before);
  assert.equal((await post(body, fake.header(body, { secret: FORMER_WEBHOOK_SECRET }))).status, 200, "the former secret");
  const answers = await Promise.all(Array.from({ length: 100 }, () => post(body, fake.header(body))));
  assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
});

test("the books agree", async () => {
  const raw = await assertBooksAgree(store, { intents: fake.payments });
  const inbox = [...raw.shards.values()].flatMap((shard) => shard.inbox);
  assert.equal(inbox.filter((row) => row.event_id === event.id).length, 1);
  assert.equal(inbox.filter((row) => row.order_id !== order.id).length, 0, "nothing of strangers is kept");
});
