//! The comparison: what the gateway listed, against our rows in D1; the result into D1; what differs before
//! a person.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::Trouble;
use crate::domain::id::OrderId;
use crate::domain::order::AttentionCode;
use crate::domain::reconciliation::{
    BookedMovement, Finding, Item, ListedMovement, Run, Summary, compare as decide,
};
use crate::objects::commands::{ShardAnswer, ShardCommand};
use crate::runtime::database::Database;
use crate::runtime::platform::{Platform, Unavailable};
use crate::storage::attention::{self, NewAttention, Subject};
use crate::storage::ledger::{self, attention_id};
use crate::storage::reconciliations;

/// The most of our movements that are compared in one run.
const MAX_BOOKED: usize = 20_000;

/// The most differences of one run that are put before a person one by one; the rest is told as a number.
const MAX_REPORTED: usize = 400;

/// The platform allows six open connections at once.
const AT_ONCE: usize = 6;

/// The longest sentence about an order.
const MAX_DETAIL_CHARACTERS: usize = 1_000;

/// Compares, and writes what was found.
pub async fn compare(
    platform: &Platform,
    run: &Run,
    listed: &[ListedMovement],
) -> Result<Summary, Trouble> {
    let database = platform.database()?;
    let window = run.compared();
    let mut booked = ledger::within(&database, run.gateway, window, MAX_BOOKED).await?;
    if booked.len() > MAX_BOOKED {
        return Err(Trouble::lasting(super::TOO_MANY));
    }
    booked.extend(ledger::meant_by(&database, run.gateway, listed).await?);
    let unlisted = unlisted(&booked, listed);
    booked.extend(ledger::voids_of(&database, run.gateway, &unlisted).await?);
    let items = decide(window, run.walked(), &booked, listed);
    reconciliations::write_items(&database, run.id, &items).await?;
    report(platform, &database, run, &items).await?;
    Ok(Summary::of(&items))
}

/// Payments of ours that the gateway does not list: one that was voided may be told of on another day than
/// it was made.
fn unlisted(booked: &[BookedMovement], listed: &[ListedMovement]) -> Vec<String> {
    let named: BTreeSet<&str> =
        listed.iter().filter_map(|one| one.payment_reference.as_deref()).collect();
    let ours: BTreeSet<&str> =
        booked.iter().filter_map(|one| one.payment_reference.as_deref()).collect();
    ours.difference(&named).map(|payment| (*payment).to_owned()).collect()
}

/// Puts what differs before a person: at its order if it is ours, else by itself.
async fn report(
    platform: &Platform,
    database: &Database,
    run: &Run,
    items: &[Item],
) -> Result<(), Unavailable> {
    let different: Vec<&Item> =
        items.iter().filter(|item| item.result != Finding::Matched).collect();
    let (told, rest) = different.split_at(different.len().min(MAX_REPORTED));
    let mut of_orders: BTreeMap<OrderId, Vec<&Item>> = BTreeMap::new();
    let mut others: Vec<&Item> = Vec::new();
    for item in told {
        match item.order_id {
            Some(id) => of_orders.entry(id).or_default().push(item),
            None => others.push(item),
        }
    }
    let strangers: Vec<Vec<&Item>> = stream::iter(of_orders)
        .map(|(id, items)| async move {
            let known = flag(platform, run, id, &items).await?;
            Ok::<_, Unavailable>(if known { Vec::new() } else { items })
        })
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await?;
    others.extend(strangers.into_iter().flatten());
    let mut seen: Vec<NewAttention> = others.into_iter().map(|item| of_item(run, item)).collect();
    if !rest.is_empty() {
        let detail = format!("{} more differences in {}", rest.len(), run.id);
        seen.push(of_run(run, AttentionCode::ReconciliationDifference, detail));
    }
    attention::note(database, &seen).await
}

/// Tells an order what differs. False if there is no such order.
async fn flag(
    platform: &Platform,
    run: &Run,
    id: OrderId,
    items: &[&Item],
) -> Result<bool, Unavailable> {
    let sentences: Vec<String> =
        items.iter().filter_map(|item| item.difference(run.gateway)).collect();
    let detail: String = sentences.join("; ").chars().take(MAX_DETAIL_CHARACTERS).collect();
    let code = AttentionCode::ReconciliationDifference;
    let answer = platform.shard(id.shard(), &ShardCommand::Flag { id, code, detail }).await?;
    Ok(!matches!(answer, ShardAnswer::NotFound))
}

/// A difference of no order of ours. Another run that finds it again finds it known.
fn of_item(run: &Run, item: &Item) -> NewAttention {
    let there = item.there.as_ref().and_then(|side| side.movement_references.first());
    let here = item.here.as_ref().and_then(|side| side.operation_ids.first());
    let named = there.cloned().or(here.map(ToString::to_string)).unwrap_or_default();
    NewAttention {
        id: attention_id(&[run.gateway.name(), item.kind.name(), item.result.name(), &named]),
        code: AttentionCode::ReconciliationDifference,
        detail: item.difference(run.gateway).unwrap_or_default(),
        since: run.started_at.milliseconds(),
        subject: Subject {
            reconciliation_id: run.id,
            gateway: run.gateway,
            item: Some(item.clone()),
        },
    }
}

fn of_run(run: &Run, code: AttentionCode, detail: String) -> NewAttention {
    NewAttention {
        id: attention_id(&[&run.id.to_string(), code.name()]),
        code,
        detail,
        since: run.started_at.milliseconds(),
        subject: Subject { reconciliation_id: run.id, gateway: run.gateway, item: None },
    }
}

/// Puts a run that failed before a person.
pub async fn tell_failure(
    database: &Database,
    run: &Run,
    failure: &str,
) -> Result<(), Unavailable> {
    let name = run.gateway.name();
    let detail = format!("the books of {name} could not be read to their end: {failure}");
    attention::note(database, &[of_run(run, AttentionCode::ReconciliationFailed, detail)]).await
}
