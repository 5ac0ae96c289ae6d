//! What the Worker and the objects say to each other: one typed command in, one typed answer out,
//! as JSON over the object's `fetch`.

use serde::{Deserialize, Serialize};

use crate::domain::id::OrderId;
use crate::domain::inventory::{
    Adjustment, AdjustmentRefusal, ClaimAnswer, ClaimCommand, StockLevel,
};
use crate::domain::order::{AttentionCode, CloseReason, Order};
use crate::domain::payment::{Gateway, PaymentReport};
use crate::domain::reconciliation::{Run, RunCause, Window};
use crate::domain::time::Timestamp;
use crate::flows::place::Draft;

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
        report: Box<PaymentReport>,
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
    /// Look at the timers: sent by cron in case an alarm was lost.
    Wake,
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

/// A SKU that could not be had in the quantity wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Shortage {
    /// Which.
    pub sku: String,
    /// Units wanted.
    pub requested: u32,
    /// Units that could be had.
    pub available: i64,
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
    /// Change the count, once per key.
    Adjust {
        /// SHA-256 of the API key's identity and the `Idempotency-Key`, in hexadecimal.
        key: String,
        /// SHA-256 of the request body, in hexadecimal.
        fingerprint: String,
        /// What changes.
        adjustment: Adjustment,
        /// Why, in the person's words.
        reason: String,
        /// The API key's identity.
        actor: String,
    },
    /// Read the counters.
    Read,
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
}

/// What a `SkuInventory` answers.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum SkuAnswer {
    /// One answer per claim, in their order.
    Claims {
        /// The answers.
        answers: Vec<ClaimAnswer>,
    },
    /// The counters as they are now.
    Level {
        /// The counters.
        level: StockLevel,
        /// When they were read.
        as_of: Timestamp,
    },
    /// The adjustment was made, now or before.
    Adjusted {
        /// The counters right after it.
        level: StockLevel,
        /// When it was made.
        as_of: Timestamp,
        /// Whether this is a stored answer told again.
        replayed: bool,
    },
    /// The adjustment was refused; nothing changed.
    Refused {
        /// Why.
        refusal: AdjustmentRefusal,
    },
    /// The key was used with another body.
    KeyReused,
}

/// What an `InvoiceSeries` can be asked: a number for each of these orders.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NumberInvoices {
    /// The series, which is also the object's name.
    pub series: String,
    /// Orders that are paid. One that has a number keeps it.
    pub order_ids: Vec<OrderId>,
}

/// The numbers, in the order of the ids.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NumberedInvoices {
    /// Such as `INV-000001`.
    pub numbers: Vec<String>,
}

/// What a `Reconciler` can be asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum ReconcilerCommand {
    /// Compare a window, once per key.
    Start {
        /// SHA-256 of the API key's identity and the `Idempotency-Key`, in hexadecimal; the schedule's
        /// own name of the window.
        key: String,
        /// SHA-256 of the request body, in hexadecimal: another body under the key is refused.
        fingerprint: String,
        /// What to compare.
        window: Window,
        /// Who wants it.
        cause: RunCause,
    },
    /// Look at the timers: sent by cron in case an alarm was lost.
    Wake,
}

/// What a `Reconciler` answers.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum ReconcilerAnswer {
    /// The run, as it is now.
    Run {
        /// The run.
        run: Box<Run>,
        /// Whether it was started before.
        replayed: bool,
    },
    /// The key was used with another body.
    KeyReused,
    /// Done, or nothing to do.
    Ok,
}

/// A message on the `events` queue: the state after a change, and what happened.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum EventMessage {
    /// An order changed.
    Order {
        /// The event's identity.
        id: String,
        /// What happened, such as `order.paid`.
        events: Vec<crate::flows::announce::OrderEvent>,
        /// The order after it, without secrets.
        order: Box<Order>,
    },
    /// A SKU's counters changed.
    Stock {
        /// Which SKU.
        sku: String,
        /// Its counters.
        level: StockLevel,
        /// When they were read.
        as_of: Timestamp,
    },
}
