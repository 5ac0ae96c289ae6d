// What a Worker's own isolate holds after a collection, as its debugger tells: objects of JavaScript, what they hold in the
// runtime, and buffers. The process around it has the local database, queue and caches as well. The linear memory of the
// wasm is not in it: the debugger does not tell that.

const ANSWER_WITHIN_MS = 30_000;

/** A session with the debugger of the isolate of this Worker. */
async function openSession(inspectorUrl, worker) {
  const list = new URL("/json/list", inspectorUrl);
  list.protocol = "http:";
  const targets = await (await fetch(list)).json();
  const target = targets.find(({ id }) => id === `core:user:${worker}`);
  if (!target) throw new Error(`the debugger knows no ${worker}: ${targets.map(({ id }) => id).join(", ")}`);
  const socket = new WebSocket(target.webSocketDebuggerUrl);
  await new Promise((resolve, reject) => {
    socket.addEventListener("open", resolve, { once: true });
    socket.addEventListener("error", () => reject(new Error("the debugger does not answer")), { once: true });
  });
  const waiting = new Map();
  socket.addEventListener("message", ({ data }) => {
    const { id, result, error } = JSON.parse(data);
    const waits = waiting.get(id);
    if (!waits) return;
    waiting.delete(id);
    error ? waits.reject(new Error(error.message)) : waits.resolve(result);
  });
  let last = 0;
  const ask = (method, params = {}) => {
    last += 1;
    const id = last;
    const answer = new Promise((resolve, reject) => waiting.set(id, { resolve, reject }));
    socket.send(JSON.stringify({ id, method, params }));
    const late = AbortSignal.timeout(ANSWER_WITHIN_MS);
    const refused = new Promise((_, reject) => late.addEventListener("abort", () => reject(new Error(`${method} is not answered`))));
    return Promise.race([answer, refused]);
  };
  return { ask, close: () => socket.close() };
}

/** Bytes that the Worker's isolate holds, after everything unused was collected. */
export async function measureIsolate(inspectorUrl, worker) {
  const { ask, close } = await openSession(inspectorUrl, worker);
  try {
    await ask("HeapProfiler.collectGarbage");
    const { usedSize, embedderHeapUsedSize, backingStorageSize } = await ask("Runtime.getHeapUsage");
    return usedSize + embedderHeapUsedSize + backingStorageSize;
  } finally {
    close();
  }
}
