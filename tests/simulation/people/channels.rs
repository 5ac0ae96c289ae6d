//! Other channels that sell the same goods: what they may have, and what they have sold.

use serde_json::{Value, json};

use super::By;
use super::carts::{self, Cart};
use super::evidence::{self, KnownOrder};
use super::request::{Request, fresh_key};
use super::shopkeeper::GOODS;
use crate::chance::Chance;
use crate::world::World;

const CHANNEL: &str = "market";

async fn is_set_up(world: &World, chance: &mut Chance) -> bool {
    let body = json!({"name": "Market", "kind": "marketplace"});
    let request = Request::new(By::Admin, "PUT", "/v1/admin/channels/{id}").of(CHANNEL).body(body);
    request.insist(world, chance).await.is_some_and(|answer| answer.status == 200)
}

/// Units are set aside for a channel, or given back to everybody.
pub async fn allocates(world: World, mut chance: Chance) {
    if !is_set_up(&world, &mut chance).await {
        return;
    }
    world.note("channel: allocation");
    let body = match chance.below(4) {
        0 => Value::Null,
        1 => json!({"buffer": 1}),
        2 => json!({"cap": chance.between(0, 3)}),
        _ => json!({"allocation": chance.between(1, 4)}),
    };
    let path = format!("{}/channels/{CHANNEL}", chance.of(&GOODS).0);
    Request::new(By::Admin, "PUT", "/v1/admin/inventory/{sku}/channels/{channel}")
        .of(&path)
        .body(body)
        .insist(&world, &mut chance)
        .await;
}

/// A channel has sold something and tells of it, perhaps more than once.
pub async fn sells(world: World, mut chance: Chance) {
    if !is_set_up(&world, &mut chance).await {
        return;
    }
    world.note("channel: has sold");
    let cart = Cart { currency: "USD", ..Cart::by_chance(&mut chance) };
    let id = fresh_key(&mut chance, "market");
    let body = json!({
        "channel": CHANNEL, "order_id": id, "currency": "USD", "lines": cart.lines(),
        "shipping_address": carts::address("USD"), "shipping_method": "standard",
    });
    let request = Request::new(By::Admin, "POST", "/v1/admin/channel-orders").key(&id).body(body);
    let answer = request.insist(&world, &mut chance).await;
    let Some(answer) = answer.filter(|answer| answer.status == 201) else { return };
    let told = answer.json();
    let Some(order) = told["order"]["id"].as_str() else { return };
    let lines = cart.lines.iter().map(|(sku, quantity)| ((*sku).to_owned(), *quantity));
    evidence::remember_order(KnownOrder {
        id: order.to_owned(),
        token: String::new(),
        currency: "USD".to_owned(),
        total: cart.total(),
        lines: lines.collect(),
        is_of_channel: true,
    });
    if chance.one_in(3) {
        world.note("channel: tells it again");
        world.sleep(chance.between(0, 7_200_000)).await;
        request.insist(&world, &mut chance).await;
    }
}
