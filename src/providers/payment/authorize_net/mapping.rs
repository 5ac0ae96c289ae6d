//! Authorize.net's statuses, amounts and names in Cartwright's words, and back.

use serde_json::value::RawValue;

use super::wire::{BillTo, Summary, Transaction};
use crate::domain::address::Address;
use crate::domain::currency::Currency;
use crate::domain::id::OperationId;
use crate::domain::money::{MAX_AMOUNT_MINOR, Money};
use crate::domain::payment::{
    Decline, MovementReport, MovementState, OperationKind, PaymentReport, ReportedState,
};
use crate::domain::reconciliation::void_reference;
use crate::domain::time::Timestamp;
use crate::providers::payment::contract::{AuthorizeAsk, BuildError, KnownPayment};
use crate::providers::payment::reading;

/// For how long held money can be taken.
pub(super) const HOLD_DAYS: i64 = 30;

/// Digits in an invoice number, which holds 20 characters.
const INVOICE_DIGITS: usize = 20;

/// The longest transaction id.
const MAX_TRANSACTION_DIGITS: usize = 20;

/// The longest nonce that is passed on.
const MAX_NONCE_CHARACTERS: usize = 2_048;

/// From so many digits in a row on, a nonce may hold a card number.
const CARD_DIGITS: usize = 13;

/// What an operation is called at Authorize.net, as invoice number and as `refId`: its last 20 digits.
/// The first ones are a time that many share, the last ones hold 74 random bits.
pub(super) fn invoice(operation: OperationId) -> String {
    let text = operation.to_string();
    let before = text.len().saturating_sub(INVOICE_DIGITS);
    text.chars().skip(before).collect()
}

/// When an operation was written down, which its id begins with if it is a version 7 UUID.
pub(super) fn written_down_at(operation: OperationId) -> Option<Timestamp> {
    let text = operation.to_string();
    let digits = text.strip_prefix("op_")?;
    let version_seven = digits.get(12..13) == Some("7");
    let milliseconds = i64::from_str_radix(digits.get(..12)?, 16).ok()?;
    version_seven.then(|| Timestamp::from_milliseconds(milliseconds))
}

/// Whether a text is a transaction's id. `0` is what a transaction has that was never made.
pub(super) fn is_transaction(text: &str) -> bool {
    (1..=MAX_TRANSACTION_DIGITS).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_digit())
        && text.bytes().any(|b| b != b'0')
}

/// Whether a text can be a nonce: base64 with or without URL alphabet, and nothing that may be a card
/// number.
pub(super) fn is_nonce(text: &str) -> bool {
    let mut run = 0_usize;
    let mut longest = 0_usize;
    for byte in text.bytes() {
        run = if byte.is_ascii_digit() { run.saturating_add(1) } else { 0 };
        longest = longest.max(run);
    }
    (1..=MAX_NONCE_CHARACTERS).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=' | b'_' | b'-'))
        && text.bytes().any(|b| b.is_ascii_alphabetic())
        && longest < CARD_DIGITS
}

/// An amount as it is written: `19.99`.
pub(super) fn decimal(amount: Money, ours: Currency) -> Result<String, BuildError> {
    reading::askable(amount)?;
    if amount.currency != ours {
        return Err(BuildError::Currency {
            gateway: "Authorize.net",
            currency: amount.currency,
            reason: "the account takes another currency",
        });
    }
    let whole = amount.amount.checked_div(100);
    let cents = amount.amount.checked_rem(100);
    match (whole, cents) {
        (Some(whole), Some(cents)) => Ok(format!("{whole}.{cents:02}")),
        _ => Err(BuildError::Amount(amount)),
    }
}

/// A JSON number in hundredths, exactly. A text, an exponent, a sign, or a fraction of a hundredth is
/// no amount.
pub(super) fn minor(number: &RawValue) -> Result<i64, &'static str> {
    const NO_AMOUNT: &str = "an amount is not a number of hundredths";
    let text = number.get();
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || text.len() > 24 {
        return Err(NO_AMOUNT);
    }
    let cents: String = fraction.chars().chain("00".chars()).take(2).collect();
    if fraction.chars().skip(2).any(|digit| digit != '0') {
        return Err(NO_AMOUNT);
    }
    let amount: i64 = [whole, &cents].concat().parse().map_err(|_| NO_AMOUNT)?;
    if (0..=MAX_AMOUNT_MINOR).contains(&amount) { Ok(amount) } else { Err(NO_AMOUNT) }
}

/// The last four digits of a masked card number, `XXXX1111`.
pub(super) fn last_four(masked: Option<&str>) -> Option<String> {
    let digits = masked?.strip_prefix("XXXX")?;
    (digits.len() == 4 && digits.bytes().all(|b| b.is_ascii_digit())).then(|| digits.to_owned())
}

/// Who pays, cut to what the schema takes: what the bank compares is the number of the house and the
/// postal code, which stand first or are short.
pub(super) fn bill_to(address: &Address) -> BillTo {
    let cut = |text: &str, limit: usize| text.chars().take(limit).collect::<String>();
    let some = |text: &str, limit: usize| (!text.is_empty()).then(|| cut(text, limit));
    let (first, last) = match address.name.rsplit_once(' ') {
        Some((first, last)) => (some(first.trim_end(), 50), last),
        None => (None, address.name.as_str()),
    };
    let second = address.line2.as_deref().filter(|line| !line.is_empty());
    let street = second.map(|second| [&address.line1, ", ", second].concat());
    BillTo {
        first_name: first,
        last_name: cut(last, 50),
        address: cut(street.as_deref().unwrap_or(&address.line1), 60),
        city: cut(&address.city, 40),
        state: address.region.as_deref().and_then(|region| some(region, 40)),
        zip: some(&address.postal_code, 20),
        country: cut(&address.country, 60),
    }
}

/// What a status means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Held, not taken.
    Held,
    /// Taken; settled, or on its way to it.
    Taken { settled: bool },
    /// Waits for somebody: a person who looks at it, or the bank.
    Waits,
    /// Called off, taken or not, before it settled.
    Voided,
    /// Held money that was not taken in time.
    Lapsed,
    /// Did not come about.
    Dead,
    /// Taken, and taken back by the buyer's bank.
    TakenBack,
    /// Taken back by the buyer's bank, and won.
    Won,
    /// A transaction that gives money back.
    Refund,
}

/// The meaning of a status; none for one that is not known or says nothing.
///
/// `couldNotVoid` does not tell what could not be voided. A batch with a `settlementError` is sent
/// again by hand, or not: until then nobody has the money.
pub(super) fn meaning(status: &str) -> Option<Meaning> {
    Some(match status {
        "authorizedPendingCapture" => Meaning::Held,
        "capturedPendingSettlement"
        | "pendingSettlement"
        | "pendingFinalSettlement"
        | "updatingSettlement" => Meaning::Taken { settled: false },
        "settledSuccessfully" => Meaning::Taken { settled: true },
        "FDSPendingReview"
        | "FDSAuthorizedPendingReview"
        | "underReview"
        | "approvedReview"
        | "authorizedPendingRelease"
        | "settlementError" => Meaning::Waits,
        "voided" => Meaning::Voided,
        "expired" => Meaning::Lapsed,
        "declined" | "failedReview" | "communicationError" | "generalError" => Meaning::Dead,
        "chargeback" | "returnedItem" => Meaning::TakenBack,
        "chargebackReversal" => Meaning::Won,
        "refundPendingSettlement" | "refundSettledSuccessfully" => Meaning::Refund,
        _ => return None,
    })
}

/// A payment that was voided after its money was taken and before it settled: everything went back.
pub(super) fn void_movement(payment: &str, amount: Money, at: Timestamp) -> MovementReport {
    movement(OperationKind::Refund, void_reference(payment), amount, MovementState::Succeeded, at)
}

/// A movement and nothing more.
pub(super) const fn movement(
    kind: OperationKind,
    reference: String,
    amount: Money,
    state: MovementState,
    occurred_at: Timestamp,
) -> MovementReport {
    MovementReport {
        kind,
        reference,
        operation_id: None,
        amount,
        state,
        occurred_at,
        reason: None,
        respond_by: None,
    }
}

/// Whether a transaction is the payment that is known, by what was written into it at its start.
pub(super) fn is_ours(transaction: &Transaction, known: &KnownPayment) -> bool {
    let Some(order) = &transaction.order else { return false };
    transaction.trans_id == known.reference
        && order.description.as_deref() == Some(known.order_id.to_string().as_str())
        && order.invoice_number.as_deref() == Some(invoice(known.started_by).as_str())
}

/// What a transaction's details say of a known payment, or why they can't be relied on. `at` is when
/// they were asked for: they tell when the payment was made and not when it changed.
pub(super) fn report(
    transaction: &Transaction,
    known: &KnownPayment,
    currency: Currency,
    at: Timestamp,
) -> Result<PaymentReport, &'static str> {
    let meaning = meaning(&transaction.transaction_status)
        .ok_or("the payment is in a state we do not know")?;
    let submitted = Timestamp::parse_rfc3339(&transaction.submit_time_utc)
        .ok_or("the payment's time is malformed")?;
    let authorized = minor(&transaction.auth_amount)?;
    let settles = minor(&transaction.settle_amount)?;
    let (state, captured) = match meaning {
        Meaning::Held => (ReportedState::Authorized, 0),
        Meaning::Taken { .. } | Meaning::TakenBack | Meaning::Won => {
            (ReportedState::Captured, settles)
        }
        Meaning::Waits => (ReportedState::Processing, 0),
        // Whoever has seen the money taken has said so with `settled`.
        Meaning::Voided if known.settled.is_some() => {
            (ReportedState::Captured, taken_before_void(transaction, authorized, settles)?)
        }
        Meaning::Voided | Meaning::Lapsed => (ReportedState::Cancelled, 0),
        Meaning::Dead => (ReportedState::Failed, 0),
        Meaning::Refund => return Err("the transaction is a refund"),
    };
    let moves = matches!(state, ReportedState::Captured | ReportedState::Authorized);
    // Where no money is, none need be named.
    let amount = if moves || authorized > 0 { authorized } else { known.amount.amount };
    let amount = Money::new(amount, currency);
    if state == ReportedState::Captured && captured == 0 {
        return Err("the payment does not say how much was taken");
    }
    let card = transaction.payment.as_ref().and_then(|payment| payment.credit_card.as_ref());
    let taken = Money::new(captured, currency);
    Ok(PaymentReport {
        operation_id: Some(known.started_by),
        decline: (state == ReportedState::Failed).then(|| decline(transaction)),
        authorized_until: (state == ReportedState::Authorized).then(|| held_until(submitted)),
        card_last_four: last_four(card.map(|card| card.card_number.as_str())),
        settled: settled(meaning, known),
        movements: movements(meaning, &transaction.trans_id, taken, known, at),
        ..PaymentReport::new(transaction.trans_id.clone(), state, amount, captured, at)
    })
}

/// How much had been taken of a payment that is now voided. Details may then say that nothing settles;
/// of a payment that was taken at once it is all, of one that was held and taken in part nobody says.
fn taken_before_void(
    transaction: &Transaction,
    authorized: i64,
    settles: i64,
) -> Result<i64, &'static str> {
    match (settles, transaction.transaction_type.as_str()) {
        (1.., _) => Ok(settles),
        (_, "authCaptureTransaction") => Ok(authorized),
        _ => Err("the payment is voided and does not say how much had been taken"),
    }
}

fn settled(meaning: Meaning, known: &KnownPayment) -> Option<bool> {
    match meaning {
        Meaning::Taken { settled } => Some(settled),
        Meaning::TakenBack | Meaning::Won => Some(true),
        Meaning::Voided => known.settled.map(|_| false),
        _ => None,
    }
}

fn movements(
    meaning: Meaning,
    payment: &str,
    taken: Money,
    known: &KnownPayment,
    at: Timestamp,
) -> Vec<MovementReport> {
    let chargeback = |state| {
        let reference = ["chargeback-", payment].concat();
        vec![movement(OperationKind::Chargeback, reference, taken, state, at)]
    };
    match meaning {
        Meaning::Voided if known.settled.is_some() => vec![void_movement(payment, taken, at)],
        Meaning::TakenBack => chargeback(MovementState::Succeeded),
        Meaning::Won => chargeback(MovementState::Failed),
        _ => Vec::new(),
    }
}

/// Until when money can be taken that is held since a moment.
pub(super) const fn held_until(since: Timestamp) -> Timestamp {
    since.plus_seconds(HOLD_DAYS.saturating_mul(86_400))
}

fn decline(transaction: &Transaction) -> Decline {
    let code = transaction.response_reason_code.map(|code| code.to_string());
    let message = transaction.response_reason_description.as_deref();
    declined(code.as_deref().unwrap_or(&transaction.transaction_status), message)
}

/// A decline, with something in both fields.
pub(super) fn declined(code: &str, message: Option<&str>) -> Decline {
    let message = message.filter(|message| !message.is_empty());
    Decline {
        code: reading::code(if code.is_empty() { "declined" } else { code }),
        message: reading::message(message.unwrap_or("This transaction has been declined.")),
    }
}

/// What a line of a list says of the payment that was asked for. It tells less than the details: where
/// money is held or taken, how much; where none is, the amount is what was asked.
pub(super) fn listed(
    line: &Summary,
    ask: &AuthorizeAsk,
    currency: Currency,
    at: Timestamp,
) -> Result<PaymentReport, &'static str> {
    let meaning =
        meaning(&line.transaction_status).ok_or("the payment is in a state we do not know")?;
    let submitted =
        Timestamp::parse_rfc3339(&line.submit_time_utc).ok_or("the payment's time is malformed")?;
    let settles = minor(&line.settle_amount)?;
    let asked = ask.amount.amount;
    let (state, amount, captured) = match meaning {
        Meaning::Held => (ReportedState::Authorized, settles, 0),
        // Less than what was held may have been taken.
        Meaning::Taken { .. } if ask.capture.holds() && settles <= asked => {
            (ReportedState::Captured, asked, settles)
        }
        Meaning::Taken { .. } => (ReportedState::Captured, settles, settles),
        Meaning::Waits => (ReportedState::Processing, asked, 0),
        // Nobody had seen it taken.
        Meaning::Voided | Meaning::Lapsed => (ReportedState::Cancelled, asked, 0),
        Meaning::Dead => (ReportedState::Failed, asked, 0),
        Meaning::TakenBack | Meaning::Won | Meaning::Refund => {
            return Err("the list names another kind of transaction");
        }
    };
    if state == ReportedState::Captured && captured == 0 {
        return Err("the payment does not say how much was taken");
    }
    let settled = match meaning {
        Meaning::Taken { settled } => Some(settled),
        _ => None,
    };
    let amount = Money::new(amount, currency);
    Ok(PaymentReport {
        operation_id: Some(ask.operation_id),
        decline: (state == ReportedState::Failed).then(|| declined(&line.transaction_status, None)),
        authorized_until: (state == ReportedState::Authorized).then(|| held_until(submitted)),
        card_last_four: last_four(line.account_number.as_deref()),
        settled,
        ..PaymentReport::new(line.trans_id.clone(), state, amount, captured, at)
    })
}
