//! The people of a world: who opens the shop, who buys, and who works in it.

mod attackers;
mod bankers;
mod buyers;
mod carts;
mod channels;
mod documented;
mod evidence;
mod merchants;
mod request;
pub mod shopkeeper;
#[cfg(test)]
mod tests;
mod warehouse;

use serde_json::Value;

pub use self::evidence::evidence;

use self::request::Request;
use crate::chance::Chance;
use crate::world::{Answer, World};

/// Whose key a request carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    Storefront,
    Admin,
}

/// A request with JSON, sent once, of which no evidence is kept.
pub async fn ask(
    world: &World,
    by: By,
    method: &'static str,
    path: &str,
    key: Option<&str>,
    body: Option<&Value>,
) -> Option<Answer> {
    let mut request = Request::new(by, method, "{path}").of(path);
    request.key = key.map(str::to_owned);
    request.body = body.cloned();
    world.ask(request.ask()).await
}

/// What has to have happened in a campaign, or it proves little.
pub const EXPECTED: &[&str] = &[
    "buyer: 1 line",
    "buyer: 2 lines",
    "buyer: 3 lines or more",
    "buyer: several want the last one",
    "buyer: one key for two carts",
    "buyer: a key a day later",
    "buyer: expects another total",
    "buyer: comes back to an order",
    "buyer: pays at the gateway",
    "buyer: pays and does not come back",
    "buyer: declined at the gateway",
    "buyer: returns with forged parameters",
    "buyer: looks at an order",
    "buyer: syncs",
    "buyer: cancels",
    "buyer: cancels while paying",
    "buyer: another attempt to pay",
    "merchant: captures",
    "merchant: captures a part",
    "merchant: voids",
    "merchant: refunds all",
    "merchant: refunds a part",
    "merchant: refunds too much",
    "merchant: refunds shipping",
    "merchant: refunds lines with restock",
    "merchant: two refunds at once",
    "merchant: one refund twice under its key",
    "merchant: takes goods back",
    "merchant: cancels",
    "merchant: syncs",
    "merchant: looks at what waits",
    "merchant: reconciles",
    "warehouse: goods received",
    "warehouse: shrinkage",
    "warehouse: damaged",
    "warehouse: written off",
    "warehouse: back orders",
    "warehouse: customer limit",
    "warehouse: safety stock",
    "warehouse: drop mode on",
    "warehouse: drop mode off",
    "warehouse: proves a ledger",
    "warehouse: counts a shelf",
    "warehouse: transfers goods",
    "warehouse: orders from a supplier",
    "channel: allocation",
    "channel: has sold",
    "channel: tells it again",
    "banker: approves",
    "banker: declines",
    "banker: dashboard refund",
    "banker: dashboard capture",
    "banker: dashboard void",
    "banker: dispute",
    "banker: dispute won",
    "banker: dispute lost",
    "banker: payment expires",
    "banker: buyer pays again",
    "banker: refunds wait",
    "banker: refund settles late",
    "banker: refund fails late",
    "attacker: forged credentials",
    "attacker: another order's token",
    "attacker: mass assignment",
    "attacker: absurd numbers",
    "attacker: absurd amounts",
    "a request was sent twice at once",
    "a request was sent again",
    "somebody gave up without an answer",
    "answer: POST /v1/checkouts 201",
    "answer: POST /v1/checkouts 402 payment_declined",
    "answer: POST /v1/checkouts 409 insufficient_stock",
    "answer: POST /v1/checkouts 409 quantity_limited",
    "answer: POST /v1/checkouts 409 total_changed",
    "answer: POST /v1/checkouts 422 idempotency_key_reused",
    "answer: POST /v1/checkouts 503 try_again",
    "answer: POST /v1/orders/{id}/payments 201",
    "answer: POST /v1/orders/{id}/payments 402 payment_declined",
    "answer: POST /v1/orders/{id}/payments 409 payment_secured",
    "answer: POST /v1/orders/{id}/payments 409 order_not_open",
    "answer: POST /v1/orders/{id}/payment/confirm 200",
    "answer: POST /v1/orders/{id}/payment/confirm 422 return_not_authentic",
    "answer: POST /v1/orders/{id}/cancel 200",
    "answer: POST /v1/orders/{id}/cancel 409 cannot_cancel",
    "answer: POST /v1/admin/orders/{id}/captures 201",
    "answer: POST /v1/admin/orders/{id}/captures 409 nothing_to_move",
    "answer: POST /v1/admin/orders/{id}/voids 201",
    "answer: POST /v1/admin/orders/{id}/refunds 201",
    "answer: POST /v1/admin/orders/{id}/refunds 422 amount_too_large",
    "answer: POST /v1/admin/orders/{id}/returns 201",
    "answer: POST /v1/admin/channel-orders 201",
    "answer: POST /v1/admin/inventory/{sku}/adjustments 200",
    "answer: POST /v1/admin/inventory/{sku}/adjustments 409 units_claimed",
    "answer: PUT /v1/admin/inventory/{sku}/terms 200",
    "answer: PUT /v1/admin/inventory/{sku}/drop-mode 200",
    "answer: POST /v1/admin/reconciliations 202",
];

/// Somebody begins one piece of what people do.
pub fn act(world: &World, _step: usize, chance: &mut Chance) {
    let (what, own) = (chance.below(100), Chance::new(chance.next()));
    let here = world.clone();
    world.begin(bankers::clockwork(here.clone()));
    match what {
        0..=30 => world.begin(buyers::buys(here, own)),
        31..=32 => world.begin(buyers::several_want_the_last(here, own)),
        33..=34 => world.begin(buyers::uses_a_key_twice(here, own)),
        35..=36 => world.begin(buyers::tries_again_a_day_later(here, own)),
        37..=41 => world.begin(buyers::comes_back(here, own)),
        42..=46 => world.begin(merchants::captures(here, own)),
        47..=48 => world.begin(merchants::voids(here, own)),
        49..=54 => world.begin(merchants::refunds(here, own)),
        55..=56 => world.begin(merchants::takes_goods_back(here, own)),
        57..=58 => world.begin(merchants::sees_to_an_order(here, own)),
        59..=60 => world.begin(merchants::deals_with_attention(here, own)),
        61 => world.begin(merchants::reconciles(here, own)),
        62..=68 => world.begin(warehouse::adjusts(here, own)),
        69..=70 => world.begin(warehouse::sets_terms(here, own)),
        71..=72 => world.begin(warehouse::switches_drop_mode(here, own)),
        73 => world.begin(warehouse::proves(here, own)),
        74 => world.begin(warehouse::counts(here, own)),
        75 => world.begin(warehouse::transfers(here, own)),
        76 => world.begin(warehouse::purchases(here, own)),
        77 => world.begin(channels::allocates(here, own)),
        78..=79 => world.begin(channels::sells(here, own)),
        80..=83 => world.begin(bankers::a_bank_answers(here, own)),
        84..=90 => world.begin(bankers::at_the_dashboard(here, own)),
        91..=92 => world.begin(bankers::a_dispute_ends(here, own)),
        93..=94 => world.begin(bankers::refunds_settle(here, own)),
        95..=96 => world.begin(attackers::forges_credentials(here, own)),
        97 => world.begin(attackers::takes_anothers_order(here, own)),
        98 => world.begin(attackers::sends_nonsense(here, own)),
        _ => world.begin(attackers::moves_absurd_amounts(here, own)),
    }
}
