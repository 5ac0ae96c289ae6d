//! What this instance wrote down and has not sent yet.
//!
//! An operation that is stored as requested may have gone out already: its sender died before he could write
//! the answer, or the storage refused the answer. To send it once more as if it were new would start a second
//! payment at a gateway without idempotency keys. So only what this very instance has written down since, and
//! has not sent, goes out as new; for anything else the gateway is asked first.

use std::cell::RefCell;
use std::collections::HashSet;

use crate::domain::id::OperationId;
use crate::domain::order::Order;
use crate::domain::payment::{Operation, OperationResult};
use crate::flows::owed::Effect;

/// Operations by their ids. Gone with the instance, which is what makes it true.
#[derive(Default)]
pub struct Unsent(RefCell<HashSet<OperationId>>);

fn operations(order: &Order) -> impl Iterator<Item = &Operation> {
    order.payments().flat_map(|payment| &payment.operations)
}

impl Unsent {
    /// Notes what a step has written down anew.
    pub fn note(&self, before: &Order, after: &Order) {
        let known = |id| operations(before).find(|operation| operation.id == id);
        let anew = operations(after)
            .filter(|operation| operation.result == OperationResult::Requested)
            .filter(|operation| known(operation.id) != Some(operation));
        self.0.borrow_mut().extend(anew.map(|operation| operation.id));
    }

    /// Takes the effect's operation out to be sent. Whether that must not be: it would go out as new, and
    /// may have gone out before.
    pub fn may_have_been_sent(&self, order: &Order, effect: &Effect) -> bool {
        let (Effect::Authorize { operation }
        | Effect::Capture { operation, .. }
        | Effect::Void { operation, .. }
        | Effect::Refund { operation }) = effect
        else {
            return false;
        };
        let is_unsent = self.0.borrow_mut().remove(operation);
        let stored = operations(order).find(|stored| stored.id == *operation);
        let goes_as_new = stored.is_some_and(|stored| stored.result == OperationResult::Requested);
        goes_as_new && !is_unsent
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::domain::id::{OrderId, ShardNumber};
    use crate::domain::inventory::{ClaimAnswer, ClaimReply};
    use crate::domain::payment::CaptureMode;
    use crate::domain::time::Timestamp;
    use crate::flows::advance::{Input, advance};
    use crate::flows::owed::owed;
    use crate::flows::place::place;
    use crate::flows::tests::world::draft;

    #[test]
    fn what_was_written_down_here_is_sent_once_and_what_another_left_is_asked_about() {
        let now = Timestamp::from_milliseconds(1_000_000);
        let id = OrderId::new(ShardNumber(1), Uuid::from_u128(1));
        let before = place(draft(CaptureMode::Automatic), id, now);
        let mut order = before.clone();
        let held = || ClaimReply::from(ClaimAnswer::Held);
        let answers = before.claims.iter().map(|claim| (claim.sku.clone(), held())).collect();
        let mut number = 7;
        let mut fresh = || {
            number += 1;
            Uuid::from_u128(number)
        };
        advance(&mut order, Input::Stock(answers), now, &mut fresh);
        let debts = owed(&order, now);
        let [effect @ Effect::Authorize { .. }] = debts.as_slice() else {
            panic!("it owes {debts:?}");
        };
        let (here, elsewhere) = (Unsent::default(), Unsent::default());
        here.note(&before, &order);
        assert!(!here.may_have_been_sent(&order, effect));
        assert!(here.may_have_been_sent(&order, effect));
        assert!(elsewhere.may_have_been_sent(&order, effect));
        here.note(&order, &order);
        assert!(here.may_have_been_sent(&order, effect));
    }
}
