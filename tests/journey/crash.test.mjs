// The power goes out, again and again, in the middle of 200 checkouts: a small run of the fault lab (tests/chaos), with
// the gateways misbehaving, buyers trying again under their keys and a merchant at work. Afterwards nothing is lost,
// doubled, oversold or leaked, and lists show what is. And the lab has teeth: of the same run with one thing lost or
// never exercised it says so, and its exit status does.
//
// SEED=… repeats a run's choices (not its timing); `npm run chaos` is the large run.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { runLab } from "../chaos/lab.mjs";
import { OptionError, readOptions } from "../chaos/options.mjs";
import { EXIT, pageOf, tellResult } from "../chaos/report.mjs";
import { judge } from "../chaos/verdict.mjs";
import { chosenSeed } from "../support/random.mjs";

const seed = chosenSeed();
const OPTIONS = { orders: 200, kills: 6, seed, minutes: 3, atOnce: 16, faults: 0.1, windowSeconds: 12 };

let result;
let seen;
before(async () => ({ result, seen } = await runLab(OPTIONS)));

test(`${OPTIONS.orders} checkouts, ${OPTIONS.kills} power cuts (seed ${seed}): nothing is lost`, () => {
  assert.deepEqual(result.findings.slice(0, 30), [], pageOf(result));
  assert.equal(result.is_good, true);
  assert.equal(result.power_cuts.count, OPTIONS.kills);
  assert.ok(result.power_cuts.in_flight.checkouts > 0, "the power went out while nobody was buying");
  assert.ok(result.orders.answered_placed >= OPTIONS.orders / 2, `only ${result.orders.answered_placed} orders were placed`);
  assert.ok(result.asking.keys_asked_again >= result.orders.answered_placed, "every key was asked again");
});

const orderRows = (run) => [...run.raw.shards.values()].flatMap((shard) => shard.orders);
const paidRow = (run) => orderRows(run).find(({ document }) => document.payment?.report?.state === "captured" && document.attention.length === 0);
const mainSku = (run) => run.raw.skus.get("MUG-CLASSIC");

function bend(tables, change) {
  const level = JSON.parse(tables.level[0].document);
  tables.level[0].document = JSON.stringify({ ...level, ...change(level) });
}

/** What is done to the run's books, and under which promise it must be found. */
const HARMS = {
  "an order that was paid is gone": [
    (run) => {
      const { id } = paidRow(run);
      for (const shard of run.raw.shards.values()) shard.orders = shard.orders.filter((row) => row.id !== id);
    },
    "paid or acknowledged orders lost",
  ],
  "a buyer is charged again": [
    (run) => {
      const charged = run.books.sandbox.find((one) => one.captured > 0 && one.refunded === 0 && one.order_id === paidRow(run).id)
        ?? run.books.sandbox.find((one) => one.captured > 0 && one.refunded === 0);
      run.books.sandbox.push({ ...charged, id: "sbx_again", reference: "sbx_again", operation_id: "op_again" });
    },
    "buyers charged twice",
  ],
  "more is sold than was there": [(run) => bend(mainSku(run), () => ({ received: 0, adjusted: 0 })), "units oversold"],
  "a reservation outlives its order": [
    (run) => mainSku(run).reservations.push({ order_id: orderRows(run).find(({ document }) => document.status !== "open").id, state: "held", quantity: 1, expires_at: 0 }),
    "reservations leaked",
  ],
  "a key has two orders": [
    (run) => {
      const [one, other] = run.acknowledged.filter(({ orderId }, index, all) => all.findIndex((it) => it.orderId === orderId) === index);
      run.acknowledged.push({ ...other, key: one.key });
    },
    "keys with two answers",
  ],
  "an invoice number is missing": [(run) => run.raw.series.get("CW").invoices.splice(1, 1), "invoices missing or wrong"],
  "D1 is behind": [(run) => (run.raw.d1.orders[0].version -= 1), "differences between D1 and the objects"],
  "D1 does not know what slices hold": [
    (run) => (run.raw.d1.stock_levels.find(({ sku }) => sku === "BOWL-STONE-S").sold -= 1),
    "differences between D1 and the objects",
  ],
  "a delivery that was acknowledged was not booked": [
    (run) => {
      const [sku, units] = [...run.booked][0];
      run.booked.set(sku, { ...units, received: units.received + 1 });
    },
    "changes of stock lost or doubled",
  ],
  "a refund that was acknowledged is not there": [
    (run) => run.moves.push({ ...run.moves.find(({ kind }) => kind === "refund") }),
    "paid or acknowledged orders lost",
  ],
  "news of an order is still owed": [
    (run) => [...run.raw.shards.values()][0].outbox.push({ order_id: paidRow(run).id, version: 1 }),
    "differences between D1 and the objects",
  ],
  "rest took longer than a minute": [(run) => (run.timings.at_rest_seconds_after_last_start = 61), "orders not at rest"],
  "a fault was never exercised": [(run) => (run.lines.forEach((counts) => (counts.wrong_amount = 0))), "faults never exercised"],
  "the power went out less often than asked": [(run) => run.cuts.pop(), "other findings"],
};

for (const [name, [harm, promise]] of Object.entries(HARMS)) {
  test(`the lab fails if ${name}`, () => {
    const harmed = structuredClone(seen);
    harm(harmed);
    const verdict = judge(OPTIONS, harmed);
    assert.equal(verdict.is_good, false);
    assert.ok(verdict.promises[promise] > result.promises[promise], `found only: ${verdict.findings.slice(0, 5).join("; ") || "nothing"}`);
  });
}

test("its exit status, its page and its JSON say so", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "cartwright-chaos-"));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const file = path.join(folder, "result", "chaos.json");
  const pages = [];
  const print = (page) => pages.push(page);
  assert.equal(tellResult(result, { file, print }), EXIT.good);
  const lost = judge(OPTIONS, { ...structuredClone(seen), findings: ["lost: an order"] });
  assert.equal(tellResult(lost, { file, print }), EXIT.lost);
  assert.match(pages[0], /Nothing was lost\./);
  assert.match(pages[1], /FAILED: 1 findings\.[^]*- lost: an order/);
  const written = JSON.parse(readFileSync(file, "utf8"));
  assert.deepEqual([written.is_good, written.seed, written.findings], [false, seed, ["lost: an order"]]);
  assert.match(written.replay, new RegExp(`--kills 6 --orders 200 --seed ${seed}`));
});

test("what is out of bounds does not run", () => {
  const wrong = [["--kills", "0"], ["--kills", "100", "--orders", "399"], ["--minutes", "1000"], ["--url", "https://shop.example"]];
  for (const options of wrong) assert.throws(() => readOptions(options), OptionError);
  const program = fileURLToPath(new URL("../chaos/run.mjs", import.meta.url));
  const { status, stderr } = spawnSync(process.execPath, [program, ...wrong[0]], { encoding: "utf8" });
  assert.equal(status, EXIT.did_not_run, stderr);
  assert.match(stderr, /--kills must be 1 to 2000/);
});
