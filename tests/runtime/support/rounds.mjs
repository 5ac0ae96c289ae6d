// A round: from a world in which nothing has happened to one that has come to rest and was checked.

import { crossings } from "./crossings.mjs";
import { database } from "./database.mjs";
import { drain } from "./drain.mjs";
import { gateway } from "./gateway.mjs";
import { checkInvariants } from "./invariants.mjs";
import { alarms } from "./objects.mjs";
import { queue } from "./queue.mjs";
import { openShop } from "./shop.mjs";

/** A world in which nothing has happened. A test that plays many rounds asks for one before each. */
export function fresh() {
  crossings.forget();
  database.reset();
  gateway.reset();
  queue.reset();
  alarms.platformRings = false;
  return openShop();
}

/** Comes to rest and checks. Faults that are still planned are forgotten. */
export async function restAndCheck({ within } = {}) {
  crossings.withoutPlans();
  gateway.troubles = [];
  await drain({ within });
  await checkInvariants();
}
