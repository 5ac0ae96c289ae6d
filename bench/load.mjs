// Load from a thread of its own: so many connections, each with one request under way at a time, until the time
// is over. Sockets and not a client library, so that the generator takes little of the machine it measures.

import net from "node:net";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { fileURLToPath } from "node:url";
import { REQUESTS } from "./requests.mjs";

const LOOPBACK = "127.0.0.1";

/**
 * Sends requests (bench/requests.mjs) to `port` on this machine for `seconds`, or until `limit` of them were sent; no more
 * than `perSecond`, if that is given: each is then due at its moment, and timed from it, sent in time or not.
 * Gives `{ ok, refused: {status: count}, seconds, perSecond, p50, p99, refusals: {p50, p99} }`, times in milliseconds.
 */
export function runLoad(plan) {
  return new Promise((resolve, reject) => {
    const thread = new Worker(fileURLToPath(import.meta.url), { workerData: plan });
    thread.once("message", resolve);
    thread.once("error", reject);
  });
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

async function run({ port, connections, seconds, requests, limit = Infinity, perSecond = Infinity }) {
  const { success, bytes } = REQUESTS[requests.kind]({ ...requests, host: `${LOOPBACK}:${port}` });
  const latencies = [];
  const refusals = [];
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
        const due = begun + (sent / perSecond) * 1000;
        if (Math.max(due, performance.now()) >= end || sent >= limit) {
          socket.destroy();
          resolve();
          return;
        }
        sent += 1;
        const early = due - performance.now();
        if (early > 0) setTimeout(send, early, sent, due);
        else send(sent, perSecond === Infinity ? performance.now() : due);
      };
      const send = (number, at) => {
        sentAt = at;
        socket.write(bytes(number));
      };
      socket.on("connect", next);
      socket.on("error", reject);
      socket.on("end", () => reject(new Error("the server closed a connection under load")));
      socket.on("data", (chunk) => {
        waiting = waiting.length === 0 ? chunk : Buffer.concat([waiting, chunk]);
        const length = answerLength(waiting);
        if (length === 0) return;
        const status = waiting.toString("latin1", 9, 12);
        const took = performance.now() - sentAt;
        if (status === success) latencies.push(took);
        else {
          refusals.push(took);
          refused[status] = (refused[status] ?? 0) + 1;
        }
        waiting = waiting.subarray(length);
        next();
      });
    });
  }

  await Promise.all(Array.from({ length: connections }, connection));
  const took = (performance.now() - begun) / 1000;
  return {
    ok: latencies.length,
    refused,
    seconds: took,
    perSecond: latencies.length / took,
    ...percentiles(latencies),
    refusals: percentiles(refusals),
  };
}

function percentiles(times) {
  times.sort((a, b) => a - b);
  const at = (part) => times[Math.min(times.length - 1, Math.floor(times.length * part))] ?? NaN;
  return { p50: at(0.5), p99: at(0.99) };
}

if (!isMainThread && workerData?.requests) parentPort.postMessage(await run(workerData));
