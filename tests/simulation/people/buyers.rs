//! Buyers: they check out, pay or do not, change their minds, come back, and try again.

use serde_json::{Value, json};

use super::By;
use super::bankers::{self, SECOND};
use super::carts::{Cart, means, payment};
use super::evidence::{self, KnownOrder};
use super::request::{Request, fresh_key};
use crate::chance::Chance;
use crate::world::{Answer, World};

const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;

/// Somebody buys something and sees it through, or does not.
pub async fn buys(world: World, mut chance: Chance) {
    let cart = Cart::by_chance(&mut chance);
    world.note(match cart.lines.len() {
        1 => "buyer: 1 line",
        2 => "buyer: 2 lines",
        _ => "buyer: 3 lines or more",
    });
    let method = cart.method.unwrap_or("in the browser");
    world.note(format!("buyer: pays by {}, {method}", cart.gateway));
    let order = check_out(&world, &mut chance, &cart).await;
    if let Some(order) = order {
        follows(&world, &mut chance, &order).await;
    }
}

/// Several want the last one at the same time.
pub async fn several_want_the_last(world: World, mut chance: Chance) {
    world.note("buyer: several want the last one");
    for _ in 0..chance.between(2, 3) {
        let (world, mut own) = (world.clone(), Chance::new(chance.next()));
        let cart = Cart::of(&mut own, "USD", vec![("VASE", 1)]);
        let wait = own.between(0, 40);
        world.clone().begin(async move {
            world.sleep(wait).await;
            if let Some(order) = check_out(&world, &mut own, &cart).await {
                follows(&world, &mut own, &order).await;
            }
        });
    }
}

/// A key that is used for another cart as well.
pub async fn uses_a_key_twice(world: World, mut chance: Chance) {
    world.note("buyer: one key for two carts");
    let cart = Cart::by_chance(&mut chance);
    let key = fresh_key(&mut chance, "cart");
    let other =
        Cart { lines: vec![("RUG", 1)], email: "else@example.com".to_owned(), ..cart.clone() };
    cart.checkout(&key, None).insist(&world, &mut chance).await;
    world.sleep(chance.between(0, 2 * MINUTE)).await;
    other.checkout(&key, None).insist(&world, &mut chance).await;
    cart.checkout(&key, None).insist(&world, &mut chance).await;
}

/// A cart that is sent again long after, by software that was switched off meanwhile.
pub async fn tries_again_a_day_later(world: World, mut chance: Chance) {
    world.note("buyer: a key a day later");
    let request = Cart::by_chance(&mut chance).checkout(&fresh_key(&mut chance, "cart"), None);
    request.insist(&world, &mut chance).await;
    world.sleep(chance.between(HOUR, 26 * HOUR)).await;
    request.insist(&world, &mut chance).await;
}

async fn check_out(world: &World, chance: &mut Chance, cart: &Cart) -> Option<KnownOrder> {
    let key = fresh_key(chance, "cart");
    let shown = match chance.below(12) {
        0 => Some(cart.total() + chance.between(1, 500)),
        1..=6 => Some(cart.total()),
        _ => None,
    };
    let request = cart.checkout(&key, shown);
    let answer = request.insist(world, chance).await?;
    if let Some(wrong) = shown.filter(|shown| *shown != cart.total()) {
        world.note("buyer: expects another total");
        assert_ne!(answer.status, 201, "an order was placed for {wrong} that comes to another sum");
    }
    known(&answer, cart)
}

/// The order of an answer, if it can be followed.
fn known(answer: &Answer, cart: &Cart) -> Option<KnownOrder> {
    let body = answer.json();
    let id = body["order"]["id"].as_str().or_else(|| body["order_id"].as_str())?;
    let token = body["order_token"].as_str()?;
    let lines = cart.lines.iter().map(|(sku, quantity)| ((*sku).to_owned(), *quantity));
    let order = KnownOrder {
        id: id.to_owned(),
        token: token.to_owned(),
        currency: cart.currency.to_owned(),
        total: cart.total(),
        lines: lines.collect(),
        is_of_channel: false,
    };
    evidence::remember_order(order.clone());
    Some(order)
}

/// What a buyer does with an order, for some time.
async fn follows(world: &World, chance: &mut Chance, order: &KnownOrder) {
    for _ in 0..chance.between(0, 4) {
        let wait = match chance.below(8) {
            0 => chance.between(20 * MINUTE, 3 * HOUR),
            1..=2 => chance.between(MINUTE, 20 * MINUTE),
            _ => chance.between(0, 30 * SECOND),
        };
        world.sleep(wait).await;
        does_something(world, chance, order).await;
    }
}

/// Somebody comes back to an order of before.
pub async fn comes_back(world: World, mut chance: Chance) {
    let orders = evidence::evidence().orders;
    let orders: Vec<_> = orders.iter().filter(|order| !order.is_of_channel).collect();
    if !orders.is_empty() {
        world.note("buyer: comes back to an order");
        let order = *chance.of(&orders);
        does_something(&world, &mut chance, order).await;
    }
}

async fn does_something(world: &World, chance: &mut Chance, order: &KnownOrder) {
    match chance.below(16) {
        0..=5 => pays_and_returns(world, chance, order).await,
        6 => {
            world.note("buyer: declined at the gateway");
            bankers::buyer_answers(world, chance, &order.id, false);
        }
        7..=8 => looks(world, chance, order).await,
        9..=10 => syncs(world, chance, order).await,
        11 => cancels(world, chance, order).await,
        12..=13 => tries_another_way(world, chance, order).await,
        14 => returns_with_something_else(world, chance, order).await,
        _ => world.note("buyer: lets it be"),
    }
}

/// Pays at the gateway and is sent back to the shop.
async fn pays_and_returns(world: &World, chance: &mut Chance, order: &KnownOrder) {
    let paid = bankers::buyer_answers(world, chance, &order.id, true);
    world.note(if paid { "buyer: pays at the gateway" } else { "buyer: has nothing to pay" });
    if paid && chance.one_in(3) {
        return world.note("buyer: pays and does not come back");
    }
    world.sleep(chance.between(0, 5 * SECOND)).await;
    let parameters = bankers::return_parameters(world, &order.id);
    confirm(world, chance, order, parameters).await;
}

async fn confirm(
    world: &World,
    chance: &mut Chance,
    order: &KnownOrder,
    parameters: Value,
) -> Option<Answer> {
    of_order(order, "POST", "/v1/orders/{id}/payment/confirm")
        .body(json!({ "parameters": parameters }))
        .insist(world, chance)
        .await
}

fn of_order(order: &KnownOrder, method: &'static str, template: &'static str) -> Request {
    Request::new(By::Storefront, method, template).bearer(&order.token).of(&order.id)
}

/// What a browser brings that no gateway gave it: it must not be believed.
async fn returns_with_something_else(world: &World, chance: &mut Chance, order: &KnownOrder) {
    world.note("buyer: returns with forged parameters");
    let mut parameters = bankers::return_parameters(world, &order.id);
    match chance.below(4) {
        0 => parameters = json!({}),
        1 => parameters = json!({"redirect_status": "succeeded", "status": "paid"}),
        2 => {
            parameters["razorpay_signature"] = "0".repeat(64).into();
            parameters["razorpay_order_id"] = "order_00000000000001".into();
            parameters["razorpay_payment_id"] = "pay_00000000000001".into();
        }
        _ => {
            if let Some(name) = parameters.as_object().and_then(|all| all.keys().next().cloned()) {
                parameters[name] = "forged".into();
            }
        }
    }
    // A return proves nothing, forged or not: the bank's word alone makes an order paid, which every answer
    // is held to. One that is judged is refused; where the start's own answer was lost, there is no payment
    // yet that it could be judged by, and the gateway is asked.
    confirm(world, chance, order, parameters).await;
}

async fn looks(world: &World, chance: &mut Chance, order: &KnownOrder) {
    world.note("buyer: looks at an order");
    let answer = of_order(order, "GET", "/v1/orders/{id}").insist(world, chance).await;
    if let Some(answer) = answer.filter(|answer| answer.status == 200) {
        let shown = answer.json();
        assert_eq!(shown["id"].as_str(), Some(&*order.id), "another order is shown");
        assert!(shown.get("operations").is_none(), "a buyer is shown the merchant's side");
        let total = shown["totals"]["total"]["amount"].as_i64();
        assert_eq!(total, Some(order.total), "the order's total changed");
    }
}

async fn syncs(world: &World, chance: &mut Chance, order: &KnownOrder) {
    world.note("buyer: syncs");
    of_order(order, "POST", "/v1/orders/{id}/payment/sync").insist(world, chance).await;
}

async fn cancels(world: &World, chance: &mut Chance, order: &KnownOrder) {
    world.note("buyer: cancels");
    if chance.one_in(3) {
        // The other tab pays at this very moment.
        world.note("buyer: cancels while paying");
        bankers::buyer_answers(world, chance, &order.id, true);
    }
    of_order(order, "POST", "/v1/orders/{id}/cancel").insist(world, chance).await;
}

/// Another attempt to pay, at the same gateway or another one.
async fn tries_another_way(world: &World, chance: &mut Chance, order: &KnownOrder) {
    world.note("buyer: another attempt to pay");
    let currency = if order.currency == "INR" { "INR" } else { "USD" };
    let (gateway, method) = means(chance, currency);
    of_order(order, "POST", "/v1/orders/{id}/payments")
        .key(&fresh_key(chance, "attempt"))
        .body(payment(gateway, method))
        .insist(world, chance)
        .await;
}
