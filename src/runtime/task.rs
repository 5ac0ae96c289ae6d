//! Work that goes on by itself.

use std::future::Future;

/// Begins work whose end nobody awaits. It dies with the instance.
#[cfg(target_arch = "wasm32")]
pub fn spawn(work: impl Future<Output = ()> + 'static) {
    wasm_bindgen_futures::spawn_local(work);
}

/// Begins work on the native platform.
#[cfg(not(target_arch = "wasm32"))]
pub fn spawn(work: impl Future<Output = ()> + 'static) {
    if let Some(platform) = super::native::installed() {
        platform.spawn(Box::pin(work));
    }
}
