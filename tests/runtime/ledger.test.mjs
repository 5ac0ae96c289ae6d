// Proves what a SKU's ledger tells: its lines page by page with a chain that an outsider can verify, checkpoints, the
// state at any past time, why so much can be sold, proofs that find whatever was changed behind the product's back
// and mend nothing, and objects of the layout without locations.

import { createHash } from "node:crypto";
import { createExecutionContext, createScheduledController, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { HOUR, MINUTE, SECOND, clock } from "./support/clock.mjs";
import { drain } from "./support/drain.mjs";
import { FORMER_LAYOUT, layOut } from "./support/former-layout.mjs";
import { SECRET_KEY, adjust, cart, checkout, get, must, openDoors, post } from "./support/http.mjs";
import { lives } from "./support/objects.mjs";
import { ask, claims, evictAll, inStorage, level, shop, stock, stubOf } from "./support/shop.mjs";
import worker from "./support/worker.mjs";

const admin = { key: SECRET_KEY };
const GENESIS = "0".repeat(64);
const iso = (at) => new Date(at).toISOString();
const path = (name, rest = "") => `/v1/admin/inventory/${shop.sku(name)}${rest}`;
const sql = (name, statement, ...values) => inStorage("SkuInventory", shop.sku(name), statement, ...values);
const hashOf = (before, entry) => createHash("sha256").update(before).update(entry).digest("hex");
const orderId = (n) => `ord_0000000000000070008000000000${String(n).padStart(6, "0")}`;
const claim = (n, command, more = {}) => ({ order_id: orderId(n), command, ...more });
const reserve = (n, quantity, within = HOUR) => claim(n, "reserve", { quantity, expires_at: iso(clock.now() + within) });
const commit = (n, quantity) => claim(n, "commit", { quantity });
const read = async (address) => (await must(get(address, admin))).body;

/** Orders of nobody's shard hold this SKU: the invariants on orders do not apply to it. */
function leaveAlone(...names) {
  for (const name of names) {
    lives.delete(`SkuInventory/${shop.sku(name)}`);
    shop.supply.delete(name);
  }
}

async function pages(name, query = "") {
  const items = [];
  let cursor = "";
  for (let page = 0; page < 50; page += 1) {
    const { items: some, next_cursor: next } = await read(path(name, `/movements?${query}${cursor}`));
    items.push(...some);
    if (next === null) return items;
    cursor = `&cursor=${next}`;
  }
  throw new Error("the pages do not end");
}

const prove = async (name, scope = "whole") => (await must(post(path(name, "/proofs"), { scope }, admin))).body;
const codes = ({ differences }) => differences.map(({ code }) => code);

describe("the movements", () => {
  test("are paged newest first, and their chain can be verified by whoever reads them", async () => {
    await openDoors({ MUG: 20 });
    await adjust("MUG", { quantity: -2, reason: "broken in the shop", back_order_limit: 3 });
    const order = (await must(checkout(cart({ lines: [["MUG", 2]] })))).body.order;
    await drain();
    const lines = await pages("MUG", "limit=2");
    expect(lines.map(({ sequence }) => sequence)).toEqual([5, 4, 3, 2, 1]);
    expect(lines.map(({ kind }) => kind)).toEqual(["committed", "reserved", "terms_changed", "adjusted", "received"]);
    expect(lines[3]).toMatchObject({
      location: "main", cause: { kind: "person", reason: "broken in the shop" },
      deltas: { on_hand: -2, reserved: 0, sold: 0 },
    });
    expect(lines[3].cause.actor).toBeTruthy();
    expect(lines[0]).toMatchObject({ cause: { kind: "order", id: order.id }, deltas: { on_hand: -2, reserved: -2, sold: 2 } });
    let hash = GENESIS;
    for (const line of lines.toReversed()) {
      expect(line.hash_before).toBe(hash);
      hash = hashOf(hash, line.entry);
      expect(line.hash).toBe(hash);
      expect(JSON.parse(line.entry)).toMatchObject({ at: line.at, movement: { kind: line.kind } });
    }
    const oldest = await pages("MUG", "order=oldest&limit=3");
    expect(oldest).toEqual(lines.toReversed());
  });

  test("are filtered by kind, place and time", async () => {
    await openDoors({ MUG: 5 });
    const start = clock.now();
    clock.advance(MINUTE);
    const from = clock.now();
    await adjust("MUG", { quantity: 1, reason: "one" });
    await adjust("MUG", { quantity: 2, kind: "received", reason: "two" });
    clock.advance(MINUTE);
    const to = clock.now();
    await adjust("MUG", { quantity: 3, reason: "three" });
    const reasons = async (query) => (await pages("MUG", query)).map(({ cause }) => cause.reason);
    expect(await reasons("kind=adjusted")).toEqual(["three", "one"]);
    expect(await reasons(`from=${iso(from)}&to=${iso(to)}`)).toEqual(["two", "one"]);
    expect(await reasons(`to=${iso(start + 1)}`)).toEqual(["Delivery"]);
    expect(await reasons("location=main&kind=received&order=oldest&limit=1")).toEqual(["Delivery", "two"]);
    expect(await reasons("location=nowhere")).toEqual([]);
    for (const bad of ["limit=201", "limit=0", "kind=stolen", "order=up", "from=monday", "cursor=zz", "sku=A"]) {
      expect((await get(path("MUG", `/movements?${bad}`), admin)).status).toBe(422);
    }
    expect((await get("/v1/admin/inventory/NOBODY/movements", admin)).status).toBe(404);
  });

  test("are sought among many lines a stretch at a time", async () => {
    await stock({ MUG: 1_000 });
    await sql("MUG", `WITH RECURSIVE n(i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n WHERE i < 12000)
      INSERT INTO ledger SELECT i, (SELECT entry FROM ledger WHERE sequence = 1), 'x' FROM n`);
    const answer = await read(path("MUG", "/movements?kind=counted"));
    expect(answer.items).toEqual([]);
    expect(answer.next_cursor).not.toBeNull();
    expect(await pages("MUG", "kind=counted")).toEqual([]);
    expect(await pages("MUG", "kind=counted&order=oldest")).toEqual([]);
    await sql("MUG", "DELETE FROM ledger WHERE sequence >= 100");
  });
});

describe("a past time", () => {
  test("shows the counters as they were", async () => {
    await openDoors({ MUG: 0 });
    const before = clock.now();
    clock.advance(SECOND);
    await adjust("MUG", { quantity: 10, kind: "received", reason: "Delivery" });
    shop.supply.set("MUG", 10);
    const first = clock.now();
    clock.advance(MINUTE);
    await adjust("MUG", { quantity: -3, reason: "broken", low_stock_threshold: 4 });
    const second = clock.now();
    clock.advance(MINUTE);
    const at = (when) => read(path("MUG", `?at=${iso(when)}`));
    expect(await at(before)).toMatchObject({ received: 0, on_hand: 0, version: 0, as_of: iso(before) });
    expect(await at(first)).toMatchObject({ received: 10, adjusted: 0, on_hand: 10, low_stock_threshold: 0, version: 1 });
    const { as_of: _, ...then } = await at(second);
    const { as_of: __, ...now } = await read(path("MUG"));
    expect(then).toEqual(now);
    for (const where of ["", "/explain"]) {
      expect((await get(path("MUG", `${where}?at=${iso(clock.now() + SECOND)}`), admin)).status).toBe(422);
      expect((await get(path("MUG", `${where}?at=yesterday`), admin)).status).toBe(422);
    }
  });

  test("is rebuilt from the nearest checkpoint, and what orders had with it", async () => {
    await stock({ MUG: 2_000 });
    const known = [];
    for (let call = 0; call < 13; call += 1) {
      clock.advance(SECOND);
      await claims("MUG", Array.from({ length: 200 }, (_, n) => reserve(call * 200 + n, 1, HOUR)));
      if (call % 2) await claims("MUG", Array.from({ length: 100 }, (_, n) => claim(call * 200 + n, "release")));
      known.push([clock.now(), await level("MUG")]);
    }
    const kept = await sql("MUG", "SELECT sequence, hash FROM checkpoints ORDER BY sequence");
    expect(kept.length).toBe(3);
    for (const { sequence, hash } of kept) {
      expect(await sql("MUG", "SELECT hash FROM ledger WHERE sequence = ?", sequence)).toEqual([{ hash }]);
    }
    // Only the nearest checkpoint and what comes after it is read.
    const entries = await sql("MUG", "SELECT sequence, entry FROM ledger WHERE sequence <= ?", kept[2].sequence);
    await sql("MUG", "UPDATE ledger SET entry = '' WHERE sequence <= ?", kept[2].sequence);
    const at = async (when) => (await ask("SkuInventory", shop.sku("MUG"), { command: "ledger", ask: "at", at: iso(when) })).level;
    expect(await at(known.at(-1)[0])).toEqual(known.at(-1)[1]);
    await runInDurableObject(stubOf("SkuInventory", shop.sku("MUG")), (_, { storage }) => {
      for (const { sequence, entry } of entries) storage.sql.exec("UPDATE ledger SET entry = ? WHERE sequence = ?", entry, sequence);
    });
    for (const [when, then] of known) expect(await at(when)).toEqual(then);
    const [when, then] = known.at(-2);
    const explained = await read(path("MUG", `/explain?at=${iso(when)}`));
    expect(explained.reservations.units).toBe(then.reserved);
    expect(explained.reservations.items.length).toBe(200);
    expect(explained.reservations.other_units).toBe(then.reserved - 200);
    leaveAlone("MUG");
  });
});

describe("an explanation", () => {
  test("names everything that takes from a SKU, and adds up", async () => {
    await openDoors({ MUG: 10 });
    const location = { safety_stock: 0, back_order_limit: 2 };
    await ask("SkuInventory", shop.sku("MUG"), {
      command: "change", key: shop.key(), fingerprint: "x", cause: { kind: "person", actor: "key_test", reason: "terms" },
      changes: [
        { change: "received", location: "porto", quantity: 3, damaged: 1 },
        { change: "expected", location: "porto", quantity_delta: 8 },
      ],
      terms: {
        how: "replace", back_order_limit: 4, low_stock_threshold: 0,
        terms: { safety_stock: 2, expected_at: iso(clock.now() + 24 * HOUR), customer_limit: 5, locations: { porto: location } },
      },
    });
    await claims("MUG", [reserve(1, 9), commit(2, 4), reserve(3, 1, 2 * HOUR)]);
    const explained = await read(path("MUG", "/explain"));
    expect(explained.reasons.reduce((sum, { units }) => sum + units, 0)).toBe(explained.available);
    expect(explained.available).toBe((await read(path("MUG"))).available);
    expect(explained.reasons.map(({ code, location: where, units }) => [code, where, units])).toEqual([
      ["on_hand", "main", 10], ["reserved", "main", -9], ["on_hand", "porto", 1],
      ["safety_stock", null, -2], ["back_order_limit", null, 4], ["location_back_order_limit", "porto", 2],
      ["back_ordered_held", null, -1], ["back_ordered_sold", null, -2],
    ]);
    expect(explained.notes.map(({ code, units }) => [code, units])).toEqual([
      ["damaged", 1], ["incoming", 8], ["customer_limit", 5], ["expected_at", 3],
    ]);
    expect(explained.reservations).toMatchObject({
      units: 10, other_units: 0,
      items: [
        { order_id: orderId(1), units: 9, waits_for: 0, parts: [{ location: "main", units: 9 }], until: iso(clock.now() + HOUR), turn: null },
        { order_id: orderId(3), units: 1, waits_for: 1, parts: [], turn: 2 },
      ],
    });
    expect(explained.back_orders).toMatchObject({ units: 2, items: [{ order_id: orderId(2), units: 2, until: null, turn: 1 }] });
    expect(explained.reasons[1].message).toBe("9 units are set aside at main for orders that are not paid.");
    expect((await get("/v1/admin/inventory/NOBODY/explain", admin)).status).toBe(404);
    leaveAlone("MUG");
  });
});

describe("a proof", () => {
  const openShelf = async () => {
    await openDoors({ MUG: 8 });
    await must(checkout(cart({ lines: [["MUG", 2]] })));
    await must(checkout(cart({ lines: [["MUG", 1]], method: "redirect" })));
    await drain();
  };

  test("reads everything and holds", async () => {
    await openShelf();
    const proof = await prove("MUG");
    const [{ hash, sequence }] = await sql("MUG", "SELECT sequence, hash FROM ledger ORDER BY sequence DESC LIMIT 1");
    expect(proof).toMatchObject({
      sku: shop.sku("MUG"), verdict: "holds", is_whole: true, lines_read: sequence, claims_read: 2, from_sequence: 1,
      to_sequence: sequence, hash, differences: [], further_differences: 0, at: iso(clock.now()),
    });
    // From there on, only what is new is read.
    await adjust("MUG", { quantity: 4, reason: "found" });
    expect(await prove("MUG", "since_last")).toMatchObject({
      verdict: "holds", is_whole: false, lines_read: 1, from_sequence: sequence + 1, to_sequence: sequence + 1,
    });
    expect((await post(path("MUG", "/proofs"), { scope: "half" }, admin)).status).toBe(422);
    expect((await post("/v1/admin/inventory/NOBODY/proofs", {}, admin)).status).toBe(404);
  });

  test("finds whatever was changed behind the product's back, each time anew, and mends nothing", async () => {
    await openShelf();
    await prove("MUG");
    const spoiled = [
      ["UPDATE ledger SET entry = replace(entry, 'Delivery', 'Something') WHERE sequence = 1", "hash_differs", "whole"],
      ["DELETE FROM ledger WHERE sequence = 2", "line_missing", "whole"],
      ["UPDATE level SET document = json_set(document, '$.received', 9)", "counter_differs", "since_last"],
      ["UPDATE level SET document = json_set(document, '$.balances[0].on_hand', 7)", "counter_differs", "since_last"],
      ["UPDATE level SET document = json_set(document, '$.back_order_limit', 7)", "terms_differ", "since_last"],
      ["UPDATE reservations SET quantity = 5 WHERE state = 'committed'", "claim_inconsistent", "whole"],
      ["UPDATE reservations SET state = 'released' WHERE state = 'held'", "claims_differ", "since_last"],
      ["UPDATE reservations SET placement = 'nonsense' WHERE state = 'committed'", "claim_inconsistent", "whole"],
      [`UPDATE reservations SET order_id = '${orderId(1)}' WHERE state = 'committed'`, "orders_differ", "whole"],
      ["DELETE FROM ledger WHERE sequence = (SELECT MAX(sequence) FROM ledger)", "head_differs", "whole"],
    ];
    for (const [statement, code, scope] of spoiled) {
      const whole = await Promise.all(["level", "ledger", "reservations"].map((table) => sql("MUG", `SELECT * FROM ${table}`)));
      await sql("MUG", statement);
      for (const round of [scope, scope, "whole"]) {
        const proof = await prove("MUG", round);
        expect([statement, proof.verdict]).toEqual([statement, "broken"]);
        expect(codes(proof), statement).toContain(code);
        expect(proof.differences.every(({ message }) => message.length > 20)).toBe(true);
      }
      await restore("MUG", whole);
      expect(await prove("MUG")).toMatchObject({ verdict: "holds" });
    }
  });

  test("finds a ledger that was written anew as a whole, by the hash that is kept outside", async () => {
    await openShelf();
    const anchored = await prove("MUG");
    const whole = await Promise.all(["level", "ledger", "reservations"].map((table) => sql("MUG", `SELECT * FROM ${table}`)));
    // Another reason in the first line, and every hash after it anew: in itself the ledger is as good as before.
    let hash = GENESIS;
    for (const { sequence, entry } of whole[1]) {
      const forged = sequence === 1 ? entry.replace("Delivery", "Gift") : entry;
      hash = hashOf(hash, forged);
      await sql("MUG", "UPDATE ledger SET entry = ?, hash = ? WHERE sequence = ?", forged, hash, sequence);
    }
    await sql("MUG", "UPDATE level SET ledger_hash = ?", hash);
    await evictAll();
    for (const scope of ["whole", "since_last"]) {
      const proof = await prove("MUG", scope);
      expect(codes(proof)).toEqual(["anchor_differs"]);
      expect(proof.differences[0]).toMatchObject({ sequence: anchored.to_sequence });
      expect(proof.differences[0].message).toContain(anchored.hash);
    }
    const broken = await read("/v1/admin/inventory/proofs?verdict=broken");
    expect(broken.items.map(({ sku }) => sku)).toContain(shop.sku("MUG"));
    await restore("MUG", whole);
    expect(await prove("MUG")).toMatchObject({ verdict: "holds" });
  });

  test("of a long ledger goes on where it stopped, in turns, with sales in between", async () => {
    await stock({ MUG: 5_000 });
    for (let call = 0; call < 28; call += 1) {
      await claims("MUG", Array.from({ length: 200 }, (_, n) => reserve(call * 200 + n, 1)));
    }
    let proof = { command: "ledger", ask: "prove" };
    const turn = async (of) => ask("SkuInventory", shop.sku("MUG"), { ...proof, proof: of });
    const start = {
      is_whole: true, from_sequence: 1, lines: 0, claims_read: 0, totals: { held: {}, held_beyond: 0, sold: 0, owed: 0 },
      at: { sequence: 0, hash: GENESIS, level: { received: 0, adjusted: 0, sold: 0, reserved: 0, back_order_limit: 0, low_stock_threshold: 0, version: 0 }, claims: "0".repeat(32) },
      differences: [], further_differences: 0,
    };
    let answer = await turn(start);
    let turns = 1;
    while (answer.told === "proving") {
      expect(answer.proof.at.sequence).toBeLessThanOrEqual(5_000 * turns);
      await claims("MUG", [claim(turns, "release"), reserve(10_000 + turns, 1), commit(300 + turns, 1)]);
      answer = await turn(answer.proof);
      turns += 1;
    }
    expect(turns).toBeGreaterThan(3);
    expect(answer.report.differences).toEqual([]);
    expect(answer.report).toMatchObject({ verdict: "holds", lines: answer.report.end.sequence });
    leaveAlone("MUG");
  });
});

describe("the schedule", () => {
  const cron = () => worker.scheduled(createScheduledController({ cron: "*/15 * * * *" }), env, createExecutionContext());

  test("proves every SKU in turn, tells of a broken one, and starts again", async () => {
    await env.DB.prepare("DELETE FROM stock_levels").run();
    const names = Array.from({ length: 45 }, (_, n) => `S${String(n).padStart(2, "0")}`);
    await stock(Object.fromEntries(names.map((name) => [name, 2])));
    await drain({ within: MINUTE });
    await cron();
    const proven = async (query = "") => (await read(`/v1/admin/inventory/proofs?limit=100${query}`)).items.filter(({ sku }) => sku.startsWith(`${shop.tag}-S`));
    const first = await proven();
    expect(first.length).toBe(40);
    expect(first.every(({ verdict, is_whole: isWhole }) => verdict === "holds" && isWhole)).toBe(true);
    await cron();
    expect((await proven()).length).toBe(45);
    const [{ document }] = await sql("S03", "SELECT document FROM level");
    await sql("S03", "UPDATE level SET document = json_set(document, '$.received', 3, '$.balances[0].on_hand', 3)");
    clock.advance(MINUTE);
    await cron();
    const broken = await proven("&verdict=broken");
    expect(broken).toMatchObject([{ sku: shop.sku("S03"), is_whole: false, lines_read: 0 }]);
    expect(codes(broken[0])).toEqual(["counter_differs", "counter_differs"]);
    expect(await proven("&verdict=holds")).toHaveLength(44);
    await sql("S03", "UPDATE level SET document = ?", document);
    await prove("S03");
    expect(await proven("&verdict=broken")).toEqual([]);
    const page = await read("/v1/admin/inventory/proofs?limit=3");
    expect(page.items).toHaveLength(3);
    expect(page.next_cursor).not.toBeNull();
    expect((await get("/v1/admin/inventory/proofs?verdict=maybe", admin)).status).toBe(422);
  });

  test("asks nothing of D1 that no index answers", async () => {
    for (const query of [
      "SELECT sku, proven_at, report FROM stock_proofs WHERE verdict = 'broken' AND sku > '' ORDER BY sku LIMIT 3",
      "SELECT sku FROM stock_levels WHERE sku > '' ORDER BY sku LIMIT 40",
    ]) {
      const { results } = await env.DB.prepare(`EXPLAIN QUERY PLAN ${query}`).all();
      expect(results.map(({ detail }) => detail).join()).toMatch(/^SEARCH/);
    }
  });
});

describe("who may", () => {
  test("read and prove is a matter of scopes", async () => {
    await openDoors({ MUG: 1 });
    const key = async (scope) =>
      (await must(post("/v1/admin/api-keys", { name: "Test", kind: "secret", scopes: [scope] }, admin))).body.key;
    const [reader, writer, other] = [await key("inventory:read"), await key("inventory:write"), await key("orders:read")];
    for (const address of [path("MUG", "/movements"), path("MUG", "/explain"), path("MUG", `?at=${iso(clock.now())}`), "/v1/admin/inventory/proofs"]) {
      expect((await get(address, { key: reader })).status).toBe(200);
      for (const refused of [writer, other]) expect((await get(address, { key: refused })).status).toBe(403);
      expect((await get(address)).status).toBe(401);
    }
    const proving = (who) => post(path("MUG", "/proofs"), {}, { key: who });
    expect((await proving(writer)).status).toBe(200);
    for (const refused of [reader, other]) expect((await proving(refused)).status).toBe(403);
  });
});

describe("an object of the layout without locations", () => {
  const former = (name, rows) => layOut(shop.sku(name), FORMER_LAYOUT, rows);

  test("is moved with its units, orders and answers, and proven from there on", async () => {
    await openDoors({ MUG: 0 });
    const until = clock.now() + HOUR;
    const claimRow = (n, state, quantity) => ["INSERT INTO reservations VALUES (?, ?, ?, ?)", orderId(n), state, quantity, until];
    const line = (kind, onHand, reserved, n) =>
      ["INSERT INTO movements (kind, on_hand_delta, reserved_delta, order_id, at) VALUES (?, ?, ?, ?, ?)", kind, onHand, reserved, n === undefined ? null : orderId(n), clock.now()];
    const key = shop.key();
    const answer = { received: 5, adjusted: 0, sold: 0, reserved: 0, back_order_limit: 4, low_stock_threshold: 1, version: 1 };
    await former("MUG", [
      ["INSERT INTO level VALUES (1, 5, 0, 6, 2, 4, 1, 9, 9)"],
      claimRow(1, "committed", 3), claimRow(2, "committed", 3), claimRow(3, "held", 2), claimRow(4, "released", 1),
      line("received", 5, 0), line("reserved", 0, 3, 1), line("reserved", 0, 3, 2), line("committed", -3, -3, 2),
      line("committed", -3, -3, 1), line("reserved", 0, 2, 3),
      ["INSERT INTO adjustments VALUES (?, 'body', ?, ?)", key, JSON.stringify(answer), clock.now()],
      ["INSERT INTO returns VALUES ('ref_x', ?, 1)", orderId(1)],
    ]);
    const moved = await level("MUG");
    expect(moved).toMatchObject({
      received: 5, sold: 6, reserved: 2, back_ordered_sold: 1, back_ordered_held: 2, back_order_limit: 4,
      low_stock_threshold: 1, version: 10, balances: [{ location: "main", on_hand: 0, reserved: 0 }],
    });
    const rows = await sql("MUG", "SELECT order_id, placement, waiting_since FROM reservations ORDER BY order_id");
    expect(rows.map(({ placement }) => JSON.parse(placement))).toEqual([
      { allocations: [{ location: "main", quantity: 2 }], back_ordered: 1 },
      { allocations: [{ location: "main", quantity: 3 }] }, { back_ordered: 2 }, {},
    ]);
    const [opening] = await pages("MUG");
    expect(opening).toMatchObject({ sequence: 1, kind: "opening", cause: { kind: "upgrade" }, deltas: { sold: 6, back_ordered_sold: 1 } });
    expect(opening.hash).toBe(hashOf(GENESIS, opening.entry));
    expect(await prove("MUG")).toMatchObject({ verdict: "holds", lines_read: 1, claims_read: 4 });
    // What was asked for under a key before is known; who waits is served in turn.
    expect(await ask("SkuInventory", shop.sku("MUG"), {
      command: "change", key, fingerprint: "body", changes: [], terms: null, cause: { kind: "person" },
    })).toMatchObject({ answer: "changed", replayed: true, level: { received: 5, version: 1 } });
    const before = await read(path("MUG", "/explain"));
    expect([before.back_orders.items[0].turn, before.reservations.items[0].turn]).toEqual([1, 2]);
    await stock({ MUG: 2 });
    expect(await level("MUG")).toMatchObject({ back_ordered_sold: 0, back_ordered_held: 1, balances: [{ on_hand: 1, reserved: 1 }] });
    await claims("MUG", [commit(3, 2), claim(1, "release")]);
    expect(await prove("MUG")).toMatchObject({ verdict: "holds", claims_read: 4 });
    await evictAll();
    expect(await level("MUG")).toMatchObject({ sold: 5, back_ordered_sold: 0 });
    expect(await sql("MUG", "SELECT COUNT(*) AS lines FROM movements_before_locations")).toEqual([{ lines: 6 }]);
    leaveAlone("MUG");
  });

  test("that never had stock, or was counted below zero, is moved as well", async () => {
    await former("EMPTY", []);
    expect(await level("EMPTY")).toMatchObject({ received: 0, version: 0 });
    await former("BELOW", [["INSERT INTO level VALUES (1, 0, -3, 0, 0, 5, 0, 2, 2)"]]);
    expect(await level("BELOW")).toMatchObject({ adjusted: 0, balances: [{ location: "main", on_hand: 0 }] });
    const [{ entry }] = await sql("BELOW", "SELECT entry FROM ledger");
    expect(JSON.parse(entry).cause.reason).toContain("3 below zero");
    for (const name of ["EMPTY", "BELOW"]) {
      expect((await ask("SkuInventory", shop.sku(name), { command: "ledger", ask: "explain", at: null })).told).toBe("explained");
    }
    leaveAlone("EMPTY", "BELOW");
  });
});

/** Puts tables back as they were. */
async function restore(name, [levels, lines, reservations]) {
  await runInDurableObject(stubOf("SkuInventory", shop.sku(name)), (_, { storage }) => {
    for (const [table, rows] of Object.entries({ level: levels, ledger: lines, reservations })) {
      storage.sql.exec(`DELETE FROM ${table}`);
      for (const row of rows) {
        const columns = Object.keys(row).filter((column) => table !== "level" || /only_row|document|projected_version|ledger_/.test(column));
        const marks = columns.map(() => "?").join(", ");
        storage.sql.exec(`INSERT INTO ${table} (${columns.join(", ")}) VALUES (${marks})`, ...columns.map((column) => row[column]));
      }
    }
  });
  await evictAll();
}
