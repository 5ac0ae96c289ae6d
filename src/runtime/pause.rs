//! Waiting for a while.

/// A wait that can be awaited and dropped.
#[cfg(target_arch = "wasm32")]
pub type Pause = worker::Delay;

/// A wait that can be awaited and dropped.
#[cfg(not(target_arch = "wasm32"))]
pub type Pause = futures_util::future::LocalBoxFuture<'static, ()>;

/// Waits for so long. Whatever has arrived before it ends is heard first.
#[cfg(target_arch = "wasm32")]
#[must_use]
pub fn pause(milliseconds: u64) -> Pause {
    worker::Delay::from(std::time::Duration::from_millis(milliseconds))
}

/// Waits for so long, by the native platform's clock.
#[cfg(not(target_arch = "wasm32"))]
#[must_use]
pub fn pause(milliseconds: u64) -> Pause {
    match super::native::installed() {
        Some(platform) => platform.pause(milliseconds),
        None => Box::pin(std::future::ready(())),
    }
}
