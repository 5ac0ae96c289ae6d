//! The proof: counters recomputed from the ledger, and compared with what is stored. It reports what
//! differs, in words and codes, and mends nothing.
//!
//! A proof reads lines and claims in slices of any size, with other work in between, and can be put
//! into JSON between two of them. It begins at the first line (and then reads every order's claim too),
//! or at an [`Anchor`]: where an earlier proof ended, kept outside of the SKU's object. Whoever rewrites
//! the ledger as a whole, every hash anew, still does not have the anchor's hash in it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::claim::{Reservation, ReservationState};
use super::claim_sum::{ClaimSum, ClaimTotals};
use super::ledger::{GENESIS_HASH, LedgerEntry, LedgerLine, chain};
use super::level::StockLevel;
use crate::domain::time::Timestamp;

/// The most differences that are kept word for word; the others are counted.
pub const MAX_DIFFERENCES: usize = 50;

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DifferenceCode {
    /// A line's hash is not that of the line before and its own text.
    HashDiffers,
    /// A number is missing among the lines, or comes twice.
    LineMissing,
    /// A line can't be read.
    LineUnreadable,
    /// A line says that the ledger begins, and it is not the first.
    OpeningMisplaced,
    /// The ledger has another hash where an earlier proof ended.
    AnchorDiffers,
    /// The ledger ends before an earlier proof did.
    AnchorMissing,
    /// The stored head is not the last line.
    HeadDiffers,
    /// A counter is not what the lines add up to.
    CounterDiffers,
    /// A term is not what the last change of terms said.
    TermsDiffer,
    /// The counters contradict each other.
    InvariantBroken,
    /// The claims of all orders do not add up to the counters.
    ClaimsDiffer,
    /// An order's claim contradicts itself.
    ClaimInconsistent,
    /// Orders do not have what the lines that they caused gave them.
    OrdersDiffer,
    /// Lists were told a later version than the object has: it was put back to an earlier state.
    OlderThanTold,
    /// The object does not know, or no longer, what an order has of it or gave back.
    OrderForgotten,
}

/// Something that is not as the ledger says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Difference {
    /// What is wrong.
    pub code: DifferenceCode,
    /// In words.
    pub message: String,
    /// The line where it shows, if it shows at one.
    #[serde(default)]
    pub sequence: Option<i64>,
}

/// Where a proof that held has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Anchor {
    /// The last line that was read.
    pub sequence: i64,
    /// Its hash.
    pub hash: String,
    /// The counters after it.
    pub level: StockLevel,
    /// What orders had then.
    pub claims: ClaimSum,
    /// Orders that were placed before this moment have been compared with what the object knew of them.
    #[serde(default)]
    pub orders_to: Timestamp,
}

/// Whether everything is as the ledger says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It is.
    Holds,
    /// It is not.
    Broken,
}

/// What a proof found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProofReport {
    /// Whether it began at the first line and read every claim.
    pub is_whole: bool,
    /// Lines that were read.
    pub lines: i64,
    /// Claims that were read one by one.
    pub claims: i64,
    /// The first line that was read; one beyond the last if there was none.
    pub from_sequence: i64,
    /// The end: what a later proof begins at, if this one holds.
    pub end: Anchor,
    /// What came of it.
    pub verdict: Verdict,
    /// What differs; at most [`MAX_DIFFERENCES`].
    pub differences: Vec<Difference>,
    /// How many more there are.
    pub further_differences: i64,
}

/// What the SKU's storage says of itself.
#[derive(Debug, Clone, Copy)]
pub struct StoredHead<'a> {
    /// The counters.
    pub level: &'a StockLevel,
    /// The number of the last line, as noted beside the counters.
    pub sequence: i64,
    /// Its hash, as noted beside the counters.
    pub hash: &'a str,
}

impl ProofReport {
    /// Adds what was found by asking others than the ledger.
    pub fn find(&mut self, differences: Vec<Difference>) {
        for difference in differences {
            self.verdict = Verdict::Broken;
            if self.differences.len() < MAX_DIFFERENCES {
                self.differences.push(difference);
            } else {
                self.further_differences = self.further_differences.saturating_add(1);
            }
        }
    }
}

/// A proof under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    is_whole: bool,
    from_sequence: i64,
    lines: i64,
    claims_read: i64,
    at: Anchor,
    /// What must be met on the way: where an earlier proof ended.
    #[serde(default)]
    must_meet: Option<(i64, String)>,
    /// The last order whose claim was read, in the order of their names; none: none yet.
    #[serde(default)]
    claims_to: Option<String>,
    /// The sum of the claims that were read, as of the line that was read last.
    #[serde(default)]
    claims_sum: ClaimSum,
    totals: ClaimTotals,
    differences: Vec<Difference>,
    further_differences: i64,
}

impl Proof {
    /// A proof of everything, from the first line on. It must meet the anchor, if there is one.
    #[must_use]
    pub fn whole(anchor: Option<&Anchor>) -> Self {
        let start = Anchor {
            sequence: 0,
            hash: GENESIS_HASH.to_owned(),
            level: StockLevel::default(),
            claims: ClaimSum::default(),
            orders_to: Timestamp::default(),
        };
        let must_meet = anchor.map(|anchor| (anchor.sequence, anchor.hash.clone()));
        Self::begin(start, true, must_meet)
    }

    /// A proof of what came since an earlier one.
    #[must_use]
    pub fn since(anchor: Anchor) -> Self {
        let must_meet = Some((anchor.sequence, anchor.hash.clone()));
        Self::begin(anchor, false, must_meet)
    }

    fn begin(at: Anchor, is_whole: bool, must_meet: Option<(i64, String)>) -> Self {
        let must_meet = must_meet.filter(|(sequence, _)| *sequence > 0);
        Self {
            is_whole,
            from_sequence: at.sequence.saturating_add(1),
            lines: 0,
            claims_read: 0,
            at,
            must_meet,
            claims_to: None,
            claims_sum: ClaimSum::default(),
            totals: ClaimTotals { sold: is_whole.then_some(0), ..ClaimTotals::default() },
            differences: Vec::new(),
            further_differences: 0,
        }
    }

    /// Whether every order's claim is to be read, too.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// The first line that was or will be read, and how many lines and claims were read so far.
    #[must_use]
    pub const fn progress(&self) -> (i64, i64, i64) {
        (self.from_sequence, self.lines, self.claims_read)
    }

    /// Where it is.
    #[must_use]
    pub const fn reached(&self) -> &Anchor {
        &self.at
    }

    /// What differs so far.
    #[must_use]
    pub fn differences(&self) -> &[Difference] {
        &self.differences
    }

    /// The first line that is to be read. A proof that began at an anchor reads the anchor's line first.
    #[must_use]
    pub fn next_sequence(&self) -> i64 {
        let meets = self.must_meet.as_ref().is_some_and(|(at, _)| *at == self.at.sequence);
        self.at.sequence.saturating_add(i64::from(!meets))
    }

    /// The order after which claims are to be read.
    #[must_use]
    pub fn claims_to(&self) -> &str {
        self.claims_to.as_deref().unwrap_or("")
    }

    fn differs(&mut self, code: DifferenceCode, sequence: Option<i64>, message: String) {
        if self.differences.len() < MAX_DIFFERENCES {
            self.differences.push(Difference { code, message, sequence });
        } else {
            self.further_differences = self.further_differences.saturating_add(1);
        }
    }

    /// Compares the line where an earlier proof ended with what was noted then.
    fn meet(&mut self, line: &LedgerLine) {
        let (sequence, hash) = (line.sequence, line.hash.as_str());
        let Some((_, noted)) = self.must_meet.take_if(|(at, _)| *at <= sequence) else {
            return;
        };
        if noted != hash {
            let message = format!("line {sequence} had the hash {noted} when it was proven last");
            self.differs(DifferenceCode::AnchorDiffers, Some(sequence), message);
            if sequence == self.at.sequence {
                // Onwards from what is there, so that this is one difference.
                self.at.hash = hash.to_owned();
            }
        }
    }

    /// Reads the next line. Lines come in the order of their numbers.
    pub fn read(&mut self, line: &LedgerLine) {
        let LedgerLine { sequence, entry, hash } = line;
        self.meet(line);
        if *sequence == self.at.sequence {
            // Where the earlier proof ended: only its hash was wanted.
            return;
        }
        let expected = self.at.sequence.saturating_add(1);
        if *sequence != expected {
            let message = format!("line {expected} is missing, line {sequence} follows");
            self.differs(DifferenceCode::LineMissing, Some(expected), message);
        }
        if chain(&self.at.hash, entry) != *hash {
            let message = format!("line {sequence} was not written after the one before it");
            self.differs(DifferenceCode::HashDiffers, Some(*sequence), message);
        }
        self.lines = self.lines.saturating_add(1);
        // Onwards from what the line says of itself, so that one bad line is one difference.
        self.at.sequence = *sequence;
        self.at.hash.clone_from(hash);
        match serde_json::from_str::<LedgerEntry>(entry) {
            Ok(entry) => self.follow(*sequence, &entry),
            Err(cause) => {
                let message = format!("line {sequence} can't be read: {cause}");
                self.differs(DifferenceCode::LineUnreadable, Some(*sequence), message);
            }
        }
    }

    fn follow(&mut self, sequence: i64, entry: &LedgerEntry) {
        if let Some(opening) = &entry.opening {
            if sequence != 1 {
                let message = format!("line {sequence} opens the ledger anew");
                self.differs(DifferenceCode::OpeningMisplaced, Some(sequence), message);
            }
            self.at.claims = opening.claims;
        }
        entry.apply_to(&mut self.at.level);
        let Some(order) = entry.order() else {
            return;
        };
        self.at.claims.add_line(order, &entry.movement);
        if self.claims_to.as_deref().is_some_and(|read| order <= read) {
            // This order's claim was read before the line was written: it has changed by as much.
            self.claims_sum.add_line(order, &entry.movement);
            self.totals.add_line(&entry.movement);
        }
    }

    /// Reads the next order's claim. Claims come in the order of their orders' names, and every line
    /// that was written before has been read.
    pub fn read_claim(&mut self, order: &str, claim: &Reservation) {
        use ReservationState::{Committed, Held};
        let placed = claim.placement.quantity();
        let has_units = matches!(claim.state, Held | Committed);
        if (has_units && claim.quantity != placed) || (!has_units && placed != 0) {
            let quantity = if has_units { claim.quantity } else { 0 };
            let message =
                format!("order {order} has {quantity} units, of which {placed} are placed");
            self.differs(DifferenceCode::ClaimInconsistent, None, message);
        }
        self.claims_read = self.claims_read.saturating_add(1);
        self.totals.add_claim(claim);
        self.claims_sum.add_claim(order, claim);
        self.claims_to = Some(order.to_owned());
    }

    /// Notes that the next order's claim can't be read.
    pub fn read_broken_claim(&mut self, order: &str, cause: &str) {
        let message = format!("the claim of order {order} can't be read: {cause}");
        self.differs(DifferenceCode::ClaimInconsistent, None, message);
        self.claims_read = self.claims_read.saturating_add(1);
        self.claims_to = Some(order.to_owned());
    }

    /// Ends a proof that has read every line, and every claim if it is whole. `live`: what claims that
    /// hold or are owed units have in all, as storage adds it up; a whole proof has its own sums.
    #[must_use]
    pub fn conclude(mut self, stored: StoredHead<'_>, live: ClaimTotals) -> ProofReport {
        if let Some((sequence, _)) = self.must_meet.take() {
            let message =
                format!("the ledger ends before line {sequence}, which was proven before");
            self.differs(DifferenceCode::AnchorMissing, Some(sequence), message);
        }
        if stored.sequence != self.at.sequence || stored.hash != self.at.hash {
            let message = format!(
                "the last line is {}, the counters were written after line {}",
                self.at.sequence, stored.sequence
            );
            self.differs(DifferenceCode::HeadDiffers, Some(self.at.sequence), message);
        }
        for (code, message) in differences(&self.at.level, stored.level) {
            self.differs(code, None, message);
        }
        if let Err(message) = stored.level.check() {
            self.differs(DifferenceCode::InvariantBroken, None, message);
        }
        let totals = if self.is_whole { std::mem::take(&mut self.totals) } else { live };
        for message in claim_differences(stored.level, &totals) {
            self.differs(DifferenceCode::ClaimsDiffer, None, message);
        }
        if self.is_whole && self.claims_sum != self.at.claims {
            let message = "an order's claim is not what the lines that it caused add up to";
            self.differs(DifferenceCode::OrdersDiffer, None, message.to_owned());
        }
        let verdict = if self.differences.is_empty() { Verdict::Holds } else { Verdict::Broken };
        ProofReport {
            is_whole: self.is_whole,
            lines: self.lines,
            claims: self.claims_read,
            from_sequence: self.from_sequence,
            end: self.at,
            verdict,
            differences: self.differences,
            further_differences: self.further_differences,
        }
    }
}

/// What of a stored level is not what the ledger adds up to.
fn differences(ledger: &StockLevel, stored: &StockLevel) -> Vec<(DifferenceCode, String)> {
    let counters = [
        ("received", ledger.received, stored.received),
        ("adjusted", ledger.adjusted, stored.adjusted),
        ("transferred", ledger.transferred, stored.transferred),
        ("sold", ledger.sold, stored.sold),
        ("reserved", ledger.reserved, stored.reserved),
        ("back_ordered_held", ledger.back_ordered_held, stored.back_ordered_held),
        ("back_ordered_sold", ledger.back_ordered_sold, stored.back_ordered_sold),
        ("version", ledger.version, stored.version),
    ];
    let mut found = Vec::new();
    let mut compare = |name: &str, place: &str, ledger: i64, stored: i64| {
        if ledger != stored {
            let message = format!("{name}{place} is {stored}, the ledger says {ledger}");
            found.push((DifferenceCode::CounterDiffers, message));
        }
    };
    for (name, ledger, stored) in counters {
        compare(name, "", ledger, stored);
    }
    let places = ledger.balances.iter().chain(&stored.balances).map(|known| &known.location);
    let places: BTreeSet<_> = places.collect();
    for place in places {
        let at = format!(" at {place}");
        let of = |level: &StockLevel| level.balance(place).cloned().unwrap_or_default();
        let (ledger, stored) = (of(ledger), of(stored));
        compare("on_hand", &at, ledger.on_hand, stored.on_hand);
        compare("reserved", &at, ledger.reserved, stored.reserved);
        compare("damaged", &at, ledger.damaged, stored.damaged);
        compare("incoming", &at, ledger.incoming, stored.incoming);
    }
    let channels = ledger.set_aside.keys().chain(stored.set_aside.keys());
    let channels: BTreeSet<_> = channels.collect();
    for channel in channels {
        let (ledger, stored) = (ledger.set_aside_for(channel), stored.set_aside_for(channel));
        compare("set aside", &format!(" for {channel}"), ledger, stored);
    }
    let terms = |level: &StockLevel| {
        (level.back_order_limit, level.low_stock_threshold, level.terms.clone())
    };
    if terms(ledger) != terms(stored) {
        let message = "the terms are not those of the last change of terms".to_owned();
        found.push((DifferenceCode::TermsDiffer, message));
    }
    if found.is_empty() && ledger != stored {
        let message = "the counters are not those that the ledger adds up to".to_owned();
        found.push((DifferenceCode::CounterDiffers, message));
    }
    found
}

/// Which counters the claims of all orders do not add up to.
fn claim_differences(level: &StockLevel, claims: &ClaimTotals) -> Vec<String> {
    let mut found = Vec::new();
    let mut compare = |what: &str, claimed: i64, counted: i64| {
        if claimed != counted {
            found.push(format!("orders have {claimed} units {what}, the counter says {counted}"));
        }
    };
    for balance in &level.balances {
        let held = claims.held.get(&balance.location).copied().unwrap_or(0);
        compare(&format!("held at {}", balance.location), held, balance.reserved);
    }
    for (place, held) in &claims.held {
        if level.balance(place).is_none() {
            compare(&format!("held at {place}"), *held, 0);
        }
    }
    compare("held beyond the shelf", claims.held_beyond, level.back_ordered_held);
    compare("sold and still owed", claims.owed, level.back_ordered_sold);
    if let Some(sold) = claims.sold {
        compare("sold", sold, level.sold);
    }
    found
}
