//! The sandbox's books: `GET /v1/movements?from&to&cursor`, times in milliseconds.

use serde::Deserialize;

use super::{Sandbox, mapping};
use crate::domain::money::Money;
use crate::domain::payment::{CallFailure, OperationKind};
use crate::providers::payment::contract::{
    BuildError, Call, HttpReply, ListedMovement, ListedPage, Listing, Window,
};
use crate::providers::payment::reading::{self, Class, Minor};

/// The longest cursor that is kept and sent back.
const MAX_CURSOR_CHARACTERS: usize = 255;

#[derive(Deserialize)]
struct Page {
    items: Vec<Movement>,
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
struct Movement {
    id: String,
    kind: Kind,
    payment_id: Option<String>,
    order_id: Option<String>,
    operation_id: Option<String>,
    amount: Minor,
    currency: String,
    occurred_at: i64,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Capture,
    Refund,
    Chargeback,
}

impl Listing for Sandbox<'_> {
    fn list(&self, window: Window, cursor: Option<&str>) -> Result<Call<ListedPage>, BuildError> {
        let mut url = self.settings.base_url.join(&["v1", "movements"]);
        url.query_pairs_mut()
            .append_pair("from", &window.from.milliseconds().to_string())
            .append_pair("to", &window.to.milliseconds().to_string());
        if let Some(cursor) = cursor {
            url.query_pairs_mut().append_pair("cursor", cursor);
        }
        let mut request = self.get(&[], None);
        request.url = url.into();
        Ok(Call::new(request, move |reply, _| read(reply)))
    }
}

fn read(reply: &HttpReply) -> Result<ListedPage, CallFailure> {
    if !matches!(reading::class(reply.status), Class::Success) {
        return Err(reading::unclear_status(reply));
    }
    let page: Page = reading::json(&reply.body)?;
    let next = page.next_cursor.filter(|next| !next.is_empty());
    if next.as_ref().is_some_and(|next| next.len() > MAX_CURSOR_CHARACTERS) {
        return Err(reading::unknown("the cursor is longer than any"));
    }
    let entries = page.items.into_iter().map(entry).collect::<Result<_, _>>();
    Ok(ListedPage { entries: entries.map_err(reading::unknown)?, next })
}

fn entry(movement: Movement) -> Result<ListedMovement, &'static str> {
    let named = |reference: &String| reading::is_reference(reference);
    if !named(&movement.id) {
        return Err("a movement's id is malformed");
    }
    let currency =
        movement.currency.parse().map_err(|_| "a movement is in a currency we do not know")?;
    Ok(ListedMovement {
        kind: match movement.kind {
            Kind::Capture => OperationKind::Capture,
            Kind::Refund => OperationKind::Refund,
            Kind::Chargeback => OperationKind::Chargeback,
        },
        payment_reference: movement.payment_id.filter(named),
        movement_reference: movement.id,
        order_id: movement.order_id.and_then(|id| id.parse().ok()),
        operation_id: movement.operation_id.and_then(|id| id.parse().ok()),
        amount: Money::new(movement.amount.0, currency),
        occurred_at: mapping::moment(movement.occurred_at)
            .ok_or("a movement's time is out of range")?,
    })
}
