//! The rules of documents, as tables and as stories of one document each.

use uuid::Uuid;

use super::saga_tests::Skus;
use super::*;
use crate::domain::id::{CountId, PurchaseOrderId, TransferId};
use crate::domain::inventory::ChangeRefusal;
use crate::domain::money::Money;

pub(super) fn at(milliseconds: i64) -> Timestamp {
    Timestamp::from_milliseconds(milliseconds)
}

pub(super) fn place(name: &str) -> LocationId {
    name.parse().unwrap()
}

pub(super) fn sku(number: usize) -> Sku {
    format!("SKU-{number}").parse().unwrap()
}

pub(super) fn purchase_order(quantities: &[i64]) -> StockDocument {
    let line = |(number, quantity): (usize, &i64)| PurchaseLineDraft {
        sku: sku(number),
        quantity: *quantity,
        unit_cost: None,
    };
    let draft = PurchaseOrderDraft {
        supplier: "mill".parse().unwrap(),
        location: place("east"),
        origin: Origin::Person,
        reference: None,
        note: None,
        expected_at: None,
        lines: quantities.iter().enumerate().map(line).collect(),
    };
    let id = StockDocumentId::PurchaseOrder(PurchaseOrderId::new(Uuid::from_u128(1)));
    StockDocument::create(id, Draft::PurchaseOrder(draft), "key_a".to_owned(), at(1))
}

pub(super) fn transfer(quantities: &[i64]) -> StockDocument {
    let line = |(number, quantity): (usize, &i64)| TransferLineDraft {
        sku: sku(number),
        quantity: *quantity,
    };
    let draft = TransferDraft {
        from: place("west"),
        to: place("east"),
        reference: None,
        note: None,
        expected_at: None,
        lines: quantities.iter().enumerate().map(line).collect(),
    };
    let id = StockDocumentId::Transfer(TransferId::new(Uuid::from_u128(2)));
    StockDocument::create(id, Draft::Transfer(draft), "key_a".to_owned(), at(1))
}

pub(super) fn count(shelves: usize, requires_second_person: bool) -> StockDocument {
    let lines =
        (0..shelves).map(|number| CountLineDraft { sku: sku(number), location: place("west") });
    let draft = CountDraft { note: None, requires_second_person, lines: lines.collect() };
    let id = StockDocumentId::Count(CountId::new(Uuid::from_u128(3)));
    StockDocument::create(id, Draft::Count(draft), "key_a".to_owned(), at(1))
}

pub(super) fn asked(action: Action, by: &str) -> Asked {
    Asked { action, note: None, by: by.to_owned() }
}

pub(super) fn came(number: usize, quantity: i64, damaged: i64) -> ReceivedLine {
    ReceivedLine { sku: sku(number), quantity, damaged }
}

pub(super) fn receive(lines: Vec<ReceivedLine>) -> Action {
    Action::Receive { lines, allow_over_receipt: false }
}

pub(super) fn counted(number: usize, counted: i64, known: i64) -> CountedLine {
    let ledger_sequence = Some(40);
    CountedLine { sku: sku(number), location: place("west"), counted, known, ledger_sequence }
}

fn order_of(document: &StockDocument) -> &PurchaseOrder {
    match &document.body {
        Body::PurchaseOrder(body) => body,
        _ => panic!("not a purchase order"),
    }
}

fn transfer_of(document: &StockDocument) -> &Transfer {
    match &document.body {
        Body::Transfer(body) => body,
        _ => panic!("not a transfer"),
    }
}

#[test]
fn what_may_follow_what() {
    use ActionKind as A;
    let every = [
        Action::Order,
        receive(vec![came(0, 1, 0)]),
        Action::Close,
        Action::Cancel,
        Action::Ship,
        Action::ReturnToSource,
        Action::Record { lines: vec![counted(0, 1, 1)] },
        Action::Approve,
        Action::Reject,
    ];
    let mut table: Vec<(StockDocument, &[ActionKind])> = Vec::new();
    for status in PurchaseOrderStatus::ALL {
        let mut document = purchase_order(&[5]);
        let Body::PurchaseOrder(body) = &mut document.body else { panic!() };
        body.status = status;
        table.push((
            document,
            match status {
                PurchaseOrderStatus::Draft => &[A::Order, A::Cancel],
                PurchaseOrderStatus::Ordered => &[A::Receive, A::Cancel],
                PurchaseOrderStatus::PartiallyReceived => &[A::Receive, A::Close, A::Cancel],
                PurchaseOrderStatus::Received | PurchaseOrderStatus::Cancelled => &[],
            },
        ));
    }
    for status in TransferStatus::ALL {
        let mut document = transfer(&[5]);
        let Body::Transfer(body) = &mut document.body else { panic!() };
        body.status = status;
        body.lines[0].shipped = 5;
        table.push((
            document,
            match status {
                TransferStatus::Draft => &[A::Ship, A::Cancel],
                TransferStatus::InTransit | TransferStatus::PartiallyReceived => {
                    &[A::Receive, A::Close, A::ReturnToSource]
                }
                TransferStatus::Received | TransferStatus::Cancelled => &[],
            },
        ));
    }
    for status in CountStatus::ALL {
        let mut document = count(1, false);
        let Body::Count(body) = &mut document.body else { panic!() };
        body.status = status;
        table.push((
            document,
            match status {
                CountStatus::Open => &[A::Record, A::Reject],
                CountStatus::Counted => &[A::Record, A::Approve, A::Reject],
                CountStatus::Approved | CountStatus::Rejected => &[],
            },
        ));
    }
    for (document, allowed) in table {
        for action in &every {
            let kind = action.kind();
            let done = document.clone().act(asked(action.clone(), "key_a"), at(2));
            let name = format!("{} {} {kind:?}", document.type_name(), document.status());
            if allowed.contains(&kind) {
                assert_eq!(done.unwrap().version, document.version + 1, "{name}");
            } else {
                let (status, allowed) = (document.status().to_owned(), allowed.to_vec());
                assert_eq!(done, Err(Refusal::State { status, allowed }), "{name}");
            }
        }
    }
}

#[test]
fn nothing_is_done_while_a_step_is_under_way() {
    let open = purchase_order(&[5]).act(asked(Action::Order, "key_a"), at(2)).unwrap();
    assert_eq!((open.status(), owed(&open).len()), ("draft", 1));
    let refused = open.clone().act(asked(Action::Cancel, "key_a"), at(3));
    assert!(matches!(refused, Err(Refusal::State { .. })));
    let mut skus = Skus::default();
    let done = skus.settle(open);
    assert_eq!((done.status(), done.version, owed(&done).len()), ("ordered", 3, 0));
}

#[test]
fn an_order_is_announced_comes_in_parts_and_is_closed_short() {
    let mut skus = Skus::default();
    let ordered = skus.act(purchase_order(&[10, 3]), Action::Order).unwrap();
    assert_eq!(skus.balance(0, "east"), (0, 0, 10));
    let some = skus.act(ordered, receive(vec![came(0, 4, 1)])).unwrap();
    assert_eq!(some.status(), "partially_received");
    assert_eq!(skus.balance(0, "east"), (4, 1, 5));
    let more = skus.act(some, receive(vec![came(0, 1, 0), came(1, 4, 0)])).unwrap();
    assert_eq!(skus.balance(1, "east"), (4, 0, 0));
    let receipts = &order_of(&more).receipts;
    assert_eq!(receipts.iter().map(|receipt| receipt.number).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(receipts[1].lines.len(), 2);
    assert_eq!(order_of(&more).lines[1].over_received(), 1);
    assert_eq!(more.open_lines().iter().map(|line| line.quantity).sum::<i64>(), 4);
    let closed = skus.act(more, Action::Close).unwrap();
    assert_eq!((closed.status(), closed.open_lines().len()), ("received", 0));
    assert_eq!(order_of(&closed).lines[0].missing(), 4);
    assert_eq!(skus.balance(0, "east"), (5, 1, 0));
    assert_eq!(closed.history.len(), 4);
}

#[test]
fn calling_an_order_off_withdraws_what_has_not_come() {
    let mut skus = Skus::default();
    let ordered = skus.act(purchase_order(&[10]), Action::Order).unwrap();
    let some = skus.act(ordered, receive(vec![came(0, 4, 0)])).unwrap();
    let off = skus.act(some, Action::Cancel).unwrap();
    assert_eq!((off.status(), skus.balance(0, "east")), ("cancelled", (4, 0, 0)));
    let draft = skus.act(purchase_order(&[10]), Action::Cancel).unwrap();
    assert_eq!((draft.status(), draft.version), ("cancelled", 2));
}

#[test]
fn ten_times_what_was_ordered_is_believed_and_more_only_if_it_is_said() {
    let mut skus = Skus::default();
    let ordered = skus.act(purchase_order(&[10]), Action::Order).unwrap();
    let far =
        |allow_over_receipt| Action::Receive { lines: vec![came(0, 100, 1)], allow_over_receipt };
    let refused = skus.act(ordered.clone(), far(false));
    let over = OverReceipt { index: 0, sku: sku(0), most: 100 };
    assert_eq!(refused, Err(Refusal::OverReceipt { lines: vec![over] }));
    assert_eq!(skus.balance(0, "east"), (0, 0, 10));
    let done = skus.act(ordered, far(true)).unwrap();
    assert_eq!(done.status(), "received");
    assert_eq!(order_of(&done).lines[0].over_received(), 91);
}

#[test]
fn receipts_name_lines_of_the_document_once_with_units() {
    let mut skus = Skus::default();
    let ordered = skus.act(purchase_order(&[10, 10]), Action::Order).unwrap();
    for (lines, index) in [
        (vec![], 0),
        (vec![came(7, 1, 0)], 0),
        (vec![came(0, 1, 0), came(0, 1, 0)], 1),
        (vec![came(0, 0, 0)], 0),
        (vec![came(0, 1, 0), came(1, -1, 2)], 1),
        (vec![came(0, i64::MAX, i64::MAX)], 0),
    ] {
        let refused = skus.act(ordered.clone(), receive(lines.clone()));
        assert!(
            matches!(refused, Err(Refusal::Line { index: at, .. }) if at == index),
            "{lines:?}: {refused:?}"
        );
    }
}

#[test]
fn a_draft_is_replaced_and_an_order_under_way_keeps_its_goods() {
    let draft = |quantity, note: &str| {
        let Body::PurchaseOrder(order) = purchase_order(&[quantity]).body else { panic!() };
        Draft::PurchaseOrder(PurchaseOrderDraft {
            supplier: order.supplier,
            location: order.location,
            origin: Origin::Proposal,
            reference: None,
            note: Some(note.to_owned()),
            expected_at: Some(at(99)),
            lines: vec![PurchaseLineDraft { sku: sku(0), quantity, unit_cost: None }],
        })
    };
    let edited = purchase_order(&[5]).edit(draft(7, "x"), at(2)).unwrap().unwrap();
    assert_eq!((edited.units(), edited.version, edited.expected_at()), (7, 2, Some(at(99))));
    assert_eq!(order_of(&edited).origin, Origin::Person);
    assert_eq!(edited.clone().edit(draft(7, "x"), at(3)), Ok(None), "it is so already");
    let ordered = Skus::default().act(edited, Action::Order).unwrap();
    assert!(ordered.clone().edit(draft(8, "y"), at(4)).is_err());
    let later = ordered.edit(draft(7, "late"), at(4)).unwrap().unwrap();
    assert_eq!(order_of(&later).note.as_deref(), Some("late"));
    assert_eq!(order_of(&later).lines[0].announced, 7);
}

#[test]
fn drafts_are_bounded() {
    let pointers = |draft: &Draft| -> Vec<String> {
        draft.check().into_iter().map(|error| error.pointer).collect()
    };
    let Body::PurchaseOrder(order) = purchase_order(&[1]).body else { panic!() };
    let with = |lines: Vec<PurchaseLineDraft>, note: Option<String>| {
        Draft::PurchaseOrder(PurchaseOrderDraft {
            supplier: order.supplier.clone(),
            location: order.location.clone(),
            origin: Origin::Person,
            reference: None,
            note,
            expected_at: None,
            lines,
        })
    };
    let cost = |amount, code: &str| Some(Money::new(amount, code.parse().unwrap()));
    let line =
        |number, quantity, unit_cost| PurchaseLineDraft { sku: sku(number), quantity, unit_cost };
    let usd = cost(100, "USD");
    assert_eq!(pointers(&with(vec![line(0, 1, usd), line(1, 1, None)], None)), [""; 0]);
    assert_eq!(pointers(&with(vec![], None)), ["/lines"]);
    assert_eq!(pointers(&with(vec![line(0, 1, None); 2], None)), ["/lines/1"]);
    let many: Vec<_> = (0..501).map(|number| line(number, 1, None)).collect();
    assert_eq!(pointers(&with(many, None)), ["/lines"]);
    for quantity in [0, -1, MAX_LINE_UNITS + 1, i64::MAX, i64::MIN] {
        let draft = with(vec![line(0, quantity, None)], None);
        assert_eq!(pointers(&draft), ["/lines/0/quantity"], "{quantity}");
    }
    let mixed = with(vec![line(0, 1, usd), line(1, 1, cost(5, "EUR"))], None);
    assert_eq!(pointers(&mixed), ["/lines/1/unit_cost"]);
    let negative = with(vec![line(0, 1, cost(-1, "USD"))], None);
    assert_eq!(pointers(&negative), ["/lines/0/unit_cost"]);
    let dear = with(vec![line(0, 1_000_000, cost(i64::MAX, "USD"))], None);
    assert_eq!(pointers(&dear), ["/lines"]);
    assert_eq!(pointers(&with(vec![line(0, 1, None)], Some("x".repeat(501)))), ["/note"]);
    let Body::Transfer(mut same) = transfer(&[1]).body else { panic!() };
    same.to = same.from.clone();
    let draft = TransferDraft {
        from: same.from,
        to: same.to,
        reference: Some(String::new()),
        note: None,
        expected_at: None,
        lines: vec![TransferLineDraft { sku: sku(0), quantity: 1 }],
    };
    assert_eq!(pointers(&Draft::Transfer(draft)), ["/reference", "/to"]);
}

#[test]
fn a_transfer_moves_and_what_is_lost_is_written_off() {
    let mut skus = Skus::stocked("west", &[10, 10]);
    let sent = skus.act(transfer(&[6, 10]), Action::Ship).unwrap();
    assert_eq!(sent.status(), "in_transit");
    assert_eq!((skus.balance(0, "west"), skus.balance(0, "east")), ((4, 0, 0), (0, 0, 6)));
    let some = skus.act(sent, receive(vec![came(0, 3, 1)])).unwrap();
    assert_eq!((some.status(), skus.balance(0, "east")), ("partially_received", (3, 1, 2)));
    let over = skus.act(some.clone(), receive(vec![came(0, 3, 0)]));
    assert!(matches!(over, Err(Refusal::OverReceipt { .. })), "{over:?}");
    let more = skus.act(some, receive(vec![came(1, 9, 0)])).unwrap();
    let closed = skus.act(more, Action::Close).unwrap();
    assert_eq!((closed.status(), transfer_of(&closed).lines[0].lost), ("received", 2));
    for (number, on_hand) in [(0, 4), (1, 0)] {
        assert_eq!(skus.balance(number, "west"), (on_hand, 0, 0));
        assert_eq!(skus.balance(number, "east").2, 0);
        let level = &skus.levels[&sku(number)];
        assert_eq!(level.check(), Ok(()));
        let lost = transfer_of(&closed).lines[number].lost;
        let damaged = transfer_of(&closed).lines[number].damaged;
        assert_eq!((level.adjusted, level.transferred), (-lost - damaged, 0));
    }
}

#[test]
fn a_transfer_is_for_all_lines_or_for_none() {
    let mut skus = Skus::stocked("west", &[10, 3, 10]);
    let refused = skus.act(transfer(&[6, 4, 5]), Action::Ship).unwrap();
    assert_eq!((refused.status(), refused.history[0].refused_lines), ("draft", 1));
    let failure =
        LineFailure { line: 1, sku: sku(1), refusal: ChangeRefusal::UnitsClaimed { removable: 3 } };
    assert_eq!(refused.failures, [failure]);
    for (number, on_hand) in [(0, 10), (1, 3), (2, 10)] {
        assert_eq!(skus.balance(number, "west"), (on_hand, 0, 0));
        assert_eq!(skus.balance(number, "east"), (0, 0, 0));
    }
    // It can be tried again, under keys of its own.
    skus.put("west", &[0, 1, 0]);
    let sent = skus.act(refused, Action::Ship).unwrap();
    assert_eq!((sent.status(), sent.failures.len()), ("in_transit", 0));
}

#[test]
fn what_is_on_its_way_can_come_back() {
    let mut skus = Skus::stocked("west", &[10, 10]);
    let sent = skus.act(transfer(&[6, 5]), Action::Ship).unwrap();
    let back = skus.act(sent.clone(), Action::ReturnToSource).unwrap();
    assert_eq!((back.status(), skus.balance(0, "west")), ("cancelled", (10, 0, 0)));
    assert_eq!((skus.balance(0, "east"), skus.levels[&sku(0)].transferred), ((0, 0, 0), 0));
    let mut skus = Skus::stocked("west", &[10, 10]);
    let sent = skus.act(transfer(&[6, 5]), Action::Ship).unwrap();
    let some = skus.act(sent, receive(vec![came(0, 2, 0)])).unwrap();
    let back = skus.act(some, Action::ReturnToSource).unwrap();
    let lines = &transfer_of(&back).lines;
    assert_eq!((back.status(), lines[0].returned, lines[1].returned), ("received", 4, 5));
}

#[test]
fn a_count_books_its_variance_and_no_sale_is_undone() {
    let mut skus = Skus::stocked("west", &[10, 10]);
    let record = Action::Record { lines: vec![counted(0, 8, 10), counted(1, 13, 10)] };
    let done = skus.act(count(2, false), record).unwrap();
    assert_eq!(done.status(), "counted");
    // Three are sold, and five come, before anybody approves.
    skus.take("west", &[3, 0]);
    skus.put("west", &[0, 5]);
    let approved = skus.act(done, Action::Approve).unwrap();
    assert_eq!(approved.status(), "approved");
    assert_eq!((skus.balance(0, "west").0, skus.balance(1, "west").0), (5, 18));
}

#[test]
fn a_count_that_would_take_claimed_units_books_nothing() {
    let mut skus = Skus::stocked("west", &[10, 10]);
    let record = Action::Record { lines: vec![counted(0, 4, 10), counted(1, 20, 10)] };
    let done = skus.act(count(2, false), record).unwrap();
    skus.take("west", &[7, 0]);
    let refused = skus.act(done, Action::Approve).unwrap();
    assert_eq!((refused.status(), refused.failures.len()), ("counted", 1));
    assert_eq!(refused.failures[0].refusal, ChangeRefusal::UnitsClaimed { removable: 3 });
    assert_eq!((skus.balance(0, "west").0, skus.balance(1, "west").0), (3, 10));
    let again = Action::Record { lines: vec![counted(0, 3, 3)] };
    let recounted = skus.act(refused, again).unwrap();
    let approved = skus.act(recounted, Action::Approve).unwrap();
    assert_eq!((approved.status(), skus.balance(1, "west").0), ("approved", 20));
}

#[test]
fn a_count_can_ask_for_a_second_person() {
    let record = Action::Record { lines: vec![counted(0, 1, 1)] };
    for (requires, by, expected) in [
        (true, "key_a", Err(Refusal::SecondPersonRequired)),
        (true, "key_b", Ok("approved")),
        (false, "key_a", Ok("approved")),
    ] {
        let done = count(1, requires).act(asked(record.clone(), "key_a"), at(2)).unwrap();
        assert_eq!((done.status(), owed(&done).len()), ("counted", 0));
        let approved = done.act(asked(Action::Approve, by), at(3));
        assert_eq!(approved.map(|document| document.status()), expected);
    }
}

#[test]
fn a_document_is_stored_as_it_is() {
    let mut skus = Skus::stocked("west", &[10, 10]);
    let open = transfer(&[6, 10]).act(asked(Action::Ship, "key_a"), at(2)).unwrap();
    let sent = skus.settle(open.clone());
    let record = Action::Record { lines: vec![counted(0, 1, 1)] };
    let counted = count(2, true).act(asked(record, "key_a"), at(2)).unwrap();
    let ordered = skus.act(purchase_order(&[10]), Action::Order).unwrap();
    for document in [open, sent, counted, ordered] {
        let stored = serde_json::to_string(&document).unwrap();
        assert_eq!(serde_json::from_str::<StockDocument>(&stored).unwrap(), document);
    }
}
