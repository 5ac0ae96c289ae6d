// The five lines that the README and `npm start` tell people to type really buy something: stock is shown, an
// order is placed, a signed webhook pays it, the stock is sold, and the order stands in the admin's list.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { repositoryRoot } from "../../scripts/bootstrap.mjs";
import { curlLines, curlLinesFor } from "../../scripts/curl-lines.mjs";
import { assertBooksAgree } from "../support/books.mjs";
import { openStore } from "../support/store.mjs";

const SEPARATOR = "----- next line -----";
const run = promisify(execFile);

let store;
before(async () => (store = await openStore({ autoMs: 300 })));
after(() => store?.close());

/** Types the lines into one shell, as a person would, and gives what each of them printed. */
async function typed(lines) {
  const script = lines.join(`\necho; echo '${SEPARATOR}'\n`);
  const { stdout } = await run("bash", ["-c", script], { timeout: 30_000 });
  return stdout.split(SEPARATOR).map((text) => JSON.parse(text));
}

test("the README shows the very lines", () => {
  const readme = readFileSync(path.join(repositoryRoot, "README.md"), "utf8");
  assert.equal(curlLines.length, 5);
  for (const line of curlLines) assert.ok(readme.includes(line), `README.md does not have: ${line}`);
});

test("the five lines buy two mugs", async () => {
  const [stock, checkout, order, inventory, list] = await typed(curlLinesFor(store.url));

  assert.equal(stock.items[0].sku, "MUG-CLASSIC");
  assert.equal(stock.items[0].available, 1_000_000);
  assert.equal(stock.items[0].status, "in_stock");

  assert.match(checkout.order.id, /^ord_[0-9a-f]{34}$/);
  assert.match(checkout.order_token, /^ot_[0-9a-f]{64}$/);
  assert.equal(checkout.order.status, "open");
  assert.equal(checkout.payment.status, checkout.order.payment_status);
  // Two mugs at 18.00, delivery at 5.00, 7.25 % of sales tax on the mugs.
  assert.deepEqual(checkout.order.totals.total, { amount: 4361, currency: "USD" });

  // The sandbox pays by itself and says so by webhook, within the second that the third line waits.
  assert.equal(order.id, checkout.order.id);
  assert.equal(order.payment_status, "paid");

  assert.equal(inventory.sold, 2);
  assert.equal(inventory.reserved, 0);
  assert.equal(inventory.available, 999_998);

  assert.deepEqual(list.items.map(({ id }) => id), [order.id]);
  assert.equal(list.items[0].payment_status, "paid");
  assert.match(list.items[0].invoice_number, /^CW-000001$/);
});

test("the webhook was what paid it", () => {
  const { delivered, attempts_failed: failed } = store.sandbox.control.delivery();
  assert.deepEqual({ delivered, failed }, { delivered: 1, failed: 0 });
});

test("the books agree", async () => {
  const raw = await assertBooksAgree(store);
  const inbox = [...raw.shards.values()].flatMap((shard) => shard.inbox);
  assert.equal(inbox.length, 1);
});
