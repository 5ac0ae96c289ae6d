//! Which operation may follow which result: one table.
//!
//! Every operation of a payment's ledger is looked up by its kind and result. A next operation may
//! follow if none of them forbids it and at least one makes it possible. How much it may move is judged
//! by amounts, in `rules.rs`.

use serde::{Deserialize, Serialize};

use super::operation::{OperationKind, OperationResult};

/// What one operation says about a next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Follow {
    /// It makes the next one possible.
    Enables,
    /// It has nothing to say about it.
    Neutral,
    /// It rules the next one out, as long as it stands like this.
    Forbids(Obstacle),
}

/// Why an operation rules out another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Obstacle {
    /// One is under way.
    InProgress,
    /// The outcome of one is not known yet.
    OutcomeUnknown,
    /// The money is held or taken already.
    AlreadySecured,
    /// The payment was called off.
    CalledOff,
    /// The buyer's bank has taken the case: a refund would give the money back twice.
    Disputed,
}

/// What the merchant or the buyer may ask for next. Chargebacks are never ours to ask.
pub const NEXT: [OperationKind; 4] =
    [OperationKind::Authorize, OperationKind::Capture, OperationKind::Void, OperationKind::Refund];

/// The table. `next` is the operation that is asked for; another `Authorize` is a further attempt to pay
/// the same order.
#[must_use]
pub const fn follow(kind: OperationKind, result: OperationResult, next: OperationKind) -> Follow {
    use Follow::{Enables, Forbids, Neutral};
    use Obstacle::{AlreadySecured, CalledOff, Disputed, InProgress, OutcomeUnknown};
    use OperationKind::{Authorize, Capture, Chargeback, Refund, Void};
    use OperationResult::{ActionRequired, Failed, Requested, Succeeded, Unknown};
    match (kind, result, next) {
        (_, _, Chargeback) => Neutral,

        // One question at a time about what holds and takes money.
        (Authorize | Capture | Void, Requested, _) | (Capture, ActionRequired, _) => {
            Forbids(InProgress)
        }
        (Authorize | Capture | Void, Unknown, _) => Forbids(OutcomeUnknown),

        (Authorize, ActionRequired, Authorize | Void) => Enables,
        (Authorize, Succeeded, Authorize) => Forbids(AlreadySecured),
        (Authorize, Succeeded, Capture | Void) => Enables,
        (Authorize, Failed, Authorize) => Enables,
        (Authorize, _, _) => Neutral,

        (Capture, Succeeded, Authorize) => Forbids(AlreadySecured),
        (Capture, Succeeded, Refund) => Enables,
        (Capture, _, _) => Neutral,

        (Void, Succeeded, Authorize) => Enables,
        (Void, Succeeded, Capture | Void) => Forbids(CalledOff),
        (Void, _, _) => Neutral,

        // Refunds beside each other are held apart by amounts; one of unknown outcome stops further ones.
        (Refund, Unknown, Refund) => Forbids(OutcomeUnknown),
        (Refund, _, Authorize) => Forbids(AlreadySecured),
        (Refund, _, _) => Neutral,

        (Chargeback, Requested | ActionRequired | Unknown, Refund) => Forbids(Disputed),
        (Chargeback, _, Authorize) => Forbids(AlreadySecured),
        (Chargeback, _, _) => Neutral,
    }
}

impl Follow {
    /// How the table in the README shows it.
    #[must_use]
    pub const fn mark(self) -> &'static str {
        match self {
            Self::Enables => "yes",
            Self::Neutral => "·",
            Self::Forbids(Obstacle::InProgress) => "no: in progress",
            Self::Forbids(Obstacle::OutcomeUnknown) => "no: outcome unknown",
            Self::Forbids(Obstacle::AlreadySecured) => "no: already secured",
            Self::Forbids(Obstacle::CalledOff) => "no: called off",
            Self::Forbids(Obstacle::Disputed) => "no: disputed",
        }
    }
}

/// The table as the README draws it.
#[must_use]
pub fn table() -> String {
    let mut text = String::from(
        "| after | authorize again | capture | void | refund |\n|---|---|---|---|---|\n",
    );
    for kind in OperationKind::ALL {
        for result in OperationResult::ALL {
            let cells: Vec<&str> =
                NEXT.iter().map(|next| follow(kind, result, *next).mark()).collect();
            let row = ["| ", kind.name(), " ", result.name(), " | ", &cells.join(" | "), " |\n"];
            text.push_str(&row.concat());
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every cell, written out a second time in the order of the code: one letter a cell for authorize,
    /// capture, void and refund. Y enables, . says nothing, P in progress, U unknown, S secured, C called
    /// off, D disputed.
    #[test]
    fn every_cell_of_the_table() {
        let expected = [
            ("authorize requested", "PPPP"),
            ("authorize action_required", "Y.Y."),
            ("authorize succeeded", "SYY."),
            ("authorize failed", "Y..."),
            ("authorize unknown", "UUUU"),
            ("capture requested", "PPPP"),
            ("capture action_required", "PPPP"),
            ("capture succeeded", "S..Y"),
            ("capture failed", "...."),
            ("capture unknown", "UUUU"),
            ("void requested", "PPPP"),
            ("void action_required", "...."),
            ("void succeeded", "YCC."),
            ("void failed", "...."),
            ("void unknown", "UUUU"),
            ("refund requested", "S..."),
            ("refund action_required", "S..."),
            ("refund succeeded", "S..."),
            ("refund failed", "S..."),
            ("refund unknown", "S..U"),
            ("chargeback requested", "S..D"),
            ("chargeback action_required", "S..D"),
            ("chargeback succeeded", "S..."),
            ("chargeback failed", "S..."),
            ("chargeback unknown", "S..D"),
        ];
        let mut rows = expected.iter();
        for kind in OperationKind::ALL {
            for result in OperationResult::ALL {
                let (name, cells) = rows.next().unwrap();
                assert_eq!(*name, format!("{} {}", kind.name(), result.name()));
                for (next, expected) in NEXT.iter().zip(cells.chars()) {
                    let letter = match follow(kind, result, *next) {
                        Follow::Enables => 'Y',
                        Follow::Neutral => '.',
                        Follow::Forbids(Obstacle::InProgress) => 'P',
                        Follow::Forbids(Obstacle::OutcomeUnknown) => 'U',
                        Follow::Forbids(Obstacle::AlreadySecured) => 'S',
                        Follow::Forbids(Obstacle::CalledOff) => 'C',
                        Follow::Forbids(Obstacle::Disputed) => 'D',
                    };
                    assert_eq!(letter, expected, "{name} then {next:?}");
                }
            }
        }
        assert!(rows.next().is_none());
    }
}
