//! `InvoiceSeries`: hands out the numbers of one series, gapless, once per order.
//!
//! Why an object: a gapless sequence needs one writer. It is small and off the buyer's path: shards
//! ask it for the numbers of many paid orders at once, after the buyer has been answered.
#![expect(
    missing_docs,
    reason = "the durable_object macro writes methods that it does not document"
)]

use worker::{DurableObject, Env, Error, Request, Response, Result, State, durable_object};

use super::commands::{NumberInvoices, NumberedInvoices};
use crate::domain::id::OrderId;
use crate::runtime::clock::now;
use crate::runtime::object_call::answer;
use crate::runtime::sqlite::{Sqlite, integer, text};

const SCHEMA: &str = include_str!("../../schema/objects/invoice_series.sql");

/// The Durable Object class. It holds no state of record: everything is in its storage.
#[durable_object]
pub struct InvoiceSeries {
    sqlite: std::result::Result<Sqlite, String>,
}

impl DurableObject for InvoiceSeries {
    fn new(state: State, _env: Env) -> Self {
        Self { sqlite: Sqlite::open(&state, SCHEMA).map_err(|error| error.to_string()) }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        let sqlite = self.sqlite.as_ref().map_err(|e| Error::RustError(e.clone()))?;
        let ask: NumberInvoices = serde_json::from_str(&request.text().await?)?;
        let numbers = sqlite.transaction(|| {
            ask.order_ids.iter().map(|id| number(sqlite, &ask.series, *id)).collect()
        })?;
        answer(&NumberedInvoices { numbers })
    }
}

/// The order's number, given now if it has none. All of them happen or none does, so a number is
/// never used up without an invoice.
fn number(sqlite: &Sqlite, series: &str, id: OrderId) -> Result<String> {
    let id = id.to_string();
    let query = "SELECT number FROM invoices WHERE order_id = ?";
    let number = match sqlite.row(query, vec![text(id.clone())])? {
        Some(known) => known.integer(0)?,
        None => {
            let insert =
                "INSERT INTO invoices (order_id, issued_at) VALUES (?, ?) RETURNING number";
            let issued_at = integer(now().milliseconds());
            let row = sqlite.row(insert, vec![text(id), issued_at])?;
            row.ok_or_else(|| Error::RustError("no number was given".to_owned()))?.integer(0)?
        }
    };
    Ok(format!("{series}-{number:06}"))
}
