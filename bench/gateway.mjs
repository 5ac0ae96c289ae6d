// A payment gateway that takes no time: it answers the sandbox's protocol at once, from a thread of its own, and
// keeps no books. What a checkout costs beside it is the shop's own. A payment by the method `pending` is left
// open, for a webhook to tell later that it was paid; any other is captured in the answer.

import { once } from "node:events";
import net from "node:net";
import { isMainThread, parentPort, Worker } from "node:worker_threads";
import { fileURLToPath } from "node:url";

/**
 * Starts it on a free port: `{ url, open(), stop() }`. `open()` gives the payments that were left open since it was
 * last asked, as the gateway's webhooks show them.
 */
export async function startInstantGateway() {
  const thread = new Worker(fileURLToPath(import.meta.url));
  const next = async () => {
    const [message] = await once(thread, "message");
    return message;
  };
  const port = await next();
  const open = () => {
    const answer = next();
    thread.postMessage("open");
    return answer;
  };
  return { url: `http://127.0.0.1:${port}`, open, stop: () => thread.terminate() };
}

let count = 0;
let leftOpen = [];

function payment(ask) {
  count += 1;
  const now = Date.now();
  const isOpen = ask.method === "pending";
  const made = {
    id: `sbx_${count.toString(16).padStart(24, "0")}`,
    status: isOpen ? "processing" : "captured",
    amount: ask.amount,
    currency: ask.currency,
    captured: isOpen ? 0 : ask.amount,
    method: ask.method ?? "instant",
    capture: "automatic",
    order_id: ask.order_id,
    operation_id: ask.operation_id,
    redirect_url: null,
    decline: null,
    created_at: now,
    updated_at: now,
  };
  if (isOpen) leftOpen.push(made);
  return made;
}

const NOT_FOUND = { error: { code: "not_found", message: "this gateway keeps no books" } };

/** Only a payment is ever started here; whoever asks about one is told that nothing is known. */
function answer(head, text) {
  const starts = head.startsWith("POST /v1/payments ");
  const body = JSON.stringify(starts ? payment(JSON.parse(text)) : NOT_FOUND);
  const status = starts ? "200 OK" : "404 Not Found";
  return `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
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
      const head = waiting.toString("latin1", 0, end);
      const total = end + 4 + Number(/content-length: *(\d+)/i.exec(head)?.[1] ?? 0);
      if (waiting.length < total) return;
      socket.write(answer(head, waiting.toString("utf8", end + 4, total)));
      waiting = waiting.subarray(total);
    }
  });
}

if (!isMainThread) {
  const server = net.createServer(serve);
  server.listen(0, "127.0.0.1", () => parentPort.postMessage(server.address().port));
  parentPort.on("message", () => {
    parentPort.postMessage(leftOpen);
    leftOpen = [];
  });
}
