// Runs other programs: either with their output shown as it comes, or kept back and shown only when the
// program fails.

import { spawn } from "node:child_process";
import { repositoryRoot } from "../bootstrap.mjs";
import { notePrinted, SetupError } from "./progress.mjs";

/** How many of a failed program's last lines its error repeats. */
const LINES_SHOWN_ON_FAILURE = 60;

/** The exit code that `run` reports for a program that was ended because it took too long. */
export const TIMED_OUT = 124;

/**
 * Runs a program and returns `{ code, output, stdout }`, `output` being both streams as they came.
 *
 * `show` copies the output to this terminal as it comes; otherwise `onLine` is told of every line, for a
 * sign of life. `limitMs` ends a program that hangs, an aborted `signal` one that nobody waits for any more.
 * Standard input is always closed, so that nothing can wait for an answer.
 */
export function run(command, commandArguments, options = {}) {
  const { cwd = repositoryRoot, env = {}, show = false, onLine, limitMs, signal } = options;
  return new Promise((resolve) => {
    const child = spawn(command, commandArguments, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
      // A group of its own, so that what the program has started ends with it.
      detached: signal !== undefined,
    });
    const end = () => process.kill(-child.pid, "SIGKILL");
    signal?.addEventListener("abort", end);
    let output = "";
    let stdout = "";
    let hung = false;
    const timer = limitMs && setTimeout(() => ((hung = true), child.kill("SIGKILL")), limitMs);
    const collect = (stream, target) => {
      stream.setEncoding("utf8");
      stream.on("data", (text) => {
        output += text;
        if (stream === child.stdout) stdout += text;
        if (show) {
          target.write(text);
          notePrinted();
        }
        if (onLine) text.split("\n").map((line) => line.trim()).filter(Boolean).forEach(onLine);
      });
    };
    collect(child.stdout, process.stdout);
    collect(child.stderr, process.stderr);
    const finish = (code) => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
      resolve({ code, output, stdout });
    };
    child.on("error", (error) => {
      output += error.message;
      finish(127);
    });
    child.on("close", (code) => finish(hung ? TIMED_OUT : (code ?? 1)));
  });
}

/** Runs a program that must succeed. Its error carries the end of the output, the exit code and `advice`. */
export async function runOrFail(command, commandArguments, options = {}) {
  const result = await run(command, commandArguments, options);
  if (result.code === 0) return result;
  const shown = options.show ? "" : `${lastLines(result.output)}\n\n`;
  const line = [command, ...commandArguments].join(" ");
  const advice = options.advice ? `\n${options.advice}` : "";
  const error = new SetupError(`${shown}\`${line}\` ended with exit code ${result.code}.${advice}`);
  error.exitCode = result.code;
  throw error;
}

/** The trimmed standard output of a program, or undefined when it is not there or fails. */
export async function ask(command, commandArguments, env = {}) {
  const { code, stdout } = await run(command, commandArguments, { env, limitMs: 20_000 });
  return code === 0 ? stdout.trim() : undefined;
}

function lastLines(text) {
  return text.trimEnd().split("\n").slice(-LINES_SHOWN_ON_FAILURE).join("\n");
}
