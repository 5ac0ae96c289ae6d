//! The proof holds for every history, and finds every single change to what is stored.

use proptest::prelude::*;

use super::book::{Book, full, play, step, written};
use super::*;

fn codes(report: &ProofReport) -> Vec<DifferenceCode> {
    report.differences.iter().map(|difference| difference.code).collect()
}

fn whole(book: &Book) -> ProofReport {
    book.prove(Proof::whole(None))
}

/// What a proof of a book that was changed in one place finds first.
fn found(spoil: impl Fn(&mut Book)) -> Option<DifferenceCode> {
    let mut book = full();
    assert_eq!(whole(&book).differences, []);
    spoil(&mut book);
    codes(&whole(&book)).first().copied()
}

#[test]
fn any_change_to_a_line_is_found() {
    use DifferenceCode::{HashDiffers, HeadDiffers, LineMissing, LineUnreadable};
    let last = full().lines.len() - 1;
    for at in 0..=last {
        let text = |b: &mut Book| b.lines[at].entry = b.lines[at].entry.replacen(':', ": ", 1);
        assert_eq!(found(text), Some(HashDiffers), "the text of {at}");
        let hash = |b: &mut Book| b.lines[at].hash = chain("", "");
        assert_eq!(found(hash), Some(HashDiffers), "the hash of {at}");
        let gone = |b: &mut Book| drop(b.lines.remove(at));
        let code = if at == last { HeadDiffers } else { LineMissing };
        assert_eq!(found(gone), Some(code), "{at} gone");
        let garbled = |b: &mut Book| {
            let before = b.lines.get(at.wrapping_sub(1)).map_or(GENESIS_HASH, |line| &line.hash);
            b.lines[at].hash = chain(before, "{}");
            b.lines[at].entry = "{}".to_owned();
        };
        let garbled = {
            let mut book = full();
            garbled(&mut book);
            codes(&whole(&book))
        };
        assert!(garbled.contains(&LineUnreadable), "{at} garbled: {garbled:?}");
    }
    let swapped = |b: &mut Book| b.lines.swap(1, 2);
    assert!(found(swapped).is_some());
}

#[test]
fn a_chain_written_anew_is_found_by_its_counters_or_by_the_anchor() {
    let book = full();
    let anchor = whole(&book).end;
    // The same ledger but for one reason, every hash anew: only the anchor can tell.
    let mut forged = Book { lines: Vec::new(), sequence: 0, ..book.clone() };
    forged.hash = GENESIS_HASH.to_owned();
    for line in &book.lines {
        let mut entry: LedgerEntry = serde_json::from_str(&line.entry).unwrap();
        if line.sequence == 1 {
            entry.cause.reason = Some("a better reason".to_owned());
        }
        forged.write(&entry);
    }
    assert_eq!(whole(&forged).verdict, Verdict::Holds);
    for proof in [Proof::whole(Some(&anchor)), Proof::since(anchor.clone())] {
        assert_eq!(codes(&forged.prove(proof)), [DifferenceCode::AnchorDiffers]);
    }
    play(&mut forged, (7, 0, 3, 0, 1));
    let later = codes(&forged.prove(Proof::since(anchor.clone())));
    assert!(later.contains(&DifferenceCode::AnchorDiffers), "{later:?}");
    // A ledger that ends before the anchor.
    let mut cut = Book { lines: Vec::new(), sequence: 0, ..forged.clone() };
    cut.hash = GENESIS_HASH.to_owned();
    for line in book.lines.iter().take(3) {
        cut.write(&serde_json::from_str(&line.entry).unwrap());
    }
    for proof in [Proof::whole(Some(&anchor)), Proof::since(anchor.clone())] {
        let codes = codes(&cut.prove(proof));
        assert!(codes.contains(&DifferenceCode::AnchorMissing), "{codes:?}");
    }
}

#[test]
fn any_change_to_a_counter_is_found() {
    use DifferenceCode::{CounterDiffers, HeadDiffers, TermsDiffer};
    let counters: [fn(&mut StockLevel) -> &mut i64; 12] = [
        |l| &mut l.received,
        |l| &mut l.adjusted,
        |l| &mut l.transferred,
        |l| &mut l.sold,
        |l| &mut l.reserved,
        |l| &mut l.back_ordered_held,
        |l| &mut l.back_ordered_sold,
        |l| &mut l.version,
        |l| &mut l.balances[0].on_hand,
        |l| &mut l.balances[0].reserved,
        |l| &mut l.balances[1].damaged,
        |l| &mut l.balances[1].incoming,
    ];
    for (at, counter) in counters.into_iter().enumerate() {
        for by in [1, -1] {
            let found = found(|b| *counter(&mut b.level) += by);
            assert_eq!(found, Some(CounterDiffers), "counter {at}");
        }
    }
    assert_eq!(found(|b| drop(b.level.balances.pop())), Some(CounterDiffers));
    assert_eq!(found(|b| b.level.back_order_limit += 1), Some(TermsDiffer));
    assert_eq!(found(|b| b.level.low_stock_threshold += 1), Some(TermsDiffer));
    assert_eq!(found(|b| b.level.terms.safety_stock += 1), Some(TermsDiffer));
    assert_eq!(found(|b| b.level.terms.customer_limit = Some(1)), Some(TermsDiffer));
    assert_eq!(found(|b| b.sequence -= 1), Some(HeadDiffers));
    assert_eq!(found(|b| b.hash = chain("", "")), Some(HeadDiffers));
}

#[test]
fn any_change_to_what_an_order_has_is_found() {
    use DifferenceCode::{ClaimInconsistent, ClaimsDiffer, OrdersDiffer};
    let claim = |b: &mut Book, order: &str, spoil: fn(&mut Reservation)| {
        spoil(b.claims.get_mut(order).unwrap());
    };
    for order in ["ord_a", "ord_b", "ord_c", "ord_d"] {
        assert_eq!(found(|b| claim(b, order, |c| c.quantity += 1)), Some(ClaimInconsistent));
        let released = |c: &mut Reservation| c.state = ReservationState::Released;
        assert_eq!(found(|b| claim(b, order, released)), Some(ClaimInconsistent), "{order}");
        let waits = |c: &mut Reservation| c.placement.back_ordered += 1;
        assert_eq!(found(|b| claim(b, order, waits)), Some(ClaimInconsistent), "{order}");
        let gone = |b: &mut Book| drop(b.claims.remove(order));
        assert_eq!(found(gone), Some(ClaimsDiffer), "{order}");
        let renamed = |b: &mut Book| {
            let claim = b.claims.remove(order).unwrap();
            b.claims.insert("ord_z".to_owned(), claim);
        };
        assert_eq!(found(renamed), Some(OrdersDiffer), "{order}");
    }
    let elsewhere = |c: &mut Reservation| c.placement.allocations[0].location = place("porto");
    assert_eq!(found(|b| claim(b, "ord_a", elsewhere)), Some(ClaimsDiffer));
    // Two claims that are wrong by as much in opposite directions.
    let swapped = |b: &mut Book| {
        let (a, d) = (b.claims["ord_a"].clone(), b.claims["ord_b"].clone());
        b.claims.insert("ord_a".to_owned(), d);
        b.claims.insert("ord_b".to_owned(), a);
    };
    assert_eq!(found(swapped), Some(OrdersDiffer));
    // A reservation nobody made.
    let stranger = |b: &mut Book| drop(b.claims.insert("x".to_owned(), b.claims["ord_a"].clone()));
    assert_eq!(found(stranger), Some(ClaimsDiffer));
}

#[test]
fn differences_are_counted_beyond_those_that_are_told() {
    let mut book = Book::new();
    (0..70).for_each(|_| play(&mut book, (7, 0, 1, 0, 0)));
    book.lines.iter_mut().for_each(|line| line.entry.push(' '));
    let report = whole(&book);
    assert_eq!(report.differences.len(), MAX_DIFFERENCES);
    assert_eq!(report.further_differences, 20);
}

#[test]
fn an_opening_is_the_first_line_or_none() {
    let mut book = full();
    let mut entry: LedgerEntry = serde_json::from_str(&book.lines[0].entry).unwrap();
    let claims = whole(&book).end.claims;
    entry.opening = Some(Box::new(Opening { level: book.level.clone(), claims }));
    entry.version = book.level.version;
    book.write(&entry);
    assert_eq!(codes(&whole(&book)), [DifferenceCode::OpeningMisplaced]);
}

proptest! {
    /// Whatever happened, the proof holds: whole, from any earlier proof, and in slices with other
    /// work in between.
    #[test]
    fn the_proof_holds_after_any_history(
        before in prop::collection::vec(step(), 0..40),
        after in prop::collection::vec(step(), 0..40),
        slices in prop::collection::vec((0..4_usize, 0..3_usize), 0..60),
    ) {
        let mut book = written(&before);
        let first = whole(&book);
        prop_assert_eq!(&first.differences, &[]);
        // A whole proof in slices, while the rest happens.
        let mut sliced = Proof::whole(Some(&first.end));
        let mut rest = after.iter();
        for (lines, claims) in slices {
            for step in rest.by_ref().take(1) {
                play(&mut book, *step);
            }
            let unread: Vec<_> =
                book.lines.iter().filter(|l| l.sequence >= sliced.next_sequence()).collect();
            let is_at_head = unread.len() <= lines;
            unread.into_iter().take(lines).for_each(|line| sliced.read(line));
            if is_at_head {
                let claims_to = sliced.claims_to().to_owned();
                let unread = book.claims.iter().filter(|(order, _)| **order > claims_to);
                let some: Vec<_> = unread.take(claims).map(|(o, c)| (o.clone(), c.clone())).collect();
                some.iter().for_each(|(order, claim)| sliced.read_claim(order, claim));
            }
            // It travels as JSON.
            let text = serde_json::to_string(&sliced).unwrap();
            sliced = serde_json::from_str(&text).unwrap();
        }
        rest.for_each(|step| play(&mut book, *step));
        for line in book.lines.iter().filter(|l| l.sequence >= sliced.next_sequence()).cloned().collect::<Vec<_>>() {
            sliced.read(&line);
        }
        let claims_to = sliced.claims_to().to_owned();
        for (order, claim) in book.claims.iter().filter(|(order, _)| **order > claims_to) {
            sliced.read_claim(order, claim);
        }
        let ended = sliced.conclude(book.head(), ClaimTotals::default());
        prop_assert_eq!(&ended.differences, &[]);
        let since = book.prove(Proof::since(first.end));
        prop_assert_eq!(&since.differences, &[]);
        prop_assert_eq!(&since.end, &ended.end);
        prop_assert_eq!(&whole(&book).end, &ended.end);
    }

    /// Any single change to any byte of any line, to any counter and to any claim is found.
    #[test]
    fn any_single_change_is_found(
        steps in prop::collection::vec(step(), 5..40),
        what in 0..3_usize,
        which in any::<prop::sample::Index>(),
        where_ in any::<prop::sample::Index>(),
    ) {
        let mut book = written(&steps);
        prop_assume!(!book.lines.is_empty());
        match what {
            0 => {
                let line = which.index(book.lines.len());
                let line = &mut book.lines[line];
                let mut bytes = line.entry.clone().into_bytes();
                let at = where_.index(bytes.len());
                bytes[at] = if bytes[at] == b'1' { b'2' } else { b'1' };
                line.entry = String::from_utf8(bytes).unwrap();
            }
            1 => {
                let mut level = serde_json::to_value(&book.level).unwrap();
                let counters: Vec<String> = level
                    .as_object().unwrap().iter()
                    .filter(|(_, value)| value.is_i64())
                    .map(|(name, _)| name.clone())
                    .collect();
                let name = &counters[where_.index(counters.len())];
                level[name] = (level[name].as_i64().unwrap() + 1).into();
                book.level = serde_json::from_value(level).unwrap();
            }
            _ => {
                let live = |c: &&mut Reservation| {
                    matches!(c.state, ReservationState::Held | ReservationState::Committed)
                };
                let mut claims: Vec<_> = book.claims.values_mut().filter(live).collect();
                prop_assume!(!claims.is_empty());
                let at = which.index(claims.len());
                claims[at].quantity += 1;
            }
        }
        prop_assert_eq!(whole(&book).verdict, Verdict::Broken);
    }
}
