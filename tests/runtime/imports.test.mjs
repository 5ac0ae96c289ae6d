// Bulk imports and exports: a file in parts, each good row applied once whatever dies in between, each bad one
// reported by its line; and what is exported comes back as it was.

import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { CRASHES, FAILURES, atEveryCrossing } from "./support/every-crossing.mjs";
import { crossings, plan } from "./support/crossings.mjs";
import { drain, ring } from "./support/drain.mjs";
import { SECRET_KEY, cart, checkout, get, must, openDoors, post, send } from "./support/http.mjs";
import { inStorage, level, shop } from "./support/shop.mjs";

const admin = { key: SECRET_KEY };
const problem = (answer) => `${answer.status} ${answer.body?.code}`;
const bytes = (text) => (typeof text === "string" ? new TextEncoder().encode(text) : text);

const create = (spec, key = shop.key()) =>
  post("/v1/admin/imports", { kind: "levels", format: "csv", reason: "Stock-taking", ...spec }, { ...admin, headers: { "idempotency-key": key } });
const part = (id, number, content, type = "text/csv") =>
  send("PUT", `/v1/admin/imports/${id}/parts/${number}`, { ...admin, body: bytes(content), headers: { "content-type": type } });
const start = (id, parts = 1) => post(`/v1/admin/imports/${id}/start`, { parts }, admin);
const show = async (id) => (await must(get(`/v1/admin/imports/${id}`, admin))).body;

/** Sends a file, cut into parts of so many bytes, and lets it be worked through. */
async function importFile(file, spec = {}, partBytes = 1_000_000) {
  const { body: { id } } = await must(create(spec));
  const whole = bytes(file);
  let number = 0;
  for (let at = 0; at < whole.length; at += partBytes) await must(part(id, (number += 1), whole.slice(at, at + partBytes)));
  await must(start(id, number));
  await drain();
  return show(id);
}

async function errorsOf({ id }, limit = 100) {
  const all = [];
  for (let cursor = ""; cursor !== null; ) {
    const { body } = await must(get(`/v1/admin/imports/${id}/errors?limit=${limit}${cursor && `&cursor=${cursor}`}`, admin));
    all.push(...body.items);
    cursor = body.next_cursor;
  }
  return all;
}

const sku = (name) => shop.sku(name);
const onHand = async (name) => (await level(name)).balances.map(({ location, on_hand }) => [location, on_hand]);

describe("a file of levels", () => {
  test("is applied row by row, and what is wrong is told by line", async () => {
    await openDoors({ MUG: 2, CUP: 0, BOWL: 0 });
    const rows = [
      "\ufeffquantity,sku,location",
      `10,${sku("MUG")},`,
      `oops,${sku("CUP")},main`,
      "5,NO-SUCH-SKU,",
      `7,${sku("CUP")},atlantis`,
      `"3","${sku("CUP")}","main"`,
      `9,${sku("MUG")},main`,
    ];
    const latin1 = new Uint8Array([0x34, 0x2c, 0x63, 0x61, 0x66, 0xe9, 0x2c, 0x0d, 0x0a]);
    const file = new Uint8Array([...bytes(`${rows.join("\r\n")}\r\n`), ...latin1, ...bytes(`4,${sku("BOWL")},`)]);
    const done = await importFile(file, {}, 37);
    expect(done).toMatchObject({ state: "done", rows: 8, rows_applied: 3, rows_failed: 5, parts: [], mode: "set", failure: null });
    expect((await errorsOf(done, 2)).map(({ line, column, code }) => [line, column, code])).toEqual([
      [3, "quantity", "invalid_value"],
      [4, "sku", "unknown_sku"],
      [5, "location", "unknown_location"],
      [7, undefined, "duplicate_row"],
      [8, undefined, "invalid_utf8"],
    ]);
    expect(await onHand("MUG")).toEqual([["main", 10]]);
    expect(await onHand("CUP")).toEqual([["main", 3]]);
    expect(await onHand("BOWL")).toEqual([["main", 4]]);
    const [entry] = await inStorage("SkuInventory", sku("BOWL"), "SELECT entry FROM ledger ORDER BY sequence DESC LIMIT 1");
    expect(JSON.parse(entry.entry).cause).toMatchObject({ kind: "import", id: done.id, reason: "Stock-taking" });
  });

  test("takes no units that orders have", async () => {
    await openDoors({ MUG: 6 });
    // The buyer has not come back from the gateway yet: the units are set aside.
    await must(checkout(cart({ lines: [["MUG", 4]], method: "redirect" })));
    const done = await importFile(`sku,quantity\n${sku("MUG")},3\n`);
    expect(done).toMatchObject({ rows_applied: 0, rows_failed: 1 });
    expect((await errorsOf(done))[0]).toMatchObject({ line: 2, code: "units_claimed" });
  });

  test("that can't be read as a whole applies nothing and says why", async () => {
    await openDoors({ MUG: 0 });
    for (const [file, why] of [
      ["sku,amount\nA,1\n", /column 2 of the header/],
      ["sku\nA\n", /no column quantity/],
      [new Uint8Array([0xff, 0xfe, 0x73, 0x00]), /UTF-16/],
      [`sku,quantity\n${`${sku("MUG")},1\n`.repeat(100_001)}`, /more than 100000 rows/],
    ]) {
      const failed = await importFile(file);
      expect(failed).toMatchObject({ state: "failed", rows_applied: 0, parts: [] });
      expect(failed.failure).toMatch(why);
    }
    expect(await onHand("MUG")).toEqual([]);
  });
});

describe("the parts of a file", () => {
  test("come in any order and again, and only with the bytes they had", async () => {
    await openDoors({ MUG: 0 });
    const key = shop.key();
    const { body: { id } } = await must(create({}, key));
    expect((await must(create({}, key))).headers.get("idempotent-replayed")).toBe("true");
    expect(problem(await create({ mode: "add" }, key))).toBe("422 idempotency_key_reused");
    await must(part(id, 2, `${sku("MUG")},7\n`));
    const early = await start(id, 2);
    expect(problem(early)).toBe("409 import_incomplete");
    expect(early.body.missing).toEqual([1]);
    await must(part(id, 1, "sku,quantity\n"));
    expect((await must(part(id, 1, "sku,quantity\n"))).headers.get("idempotent-replayed")).toBe("true");
    expect(problem(await part(id, 1, "sku,quantity\r\n"))).toBe("409 import_part_differs");
    expect(problem(await start(id, 1))).toBe("409 import_incomplete");
    expect((await show(id)).parts.map(({ number, bytes: size }) => [number, size])).toEqual([[1, 13], [2, sku("MUG").length + 3]]);
    await must(start(id, 2));
    expect((await must(start(id, 2))).headers.get("idempotent-replayed")).toBe("true");
    expect(problem(await part(id, 3, "x"))).toBe("409 import_not_uploading");
    await drain();
    expect(await show(id)).toMatchObject({ state: "done", rows_applied: 1 });
    expect(await onHand("MUG")).toEqual([["main", 7]]);
  });

  test("are bounded, of a known type, and hold no card number", async () => {
    await openDoors({ MUG: 0 });
    const { body: { id } } = await must(create());
    expect(problem(await part(id, 1, new Uint8Array(1_048_577)))).toBe("413 body_too_large");
    expect(problem(await part(id, 1, "x", "image/png"))).toBe("415 unsupported_media_type");
    expect(problem(await part(id, 0, "x"))).toBe("404 not_found");
    expect(problem(await part(id, 1001, "x"))).toBe("404 not_found");
    const card = await part(id, 1, "sku,quantity\nA,4242 4242 4242 4242\n");
    expect(problem(card)).toBe("422 card_data_refused");
    expect(card.body.line).toBe(2);
    for (let number = 1; number <= 50; number += 1) await must(part(id, number, new Uint8Array(1_048_576).fill(number)));
    expect(problem(await part(id, 51, "x"))).toBe("413 body_too_large");
    await must(post(`/v1/admin/imports/${id}/cancel`, {}, admin));
    expect(await show(id)).toMatchObject({ state: "cancelled", bytes: 0 });
    expect(problem(await start(id, 50))).toBe("409 import_not_uploading");
    expect(problem(await get("/v1/admin/imports/imp_00000000000000000000000000000000", admin))).toBe("404 import_not_found");
  });
});

describe("an import that something happens to", () => {
  const STORY = {
    prepare: async () => {
      await openDoors({ MUG: 0, CUP: 0 });
      const { body: { id } } = await must(create({ mode: "add" }));
      await must(part(id, 1, `sku,quantity\n${sku("MUG")},5\nbad\n${sku("CUP")},3\n`));
      return id;
    },
    act: async (id) => {
      await must(start(id));
      await drain();
    },
    retry: (id) => must(start(id)),
    end: async ({ given: id }) => {
      expect(await show(id)).toMatchObject({ state: "done", rows: 3, rows_applied: 2, rows_failed: 1 });
      expect(await onHand("MUG")).toEqual([["main", 5]]);
      expect(await onHand("CUP")).toEqual([["main", 3]]);
    },
    within: 300_000,
  };
  test.each(Object.entries({ ...CRASHES, ...FAILURES }))("and %s any crossing applies every row once", async (_, fault) => {
    const struck = await atEveryCrossing(fault, STORY, /^ImportJob (asks|transaction)|^SkuInventory \w+ transaction/);
    expect(struck.length).toBeGreaterThan(3);
  });

  test("waits for a SKU that does not answer and goes on by itself", async () => {
    await openDoors({ MUG: 0 });
    plan({ at: "ImportJob asks SkuInventory", what: "fail", times: 3 });
    const { body: { id } } = await must(create());
    await must(part(id, 1, `sku,quantity\n${sku("MUG")},5\n`));
    await must(start(id));
    for (let rung = 0; rung < 3; rung += 1) await ring("ImportJob", id);
    expect(await show(id)).toMatchObject({ state: "running", rows_applied: 0 });
    expect((await show(id)).waits_for).not.toBeNull();
    await drain();
    expect(await show(id)).toMatchObject({ state: "done", rows_applied: 1, waits_for: null });
    crossings.withoutPlans();
  });

  test("is called off between two turns, and what was applied stays", async () => {
    const names = Array.from({ length: 100 }, (_, n) => `S${n}`);
    await openDoors(Object.fromEntries(names.map((name) => [name, 0])));
    await putPlaces(3);
    const rows = names.flatMap((name) => ["main", "place-1", "place-2"].map((place) => `${sku(name)},${place},1`));
    const { body: { id } } = await must(create());
    await must(part(id, 1, `sku,location,quantity\n${rows.join("\n")}\n`));
    await must(start(id));
    for (let rung = 0; rung < 3; rung += 1) await ring("ImportJob", id);
    expect(await show(id)).toMatchObject({ state: "running", rows: 300, rows_applied: 250 });
    await must(post(`/v1/admin/imports/${id}/cancel`, {}, admin));
    await drain();
    expect(await show(id)).toMatchObject({ state: "cancelled", rows_applied: 250, rows_failed: 0 });
    expect(await onHand("S0")).toHaveLength(3);
    expect(await onHand("S99")).toEqual([]);
  });
});

async function putPlaces(count) {
  const place = (n) => ({ id: `place-${n}`, name: `Place ${n}`, kind: "warehouse" });
  for (let n = 1; n < count; n += 1) await must(send("PUT", `/v1/admin/locations/place-${n}`, { ...admin, body: place(n) }));
}

describe("5,000 rows", () => {
  test("are applied, each once, in bounded turns", async () => {
    const names = Array.from({ length: 50 }, (_, n) => `S${n}`);
    await openDoors(Object.fromEntries(names.map((name) => [name, 0])));
    await putPlaces(100);
    const places = ["main", ...Array.from({ length: 99 }, (_, n) => `place-${n + 1}`)];
    const rows = places.flatMap((place, p) => names.map((name, n) => `${sku(name)},${place},${p + n}`));
    const { body: { id } } = await must(create());
    const file = bytes(`sku,location,quantity\n${rows.join("\n")}\n`);
    const half = Math.floor(file.length / 2);
    await must(part(id, 2, file.slice(half)));
    await must(part(id, 1, file.slice(0, half)));
    await must(start(id, 2));
    const began = performance.now();
    let turns = 0;
    while ((await show(id)).state !== "done") {
      turns += 1;
      expect(turns).toBeLessThan(40);
      await ring("ImportJob", id);
    }
    const seconds = (performance.now() - began) / 1_000;
    console.log(`import: ${rows.length} rows in ${seconds.toFixed(1)} s, ${Math.round(rows.length / seconds)} rows a second, ${turns} turns`);
    expect(await show(id)).toMatchObject({ rows: 5_000, rows_applied: 5_000, rows_failed: 0 });
    const { balances, version } = await level("S7");
    expect(version).toBe(100);
    for (const [p, place] of places.entries()) {
      expect(balances.find(({ location }) => location === place)?.on_hand).toBe(p + 7 || undefined);
    }
  });
});

describe("an export", () => {
  const exported = async (kind, query = "") => (await must(get(`/v1/admin/exports/${kind}${query}`, admin))).text;

  test("of levels and thresholds comes back as it was", async () => {
    await openDoors({ MUG: 4, CUP: 9 });
    await drain();
    for (const format of ["csv", "jsonl"]) {
      const file = await exported("levels", `?format=${format}`);
      const own = file.split(/\r?\n/).filter((row, n) => (format === "csv" && n === 0) || row.includes(`${shop.tag}-`)).join("\n");
      await importFile(`${own.slice(0, 0)}${format === "csv" ? "sku,quantity\n" : ""}${format === "csv" ? `${sku("MUG")},0` : JSON.stringify({ sku: sku("MUG"), quantity: 0 })}`, { format });
      expect(await onHand("MUG")).toEqual([["main", 0]]);
      expect(await importFile(own, { format })).toMatchObject({ state: "done", rows_applied: 2, rows_failed: 0 });
      expect(await onHand("MUG")).toEqual([["main", 4]]);
    }
    const thresholds = `sku,low_stock_threshold,back_order_limit,reorder_point\n${sku("MUG")},3,2,8\n`;
    expect(await importFile(thresholds, { kind: "thresholds" })).toMatchObject({ rows_applied: 1 });
    await drain();
    const row = (await exported("thresholds")).split("\r\n").find((line) => line.startsWith(sku("MUG")));
    expect(row).toBe(`${sku("MUG")},3,2,0,8,`);
  });

  test("of products comes back as it was, and holds no formula", async () => {
    const product = {
      id: `p-${shop.tag.toLowerCase()}`, title: "=HYPERLINK(\"x\")", description: "a\n\"b\", c", status: "active", tax_category: "standard",
      images: ["https://a.example/1.png"],
      variants: ["A", "B"].map((name) => ({
        sku: sku(name), title: "+1", options: { size: name }, weight_grams: 3,
        prices: [{ amount: 900, currency: "USD" }, { amount: 890, currency: "EUR" }],
      })),
    };
    await openDoors({ MUG: 0 });
    const stored = async () =>
      JSON.parse((await env.DB.prepare("SELECT document FROM products WHERE id = ?").bind(product.id).first()).document);
    await must(send("PUT", `/v1/admin/products/${product.id}`, { ...admin, body: product }));
    const before = await stored();
    const after = `&after=${product.id.slice(0, -1)}`;
    for (const format of ["csv", "jsonl"]) {
      const file = await exported("products", `?format=${format}${after}`);
      if (format === "csv") expect(file).toContain(",\"'=HYPERLINK(\"\"x\"\")\",");
      await must(send("PUT", `/v1/admin/products/${product.id}`, { ...admin, body: { ...product, title: "Other" } }));
      const done = await importFile(file, { kind: "products", format });
      expect(done).toMatchObject({ state: "done", rows_failed: 0 });
      expect(await stored()).toEqual(before);
    }
    const taken = [{ ...product, id: `${product.id}-2` }, { ...product, tax_category: "no-such" }].map((one) => JSON.stringify(one)).join("\n");
    const failed = await importFile(taken, { kind: "products", format: "jsonl" });
    expect((await errorsOf(failed)).map(({ line, column, code }) => [line, column, code])).toEqual([
      [1, undefined, "sku_taken"],
      [2, "/tax_category", "invalid_value"],
    ]);
    expect(await stored()).toEqual(before);
  });

  test("of many pages is one file", async () => {
    const names = Array.from({ length: 60 }, (_, n) => `S${n}`);
    await openDoors(Object.fromEntries(names.map((name) => [name, 0])));
    const insert = env.DB.prepare("INSERT INTO stock_levels (sku, version, received, adjusted, sold, reserved, back_order_limit, low_stock_threshold, as_of, document) VALUES (?, 1, 5, 0, 0, 0, 0, 0, 0, ?)");
    const document = (name) => JSON.stringify({
      sku: name, as_of_milliseconds: 0, version: 1, received: 5, adjusted: 0, sold: 0, reserved: 0, back_order_limit: 0, low_stock_threshold: 0,
      balances: [{ location: "main", on_hand: 5 }],
    });
    const many = Array.from({ length: 1_203 }, (_, n) => `${shop.tag}-X${String(n).padStart(5, "0")}`);
    await env.DB.batch(many.map((name) => insert.bind(name, document(name))));
    const rows = (await exported("levels", `?after=${shop.tag}-W`)).split("\r\n").filter((row) => row.startsWith(`${shop.tag}-X`));
    expect(rows).toHaveLength(1_203);
    expect(rows.at(-1)).toBe(`${many.at(-1)},main,5,0,0,0,5`);
    await env.DB.prepare("DELETE FROM stock_levels WHERE sku >= ? AND sku < ?").bind(`${shop.tag}-X`, `${shop.tag}-Y`).run();
  });
});
