//! Webhooks in every order end in one state.

use cartwright::domain::payment::OperationKind;

use super::{Run, Scenario, Step, Vendor};

/// Every order of the events, each with the calls that follow it.
pub fn every_order(vendor: &Vendor, steps: &[Step]) -> Result<(), String> {
    let mut groups: Vec<Vec<Step>> = Vec::new();
    for step in steps {
        match (step, groups.last_mut()) {
            (Step::Call(..), Some(group)) => group.push(step.clone()),
            _ => groups.push(vec![step.clone()]),
        }
    }
    if groups.len() < 3 {
        return Err("fewer than three events are no life of a payment".to_owned());
    }
    let mut ends = Vec::new();
    for order in orders(groups.len()) {
        let steps: Vec<Step> = order.iter().flat_map(|&at| groups[at].clone()).collect();
        let run = Run::of(vendor, Scenario::WebhookAnyOrder, &steps);
        if run.refused_by_record {
            return Err(format!("{order:?}: refused by the record: {:?}", run.outcomes));
        }
        let taken = run.payment.succeeded_minor(OperationKind::Capture);
        let movements: Vec<_> = run.movements.into_values().collect();
        let report = run.payment.report.map(|r| (r.reference, r.state, r.captured_minor));
        ends.push((order, (report, taken, movements)));
    }
    let (_, first) = &ends[0];
    match ends.iter().find(|(_, end)| end != first) {
        Some((order, end)) => Err(format!("{order:?} ends in {end:?}, the first in {first:?}")),
        None => Ok(()),
    }
}

/// Every order of `count` things.
fn orders(count: usize) -> Vec<Vec<usize>> {
    if count == 0 {
        return vec![Vec::new()];
    }
    let shorter = orders(count - 1);
    let inserted = |order: &Vec<usize>, at: usize| {
        let mut longer = order.clone();
        longer.insert(at, count - 1);
        longer
    };
    shorter.iter().flat_map(|order| (0..count).map(move |at| inserted(order, at))).collect()
}

#[test]
fn four_events_come_in_twenty_four_orders() {
    let mut all = orders(4);
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 24);
}
