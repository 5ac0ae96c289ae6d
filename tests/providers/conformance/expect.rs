//! What every gateway must make of a scenario, in one place.

use cartwright::domain::payment::{
    BuyerAction, CallFailure, MovementState, OperationKind, ReportedState,
};

use super::{FULL, Outcome, PART, REST, Run, Scenario, refunded_by, rest_refunded_by};
use crate::support::order_id;

/// `Err` says what was found instead.
pub fn judge(scenario: Scenario, run: &Run<'_>) -> Result<(), String> {
    use Scenario as S;
    let good = match scenario {
        S::Success | S::PendingThenSuccess | S::TimeoutAfterSuccess => is_paid(run),
        S::TimeoutAfterSuccessLate | S::DuplicateReply => is_paid(run),
        S::CaptureFull => is_paid(run),
        S::AuthorizeOnly => is(run, ReportedState::Authorized, 0),
        S::Decline => is_declined(run),
        S::ActionRequired => has_something_to_do(run),
        S::StartNeverArrived => matches!(run.last(), Outcome::Payment(Ok(None))),
        S::AmountMismatch | S::CurrencyMismatch => is_told_and_not_believed(run),
        S::Refusal => matches!(run.last().failure(), Some(CallFailure::Refused { .. })),
        S::KeyRevoked => matches!(run.last().failure(), Some(CallFailure::Refused { .. })),
        // A gateway that answers everything with 200 refuses like this; for the others nothing is
        // certain. It is a success for none.
        S::ErrorBodyWith200 => run.last().failure().is_some(),
        S::CapturePart => is(run, ReportedState::Captured, PART),
        S::CaptureAgain => is_taken_in_two_parts(run),
        S::AlreadyCaptured | S::VoidTooLate => says_how_it_stands(run),
        S::Void => is(run, ReportedState::Cancelled, 0) || is(run, ReportedState::Failed, 0),
        S::RefundFull => refund(run, MovementState::Succeeded, FULL),
        S::RefundReplyLost | S::RefundReplyLostLate => refund(run, MovementState::Succeeded, FULL),
        S::RefundPart => refund(run, MovementState::Succeeded, PART),
        S::RefundAgain => are_two_refunds(run),
        S::RefundTooMuch => matches!(run.last().failure(), Some(CallFailure::Refused { .. })),
        S::RefundNeverArrived => matches!(run.last(), Outcome::Movement(Ok(None))),
        S::RefundPendingThenSuccess => is_pending_then(run, MovementState::Succeeded),
        S::RefundFailed => refund(run, MovementState::Failed, FULL),
        S::WebhookGood => is_an_event_of_ours(run) && is_paid(run),
        S::DashboardRefund => is_an_event_of_ours(run) && is_a_refund_of_somebodys(run),
        S::DisputeOpened => is_an_event_of_ours(run) && dispute(run, MovementState::Pending),
        S::DisputeWon => is_an_event_of_ours(run) && dispute(run, MovementState::Failed),
        S::DisputeLost => is_an_event_of_ours(run) && dispute(run, MovementState::Succeeded),
        S::Whose => matches!(run.last(), Outcome::Order(Ok(Some(order))) if *order == order_id()),
        S::WhoseStranger => matches!(run.last(), Outcome::Order(Ok(None))),
        S::BooksFirstPage => lists(run, OperationKind::Capture, true),
        S::BooksNextPage => lists(run, OperationKind::Refund, false),
        S::AnotherPayment
        | S::MissingField
        | S::WrongType
        | S::Fraction
        | S::Negative
        | S::Enormous
        | S::UnknownState
        | S::MalformedReference => is_unknown(run.last()),
        _ => return Err("is made by the suite".to_owned()),
    };
    let believed = !run.refused_by_record || scenario_is_a_lie(scenario);
    if good && believed {
        return Ok(());
    }
    Err(format!(
        "refused by the record: {}; payment {:?}; movements {:?}; outcomes {:#?}",
        run.refused_by_record,
        run.state(),
        run.movements,
        run.outcomes
    ))
}

pub fn is_unknown(outcome: &Outcome) -> bool {
    matches!(outcome.failure(), Some(CallFailure::Unknown { .. }))
}

fn scenario_is_a_lie(scenario: Scenario) -> bool {
    matches!(scenario, Scenario::AmountMismatch | Scenario::CurrencyMismatch)
}

fn is(run: &Run<'_>, state: ReportedState, captured: i64) -> bool {
    run.state() == Some((state, captured))
        && run.payment.report.as_ref().is_some_and(|report| report.amount == run.ask.amount)
}

fn is_paid(run: &Run<'_>) -> bool {
    is(run, ReportedState::Captured, FULL)
}

fn is_declined(run: &Run<'_>) -> bool {
    let reason = run.last().report().is_some_and(|report| report.decline.is_some());
    reason && (is(run, ReportedState::Declined, 0) || is(run, ReportedState::Failed, 0))
}

fn has_something_to_do(run: &Run<'_>) -> bool {
    let action = run.last().report().and_then(|report| report.action.as_ref());
    is(run, ReportedState::ActionRequired, 0)
        && action.is_some_and(|action| *action != BuyerAction::None)
}

/// The report is passed on as the gateway made it, and the record takes no money from it.
fn is_told_and_not_believed(run: &Run<'_>) -> bool {
    let told = run.last().report().is_some_and(|report| report.amount != run.ask.amount);
    let refused = told && run.refused_by_record && !run.payment.is_secured();
    refused || is_unknown(run.last())
}

fn is_taken_in_two_parts(run: &Run<'_>) -> bool {
    let first =
        run.outcomes.iter().filter_map(Outcome::report).any(|report| {
            (report.state, report.captured_minor) == (ReportedState::Authorized, PART)
        });
    first && run.state().is_some_and(|(_, captured)| captured == PART + REST)
}

fn says_how_it_stands(run: &Run<'_>) -> bool {
    let ask = matches!(run.last().failure(), Some(CallFailure::AskInstead { .. }));
    ask || (run.last().report().is_some() && is_paid(run))
}

/// The last movement is a refund of ours of that amount.
fn refund(run: &Run<'_>, state: MovementState, amount: i64) -> bool {
    run.movements.len() == 1
        && run.movements.values().all(|refund| {
            (refund.kind, refund.state) == (OperationKind::Refund, state)
                && refund.amount.amount == amount
                && refund.amount.currency == run.ask.amount.currency
                && refund.operation_id.is_none_or(|operation| operation == refunded_by())
        })
}

fn are_two_refunds(run: &Run<'_>) -> bool {
    let mut amounts: Vec<i64> = run.movements.values().map(|refund| refund.amount.amount).collect();
    amounts.sort_unstable();
    let ours = [refunded_by(), rest_refunded_by()];
    amounts == [REST, PART]
        && run.movements.values().all(|refund| {
            refund.state == MovementState::Succeeded
                && refund.operation_id.is_none_or(|operation| ours.contains(&operation))
        })
}

fn is_pending_then(run: &Run<'_>, end: MovementState) -> bool {
    let states: Vec<_> =
        run.outcomes.iter().flat_map(Outcome::movements).map(|refund| refund.state).collect();
    states.first() == Some(&MovementState::Pending)
        && states.last() == Some(&end)
        && refund(run, end, FULL)
}

fn is_a_refund_of_somebodys(run: &Run<'_>) -> bool {
    run.movements.len() == 1
        && run.movements.values().all(|refund| {
            (refund.kind, refund.state) == (OperationKind::Refund, MovementState::Succeeded)
                && refund.operation_id.is_none()
                && refund.amount.amount == PART
        })
}

fn dispute(run: &Run<'_>, state: MovementState) -> bool {
    run.movements.len() == 1
        && run.movements.values().all(|dispute| {
            (dispute.kind, dispute.state) == (OperationKind::Chargeback, state)
                && dispute.amount.amount == FULL
                && dispute.amount.currency == run.ask.amount.currency
        })
}

/// The first step is an event that was believed, and the order is known by it or by asking whose.
fn is_an_event_of_ours(run: &Run<'_>) -> bool {
    matches!(run.outcomes.first(), Some(Outcome::Event(Ok(_)))) && run.order() == Some(order_id())
}

fn lists(run: &Run<'_>, kind: OperationKind, more: bool) -> bool {
    let Outcome::Page(Ok(page)) = run.last() else { return false };
    let reference = run.payment.reference().map(ToOwned::to_owned);
    let ours = page.entries.iter().any(|entry| {
        entry.kind == kind
            && entry.amount == run.ask.amount
            && (entry.payment_reference.is_some() || entry.order_id == Some(order_id()))
            && (reference.is_none() || entry.payment_reference == reference)
    });
    ours && page.next.is_some() == more && page.entries.iter().all(|entry| entry.amount.amount >= 0)
}
