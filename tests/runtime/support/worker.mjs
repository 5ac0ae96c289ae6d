// The main module of the tests: the shipped build, with doors around it.

import * as shipped from "shipped-build";
import { behindDoors, environmentSeenBy } from "./objects.mjs";

export const OrderShard = behindDoors("OrderShard");
export const SkuInventory = behindDoors("SkuInventory");
export const InvoiceSeries = behindDoors("InvoiceSeries");
export const Reconciler = behindDoors("Reconciler");
export const StockDocument = behindDoors("StockDocument");
export const ImportJob = behindDoors("ImportJob");

/** Changes when a panic made the shim start WebAssembly anew, which loses every request of the isolate. */
export const instanceId = () => globalThis.__worker_init_state.instanceId;
let expected = instanceId();
export const isExpectedInstance = () => instanceId() === expected;
/** For a test that makes WebAssembly trap: the instance that is there now is the one that is to stay. */
export const expectTrap = () => {
  expected = instanceId();
};

/** The Worker itself does not die here: whatever it holds is one request's. */
const worker = { className: "Worker", dead: false, label: (what) => `Worker ${what}` };

const handler = (env, ctx) => new shipped.default(ctx, environmentSeenBy(worker, env));

export default {
  fetch: (request, env, ctx) => handler(env, ctx).fetch(request),
  queue: (batch, env, ctx) => handler(env, ctx).queue(batch),
  scheduled: (event, env, ctx) => handler(env, ctx).scheduled(event),
};
