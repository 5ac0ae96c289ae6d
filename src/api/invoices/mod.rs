//! Invoices and credit notes: documents that never change, as JSON and as pages to print.
//!
//! A document is answered as it is stored, to the byte; a page is drawn from it.

mod amounts;
pub mod credit_note;
mod document;
pub mod invoice;
pub mod list;
pub mod of_order;
mod page;
