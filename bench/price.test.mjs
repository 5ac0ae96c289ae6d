// The price of orders, worked out by hand.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ASSUMED, PRICES, priceOf, storagePriceOf, usageOfOrder } from "./price.mjs";

const COUNTED = {
  workerRequests: 1,
  queueDeliveries: 0.1,
  objectRequests: 4,
  alarmsRung: 1,
  alarmsSet: 1,
  activeMs: 250,
  objectRowsRead: 100,
  objectRowsWritten: 30,
  d1RowsRead: 20,
  d1RowsWritten: 12,
  queueMessages: 3,
  logLines: 2,
};

const NOTHING_ELSE = { ...ASSUMED, webhooksPerOrder: 0, looksPerOrder: 0, gatewaySeconds: 0 };

const close = (found, wanted) => assert.ok(Math.abs(found - wanted) < 1e-9, `${found} is not ${wanted}`);

test("an order uses what was counted, and what is assumed beside it", () => {
  const bare = usageOfOrder(COUNTED, 4, NOTHING_ELSE);
  close(bare.workerRequests, 1.1);
  close(bare.workerProcessorMs, 4);
  close(bare.objectRequests, 5);
  close(bare.objectRowsWritten, 31);
  close(bare.objectGigabyteSeconds, 0.25 * 0.128);
  close(bare.queueOperations, 9);
  close(bare.logEvents, 1.1 + 5 + 2);
  const whole = usageOfOrder(COUNTED, 4, { ...NOTHING_ELSE, webhooksPerOrder: 2, rowsPerWebhook: 3, looksPerOrder: 10, processorMsPerLook: 0.5, gatewaySeconds: 0.5 });
  close(whole.workerRequests, 13.1);
  close(whole.workerProcessorMs, 9);
  close(whole.objectRequests, 7);
  close(whole.objectRowsWritten, 37);
  close(whole.logEvents, 13.1 + 7 + 2 + 2);
  close(whole.objectGigabyteSeconds, 0.75 * 0.128);
});

test("a million orders at the published prices", () => {
  const { lines, dollars, billed } = priceOf(usageOfOrder(COUNTED, 4, NOTHING_ELSE), 1e6);
  const of = (key) => lines.find((line) => line.key === key);
  close(of("objectRowsWritten").dollars, 31);
  close(of("d1RowsWritten").dollars, 12);
  close(of("queueOperations").dollars, 3.6);
  close(of("objectRequests").dollars, 0.75);
  close(of("objectGigabyteSeconds").dollars, 0.4);
  close(of("workerRequests").dollars, 0.33);
  close(of("workerProcessorMs").dollars, 0.08);
  close(dollars, 31 + 12 + 3.6 + 0.75 + 0.4 + 0.33 + 0.08 + 0.1 + 0.02 + 4.86);
  // 31 of 50 million rows and 12 of 50 million are included, 8 of 9 million queue operations are not.
  close(of("objectRowsWritten").billed, 0);
  close(of("queueOperations").billed, 3.2);
  close(of("objectRequests").billed, 0.6);
  close(billed, 3.2 + 0.6);
});

test("the plan's allowance is taken off once, not for every million", () => {
  const usage = usageOfOrder(COUNTED, 4, NOTHING_ELSE);
  const { lines } = priceOf(usage, 10e6);
  close(lines.find(({ key }) => key === "objectRowsWritten").billed, 310 - 50);
});

test("ten gigabytes in objects and two in D1 for a month", () => {
  close(storagePriceOf({ objectBytes: 10e9, d1Bytes: 2e9 }), 2 + 1.5);
});

test("what was not counted is not free", () => {
  assert.throws(() => priceOf(usageOfOrder({ ...COUNTED, d1RowsWritten: undefined }, 4), 1), /d1RowsWritten/);
  for (const { page } of Object.values(PRICES)) assert.match(page, /\/platform\/pricing$/);
});
