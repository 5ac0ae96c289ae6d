//! `GET /v1/admin/inventory/{sku}/movements`: the ledger of a SKU.

use serde::Serialize;
use serde::de::DeserializeOwned;
use utoipa::ToSchema;

use crate::api::ask::Ask;
use crate::api::error::ApiError;
use crate::api::openapi::Problem;
use crate::api::query::{Query, cursor_after, refused};
use crate::api::reply::{Outcome, Reply};
use crate::api::stock::display;
use crate::domain::inventory::spread::{MAX_SLICES, StockObject};
use crate::domain::inventory::{CauseKind, LedgerEntry, LocationId, Movement, MovementKind};
use crate::domain::time::Timestamp;
use crate::objects::commands::{SkuAnswer, SkuCommand};
use crate::objects::ledger_commands::{ChainedLine, LedgerAnswer, LedgerCommand, MovementsAsked};

use super::moment;

/// The most lines of a page.
const MAX_LINES: u32 = 200;

const KNOWN: &[&str] = &["slice", "order", "kind", "location", "from", "to", "limit", "cursor"];

/// By how much a line changes each counter, in units.
#[derive(Debug, Serialize, ToSchema)]
pub struct MovementDeltas {
    /// On the shelf of the line's location, and may be sold.
    on_hand: i64,
    /// Of that shelf, set aside.
    reserved: i64,
    /// At the location, and may not be sold.
    damaged: i64,
    /// Announced for the location.
    incoming: i64,
    /// Sold.
    sold: i64,
    /// Promised beyond the shelf to orders that are not paid.
    back_ordered_held: i64,
    /// Sold beyond the shelf and still owed.
    back_ordered_sold: i64,
}

impl From<&Movement> for MovementDeltas {
    fn from(movement: &Movement) -> Self {
        Self {
            on_hand: movement.on_hand,
            reserved: movement.reserved,
            damaged: movement.damaged,
            incoming: movement.incoming,
            sold: movement.sold,
            back_ordered_held: movement.back_ordered_held,
            back_ordered_sold: movement.back_ordered_sold,
        }
    }
}

/// Who or what caused a line.
#[derive(Debug, Serialize, ToSchema)]
pub struct MovementCause {
    /// What it is.
    kind: CauseKind,
    /// Which one: an order, a purchase order, a transfer, a count…; null for a person.
    id: Option<String>,
    /// The identity of the API key that was used, if a person or system caused it.
    actor: Option<String>,
    /// Why, in that person's words.
    reason: Option<String>,
}

/// One line of the ledger.
#[derive(Debug, Serialize, ToSchema)]
pub struct MovementView {
    /// Its number, from 1 on, without gaps.
    sequence: i64,
    /// When it was written.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// What happened.
    kind: MovementKind,
    /// Where, if it has a place.
    #[schema(value_type = Option<String>)]
    location: Option<LocationId>,
    /// By how much it changes each counter.
    deltas: MovementDeltas,
    /// Who or what caused it.
    cause: MovementCause,
    /// The version of the counters after the change that it is part of.
    version: i64,
    /// The line as it is stored, to the byte.
    entry: String,
    /// SHA-256 over `hash_before` and `entry`, in hexadecimal.
    hash: String,
    /// The hash of the line before; 64 zeros before the first.
    hash_before: String,
}

impl MovementView {
    fn of(chained: ChainedLine) -> Result<Self, ApiError> {
        let ChainedLine { line, hash_before } = chained;
        let entry: LedgerEntry = serde_json::from_str(&line.entry)
            .map_err(|cause| ApiError::internal(format!("line {}: {cause}", line.sequence)))?;
        let cause = entry.cause;
        Ok(Self {
            sequence: line.sequence,
            at: entry.at,
            kind: entry.movement.kind,
            deltas: MovementDeltas::from(&entry.movement),
            location: entry.movement.location,
            cause: MovementCause {
                kind: cause.kind,
                id: cause.id,
                actor: cause.actor,
                reason: cause.reason,
            },
            version: entry.version,
            entry: line.entry,
            hash: line.hash,
            hash_before,
        })
    }
}

/// A page of a SKU's ledger.
#[derive(Debug, Serialize, ToSchema)]
pub struct MovementPage {
    /// The lines.
    items: Vec<MovementView>,
    /// What to ask for the next page with; null on the last one. A page that looked through many lines
    /// for the few that are wanted can be short, or empty, and lead on all the same.
    next_cursor: Option<String>,
}

/// Lists the lines of a SKU's ledger, newest first.
///
/// In drop mode each slice keeps a ledger of its own, which is read with `slice`; it stays readable when drop
/// mode has ended. What moves between a slice and the SKU's own object is a line in the ledgers of both.
///
/// Each line carries the hash of the one before: `hash` is SHA-256 over `hash_before` and `entry`, so
/// whoever reads them all can verify that none was changed, taken out or put in.
#[utoipa::path(
    get, path = "/v1/admin/inventory/{sku}/movements", operation_id = "list_movements", tag = "admin",
    params(
        ("sku" = String, Path, description = "The SKU", example = "MUG-CLASSIC"),
        ("order" = Option<String>, Query, description = "`newest` or `oldest` first, by default `newest`"),
        ("kind" = Option<MovementKind>, Query, description = "Only those of this kind"),
        ("location" = Option<String>, Query, description = "Only those at this location"),
        ("from" = Option<String>, Query, description = "Only those at or after this time, RFC 3339"),
        ("to" = Option<String>, Query, description = "Only those before this time, RFC 3339"),
        ("slice" = Option<u16>, Query, description = "In drop mode, the ledger of this slice, by default that of the SKU's own object", minimum = 0, maximum = 63),
        ("limit" = Option<u32>, Query, description = "1 to 200, by default 50", minimum = 1, maximum = 200),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
    ),
    responses(
        (status = 200, description = "A page of lines", body = MovementPage),
        (status = 404, description = "`unknown_sku`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "`invalid_request`", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn handle(ask: Ask) -> Outcome {
    let sku = ask.sku()?;
    let query = ask.query(KNOWN)?;
    let asked = read(&query)?;
    let slice = query.read("slice", "must be 0 to 63", |text| {
        text.parse().ok().filter(|slice| *slice < MAX_SLICES)
    })?;
    let is_first = asked.after.is_none();
    let command = SkuCommand::Ledger(LedgerCommand::Movements(asked));
    let object = StockObject { sku, slice };
    let SkuAnswer::Ledger(LedgerAnswer::Movements { lines, next_after }) =
        ask.platform.stock_object(&object, &command).await?
    else {
        return Err(ApiError::internal("the object's answer has no lines"));
    };
    if is_first && lines.is_empty() {
        let shown = display::ask(&ask.platform, &object.sku).await?;
        moment::require_known(&ask.platform, &object.sku, &shown.level).await?;
    }
    let items = lines.into_iter().map(MovementView::of).collect::<Result<_, _>>()?;
    let next_cursor = next_after.map(|after| cursor_after(&after.to_string()));
    Reply::json(200, &MovementPage { items, next_cursor })
}

/// Which are wanted, and after which.
///
/// # Errors
/// 422.
pub fn read(query: &Query<'_>) -> Result<MovementsAsked, ApiError> {
    let is_oldest_first = query.read("order", "must be newest or oldest", |text| match text {
        "newest" => Some(false),
        "oldest" => Some(true),
        _ => None,
    })?;
    let after = query.cursor()?.map(|text| {
        let after = text.parse().ok().filter(|after| *after >= 0);
        after.ok_or_else(|| refused("cursor", "must be the next_cursor of an earlier page"))
    });
    let in_range = |text: &str| text.parse().ok().filter(|limit| (1..=MAX_LINES).contains(limit));
    let moment = |name| query.read(name, "must be a time in RFC 3339", Timestamp::parse_rfc3339);
    let (from, to) = (moment("from")?, moment("to")?);
    if from.zip(to).is_some_and(|(from, to)| from >= to) {
        return Err(refused("to", "must be later than from"));
    }
    Ok(MovementsAsked {
        after: after.transpose()?,
        is_oldest_first: is_oldest_first.unwrap_or(false),
        limit: query.read("limit", "must be 1 to 200", in_range)?.unwrap_or(50),
        kind: query.read("kind", "must be a kind of movement", named)?,
        location: query.read("location", "must be a location", |text| text.parse().ok())?,
        from,
        to,
    })
}

/// A value by its name in JSON.
fn named<T: DeserializeOwned>(name: &str) -> Option<T> {
    serde_json::from_value(name.into()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_what_its_parameters_say() {
        let read = |text: &str| read(&Query::parse(text, KNOWN).unwrap());
        let plain = MovementsAsked { limit: 50, ..MovementsAsked::default() };
        assert_eq!(read("").unwrap(), plain);
        let asked = read("order=oldest&kind=counted&location=berlin&limit=200").unwrap();
        assert!(asked.is_oldest_first);
        assert_eq!(asked.kind, Some(MovementKind::Counted));
        assert_eq!(asked.location.as_ref().map(LocationId::as_str), Some("berlin"));
        assert_eq!(asked.limit, 200);
        let cursor = format!("cursor={}", cursor_after("17"));
        assert_eq!(read(&cursor).unwrap().after, Some(17));
        for bad in [
            "order=up",
            "kind=stolen",
            "location=a%2Fb",
            "limit=0",
            "limit=201",
            "from=monday",
            "to=2026-01-01",
            "from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z",
            "cursor=2d31",
            "cursor=78",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
