// A store that takes money through four gateways at once, each played by its fake on a port of its own; their
// webhooks come through a post office that is not always reliable.

import { startAuthorizeNetFake } from "./authorize-net-fake.mjs";
import { openPostOffice } from "./day/office.mjs";
import { startPaypalFake } from "./paypal-fake.mjs";
import { startRazorpayFake } from "./razorpay-fake.mjs";
import { openStore } from "./store.mjs";
import { startStripeFake } from "./stripe-fake.mjs";

/** How long the store waits for a gateway: a hang costs so much. */
export const GATEWAY_TIMEOUT_MS = 700;

const STRIPE = { secretKey: "sk_test_day", webhookSecret: "whsec_day" };

/**
 * `{ store, fakes, office, close(), restart(secondsAhead, vars) }`: `fakes` by the gateways' names, `restart` brings the
 * store back with its clock so many seconds ahead, and with other variables if there are any.
 */
export async function openGateways({ random = Math.random, vars = {}, seed } = {}) {
  const opened = [];
  const close = async () => {
    for (const end of opened.reverse()) await end();
  };
  try {
    const fakes = {};
    const started = (name, fake) => {
      fakes[name] = fake;
      opened.push(() => (fake.stop ?? fake.close)());
      return fake;
    };
    const stripe = started("stripe", await startStripeFake(STRIPE));
    const razorpay = started("razorpay", await startRazorpayFake());
    const paypal = started("paypal", await startPaypalFake({ seed }));
    const authorizeNet = started("authorize_net", await startAuthorizeNetFake());

    const variables = {
      GATEWAY_TIMEOUT_MILLISECONDS: String(GATEWAY_TIMEOUT_MS),
      PROJECTION_CONFIRM_MILLISECONDS: "500",
      STRIPE_BASE_URL: stripe.url, STRIPE_SECRET_KEY: STRIPE.secretKey, STRIPE_WEBHOOK_SECRET: STRIPE.webhookSecret,
      RAZORPAY_BASE_URL: razorpay.url, RAZORPAY_KEY_ID: razorpay.keyId, RAZORPAY_KEY_SECRET: razorpay.keySecret,
      RAZORPAY_WEBHOOK_SECRET: razorpay.webhookSecret,
      AUTHORIZE_NET_BASE_URL: authorizeNet.url, AUTHORIZE_NET_LOGIN_ID: authorizeNet.loginId,
      AUTHORIZE_NET_TRANSACTION_KEY: authorizeNet.transactionKey,
      AUTHORIZE_NET_SIGNATURE_KEY: authorizeNet.signatureKey,
      ...paypal.variables(),
      ...vars,
    };
    const store = await openStore({ sandbox: false, vars: variables });
    opened.push(() => store.close());
    const office = await openPostOffice({ to: `${store.url}/webhooks`, random });
    opened.push(() => office.stop());
    for (const [name, fake] of Object.entries(fakes)) fake.setWebhookUrl(`${office.url}/${name}`);
    const restart = async (secondsAhead, changed = {}) => {
      await store.stop();
      Object.assign(variables, changed, { CLOCK_AHEAD_SECONDS: String(secondsAhead) });
      await store.start();
    };
    return { store, fakes, office, close, restart };
  } catch (error) {
    await close();
    throw error;
  }
}
