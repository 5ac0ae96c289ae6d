//! What PayPal's events tell.
//!
//! Only an order says everything about a payment, and only the events of orders carry one. An event of
//! a capture or an authorization says that the order must be asked. Refunds and disputes are told as
//! movements; neither names the order, so the reference is then that of the capture, marked as such:
//! `capture-<id>`. [`super::Paypal`]'s `whose` understands it, and the order of ours is usually named in
//! the event itself.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::mapping;
use super::wire::{Amount, Link, Order, Refund, Supplement, moment};
use crate::domain::payment::{MovementReport, MovementState, OperationKind};
use crate::providers::payment::contract::{EventNews, MAX_WEBHOOK_BYTES, VerifiedEvent};
use crate::providers::payment::reading;

/// Marks a reference that is a capture's.
pub(super) const CAPTURE: &str = "capture-";

/// Marks a reference that is an authorization's.
pub(super) const AUTHORIZATION: &str = "authorization-";

#[derive(Deserialize)]
struct Head {
    id: String,
    event_type: String,
    create_time: String,
}

#[derive(Deserialize)]
struct Body<T> {
    resource: T,
}

/// A capture or an authorization, as far as it says whose it is.
#[derive(Deserialize)]
struct Part {
    id: String,
    custom_id: Option<String>,
    #[serde(default)]
    supplementary_data: Supplement,
    #[serde(default)]
    links: Vec<Link>,
}

#[derive(Deserialize)]
struct Dispute {
    dispute_id: String,
    status: String,
    reason: Option<String>,
    dispute_amount: Amount,
    dispute_outcome: Option<Outcome>,
    disputed_transactions: Vec<Disputed>,
    seller_response_due_date: Option<String>,
    update_time: Option<String>,
}

#[derive(Deserialize)]
struct Outcome {
    outcome_code: Option<String>,
    amount_refunded: Option<Amount>,
}

#[derive(Deserialize)]
struct Disputed {
    seller_transaction_id: Option<String>,
    custom: Option<String>,
}

/// What the event of a rightly signed body tells.
pub(super) fn read(body: &[u8]) -> Result<VerifiedEvent, &'static str> {
    let head: Head = serde_json::from_slice(body).map_err(|_| "it is not an event")?;
    if !reading::is_reference(&head.id) {
        return Err("the event's id is malformed");
    }
    let occurred_at = moment(Some(&head.create_time)).ok_or("the event's time can't be read")?;
    let mut event = VerifiedEvent {
        event_id: head.id,
        kind: reading::code(&head.event_type),
        occurred_at,
        order_id: None,
        operation_id: None,
        news: EventNews::Nothing,
    };
    match head.event_type.as_str() {
        "CHECKOUT.ORDER.APPROVED" | "CHECKOUT.ORDER.COMPLETED" => order(body, &mut event)?,
        "PAYMENT.AUTHORIZATION.CREATED" | "PAYMENT.AUTHORIZATION.VOIDED" => {
            part(body, &mut event, AUTHORIZATION)?;
        }
        "PAYMENT.CAPTURE.COMPLETED"
        | "PAYMENT.CAPTURE.PENDING"
        | "PAYMENT.CAPTURE.DENIED"
        | "PAYMENT.CAPTURE.DECLINED" => part(body, &mut event, CAPTURE)?,
        "PAYMENT.CAPTURE.REFUNDED" => refund(body, &mut event)?,
        "PAYMENT.CAPTURE.REVERSED" => reversal(body, &mut event)?,
        "CUSTOMER.DISPUTE.CREATED" | "CUSTOMER.DISPUTE.UPDATED" | "CUSTOMER.DISPUTE.RESOLVED" => {
            dispute(body, &mut event)?;
        }
        _ => {}
    }
    Ok(event)
}

fn resource<T: DeserializeOwned>(body: &[u8], problem: &'static str) -> Result<T, &'static str> {
    serde_json::from_slice::<Body<T>>(body).map(|body| body.resource).map_err(|_| problem)
}

/// Whose the event is by its `custom_id`. `false`: somebody else's, who sells on the same account.
fn claim(event: &mut VerifiedEvent, custom_id: Option<&str>) -> bool {
    let (order, _) = mapping::named(custom_id);
    event.order_id = order;
    custom_id.is_none() || order.is_some()
}

/// An event that carries an order: a report if the order says enough, else a question.
fn order(body: &[u8], event: &mut VerifiedEvent) -> Result<(), &'static str> {
    #[derive(Deserialize)]
    struct Named {
        id: String,
    }
    let named: Named = resource(body, "the event has no order")?;
    if !reading::is_reference(&named.id) {
        return Err("the order's id is malformed");
    }
    event.news = EventNews::AskAbout { reference: named.id };
    let Ok(order) = resource::<Order>(body, "the order can't be read") else { return Ok(()) };
    let custom_id = order.purchase_units.first().and_then(|unit| unit.custom_id.clone());
    if !claim(event, custom_id.as_deref()) {
        event.news = EventNews::Nothing;
        return Ok(());
    }
    // The order's own time is closer to the truth than that of the message about it.
    let told_at = moment(order.update_time.as_deref()).unwrap_or(event.occurred_at);
    if let Ok(report) = mapping::report(order, told_at.min(event.occurred_at)) {
        event.operation_id = report.operation_id;
        event.news = EventNews::Payment(Box::new(report));
    }
    Ok(())
}

/// An event about money that is held or taken: the order is asked.
fn part(body: &[u8], event: &mut VerifiedEvent, mark: &str) -> Result<(), &'static str> {
    let part: Part = resource(body, "the payment in the event can't be read")?;
    if !reading::is_reference(&part.id) {
        return Err("the payment's id is malformed");
    }
    if claim(event, part.custom_id.as_deref()) {
        let reference = order_of(&part.supplementary_data, &part.links)
            .unwrap_or_else(|| format!("{mark}{}", part.id));
        event.news = EventNews::AskAbout { reference };
    }
    Ok(())
}

fn refund(body: &[u8], event: &mut VerifiedEvent) -> Result<(), &'static str> {
    let refund: Refund = resource(body, "the refund in the event can't be read")?;
    if !claim(event, refund.custom_id.as_deref()) {
        return Ok(());
    }
    let movement = mapping::movement(&refund, event.occurred_at)?;
    let reference = order_of(&refund.supplementary_data, &refund.links)
        .or_else(|| linked(&refund.links, "captures").map(|id| format!("{CAPTURE}{id}")))
        .ok_or("the refund does not say of what it is")?;
    event.news = EventNews::Movements { reference, movements: vec![movement] };
    Ok(())
}

/// A capture that PayPal took back. Why it did is told by the dispute's own events, where the loss is
/// booked; here the order is asked, so that nothing is booked twice.
fn reversal(body: &[u8], event: &mut VerifiedEvent) -> Result<(), &'static str> {
    let part: Part = resource(body, "the reversal in the event can't be read")?;
    if !claim(event, part.custom_id.as_deref()) {
        return Ok(());
    }
    let reference = order_of(&part.supplementary_data, &part.links).or_else(|| {
        let capture = linked(&part.links, "captures").unwrap_or(part.id);
        reading::is_reference(&capture).then(|| format!("{CAPTURE}{capture}"))
    });
    let reference = reference.ok_or("the reversal's id is malformed")?;
    event.news = EventNews::AskAbout { reference };
    Ok(())
}

fn dispute(body: &[u8], event: &mut VerifiedEvent) -> Result<(), &'static str> {
    let dispute: Dispute = resource(body, "the dispute in the event can't be read")?;
    let [disputed] = dispute.disputed_transactions.as_slice() else {
        return Err("the dispute is not about exactly one payment");
    };
    if !claim(event, disputed.custom.as_deref().filter(|custom| !custom.is_empty())) {
        return Ok(());
    }
    let capture = disputed.seller_transaction_id.as_deref().unwrap_or_default();
    if !reading::is_reference(capture) || !reading::is_reference(&dispute.dispute_id) {
        return Err("the dispute's ids are malformed");
    }
    let outcome = dispute.dispute_outcome.as_ref();
    let code = outcome.and_then(|outcome| outcome.outcome_code.as_deref());
    let state = match (dispute.status.as_str(), code) {
        ("RESOLVED", Some("RESOLVED_BUYER_FAVOUR" | "ACCEPTED")) => MovementState::Succeeded,
        // With a payout PayPal pays the buyer itself, and the money stays.
        (
            "RESOLVED",
            Some(
                "RESOLVED_SELLER_FAVOUR" | "RESOLVED_WITH_PAYOUT" | "CANCELED_BY_BUYER" | "DENIED",
            ),
        ) => MovementState::Failed,
        // Also one that is resolved in a way we do not know: a person must look, and will.
        _ => MovementState::Pending,
    };
    let lost = outcome
        .filter(|_| state == MovementState::Succeeded)
        .and_then(|outcome| outcome.amount_refunded.as_ref());
    let is_open = state == MovementState::Pending;
    let movement = MovementReport {
        kind: OperationKind::Chargeback,
        reference: dispute.dispute_id,
        operation_id: None,
        amount: lost.unwrap_or(&dispute.dispute_amount).money()?,
        state,
        occurred_at: moment(dispute.update_time.as_deref()).unwrap_or(event.occurred_at),
        reason: dispute.reason.as_deref().map(reading::code),
        respond_by: moment(dispute.seller_response_due_date.as_deref()).filter(|_| is_open),
    };
    let reference = format!("{CAPTURE}{capture}");
    event.news = EventNews::Movements { reference, movements: vec![movement] };
    Ok(())
}

/// The order that a part of it belongs to, if it says.
fn order_of(supplement: &Supplement, links: &[Link]) -> Option<String> {
    let named = supplement.related_ids.order_id.clone();
    named.filter(|id| reading::is_reference(id)).or_else(|| linked(links, "orders"))
}

/// The id in the link to what this is a part of, if that is of a kind.
fn linked(links: &[Link], kind: &str) -> Option<String> {
    let up = links.iter().find(|link| link.rel == "up")?;
    let url = url::Url::parse(&up.href).ok()?;
    let mut path = url.path_segments()?.rev();
    let (id, above) = (path.next()?, path.next()?);
    (above == kind && reading::is_reference(id)).then(|| id.to_owned())
}

/// The order that a body names which was not believed.
pub(super) fn order_reference(body: &[u8]) -> Option<String> {
    if body.len() > MAX_WEBHOOK_BYTES {
        return None;
    }
    let head: Head = serde_json::from_slice(body).ok()?;
    let part: Part = resource(body, "").ok()?;
    if head.event_type.starts_with("CHECKOUT.ORDER.") {
        return Some(part.id).filter(|id| reading::is_reference(id));
    }
    order_of(&part.supplementary_data, &part.links)
}
