// Proves FAULTS 7, 15, 16 and 19 from inside: what nobody in good faith sends is refused with the documented status,
// and leaves no trace in any object (tests/api sends the same kind over a real socket and looks at the answers).

import { describe, expect, test } from "vitest";
import { SANDBOX_WEBHOOK_SECRET } from "../../scripts/development-settings.mjs";
import { crossings } from "./support/crossings.mjs";
import { drain } from "./support/drain.mjs";
import { eventOf, gateway } from "./support/gateway.mjs";
import { PUBLISHABLE_KEY, cart, checkout, macOf, must, openDoors, post, seconds, send, webhook } from "./support/http.mjs";
import { readWorld } from "./support/invariants/raw.mjs";
import { level, read, shop } from "./support/shop.mjs";

/** What a request came to, and which objects it reached. */
async function tried(request) {
  crossings.forget();
  const answer = await request;
  return { ...answer, reached: crossings.trace.filter((label) => !label.endsWith("asks D1")) };
}

/** A body that can be read may be a retry of one that was accepted: its shard is asked, and nobody else. */
const beyondReplay = (label) => label !== "Worker asks OrderShard";

const problem = (answer) => `${answer.status} ${answer.body?.code}`;
const raw = (text) => tried(checkout(text));
const replaced = (from, to) => {
  const whole = JSON.stringify(cart());
  if (!whole.includes(from)) throw new Error(`no ${from} in the cart`);
  return whole.replace(from, to);
};
const KIB = 1_024;
const padded = (bytes) => {
  const whole = JSON.stringify(cart());
  return whole + " ".repeat(bytes - whole.length);
};

describe("a body", () => {
  const BODIES = {
    "of nothing": [() => "", "400 malformed_json"],
    "that is half": [() => JSON.stringify(cart()).slice(0, -3), "400 malformed_json"],
    "of 64 KiB and one byte": [() => padded(64 * KIB + 1), "413 body_too_large"],
    "of 1 MiB": [() => padded(KIB * KIB), "413 body_too_large"],
    "10,000 objects deep": [() => `${'{"a":'.repeat(10_000)}1${"}".repeat(10_000)}`, "422 invalid_request"],
    "that is a list": [() => "[]", "422 invalid_request"],
    "that is null": [() => "null", "422 invalid_request"],
    "with a byte-order mark": [() => `\ufeff${JSON.stringify(cart())}`, "400 malformed_json"],
    "that is not UTF-8": [() => new Uint8Array([0x7b, 0xff, 0xfe, 0x7d]), "400 malformed_json"],
    "with a lone surrogate": [() => replaced("Ada Lovelace", "\\ud800"), "400 malformed_json"],
    "with a NUL": [() => replaced("Ada Lovelace", "A\\u0000"), "422 invalid_request"],
    "with a field twice": [() => replaced('"currency":"USD"', '"currency":"USD","currency":"EUR"'), "422 invalid_request"],
  };
  test.each(Object.entries(BODIES))("%s is refused and reaches nobody", async (_, [body, expected]) => {
    await openDoors({ MUG: 5 });
    const answer = await raw(body());
    expect(problem(answer)).toBe(expected);
    expect(answer.reached).toEqual([]);
  });

  test.each(["text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-16", ""])(
    "of the type \"%s\" is 415 and reaches nobody",
    async (type) => {
      const answer = await tried(checkout(cart(), { headers: { "content-type": type } }));
      expect(problem(answer)).toBe("415 unsupported_media_type");
      expect(answer.reached).toEqual([]);
    },
  );

  test("of unsaid length is not read beyond its limit", async () => {
    let sent = 0;
    const endless = new ReadableStream({
      pull(controller) {
        sent += 16 * KIB;
        controller.enqueue(new TextEncoder().encode(" ".repeat(16 * KIB)));
      },
    });
    const answer = await tried(send("POST", "/v1/checkouts", {
      key: PUBLISHABLE_KEY, body: endless, headers: { "idempotency-key": shop.key() },
    }));
    expect(problem(answer)).toBe("413 body_too_large");
    expect(sent).toBeLessThan(KIB * KIB);
  });
});

describe("a number", () => {
  const NUMBERS = ["0", "-1", "1.5", "1e3", "10000", "2147483648", "9007199254740993", "9223372036854775808", "1e309", '"1"', "NaN", "null", "true"];
  test.each(NUMBERS)("%s is no quantity and claims nothing", async (number) => {
    await openDoors({ MUG: 5 });
    const answer = await raw(replaced('"quantity":1', `"quantity":${number}`));
    expect([400, 422]).toContain(answer.status);
    expect(answer.reached.filter(beyondReplay)).toEqual([]);
  });

  test("of 9,999 in two lines is refused by their sum", async () => {
    await openDoors({ MUG: 5 });
    const answer = await tried(checkout(cart({ lines: [["MUG", 9_999], ["MUG", 1]] })));
    expect(problem(answer)).toBe("422 quantity_out_of_range");
    expect(answer.reached.filter(beyondReplay)).toEqual([]);
  });

  test.each([["1000000001", 422], ["-1000000001", 422], ["1.5", 422], ["1e400", 400], ['"5"', 422], ["0", 422]])(
    "%s is no adjustment and counts nothing",
    async (number, status) => {
      await openDoors({ MUG: 5 });
      const answer = await post(`/v1/admin/inventory/${shop.sku("MUG")}/adjustments`, `{"quantity":${number},"reason":"count"}`, {
        key: "sk_dev_admin", headers: { "idempotency-key": shop.key() },
      });
      expect(answer.status, answer.text).toBe(status);
      expect(await level("MUG")).toMatchObject({ received: 5, adjusted: 0 });
    },
  );
});

describe("what is not the caller's to say", () => {
  const FIELDS = [
    "/total", "/status", "/paid_at", "/payment_status", "/tenant", "/id", "/invoice_number", "/discount", "/lines/0/price",
    "/lines/0/unit_price_minor", "/payment/amount", "/payment/capture", "/shipping_address/verified",
  ];
  test.each(FIELDS)("%s is refused by name", async (pointer) => {
    await openDoors({ MUG: 5 });
    const body = cart();
    const steps = pointer.slice(1).split("/");
    const parent = steps.slice(0, -1).reduce((value, step) => value[step], body);
    parent[steps.at(-1)] = 1;
    const answer = await tried(checkout(body));
    expect([problem(answer), answer.body.errors?.[0]?.pointer]).toEqual(["422 invalid_request", pointer]);
    expect(answer.reached).toEqual([]);
  });
});

describe("text of every script", () => {
  test("is kept as it was sent, to the last code point, in the object and in D1", async () => {
    const names = ["Zoë Müller-Lüdenscheidt", "東京都 太郎", "עברית \u200f", "👩‍🚀 Ana", "𝔘𝔫𝔦𝔠𝔬𝔡𝔢", "O'Brien \"Bob\"; DROP TABLE orders; --", "100 % _"];
    await openDoors({ MUG: names.length });
    for (const name of names) {
      const { body } = await must(checkout(cart({ shipping_address: { ...cart().shipping_address, name } })));
      expect((await read(body.order.id)).shipping_address.name).toBe(name);
    }
    await drain();
    const { projected } = await readWorld();
    expect([...projected.orders.values()].map(({ document }) => document.shipping_address.name).toSorted()).toEqual(names.toSorted());
  });
});

describe("a webhook", () => {
  async function pending() {
    await openDoors({ MUG: 5 });
    const { body } = await must(checkout(cart({ method: "pending" })));
    const payment = gateway.paymentOf(body.order.id);
    const text = JSON.stringify(eventOf(payment, { status: "captured", captured: payment.amount }));
    return { id: body.order.id, payment, text };
  }

  /** [the signature header, the body that is sent]. */
  const FORGERIES = {
    "without a signature": (text) => [null, text],
    "with an empty one": (text) => ["", text],
    "signed with another secret": async (text) => [`t=${seconds()},v1=${await macOf(seconds(), text, "another")}`, text],
    "signed with an empty v1": (text) => [`t=${seconds()},v1=`, text],
    "with v0 only": async (text) => [`t=${seconds()},v0=${await macOf(seconds(), text)}`, text],
    "without a time": async (text) => [`v1=${await macOf(seconds(), text)}`, text],
    "with two times": async (text) => [`t=${seconds()},t=${seconds()},v1=${await macOf(seconds(), text)}`, text],
    "in capitals": async (text) => [`t=${seconds()},v1=${(await macOf(seconds(), text)).toUpperCase()}`, text],
    "301 seconds old": async (text) => [`t=${seconds() - 301},v1=${await macOf(seconds() - 301, text)}`, text],
    "301 seconds ahead": async (text) => [`t=${seconds() + 301},v1=${await macOf(seconds() + 301, text)}`, text],
    "of the time -1": async (text) => [`t=-1,v1=${await macOf("-1", text)}`, text],
    "of the time NaN": async (text) => [`t=NaN,v1=${await macOf("NaN", text)}`, text],
    "of the time 2^63": async (text) => [`t=9223372036854775808,v1=${await macOf("9223372036854775808", text)}`, text],
    "signed for another time": async (text) => [`t=${seconds()},v1=${await macOf(seconds() - 1, text)}`, text],
    "with one byte changed": async (text) => [`t=${seconds()},v1=${await macOf(seconds(), text)}`, text.replace('"captured":1500', '"captured":1501')],
    "written anew": async (text) => [`t=${seconds()},v1=${await macOf(seconds(), text)}`, JSON.stringify(JSON.parse(text), null, 1)],
    "cut short": async (text) => [`t=${seconds()},v1=${await macOf(seconds(), text)}`, text.slice(0, -1)],
    "signed without its time": async (text) => [`t=${seconds()},v1=${await macOf("", text)}`, text],
  };

  test.each(Object.entries(FORGERIES))("%s is 401 and changes nothing", async (_, forge) => {
    const { id, text } = await pending();
    const before = await read(id);
    const [signature, body] = await forge(text);
    const answer = await tried(webhook(body, { signature }));
    expect(problem(answer)).toBe("401 signature_invalid");
    // The order that it names is looked at, and nothing else.
    expect(answer.reached.filter((label) => label !== "Worker asks OrderShard")).toEqual([]);
    expect(await read(id)).toEqual(before);
  });

  const RIGHT = {
    "300 seconds old": async (text) => `t=${seconds() - 300},v1=${await macOf(seconds() - 300, text)}`,
    "300 seconds ahead": async (text) => `t=${seconds() + 300},v1=${await macOf(seconds() + 300, text)}`,
    "with a wrong v1 beside the right one": async (text) => `t=${seconds()},v1=${"0".repeat(64)},v1=${await macOf(seconds(), text)}`,
    "with a v0 beside it": async (text) => `t=${seconds()},v0=abc,v1=${await macOf(seconds(), text)}`,
  };

  test.each(Object.entries(RIGHT))("%s is right, and pays the order", async (_, sign) => {
    const { id, payment } = await pending();
    const text = JSON.stringify(gateway.move(payment, "captured"));
    expect((await webhook(text, { signature: await sign(text) })).status).toBe(200);
    expect(await read(id)).toMatchObject({ payment: { report: { state: "captured" } } });
  });

  test("of 256 KiB and a byte is 413, however it is signed", async () => {
    const text = " ".repeat(256 * KIB + 1);
    const answer = await tried(webhook(text, { signature: `t=${seconds()},v1=${await macOf(seconds(), text, SANDBOX_WEBHOOK_SECRET)}` }));
    expect([problem(answer), answer.reached]).toEqual(["413 body_too_large", []]);
  });

  test.each(["", "{}", "null", "[]", '{"id":"evt_1","type":"payment.captured"}', "\ufeff{}"])("rightly signed and not readable (%s) is 400", async (text) => {
    const answer = await tried(webhook(text));
    expect([problem(answer), answer.reached]).toEqual(["400 malformed_event", []]);
  });

  test("of an order that is not ours is 200 and makes none", async () => {
    const { payment } = await pending();
    const event = eventOf(payment, { order_id: `ord_03${"0".repeat(12)}7${"0".repeat(3)}8${"0".repeat(15)}` });
    const answer = await send("POST", "/webhooks/sandbox", {
      body: JSON.stringify(event), headers: { "sandbox-signature": `t=${seconds()},v1=${await macOf(seconds(), JSON.stringify(event))}` },
    });
    expect(answer.status).toBe(200);
    expect((await webhook(eventOf(payment, { order_id: "nonsense" }).payment ? JSON.stringify(eventOf(payment, { order_id: "x" })) : "")).status).toBe(200);
  });

  test("for a gateway that is not set up is 404", async () => {
    const { text } = await pending();
    for (const name of ["stripe", "paypal", "Sandbox"]) {
      expect(problem(await tried(webhook(text, { gateway: name })))).toBe("404 gateway_not_found");
    }
  });
});
