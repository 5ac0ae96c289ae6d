//! A question where a payment stands, beside whatever else its gateway is asked: it has times of its own, so
//! that neither takes the other's turn.

use uuid::Uuid;

use super::news::{Whose, take_report};
use super::schedule::ask_again_after_seconds;
use crate::domain::order::{AttentionCode, Order};
use crate::domain::payment::{CallResult, Payment, Question};
use crate::domain::time::Timestamp;

/// Notes that where the payment stands is to be asked. What else is to be learnt of it is asked now as well:
/// the news may have been of that.
pub(super) fn raise(payment: &mut Payment, now: Timestamp) {
    payment.question = Some(Question { raised_at: now, ask_at: now, times_put_off: 0 });
    if payment.has_unknown() || payment.awaits_refund() {
        payment.ask_now(now);
    }
}

/// Takes what the gateway answered to a question. One that it does not answer on the whole schedule is put
/// before a person.
pub(super) fn take_answer(
    order: &mut Order,
    (reference, raised_at): (&str, Timestamp),
    result: CallResult,
    now: Timestamp,
    fresh: &mut dyn FnMut() -> Uuid,
) {
    let asked = order.payments_mut().find(|payment| payment.reference() == Some(reference));
    let question = asked.and_then(|payment| {
        let is_it = |question: &&mut Question| question.raised_at == raised_at;
        payment.question.as_mut().filter(is_it).is_some().then_some(payment)
    });
    let failure = match (result, question) {
        (Ok(report), asked) => {
            if let Some(payment) = asked {
                payment.question = None;
            }
            return take_report(order, Whose::Beside, report, now, fresh);
        }
        (Err(_), None) => return,
        (Err(failure), Some(payment)) => {
            payment.question = payment.question.and_then(|question| put_off(question, now));
            if payment.question.is_some() {
                return;
            }
            failure
        }
    };
    let detail = format!("asked on the whole schedule without an answer: {failure}");
    order.needs_attention(AttentionCode::PaymentUnknown, detail, now);
}

fn put_off(question: Question, now: Timestamp) -> Option<Question> {
    let seconds = ask_again_after_seconds(question.times_put_off)?;
    let times_put_off = question.times_put_off.saturating_add(1);
    Some(Question { ask_at: now.plus_seconds(seconds), times_put_off, ..question })
}
