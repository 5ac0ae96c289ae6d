//! A SKU at a moment: reading `?at=`, and the counters of a past time.

use std::rc::Rc;

use crate::api::error::{ApiError, ErrorCode};
use crate::api::query::{Query, refused};
use crate::api::remembered;
use crate::api::stock::display::Shown;
use crate::domain::id::Sku;
use crate::domain::inventory::StockLevel;
use crate::domain::time::Timestamp;
use crate::objects::commands::{SkuAnswer, SkuCommand};
use crate::objects::ledger_commands::{LedgerAnswer, LedgerCommand};
use crate::runtime::platform::Platform;

/// The parameter `at`: a time that is not in the future.
///
/// # Errors
/// 422 for anything else.
pub fn past(query: &Query<'_>, now: Timestamp) -> Result<Option<Timestamp>, ApiError> {
    let at = query.read("at", "must be a time in RFC 3339", Timestamp::parse_rfc3339)?;
    match at {
        Some(at) if at > now => Err(refused("at", "must not be in the future")),
        at => Ok(at),
    }
}

/// The counters as the SKU's ledger had them at a past time; before its first line all are zero.
///
/// # Errors
/// 503 when the object does not answer.
pub async fn level(platform: &Platform, sku: &Sku, at: Timestamp) -> Result<Shown, ApiError> {
    match platform.sku(sku, &SkuCommand::Ledger(LedgerCommand::At { at })).await? {
        SkuAnswer::Ledger(LedgerAnswer::Level { level }) => {
            Ok(Shown { level: Rc::new(*level), as_of: at })
        }
        _ => Err(ApiError::internal("the object's answer is no level")),
    }
}

/// A SKU that never had stock must at least be in the catalogue. One that is no longer there is shown for
/// as long as it ever had stock.
///
/// # Errors
/// 404, 503.
pub async fn require_known(
    platform: &Platform,
    sku: &Sku,
    level: &StockLevel,
) -> Result<(), ApiError> {
    if level.version != 0 {
        return Ok(());
    }
    let known = remembered::sellables(platform, std::iter::once(sku)).await?;
    if known.is_empty() {
        return Err(ApiError::new(ErrorCode::SkuNotFound).with("skus", vec![sku.as_str()]));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_past_or_present() {
        let now = Timestamp::from_milliseconds(1_000);
        let read = |text: &'static str| past(&Query::parse(text, &["at"]).unwrap(), now);
        assert_eq!(read("").unwrap(), None);
        assert_eq!(read("at=1970-01-01T00:00:01Z").unwrap(), Some(now));
        for bad in
            ["at=1970-01-01T00:00:01.001Z", "at=yesterday", "at=1", "at=1969-01-01T00:00:00Z"]
        {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
