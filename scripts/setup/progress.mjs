// Steps with a name and a time, so that a person who waits knows for what: a line when a step begins, a
// sign of life while a long one is silent, and its time when it ends.

/** How long a step may print nothing before it says that it is still at work. */
const SIGN_OF_LIFE_MS = 15_000;

let quiet = false;
let lastPrinted = 0;

/** Prints failures only, for a start inside a test. */
export function setQuiet(value) {
  quiet = value;
}

export function say(line) {
  if (!quiet) console.log(line);
  notePrinted();
}

/** Told by whoever prints for the running step: only silence needs a sign of life. */
export function notePrinted() {
  lastPrinted = Date.now();
}

export function seconds(milliseconds) {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}

/**
 * Runs `work({ note })` as a named step and returns its result. `note(text)` sets what the step is doing
 * now, shown by the next sign of life. A result with a `detail` string has it printed beside the time.
 */
export async function step(name, work) {
  const started = Date.now();
  let doing = "";
  say(`▸ ${name}`);
  const timer = setInterval(() => {
    if (Date.now() - lastPrinted < SIGN_OF_LIFE_MS) return;
    say(`  … ${seconds(Date.now() - started)}${doing ? `: ${doing}` : ""}`);
  }, 1000);
  try {
    const result = await work({ note: (text) => void (doing = text) });
    const detail = typeof result?.detail === "string" ? `  ${result.detail}` : "";
    say(`✓ ${name}  ${seconds(Date.now() - started)}${detail}`);
    return result;
  } catch (error) {
    console.error(`✗ ${name}  ${seconds(Date.now() - started)}`);
    throw error;
  } finally {
    clearInterval(timer);
  }
}

/** A failure whose message already says what to do: it is printed without a stack. */
export class SetupError extends Error {}

/** Prints a failure in the way its kind deserves and sets the exit code. */
export function reportFailure(error) {
  console.error(error instanceof SetupError ? `\n${error.message}` : error);
  process.exitCode = error?.exitCode ?? 1;
}
