//! Who has no right to what he asks for. Everything here must be refused, and nothing may change by it.

use serde_json::{Value, json};

use super::By;
use super::carts::Cart;
use super::evidence::{self, KnownOrder};
use super::request::{Request, fresh_key};
use crate::chance::Chance;
use crate::world::{Answer, World};

/// It must have been refused for one of these reasons, if it was answered.
fn refused(answer: Option<Answer>, statuses: &[u16], what: &str) {
    let Some(answer) = answer else { return };
    let fits = statuses.contains(&answer.status) || answer.status == 503;
    assert!(fits, "{what} was answered with {}: {}", answer.status, answer.body);
}

/// Nobody's key, a misspelt one, the storefront's for what is the merchant's.
pub async fn forges_credentials(world: World, mut chance: Chance) {
    world.note("attacker: forged credentials");
    let cart = Cart::by_chance(&mut chance);
    let key = fresh_key(&mut chance, "forged");
    let mut request = match chance.below(5) {
        0 => cart.checkout(&key, None),
        1 => Request::new(By::Admin, "GET", "/v1/admin/orders"),
        2 => Request::new(By::Admin, "POST", "/v1/admin/inventory/{sku}/adjustments")
            .of("MUG")
            .key(&key)
            .body(json!({"kind": "received", "quantity": 1_000, "reason": "mine"})),
        3 => Request::new(By::Admin, "PUT", "/v1/admin/inventory/{sku}/drop-mode")
            .of("RUG")
            .body(json!({"slices": 64})),
        _ => Request::new(By::Admin, "PUT", "/v1/admin/products/{id}").of("mug").body(json!({})),
    };
    let is_for_merchants = request.template.starts_with("/v1/admin");
    request.bearer = match chance.below(5) {
        0 => None,
        1 => Some("sk_dev_admin2".to_owned()),
        2 => Some(format!("sk_live_{:032x}", chance.next())),
        3 => Some(format!("ot_{:064x}", chance.next())),
        _ if is_for_merchants => Some("pk_dev_storefront".to_owned()),
        _ => Some("pk_dev_storefront2".to_owned()),
    };
    let answer = request.send(&world).await;
    refused(answer, &[401, 403], "a forged credential");
}

/// The token of one order for another, or a token that nobody issued.
pub async fn takes_anothers_order(world: World, mut chance: Chance) {
    let orders = evidence::evidence().orders;
    let own: Vec<&KnownOrder> = orders.iter().filter(|order| !order.is_of_channel).collect();
    if own.is_empty() {
        return;
    }
    world.note("attacker: another order's token");
    let order = *chance.of(&own);
    let other = chance.of(&orders);
    let token = match chance.one_in(2) {
        true if other.id != order.id => order.token.clone(),
        _ => format!("ot_{:064x}", chance.next()),
    };
    let request = match chance.below(4) {
        0 => Request::new(By::Storefront, "GET", "/v1/orders/{id}"),
        1 => Request::new(By::Storefront, "POST", "/v1/orders/{id}/cancel"),
        2 => Request::new(By::Storefront, "POST", "/v1/orders/{id}/payment/sync"),
        _ => Request::new(By::Storefront, "POST", "/v1/admin/orders/{id}/refunds")
            .key(&fresh_key(&mut chance, "forged"))
            .body(json!({})),
    };
    let answer = request.of(&other.id).bearer(&token).send(&world).await;
    refused(answer, &[401, 403, 404], "another order's token");
}

/// Fields that are not the caller's to say, and numbers beyond all sense.
pub async fn sends_nonsense(world: World, mut chance: Chance) {
    let cart = Cart::by_chance(&mut chance);
    let mut request = cart.checkout(&fresh_key(&mut chance, "forged"), None);
    let mut body = request.body.take().unwrap_or_default();
    let huge: Value = (*chance.of(&[0, -1, 10_000, i64::MAX, i64::MIN])).into();
    if chance.one_in(2) {
        world.note("attacker: mass assignment");
        let (name, value) = chance
            .of(&[
                ("total", json!(1)),
                ("status", json!("paid")),
                ("payment_status", json!("captured")),
                ("tenant", json!("other")),
                ("discount", json!(100)),
                ("id", json!("ord_00000000000000000000000000000000")),
            ])
            .clone();
        body[name] = value;
        if chance.one_in(2) {
            body["lines"][0]["unit_price"] = json!(1);
        }
    } else {
        world.note("attacker: absurd numbers");
        match chance.below(3) {
            0 => body["lines"][0]["quantity"] = huge,
            1 => body["lines"][0]["quantity"] = json!(1.5),
            _ => body["lines"] = json!([]),
        }
    }
    let answer = request.body(body).send(&world).await;
    refused(answer, &[422], "nonsense");
}

/// Absurd amounts, from somebody who has the merchant's key.
pub async fn moves_absurd_amounts(world: World, mut chance: Chance) {
    let orders = evidence::evidence().orders;
    if orders.is_empty() {
        return;
    }
    world.note("attacker: absurd amounts");
    let order = chance.of(&orders);
    let amount = *chance.of(&[0, -1, -order.total, i64::MAX, 1_000_000_000_000_001]);
    let template = *chance.of(&["/v1/admin/orders/{id}/refunds", "/v1/admin/orders/{id}/captures"]);
    let answer = Request::new(By::Admin, "POST", template)
        .of(&order.id)
        .key(&fresh_key(&mut chance, "forged"))
        .body(json!({"amount_minor": amount}))
        .send(&world)
        .await;
    refused(answer, &[422], "an absurd amount");
}
