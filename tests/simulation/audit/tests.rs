//! A shop on a good day, and what the audit says of what may not be.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::thread;

use cartwright::domain::payment::Gateway;
use serde_json::{Value, json};

use super::Audit;
use super::rows::{Rows, SERIES, SHARDS, SKUS};
use crate::exercised::Exercised;
use crate::gateways::SimulatedGateway;
use crate::people::{By, ask, shopkeeper};
use crate::world::World;

const SANDBOX: usize = 0;
const STRIPE: usize = 1;
const RAZORPAY: usize = 2;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

struct Day {
    world: World,
    audit: Audit,
    placed: Rc<RefCell<Vec<(String, i64)>>>,
}

fn checkout(gateway: &str, method: Option<&str>, sku: &str, units: i64) -> Value {
    let currency = if gateway == "razorpay" { "INR" } else { "USD" };
    let mut payment = json!({"gateway": gateway});
    if let Some(method) = method {
        payment["method"] = json!(method);
    }
    json!({
        "currency": currency, "lines": [{"sku": sku, "quantity": units}],
        "email": "Ada@example.com", "shipping_method": "standard", "payment": payment,
        "shipping_address": {
            "name": "Ada Lovelace", "line1": "500 Howard Street", "city": "San Francisco",
            "region": "CA", "postal_code": "94105", "country": "US",
        },
    })
}

impl Day {
    /// A world that takes money in one of three ways, which its seed says.
    fn new(seed: u64) -> Self {
        let gateways = [Gateway::Sandbox, Gateway::Stripe, Gateway::Razorpay];
        let gateways = gateways.map(|which| SimulatedGateway::new(which, 0)).to_vec();
        let shop = thread::spawn(shopkeeper::opened).join().unwrap();
        let world = World::new(seed, &shop, gateways, false);
        Self { world, audit: Audit::default(), placed: Rc::default() }
    }

    fn pass(&mut self, milliseconds: i64) {
        self.world.run_for(milliseconds);
        let placed = self.placed.borrow_mut().drain(..).collect::<Vec<_>>();
        for (order, total) in placed {
            self.audit.acknowledge(&order, total);
        }
        self.audit.at_any_time(&self.world);
    }

    fn buy(&mut self, key: &str, body: Value) {
        let (world, placed, key) = (self.world.clone(), Rc::clone(&self.placed), key.to_owned());
        self.world.begin(async move {
            let answer =
                ask(&world, By::Storefront, "POST", "/v1/checkouts", Some(&key), Some(&body)).await;
            let answer = answer.unwrap();
            world.note(format!("answered {}", answer.status));
            if answer.status == 201 {
                let order = &answer.json()["order"];
                let total = order["totals"]["total"]["amount"].as_i64().unwrap();
                placed.borrow_mut().push((order["id"].as_str().unwrap().to_owned(), total));
            } else {
                world.note(format!("{} {}", answer.status, answer.body));
            }
        });
        self.pass(2_000);
    }

    fn admin(&mut self, path: String, key: &str, body: Option<Value>) {
        let (world, key) = (self.world.clone(), key.to_owned());
        self.world.begin(async move {
            let answer =
                ask(&world, By::Admin, "POST", &path, Some(&key), body.as_ref()).await.unwrap();
            world.note(format!("{} {}", path.rsplit('/').next().unwrap(), answer.status));
        });
        self.pass(5_000);
    }

    fn orders(&self, that: impl Fn(&super::rows::Order) -> bool) -> Vec<String> {
        let rows = Rows::of(&self.world);
        rows.orders.values().filter(|order| that(order)).map(|order| order.id.clone()).collect()
    }

    /// An ordinary day: paid, declined, called off, given back, run out of time.
    fn ordinary(seed: u64) -> Self {
        let mut day = Self::new(seed);
        day.pass(1_000);
        day.buy("a", checkout("sandbox", Some("instant"), "RUG", 2));
        day.buy("b", checkout("sandbox", Some("auto"), "MUG", 1));
        day.buy("c", checkout("sandbox", Some("decline"), "LAMP", 1));
        day.buy("d", checkout("sandbox", Some("redirect"), "LAMP", 1));
        day.buy("e", checkout("sandbox", Some("refund_pending"), "SET", 1));
        day.buy("f", checkout("stripe", Some("pm_card_visa"), "RUG", 1));
        day.buy("g", checkout("stripe", None, "MUG", 1));
        day.buy("h", checkout("stripe", Some("pm_card_visa_chargeDeclined"), "MUG", 1));
        day.buy("i", checkout("razorpay", None, "RUG", 1));
        day.buy("j", checkout("razorpay", None, "VASE", 1));
        day.buy("k", checkout("sandbox", Some("instant"), "VASE", 1));
        day.buy("l", checkout("sandbox", Some("pending"), "MUG", 1));
        day.buy("a", checkout("sandbox", Some("instant"), "RUG", 2));
        for which in [SANDBOX, STRIPE, RAZORPAY] {
            let now = day.world.now();
            let waiting = day.world.gateway(which, |gateway| gateway.awaiting_buyer());
            if let Some(first) = waiting.first() {
                assert!(day.world.gateway(which, |gateway| gateway.buyer_approves(first, now)));
            }
            day.pass(3_000);
        }
        for (at, id) in day.orders(|order| order.status() == "open").into_iter().enumerate() {
            let path = format!("/v1/admin/orders/{id}/captures");
            day.admin(path, &format!("capture-{at}"), Some(json!({})));
        }
        let paid = |order: &super::rows::Order| {
            super::rest::payment_state(order) == "paid" && order.status() == "open"
        };
        for (at, id) in day.orders(paid).into_iter().take(3).enumerate() {
            let amount = if at == 0 { json!({"amount_minor": 100}) } else { json!({}) };
            let path = format!("/v1/admin/orders/{id}/refunds");
            day.admin(path, &format!("refund-{at}"), Some(amount));
        }
        let unpaid = |order: &super::rows::Order| !order.is_secured() && order.status() == "open";
        if let Some(id) = day.orders(unpaid).first() {
            day.admin(format!("/v1/orders/{id}/cancel"), "cancel", None);
        }
        for _ in 0..6 {
            day.pass(HOUR);
        }
        day
    }
}

fn finding(of: impl FnOnce()) -> String {
    let caught = catch_unwind(AssertUnwindSafe(of)).expect_err("the audit finds nothing");
    let text = caught.downcast_ref::<String>().cloned();
    text.unwrap_or_else(|| (*caught.downcast_ref::<&str>().unwrap()).to_owned())
}

/// A world has a thread of its own: what its variables say is read once.
#[test]
fn an_ordinary_day_agrees_however_money_is_taken() {
    let live = |seed: u64| {
        let mut day = Day::ordinary(seed);
        day.audit.at_rest(&day.world);
        for _ in 0..9 {
            day.pass(DAY);
            day.audit.at_rest(&day.world);
        }
        day.world.exercised()
    };
    let days: Vec<_> = (0..4).map(|seed| thread::spawn(move || live(seed))).collect();
    let mut all = Exercised::default();
    for day in days {
        let exercised = day.join().unwrap();
        assert!(exercised.times("answered 201") >= 8, "{exercised}");
        all.add(&exercised);
    }
    for reached in [
        "captures 201",
        "refunds 201",
        "cancel 200",
        "reached: capture succeeded",
        "reached: refund succeeded",
        "reached: order open, paid",
        "reached: order open, partially_refunded",
        "reached: order open, refunded",
        "reached: order cancelled, no money (cancelled)",
        "reached: order rejected, no money (failed)",
        "reached: ledger line committed",
        "reached: ledger line released",
    ] {
        assert!(all.times(reached) > 0, "{reached} never happened:\n{all}");
    }
}

/// Rows that are not what they should be, and the promise that the audit says is broken.
const ALTERED: [(&str, &str, &str, &str); 10] = [
    (SHARDS, "", "UPDATE orders SET version = version - 1", "went back"),
    (SHARDS, "", "DELETE FROM orders", "which is not there"),
    (SHARDS, "", "UPDATE idempotency SET outcome = '{}'", "I6"),
    (SHARDS, "", "UPDATE idempotency SET order_id = (SELECT MAX(id) FROM orders)", "I6"),
    (
        SHARDS,
        "",
        "UPDATE orders SET document = json_set(document, '$.status', 'completed')",
        "and is still version",
    ),
    (
        SKUS,
        "RUG",
        "UPDATE level SET document = json_set(document, '$.received', 13)",
        "I1: RUG has 13 received, its ledger says 12",
    ),
    (
        SKUS,
        "RUG",
        "UPDATE reservations SET quantity = quantity + 1 WHERE state = 'committed'",
        "I2",
    ),
    (SKUS, "RUG", "DELETE FROM ledger WHERE sequence = 2", "in place of 2"),
    (
        SKUS,
        "RUG",
        "UPDATE ledger SET entry = replace(entry, 'reserved', 'adjusted') WHERE sequence = 2",
        "does not follow",
    ),
    (SERIES, "", "DELETE FROM invoices WHERE number = 1", "has a gap"),
];

#[test]
fn whatever_is_changed_behind_the_shops_back_shows() {
    for (binding, name, sql, promise) in ALTERED {
        let mut day = Day::ordinary(1);
        let names: Vec<String> = match name {
            "" => day.world.objects(binding),
            one => vec![one.to_owned()],
        };
        let mut begun = names.iter().filter(|name| {
            let table = if binding == SKUS { "level" } else { "orders" };
            super::rows::has(
                &day.world,
                binding,
                name,
                if binding == SERIES { "invoices" } else { table },
            )
        });
        let name = begun.next().unwrap();
        day.world.alter(binding, name, sql);
        let found = finding(|| day.audit.at_rest(&day.world));
        assert!(found.contains(promise), "{sql}: {found}");
    }
}

#[test]
fn whatever_d1_has_otherwise_shows() {
    let changes = [
        "DELETE FROM orders WHERE id = (SELECT MIN(id) FROM orders)",
        "UPDATE orders SET version = version + 1",
        "UPDATE orders SET payment_status = 'paid'",
        "UPDATE stock_levels SET sold = sold + 1",
        "DELETE FROM stock_levels WHERE sku = 'MUG'",
        "DELETE FROM money_movements",
        "UPDATE money_movements SET amount_minor = amount_minor + 1",
        "DELETE FROM invoices",
    ];
    let mut day = Day::ordinary(1);
    day.audit.at_rest(&day.world);
    for sql in changes {
        let shop = day.world.snapshot();
        day.world.alter_database(sql);
        let found = finding(|| Audit::default().at_rest(&day.world));
        assert!(found.contains("I8"), "{sql}: {found}");
        let gateways = (0..3).map(|which| day.world.gateway(which, |gateway| gateway.clone()));
        let gateways = gateways.collect();
        day.world = World::new(1, &shop, gateways, false);
    }
}

#[test]
fn money_that_moves_untold_shows() {
    let mut day = Day::ordinary(1);
    day.audit.at_rest(&day.world);
    // Another world with the same gateways later, whose webhooks are not delivered to this one.
    let reference = day.world.gateway(SANDBOX, |gateway| {
        let paid = |one: &&crate::gateways::books::BookedPayment| {
            one.captured_minor() > one.refunding_minor()
        };
        gateway.books().payments.values().find(paid).unwrap().reference.clone()
    });
    let now = day.world.now();
    assert!(day.world.gateway(SANDBOX, |gateway| gateway.dashboard_refund(&reference, 1, now)));
    let found = finding(|| day.audit.at_rest(&day.world));
    assert!(found.contains("I3") && found.contains("refunded"), "{found}");
    // Told of it, it agrees again.
    day.pass(HOUR);
    day.audit.at_rest(&day.world);
}

#[test]
fn an_order_that_was_answered_and_is_not_there_shows() {
    let mut day = Day::ordinary(1);
    day.audit.acknowledge("ord_nobody", 1);
    let found = finding(|| day.audit.at_any_time(&day.world));
    assert_eq!(found, "ord_nobody was answered 201 and is lost");
}
