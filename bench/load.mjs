// Load from a thread of its own: so many connections, each with one request under way at a time, until the time
// is over. Sockets and not a client library, so that the generator takes little of the machine it measures.

import net from "node:net";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { fileURLToPath } from "node:url";

const LOOPBACK = "127.0.0.1";

/**
 * Sends checkouts to `port` on this machine for `seconds`. SKUs are taken in turn from `skus`, and every
 * request has a key of its own that begins with `run`. Gives `{ ok, refused: {status: count}, seconds, perSecond,
 * p50, p99 }`, times in milliseconds.
 */
export function runLoad(plan) {
  return new Promise((resolve, reject) => {
    const thread = new Worker(fileURLToPath(import.meta.url), { workerData: plan });
    thread.once("message", resolve);
    thread.once("error", reject);
  });
}

function bodyFor(sku, lines = 1) {
  return JSON.stringify({
    currency: "USD",
    lines: Array.from({ length: lines }, (_, index) => ({ sku: index === 0 ? sku : `${sku}-${index}`, quantity: 1 })),
    email: "ada@example.com",
    shipping_address: {
      name: "Ada Lovelace",
      line1: "12 Ferry Lane",
      city: "San Francisco",
      region: "CA",
      postal_code: "94105",
      country: "US",
    },
    shipping_method: "standard",
    payment: { gateway: "sandbox", method: "instant" },
  });
}

function requestFor(port, key, body) {
  return (
    `POST /v1/checkouts HTTP/1.1\r\nhost: ${LOOPBACK}:${port}\r\nauthorization: Bearer pk_dev_storefront\r\n` +
    `idempotency-key: ${key}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
  );
}

/** Length in bytes of the first answer in the buffer; 0 while it is not complete. */
function answerLength(buffer) {
  const end = buffer.indexOf("\r\n\r\n");
  if (end < 0) return 0;
  const length = /content-length: *(\d+)/i.exec(buffer.toString("latin1", 0, end))?.[1];
  if (length === undefined) throw new Error("an answer without Content-Length");
  const total = end + 4 + Number(length);
  return buffer.length >= total ? total : 0;
}

async function run({ port, connections, seconds, skus, run: name, limit = Infinity }) {
  const bodies = skus.map((sku) => bodyFor(sku));
  const latencies = [];
  const refused = {};
  let sent = 0;
  const begun = performance.now();
  const end = begun + seconds * 1000;

  function connection() {
    return new Promise((resolve, reject) => {
      const socket = net.connect(port, LOOPBACK);
      socket.setNoDelay(true);
      let waiting = Buffer.alloc(0);
      let sentAt = 0;
      const next = () => {
        if (performance.now() >= end || sent >= limit) {
          socket.destroy();
          resolve();
          return;
        }
        sent += 1;
        sentAt = performance.now();
        socket.write(requestFor(port, `${name}-${sent}`, bodies[sent % bodies.length]));
      };
      socket.on("connect", next);
      socket.on("error", reject);
      socket.on("end", () => reject(new Error("the server closed a connection under load")));
      socket.on("data", (chunk) => {
        waiting = waiting.length === 0 ? chunk : Buffer.concat([waiting, chunk]);
        const length = answerLength(waiting);
        if (length === 0) return;
        const status = waiting.toString("latin1", 9, 12);
        if (status === "201") latencies.push(performance.now() - sentAt);
        else refused[status] = (refused[status] ?? 0) + 1;
        waiting = waiting.subarray(length);
        next();
      });
    });
  }

  await Promise.all(Array.from({ length: connections }, connection));
  const took = (performance.now() - begun) / 1000;
  latencies.sort((a, b) => a - b);
  const at = (part) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * part))] ?? NaN;
  return { ok: latencies.length, refused, seconds: took, perSecond: latencies.length / took, p50: at(0.5), p99: at(0.99) };
}

if (!isMainThread && workerData?.run) parentPort.postMessage(await run(workerData));
