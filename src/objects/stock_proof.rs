//! A proof of one SKU's ledger from the outside: turn after turn at its object, then a comparison with what
//! lists and orders remember of it, and what was found into D1. Whoever runs it may end at any time: a proof that has not ended goes on from the last turn noted.

use serde_json::json;

use super::commands::{SkuAnswer, SkuCommand};
use super::ledger_commands::{LedgerAnswer, LedgerCommand};
use super::stock_recall::{Memory, recall};
use crate::domain::id::Sku;
use crate::domain::inventory::{Proof, ProofReport, Verdict};
use crate::domain::time::Timestamp;
use crate::runtime::log::{self, Level};
use crate::runtime::platform::{Platform, Unavailable};
use crate::storage::{stock_levels, stock_proofs};

/// How much is to be proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProofScope {
    /// What came since the last proof that held; everything, if none did.
    SinceLast,
    /// Everything.
    Whole,
}

/// What came of a proof.
#[derive(Debug)]
pub enum Proven {
    /// It has ended.
    Ended {
        /// What it found.
        report: Box<ProofReport>,
        /// When.
        at: Timestamp,
    },
    /// It took as many turns as it may; another call goes on with it.
    Unfinished {
        /// How far it is.
        proof: Box<Proof>,
    },
}

/// Proves a SKU's ledger in at most so many turns at its object.
///
/// # Errors
/// When the object or D1 does not answer; nothing is lost, and proving again is safe.
pub async fn prove(
    platform: &Platform,
    sku: &Sku,
    scope: ProofScope,
    turns: u32,
) -> Result<Proven, Unavailable> {
    let database = platform.database()?;
    let known = stock_proofs::find(&database, sku).await?;
    let memory = Memory {
        told: stock_levels::of_skus(&database, &[sku]).await?.pop().map(|copy| copy.level),
        orders_to: known.anchor.as_ref().map(|anchor| anchor.orders_to),
        is_whole: scope == ProofScope::Whole,
        at: platform.now(),
    };
    let wanted = |proof: &Proof| scope == ProofScope::SinceLast || proof.is_whole();
    let mut proof = match (known.unfinished.filter(wanted), known.anchor) {
        (Some(unfinished), _) => unfinished,
        (None, Some(anchor)) if scope == ProofScope::SinceLast => Proof::since(anchor),
        (None, anchor) => Proof::whole(anchor.as_ref()),
    };
    for _ in 0..turns {
        let command = SkuCommand::Ledger(LedgerCommand::Prove { proof: Box::new(proof) });
        match platform.sku(sku, &command).await? {
            SkuAnswer::Ledger(LedgerAnswer::Proving { proof: further }) => proof = *further,
            SkuAnswer::Ledger(LedgerAnswer::Proven { mut report }) => {
                let found = recall(platform, &database, sku, &memory, &report).await?;
                report.find(found);
                report.end.orders_to = memory.at;
                let at = platform.now();
                stock_proofs::record(&database, sku, &report, at).await?;
                if report.verdict == Verdict::Broken {
                    tell(sku, &report);
                }
                return Ok(Proven::Ended { report, at });
            }
            _ => return Err(unfitting()),
        }
    }
    stock_proofs::put_off(&database, sku, &proof).await?;
    Ok(Proven::Unfinished { proof: Box::new(proof) })
}

fn tell(sku: &Sku, report: &ProofReport) {
    let codes: Vec<_> = report.differences.iter().map(|difference| difference.code).collect();
    let fields = json!({ "sku": sku, "sequence": report.end.sequence, "codes": codes });
    log::event(Level::Error, "stock.proof_broken", fields);
}

pub(super) fn unfitting() -> Unavailable {
    let cause = "the object's answer does not fit a proof".to_owned();
    Unavailable { part: "inventory", cause, overloaded: false }
}
