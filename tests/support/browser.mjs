// A headless Chromium, spoken to over its own DevTools protocol: enough to click and to read what is shown.

import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { eventually } from "./eventually.mjs";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "chrome"];

/** The program's path; undefined where none is installed. `CHROMIUM` names another. */
export function findChromium() {
  const folders = ["/usr/bin", ...(process.env.PATH ?? "").split(path.delimiter)];
  const candidates = folders.flatMap((folder) => NAMES.map((name) => path.join(folder, name)));
  return [process.env.CHROMIUM, ...candidates].find((file) => file && existsSync(file));
}

/**
 * Opens a browser with one page. `complaints` collects what the page's console and its security policy say.
 */
export async function openBrowser(program) {
  const profile = mkdtempSync(path.join(tmpdir(), "cartwright-browser-"));
  const flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"];
  const switches = [...flags, "--remote-debugging-port=0", `--user-data-dir=${profile}`, "about:blank"];
  // A group of its own: Chromium's helpers outlive it and go on writing to the profile unless they end with it.
  const chromium = spawn(program, switches, { stdio: ["ignore", "ignore", "pipe"], detached: true });
  let stderr = "";
  chromium.stderr.on("data", (chunk) => (stderr += chunk));
  const close = async () => {
    const gone = new Promise((resolve) => chromium.once("exit", resolve));
    if (chromium.exitCode === null && chromium.signalCode === null) {
      process.kill(-chromium.pid, "SIGKILL");
      await gone;
    }
    removeProfile(profile);
  };
  try {
    const port = await eventually(() => portIn(stderr), { within: 20_000 });
    const targets = await (await fetch(`http://127.0.0.1:${port}/json`)).json();
    const connection = await connect(targets.find(({ type }) => type === "page").webSocketDebuggerUrl);
    return { ...(await openPage(connection)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A folder left in the system's temporary one is no reason to fail a test that has passed. */
function removeProfile(profile) {
  try {
    rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  } catch (error) {
    console.warn(`Chromium's profile is left behind: ${error.message}`);
  }
}

function portIn(stderr) {
  const port = stderr.match(/DevTools listening on ws:\/\/[^:]+:(\d+)/)?.[1];
  if (!port) throw new Error(`Chromium did not start: ${stderr.slice(-500)}`);
  return port;
}

async function connect(url) {
  const socket = new WebSocket(url);
  await new Promise((resolve, reject) => {
    socket.addEventListener("open", resolve);
    socket.addEventListener("error", () => reject(new Error("no connection to Chromium")));
  });
  const waiting = new Map();
  const listeners = [];
  let last = 0;
  socket.addEventListener("message", ({ data }) => {
    const message = JSON.parse(data);
    if (message.id === undefined) return listeners.forEach((listen) => listen(message));
    const { resolve, reject } = waiting.get(message.id);
    waiting.delete(message.id);
    if (message.error) reject(new Error(message.error.message));
    else resolve(message.result);
  });
  return {
    listen: (listener) => listeners.push(listener),
    send(method, params = {}) {
      last += 1;
      socket.send(JSON.stringify({ id: last, method, params }));
      return new Promise((resolve, reject) => waiting.set(last, { resolve, reject }));
    },
  };
}

async function openPage({ send, listen }) {
  const complaints = [];
  listen(({ method, params }) => {
    if (method === "Log.entryAdded" && params.entry.level === "error") complaints.push(params.entry.text);
    if (method === "Runtime.exceptionThrown") complaints.push(params.exceptionDetails.text);
  });
  for (const domain of ["Page", "Runtime", "Log"]) await send(`${domain}.enable`);

  /** The value of an expression in the page. */
  async function evaluate(expression) {
    const { result, exceptionDetails } = await send("Runtime.evaluate", { expression, returnByValue: true });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }

  return {
    complaints,
    evaluate,
    visit: (url) => send("Page.navigate", { url }),
    /** Waits until an expression is true in whatever page is shown by then. */
    until: (expression, within = 10_000) =>
      eventually(
        async () => {
          if (!(await evaluate(expression))) throw new Error(`in the browser, this does not become true: ${expression}`);
        },
        { within, every: 100 },
      ),
    click: (selector) => evaluate(`document.querySelector(${JSON.stringify(selector)}).click()`),
    async screenshot(file) {
      const { data } = await send("Page.captureScreenshot", { format: "png" });
      writeFileSync(file, Buffer.from(data, "base64"));
    },
  };
}
