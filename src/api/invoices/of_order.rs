//! An order's own invoice and credit notes, for its buyer.

use super::document::{self, Kept};
use crate::api::ask::Ask;
use crate::api::error::{ApiError, ErrorCode};
use crate::api::orders::show::found;
use crate::domain::id::OrderId;
use crate::domain::invoice::{DocumentKind, DocumentNumber};
use crate::domain::order::Order;
use crate::objects::commands::ShardCommand;

/// The order of the path, from the shard that owns it: only it knows its numbers.
async fn order(ask: &Ask) -> Result<(OrderId, Order), ApiError> {
    let id = ask.order_id()?;
    let answer = ask.platform.shard(id.shard(), &ShardCommand::Read { id }).await;
    let answer = answer.map_err(|unavailable| ApiError::from(unavailable).about(id))?;
    Ok((id, found(id, answer)?))
}

async fn invoice(ask: &Ask) -> Result<(OrderId, Kept), ApiError> {
    let (id, order) = order(ask).await?;
    let number = order.invoice_number.ok_or_else(|| document::not_found().about(id))?;
    let kept = document::of_text(&ask.platform, &number, DocumentKind::Invoice).await;
    Ok((id, kept.map_err(|error| error.about(id))?))
}

/// The credit note of the path, if it is one of this order.
async fn credit_note(ask: &Ask) -> Result<(OrderId, Kept), ApiError> {
    let (id, order) = order(ask).await?;
    let number: DocumentNumber = ask.named("number", ErrorCode::InvoiceNotFound)?;
    let number = number.to_string();
    let cancellations = || order.refunds.iter().flat_map(|r| &r.credit_note_cancellations);
    let own = order.refunds.iter().any(|r| r.credit_note_number.as_ref() == Some(&number));
    if !own && !cancellations().any(|cancellation| cancellation.number == number) {
        return Err(document::not_found().about(id));
    }
    let kept = document::of_text(&ask.platform, &number, DocumentKind::CreditNote).await;
    Ok((id, kept.map_err(|error| error.about(id))?))
}

pub mod show_invoice {
    //! `GET /v1/orders/{id}/invoice`: an order's invoice, as it was made.

    use crate::api::ask::Ask;
    use crate::api::openapi::Problem;
    use crate::api::reply::Outcome;
    use crate::domain::invoice::InvoiceDocument;

    /// Shows an order's invoice. There is one a moment after the order's payment is settled.
    #[utoipa::path(
        get, path = "/v1/orders/{id}/invoice", operation_id = "show_order_invoice", tag = "orders",
        params(("id" = String, Path, description = "The order", example = "ord_03019aa0c05c1c7c2e8a5b0d3c5a6f7e80")),
        responses(
            (status = 200, description = "The invoice", body = InvoiceDocument),
            (status = 404, description = "`order_not_found`; `invoice_not_found`: it has none, or none yet", body = Problem, content_type = "application/problem+json"),
        ),
    )]
    pub async fn handle(ask: Ask) -> Outcome {
        let (id, kept) = super::invoice(&ask).await?;
        Ok(kept.json(Some(id)))
    }
}

pub mod invoice_page {
    //! `GET /v1/orders/{id}/invoice/page`: an order's invoice to read and print.

    use crate::api::ask::Ask;
    use crate::api::openapi::Problem;
    use crate::api::reply::Outcome;

    /// Shows an order's invoice as a page for a browser or a printer: A4, without scripts.
    #[utoipa::path(
        get, path = "/v1/orders/{id}/invoice/page", operation_id = "show_order_invoice_page", tag = "orders",
        params(("id" = String, Path, description = "The order", example = "ord_03019aa0c05c1c7c2e8a5b0d3c5a6f7e80")),
        responses(
            (status = 200, description = "The page", body = String, content_type = "text/html"),
            (status = 404, description = "`order_not_found`; `invoice_not_found`: it has none, or none yet", body = Problem, content_type = "application/problem+json"),
        ),
    )]
    pub async fn handle(ask: Ask) -> Outcome {
        let (id, kept) = super::invoice(&ask).await?;
        kept.page(Some(id))
    }
}

pub mod show_credit_note {
    //! `GET /v1/orders/{id}/credit-notes/{number}`: a credit note of an order, as it was made.

    use crate::api::ask::Ask;
    use crate::api::openapi::Problem;
    use crate::api::reply::Outcome;
    use crate::domain::invoice::CreditNoteDocument;

    /// Shows a credit note of an order. There is one for every refund whose money has moved, and one that
    /// cancels it if the refund failed afterwards.
    #[utoipa::path(
        get, path = "/v1/orders/{id}/credit-notes/{number}", operation_id = "show_order_credit_note", tag = "orders",
        params(
            ("id" = String, Path, description = "The order", example = "ord_03019aa0c05c1c7c2e8a5b0d3c5a6f7e80"),
            ("number" = String, Path, description = "The credit note's number", example = "CW-CN-000001"),
        ),
        responses(
            (status = 200, description = "The credit note", body = CreditNoteDocument),
            (status = 404, description = "`order_not_found`; `invoice_not_found`: the order has no such credit note", body = Problem, content_type = "application/problem+json"),
        ),
    )]
    pub async fn handle(ask: Ask) -> Outcome {
        let (id, kept) = super::credit_note(&ask).await?;
        Ok(kept.json(Some(id)))
    }
}

pub mod credit_note_page {
    //! `GET /v1/orders/{id}/credit-notes/{number}/page`: a credit note of an order to read and print.

    use crate::api::ask::Ask;
    use crate::api::openapi::Problem;
    use crate::api::reply::Outcome;

    /// Shows a credit note of an order as a page for a browser or a printer: A4, without scripts.
    #[utoipa::path(
        get, path = "/v1/orders/{id}/credit-notes/{number}/page", operation_id = "show_order_credit_note_page", tag = "orders",
        params(
            ("id" = String, Path, description = "The order", example = "ord_03019aa0c05c1c7c2e8a5b0d3c5a6f7e80"),
            ("number" = String, Path, description = "The credit note's number", example = "CW-CN-000001"),
        ),
        responses(
            (status = 200, description = "The page", body = String, content_type = "text/html"),
            (status = 404, description = "`order_not_found`; `invoice_not_found`: the order has no such credit note", body = Problem, content_type = "application/problem+json"),
        ),
    )]
    pub async fn handle(ask: Ask) -> Outcome {
        let (id, kept) = super::credit_note(&ask).await?;
        kept.page(Some(id))
    }
}
