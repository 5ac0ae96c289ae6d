// A store that takes money through Stripe: the official package's signatures, a local fake for the API.

import { cart } from "./shopping.mjs";
import { openStore } from "./store.mjs";
import { startStripeFake } from "./stripe-fake.mjs";

export const WEBHOOK_SECRET = "whsec_journey_current";
/** Still accepted: a secret is being rotated. */
export const FORMER_WEBHOOK_SECRET = "whsec_journey_former";
const SECRET_KEY = "sk_test_journey";

/** How long the shop waits for Stripe. */
export const GATEWAY_TIMEOUT_MS = 600;

/** `{ store, fake, close() }`; the fake's webhooks reach the store. `sandbox: true` adds that gateway. */
export async function openStripeStore({ sandbox = false, vars = {} } = {}) {
  const fake = await startStripeFake({ webhookSecret: WEBHOOK_SECRET, secretKey: SECRET_KEY });
  try {
    const store = await openStore({
      sandbox,
      vars: {
        ...vars,
        STRIPE_BASE_URL: fake.url,
        STRIPE_SECRET_KEY: SECRET_KEY,
        STRIPE_WEBHOOK_SECRET: `${WEBHOOK_SECRET},${FORMER_WEBHOOK_SECRET}`,
        GATEWAY_TIMEOUT_MILLISECONDS: String(GATEWAY_TIMEOUT_MS),
      },
    });
    fake.setWebhookUrl(`${store.url}/webhooks/stripe`);
    const close = async () => {
      await store.close();
      await fake.stop();
    };
    return { store, fake, close };
  } catch (error) {
    await fake.stop();
    throw error;
  }
}

/** A checkout paid by one of Stripe's test methods; without one the browser chooses. */
export function stripeCart(method, changes = {}) {
  const payment = { gateway: "stripe", ...(method && { method, return_url: "https://shop.example/back" }) };
  return cart({ payment, ...changes });
}
