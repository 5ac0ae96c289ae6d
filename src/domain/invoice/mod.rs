//! Invoices and credit notes: what an order comes to on paper, exact to the minor unit for every tax.
//!
//! An invoice is made once, when its order's payment is settled; a credit note once for every refund
//! whose money has moved. Neither ever changes: of a refund that fails afterwards, another note cancels the
//! first ([`CancellationDraft`]). What makes them add up is [`TaxGroups`]: an amount
//! taken apart into nets and taxes that are shared out as whole minor units, so that all credit notes
//! of an order that is refunded in full cancel its invoice for every single tax.

mod apportion;
mod cancellation;
mod credit_note;
mod document;
mod due;
mod entry;
mod tax_groups;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

pub use apportion::apportion;
pub use cancellation::CancellationDraft;
pub use credit_note::{CreditNoteDocument, CreditNoteDraft, CreditedLine, CreditedShipping};
pub use document::{
    Buyer, DocumentKind, FORMAT, Heading, InvoiceDocument, InvoiceDraft, InvoiceLine,
    InvoicePayment, InvoiceShipping, InvoiceTotals,
};
pub use due::DEFAULT_CREDIT_NOTE_SUFFIX;
pub use entry::{DocumentNumber, InvoiceEntry};
pub use tax_groups::{Amount, PartByTax, TaxGroup, TaxGroups, TaxSummaryLine};
