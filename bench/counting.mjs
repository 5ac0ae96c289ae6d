// Stands around the shipped bundle and counts, from the platform's own figures, what its work costs: events of
// objects, rows that SQLite says it wrote, rows that D1 says it wrote. Nothing of the bundle is changed; the
// platform's functions are wrapped, once, when the first object starts.

import * as built from "./shop.js";

const counters = {};
const add = (name, amount = 1) => (counters[name] = (counters[name] ?? 0) + amount);

for (const name of ["log", "warn", "error"]) {
  const write = console[name].bind(console);
  console[name] = (...given) => {
    add("log lines");
    write(...given);
  };
}

/** Whose database is whose. */
const owners = new WeakMap();

/** Statements whose rows may still be read, which is when some of them write; added up between events. */
let cursors = [];
function settle() {
  for (const { owner, cursor } of cursors) {
    add(`${owner} rows written`, cursor.rowsWritten);
    add(`${owner} rows read`, cursor.rowsRead);
  }
  cursors = [];
}

/** How many events an object has under way, and since when it has any: that time is billed, once for all of them. */
const active = new WeakMap();
function enter(object) {
  const now = active.get(object) ?? { events: 0, since: 0 };
  if (now.events === 0) now.since = Date.now();
  now.events += 1;
  active.set(object, now);
}
function leave(object, name) {
  const now = active.get(object);
  now.events -= 1;
  if (now.events === 0) add(`${name} active milliseconds`, Date.now() - now.since);
}

const patched = new WeakSet();
function patch(object, name, around) {
  const prototype = Object.getPrototypeOf(object);
  const original = prototype[name];
  if (patched.has(original)) return;
  prototype[name] = function (...given) {
    return around.call(this, (...passed) => original.apply(this, passed), given);
  };
  patched.add(prototype[name]);
}

function patchStorage(state, name) {
  owners.set(state.storage.sql, name).set(state.storage, name);
  patch(state.storage.sql, "exec", function (exec, given) {
    const cursor = exec(...given);
    const owner = owners.get(this);
    add(`${owner} statements`);
    cursors.push({ owner, cursor });
    return cursor;
  });
  patch(state.storage, "setAlarm", function (setAlarm, given) {
    add(`${owners.get(this)} alarms set`);
    return setAlarm(...given);
  });
  patch(state.storage, "transactionSync", function (transactionSync, given) {
    add(`${owners.get(this)} transactions`);
    return transactionSync(...given);
  });
}

function patchDatabase(env) {
  const note = (results) => {
    for (const { meta } of [results].flat()) {
      add("D1 rows written", meta?.rows_written ?? 0);
      add("D1 rows read", meta?.rows_read ?? 0);
    }
    return results;
  };
  patch(env.DB, "batch", async (batch, given) => {
    add("D1 requests");
    return note(await batch(...given));
  });
  const statement = env.DB.prepare("SELECT 1");
  for (const name of ["run", "all"]) {
    patch(statement, name, async (run, given) => {
      add("D1 requests");
      return note(await run(...given));
    });
  }
  patch(env.EVENTS, "sendBatch", (sendBatch, given) => {
    add("queue sends");
    add("queue messages", [...given[0]].length);
    return sendBatch(...given);
  });
  patch(env.EVENTS, "send", (send, given) => {
    add("queue sends");
    add("queue messages");
    return send(...given);
  });
}

function counted(constructor, name) {
  return new Proxy(constructor, {
    construct(target, given, newTarget) {
      const [state, env] = given;
      patchStorage(state, name);
      patchDatabase(env);
      const object = Reflect.construct(target, given, newTarget);
      return new Proxy(object, {
        get(instance, key) {
          const value = Reflect.get(instance, key);
          if (key !== "fetch" && key !== "alarm") return typeof value === "function" ? value.bind(instance) : value;
          return async (...event) => {
            add(`${name} ${key} events`);
            enter(instance);
            try {
              return await value.apply(instance, event);
            } finally {
              leave(instance, name);
              settle();
            }
          };
        },
      });
    },
  });
}

export const OrderShard = counted(built.OrderShard, "OrderShard");
export const SkuInventory = counted(built.SkuInventory, "SkuInventory");
export const InvoiceSeries = counted(built.InvoiceSeries, "InvoiceSeries");
export const Reconciler = counted(built.Reconciler, "Reconciler");
export const StockDocument = counted(built.StockDocument, "StockDocument");
export const ImportJob = counted(built.ImportJob, "ImportJob");

/** The counters at `/bench/counters`; everything else goes on to the bundle. */
const counting = (entrypoint) =>
  new Proxy(entrypoint, {
    get(instance, key) {
      const value = Reflect.get(instance, key);
      if (key === "queue") {
        return (batch, ...rest) => {
          add("queue deliveries");
          return value.call(instance, batch, ...rest);
        };
      }
      if (key !== "fetch") return typeof value === "function" ? value.bind(instance) : value;
      return (request, ...rest) => {
        if (new URL(request.url).pathname === "/bench/counters") {
          settle();
          return Response.json(counters);
        }
        add("Worker requests");
        return value.call(instance, request, ...rest);
      };
    },
  });

// The bundle's entrypoint is a class, the floor's an object.
const { default: entrypoint } = built;
export default typeof entrypoint === "function"
  ? new Proxy(entrypoint, { construct: (target, given, newTarget) => counting(Reflect.construct(target, given, newTarget)) })
  : counting(entrypoint);
