// What the load sends: every kind of request of a run, as the bytes that go over the wire.

const PUBLISHABLE_KEY = "pk_dev_storefront";

const cart = (sku) =>
  JSON.stringify({
    currency: "USD",
    lines: [{ sku, quantity: 1 }],
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

const lines = (...headers) => `${headers.join("\r\n")}\r\n\r\n`;

/** By kind: given the plan, a function from the number of a request to its bytes, and the status that is a success. */
export const REQUESTS = {
  /** One-line carts, the SKUs in turn, each under a key of its own that begins with `run`. */
  checkouts({ host, skus, run }) {
    const bodies = skus.map(cart);
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

  /** A storefront's look at one address, over and over. */
  looks({ host, path, key = PUBLISHABLE_KEY }) {
    const bytes = lines(`GET ${path} HTTP/1.1`, `host: ${host}`, `authorization: Bearer ${key}`);
    return { success: "200", bytes: () => bytes };
  },

  /** Work of the driver (bench/inventory/driver.mjs): `path` and the request's own number. */
  drives({ host, path, run }) {
    const head = (number) => lines(`GET ${path}/${run * 10_000_000 + number} HTTP/1.1`, `host: ${host}`);
    return { success: "200", bytes: head };
  },
};
