// The line between the store and a gateway: most calls pass, some meet a fault. The gateway behind it stays
// honest, so that its books are the truth that the store is held against.

import http from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

/** What may befall a call; `…_after` means that the gateway has done what it was asked, and the answer is bad. */
export const LINE_FAULTS = [
  "timeout_before", "timeout_after", "reset_after", "500_before", "500_after", "429", "malformed_json", "html",
  "slow", "wrong_amount",
];

/** A question moves nothing, so that only these say something about it. */
const FAULTS_OF_QUESTIONS = new Set(["timeout_before", "500_before", "malformed_json", "slow"]);

/** Calls that start a payment: the sandbox's and Stripe's. */
const START = /^\/v1\/(payments|payment_intents)$/;

const fits = (kind, { method, url }) => {
  if (method === "GET") return FAULTS_OF_QUESTIONS.has(kind);
  return kind !== "wrong_amount" || START.test(url);
};

/**
 * Opens a line. A call meets a fault by the chance `share`; which one, a shuffled deck of all kinds decides, so that
 * each comes about equally often. `slowMs` is how long a slow answer takes.
 */
export async function openBadLine({ random, share, slowMs }) {
  const counts = Object.fromEntries(LINE_FAULTS.map((kind) => [kind, 0]));
  const agent = new http.Agent({ keepAlive: true });
  const reached = new Set();
  let chance = share;
  let target;
  let calls = 0;
  let underWay = 0;
  let deck = [];

  function deal(request) {
    if (random() >= chance) return undefined;
    if (!deck.some((kind) => fits(kind, request))) deck = [...deck, ...shuffled(LINE_FAULTS, random)];
    const [kind] = deck.splice(deck.findIndex((one) => fits(one, request)), 1);
    counts[kind] += 1;
    return kind;
  }

  function forward({ method, url, headers }, body) {
    return new Promise((resolve, reject) => {
      const call = http.request(new URL(url, target), { method, headers, agent }, (answer) => {
        const chunks = [];
        answer.on("data", (chunk) => chunks.push(chunk));
        answer.on("error", reject);
        answer.on("end", () => resolve({ status: answer.statusCode, headers: answer.headers, body: Buffer.concat(chunks) }));
      });
      call.on("error", reject);
      call.end(body);
    });
  }

  async function carry(request, response, body) {
    const kind = deal(request);
    if (kind === "timeout_before") return;
    if (kind === "500_before") return void send(response, 500, '{"error":{"type":"api_error","message":"Try later"}}');
    if (kind === "429") return void send(response, 429, '{"error":{"code":"rate_limit"}}', { "retry-after": "1" });
    const answer = await forward(request, body);
    if (request.headers["idempotency-key"]) reached.add(request.headers["idempotency-key"]);
    const text = answer.body.toString("utf8");
    switch (kind) {
      case "timeout_after":
        return;
      case "reset_after":
        return void response.destroy();
      case "500_after":
        return void send(response, 500, '{"error":{"type":"api_error","message":"Something broke"}}');
      case "malformed_json":
        return void send(response, answer.status, text.slice(0, -10));
      case "html":
        return void send(response, 200, "<!doctype html><title>Bad gateway</title>", { "content-type": "text/html" });
      case "wrong_amount":
        return void send(response, answer.status, text.replace(/"amount":\s*(\d+)/, (_, amount) => `"amount":${Number(amount) + 1}`));
      case "slow":
        await sleep(slowMs);
    }
    send(response, answer.status, answer.body, answer.headers);
  }

  const server = http.createServer((request, response) => {
    calls += 1;
    underWay += 1;
    response.on("close", () => (underWay -= 1));
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("error", () => response.destroy());
    request.on("end", () => carry(request, response, Buffer.concat(chunks)).catch(() => response.destroy()));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));

  return {
    url: `http://127.0.0.1:${server.address().port}`,
    counts,
    get calls() {
      return calls;
    },
    /** Calls that wait for their answer. */
    get underWay() {
      return underWay;
    },
    /** Whether the gateway has done what was asked under this key. */
    hasReached: (key) => reached.has(key),
    to: (url) => void (target = url),
    /** From now on every call passes. */
    calm: () => void (chance = 0),
    stop() {
      agent.destroy();
      const stopped = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      return stopped;
    },
  };
}

function send(response, status, body, headers = {}) {
  if (response.destroyed) return;
  const { connection, "keep-alive": keepAlive, "transfer-encoding": encoding, ...kept } = headers;
  response.writeHead(status, { "content-type": "application/json", ...kept, "content-length": Buffer.byteLength(body) });
  response.end(body);
}

/** The list in another order, by `random`. */
export function shuffled(list, random) {
  const mixed = [...list];
  for (let at = mixed.length - 1; at > 0; at -= 1) {
    const other = Math.floor(random() * (at + 1));
    [mixed[at], mixed[other]] = [mixed[other], mixed[at]];
  }
  return mixed;
}
