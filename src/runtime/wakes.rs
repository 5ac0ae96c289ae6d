//! How tasks are woken.
//!
//! For every wake the executor calls the global `queueMicrotask`. workerd wraps each of those calls in
//! objects of its own, which takes 20 times as long as a reaction of a promise, and the reaction takes the
//! same place in the same queue. A checkout has dozens of wakes.
//!
//! What a task throws still reaches those who listen for errors, among them the one who starts a new
//! instance after a panic: it is thrown once more out of the platform's own `queueMicrotask`.

use wasm_bindgen::prelude::*;

#[wasm_bindgen(inline_js = "
export function wakeByPromises() {
  const queueOfPlatform = globalThis.queueMicrotask.bind(globalThis);
  const report = (error) => queueOfPlatform(() => { throw error; });
  globalThis.queueMicrotask = (wake) => { Promise.resolve().then(wake).catch(report); };
}
")]
extern "C" {
    #[wasm_bindgen(js_name = wakeByPromises)]
    fn wake_by_promises();
}

/// Has every task of this instance woken by promises: to be called once, before any task is made.
pub fn by_promises() {
    wake_by_promises();
}
