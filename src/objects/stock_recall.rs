//! What lists and orders remember of a SKU, held against what its object knows.
//!
//! An object that is put back to an earlier state has a ledger without fault, and units on its shelf that are
//! sold. Lists were told a later version of it, and orders have what it has forgotten: it is told again, each
//! thing under the key that it always had. What it can't give any more puts the order that paid for it before
//! a person. What nobody but the object knew, such as goods received since, is told as a difference. Where the
//! ledger does not hold in itself, something else happened: it is told and left to people as it is.

use std::collections::BTreeMap;

use crate::runtime::database::Database;
use futures_util::stream::{self, StreamExt};
use serde_json::json;

use super::commands::{ShardAnswer, ShardCommand, SkuAnswer, SkuCommand};
use super::ledger_commands::{LedgerAnswer, LedgerCommand};
use super::stock_proof::unfitting;
use crate::domain::id::{OrderId, Sku};
use crate::domain::inventory::spread::StockObject;
use crate::domain::inventory::{
    Difference, DifferenceCode, Proof, ProofReport, ReservationState, StockLevel, Verdict,
    older_than_told,
};
use crate::domain::order::{ClaimState, Order, StockClaim};
use crate::domain::time::Timestamp;
use crate::runtime::log::{self, Level};
use crate::runtime::platform::{Platform, Unavailable};
use crate::storage::orders;

/// Orders that one proof looks at: the newest of those since the last proof that held.
const ORDERS_SINCE_LAST: u32 = 1_000;

/// Orders that a proof of everything looks at.
const ORDERS_OF_WHOLE: u32 = 5_000;

/// Orders that are looked at once the object is known to have been put back.
const ORDERS_OF_PUT_BACK: u32 = 20_000;

/// An order may get, buy and give back units so long after it was placed and still be compared.
const ORDERS_BACK_SECONDS: i64 = 3_600;

/// Claims that an object is asked about at once.
const CLAIMS_PER_QUESTION: usize = 1_000;

/// Orders that are asked to tell the object again in one proof; the others are found by the next.
const MAX_REMINDED: usize = 200;

/// Turns at the object in which the whole ledger is to be read before anything is told again: 500,000 lines.
const TURNS: u32 = 100;

/// The platform allows six open connections at once.
const AT_ONCE: usize = 6;

/// What is known of a SKU outside of its object.
pub struct Memory {
    /// The counters that lists were told last, as read before the object was asked anything.
    pub told: Option<StockLevel>,
    /// Orders before this moment were compared by a proof that held, if there was one.
    pub orders_to: Option<Timestamp>,
    /// Whether everything is to be proven.
    pub is_whole: bool,
    /// When the proof began.
    pub at: Timestamp,
}

/// Compares at the end of a proof, and tells the object again what it has forgotten. The differences are as
/// they were found.
///
/// # Errors
/// When the object or D1 does not answer; comparing again is safe.
pub async fn recall(
    platform: &Platform,
    database: &Database,
    sku: &Sku,
    memory: &Memory,
    report: &ProofReport,
) -> Result<Vec<Difference>, Unavailable> {
    let codes = || report.differences.iter().map(|difference| difference.code);
    if report.verdict == Verdict::Broken && !codes().any(is_of_anchor) {
        return Ok(Vec::new());
    }
    let older = older(platform, sku, memory.told.as_ref()).await?;
    let (since, limit) = match (&older, memory.orders_to) {
        (Some(_), _) => (Timestamp::default(), ORDERS_OF_PUT_BACK),
        (None, Some(orders_to)) if !memory.is_whole => {
            (orders_to.plus_seconds(-ORDERS_BACK_SECONDS), ORDERS_SINCE_LAST)
        }
        (None, _) => (Timestamp::default(), ORDERS_OF_WHOLE),
    };
    let claims = orders::claims_on(database, sku, since, limit).await?;
    let forgotten = forgotten(platform, sku, claims).await?;
    if older.is_none() && forgotten.is_empty() {
        return Ok(Vec::new());
    }
    let is_sound =
        if report.is_whole { codes().all(is_of_anchor) } else { is_sound(platform, sku).await? };
    let mut differences = Vec::new();
    if let Some((difference, told)) = older {
        differences.push(difference);
        if is_sound {
            surpass(platform, sku, told).await?;
        }
    }
    let count = forgotten.len();
    if count > 0 {
        let fields = json!({ "sku": sku, "count": count, "is_told_again": is_sound });
        log::event(Level::Error, "stock.orders_forgotten", fields);
    }
    if !is_sound {
        const LEFT: &str = "its ledger does not hold either, so that nothing was told again";
        differences.extend(forgotten.iter().map(|(id, claim)| difference(*id, claim, LEFT)));
        return Ok(differences);
    }
    let (now, later) = forgotten.split_at(count.min(MAX_REMINDED));
    let reminded: Vec<Difference> = stream::iter(now)
        .map(|(id, claim)| async move { remind(platform, sku, *id, claim).await })
        .buffered(AT_ONCE)
        .collect()
        .await;
    differences.extend(reminded);
    differences.extend(later.iter().map(|(id, claim)| difference(*id, claim, "its turn comes")));
    Ok(differences)
}

/// Whether a difference is from what was proven before, and not within the ledger.
const fn is_of_anchor(code: DifferenceCode) -> bool {
    matches!(code, DifferenceCode::AnchorMissing | DifferenceCode::AnchorDiffers)
}

/// Whether the ledger holds in itself, whatever was proven before. One that can't be read to its end in the
/// turns that there are for it is not known to.
async fn is_sound(platform: &Platform, sku: &Sku) -> Result<bool, Unavailable> {
    let mut proof = Box::new(Proof::whole(None));
    for _ in 0..TURNS {
        let command = SkuCommand::Ledger(LedgerCommand::Prove { proof });
        match platform.sku(sku, &command).await? {
            SkuAnswer::Ledger(LedgerAnswer::Proving { proof: further }) => proof = further,
            SkuAnswer::Ledger(LedgerAnswer::Proven { report }) => {
                return Ok(report.verdict == Verdict::Holds);
            }
            _ => return Err(unfitting()),
        }
    }
    Ok(false)
}

/// Whether the object is behind what lists were told, and which version that was.
async fn older(
    platform: &Platform,
    sku: &Sku,
    told: Option<&StockLevel>,
) -> Result<Option<(Difference, i64)>, Unavailable> {
    let Some(told) = told else { return Ok(None) };
    let SkuAnswer::Level { level, .. } = platform.sku_level(sku).await? else {
        return Err(unfitting());
    };
    let Some(difference) = older_than_told(&level, told) else { return Ok(None) };
    let fields = json!({ "sku": sku, "version": level.version, "told_version": told.version });
    log::event(Level::Error, "stock.put_back", fields);
    Ok(Some((difference, told.version)))
}

/// Has the object count on from beyond a version, so that lists believe it again.
async fn surpass(platform: &Platform, sku: &Sku, version: i64) -> Result<(), Unavailable> {
    let command = SkuCommand::Ledger(LedgerCommand::Surpass { version });
    match platform.sku(sku, &command).await? {
        SkuAnswer::Ledger(LedgerAnswer::Level { .. }) => Ok(()),
        _ => Err(unfitting()),
    }
}

type Claims = Vec<(OrderId, StockClaim)>;

/// Those of the claims that the objects do not know as the orders do.
async fn forgotten(platform: &Platform, sku: &Sku, claims: Claims) -> Result<Claims, Unavailable> {
    let mut by_object: BTreeMap<Option<u16>, Claims> = BTreeMap::new();
    for (id, claim) in claims {
        by_object.entry(claim.slice).or_default().push((id, claim));
    }
    let mut forgotten = Claims::new();
    for (slice, claims) in by_object {
        let object = StockObject { sku: sku.clone(), slice };
        let states = states(platform, &object, &claims).await?;
        let lost = claims.into_iter().zip(states);
        let lost = lost.filter(|((_, claim), state)| claim.claim.is_forgotten_by(*state));
        let lost: Claims = lost.map(|(known, _)| known).collect();
        if slice.is_none() || lost.is_empty() {
            forgotten.extend(lost);
            continue;
        }
        // What a slice has passed on is at the SKU's own object.
        let own = StockObject { sku: sku.clone(), slice: None };
        let states = self::states(platform, &own, &lost).await?;
        let lost = lost
            .into_iter()
            .zip(states)
            .filter(|((_, claim), state)| state.is_none() || claim.claim.is_forgotten_by(*state));
        forgotten.extend(lost.map(|(known, _)| known));
    }
    Ok(forgotten)
}

/// Where the claims stand at an object, one by one.
async fn states(
    platform: &Platform,
    object: &StockObject,
    claims: &[(OrderId, StockClaim)],
) -> Result<Vec<Option<ReservationState>>, Unavailable> {
    let mut states = Vec::with_capacity(claims.len());
    for some in claims.chunks(CLAIMS_PER_QUESTION) {
        let orders: Vec<OrderId> = some.iter().map(|(id, _)| *id).collect();
        let command = SkuCommand::Ledger(LedgerCommand::Claims { orders });
        match platform.stock_object(object, &command).await? {
            SkuAnswer::Ledger(LedgerAnswer::Claims { states: told })
                if told.len() == some.len() =>
            {
                states.extend(told);
            }
            _ => return Err(unfitting()),
        }
    }
    Ok(states)
}

/// Has the order tell the object again, and says what came of it.
async fn remind(platform: &Platform, sku: &Sku, id: OrderId, claim: &StockClaim) -> Difference {
    let command = ShardCommand::Remind { id, sku: sku.clone() };
    let outcome = match platform.shard(id.shard(), &command).await {
        Ok(ShardAnswer::Order { order }) => outcome(&order, sku),
        Ok(ShardAnswer::NotFound) => "there is no such order any more",
        Ok(_) | Err(_) => "it could not be told again now",
    };
    difference(id, claim, outcome)
}

/// What became of the order's claim.
fn outcome(order: &Order, sku: &Sku) -> &'static str {
    let claim = order.claims.iter().find(|claim| claim.sku == *sku);
    match claim.map(|claim| claim.claim) {
        Some(ClaimState::Short { .. }) => "they are gone, and the order waits for a person",
        _ => "the object was told again",
    }
}

fn difference(id: OrderId, claim: &StockClaim, outcome: &str) -> Difference {
    let has = match claim.claim {
        ClaimState::Committed => "bought",
        ClaimState::Released => "gave back",
        _ => "holds",
    };
    let message =
        format!("order {id} {has} {}, which the object forgot: {outcome}", claim.quantity);
    Difference { code: DifferenceCode::OrderForgotten, message, sequence: None }
}
