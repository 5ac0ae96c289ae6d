//! Whether a gateway can take an amount at all, found out by building the request that nobody sends: what
//! its own mapping refuses, no storefront should offer.

use uuid::Uuid;

use super::contract::{AuthorizeAsk, BuildError, PaymentGateway};
use crate::domain::id::{OperationId, OrderId, ShardNumber};
use crate::domain::money::Money;
use crate::domain::payment::CaptureMode;
use crate::domain::payment_settings::NotOffered;

/// A multiple of every unit that a gateway may count in.
const ROUND_AMOUNT: i64 = 100_000;

/// Asks the gateway's mapping about an amount; without one, or with nothing to pay, about the currency.
///
/// # Errors
/// When the gateway can't take this currency, or not this amount of it.
pub fn check(
    gateway: &dyn PaymentGateway,
    amount: Money,
    capture: CaptureMode,
) -> Result<(), NotOffered> {
    let asked = if amount.amount > 0 { amount.amount } else { ROUND_AMOUNT };
    let ask = AuthorizeAsk {
        operation_id: OperationId::new(Uuid::nil()),
        order_id: OrderId::new(ShardNumber(0), Uuid::nil()),
        amount: Money::new(asked, amount.currency),
        capture,
        method: None,
        return_url: None,
        email: None,
        description: None,
        statement_descriptor: None,
        billing: None,
    };
    match gateway.authorize(&ask) {
        Err(BuildError::Currency { .. }) => Err(NotOffered::CurrencyNotTaken(amount.currency)),
        Err(BuildError::Granularity { .. } | BuildError::Amount(_)) => {
            Err(NotOffered::AmountNotPayable(amount))
        }
        // Anything else that is missing comes with the checkout itself.
        Ok(_) | Err(_) => Ok(()),
    }
}
