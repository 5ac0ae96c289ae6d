//! Waits for something no longer than a while.

use std::future::Future;

use futures_util::future::{Either, select};
use futures_util::pin_mut;

use super::pause::pause;

/// What the work comes to, or `None` if it takes longer than this. The work is dropped then; what it
/// asked for may still happen.
pub async fn within<T>(milliseconds: u32, work: impl Future<Output = T>) -> Option<T> {
    let timer = pause(u64::from(milliseconds));
    pin_mut!(work);
    pin_mut!(timer);
    match select(work, timer).await {
        Either::Left((result, _)) => Some(result),
        Either::Right(((), _)) => None,
    }
}
