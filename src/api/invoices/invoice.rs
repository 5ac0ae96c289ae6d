//! `GET /v1/admin/invoices/{number}` and its page.

pub mod show {
    //! `GET /v1/admin/invoices/{number}`: an invoice, as it was made.

    use crate::api::ask::Ask;
    use crate::api::invoices::document;
    use crate::api::openapi::Problem;
    use crate::api::reply::Outcome;
    use crate::domain::invoice::{DocumentKind, InvoiceDocument};

    /// Shows an invoice as it was made: it never changes. The `ETag` is the SHA-256 of the document.
    #[utoipa::path(
        get, path = "/v1/admin/invoices/{number}", operation_id = "show_invoice", tag = "admin",
        params(("number" = String, Path, description = "The invoice's number", example = "CW-000001")),
        responses(
            (status = 200, description = "The invoice", body = InvoiceDocument),
            (status = 404, description = "`invoice_not_found`", body = Problem, content_type = "application/problem+json"),
        ),
    )]
    pub async fn handle(ask: Ask) -> Outcome {
        Ok(document::named(&ask, DocumentKind::Invoice).await?.json(None))
    }
}

pub mod page {
    //! `GET /v1/admin/invoices/{number}/page`: an invoice to read and print.

    use crate::api::ask::Ask;
    use crate::api::invoices::document;
    use crate::api::openapi::Problem;
    use crate::api::reply::Outcome;
    use crate::domain::invoice::DocumentKind;

    /// Shows an invoice as a page for a browser or a printer: A4, without scripts.
    #[utoipa::path(
        get, path = "/v1/admin/invoices/{number}/page", operation_id = "show_invoice_page", tag = "admin",
        params(("number" = String, Path, description = "The invoice's number", example = "CW-000001")),
        responses(
            (status = 200, description = "The page", body = String, content_type = "text/html"),
            (status = 404, description = "`invoice_not_found`", body = Problem, content_type = "application/problem+json"),
        ),
    )]
    pub async fn handle(ask: Ask) -> Outcome {
        document::named(&ask, DocumentKind::Invoice).await?.page(None)
    }
}
