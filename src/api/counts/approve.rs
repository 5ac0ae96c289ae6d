//! `POST /v1/admin/counts/{id}/approve`: the count is believed.

use super::Counts;
use super::view::CountView;
use crate::api::ask::Ask;
use crate::api::openapi::Problem;
use crate::api::reply::Outcome;
use crate::api::stock_documents::kind::with_note;
use crate::api::stock_documents::note::NoteRequest;
use crate::domain::stock_document::Action;

/// Approves a count, once per `Idempotency-Key`.
///
/// Each line's variance is booked: the difference between what was counted and what was known at that moment.
/// What was sold or came since is not undone. If a line would take units that orders hold, nothing is booked.
/// Nor is it if another count of one of its shelves was booked since: both found the same difference, so the
/// shelf is recorded again and the count approved then.
#[utoipa::path(
    post, path = "/v1/admin/counts/{id}/approve", operation_id = "approve_count", tag = "admin",
    params(
        ("id" = String, Path, description = "The count", example = "cnt_019aa0c05c1c7c2e8a5b0d3c5a6f7e80"),
        ("Idempotency-Key" = String, Header, description = "1 to 255 visible ASCII characters", example = "count-9-approved"),
    ),
    request_body = NoteRequest,
    responses(
        (status = 200, description = "Approved; `Idempotent-Replayed: true` on a repeat", body = CountView),
        (status = 202, description = "It is written down; a SKU did not answer yet, and it goes on by itself", body = CountView),
        (status = 404, description = "`count_not_found`", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`document_state`: `state` says which, `allowed` what may be done; `document_full`; `second_person_required`; `units_claimed`: nothing was booked, `lines` says which lines were refused and how many units could be taken from each; `shelf_counted_since`: nothing was booked, `lines` says which shelves are to be counted again", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "`invalid_request`, `idempotency_key_reused`", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "`try_again`: an earlier step is not over", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn handle(ask: Ask) -> Outcome {
    with_note::<Counts>(ask, Action::Approve).await
}
