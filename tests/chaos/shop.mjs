// The shop of the fault lab: the shipped bundle on its disk, two gateways that live on when it dies, bad lines to them
// and a post office for what they send.

import { openPostOffice } from "../support/day/office.mjs";
import { openStore } from "../support/store.mjs";
import { startStripeFake } from "../support/stripe-fake.mjs";
import { openBadLine } from "./bad-line.mjs";

const STRIPE = { secretKey: "sk_test_chaos", webhookSecret: "whsec_chaos" };

/** How long the store waits for a gateway: a hang costs so much. */
const GATEWAY_TIMEOUT_MS = 800;
const SLOW_MS = 500;

/** Of 100 webhooks, how many are sent twice and so on. News that no poll would find is never lost. */
const POST = { duplicate: 14, reordered: 14, late: 5, lost: 4, forged: 4 };

/** How much longer than the buyer's time to pay the stock is kept. */
const GRACE_SECONDS = 4;

/**
 * `{ store, office, stripe, lines, calm(), goAhead(seconds), books(), close() }`. `faults` is the share of gateway calls that meet
 * one, `windowSeconds` how long buyers have
 * to pay. Stripe's money is held until somebody asks for it, the sandbox's is taken at once.
 */
export async function openShop({ random, faults, windowSeconds }) {
  const opened = [];
  const close = async () => {
    for (const end of opened.splice(0).reverse()) await end();
  };
  const keep = (one, end) => {
    opened.push(end);
    return one;
  };
  try {
    const office = await openPostOffice({ random, chances: POST });
    opened.push(() => office.stop());
    const stripe = await startStripeFake({ ...STRIPE, webhookUrl: `${office.url}/stripe` });
    opened.push(() => stripe.stop());
    const lines = {};
    for (const name of ["sandbox", "stripe"]) {
      const line = await openBadLine({ random, share: faults, slowMs: SLOW_MS });
      lines[name] = keep(line, () => line.stop());
    }
    lines.stripe.to(stripe.url);
    const vars = {
      GATEWAY_TIMEOUT_MILLISECONDS: String(GATEWAY_TIMEOUT_MS),
      SANDBOX_BASE_URL: lines.sandbox.url,
      STRIPE_BASE_URL: lines.stripe.url, STRIPE_SECRET_KEY: STRIPE.secretKey, STRIPE_WEBHOOK_SECRET: STRIPE.webhookSecret,
    };
    const store = await openStore({ autoMs: 100, sandboxWebhookUrl: `${office.url}/sandbox`, vars });
    opened.push(() => store.close());
    office.deliverTo(`${store.url}/webhooks`);
    lines.sandbox.to(store.sandbox.url);
    await store.changeTerms({ payment_window_seconds: windowSeconds, reservation_grace_seconds: GRACE_SECONDS });
    const held = { enabled: true, title: "Card", capture_mode: "on_request" };
    must(await store.admin.put("/v1/admin/payment-methods/stripe", held));
    const goAhead = async (seconds) => {
      await store.stop();
      vars.CLOCK_AHEAD_SECONDS = String(seconds);
      await store.start();
    };
    return { store, office, stripe, lines, close, goAhead, calm: () => calm({ office, lines }), books: () => booksOf({ store, stripe }) };
  } catch (error) {
    await close();
    throw error;
  }
}

/** From now on the gateways can be relied upon. */
function calm({ office, lines }) {
  for (const [name, line] of Object.entries(lines)) {
    line.calm();
    office.careful(name);
  }
}

/** What both gateways say is true of every payment, as the audits read it. */
function booksOf({ store, stripe }) {
  const sum = (rows) => rows.reduce((total, row) => total + row.amount, 0);
  const sandbox = store.sandbox.control.payments().map((payment) => ({
    ...payment,
    reference: payment.id,
    refunded: sum(payment.refunds.filter(({ status }) => status === "succeeded")),
    charged_back: 0,
    open: ["action_required", "processing", "authorized"].includes(payment.status),
  }));
  const known = new Map(stripe.book().map((row) => [row.reference, row]));
  const intents = stripe.payments.map((intent) => ({
    ...known.get(intent.id),
    id: intent.id,
    amount: intent.amount,
    currency: intent.currency.toUpperCase(),
    order_id: intent.metadata.order_id,
    operation_id: intent.metadata.operation_id,
    open: !["succeeded", "canceled"].includes(intent.status),
  }));
  return { sandbox, stripe: intents };
}

/** The body of an answer that must be good: setting up is not what is tested. */
export function must(answer) {
  if (answer.status >= 300) throw new Error(`the shop could not be set up: ${answer.status} ${answer.text}`);
  return answer.body;
}
