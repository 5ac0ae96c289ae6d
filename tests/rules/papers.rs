//! Purchase orders, transfers and counts in the world: people act on them, and what SKUs are asked for
//! them is lost, repeated and late like everything else.

use std::collections::BTreeMap;

use cartwright::domain::id::{CountId, PurchaseOrderId, Sku, StockDocumentId, TransferId};
use cartwright::domain::inventory::LocationId;
use cartwright::domain::stock_document::{
    Action, ActionKind, Answered, Asked, Body, CountDraft, CountLineDraft, CountedLine, Debt,
    Draft, OpenStage, Origin, PurchaseLineDraft, PurchaseOrderDraft, ReceivedLine, StockDocument,
    TransferDraft, TransferLine, TransferLineDraft, answered, owed,
};
use uuid::Uuid;

use super::world::{SKUS, World};

const MAX_DOCUMENTS: usize = 5;

impl World {
    /// Somebody draws up a document.
    pub fn draw_up(&mut self) {
        if self.documents.len() >= MAX_DOCUMENTS {
            return;
        }
        let number = Uuid::from_u128(self.documents.len() as u128 + 1);
        let first = self.chance.below(SKUS.len() as u64) as usize;
        let count = 1 + self.chance.below(2) as usize;
        let skus: Vec<Sku> =
            SKUS.iter().cycle().skip(first).take(count).map(|name| name.parse().unwrap()).collect();
        let (location, to) = (self.place(), self.place());
        let (id, draft) = match self.chance.below(3) {
            0 => {
                let lines = skus.into_iter().map(|sku| PurchaseLineDraft {
                    sku,
                    quantity: self.chance.between(1, 6),
                    unit_cost: None,
                });
                let draft = PurchaseOrderDraft {
                    supplier: "acme".parse().unwrap(),
                    location,
                    origin: Origin::default(),
                    reference: None,
                    note: None,
                    expected_at: None,
                    lines: lines.collect(),
                };
                let id = StockDocumentId::PurchaseOrder(PurchaseOrderId::new(number));
                (id, Draft::PurchaseOrder(draft))
            }
            1 => {
                let lines = skus
                    .into_iter()
                    .map(|sku| TransferLineDraft { sku, quantity: self.chance.between(1, 4) });
                let lines = lines.collect();
                let draft = TransferDraft {
                    from: location,
                    to,
                    reference: None,
                    note: None,
                    expected_at: None,
                    lines,
                };
                (StockDocumentId::Transfer(TransferId::new(number)), Draft::Transfer(draft))
            }
            _ => {
                let lines = skus
                    .into_iter()
                    .map(|sku| CountLineDraft { sku, location: location.clone() })
                    .collect();
                let draft = CountDraft { note: None, requires_second_person: false, lines };
                (StockDocumentId::Count(CountId::new(number)), Draft::Count(draft))
            }
        };
        if draft.check().is_empty() {
            self.story(format_args!("document {id}: {draft:?}"));
            let document = StockDocument::create(id, draft, "key_a".to_owned(), self.now);
            self.documents.push(document);
        }
    }

    /// Somebody does something with a document.
    pub fn handle_document(&mut self) {
        let Some(at) = self.some_document() else { return };
        let document = self.documents[at].clone();
        let allowed = document.allowed();
        if allowed.is_empty() || document.open.is_some() {
            return;
        }
        let kind = *self.chance.of(allowed);
        let action = self.action(kind, &document);
        let asked = Asked { action, note: None, by: "key_b".to_owned() };
        self.story(format_args!("document {}: {:?}", document.id, asked.action));
        if let Ok(next) = document.act(asked, self.now) {
            self.note(match (&next.body, kind) {
                (Body::PurchaseOrder(_), ActionKind::Receive) => "purchase received",
                (Body::PurchaseOrder(_), ActionKind::Order) => "purchase ordered",
                (Body::PurchaseOrder(_), _) => "purchase closed or cancelled",
                (Body::Transfer(_), ActionKind::Ship) => "transfer shipped",
                (Body::Transfer(_), ActionKind::Receive) => "transfer received",
                (Body::Transfer(_), _) => "transfer closed or cancelled",
                (Body::Count(_), ActionKind::Approve) => "count approved",
                (Body::Count(_), _) => "count recorded or rejected",
            });
            self.documents[at] = next;
        }
    }

    fn action(&mut self, kind: ActionKind, document: &StockDocument) -> Action {
        match kind {
            ActionKind::Order => Action::Order,
            ActionKind::Close => Action::Close,
            ActionKind::Cancel => Action::Cancel,
            ActionKind::Ship => Action::Ship,
            ActionKind::ReturnToSource => Action::ReturnToSource,
            ActionKind::Approve => Action::Approve,
            ActionKind::Reject => Action::Reject,
            ActionKind::Receive => {
                // Of a purchase any number may come; of a transfer no more than is under way.
                let open: Vec<(Sku, i64)> = match &document.body {
                    Body::PurchaseOrder(body) => {
                        body.lines.iter().map(|line| (line.sku.clone(), 4)).collect()
                    }
                    Body::Transfer(body) => {
                        let under_way = |line: &TransferLine| TransferLine::under_way(line).max(0);
                        body.lines.iter().map(|line| (line.sku.clone(), under_way(line))).collect()
                    }
                    Body::Count(_) => Vec::new(),
                };
                let lines = open.into_iter().map(|(sku, most)| {
                    let quantity = self.chance.between(0, most);
                    let damaged = self.chance.between(0, 1).min(most - quantity).max(0);
                    ReceivedLine { sku, quantity, damaged }
                });
                Action::Receive { lines: lines.collect(), allow_over_receipt: true }
            }
            ActionKind::Record => {
                let Body::Count(body) = &document.body else { panic!("only counts record") };
                let lines = body.lines.iter().map(|line| {
                    let object = &self.skus[&line.sku];
                    let ledger_sequence = i64::try_from(object.ledger.len()).ok();
                    let known = object.level.balance(&line.location).map_or(0, |b| b.on_hand);
                    let counted = (known + self.chance.between(-2, 2)).max(0);
                    let (sku, location) = (line.sku.clone(), line.location.clone());
                    CountedLine { sku, location, counted, known, ledger_sequence }
                });
                Action::Record { lines: lines.collect() }
            }
        }
    }

    fn some_document(&mut self) -> Option<usize> {
        let count = self.documents.len() as u64;
        (count > 0).then(|| self.chance.below(count) as usize)
    }

    /// The document's object asks a SKU for one thing, or asks again what it asked long ago.
    pub fn work_on_document(&mut self) {
        let Some(at) = self.some_document() else { return };
        let debts = owed(&self.documents[at]);
        if !debts.is_empty() {
            let debt = self.chance.of(&debts).clone();
            self.document_requests.push((at, debt.clone()));
            match self.chance.below(6) {
                0 => self.note("document request lost"),
                1 => {
                    self.note("document answer lost");
                    let _lost = self.perform_debt(&debt);
                }
                _ => self.perform_and_hear(at, &debt),
            }
        }
        if self.chance.one_in(3) && !self.document_requests.is_empty() {
            let (at, debt) = self.chance.of(&self.document_requests).clone();
            self.note("document request repeated");
            self.perform_and_hear(at, &debt);
        }
    }

    fn perform_and_hear(&mut self, at: usize, debt: &Debt) {
        let answer = self.perform_debt(debt);
        if answer.result.is_err() {
            self.note("document line refused");
        }
        if let Some(next) = answered(self.documents[at].clone(), &[answer], self.now) {
            assert_eq!(next.version, self.documents[at].version + 1);
            self.documents[at] = next;
        }
    }

    fn perform_debt(&mut self, debt: &Debt) -> Answered {
        let result = self.change_for_document(debt);
        self.story(format_args!("{}: {debt:?} -> {result:?}", debt.sku));
        Answered { key: debt.key.clone(), result }
    }

    /// Every step that is under way comes to its end.
    pub fn finish_documents(&mut self) {
        for at in 0..self.documents.len() {
            for _ in 0..100 {
                for debt in owed(&self.documents[at]) {
                    self.perform_and_hear(at, &debt);
                }
            }
            assert_eq!(owed(&self.documents[at]), [], "{:#?}", self.documents[at]);
        }
    }

    /// What is on its way is what the documents say, and nothing is announced that no document expects.
    pub fn check_documents(&self) {
        let mut under_way: BTreeMap<&Sku, i64> = BTreeMap::new();
        let mut announced: BTreeMap<(Sku, LocationId), i64> = BTreeMap::new();
        for document in &self.documents {
            assert!(document.open.is_none(), "{document:#?}");
            if let Body::Transfer(body) = &document.body {
                for line in &body.lines {
                    *under_way.entry(&line.sku).or_default() += TransferLine::under_way(line);
                }
            }
            for line in document.open_lines() {
                if line.stage == OpenStage::Expected {
                    *announced.entry((line.sku, line.location)).or_default() += line.quantity;
                }
            }
        }
        for (sku, object) in &self.skus {
            let away = under_way.get(sku).copied().unwrap_or(0);
            assert_eq!(object.level.transferred, -away, "{sku} under way: {:#?}", self.documents);
            for balance in &object.level.balances {
                let key = (sku.clone(), balance.location.clone());
                let expected = announced.get(&key).copied().unwrap_or(0);
                assert_eq!(balance.incoming, expected, "{key:?}: {:#?}", self.documents);
            }
        }
    }
}
