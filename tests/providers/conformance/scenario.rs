//! The scenarios, and what each is called in the matrix.

/// What may happen to a payment. The comment says which steps the suite looks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scenario {
    /// Ends in a report of all money taken.
    Success,
    /// Ends in a report of all money held, none taken. Asked with `CaptureMode::OnRequest`, as all of
    /// captures and voids below.
    AuthorizeOnly,
    /// Ends in `Declined` or `Failed` with a reason.
    Decline,
    /// Ends in something for the buyer to do.
    ActionRequired,
    /// A report of `Processing` (or, where the buyer acts elsewhere, `ActionRequired`) by one road,
    /// then `Captured` by another.
    PendingThenSuccess,
    /// `Recover` finds the payment.
    TimeoutAfterSuccess,
    /// `RecoverLate` finds the payment.
    TimeoutAfterSuccessLate,
    /// `Find` (or a recovery) finds nothing.
    StartNeverArrived,
    /// The same reply to `Start` and to its repetition says the same.
    DuplicateReply,
    /// Ends in a report of 2,000 instead of 1,999, or in `Unknown`.
    AmountMismatch,
    /// Ends in a report in another currency, or in `Unknown`.
    CurrencyMismatch,
    /// A reply about somebody else's payment.
    AnotherPayment,
    /// A reply that would be good but for one field that is missing; likewise the next four.
    MissingField,
    WrongType,
    Fraction,
    Negative,
    Enormous,
    /// A reply in a state that nobody has heard of.
    UnknownState,
    /// A reference that is none: `../../refunds`.
    MalformedReference,
    /// 2xx with the gateway's error body.
    ErrorBodyWith200,
    /// The gateway refuses a start for good.
    Refusal,
    /// One `Start` with the gateway's answer to a key that was revoked. The suite plays the same reply
    /// to a recovery and a question.
    KeyRevoked,
    /// Played by the suite to the last call of every good scenario.
    TruncatedReply,
    HtmlWith200,
    HtmlWith500,
    TooManyRequests,
    ServerError,
    NoReplyAtAll,
    CaptureFull,
    CapturePart,
    /// `CaptureFirst`, then `CaptureRest`.
    CaptureAgain,
    /// A capture of what was taken already: the state it is in, or `AskInstead`.
    AlreadyCaptured,
    Void,
    /// A void of what was taken already: the state it is in, or `AskInstead`.
    VoidTooLate,
    RefundFull,
    RefundPart,
    /// `RefundPart`, then `RefundRest`.
    RefundAgain,
    /// More than is left: certainly refused.
    RefundTooMuch,
    /// `RecoverRefund` finds the refund.
    RefundReplyLost,
    /// `RecoverRefundLate` finds it.
    RefundReplyLostLate,
    /// `FindRefund` finds nothing.
    RefundNeverArrived,
    /// A refund reported as pending, then as succeeded.
    RefundPendingThenSuccess,
    /// A refund that ends failed, by any road.
    RefundFailed,
    /// Begins with an event; all money is taken at the end, and the order is known.
    WebhookGood,
    /// Played by the suite from `WebhookGood`; likewise `WebhookForged`.
    WebhookDuplicate,
    WebhookForged,
    /// Events (each with the calls that follow it) of one payment's whole life: held, taken, given
    /// back, disputed. The suite plays them in every order.
    WebhookAnyOrder,
    /// A refund that somebody made at the gateway.
    DashboardRefund,
    DisputeOpened,
    DisputeWon,
    DisputeLost,
    /// `Whose` names the order.
    Whose,
    /// `Whose` of a payment that is none of ours.
    WhoseStranger,
    /// A page with our capture, and a next one.
    BooksFirstPage,
    /// `List`, then `ListNext`: the last page, with our refund.
    BooksNextPage,
}

use Scenario as S;

/// All of them, with what the matrix calls them.
pub const SCENARIOS: &[(Scenario, &str)] = &[
    (S::Success, "paid"),
    (S::AuthorizeOnly, "held, not taken"),
    (S::Decline, "declined"),
    (S::ActionRequired, "the buyer must act"),
    (S::PendingThenSuccess, "pending, then paid"),
    (S::TimeoutAfterSuccess, "time-out after success, asked a minute later"),
    (S::TimeoutAfterSuccessLate, "time-out after success, asked a day later"),
    (S::StartNeverArrived, "the start never arrived"),
    (S::DuplicateReply, "the same reply twice"),
    (S::AmountMismatch, "another amount"),
    (S::CurrencyMismatch, "another currency"),
    (S::AnotherPayment, "a reply about another payment"),
    (S::MissingField, "a field missing"),
    (S::WrongType, "a field of another type"),
    (S::Fraction, "a fraction of a minor unit"),
    (S::Negative, "a negative amount"),
    (S::Enormous, "an enormous amount"),
    (S::UnknownState, "an unheard-of state"),
    (S::MalformedReference, "a malformed reference"),
    (S::ErrorBodyWith200, "200 with an error in the body"),
    (S::Refusal, "a refusal for good"),
    (S::KeyRevoked, "the API key revoked"),
    (S::TruncatedReply, "a truncated reply, to every call"),
    (S::HtmlWith200, "a page of HTML with 200 or 4xx, to every call"),
    (S::HtmlWith500, "a page of HTML with 5xx, to every call"),
    (S::TooManyRequests, "429 with Retry-After, to every call"),
    (S::ServerError, "5xx with a good body, to every call"),
    (S::NoReplyAtAll, "bytes that are no reply, to every call"),
    (S::CaptureFull, "capture in full"),
    (S::CapturePart, "capture a part, let go the rest"),
    (S::CaptureAgain, "capture in two parts"),
    (S::AlreadyCaptured, "capture what was captured"),
    (S::Void, "void"),
    (S::VoidTooLate, "void too late"),
    (S::RefundFull, "refund in full"),
    (S::RefundPart, "refund a part"),
    (S::RefundAgain, "refund the rest"),
    (S::RefundTooMuch, "refund more than is left"),
    (S::RefundReplyLost, "refund's reply lost, asked a minute later"),
    (S::RefundReplyLostLate, "refund's reply lost, asked a day later"),
    (S::RefundNeverArrived, "the refund never arrived"),
    (S::RefundPendingThenSuccess, "refund pending, then done"),
    (S::RefundFailed, "refund failed"),
    (S::WebhookGood, "webhook"),
    (S::WebhookDuplicate, "webhook twice"),
    (S::WebhookForged, "webhook forged"),
    (S::WebhookAnyOrder, "webhooks in every order"),
    (S::DashboardRefund, "refund made at the gateway"),
    (S::DisputeOpened, "dispute opened"),
    (S::DisputeWon, "dispute won"),
    (S::DisputeLost, "dispute lost"),
    (S::Whose, "whose payment it is"),
    (S::WhoseStranger, "whose payment it is: not ours"),
    (S::BooksFirstPage, "the gateway's books"),
    (S::BooksNextPage, "the books' next page"),
];

impl Scenario {
    /// Whether the payment is asked to be held.
    pub const fn holds(self) -> bool {
        matches!(
            self,
            S::AuthorizeOnly
                | S::CaptureFull
                | S::CapturePart
                | S::CaptureAgain
                | S::AlreadyCaptured
                | S::Void
                | S::VoidTooLate
        )
    }

    /// Whether the suite makes it out of the others, so that no vendor gives it.
    pub const fn is_made_by_the_suite(self) -> bool {
        matches!(
            self,
            S::TruncatedReply
                | S::HtmlWith200
                | S::HtmlWith500
                | S::TooManyRequests
                | S::ServerError
                | S::NoReplyAtAll
                | S::WebhookDuplicate
                | S::WebhookForged
        )
    }
}
