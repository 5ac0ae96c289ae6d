// D1 with bad days on request.

import { across } from "./crossings.mjs";

export const database = {
  /** "up"; "down": nothing arrives; "loses replies": it happens and the caller is told that it failed. */
  mode: "up",
  /** Questions and batches that arrived while it was not up. */
  troubles: 0,
  reset() {
    database.mode = "up";
    database.troubles = 0;
  },
};

/** Every statement that was ever prepared. */
export const statements = new Set();

const ASKS = ["all", "run", "first", "raw"];
const realOf = new WeakMap();

function ask(life, work) {
  return across(life.label("asks D1"), life, async () => {
    if (database.mode === "up") return work();
    database.troubles += 1;
    if (database.mode === "loses replies") await work();
    throw new Error("D1_ERROR: injected: the database does not answer");
  });
}

function statement(life, real) {
  const door = new Proxy(real, {
    get(_, key) {
      const value = Reflect.get(real, key, real);
      if (key === "bind") return (...values) => statement(life, real.bind(...values));
      if (ASKS.includes(key)) return (...options) => ask(life, () => real[key](...options));
      return typeof value === "function" && key !== "constructor" ? value.bind(real) : value;
    },
  });
  realOf.set(door, real);
  return door;
}

/** The database as an object or the Worker sees it. */
export function databaseSeenBy(life, real) {
  const batch = (list) => ask(life, () => real.batch([...list].map((one) => realOf.get(one) ?? one)));
  return new Proxy(real, {
    get(_, key) {
      if (key === "prepare") {
        return (sql) => {
          statements.add(sql);
          return statement(life, real.prepare(sql));
        };
      }
      if (key === "batch") return batch;
      const value = Reflect.get(real, key, real);
      return typeof value === "function" && key !== "constructor" ? value.bind(real) : value;
    },
  });
}
