//! `POST /v1/admin/reconciliations`: compares a window now.

use serde::Deserialize;
use utoipa::ToSchema;

use super::view::ReconciliationView;
use crate::api::ask::Ask;
use crate::api::body;
use crate::api::error::{ApiError, ErrorCode};
use crate::api::openapi::Problem;
use crate::api::reply::{Outcome, Reply};
use crate::domain::field_error::FieldError;
use crate::domain::payment::Gateway;
use crate::domain::reconciliation::{MAX_WINDOW_MILLISECONDS, RunCause, Window};
use crate::domain::time::Timestamp;
use crate::objects::commands::{ReconcilerAnswer, ReconcilerCommand};
use crate::providers::payment::registry;
use crate::storage::reconciliations;

/// A window to be compared.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"gateway": "sandbox", "from": "2026-01-30T00:00:00Z", "to": "2026-01-31T00:00:00Z"}))]
pub struct ReconciliationRequest {
    /// Whose books.
    gateway: Gateway,
    /// The first moment of the window.
    #[schema(value_type = String, format = DateTime)]
    from: Timestamp,
    /// The first moment after it: at most 31 days later, and not in the future.
    #[schema(value_type = String, format = DateTime)]
    to: Timestamp,
}

impl ReconciliationRequest {
    /// What is wrong with it, apart from what its types refuse.
    #[must_use]
    pub fn check(&self, now: Timestamp) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let mut require = |holds: bool, message: &str| {
            if !holds {
                errors.push(FieldError { pointer: "/to".to_owned(), message: message.to_owned() });
            }
        };
        let length = self.to.milliseconds_since(self.from);
        require(length > 0, "must be later than from");
        require(length <= MAX_WINDOW_MILLISECONDS, "must be at most 31 days after from");
        require(self.to <= now, "must not be in the future");
        errors
    }
}

/// Compares a gateway's books with our ledger for a window, once per `Idempotency-Key`.
///
/// It goes on by itself; follow it with `GET /v1/admin/reconciliations/{id}`. What is too young to be
/// sure to be in both books is left out: `compared_to` says from when. Every settled day is compared
/// without being asked for.
#[utoipa::path(
    post, path = "/v1/admin/reconciliations", operation_id = "create_reconciliation", tag = "admin",
    params(("Idempotency-Key" = String, Header, description = "1 to 255 visible ASCII characters", example = "january-30")),
    request_body = ReconciliationRequest,
    responses(
        (status = 202, description = "It is running; `Idempotent-Replayed: true` on a repeat", body = ReconciliationView),
        (status = 422, description = "`invalid_request`, `books_unavailable`, `idempotency_key_reused`", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn handle(mut ask: Ask) -> Outcome {
    let body = ask.json_bytes().await?;
    let submission = ask.submission(&body)?;
    let request: ReconciliationRequest = body::parse(&body)?;
    let errors = request.check(ask.platform.now());
    if !errors.is_empty() {
        return Err(ApiError::fields(errors));
    }
    let shows_books = registry::gateway(&ask.platform.settings().payments, request.gateway)
        .is_some_and(|gateway| gateway.listing().is_some());
    if !shows_books {
        return Err(ApiError::new(ErrorCode::BooksUnavailable));
    }
    let command = ReconcilerCommand::Start {
        key: submission.key,
        fingerprint: submission.fingerprint,
        window: Window { from: request.from, to: request.to },
        cause: RunCause::Requested,
    };
    match ask.platform.reconciler(request.gateway, &command).await? {
        ReconcilerAnswer::Run { run, replayed } => {
            // Here as well as in the object, so that whoever is answered finds it at once.
            reconciliations::open(&ask.platform.database()?, &run).await?;
            Ok(Reply::json(202, &ReconciliationView::of(&run))?.replayed(replayed))
        }
        ReconcilerAnswer::KeyReused => Err(ApiError::new(ErrorCode::IdempotencyKeyReused)),
        ReconcilerAnswer::Ok => {
            Err(ApiError::internal("the object's answer does not fit a reconciliation"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_bounded_and_past() {
        let now = Timestamp::parse_rfc3339("2026-02-15T00:00:00Z").unwrap();
        for (from, to, errors) in [
            ("2026-02-14T00:00:00Z", "2026-02-15T00:00:00Z", 0),
            ("2026-01-15T00:00:00Z", "2026-02-15T00:00:00Z", 0),
            ("2026-01-14T23:59:59Z", "2026-02-15T00:00:00Z", 1),
            ("2026-02-14T00:00:00Z", "2026-02-15T00:00:00.001Z", 1),
            ("2026-02-14T00:00:00Z", "2026-02-14T00:00:00Z", 1),
            ("2026-02-14T00:00:00Z", "2026-02-13T00:00:00Z", 1),
            ("2026-02-16T00:00:00Z", "2026-04-15T00:00:00Z", 2),
        ] {
            let body = serde_json::json!({"gateway": "stripe", "from": from, "to": to});
            let request: ReconciliationRequest = serde_json::from_value(body).unwrap();
            assert_eq!(request.check(now).len(), errors, "{from} to {to}");
        }
    }
}
