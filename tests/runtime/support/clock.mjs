// The clock that the Worker sees. It stands still until a test moves it, and no test ever turns it back for
// the next one.

import { vi } from "vitest";

let today = Date.UTC(2027, 2, 1, 12);

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

export const clock = {
  start() {
    vi.useFakeTimers({ toFake: ["Date"], now: today });
  },
  stop() {
    today = Math.max(today, Date.now()) + DAY;
    vi.useRealTimers();
  },
  now: () => Date.now(),
  advance(milliseconds) {
    vi.setSystemTime(Date.now() + milliseconds);
  },
  /** Moves to a moment, unless it is past. */
  reach(moment) {
    if (moment > Date.now()) vi.setSystemTime(moment);
  },
};
