//! `GET /v1/admin/credit-notes/{number}` and its page.

pub mod show {
    //! `GET /v1/admin/credit-notes/{number}`: a credit note, as it was made.

    use crate::api::ask::Ask;
    use crate::api::invoices::document;
    use crate::api::openapi::Problem;
    use crate::api::reply::Outcome;
    use crate::domain::invoice::{CreditNoteDocument, DocumentKind};

    /// Shows a credit note as it was made: it never changes. The `ETag` is the SHA-256 of the document.
    #[utoipa::path(
        get, path = "/v1/admin/credit-notes/{number}", operation_id = "show_credit_note", tag = "admin",
        params(("number" = String, Path, description = "The credit note's number", example = "CW-CN-000001")),
        responses(
            (status = 200, description = "The credit note", body = CreditNoteDocument),
            (status = 404, description = "`invoice_not_found`", body = Problem, content_type = "application/problem+json"),
        ),
    )]
    pub async fn handle(ask: Ask) -> Outcome {
        Ok(document::named(&ask, DocumentKind::CreditNote).await?.json(None))
    }
}

pub mod page {
    //! `GET /v1/admin/credit-notes/{number}/page`: a credit note to read and print.

    use crate::api::ask::Ask;
    use crate::api::invoices::document;
    use crate::api::openapi::Problem;
    use crate::api::reply::Outcome;
    use crate::domain::invoice::DocumentKind;

    /// Shows a credit note as a page for a browser or a printer: A4, without scripts.
    #[utoipa::path(
        get, path = "/v1/admin/credit-notes/{number}/page", operation_id = "show_credit_note_page", tag = "admin",
        params(("number" = String, Path, description = "The credit note's number", example = "CW-CN-000001")),
        responses(
            (status = 200, description = "The page", body = String, content_type = "text/html"),
            (status = 404, description = "`invoice_not_found`", body = Problem, content_type = "application/problem+json"),
        ),
    )]
    pub async fn handle(ask: Ask) -> Outcome {
        document::named(&ask, DocumentKind::CreditNote).await?.page(None)
    }
}
