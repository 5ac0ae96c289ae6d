// The shipped object classes behind doors. The product's code runs unchanged; what it is handed (its state
// and its environment) passes every crossing through crossings.mjs, and alarms are set ten years late, so
// that they ring when a test rings them (drain.mjs) and not before.

import * as shipped from "shipped-build";
import { CRASH, across, acrossAtOnce, unprinted } from "./crossings.mjs";
import { databaseSeenBy } from "./database.mjs";
import { queue } from "./queue.mjs";

export const BINDINGS = {
  OrderShard: "ORDER_SHARD",
  SkuInventory: "SKU_INVENTORY",
  InvoiceSeries: "INVOICE_SERIES",
  Reconciler: "RECONCILER",
  StockDocument: "STOCK_DOCUMENT",
  ImportJob: "IMPORT_JOB",
};
const CLASS_OF = Object.fromEntries(Object.entries(BINDINGS).map(([name, binding]) => [binding, name]));

const LATE = 10 * 365 * 86_400_000;

/** Whether alarms ring when the platform finds it is time; only a test of the platform wants that. */
export const alarms = { platformRings: false, shift: () => (alarms.platformRings ? 0 : LATE) };

/** The newest instance of every object that this test has used, by "Class/name". */
export const lives = new Map();

/** Objects that did something since their alarm was last looked at (drain.mjs). */
export const stirred = new Set();

export const keyOf = (className, name) => `${className}/${name}`;

/**
 * An abort ends whatever runs in the isolate, and drops what waits to run in it. On the platform that isolate would
 * be gone; here its other objects live on. So whoever is to run in this turn runs first, and only then is it ended:
 * still before anything of the turn is written.
 */
async function everyoneElse() {
  for (let hop = 0; hop < 200; hop += 1) await null;
}

/** One instance of an object, from its construction to its end. */
class Life {
  dead = false;
  ready = false;
  alarmsSet = 0;

  constructor(className, ctx) {
    this.className = className;
    this.name = ctx.id.name;
    this.ctx = ctx;
    this.key = keyOf(className, this.name);
  }

  /** The same in every round that a story is played. */
  label(what) {
    const name = this.className === "SkuInventory" ? ` ${this.name.replace(/^T\d+-/, "")}` : "";
    return `${this.className}${name} ${what}`;
  }

  written() {
    return this.ctx.storage.sync();
  }

  /** The end of this instance, as when its machine fails. Storage breaks at once. */
  async die({ keepWrites }) {
    this.dead = true;
    stirred.add(this.key);
    if (keepWrites) await this.written();
    await everyoneElse();
    stirred.add(this.key);
    this.ctx.abort(CRASH);
  }

  /** What a dead instance would have answered is never heard. */
  async during(work) {
    lives.set(this.key, this);
    stirred.add(this.key);
    try {
      const result = await work();
      if (!this.dead) return result;
    } catch (error) {
      if (!this.dead) throw error;
    } finally {
      stirred.add(this.key);
    }
    return new Promise(() => {});
  }
}

/** `target` as it is, but for what `ours` replaces. */
function behind(target, ours) {
  return new Proxy(target, {
    get(_, key) {
      if (Object.hasOwn(ours, key)) return ours[key];
      const value = Reflect.get(target, key, target);
      return typeof value === "function" && key !== "constructor" ? value.bind(target) : value;
    },
  });
}

const WRITES = /^\s*(INSERT|UPDATE|DELETE|REPLACE)/i;

function stateSeenBy(life) {
  const { storage } = life.ctx;
  let inTransaction = false;
  const sql = behind(storage.sql, {
    exec(statement, ...parameters) {
      const run = () => storage.sql.exec(statement, ...parameters);
      if (!life.ready || inTransaction || !WRITES.test(statement)) return run();
      return acrossAtOnce(life.label("write"), life, run);
    },
  });
  const transactionSync = (body) => {
    const run = (rolledBackBy) =>
      storage.transactionSync(() => {
        inTransaction = true;
        try {
          const result = body();
          if (rolledBackBy) throw rolledBackBy;
          return result;
        } finally {
          inTransaction = false;
        }
      });
    return acrossAtOnce(life.label("transaction"), life, () => run(), run);
  };
  const setAlarm = (at, options) => {
    stirred.add(life.key);
    life.alarmsSet += 1;
    return storage.setAlarm(Number(at) + alarms.shift(), options);
  };
  return behind(life.ctx, { storage: behind(storage, { sql, transactionSync, setAlarm }) });
}

/** A namespace whose stubs are asked through a crossing. */
function namespaceSeenBy(life, namespace, className) {
  const stub = (real) =>
    behind(real, {
      fetch: (request, init) =>
        across(life.label(`asks ${className}`), life, async () => {
          const response = await real.fetch(request, init);
          // Read here, so that the crossing ends when the answer has arrived as a whole.
          return new Response(await response.text(), response);
        }),
    });
  return behind(namespace, {
    get: (id, options) => stub(namespace.get(id, options)),
    getByName: (name, options) => stub(namespace.getByName(name, options)),
  });
}

function queueSeenBy(life, real) {
  const send = (messages, passOn) =>
    across(life.label("sends to the queue"), life, async () => {
      if (queue.real) return passOn();
      queue.accept(messages);
    });
  return behind(real, {
    send: (body, options) => send([{ body }], () => real.send(body, options)),
    sendBatch: (messages, options) => send([...messages], () => real.sendBatch(messages, options)),
  });
}

/** The environment as an object or the Worker sees it. */
export function environmentSeenBy(life, env) {
  const doors = { DB: databaseSeenBy(life, env.DB) };
  for (const [binding, className] of Object.entries(CLASS_OF)) {
    doors[binding] = namespaceSeenBy(life, env[binding], className);
  }
  doors.EVENTS = queueSeenBy(life, env.EVENTS);
  return behind(env, doors);
}

/** The class as the platform makes it. */
export function behindDoors(className) {
  return class {
    constructor(ctx, env) {
      this.life = new Life(className, ctx);
      this.inner = new shipped[className](stateSeenBy(this.life), environmentSeenBy(this.life, env));
      this.life.ready = true;
    }

    /** The request is read here: of a caller that has died in the meantime there is nothing left to read. */
    async fetch(request) {
      const body = await request.text().catch(() => undefined);
      if (body === undefined) return new Response("nobody asks any more", { status: 499 });
      return this.life.during(() => this.inner.fetch(new Request(request.url, { method: request.method, body }))).catch(unprinted);
    }

    alarm() {
      return this.life.during(() => this.inner.alarm());
    }
  };
}
