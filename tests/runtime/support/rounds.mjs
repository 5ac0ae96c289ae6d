// A round: from a world in which nothing has happened to one that has come to rest and was checked.

import { SECOND } from "./clock.mjs";
import { crossings } from "./crossings.mjs";
import { database } from "./database.mjs";
import { drain } from "./drain.mjs";
import { gateway } from "./gateway.mjs";
import { checkInvariants } from "./invariants.mjs";
import { readWorld, versionOf } from "./invariants/raw.mjs";
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

/** More extra drains than a world needs that only just did something. */
const PATIENCE = 5;

/** Comes to rest and checks. Faults that are still planned are forgotten. */
export async function restAndCheck({ within } = {}) {
  crossings.withoutPlans();
  gateway.troubles = [];
  await drain({ within });
  let world = await readWorld();
  // What happened in the last moment is still on its way to D1.
  for (let more = 0; more < PATIENCE && stillTells(world); more += 1) {
    await drain({ within: 7 * SECOND });
    world = await readWorld();
  }
  checkInvariants(world);
}

const stillTells = ({ shards, skus, stockDocuments }) =>
  shards.some((shard) => shard.outbox.length > 0) ||
  [...skus.values()].some((sku) => sku.level && versionOf(sku) > sku.level.projected_version) ||
  [...skus.values()].some(({ alerts }) => alerts.length > 0) ||
  stockDocuments.some(({ documents: [row] }) => row && row.version > row.projected_version);
