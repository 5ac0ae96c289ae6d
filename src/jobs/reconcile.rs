//! The daily reconciliation of every gateway that shows its books.

use crate::domain::payment::Gateway;
use crate::domain::reconciliation::Window;
use crate::objects::commands::ReconcilerCommand;
use crate::providers::payment::registry;
use crate::runtime::log::{self, Level};
use crate::runtime::platform::Platform;

/// Asks the reconciler of every gateway for the newest settled day. Cron asks many times a day; it is one
/// run a day, because the key names the window. Days on which cron did not come are caught up by the
/// reconciler itself.
pub async fn start_daily(platform: &Platform) {
    let window = Window::settled_day(platform.now());
    let listing = Gateway::ALL.into_iter().filter(|gateway| {
        registry::gateway(&platform.settings().payments, *gateway)
            .is_some_and(|provider| provider.listing().is_some())
    });
    for gateway in listing {
        let command = ReconcilerCommand::daily(window);
        if let Err(unavailable) = platform.reconciler(gateway, &command).await {
            let fields =
                serde_json::json!({ "gateway": gateway, "cause": unavailable.to_string() });
            log::event(Level::Error, "reconciliation.not_started", fields);
        }
    }
}
