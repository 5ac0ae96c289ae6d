//! What a person must look at, and a person's word that it is dealt with.

use serde::{Deserialize, Serialize};

use super::Order;
use crate::domain::time::Timestamp;

/// Something that a person must look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Attention {
    /// What it is, stable.
    pub code: AttentionCode,
    /// What was seen, in a sentence.
    pub detail: String,
    /// When it was first seen.
    #[schema(value_type = String, format = DateTime)]
    pub since: Timestamp,
    /// Who said that it is dealt with; absent while it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolved: Option<Resolution>,
}

/// A person's word that something is dealt with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Resolution {
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// The API key's identity.
    pub by: String,
    /// What was done, in the person's words.
    pub note: String,
}

/// The causes for which an order needs a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AttentionCode {
    /// Paid, and the units are gone.
    StockGone,
    /// Money arrived after the order was closed: it is to be refunded.
    PaidAfterClose,
    /// The gateway reports what can't be true of this order.
    PaymentMismatch,
    /// The gateway was asked on the whole schedule and the outcome is still not known.
    PaymentUnknown,
    /// The gateway would not do what was asked of it.
    PaymentRefused,
    /// Two attempts to pay the order brought money: the later one goes back.
    PaidTwice,
    /// Held money will lapse soon and was not taken.
    AuthorizationExpiring,
    /// The buyer's bank contests the payment.
    Disputed,
    /// A refund did not reach the buyer.
    RefundFailed,
    /// The gateway's books and ours differ.
    ReconciliationDifference,
    /// The gateway's books could not be read to their end.
    ReconciliationFailed,
}

impl AttentionCode {
    /// Every code, for tables.
    pub const ALL: [Self; 11] = [
        Self::StockGone,
        Self::PaidAfterClose,
        Self::PaymentMismatch,
        Self::PaymentUnknown,
        Self::PaymentRefused,
        Self::PaidTwice,
        Self::AuthorizationExpiring,
        Self::Disputed,
        Self::RefundFailed,
        Self::ReconciliationDifference,
        Self::ReconciliationFailed,
    ];

    /// The name in JSON, queries and rows.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::StockGone => "stock_gone",
            Self::PaidAfterClose => "paid_after_close",
            Self::PaymentMismatch => "payment_mismatch",
            Self::PaymentUnknown => "payment_unknown",
            Self::PaymentRefused => "payment_refused",
            Self::PaidTwice => "paid_twice",
            Self::AuthorizationExpiring => "authorization_expiring",
            Self::Disputed => "disputed",
            Self::RefundFailed => "refund_failed",
            Self::ReconciliationDifference => "reconciliation_difference",
            Self::ReconciliationFailed => "reconciliation_failed",
        }
    }
}

impl Order {
    /// Adds a cause for attention once. One that a person has dealt with comes back only when something
    /// else was seen than then.
    pub fn needs_attention(&mut self, code: AttentionCode, detail: String, now: Timestamp) {
        let seen = Attention { code, detail, since: now, resolved: None };
        match self.attention.iter_mut().find(|known| known.code == code) {
            None => self.attention.push(seen),
            Some(known) if known.resolved.is_some() && known.detail != seen.detail => *known = seen,
            Some(_) => {}
        }
    }

    /// Notes that a person has dealt with a cause for attention; what was said first stays.
    pub fn resolve_attention(&mut self, code: AttentionCode, resolution: &Resolution) {
        let open = self.attention.iter_mut().find(|a| a.code == code && a.resolved.is_none());
        if let Some(known) = open {
            known.resolved = Some(resolution.clone());
        }
    }

    /// Whether a person must look at it.
    #[must_use]
    pub fn waits_for_person(&self) -> bool {
        self.attention.iter().any(|attention| attention.resolved.is_none())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_named_as_it_is_written() {
        for code in AttentionCode::ALL {
            assert_eq!(serde_json::to_value(code).unwrap(), code.name());
        }
    }
}
