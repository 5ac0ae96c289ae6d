// Every place where an object leaves its own memory: a storage transaction, a write outside one, a call to
// another object, to the gateway, to the queue. Each is a crossing, and a test may plan what befalls whoever
// crosses: death before or after it, or a failure that it lives to see. Nothing of this is in the product;
// the doors are put around it by objects.mjs.

// The test pool prints whatever an object fails of, unless it holds one of the texts that it takes for the
// ordinary end of a connection. Failures that a test asked for are no news.
const UNPRINTED = "disconnected: operation canceled";
export const CRASH = `injected crash; Instance dispose; ${UNPRINTED}`;
const failure = (label, says = "failed") => new Error(`injected: ${label} ${says} (${UNPRINTED})`);

/** Hands an object's failure on to its caller, and into the output of the test if that fails. */
export function unprinted(error) {
  const message = String(error?.message ?? error);
  if (!message.includes(UNPRINTED)) console.error(error);
  throw new Error(`${message} (${UNPRINTED})`, { cause: error });
}

let trace = [];
let plans = [];
const underWay = new Map();

/**
 * Plans a fault.
 *   at     the number of the crossing, a text in its label, or a function of (label, number)
 *   nth    how many matching crossings pass unharmed first
 *   when   "before" it happens, "after" it happened; a transaction also "inside": its body ran and it is
 *          rolled back
 *   what   "crash" (the object dies; all that was written before is kept) or "fail" (the caller is told
 *          that it failed; after it happened, that is a lost reply)
 *   times  how often
 *   says   what the platform says of a failure
 */
export function plan({ at, nth = 0, when = "before", what = "crash", times = 1, says }) {
  const matches =
    typeof at === "number" ? (_, number) => number === at
    : typeof at === "string" ? (label) => label.includes(at)
    : at;
  const planned = { matches, skip: nth, when, what, left: times, says, struck: 0 };
  plans.push(planned);
  return planned;
}

export const crossings = {
  forget() {
    trace = [];
    plans = [];
    underWay.clear();
  },
  withoutPlans() {
    plans = [];
  },
  get trace() {
    return trace;
  },
  /** Whether some object waits for another party. */
  get busy() {
    return [...underWay.values()].some((life) => !life.dead);
  },
};

function arrive(label) {
  const number = trace.length;
  trace.push(label);
  for (const planned of plans) {
    if (planned.left === 0 || !planned.matches(label, number)) continue;
    if (planned.skip > 0) {
      planned.skip -= 1;
      continue;
    }
    planned.left -= 1;
    planned.struck += 1;
    return planned;
  }
  return undefined;
}

const never = () => new Promise(() => {});

/** A crossing that is awaited. `work` runs unless a fault says otherwise. */
export async function across(label, life, work) {
  if (life.dead) return never();
  const fault = arrive(label);
  const token = Symbol(label);
  underWay.set(token, life);
  try {
    // The platform lets nothing out of an object before what it wrote is on disk; what stands in for the
    // outside here must not be faster.
    // The Worker itself may be the one who asks: what the object wrote is not its to wait for.
    await Promise.resolve().then(() => life.written?.()).catch(() => undefined);
    if (fault?.when === "before") await strike(fault, life, label);
    const result = await work();
    if (life.dead) return never();
    if (fault?.when === "after") await strike(fault, life, label);
    return result;
  } finally {
    underWay.delete(token);
  }
}

async function strike(fault, life, label) {
  if (fault.what === "crash") {
    await life.die({ keepWrites: true });
    await never();
  }
  throw failure(label, fault.says);
}

/** A crossing within one turn: a transaction or a write. */
export function acrossAtOnce(label, life, work, workAndUndo = work) {
  if (life.dead) throw new Error(CRASH);
  const fault = arrive(label);
  if (fault?.when === "before") {
    if (fault.what === "crash") void life.die({ keepWrites: false });
    throw failure(label);
  }
  if (fault?.when === "inside") return workAndUndo(failure(label));
  const result = work();
  if (fault?.when === "after" && fault.what === "crash") void life.die({ keepWrites: true });
  return result;
}
