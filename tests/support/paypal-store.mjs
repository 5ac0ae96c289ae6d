// A store that takes money through PayPal, played by the local fake: its certificate's root is the one that the
// store trusts.

import { cart } from "./shopping.mjs";
import { startPaypalFake } from "./paypal-fake.mjs";
import { openStore } from "./store.mjs";

/** `{ store, fake, close() }`; the fake's webhooks reach the store. `fakeOptions` go to the fake. */
export async function openPaypalStore({ sandbox = false, vars = {}, fakeOptions = {} } = {}) {
  const fake = await startPaypalFake(fakeOptions);
  try {
    const store = await openStore({
      sandbox,
      vars: { ...vars, ...fake.variables(), GATEWAY_TIMEOUT_MILLISECONDS: "600" },
    });
    fake.setWebhookUrl(`${store.url}/webhooks/paypal`);
    const close = async () => {
      await store.close();
      await fake.close();
    };
    return { store, fake, close };
  } catch (error) {
    await fake.close();
    throw error;
  }
}

/** A checkout that the buyer approves on PayPal's page. */
export function paypalCart(changes = {}, payment = {}) {
  return cart({ payment: { gateway: "paypal", return_url: "https://shop.example/back", ...payment }, ...changes });
}
