// Reads how many tests passed and failed from what the three test runners print.

/** `cargo test`: one line per test binary. */
export function cargoCounts(output) {
  return sum(output.matchAll(/^test result: .*? (\d+) passed; (\d+) failed/gm));
}

/** vitest: `Tests  1 failed | 56 passed (57)`, the failed part only when there is one. */
export function vitestCounts(output) {
  const line = output.match(/^\s*Tests\s+(.*)$/m)?.[1] ?? "";
  return { passed: number(line, /(\d+) passed/), failed: number(line, /(\d+) failed/) };
}

/** `node --test`: `ℹ pass 12` for people, `# pass 12` for machines. A test that never ended is "cancelled". */
export function nodeCounts(output) {
  const count = (word) => number(output, new RegExp(`^(?:ℹ|#) ${word} (\\d+)$`, "m"));
  return { passed: count("pass"), failed: count("fail") + count("cancelled") };
}

function sum(matches) {
  const total = { passed: 0, failed: 0 };
  for (const [, passed, failed] of matches) {
    total.passed += Number(passed);
    total.failed += Number(failed);
  }
  return total;
}

function number(text, pattern) {
  return Number(text.match(pattern)?.[1] ?? 0);
}
