//! The shop's own people: money, orders, and what waits for a person.

use serde_json::{Value, json};

use super::evidence::{self, KnownOrder};
use super::request::{Request, fresh_key};
use super::{By, bankers};
use crate::chance::Chance;
use crate::gateways::books::BookedPayment;
use crate::world::World;

const HOUR: i64 = 3_600_000;

fn some_order(chance: &mut Chance, with_channels: bool) -> Option<KnownOrder> {
    let orders = evidence::evidence().orders;
    let orders: Vec<_> =
        orders.into_iter().filter(|order| with_channels || !order.is_of_channel).collect();
    (!orders.is_empty()).then(|| chance.of(&orders).clone())
}

/// Rather an order whose payment is as told, if there is one.
fn order_with(
    world: &World,
    chance: &mut Chance,
    that: impl Fn(&BookedPayment) -> bool,
) -> Option<KnownOrder> {
    let fitting = bankers::orders_with(world, that);
    let known = evidence::evidence().orders;
    let known: Vec<_> = known.into_iter().filter(|order| fitting.contains(&order.id)).collect();
    match known.is_empty() || chance.one_in(4) {
        true => some_order(chance, false),
        false => Some(chance.of(&known).clone()),
    }
}

fn admin(method: &'static str, template: &'static str) -> Request {
    Request::new(By::Admin, method, template)
}

fn movement(
    chance: &mut Chance,
    template: &'static str,
    order: &KnownOrder,
    body: Value,
) -> Request {
    let key = fresh_key(chance, "move");
    admin("POST", template).of(&order.id).key(&key).body(body)
}

/// Takes held money, whole or in parts.
pub async fn captures(world: World, mut chance: Chance) {
    let Some(order) = order_with(&world, &mut chance, |one| one.held_minor > 0) else { return };
    let body = match chance.below(6) {
        0..=2 => json!({}),
        3 => json!({"amount_minor": order.total}),
        4 => json!({"amount_minor": chance.between(1, order.total)}),
        _ => json!({"amount_minor": chance.between(1, order.total), "keep_rest": true}),
    };
    world.note(if body["amount_minor"].is_null() {
        "merchant: captures"
    } else {
        "merchant: captures a part"
    });
    movement(&mut chance, "/v1/admin/orders/{id}/captures", &order, body)
        .insist(&world, &mut chance)
        .await;
    if chance.one_in(3) {
        world.sleep(chance.between(0, HOUR)).await;
        movement(&mut chance, "/v1/admin/orders/{id}/captures", &order, json!({}))
            .insist(&world, &mut chance)
            .await;
    }
}

/// Lets held money go.
pub async fn voids(world: World, mut chance: Chance) {
    let Some(order) = order_with(&world, &mut chance, |one| one.held_minor > 0) else { return };
    world.note("merchant: voids");
    movement(&mut chance, "/v1/admin/orders/{id}/voids", &order, json!({}))
        .insist(&world, &mut chance)
        .await;
}

fn refund_of(world: &World, chance: &mut Chance, order: &KnownOrder) -> Value {
    let (sku, quantity) = chance.of(&order.lines).clone();
    let (what, body) = match chance.below(8) {
        0..=1 => ("merchant: refunds all", json!({})),
        2..=3 => {
            let amount = chance.between(1, order.total);
            ("merchant: refunds a part", json!({"amount_minor": amount, "reason": "as agreed"}))
        }
        4 => (
            "merchant: refunds too much",
            json!({"amount_minor": order.total + chance.between(1, 9_999)}),
        ),
        5 => ("merchant: refunds shipping", json!({"shipping_minor": 100})),
        _ => {
            let units = chance.between(1, quantity);
            let condition = *chance.of(&["sellable", "damaged"]);
            let line = json!({
                "sku": sku, "quantity": units, "restock": chance.between(0, units),
                "restock_condition": condition,
            });
            ("merchant: refunds lines with restock", json!({ "lines": [line] }))
        }
    };
    world.note(what);
    body
}

/// Gives money back: once, twice under one key, or two refunds at once.
pub async fn refunds(world: World, mut chance: Chance) {
    let Some(order) = order_with(&world, &mut chance, |one| one.captured_minor() > 0) else {
        return;
    };
    let template = "/v1/admin/orders/{id}/refunds";
    let body = refund_of(&world, &mut chance, &order);
    let request = movement(&mut chance, template, &order, body);
    match chance.below(4) {
        0 => {
            world.note("merchant: two refunds at once");
            let body = refund_of(&world, &mut chance, &order);
            let other = movement(&mut chance, template, &order, body);
            let (here, mut own) = (world.clone(), Chance::new(chance.next()));
            world.begin(async move {
                other.insist(&here, &mut own).await;
            });
            request.insist(&world, &mut chance).await;
        }
        1 => {
            world.note("merchant: one refund twice under its key");
            request.insist(&world, &mut chance).await;
            world.sleep(chance.between(0, 6 * HOUR)).await;
            request.insist(&world, &mut chance).await;
        }
        _ => {
            request.insist(&world, &mut chance).await;
        }
    }
}

/// Goods come back, and no money goes with them.
pub async fn takes_goods_back(world: World, mut chance: Chance) {
    let Some(order) = some_order(&mut chance, true) else { return };
    world.note("merchant: takes goods back");
    let (sku, quantity) = chance.of(&order.lines).clone();
    let units = if chance.one_in(6) { quantity + 1 } else { chance.between(1, quantity) };
    let condition = *chance.of(&["sellable", "damaged"]);
    let body = json!({"lines": [{"sku": sku, "quantity": units, "condition": condition}]});
    movement(&mut chance, "/v1/admin/orders/{id}/returns", &order, body)
        .insist(&world, &mut chance)
        .await;
}

/// Calls an order off, or looks at it with everything behind it.
pub async fn sees_to_an_order(world: World, mut chance: Chance) {
    let Some(order) = some_order(&mut chance, true) else { return };
    let (what, method, template) = match chance.below(3) {
        0 => ("merchant: cancels", "POST", "/v1/orders/{id}/cancel"),
        1 => ("merchant: syncs", "POST", "/v1/orders/{id}/payment/sync"),
        _ => ("merchant: looks at an order", "GET", "/v1/orders/{id}"),
    };
    world.note(what);
    admin(method, template).of(&order.id).insist(&world, &mut chance).await;
}

/// Deals with some of what waits for a person.
pub async fn deals_with_attention(world: World, mut chance: Chance) {
    world.note("merchant: looks at what waits");
    let answer = admin("GET", "/v1/admin/attention").insist(&world, &mut chance).await;
    let Some(answer) = answer.filter(|answer| answer.status == 200) else { return };
    let waiting = answer.json()["items"].as_array().cloned().unwrap_or_default();
    for item in waiting.iter().take(chance.between(0, 3) as usize) {
        let code = item["code"].as_str().unwrap_or_default();
        world.note(format!("merchant: resolves {code}"));
        let id = item["id"].as_str().unwrap_or_default();
        admin("POST", "/v1/admin/attention/{id}/resolve")
            .of(id)
            .body(json!({"note": "Dealt with."}))
            .insist(&world, &mut chance)
            .await;
    }
}

/// Has a gateway's books compared with the ledger.
pub async fn reconciles(world: World, mut chance: Chance) {
    world.note("merchant: reconciles");
    let now = world.now();
    let from = now.plus_seconds(-chance.between(3_600, 5 * 86_400));
    let to = now.plus_seconds(-chance.between(0, 3_000));
    let gateway = *chance.of(&["sandbox", "stripe", "razorpay"]);
    let body = json!({"gateway": gateway, "from": from.rfc3339(), "to": to.rfc3339()});
    let key = fresh_key(&mut chance, "window");
    admin("POST", "/v1/admin/reconciliations")
        .key(&key)
        .body(body)
        .insist(&world, &mut chance)
        .await;
}
