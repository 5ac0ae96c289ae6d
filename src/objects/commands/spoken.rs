//! Commands, answers and messages read from JSON.
//!
//! Which of its kinds a value is, is said by a tag. As long as it does not know the tag, the derived reader
//! holds everything else in a tree and reads that a second time. What this program writes has the tag in
//! front, so the kinds that every order has are recognised by how their text begins and read once.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Result, from_str};

use super::{
    CheckoutOutcome, DocumentDraft, EventMessage, ImportAnswer, OrderClaim, ReconcilerAnswer,
    SeriesAnswer, SeriesCommand, ShardAnswer, ShardCommand, SkuAnswer, SkuCommand,
    StockDocumentAnswer, WebhookNews,
};
use crate::domain::id::OrderId;
use crate::domain::inventory::spread::SpreadHint;
use crate::domain::inventory::{ClaimReply, StockLevel};
use crate::domain::invoice::{InvoiceDraft, InvoiceEntry};
use crate::domain::order::Order;
use crate::domain::payment::Gateway;
use crate::domain::time::Timestamp;
use crate::flows::announce::OrderEvent;
use crate::flows::place::Draft;

/// What is said as JSON.
pub trait Spoken: DeserializeOwned {
    /// Reads it.
    ///
    /// # Errors
    /// When the text is not what is expected.
    fn read(json: &str) -> Result<Self> {
        from_str(json)
    }
}

impl Spoken for SeriesAnswer {}
impl Spoken for ReconcilerAnswer {}
impl Spoken for StockDocumentAnswer {}
impl Spoken for ImportAnswer {}

#[derive(Deserialize)]
struct OfOrder {
    order: Box<Order>,
}

#[derive(Deserialize)]
struct CountersAsOf {
    level: Box<StockLevel>,
    as_of: Timestamp,
}

impl Spoken for ShardCommand {
    fn read(json: &str) -> Result<Self> {
        #[derive(Deserialize)]
        struct Checkout {
            key: String,
            fingerprint: String,
            draft: Box<Draft>,
        }
        #[derive(Deserialize)]
        struct Webhook {
            gateway: Gateway,
            event_id: String,
            id: OrderId,
            news: Box<WebhookNews>,
        }
        if json.starts_with(r#"{"command":"checkout","#) {
            let Checkout { key, fingerprint, draft } = from_str(json)?;
            return Ok(Self::Checkout { key, fingerprint, draft });
        }
        if json.starts_with(r#"{"command":"webhook","#) {
            let Webhook { gateway, event_id, id, news } = from_str(json)?;
            return Ok(Self::Webhook { gateway, event_id, id, news });
        }
        from_str(json)
    }
}

impl Spoken for ShardAnswer {
    fn read(json: &str) -> Result<Self> {
        #[derive(Deserialize)]
        struct Checkout<'a> {
            #[serde(borrow)]
            outcome: &'a RawValue,
            replayed: bool,
        }
        if json.starts_with(r#"{"answer":"order","#) {
            return from_str(json).map(|OfOrder { order }| Self::Order { order });
        }
        if json.starts_with(r#"{"answer":"checkout","#) {
            let Checkout { outcome, replayed } = from_str(json)?;
            let outcome = Box::new(CheckoutOutcome::read(outcome.get())?);
            return Ok(Self::Checkout { outcome, replayed });
        }
        from_str(json)
    }
}

impl Spoken for CheckoutOutcome {
    fn read(json: &str) -> Result<Self> {
        if json.starts_with(r#"{"outcome":"placed","#) {
            return from_str(json).map(|OfOrder { order }| Self::Placed { order });
        }
        from_str(json)
    }
}

impl Spoken for SkuCommand {
    fn read(json: &str) -> Result<Self> {
        #[derive(Deserialize)]
        struct Claims {
            claims: Vec<OrderClaim>,
        }
        if json.starts_with(r#"{"command":"claims","#) {
            return from_str(json).map(|Claims { claims }| Self::Claims { claims });
        }
        from_str(json)
    }
}

impl Spoken for SkuAnswer {
    fn read(json: &str) -> Result<Self> {
        #[derive(Deserialize)]
        struct Claims {
            answers: Vec<ClaimReply>,
            #[serde(default)]
            spread: Option<SpreadHint>,
        }
        if json.starts_with(r#"{"answer":"claims","#) {
            let Claims { answers, spread } = from_str(json)?;
            return Ok(Self::Claims { answers, spread });
        }
        if json.starts_with(r#"{"answer":"level","#) {
            let CountersAsOf { level, as_of } = from_str(json)?;
            return Ok(Self::Level { level, as_of });
        }
        from_str(json)
    }
}

impl Spoken for SeriesCommand {
    fn read(json: &str) -> Result<Self> {
        #[derive(Deserialize)]
        struct Issue<'a> {
            #[serde(borrow)]
            drafts: Vec<&'a RawValue>,
        }
        if json.starts_with(r#"{"command":"issue","#) {
            let Issue { drafts } = from_str(json)?;
            let drafts = drafts.into_iter().map(|draft| DocumentDraft::read(draft.get()));
            return drafts.collect::<Result<_>>().map(|drafts| Self::Issue { drafts });
        }
        from_str(json)
    }
}

impl Spoken for DocumentDraft {
    fn read(json: &str) -> Result<Self> {
        #[derive(Deserialize)]
        struct Invoice {
            draft: Box<InvoiceDraft>,
        }
        if json.starts_with(r#"{"kind":"invoice","#) {
            return from_str(json).map(|Invoice { draft }| Self::Invoice { draft });
        }
        from_str(json)
    }
}

impl Spoken for EventMessage {
    fn read(json: &str) -> Result<Self> {
        #[derive(Deserialize)]
        struct OrderChanged {
            id: String,
            events: Vec<OrderEvent>,
            order: Box<Order>,
        }
        #[derive(Deserialize)]
        struct Counters {
            sku: String,
            level: Box<StockLevel>,
            as_of: Timestamp,
        }
        #[derive(Deserialize)]
        struct Numbered {
            entries: Vec<InvoiceEntry>,
        }
        if json.starts_with(r#"{"kind":"order","#) {
            let OrderChanged { id, events, order } = from_str(json)?;
            return Ok(Self::Order { id, events, order });
        }
        if json.starts_with(r#"{"kind":"stock","#) {
            let Counters { sku, level, as_of } = from_str(json)?;
            return Ok(Self::Stock { sku, level, as_of });
        }
        if json.starts_with(r#"{"kind":"invoices","#) {
            return from_str(json).map(|Numbered { entries }| Self::Invoices { entries });
        }
        from_str(json)
    }
}

#[cfg(test)]
mod tests {
    use serde::Serialize;

    use super::*;
    use crate::domain::id::ShardNumber;
    use crate::domain::invoice::InvoiceDraft;
    use crate::domain::payment::CaptureMode;
    use crate::flows::place::place;
    use crate::flows::tests::world::draft;

    /// Read by its beginning, and, with something in front, by the derived reader: it is the same.
    #[track_caller]
    fn is_read_alike<T: Spoken + Serialize>(said: &T, expected_front: &str) {
        let json = serde_json::to_string(said).unwrap();
        assert!(json.starts_with(expected_front), "{json}");
        let derived: T = from_str(&json).unwrap();
        assert_eq!(serde_json::to_string(&T::read(&json).unwrap()).unwrap(), json);
        assert_eq!(serde_json::to_string(&derived).unwrap(), json);
        let spaced = json.replacen('{', "{ ", 1);
        assert_eq!(serde_json::to_string(&T::read(&spaced).unwrap()).unwrap(), json);
        assert!(T::read(json.strip_suffix('}').unwrap()).is_err());
        assert!(T::read(&format!("{expected_front}\"nothing\":0}}")).is_err());
    }

    fn order() -> Box<Order> {
        let id = OrderId::new(ShardNumber(3), uuid::Uuid::from_u128(7));
        Box::new(place(draft(CaptureMode::Automatic), id, Timestamp::from_milliseconds(1)))
    }

    #[test]
    fn what_is_said_of_every_order_is_read_by_its_beginning_as_by_its_tag() {
        let (key, fingerprint) = ("key".to_owned(), "body".to_owned());
        let draft = Box::new(draft(CaptureMode::Automatic));
        is_read_alike(
            &ShardCommand::Checkout { key, fingerprint, draft },
            r#"{"command":"checkout","#,
        );
        let webhook = ShardCommand::Webhook {
            gateway: Gateway::Sandbox,
            event_id: "evt_1".to_owned(),
            id: order().id,
            news: Box::new(WebhookNews::AskAbout { reference: "pay_1".to_owned() }),
        };
        is_read_alike(&webhook, r#"{"command":"webhook","#);
        is_read_alike(&ShardAnswer::Order { order: order() }, r#"{"answer":"order","#);
        for outcome in [
            CheckoutOutcome::Placed { order: order() },
            CheckoutOutcome::PaymentDeclined { order: order() },
        ] {
            let answer = ShardAnswer::Checkout { outcome: Box::new(outcome), replayed: true };
            is_read_alike(&answer, r#"{"answer":"checkout","#);
        }
        let events = vec![OrderEvent::Paid, OrderEvent::Invoiced];
        let message = EventMessage::Order { id: "evt".to_owned(), events, order: order() };
        is_read_alike(&message, r#"{"kind":"order","#);
        let entry = InvoiceEntry {
            number: "INV-000001".to_owned(),
            kind: crate::domain::invoice::DocumentKind::Invoice,
            series: "INV".to_owned(),
            order_id: order().id,
            refund_id: None,
            issued_at: Timestamp::from_milliseconds(1),
            currency: order().cart.currency,
            amount: InvoiceDraft::of(&order()).unwrap().amount,
            sha256: "00".repeat(32),
        };
        let message = EventMessage::Invoices { entries: vec![entry] };
        is_read_alike(&message, r#"{"kind":"invoices","#);
        let draft = Box::new(InvoiceDraft::of(&order()).unwrap());
        let drafts = vec![DocumentDraft::Invoice { draft }];
        is_read_alike(&SeriesCommand::Issue { drafts }, r#"{"command":"issue","#);
    }

    #[test]
    fn claims_are_read_by_their_beginning_as_by_their_tag() {
        let order = order();
        let claim = OrderClaim {
            order_id: order.id,
            command: crate::domain::inventory::ClaimCommand::Commit { quantity: 2 },
            terms: order.claim_terms.clone(),
        };
        is_read_alike(&SkuCommand::Claims { claims: vec![claim] }, r#"{"command":"claims","#);
        let reply = ClaimReply::from(crate::domain::inventory::ClaimAnswer::Committed);
        let answer = SkuAnswer::Claims { answers: vec![reply], spread: None };
        is_read_alike(&answer, r#"{"answer":"claims","#);
    }

    #[test]
    fn counters_are_read_by_their_beginning_as_by_their_tag() {
        let as_of = Timestamp::from_milliseconds(1_700_000_000_123);
        let level = Box::new(StockLevel::stocked(7));
        let sku = "MUG-BLUE".to_owned();
        let message = EventMessage::Stock { sku, level: level.clone(), as_of };
        is_read_alike(&message, r#"{"kind":"stock","#);
        is_read_alike(&SkuAnswer::Level { level, as_of }, r#"{"answer":"level","#);
    }

    #[test]
    fn other_kinds_are_read_as_ever() {
        is_read_alike(&ShardCommand::Wake, r#"{"command":"wake""#);
        assert!(matches!(ShardAnswer::read(r#"{"answer":"ok"}"#), Ok(ShardAnswer::Ok)));
        assert!(ShardCommand::read("").is_err());
        assert!(ShardCommand::read(r#"{"command":"fly"}"#).is_err());
    }
}
