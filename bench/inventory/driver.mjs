// Drives both SKU objects in the same way, ours and the minimal one, as a shard would: a request comes in, the
// object is asked once for each step, and the request is answered when the last step is. Nothing is batched.

const EXPIRES_AT = "2099-01-01T00:00:00Z";

/** Claims that travel together: about what a shard gathers while a call to the SKU is under way. */
const TOGETHER = 16;

const ours = {
  binding: "OURS",
  claim: (order, command) => ({ command: "claims", claims: [{ order_id: `ord_00${order}`, ...command }] }),
  reserve: (order) => ours.claim(order, { command: "reserve", quantity: 1, expires_at: EXPIRES_AT }),
  commit: (order) => ours.claim(order, { command: "commit", quantity: 1 }),
  read: () => ({ command: "read" }),
  held: (answer) => answer.answers?.[0]?.answer?.answer === "held" || answer.answers?.[0]?.answer === "held",
  committed: (answer) => JSON.stringify(answer.answers?.[0] ?? "").includes("committed"),
};

const minimal = {
  binding: "MINIMAL",
  reserve: (order) => ({ command: "reserve", order, quantity: 1, expires_at: Date.parse(EXPIRES_AT) }),
  commit: (order) => ({ command: "commit", order, quantity: 1 }),
  read: () => ({ command: "read" }),
  held: (answer) => answer.answer === "held",
  committed: (answer) => answer.answer === "committed",
};

const OBJECTS = { ours, minimal };

async function ask(env, { binding }, sku, command) {
  const response = await env[binding].getByName(sku).fetch("https://object/", { method: "POST", body: JSON.stringify(command) });
  if (response.status !== 200) throw new Error(`status ${response.status}: ${await response.text()}`);
  return response.json();
}

const expect = (condition, answer) => {
  if (!condition) throw new Error(JSON.stringify(answer));
};

const WORK = {
  /** A new order takes a unit, then buys it. */
  async sale(env, object, sku, number) {
    const order = number.toString(16).padStart(32, "0");
    const reserved = await ask(env, object, sku, object.reserve(order));
    expect(object.held(reserved), reserved);
    const sold = await ask(env, object, sku, object.commit(order));
    expect(object.committed(sold), sold);
  },
  /** A new order takes a unit. */
  async reserve(env, object, sku, number) {
    const reserved = await ask(env, object, sku, object.reserve(number.toString(16).padStart(32, "0")));
    expect(object.held(reserved), reserved);
  },
  /** Sixteen new orders take a unit each, in one call. */
  async together(env, object, sku, number) {
    const claims = Array.from({ length: TOGETHER }, (_, index) => {
      const order = (number * TOGETHER + index).toString(16).padStart(32, "0");
      return object.reserve(order).claims[0];
    });
    const { answers } = await ask(env, object, sku, { command: "claims", claims });
    expect(answers.length === TOGETHER && answers.every((answer) => object.held({ answers: [answer] })), answers);
  },
  async read(env, object, sku) {
    await ask(env, object, sku, object.read());
  },
};

export default {
  async fetch(request, env) {
    const [, name, work, sku, number] = new URL(request.url).pathname.split("/");
    try {
      await WORK[work](env, OBJECTS[name], sku, Number(number ?? 0));
      return new Response("{}");
    } catch (error) {
      return new Response(String(error?.stack ?? error), { status: 500 });
    }
  },
};
