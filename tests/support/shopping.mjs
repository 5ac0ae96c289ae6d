// What the journeys buy in the demo store.

export const ADDRESS = {
  name: "Ada Lovelace",
  line1: "12 Ferry Lane",
  city: "San Francisco",
  region: "CA",
  postal_code: "94105",
  country: "US",
};

/** A checkout of one mug by the sandbox's default method; `changes` replace whole fields of it. */
export function cart(changes = {}) {
  return {
    currency: "USD",
    lines: [{ sku: "MUG-CLASSIC", quantity: 1 }],
    email: "ada@example.com",
    shipping_address: ADDRESS,
    shipping_method: "standard",
    payment: { gateway: "sandbox" },
    ...changes,
  };
}

/** A checkout paid by one of the sandbox's methods. */
export const paidBy = (method, changes = {}) => cart({ payment: { gateway: "sandbox", method }, ...changes });
