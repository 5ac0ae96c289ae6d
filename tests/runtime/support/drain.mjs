// Lets time pass until nothing is owed: rings alarms when they are due, delivers the queue, waits for
// whatever objects are doing. The alarm behaves as the platform's: it is over once its handler has ended
// well, and rings again if the object died in it.

import { runInDurableObject } from "cloudflare:test";
import { SECOND, clock } from "./clock.mjs";
import { crossings } from "./crossings.mjs";
import { alarms, keyOf, lives, stirred } from "./objects.mjs";
import { queue } from "./queue.mjs";
import { stubOf } from "./shop.mjs";

/** The platform rings again this long after an alarm that failed. */
const ALARM_RETRY = 2 * SECOND;

/** More rings than anything needs: something re-arms itself for ever. */
const MAX_STEPS = 500;

const turn = () => new Promise((resolve) => setTimeout(resolve, 0));

/** Waits until no object waits for another party any more. */
export async function calm() {
  for (let quiet = 0; quiet < 5; quiet = crossings.busy ? 0 : quiet + 1) await turn();
}

/** When an object's alarm is to ring, if ever. */
export const alarmOf = (className, name) =>
  runInDurableObject(stubOf(className, name), async (_, state) => {
    const at = await state.storage.getAlarm();
    return at === null ? undefined : at - alarms.shift();
  });

/** Rings an object's alarm now, due or not. Whether it had one; undefined if the object died of it. */
export async function ring(className, name) {
  const key = keyOf(className, name);
  try {
    const [had, next] = await runInDurableObject(stubOf(className, name), async (instance, state) => {
      const at = await state.storage.getAlarm();
      if (at === null) return [false, null];
      const before = instance.life.alarmsSet;
      await instance.alarm();
      stirred.delete(key);
      const next = await state.storage.getAlarm();
      if (next !== at || instance.life.alarmsSet !== before) return [true, next];
      await state.storage.deleteAlarm();
      return [true, null];
    });
    known.set(key, next === null ? undefined : next - alarms.shift());
    return had;
  } catch (error) {
    stirred.add(key);
    if (!/injected/.test(String(error))) throw error;
    return undefined;
  }
}

/** The alarms as they were last seen, by "Class/name"; an object that did nothing since has not moved its own. */
const known = new Map();

async function nextAlarm() {
  const toAsk = [...lives.values()].filter(({ key }) => stirred.delete(key) || !known.has(key));
  await Promise.all(toAsk.map(async ({ key, className, name }) => known.set(key, await alarmOf(className, name))));
  return [...lives.values()]
    .map(({ key, className, name }) => ({ className, name, at: known.get(key) }))
    .filter(({ at }) => at !== undefined)
    .sort((a, b) => a.at - b.at)[0];
}

/** Lets so much time pass: everything that falls due within it happens, in order. Returns who rang. */
export async function drain({ within = 30 * SECOND } = {}) {
  const until = clock.now() + within;
  const rung = [];
  while (rung.length < MAX_STEPS) {
    await calm();
    if (await queue.deliver()) continue;
    const alarm = await nextAlarm();
    const message = queue.nextAt();
    const at = Math.min(alarm?.at ?? Infinity, message ?? Infinity);
    if (at > until) {
      clock.reach(until);
      return rung;
    }
    clock.reach(at);
    if (alarm?.at !== at) continue;
    rung.push(`${alarm.className}/${alarm.name}`);
    if ((await ring(alarm.className, alarm.name)) === undefined) clock.advance(ALARM_RETRY);
  }
  throw new Error(`it does not come to rest; the last alarms were ${rung.slice(-10).join(", ")}`);
}
