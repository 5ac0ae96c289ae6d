// What a Worker's own isolate holds, as its debugger tells: the heap of JavaScript after a collection, and the linear
// memory of its wasm, which never shrinks. That is what the platform limits (128 MB an isolate); the process around it has
// the local database, queue and caches as well.

const ANSWER_WITHIN_MS = 30_000;

/** A session with the debugger of the isolate of this Worker. */
async function openSession(inspectorUrl, worker) {
  const targets = await (await fetch(new URL("/json/list", inspectorUrl))).json();
  const target = targets.find(({ id, title }) => `${id} ${title}`.includes(worker));
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

/** `{ heapBytes, wasmBytes }` of the Worker's isolate, after everything unused was collected. */
export async function measureIsolate(inspectorUrl, worker) {
  const { ask, close } = await openSession(inspectorUrl, worker);
  try {
    await ask("HeapProfiler.collectGarbage");
    const { usedSize } = await ask("Runtime.getHeapUsage");
    const { result: prototype } = await ask("Runtime.evaluate", { expression: "WebAssembly.Memory.prototype" });
    const { objects } = await ask("Runtime.queryObjects", { prototypeObjectId: prototype.objectId });
    const added = "function () { return this.reduce((sum, memory) => sum + memory.buffer.byteLength, 0); }";
    const { result: bytes } = await ask("Runtime.callFunctionOn", { objectId: objects.objectId, functionDeclaration: added, returnByValue: true });
    return { heapBytes: usedSize, wasmBytes: bytes.value };
  } finally {
    close();
  }
}
