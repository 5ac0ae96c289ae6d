//! `GET /v1/admin/orders`: orders across all shards, from D1.

use serde::Serialize;
use utoipa::ToSchema;

use super::view::{Audience, OrderView};
use crate::api::ask::Ask;
use crate::api::error::ApiError;
use crate::api::query::{Query, cursor_after};
use crate::api::reply::{Outcome, Reply};
use crate::domain::order::{Order, OrderStatus};
use crate::domain::payment::PaymentStatus;
use crate::domain::time::Timestamp;
use crate::storage::orders::{self, OrderFilter, OrderPosition};

/// A page of orders, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct OrderPage<'a> {
    /// The orders.
    items: Vec<OrderView<'a>>,
    /// What to ask for the next page with; null on the last one.
    next_cursor: Option<String>,
}

const PARAMETERS: &[&str] = &[
    "status",
    "payment_status",
    "email",
    "needs_attention",
    "channel",
    "created_from",
    "cursor",
    "limit",
];

/// Lists orders, newest first.
///
/// From copies that are a second or so behind; `GET /v1/orders/{id}` is exact.
#[utoipa::path(
    get, path = "/v1/admin/orders", operation_id = "list_orders", tag = "admin",
    params(
        ("status" = Option<OrderStatus>, Query, description = "Only those in this state", example = "open"),
        ("payment_status" = Option<PaymentStatus>, Query, description = "Only those whose payment is in this state", example = "paid"),
        ("email" = Option<String>, Query, description = "Only those of this buyer"),
        ("needs_attention" = Option<bool>, Query, description = "Only those that a person must look at"),
        ("channel" = Option<String>, Query, description = "Only those that this channel sold"),
        ("created_from" = Option<String>, Query, description = "Only those placed at or after this moment", example = "2026-01-01T00:00:00Z"),
        ("limit" = Option<u32>, Query, description = "1 to 100, by default 20", minimum = 1, maximum = 100),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
    ),
    responses((status = 200, description = "A page of orders", body = OrderPage)),
)]
pub async fn handle(ask: Ask) -> Outcome {
    let filter = read_filter(&ask.query(PARAMETERS)?)?;
    let one_more = OrderFilter { limit: filter.limit.saturating_add(1), ..filter.clone() };
    let mut found = orders::list(&ask.platform.database()?, &one_more).await?;
    let limit = usize::try_from(filter.limit).unwrap_or(usize::MAX);
    let more = found.len() > limit;
    found.truncate(limit);
    let next_cursor = found.last().filter(|_| more).map(cursor);
    let items = found.iter().map(|order| OrderView::of(order, Audience::Merchant)).collect();
    Reply::json(200, &OrderPage { items, next_cursor })
}

/// Which are wanted, and after which.
///
/// # Errors
/// 422.
pub fn read_filter(query: &Query<'_>) -> Result<OrderFilter, ApiError> {
    let status = |text: &str| OrderStatus::ALL.into_iter().find(|status| status.name() == text);
    let payment_status = |text: &str| serde_json::from_value(text.into()).ok();
    let after = query.cursor()?.map(|text| {
        position(&text)
            .ok_or_else(|| ApiError::field("?cursor", "must be the next_cursor of an earlier page"))
    });
    Ok(OrderFilter {
        status: query.read("status", "must be a status of orders", status)?,
        payment_status: query.read(
            "payment_status",
            "must be a status of payments",
            payment_status,
        )?,
        email: query.one("email")?.map(str::to_owned),
        needs_attention: query.flag("needs_attention")?,
        channel: query.read("channel", "must be a channel", |text| text.parse().ok())?,
        created_from: query.read(
            "created_from",
            "must be an RFC 3339 time",
            Timestamp::parse_rfc3339,
        )?,
        after: after.transpose()?,
        limit: query.limit()?,
    })
}

fn cursor(order: &Order) -> String {
    cursor_after(&format!("{}:{}", order.created_at.milliseconds(), order.id))
}

fn position(text: &str) -> Option<OrderPosition> {
    let (created_at, id) = text.split_once(':')?;
    let created_at = Timestamp::from_milliseconds(created_at.parse().ok()?);
    Some(OrderPosition { created_at, id: id.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(text: &str) -> Result<OrderFilter, ApiError> {
        read_filter(&Query::parse(text, PARAMETERS)?)
    }

    #[test]
    fn every_filter_is_read_or_refused() {
        let read = filter(
            "status=expired&payment_status=action_required&email=A%40b.cd&needs_attention=true\
             &channel=market&created_from=2026-01-01T00:00:00Z&limit=5",
        )
        .unwrap();
        assert_eq!(read.status, Some(OrderStatus::Expired));
        assert_eq!(read.payment_status, Some(PaymentStatus::ActionRequired));
        assert_eq!(read.email.as_deref(), Some("A@b.cd"));
        assert!(read.needs_attention);
        assert_eq!(read.channel.map(|channel| channel.to_string()).as_deref(), Some("market"));
        assert_eq!(read.limit, 5);
        for bad in [
            "status=Open",
            "status=open&status=open",
            "payment_status=x",
            "needs_attention=1",
            "channel=a%20b",
            "created_from=yesterday",
            "limit=0",
            "cursor=6162",
            "cursor=zz",
            "sort=id",
            "status=open%27%20OR%201%3D1",
        ] {
            assert!(filter(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_cursor_names_the_last_order_of_a_page() {
        let id = "ord_0700000000000000000000000000000abc";
        let text = format!("cursor={}", cursor_after(&format!("1767225600123:{id}")));
        let after = filter(&text).unwrap().after.unwrap();
        assert_eq!(after.created_at.milliseconds(), 1_767_225_600_123);
        assert_eq!(after.id.to_string(), id);
    }
}
