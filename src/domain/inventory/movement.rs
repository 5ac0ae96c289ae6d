//! The lines of a SKU's ledger: typed, with their cause, and the only thing that changes a counter.

use serde::{Deserialize, Serialize};

use super::channel::ChannelId;
use super::level::StockLevel;
use super::location::LocationId;

/// What a movement is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MovementKind {
    /// Goods came in.
    Received,
    /// A person corrected the count.
    Adjusted,
    /// Units were set aside for an order.
    Reserved,
    /// Set-aside units were sold.
    Committed,
    /// Set-aside units were given back.
    Released,
    /// Set-aside units came back because their time was over.
    Expired,
    /// Sold units came back.
    Restocked,
    /// Units that an order waited for came from the shelf.
    BackOrderFilled,
    /// Units went to, or came from, another place that keeps a ledger of its own.
    Transferred,
    /// A count found more or fewer units than were known.
    Counted,
    /// Units became unfit for sale, or fit again, or were written off.
    Damaged,
    /// Units were announced, or the announcement was withdrawn.
    Expected,
    /// The merchant's terms changed; no unit moved.
    TermsChanged,
    /// The ledger began with what the SKU had already.
    Opening,
}

/// Who or what caused a movement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CauseKind {
    /// An order's claim.
    Order,
    /// A person or system with a key, who says why.
    Person,
    /// A purchase order.
    PurchaseOrder,
    /// A transfer between locations.
    Transfer,
    /// A cycle count.
    Count,
    /// A bulk import.
    Import,
    /// The SKU's units were spread over several objects, or gathered again.
    Spread,
    /// The SKU's storage took a new form, or was found to have been put back to an earlier state.
    Upgrade,
}

/// The cause of a movement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    /// What it is.
    pub kind: CauseKind,
    /// Which one: the order, the purchase order, the transfer…
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The identity of the API key that a person used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// Why, in that person's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Cause {
    /// An order.
    #[must_use]
    pub const fn order(id: String) -> Self {
        Self { kind: CauseKind::Order, id: Some(id), actor: None, reason: None }
    }

    /// Whether a document asks: it counts on being answered the same under the same key for ever.
    #[must_use]
    pub const fn is_of_document(&self) -> bool {
        matches!(self.kind, CauseKind::PurchaseOrder | CauseKind::Transfer | CauseKind::Count)
    }
}

/// One line of a SKU's ledger: by how much each counter changes. One location a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Movement {
    /// What happened.
    pub kind: MovementKind,
    /// Where; none for what has no place, such as a back-order that waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<LocationId>,
    /// Units on the shelf that may be sold.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub on_hand: i64,
    /// Units of the shelf that are set aside.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub reserved: i64,
    /// Units there that may not be sold.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub damaged: i64,
    /// Units announced.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub incoming: i64,
    /// Units sold.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub sold: i64,
    /// Units promised beyond the shelf to orders that are not paid.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub back_ordered_held: i64,
    /// Units sold beyond the shelf and still owed.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub back_ordered_sold: i64,
    /// Whose allocation changes, if one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<ChannelId>,
    /// Units of the shelf that are set aside for that channel and not yet drawn by its orders.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub set_aside: i64,
}

impl Movement {
    /// A movement of nothing yet.
    #[must_use]
    pub const fn new(kind: MovementKind, location: Option<LocationId>) -> Self {
        Self {
            kind,
            location,
            on_hand: 0,
            reserved: 0,
            damaged: 0,
            incoming: 0,
            sold: 0,
            back_ordered_held: 0,
            back_ordered_sold: 0,
            channel: None,
            set_aside: 0,
        }
    }
}

impl StockLevel {
    /// Does what a movement says: the only writer of counters.
    ///
    /// What changes the shelf without being sold or owed is booked by kind: goods received, units on
    /// their way elsewhere, and corrections for all the rest.
    pub fn apply(&mut self, movement: &Movement) {
        let add = |counter: &mut i64, delta: i64| *counter = counter.saturating_add(delta);
        if let Some(location) = &movement.location {
            let balance = self.balance_mut(location);
            add(&mut balance.on_hand, movement.on_hand);
            add(&mut balance.reserved, movement.reserved);
            add(&mut balance.damaged, movement.damaged);
            add(&mut balance.incoming, movement.incoming);
        }
        if let Some(channel) = &movement.channel {
            self.put_aside(channel, movement.set_aside);
        }
        add(&mut self.sold, movement.sold);
        add(&mut self.back_ordered_held, movement.back_ordered_held);
        add(&mut self.back_ordered_sold, movement.back_ordered_sold);
        add(&mut self.reserved, movement.reserved.saturating_add(movement.back_ordered_held));
        let supplied = movement
            .on_hand
            .saturating_add(movement.sold)
            .saturating_sub(movement.back_ordered_sold);
        match movement.kind {
            MovementKind::Received => add(&mut self.received, supplied),
            MovementKind::Transferred => add(&mut self.transferred, supplied),
            _ => add(&mut self.adjusted, supplied),
        }
    }
}

/// Serde asks for a reference.
const fn is_zero(value: &i64) -> bool {
    *value == 0
}
