//! From what should be ordered to draft purchase orders: decided and written down in D1 first, then made by
//! the objects that own them, under identities that the decision fixed.
//!
//! A run decides from what D1 says at a version and is kept only if no other run was kept since; units that it
//! plans count as coming from that moment. So however runs repeat, overlap or die, one need is ordered once.

use std::collections::BTreeSet;

use futures_util::stream::{self, StreamExt};

use crate::domain::id::StockDocumentId;
use crate::domain::inventory::LocationId;
use crate::domain::reorder::{Outlook, Plan, Position, Run, plans};
use crate::domain::stock_document::{Draft, Origin, PurchaseLineDraft, PurchaseOrderDraft};
use crate::domain::supplier::SupplierId;
use crate::domain::time::Timestamp;
use crate::objects::commands::{StockDocumentAnswer, StockDocumentCommand};
use crate::runtime::database::Database;
use crate::runtime::log::{self, Level};
use crate::runtime::platform::{Platform, Unavailable};
use crate::storage::reorder::{Look, by_sku, by_supplier};
use crate::storage::reorder_plans;

/// SKUs that are looked at with one question.
const SKUS_PER_PAGE: u32 = 200;
/// Pages of one run.
const PAGES: usize = 25;
/// A run that has so many suppliers to order from looks no further: each is a call to an object.
const MOST_SUPPLIERS: usize = 50;
/// How often a run decides anew because another came first.
const ATTEMPTS: usize = 6;
/// The platform allows six open connections at once.
const AT_ONCE: usize = 6;
const DAY_SECONDS: i64 = 86_400;

/// A run as it is asked for.
pub struct Asked<'a> {
    /// Once per key.
    pub key: &'a str,
    /// What was asked: another one under the key is refused.
    pub fingerprint: &'a str,
    /// Only from this supplier.
    pub supplier: Option<&'a SupplierId>,
    /// Where it begins.
    pub from: Position,
    /// How it looks back and ahead.
    pub outlook: Outlook,
    /// The identity of the API key, or the job.
    pub by: &'a str,
}

/// What a run came to.
pub enum Answered {
    /// It was kept, and its purchase orders are made.
    Done {
        /// The run.
        run: Run,
        /// Whether it was asked for before.
        replayed: bool,
    },
    /// The key was used for something else.
    KeyReused,
}

/// Decides what to order and makes draft purchase orders of it, once per key.
///
/// # Errors
/// When a part of the platform did not answer; the same key may be asked again.
pub async fn order(platform: &Platform, asked: &Asked<'_>) -> Result<Answered, Unavailable> {
    let database = platform.database()?;
    let mut replayed = true;
    for _ in 0..ATTEMPTS {
        if let Some((fingerprint, run)) = reorder_plans::find_run(&database, asked.key).await? {
            if fingerprint != asked.fingerprint {
                return Ok(Answered::KeyReused);
            }
            make(platform, reorder_plans::owed(&database, Some(asked.key)).await?).await?;
            return Ok(Answered::Done { run, replayed });
        }
        let version = reorder_plans::version(&database).await?;
        let now = platform.now();
        let run = decide(&database, asked, now).await?;
        let (key, fingerprint) = (asked.key, asked.fingerprint);
        reorder_plans::keep(&database, key, fingerprint, &run, version, now).await?;
        replayed = false;
    }
    let cause = "other runs decided in the meantime, every time".to_owned();
    Err(Unavailable { part: "database", cause, overloaded: false })
}

/// Makes purchase orders that a run decided on and did not come to make.
///
/// # Errors
/// When a part of the platform did not answer.
pub async fn resume(platform: &Platform) -> Result<(), Unavailable> {
    let owed = reorder_plans::owed(&platform.database()?, None).await?;
    make(platform, owed).await
}

async fn decide(
    database: &Database,
    asked: &Asked<'_>,
    now: Timestamp,
) -> Result<Run, Unavailable> {
    let look = Look { outlook: asked.outlook, now, count: SKUS_PER_PAGE };
    let only = asked.supplier.map(SupplierId::as_str);
    let mut position = Some(asked.from.clone());
    let mut wanted = Vec::new();
    let mut without_supplier = Vec::new();
    let mut suppliers = BTreeSet::new();
    for _ in 0..PAGES {
        let Some(at) = position.take() else { break };
        let page = match &at {
            Position::Offers { supplier, sku } => {
                by_supplier(database, only, (supplier, sku), look).await?
            }
            Position::Unsupplied { sku } => by_sku(database, sku, look).await?,
        };
        let last = page.last.filter(|_| page.has_more);
        position = match at {
            Position::Offers { .. } => {
                let offered = page.needs.into_iter().filter_map(|need| {
                    let offer = need.offer?;
                    Some((need.sku, offer, need.proposal))
                });
                wanted.extend(offered);
                let first_sku = Position::Unsupplied { sku: String::new() };
                match last {
                    Some((supplier, sku)) => Some(Position::Offers { supplier, sku }),
                    None => only.is_none().then_some(first_sku),
                }
            }
            Position::Unsupplied { .. } => {
                let lacking = page.needs.iter().filter(|need| need.offer.is_none());
                without_supplier.extend(lacking.map(|need| need.sku.to_string()));
                last.map(|(_, sku)| Position::Unsupplied { sku })
            }
        };
        suppliers.extend(wanted.iter().map(|(_, offer, _)| offer.supplier.id.clone()));
        if suppliers.len() >= MOST_SUPPLIERS {
            break;
        }
    }
    let plans = plans(asked.key, asked.by, &wanted);
    Ok(Run { plans, without_supplier, next: position })
}

async fn make(platform: &Platform, owed: Vec<Plan>) -> Result<(), Unavailable> {
    let mut made = stream::iter(owed)
        .map(|plan| async move { create(platform, &plan).await })
        .buffer_unordered(AT_ONCE);
    let mut outcome = Ok(());
    while let Some(one) = made.next().await {
        outcome = outcome.and(one);
    }
    outcome
}

/// Makes one purchase order, or finds that it is made.
async fn create(platform: &Platform, plan: &Plan) -> Result<(), Unavailable> {
    let failed = |cause: &str| {
        let cause = [&plan.id, ": ", cause].concat();
        Unavailable { part: "purchase order", cause, overloaded: false }
    };
    let id: StockDocumentId = plan.id.parse().map_err(|_| failed("not an identity"))?;
    let draft = draft(plan, platform.now());
    let command = StockDocumentCommand::Create {
        key: plan.id.clone(),
        fingerprint: plan.id.clone(),
        draft: Box::new(Draft::PurchaseOrder(draft)),
        by: plan.by.clone(),
    };
    match platform.stock_document(id, &command).await? {
        StockDocumentAnswer::Document { .. } => {
            reorder_plans::created(&platform.database()?, &plan.id, platform.now()).await
        }
        StockDocumentAnswer::TryAgain => Err(failed("it could not be made now")),
        // One that can't be made at all must not keep those behind it waiting.
        StockDocumentAnswer::Refused { .. }
        | StockDocumentAnswer::NotFound
        | StockDocumentAnswer::KeyReused => {
            let fields = serde_json::json!({ "purchase_order": plan.id });
            log::event(Level::Error, "reorder.plan_given_up", fields);
            reorder_plans::give_up(&platform.database()?, &plan.id, platform.now()).await
        }
    }
}

fn draft(plan: &Plan, now: Timestamp) -> PurchaseOrderDraft {
    let lead_seconds = i64::from(plan.lead_time_days).saturating_mul(DAY_SECONDS);
    let lines = plan.lines.iter().map(|line| PurchaseLineDraft {
        sku: line.sku.clone(),
        quantity: line.quantity,
        // Costs that add up to more than can be handled are most likely wrong: a person fills them in.
        unit_cost: plan.total.map(|_| line.unit_cost),
    });
    let below = "Below the supplier's minimum order.".to_owned();
    PurchaseOrderDraft {
        supplier: plan.supplier.clone(),
        location: LocationId::main(),
        origin: Origin::Proposal,
        reference: None,
        note: plan.below_minimum.map(|_| below),
        expected_at: Some(now.plus_seconds(lead_seconds)),
        lines: lines.collect(),
    }
}
