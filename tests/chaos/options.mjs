// What `npm run chaos` can be told. Everything is bounded, so that a run stops by itself.

import { parseArgs } from "node:util";
import { chosenSeed } from "../support/random.mjs";

export const USAGE = `npm run chaos -- [options]: power cuts in the middle of trade, and an audit afterwards

  --kills N      how often the runtime is killed, 1 to 2000 (60)
  --orders N     how many checkouts, at least 4 for each kill, up to 100000 (1500)
  --at-once N    how many buyers at once, 1 to 64 (16)
  --faults N     of 100 calls to a gateway, how many meet a fault, 0 to 50 (10)
  --window N     how many seconds a buyer has to pay, 5 to 1800 (30)
  --minutes N    after so long the load ends, and the run has failed, 1 to 240 (60)
  --seed N       repeats a run's choices, though not its timing
  --json FILE    where the result goes (target/chaos.json)`;

/** A wrong option, in words. */
export class OptionError extends Error {}

export function readOptions(commandArguments) {
  const text = { type: "string" };
  const names = { kills: text, orders: text, "at-once": text, faults: text, minutes: text, window: text, seed: text, json: text, help: { type: "boolean" } };
  let values;
  try {
    ({ values } = parseArgs({ args: commandArguments, options: names }));
  } catch (error) {
    throw new OptionError(error.message);
  }
  const number = (name, standard, least, most) => {
    const given = values[name] === undefined ? standard : Number(values[name]);
    if (!Number.isSafeInteger(given) || given < least || given > most) throw new OptionError(`--${name} must be ${least} to ${most}`);
    return given;
  };
  const kills = number("kills", 60, 1, 2_000);
  return {
    help: values.help ?? false,
    json: values.json,
    run: {
      kills,
      orders: number("orders", Math.max(1_500, kills * 4), kills * 4, 100_000),
      atOnce: number("at-once", 16, 1, 64),
      faults: number("faults", 10, 0, 50) / 100,
      windowSeconds: number("window", 30, 5, 1_800),
      minutes: number("minutes", 60, 1, 240),
      seed: number("seed", chosenSeed(), 0, 2 ** 32 - 1),
    },
  };
}
