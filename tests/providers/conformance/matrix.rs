//! Plays every scenario over every gateway, prints the matrix, and keeps it in README.md.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use cartwright::domain::payment::Gateway;
use cartwright::providers::payment::registry;

use super::scenario::SCENARIOS;
use super::{Given, Run, Scenario, Step, VENDORS, Vendor, expect, hostile, permutations};
use crate::support::settings;

const START: &str = "<!-- conformance:start -->";
const END: &str = "<!-- conformance:end -->";

/// What a vendor made of a scenario: it passed, or why it can't have it. `Err`: it failed.
fn play(vendor: &Vendor, scenario: Scenario) -> Result<Option<&'static str>, String> {
    use Scenario as S;
    match scenario {
        S::WebhookDuplicate | S::WebhookForged => {
            if let Err(reason) = hostile::good_event(vendor) {
                return Ok(Some(reason));
            }
            let play = if scenario == S::WebhookForged { hostile::forged } else { hostile::twice };
            return play(vendor).map(|()| None);
        }
        made if made.is_made_by_the_suite() => {
            return hostile::replies(vendor, scenario).map(|()| None);
        }
        _ => {}
    }
    let steps = match (vendor.given)(scenario) {
        Given::Steps(steps) => steps,
        Given::Declared(reason) => {
            assert!(reason.len() > 10, "{scenario:?} is declared without a reason");
            return Ok(Some(reason));
        }
    };
    if scenario == S::WebhookAnyOrder {
        return permutations::every_order(vendor, &steps).map(|()| None);
    }
    let run = Run::of(vendor, scenario, &steps);
    expect::judge(scenario, &run)?;
    keys(vendor, &run)?;
    if scenario == S::KeyRevoked {
        let Some(Step::Call(_, reply)) = steps.last() else { panic!("KeyRevoked ends in a call") };
        hostile::key_revoked(vendor, reply)?;
    }
    Ok(None)
}

/// Every POST carries an operation as its key where the gateway takes one, and no GET does; no header
/// has a line break in it.
fn keys(vendor: &Vendor, run: &Run<'_>) -> Result<(), String> {
    for request in &run.requests {
        let one_line = |text: &str| !text.contains(['\r', '\n', '\0']);
        if !request.headers.iter().all(|(name, value)| one_line(name) && one_line(value)) {
            return Err(format!("{request:?} has a line break in a header"));
        }
        let Some(wanted) = vendor.idempotency_header else { continue };
        let key = request.headers.iter().find(|(name, _)| name == wanted);
        let is_operation = key.is_some_and(|(_, value)| value.starts_with("op_"));
        if is_operation != (request.method.name() == "POST") {
            return Err(format!("{request:?} has the key {key:?}"));
        }
    }
    Ok(())
}

/// The scenarios that come with a capability: whoever has it can't declare them away.
fn may_declare(vendor: &Vendor, scenario: Scenario) -> bool {
    let settings = settings();
    let gateway = registry::gateway(&settings, vendor.gateway).unwrap();
    match scenario {
        Scenario::CaptureFull => gateway.capturing().is_none(),
        Scenario::CaptureAgain => {
            !gateway.capturing().is_some_and(|capturing| capturing.in_parts())
        }
        Scenario::Void => gateway.voiding().is_none(),
        Scenario::RefundFull | Scenario::RefundPart | Scenario::RefundReplyLost => {
            gateway.refunding().is_none()
        }
        Scenario::BooksFirstPage => gateway.listing().is_none(),
        Scenario::Success
        | Scenario::Decline
        | Scenario::TimeoutAfterSuccess
        | Scenario::AnotherPayment
        | Scenario::KeyRevoked
        | Scenario::WebhookGood
        | Scenario::Whose => false,
        _ => true,
    }
}

#[test]
fn every_scenario_over_every_gateway() {
    let mut failures = Vec::new();
    let mut reasons: Vec<(&str, &str, Vec<&str>)> = Vec::new();
    let mut table = format!(
        "| scenario |{}\n|---|{}\n",
        VENDORS.iter().map(|vendor| format!(" {} |", vendor.gateway.name())).collect::<String>(),
        "---|".repeat(VENDORS.len())
    );
    for &(scenario, title) in SCENARIOS {
        write!(table, "| {title} |").unwrap();
        for vendor in VENDORS {
            let name = vendor.gateway.name();
            let word = match play(vendor, scenario) {
                Ok(None) => "pass",
                Ok(Some(_)) if !may_declare(vendor, scenario) => {
                    failures.push(format!("{name}, {scenario:?}: may not be declared away"));
                    "FAIL"
                }
                Ok(Some(reason)) => {
                    match reasons.iter_mut().find(|(of, why, _)| (*of, *why) == (name, reason)) {
                        Some((_, _, titles)) => titles.push(title),
                        None => reasons.push((name, reason, vec![title])),
                    }
                    "declared"
                }
                Err(found) => {
                    failures.push(format!("{name}, {scenario:?}: {found}"));
                    "FAIL"
                }
            };
            write!(table, " {word} |").unwrap();
        }
        table.push('\n');
    }
    reasons.sort();
    if !reasons.is_empty() {
        table.push_str("\nDeclared, because:\n\n");
    }
    for (name, reason, titles) in reasons {
        writeln!(table, "- {name}, {}: {reason}", titles.join("; ")).unwrap();
    }
    println!("{table}");
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
    keep(&table);
}

/// Compares the matrix with README.md, or writes it there.
fn keep(table: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = fs::read_to_string(&path).unwrap();
    let (before, rest) = readme.split_once(START).expect("README.md has the matrix's start");
    let (_, after) = rest.split_once(END).expect("README.md has the matrix's end");
    let fresh = format!("{before}{START}\n{table}{END}{after}");
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        fs::write(&path, fresh).unwrap();
        return;
    }
    assert!(
        readme == fresh,
        "README.md's matrix is not what the suite found; UPDATE_SNAPSHOTS=1 cargo test --test \
         providers matrix writes it anew"
    );
}

/// A folder of `src/providers/payment` is a gateway, and a gateway without a vendor here is not tested.
#[test]
fn every_gateway_of_the_registry_has_a_vendor() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/providers/payment");
    let mut found = 0;
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if !entry.path().is_dir() {
            continue;
        }
        found += 1;
        let name = entry.file_name().into_string().unwrap();
        let gateway = Gateway::from_name(&name)
            .unwrap_or_else(|| panic!("src/providers/payment/{name} is no gateway's name"));
        let vendor = VENDORS.iter().find(|vendor| vendor.gateway == gateway);
        assert!(vendor.is_some(), "{name} has no vendor in tests/providers/conformance");
    }
    assert_eq!(found, VENDORS.len(), "a vendor without a gateway");
    let settings = settings();
    for gateway in Gateway::ALL {
        let set_up = registry::gateway(&settings, gateway);
        let joined = VENDORS.iter().any(|vendor| vendor.gateway == gateway);
        assert_eq!(set_up.is_some(), joined, "{}", gateway.name());
        assert!(set_up.is_none_or(|set_up| set_up.gateway() == gateway));
    }
}
