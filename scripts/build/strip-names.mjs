// Takes the names of functions out of the built wasm: a fifth of its compressed size, and nothing that runs
// reads them. The compiler must leave them in (`strip = true` also takes what wasm-bindgen needs), and a
// build made by hand with `worker-build` keeps them, which is what a profiler wants.

import { readFileSync, writeFileSync } from "node:fs";

const HEADER_BYTES = 8;
const CUSTOM_SECTION = 0;
const DROPPED = new Set(["name", "producers"]);

/** Rewrites the file without its `name` and `producers` sections (WebAssembly core specification, 5.5). */
export function stripNames(file) {
  const wasm = readFileSync(file);
  const kept = [wasm.subarray(0, HEADER_BYTES)];
  for (let start = HEADER_BYTES; start < wasm.length; ) {
    const size = readUnsigned(wasm, start + 1);
    const end = size.next + size.value;
    if (wasm[start] !== CUSTOM_SECTION || !DROPPED.has(customName(wasm, size.next))) kept.push(wasm.subarray(start, end));
    start = end;
  }
  writeFileSync(file, Buffer.concat(kept));
}

function customName(wasm, position) {
  const length = readUnsigned(wasm, position);
  return wasm.toString("utf8", length.next, length.next + length.value);
}

/** An unsigned LEB128 number of at most 32 bits, and where it ends. */
function readUnsigned(bytes, position) {
  let value = 0;
  for (let next = position, shift = 0; shift < 35; shift += 7, next += 1) {
    const byte = bytes[next];
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return { value, next: next + 1 };
  }
  throw new Error(`Malformed number at byte ${position} of the wasm.`);
}
