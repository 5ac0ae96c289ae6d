// The cron clock stands in for Cloudflare's: a minute it misses is a sweep that never runs on a laptop.

import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { startCronClock } from "./cron-clock.mjs";

const MINUTE = 60_000;

function minutesFired(pattern, minutes) {
  mock.timers.enable({ apis: ["setInterval", "Date"], now: 0 });
  const fired = [];
  const stop = startCronClock([pattern], () => fired.push(Date.now() / MINUTE));
  passSeconds(minutes * 60);
  stop();
  passSeconds(3600);
  mock.timers.reset();
  return fired;
}

/** Second by second: a larger tick would show every callback the time at its end. */
function passSeconds(count) {
  for (let second = 0; second < count; second += 1) mock.timers.tick(1000);
}

test("fires once in each minute that the pattern names, and not after it was stopped", () => {
  assert.deepEqual(minutesFired("*/15 * * * *", 61), [15, 30, 45, 60]);
  assert.deepEqual(minutesFired("7 * * * *", 130), [7, 67, 127]);
  assert.deepEqual(minutesFired("* * * * *", 3), [1, 2, 3]);
});

test("refuses a pattern that it cannot read", () => {
  assert.throws(() => startCronClock(["0 4 * * MON"], () => undefined), /cannot read the cron pattern/);
});
