// Fires the Worker's cron handler on time: miniflare knows the patterns of wrangler.toml but has no clock.

/**
 * Calls `fire(pattern)` in every minute that a pattern names. Patterns are read as far as this deployment
 * uses them: a minute of `*`, `*\/N` or a number, and `*` for the rest. Returns a function that stops the clock.
 */
export function startCronClock(patterns, fire) {
  const minutes = patterns.map(minuteMatcher);
  let last = Math.floor(Date.now() / 60_000);
  const timer = setInterval(() => {
    const now = Math.floor(Date.now() / 60_000);
    if (now === last) return;
    last = now;
    patterns.forEach((pattern, index) => minutes[index](now % 60) && fire(pattern));
  }, 1000);
  timer.unref();
  return () => clearInterval(timer);
}

function minuteMatcher(pattern) {
  const [, minute] = pattern.match(/^(\*|\*\/\d+|\d+) \* \* \* \*$/) ?? [];
  if (minute === "*") return () => true;
  if (minute?.startsWith("*/")) return (now) => now % Number(minute.slice(2)) === 0;
  if (minute) return (now) => now === Number(minute);
  throw new Error(`scripts/serve/cron-clock.mjs cannot read the cron pattern "${pattern}": teach it this form.`);
}
