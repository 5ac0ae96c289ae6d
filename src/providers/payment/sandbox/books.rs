//! The sandbox's books.

use super::wire::{Movement, MovementKind, MovementList};
use super::{Sandbox, mapping};
use crate::domain::payment::{CallFailure, OperationKind};
use crate::providers::payment::contract::{
    BuildError, Call, HttpReply, ListedMovement, ListedPage, Listing, Window,
};
use crate::providers::payment::reading::{self, Class};

impl Listing for Sandbox<'_> {
    fn list(&self, window: Window, cursor: Option<&str>) -> Result<Call<ListedPage>, BuildError> {
        let from = window.from.milliseconds().to_string();
        let to = window.to.milliseconds().to_string();
        let mut query = vec![("from", from.as_str()), ("to", to.as_str())];
        if let Some(cursor) = cursor {
            query.push(("cursor", reading::reference(cursor)?));
        }
        let request = self.get(&["v1", "movements"], &query);
        Ok(Call::new(request, |reply, _| page(reply)))
    }
}

fn page(reply: &HttpReply) -> Result<ListedPage, CallFailure> {
    if !matches!(reading::class(reply.status), Class::Success) {
        return Err(reading::unclear_status(reply));
    }
    let list: MovementList = reading::json(&reply.body)?;
    if list.next.as_deref().is_some_and(|next| !reading::is_reference(next)) {
        return Err(reading::unknown("the page does not say where the next begins"));
    }
    let entries: Result<_, _> = list.items.into_iter().map(entry).collect();
    Ok(ListedPage { entries: entries.map_err(reading::unknown)?, next: list.next })
}

fn entry(line: Movement) -> Result<ListedMovement, &'static str> {
    if !(reading::is_reference(&line.id) && reading::is_reference(&line.payment_id)) {
        return Err("an identity in the books is malformed");
    }
    Ok(ListedMovement {
        kind: match line.kind {
            MovementKind::Capture => OperationKind::Capture,
            MovementKind::Refund => OperationKind::Refund,
            MovementKind::Chargeback => OperationKind::Chargeback,
        },
        payment_reference: Some(line.payment_id),
        movement_reference: line.id,
        order_id: line.order_id.and_then(|id| id.parse().ok()),
        operation_id: line.operation_id.and_then(|id| id.parse().ok()),
        amount: mapping::money(line.amount, &line.currency)?,
        occurred_at: mapping::moment(line.moved_at).ok_or("a line's time is out of range")?,
    })
}
