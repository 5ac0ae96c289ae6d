// A gateway that turned against the shop: it speaks the sandbox's protocol, every answer of it would be right, and
// none of them comes as an answer should. Whoever reads one whole, or follows it, is caught.

import { randomBytes } from "node:crypto";
import http from "node:http";
import { gzipSync } from "node:zlib";

const BOMB_BYTES = 100 * 1024 * 1024;
const CHUNK = Buffer.alloc(64 * 1024, 0x20);
const ONE_GIGABYTE = 1024 ** 3;

/** What a charge is answered in good faith. */
function paidReply(asked) {
  const now = Date.now();
  const { amount, currency, order_id, operation_id, method, capture } = asked;
  return JSON.stringify({
    id: `sbx_${randomBytes(12).toString("hex")}`, status: "captured", amount, currency, captured: amount, method, capture, order_id, operation_id,
    redirect_url: null, authorized_until: null, statement_descriptor: null, refunds: [], disputes: [], decline: null, created_at: now, updated_at: now,
  });
}

/** Writes blanks for as long as anybody listens. */
function pour(response, state) {
  const more = () => {
    while (!response.destroyed) {
      state.poured += CHUNK.length;
      if (!response.write(CHUNK)) return void response.once("drain", more);
    }
  };
  more();
}

const MODES = {
  right: (response, reply) => response.writeHead(200, { "content-type": "application/json" }).end(reply),
  "a redirect": (response, reply, state) => response.writeHead(302, { location: `${state.url}/trap` }).end(),
  "a redirect that keeps the method": (response, reply, state) => response.writeHead(307, { location: `${state.url}/trap` }).end(reply),
  "an answer without an end": (response, reply, state) => {
    response.writeHead(200, { "content-type": "application/json" });
    pour(response, state);
  },
  "an announced gigabyte": (response, reply, state) => {
    response.writeHead(200, { "content-type": "application/json", "content-length": ONE_GIGABYTE });
    pour(response, state);
  },
  "100 MB in a hundred packed kilobytes": (response, reply) => {
    const packed = gzipSync(Buffer.concat([Buffer.alloc(BOMB_BYTES, 0x20), Buffer.from(reply)]));
    response.writeHead(200, { "content-type": "application/json", "content-encoding": "gzip", "content-length": packed.length }).end(packed);
  },
  "a byte now and then": (response, reply) => {
    response.writeHead(200, { "content-type": "application/json", "content-length": reply.length });
    let at = 0;
    const timer = setInterval(() => (response.destroyed ? clearInterval(timer) : response.write(reply.slice(at, (at += 1)))), 100);
  },
  silence: () => {},
};

/** How it can answer; `right` is the way that is believed. */
export const HOSTILE_WAYS = Object.keys(MODES).filter((mode) => mode !== "right");

/** Starts it: `{ url, say(mode), poured, trapped, close() }`. */
export async function startHostileGateway() {
  const state = { url: "", mode: "right", poured: 0, trapped: 0 };
  const server = http.createServer((request, response) => {
    if (request.url.startsWith("/trap")) state.trapped += 1;
    let body = "";
    request.setEncoding("utf8").on("data", (part) => (body += part));
    request.on("end", () => {
      if (request.method !== "POST") return void response.writeHead(503).end();
      MODES[request.url.startsWith("/trap") ? "right" : state.mode](response, paidReply(JSON.parse(body || "{}")), state);
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  state.url = `http://127.0.0.1:${server.address().port}`;
  return {
    url: state.url,
    say: (mode) => Object.assign(state, { mode, poured: 0, trapped: 0 }),
    get poured() {
      return state.poured;
    },
    get trapped() {
      return state.trapped;
    },
    close: () => new Promise((resolve) => (server.close(resolve), server.closeAllConnections())),
  };
}
