// What the load sends: every kind of request of a run, as the bytes that go over the wire.

const PUBLISHABLE_KEY = "pk_dev_storefront";

/** A cart with one of each of `skus`. */
export const cart = (skus, method = "instant") =>
  JSON.stringify({
    currency: "USD",
    lines: skus.map((sku) => ({ sku, quantity: 1 })),
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
    payment: { gateway: "sandbox", method },
  });

const lines = (...headers) => `${headers.join("\r\n")}\r\n\r\n`;

/** By kind: given the plan, a function from the number of a request to its bytes, and the status that is a success. */
export const REQUESTS = {
  /** Carts of so many `lines`, the SKUs in turn, each under a key of its own that begins with `run`. */
  checkouts({ host, skus, run, lines: count = 1, method }) {
    const bodies = skus.map((_, first) => {
      const those = Array.from({ length: count }, (_, line) => skus[(first + line) % skus.length]);
      return cart(those, method);
    });
    return {
      success: "201",
      bytes(number) {
        const body = bodies[number % bodies.length];
        const head = lines(
          "POST /v1/checkouts HTTP/1.1", `host: ${host}`, `authorization: Bearer ${PUBLISHABLE_KEY}`,
          `idempotency-key: ${run}-${number}`, "content-type: application/json", `content-length: ${Buffer.byteLength(body)}`,
        );
        return head + body;
      },
    };
  },

  /** A look at one address (`path`) over and over, or at several (`paths`) in turn. */
  looks({ host, path, paths = [path], key = PUBLISHABLE_KEY }) {
    const all = paths.map((one) => lines(`GET ${one} HTTP/1.1`, `host: ${host}`, `authorization: Bearer ${key}`));
    return { success: "200", bytes: (number) => all[number % all.length] };
  },

  /** Signed webhooks of the sandbox, each `{ body, signature }` once. */
  webhooks({ host, events }) {
    const all = events.map(({ body, signature }) => {
      const head = lines(
        "POST /webhooks/sandbox HTTP/1.1", `host: ${host}`, `sandbox-signature: ${signature}`,
        "content-type: application/json", `content-length: ${Buffer.byteLength(body)}`,
      );
      return head + body;
    });
    return { success: "200", bytes: (number) => all[(number - 1) % all.length] };
  },

  /** Work of the driver (bench/inventory/driver.mjs): `path` and the request's own number. */
  drives({ host, path, run }) {
    const head = (number) => lines(`GET ${path}/${run * 10_000_000 + number} HTTP/1.1`, `host: ${host}`);
    return { success: "200", bytes: head };
  },
};
