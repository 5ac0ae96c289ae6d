// A payment gateway that takes no time: it answers the sandbox's protocol at once with "captured", from a thread
// of its own, and keeps no books. What a checkout costs beside it is the shop's own.

import net from "node:net";
import { isMainThread, parentPort, Worker } from "node:worker_threads";
import { fileURLToPath } from "node:url";

/** Starts it on a free port. `stop()` ends it. */
export async function startInstantGateway() {
  const thread = new Worker(fileURLToPath(import.meta.url));
  const port = await new Promise((resolve, reject) => {
    thread.once("message", resolve);
    thread.once("error", reject);
  });
  return { url: `http://127.0.0.1:${port}`, stop: () => thread.terminate() };
}

let count = 0;

function captured(ask) {
  count += 1;
  const now = Date.now();
  return JSON.stringify({
    id: `sbx_${count.toString(16).padStart(24, "0")}`,
    status: "captured",
    amount: ask.amount,
    currency: ask.currency,
    captured: ask.amount,
    method: "instant",
    capture: "automatic",
    order_id: ask.order_id,
    operation_id: ask.operation_id,
    redirect_url: null,
    decline: null,
    created_at: now,
    updated_at: now,
  });
}

/** Reads requests one after the other and answers each. Only as much HTTP as the shop speaks. */
function serve(socket) {
  let waiting = Buffer.alloc(0);
  socket.setNoDelay(true);
  socket.on("error", () => socket.destroy());
  socket.on("data", (chunk) => {
    waiting = waiting.length === 0 ? chunk : Buffer.concat([waiting, chunk]);
    for (;;) {
      const end = waiting.indexOf("\r\n\r\n");
      if (end < 0) return;
      const length = Number(/content-length: *(\d+)/i.exec(waiting.toString("latin1", 0, end))?.[1] ?? 0);
      const total = end + 4 + length;
      if (waiting.length < total) return;
      const body = captured(JSON.parse(waiting.toString("utf8", end + 4, total)));
      waiting = waiting.subarray(total);
      socket.write(`HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
    }
  });
}

if (!isMainThread) {
  const server = net.createServer(serve);
  server.listen(0, "127.0.0.1", () => parentPort.postMessage(server.address().port));
}
