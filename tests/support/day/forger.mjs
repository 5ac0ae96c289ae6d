// Somebody between the store and Stripe who alters its books: one capture says more, one is gone, one is too many.

import http from "node:http";

/** Passes everything on to `to`; of the payments in `among` two are harmed, `harm()` says how. */
export async function openForger(to, among) {
  let harm;

  function spoil(list) {
    const captures = list.data.filter((line) => line.type === "charge" && among.has(line.source.payment_intent));
    if (harm || captures.length < 2) return list;
    const [altered, removed] = captures;
    const added = structuredClone(altered);
    Object.assign(added, { id: "txn_forged" });
    Object.assign(added.source, { id: "ch_forged", payment_intent: "pi_forged", metadata: {} });
    harm = { altered: altered.source.payment_intent, removed: removed.source.payment_intent, added: "pi_forged" };
    altered.source.amount_captured += 1;
    return { ...list, data: [added, ...list.data.filter((line) => line !== removed)] };
  }

  const server = http.createServer((request, response) => {
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", async () => {
      try {
        const { host: _, connection: __, ...headers } = request.headers;
        const body = ["GET", "HEAD"].includes(request.method) ? undefined : Buffer.concat(chunks);
        const answer = await fetch(new URL(request.url, to), { method: request.method, headers, body });
        const text = await answer.text();
        const books = request.url.startsWith("/v1/balance_transactions");
        response.writeHead(answer.status, { "content-type": "application/json" });
        response.end(books ? JSON.stringify(spoil(JSON.parse(text))) : text);
      } catch {
        response.destroy();
      }
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    harm: () => harm,
    stop() {
      const stopped = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      return stopped;
    },
  };
}
