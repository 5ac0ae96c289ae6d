// What a soak amounts to: whether memory and delay are as flat as FAULTS 22 asks, and nothing failed.

/** How much each may grow. */
export const LIMITS = { isolate_growth: 0.05, memory_growth: 0.05, p99_drift: 0.2, errors: 0 };

/** Of the windows that are compared, so many at each end. */
const ENDS = 3;

const median = (numbers) => {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

/** How much larger the end of a row of figures is than its beginning, as a part of the beginning. */
function growth(figures) {
  const ends = Math.max(1, Math.min(ENDS, Math.floor(figures.length / 2)));
  return median(figures.slice(-ends)) / median(figures.slice(0, ends)) - 1;
}

/**
 * `windows` are equal parts of the run: `{ ok, refused: {status: count}, p50, p99, rssBytes, isolateBytes? }`, the process's
 * memory as its median within it, what the isolate holds at its end after a collection. Only the second half is judged on
 * memory and delay: by then caches are full, and every object was met.
 */
export function judge({ windows, placed, copied }) {
  const last = windows.slice(Math.floor(windows.length / 2));
  const refused = {};
  for (const window of windows) for (const [status, count] of Object.entries(window.refused)) refused[status] = (refused[status] ?? 0) + count;
  const figures = {
    ...(last[0].isolateBytes === undefined ? {} : { isolate_growth: growth(last.map(({ isolateBytes }) => isolateBytes)) }),
    memory_growth: growth(last.map(({ rssBytes }) => rssBytes)),
    p99_drift: growth(last.map(({ p99 }) => p99)),
    errors: Object.values(refused).reduce((sum, count) => sum + count, 0),
  };
  const findings = [];
  const percent = (part) => `${(part * 100).toFixed(1)} %`;
  if (figures.isolate_growth >= LIMITS.isolate_growth) findings.push(`the isolate grew by ${percent(figures.isolate_growth)} in the last half`);
  if (!(figures.memory_growth < LIMITS.memory_growth)) findings.push(`memory grew by ${percent(figures.memory_growth)} in the last half`);
  if (!(figures.p99_drift < LIMITS.p99_drift)) findings.push(`p99 rose by ${percent(figures.p99_drift)} in the last half`);
  if (figures.errors > LIMITS.errors) findings.push(`${figures.errors} answers were no success: ${JSON.stringify(refused)}`);
  if (copied !== placed) findings.push(`${placed} orders were placed, D1 has ${copied}`);
  return { is_good: findings.length === 0, findings, figures, refused };
}
