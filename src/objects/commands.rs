//! What the Worker and the objects say to each other: one typed command in, one typed answer out,
//! as JSON over the object's `fetch`.

mod event;
mod import;
mod reconciler;
mod spoken;

pub use event::EventMessage;
pub use import::{ImportAnswer, ImportCommand};
pub use reconciler::{ReconcilerAnswer, ReconcilerCommand};
pub use spoken::Spoken;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::ledger_commands::{LedgerAnswer, LedgerCommand};
pub use super::stock_document::{StockDocumentAnswer, StockDocumentCommand};
use crate::domain::id::{OperationId, OrderId, ReturnId, Sku};
use crate::domain::inventory::spread::{
    Instruction, SliceNews, SpreadHint, SpreadReport, SpreadSettings,
};
use crate::domain::inventory::{
    Cause, ChangeRefusal, ClaimCommand, ClaimReply, ClaimTerms, Placement, StockChange, StockLevel,
    TermsChange,
};
use crate::domain::invoice::{CancellationDraft, CreditNoteDraft, DocumentKind, InvoiceDraft};
use crate::domain::order::{AttentionCode, ChannelOrder, CloseReason, Order};
use crate::domain::payment::{Gateway, MovementRefusal, MovementReport, PaymentReport};
use crate::domain::time::Timestamp;
use crate::flows::attempts::NewAttempt;
use crate::flows::movements::MovementAsk;
use crate::flows::place::Draft;
use crate::flows::returns::{ReturnAsk, ReturnRefusal};

pub use super::shortage::{NeedyBundle, Shortage, ShortageReason};

/// What an `OrderShard` can be asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum ShardCommand {
    /// Place an order, once per key.
    Checkout {
        /// SHA-256 of the API key's identity and the `Idempotency-Key`, in hexadecimal.
        key: String,
        /// SHA-256 of the request body, in hexadecimal: another body under the key is refused.
        fingerprint: String,
        /// The priced order.
        draft: Box<Draft>,
    },
    /// Bring in an order that a channel has sold, once per id of the channel's.
    ChannelOrder {
        /// SHA-256 of the channel's identity and its id of the order, in hexadecimal.
        key: String,
        /// The channel, its id of the order, and the fingerprint of what it sent.
        sold: ChannelOrder,
        /// The priced order.
        draft: Box<Draft>,
    },
    /// The stored answer to a key, if there is one: asked when the edge itself would refuse a
    /// request that may be a retry of one that was accepted.
    Replay {
        /// As in `Checkout`.
        key: String,
        /// As in `Checkout`.
        fingerprint: String,
    },
    /// Read an order.
    Read {
        /// Which.
        id: OrderId,
    },
    /// Ask the gateway now where the order's payment stands, then read the order.
    Sync {
        /// Which.
        id: OrderId,
    },
    /// Call the order off: the payment at the gateway first, then the stock.
    Cancel {
        /// Which.
        id: OrderId,
        /// Who wants it.
        reason: CloseReason,
    },
    /// A verified webhook. It is durable once this is answered.
    Webhook {
        /// Whose.
        gateway: Gateway,
        /// The gateway's id of the event: a second one of the same id changes nothing.
        event_id: String,
        /// The order it names.
        id: OrderId,
        /// What it reports.
        news: Box<WebhookNews>,
    },
    /// A webhook that was not believed speaks of this order: ask the gateway, now and then.
    Doubted {
        /// Whose.
        gateway: Gateway,
        /// The order.
        id: OrderId,
    },
    /// The browser came back from the gateway with these parameters: judge them, then ask.
    Returned {
        /// Which.
        id: OrderId,
        /// What the gateway gave the browser.
        parameters: BTreeMap<String, String>,
    },
    /// Move money, once per key.
    Move {
        /// As in `Checkout`.
        key: String,
        /// As in `Checkout`.
        fingerprint: String,
        /// Which order.
        id: OrderId,
        /// What the merchant asks for.
        ask: MovementAsk,
    },
    /// Try to pay the order again, once per key.
    Retry {
        /// As in `Checkout`.
        key: String,
        /// As in `Checkout`.
        fingerprint: String,
        /// Which order.
        id: OrderId,
        /// How.
        attempt: Box<NewAttempt>,
    },
    /// Goods came back without a refund: note them, once per key.
    TakeBack {
        /// As in `Checkout`.
        key: String,
        /// As in `Checkout`.
        fingerprint: String,
        /// Which order.
        id: OrderId,
        /// What came back.
        ask: ReturnAsk,
    },
    /// Something was seen outside the order that a person must look at.
    Flag {
        /// Which order.
        id: OrderId,
        /// What it is.
        code: AttentionCode,
        /// What was seen.
        detail: String,
    },
    /// A person has dealt with something.
    Resolve {
        /// Which order.
        id: OrderId,
        /// What it was.
        code: AttentionCode,
        /// What was done.
        note: String,
        /// The API key's identity.
        actor: String,
    },
    /// A SKU found units for an order that waited for them.
    StockPlaced {
        /// Which order.
        id: OrderId,
        /// Which SKU.
        sku: Sku,
        /// Where all of the order's units come from now.
        placement: Placement,
        /// The version of the SKU's counters that says so.
        version: i64,
    },
    /// A SKU's object has forgotten what it once answered this order: tell it again.
    Remind {
        /// Which order.
        id: OrderId,
        /// Which SKU.
        sku: Sku,
    },
    /// Look at the timers: sent by cron in case an alarm was lost.
    Wake,
}

/// What a verified webhook tells of an order's payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "news", rename_all = "snake_case")]
pub enum WebhookNews {
    /// Where the payment stands.
    Payment {
        /// The report.
        report: Box<PaymentReport>,
    },
    /// Refunds or chargebacks.
    Movements {
        /// The gateway's identity of the payment, if it said so.
        reference: String,
        /// What moved.
        movements: Vec<MovementReport>,
    },
    /// Something that the gateway must be asked about.
    AskAbout {
        /// The gateway's identity of the payment.
        reference: String,
    },
}

/// What an `OrderShard` answers.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum ShardAnswer {
    /// The order as it is now.
    Order {
        /// In full, with what the buyer's browser needs.
        order: Box<Order>,
    },
    /// No such order here.
    NotFound,
    /// The checkout ended and this is its stored outcome.
    Checkout {
        /// What came of it.
        outcome: Box<CheckoutOutcome>,
        /// Whether this is a stored answer told again.
        replayed: bool,
    },
    /// The key was used with another body.
    KeyReused,
    /// No answer is stored under the key.
    Unplaced,
    /// The checkout could not be finished now; the same key may be tried again.
    TryAgain,
    /// The order can't be called off: its money is held or taken, or it is closed.
    CannotCancel {
        /// The order as it is now.
        order: Box<Order>,
    },
    /// Money was asked to move, now or before under the same key.
    Moved {
        /// The order as it is now.
        order: Box<Order>,
        /// The operations that were written down.
        operations: Vec<OperationId>,
        /// Whether this was asked before.
        replayed: bool,
    },
    /// Money can't move like this; nothing changed.
    MovementRefused {
        /// Why.
        refusal: MovementRefusal,
        /// The order as it is.
        order: Box<Order>,
    },
    /// The parameters of the browser's return were not made by the gateway for this order.
    ReturnRefused {
        /// What is wrong with them.
        problem: String,
    },
    /// Goods that came back were noted, now or before under the same key.
    TakenBack {
        /// The order as it is now.
        order: Box<Order>,
        /// The return.
        return_id: ReturnId,
        /// Whether this was asked before.
        replayed: bool,
    },
    /// These goods can't have come back; nothing changed.
    TakeBackRefused {
        /// Why.
        refusal: ReturnRefusal,
    },
    /// Done; or known before; or nothing to do.
    Ok,
}

/// What came of a checkout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum CheckoutOutcome {
    /// The order was placed; its payment may still want something of the buyer.
    Placed {
        /// The order as it was then.
        order: Box<Order>,
    },
    /// Not enough stock; nothing is held.
    InsufficientStock {
        /// Every SKU that fell short.
        shortages: Vec<Shortage>,
    },
    /// The bank or the gateway declined for good; nothing is held.
    PaymentDeclined {
        /// The order, rejected.
        order: Box<Order>,
    },
}

/// What a `SkuInventory` can be asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum SkuCommand {
    /// Claims of several orders, performed in one turn and one commit, answered in their order.
    Claims {
        /// At most [`MAX_CLAIMS_PER_CALL`].
        claims: Vec<OrderClaim>,
    },
    /// Change the count or the terms, once per key: all of it or nothing.
    Change {
        /// SHA-256 of the API key's identity and the `Idempotency-Key`, in hexadecimal; or the document
        /// and step that ask.
        key: String,
        /// SHA-256 of the request body, in hexadecimal.
        fingerprint: String,
        /// What changes.
        changes: Vec<StockChange>,
        /// The new terms, if they change.
        #[serde(default)]
        terms: Option<Box<TermsChange>>,
        /// Who or what changes it, and why.
        cause: Cause,
    },
    /// Read the counters.
    Read,
    /// A slice tells main how it stands, and passes on claims that it can't serve.
    Forward {
        /// How it stands.
        news: Box<SliceNews>,
        /// At most [`MAX_CLAIMS_PER_CALL`].
        claims: Vec<OrderClaim>,
    },
    /// Main tells a slice what it is to know.
    Instruct {
        /// That.
        instruction: Box<Instruction>,
    },
    /// Set drop mode, if settings are given, and read it.
    Spread {
        /// The new settings.
        #[serde(default)]
        settings: Option<SpreadSettings>,
    },
    /// Ask about the ledger and what it tells.
    Ledger(LedgerCommand),
    /// Look at what channels are told: one of them has begun to sell everything. Answered as `Read`.
    TellChannels,
}

/// The most claims that travel together.
pub const MAX_CLAIMS_PER_CALL: usize = 200;

/// One order's command to a SKU.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OrderClaim {
    /// Whose.
    pub order_id: OrderId,
    /// What.
    #[serde(flatten)]
    pub command: ClaimCommand,
    /// What the order says of itself.
    #[serde(default)]
    pub terms: ClaimTerms,
}

/// What a `SkuInventory` answers.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum SkuAnswer {
    /// One answer per claim, in their order.
    Claims {
        /// The answers.
        answers: Vec<ClaimReply>,
        /// How new orders find their object, if the SKU's units are spread.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        spread: Option<SpreadHint>,
    },
    /// What a slice is to know, and the answers to the claims that it passed on, in their order.
    Instructed {
        /// What it is to know.
        instruction: Box<Instruction>,
        /// The answers.
        answers: Vec<ClaimReply>,
    },
    /// How a slice stands.
    News {
        /// That.
        news: Box<SliceNews>,
    },
    /// Drop mode as it is.
    Spread {
        /// That.
        report: Box<SpreadReport>,
        /// When it was read.
        as_of: Timestamp,
    },
    /// The counters as they are now.
    Level {
        /// The counters.
        level: Box<StockLevel>,
        /// When they were read.
        as_of: Timestamp,
    },
    /// The change was made, now or before.
    Changed {
        /// The counters right after it.
        level: Box<StockLevel>,
        /// When it was made.
        as_of: Timestamp,
        /// Whether this is a stored answer told again.
        replayed: bool,
    },
    /// The change was refused; nothing changed.
    Refused {
        /// Why.
        refusal: ChangeRefusal,
    },
    /// The key was used with another body.
    KeyReused,
    /// What the ledger tells.
    Ledger(LedgerAnswer),
}

/// What an `InvoiceSeries` can be asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum SeriesCommand {
    /// Number these documents and keep them, all of them or none. One that has its number keeps it,
    /// and its document stays as it was made first.
    Issue {
        /// In the order in which they are to be numbered.
        drafts: Vec<DocumentDraft>,
    },
    /// The document of a number.
    Read {
        /// Which number of the series.
        sequence: i64,
    },
}

/// A document that is to be numbered: once per order, once per refund, once for each part of it that fails.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum DocumentDraft {
    /// An order whose payment is settled.
    Invoice {
        /// The document.
        draft: Box<InvoiceDraft>,
    },
    /// A refund whose money has moved.
    CreditNote {
        /// The invoice and the refund.
        draft: Box<CreditNoteDraft>,
    },
    /// A refund that failed after its credit note was made.
    Cancellation {
        /// Which note, and what stays of it.
        draft: CancellationDraft,
    },
}

/// What an `InvoiceSeries` answers.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum SeriesAnswer {
    /// The numbers, such as `INV-000001`, in the order of the drafts; null for one that can't be made
    /// into a document.
    Issued {
        /// The numbers.
        numbers: Vec<Option<String>>,
    },
    /// The document as it was made.
    Document {
        /// What it is.
        kind: DocumentKind,
        /// Its JSON, to the byte.
        document: String,
        /// SHA-256 of that, in hexadecimal.
        sha256: String,
    },
    /// The number was given before documents were kept.
    NumberOnly,
    /// The number was not given.
    NotFound,
}
