//! `GET /v1/admin/reconciliations/{id}/items.csv`: a run for a spreadsheet.

use super::show::found;
use crate::api::ask::Ask;
use crate::api::openapi::Problem;
use crate::api::reply::{Outcome, Reply};
use crate::domain::money::Money;
use crate::domain::reconciliation::{Finding, Item};
use crate::domain::time::Timestamp;
use crate::runtime::serve::OutgoingBody;
use crate::storage::reconciliations;

/// Movements that one question brings. A run has a bounded number of them, so the answer is bounded.
const PAGE: u32 = 1_000;

const HEADER: &str = "number,result,kind,order_id,payment_reference,here_amount_minor,here_currency,\
    here_occurred_at,here_operation_ids,there_amount_minor,there_currency,there_occurred_at,\
    there_movement_references\r\n";

/// Every movement of a reconciliation as CSV (RFC 4180), in the order of time.
///
/// Amounts are minor units. A text that a spreadsheet would take for a formula begins with an apostrophe.
#[utoipa::path(
    get, path = "/v1/admin/reconciliations/{id}/items.csv", operation_id = "export_reconciliation", tag = "admin",
    params(
        ("id" = String, Path, description = "The run", example = "rec_019aa0c05c1c7c2e8a5b0d3c5a6f7e80"),
        ("result" = Option<Finding>, Query, description = "Only movements of this result"),
    ),
    responses(
        (status = 200, description = "A header and a row for every movement", body = String, content_type = "text/csv"),
        (status = 404, description = "`reconciliation_not_found`", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn handle(ask: Ask) -> Outcome {
    let query = ask.query(&["result"])?;
    let result = query.read("result", "must be a result of movements", Finding::from_name)?;
    let run = found(&ask).await?;
    let database = ask.platform.database()?;
    let mut text = HEADER.to_owned();
    let mut after = 0;
    loop {
        let page = reconciliations::items(&database, run.id, result, after, PAGE).await?;
        for (number, item) in &page {
            text.push_str(&row(*number, item));
        }
        match page.last() {
            Some((number, _)) if page.len() >= usize::try_from(PAGE).unwrap_or(usize::MAX) => {
                after = *number;
            }
            _ => break,
        }
    }
    let name = format!("attachment; filename=\"{}.csv\"", run.id);
    let reply = Reply::text(200, "text/csv; charset=utf-8", OutgoingBody::Text(text));
    Ok(reply.with_header("content-disposition", name))
}

fn row(number: u32, item: &Item) -> String {
    let here = item.here.as_ref();
    let there = item.there.as_ref();
    let operations = here.map(|side| {
        let ids: Vec<String> = side.operation_ids.iter().map(ToString::to_string).collect();
        ids.join(" ")
    });
    let references = there.map(|side| side.movement_references.join(" "));
    let mut cells = vec![
        number.to_string(),
        item.result.name().to_owned(),
        item.kind.name().to_owned(),
        item.order_id.map(|id| id.to_string()).unwrap_or_default(),
        item.payment_reference.clone().unwrap_or_default(),
    ];
    cells.extend(side(here.map(|side| (side.amount, side.occurred_at))));
    cells.push(operations.unwrap_or_default());
    cells.extend(side(there.map(|side| (side.amount, side.occurred_at))));
    cells.push(references.unwrap_or_default());
    let cells: Vec<String> = cells.iter().map(|text| cell(text)).collect();
    [cells.join(","), "\r\n".to_owned()].concat()
}

fn side(side: Option<(Money, Timestamp)>) -> [String; 3] {
    match side {
        Some((money, at)) => {
            [money.amount.to_string(), money.currency.code().to_owned(), at.rfc3339()]
        }
        None => Default::default(),
    }
}

/// A text as a cell: quoted where it must be, and never a formula.
fn cell(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if formula { ["'", text].concat() } else { text.to_owned() };
    if text.contains(['"', ',', '\r', '\n']) {
        return ["\"", &text.replace('"', "\"\""), "\""].concat();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::payment::OperationKind;
    use crate::domain::reconciliation::TheirSide;

    #[test]
    fn a_cell_is_quoted_where_it_must_be_and_never_a_formula() {
        for (text, written) in [
            ("", ""),
            ("pay_1", "pay_1"),
            ("a,b", "\"a,b\""),
            ("a \"b\"", "\"a \"\"b\"\"\""),
            ("a\r\nb", "\"a\r\nb\""),
            ("=1+1", "'=1+1"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@x", "'@x"),
            ("\tx", "'\tx"),
            ("=HYPERLINK(\"http://x\",\"y\")", "\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\""),
        ] {
            assert_eq!(cell(text), written, "{text:?}");
        }
    }

    #[test]
    fn a_row_has_a_cell_for_every_name_in_the_header() {
        let item = Item {
            result: Finding::MissingHere,
            kind: OperationKind::Refund,
            order_id: None,
            payment_reference: None,
            here: None,
            there: Some(TheirSide {
                amount: Money::new(500, "USD".parse().unwrap()),
                occurred_at: Timestamp::from_milliseconds(0),
                movement_references: vec!["re_1".to_owned(), "re_2".to_owned()],
            }),
        };
        let written = row(3, &item);
        assert_eq!(written.matches(',').count(), HEADER.matches(',').count());
        assert_eq!(
            written,
            "3,missing_here,refund,,,,,,,500,USD,1970-01-01T00:00:00.000Z,re_1 re_2\r\n"
        );
    }
}
