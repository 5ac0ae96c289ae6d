//! What the people saw: every request with what it was answered, as evidence for whoever audits the world.
//! What no answer may ever be is refused here, at once.
//!
//! A world has a thread of its own, and so has its evidence.

use std::cell::RefCell;

use cartwright::domain::time::Timestamp;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::request::Request;
use super::{bankers, documented};
use crate::gateways::books::Outcome;
use crate::world::{Answer, World};

/// Keys are kept for two days by the clock of whoever keeps them, which may be off by hours: for so long
/// nothing of them may be forgotten.
const REMEMBERED_MILLISECONDS: i64 = 18 * 3_600_000;

/// One answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    pub status: u16,
    /// What `Idempotency-Stored` says, if anything.
    pub stored: Option<bool>,
    pub order_id: Option<String>,
    /// Of a refusal.
    pub code: Option<String>,
    pub replayed: bool,
    /// What the order comes to, in minor units.
    pub total: Option<i64>,
    /// The operations, or the return, that were written down.
    pub made: Vec<String>,
    pub at: Timestamp,
}

/// A cart under a key. Another body under the same key is another entry.
#[derive(Debug, Clone)]
pub struct CheckoutSeen {
    pub key: String,
    pub body_fingerprint: String,
    /// `channel` for an order that a channel has sold, whose key is the channel's id of it.
    pub gateway: String,
    /// What the buyer expects to pay, in minor units.
    pub expected_total: Option<i64>,
    pub began: Timestamp,
    /// How often it was sent: answers that are missing never came.
    pub sent: usize,
    pub answers: Vec<Seen>,
}

/// Money that was asked to move, another attempt to pay, or goods that came back.
#[derive(Debug, Clone)]
pub struct MovementSeen {
    pub key: String,
    pub body_fingerprint: String,
    /// `capture`, `void`, `refund`, `retry` or `return`.
    pub kind: &'static str,
    pub order_id: String,
    pub amount_minor: Option<i64>,
    pub began: Timestamp,
    pub sent: usize,
    pub answers: Vec<Seen>,
}

/// A change of a SKU's stock or terms.
#[derive(Debug, Clone)]
pub struct ChangeSeen {
    pub key: String,
    pub body_fingerprint: String,
    pub sku: String,
    /// The kind of adjustment, or `terms`.
    pub kind: String,
    pub quantity: i64,
    /// None: nobody knows, as an answer is missing or says that nobody knows.
    pub accepted: Option<bool>,
    pub began: Timestamp,
    pub sent: usize,
    pub answers: Vec<Seen>,
}

/// An order that a buyer knows, with what opens it.
#[derive(Debug, Clone)]
pub struct KnownOrder {
    pub id: String,
    pub token: String,
    pub currency: String,
    pub total: i64,
    pub lines: Vec<(String, i64)>,
    pub is_of_channel: bool,
}

#[derive(Debug, Clone, Default)]
pub struct Evidence {
    pub checkouts: Vec<CheckoutSeen>,
    pub movements: Vec<MovementSeen>,
    pub changes: Vec<ChangeSeen>,
    pub orders: Vec<KnownOrder>,
}

thread_local! {
    static EVIDENCE: RefCell<Evidence> = RefCell::default();
}

/// What the people of this thread's world saw so far.
pub fn evidence() -> Evidence {
    EVIDENCE.with_borrow(Clone::clone)
}

pub fn remember_order(order: KnownOrder) {
    EVIDENCE.with_borrow_mut(|evidence| {
        if evidence.orders.iter().all(|known| known.id != order.id) {
            evidence.orders.push(order);
        }
    });
}

/// Where a request stands in the evidence.
#[derive(Clone, Copy)]
enum Entry {
    Checkout(usize),
    Movement(usize),
    Change(usize),
}

/// A request on its way, with how much was known when it was sent.
pub struct Sent {
    entry: Option<Entry>,
    /// Answers that had come.
    known: usize,
    /// Whether another body has an answer stored under the same key.
    key_is_taken: bool,
}

/// The kind of movement that a route asks for.
fn movement(template: &str) -> Option<&'static str> {
    Some(match template {
        "/v1/admin/orders/{id}/captures" => "capture",
        "/v1/admin/orders/{id}/voids" => "void",
        "/v1/admin/orders/{id}/refunds" => "refund",
        "/v1/admin/orders/{id}/returns" => "return",
        "/v1/orders/{id}/payments" => "retry",
        _ => return None,
    })
}

pub fn fingerprint(body: &[u8]) -> String {
    hex::encode(Sha256::digest(body))
}

/// Notes that a request is sent.
pub fn sent(world: &World, request: &Request) -> Sent {
    EVIDENCE.with_borrow_mut(|evidence| {
        let entry = evidence.entry(request, world.now());
        let seen = |entry| match entry {
            Entry::Checkout(at) => (&evidence.checkouts[at].answers, evidence.checkouts[at].began),
            Entry::Movement(at) => (&evidence.movements[at].answers, evidence.movements[at].began),
            Entry::Change(at) => (&evidence.changes[at].answers, evidence.changes[at].began),
        };
        let known = entry.map_or(0, |entry| seen(entry).0.len());
        let key_is_taken = match entry {
            Some(Entry::Checkout(at)) => {
                let this = &evidence.checkouts[at];
                evidence.checkouts.iter().any(|other| {
                    other.key == this.key
                        && other.body_fingerprint != this.body_fingerprint
                        && other.stored().is_some()
                        && is_remembered(other.began, world)
                })
            }
            _ => false,
        };
        Sent { entry, known, key_is_taken }
    })
}

fn is_remembered(began: Timestamp, world: &World) -> bool {
    world.now().milliseconds_since(began) < REMEMBERED_MILLISECONDS
}

impl CheckoutSeen {
    /// The answer that is stored under the key.
    pub fn stored(&self) -> Option<&Seen> {
        self.answers.iter().find(|seen| seen.stored == Some(true))
    }
}

impl Evidence {
    fn entry(&mut self, request: &Request, began: Timestamp) -> Option<Entry> {
        let key = request.key.clone()?;
        let body_fingerprint = fingerprint(&request.bytes());
        let body = request.body.clone().unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        if matches!(request.template, "/v1/checkouts" | "/v1/admin/channel-orders") {
            let is_channel = request.template != "/v1/checkouts";
            let known = self
                .checkouts
                .iter_mut()
                .position(|seen| seen.key == key && seen.body_fingerprint == body_fingerprint);
            let at = known.unwrap_or(self.checkouts.len());
            if known.is_none() {
                self.checkouts.push(CheckoutSeen {
                    key,
                    body_fingerprint,
                    gateway: match is_channel {
                        true => "channel".to_owned(),
                        false => text(&body["payment"]["gateway"]),
                    },
                    expected_total: request.expected_total,
                    began,
                    sent: 0,
                    answers: Vec::new(),
                });
            }
            self.checkouts[at].sent += 1;
            return Some(Entry::Checkout(at));
        }
        if let Some(kind) = movement(request.template) {
            let known = self.movements.iter().position(|seen| {
                seen.key == key && seen.body_fingerprint == body_fingerprint && seen.kind == kind
            });
            let at = known.unwrap_or(self.movements.len());
            if known.is_none() {
                let order_id = request.subject.clone();
                let amount_minor = body["amount_minor"].as_i64();
                let answers = Vec::new();
                let seen = MovementSeen {
                    key,
                    body_fingerprint,
                    kind,
                    order_id,
                    amount_minor,
                    began,
                    sent: 0,
                    answers,
                };
                self.movements.push(seen);
            }
            self.movements[at].sent += 1;
            return Some(Entry::Movement(at));
        }
        let kind = match request.template {
            "/v1/admin/inventory/{sku}/adjustments" => match body["kind"].as_str() {
                Some(kind) => kind.to_owned(),
                None => "adjusted".to_owned(),
            },
            "/v1/admin/inventory/{sku}/terms" if request.method == "PUT" => "terms".to_owned(),
            _ => return None,
        };
        let known = self
            .changes
            .iter()
            .position(|seen| seen.key == key && seen.body_fingerprint == body_fingerprint);
        let at = known.unwrap_or(self.changes.len());
        if known.is_none() {
            self.changes.push(ChangeSeen {
                key,
                body_fingerprint,
                sku: request.subject.clone(),
                kind,
                quantity: body["quantity"].as_i64().unwrap_or(0),
                accepted: None,
                began,
                sent: 0,
                answers: Vec::new(),
            });
        }
        self.changes[at].sent += 1;
        self.changes[at].judge();
        Some(Entry::Change(at))
    }
}

impl ChangeSeen {
    fn judge(&mut self) {
        let is_done = self.answers.iter().any(|seen| seen.status < 300);
        let refused = self.answers.iter().filter(|seen| (400..500).contains(&seen.status)).count();
        self.accepted = match is_done {
            true => Some(true),
            false => (refused == self.sent).then_some(false),
        };
    }
}

fn read(world: &World, answer: &Answer) -> Seen {
    let body = answer.json();
    let order = body.get("order").unwrap_or(&body);
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let is_fine = answer.status < 300;
    let order_id = if is_fine { text(&order["id"]) } else { text(&body["order_id"]) };
    let made = body["operations"].as_array().into_iter().flatten().filter_map(text);
    Seen {
        status: answer.status,
        stored: answer.header("idempotency-stored").map(|stored| stored == "true"),
        order_id,
        code: text(&body["code"]),
        replayed: answer.header("idempotent-replayed") == Some("true"),
        total: order["totals"]["total"]["amount"].as_i64().filter(|_| is_fine),
        made: made.chain(text(&body["return_id"])).collect(),
        at: world.now(),
    }
}

/// Notes what was answered, and refuses what may not be.
pub fn saw(world: &World, request: &Request, sent: &Sent, answer: &Answer) {
    let seen = read(world, answer);
    let name = format!("{} {}", request.method, request.template);
    let code = seen.code.as_deref().unwrap_or("");
    world.note(format!("answer: {name} {} {code}", seen.status).trim_end());
    assert!(seen.status < 500 || seen.status == 503, "{name}: {} {}", seen.status, answer.body);
    assert!(
        documented::is_documented(request.method, request.template, seen.status),
        "{name} may not be answered with {}: {}",
        seen.status,
        answer.body
    );
    check_money(world, answer);
    EVIDENCE.with_borrow_mut(|evidence| match sent.entry {
        Some(Entry::Checkout(at)) => {
            let first = evidence.checkouts[at].clone();
            let is_young = is_remembered(first.began, world);
            check_checkout(&first, &seen, sent, is_young);
            let other = evidence.checkouts.iter().find(|other| {
                other.key == first.key && other.body_fingerprint != first.body_fingerprint
            });
            let is_taken_twice = seen.stored == Some(true)
                && is_young
                && other.is_some_and(|other| other.stored().is_some());
            assert!(!is_taken_twice, "two carts are stored under the key {}", first.key);
            evidence.checkouts[at].answers.push(seen);
        }
        Some(Entry::Movement(at)) => {
            let movement = &mut evidence.movements[at];
            if is_remembered(movement.began, world) {
                check_movement(movement, &seen, sent);
            }
            movement.answers.push(seen);
        }
        Some(Entry::Change(at)) => {
            let change = &mut evidence.changes[at];
            let was_done = change.answers.iter().take(sent.known).any(|seen| seen.status < 300);
            assert!(
                !was_done || !is_remembered(change.began, world) || is_told_again(&seen),
                "a change under the key {} was done, and is refused now: {seen:?}",
                change.key
            );
            change.answers.push(seen);
            change.judge();
        }
        None => {}
    });
}

/// An order is shown as paid only if a bank said yes to it, whatever anybody claims.
fn check_money(world: &World, answer: &Answer) {
    let body = answer.json();
    let order = body.get("order").unwrap_or(&body);
    let status = order["payment_status"].as_str().unwrap_or_default();
    let is_secured = ["authorized", "partially_paid", "paid"].contains(&status);
    if answer.status >= 300 || !is_secured || order.get("channel").is_some() {
        return;
    }
    let id = order["id"].as_str().unwrap_or_default();
    let said_yes = bankers::orders_with(world, |payment| {
        payment.attempts.iter().any(|attempt| attempt.outcome != Outcome::Declined)
    });
    let is_paid = said_yes.iter().any(|known| known == id);
    assert!(is_paid, "an order is {status} and no bank said yes: {}", answer.body);
}

/// Whether this is what was answered before, or nobody knows at present.
fn is_told_again(seen: &Seen) -> bool {
    seen.status == 503 || seen.status < 300 && seen.replayed
}

fn check_checkout(checkout: &CheckoutSeen, seen: &Seen, sent: &Sent, is_young: bool) {
    let key = &checkout.key;
    if let (201, Some(expected)) = (seen.status, checkout.expected_total) {
        assert_eq!(seen.total, Some(expected), "the order under {key} has another total");
    }
    if checkout.gateway == "channel" {
        let orders = checkout.answers.iter().filter_map(|seen| seen.order_id.as_ref());
        let is_another = |id: &&String| seen.order_id.as_ref().is_some_and(|own| own != *id);
        assert_eq!(orders.filter(is_another).count(), 0, "the channel's order {key} is two");
        return;
    }
    if seen.status == 201 {
        assert_eq!(seen.stored, Some(true), "an order was placed and {key} does not keep it");
    }
    if !is_young {
        return;
    }
    if sent.key_is_taken {
        let is_refused = seen.code.as_deref() == Some("idempotency_key_reused");
        assert!(is_refused || seen.status == 503, "{key} took another cart: {seen:?}");
    }
    let Some(first) = checkout.stored() else { return };
    if seen.stored == Some(true) {
        let same = (first.status, &first.order_id, &first.code);
        let now = (seen.status, &seen.order_id, &seen.code);
        assert_eq!(same, now, "two answers are stored under {key}");
        return;
    }
    let was_stored = checkout.answers.iter().take(sent.known).any(|seen| seen.stored == Some(true));
    assert!(
        !was_stored || seen.status == 503,
        "{key} has an answer, and another one is given: {first:?}, {seen:?}"
    );
}

fn check_movement(movement: &MovementSeen, seen: &Seen, sent: &Sent) {
    let key = &movement.key;
    let done = |seen: &&Seen| seen.status == 201;
    if seen.status == 201
        && let Some(first) = movement.answers.iter().find(done)
    {
        assert_eq!(first.made, seen.made, "a {} was made twice under {key}", movement.kind);
        assert_eq!(first.order_id, seen.order_id, "{key} moved another order's money");
    }
    let was_done = movement.answers.iter().take(sent.known).any(|seen| done(&seen));
    let fits = movement.kind == "retry" || is_told_again(seen);
    assert!(!was_done || fits, "a {} was made, and is refused now: {seen:?}", movement.kind);
}
