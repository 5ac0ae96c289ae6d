//! Who looks after the goods: what came in, what is broken, what was counted, what may be sold of it.

use serde_json::{Value, json};

use super::By;
use super::request::{Request, fresh_key};
use super::shopkeeper::GOODS;
use crate::chance::Chance;
use crate::world::World;

fn admin(method: &'static str, template: &'static str) -> Request {
    Request::new(By::Admin, method, template)
}

fn goods(chance: &mut Chance) -> &'static str {
    chance.of(&GOODS).0
}

/// Goods come in, are found broken, mended, thrown away, or were never there.
pub async fn adjusts(world: World, mut chance: Chance) {
    let sku = goods(&mut chance);
    let (what, kind, quantity) = match chance.below(9) {
        0..=4 => ("warehouse: goods received", "received", chance.between(2, 12)),
        5 => ("warehouse: shrinkage", "adjusted", -chance.between(1, 3)),
        6 => ("warehouse: damaged", "damaged", chance.between(1, 2)),
        7 => ("warehouse: mended", "damaged", -1),
        _ => ("warehouse: written off", "written_off", 1),
    };
    world.note(what);
    let key = fresh_key(&mut chance, "stock");
    let request = admin("POST", "/v1/admin/inventory/{sku}/adjustments")
        .of(sku)
        .key(&key)
        .body(json!({"kind": kind, "quantity": quantity, "reason": "As it is"}));
    request.insist(&world, &mut chance).await;
    if chance.one_in(5) {
        world.note("warehouse: one change twice under its key");
        world.sleep(chance.between(0, 3_600_000)).await;
        request.insist(&world, &mut chance).await;
    }
}

/// How much may be sold, and to whom.
pub async fn sets_terms(world: World, mut chance: Chance) {
    let sku = goods(&mut chance);
    let mut body = json!({"reason": "The season"});
    match chance.below(5) {
        0..=1 => {
            world.note("warehouse: back orders");
            body["back_order_limit"] = chance.between(1, 5).into();
        }
        2 => {
            world.note("warehouse: customer limit");
            body["customer_limit"] = chance.between(1, 3).into();
        }
        3 => {
            world.note("warehouse: safety stock");
            body["safety_stock"] = chance.between(1, 2).into();
        }
        _ => world.note("warehouse: no terms"),
    }
    let key = fresh_key(&mut chance, "terms");
    admin("PUT", "/v1/admin/inventory/{sku}/terms")
        .of(sku)
        .key(&key)
        .body(body)
        .insist(&world, &mut chance)
        .await;
}

/// Spreads a SKU over slices, or gathers it again.
pub async fn switches_drop_mode(world: World, mut chance: Chance) {
    let sku = goods(&mut chance);
    let slices = *chance.of(&[2, 2, 3, 0]);
    world.note(if slices == 0 { "warehouse: drop mode off" } else { "warehouse: drop mode on" });
    let put = |slices: u64| {
        admin("PUT", "/v1/admin/inventory/{sku}/drop-mode").of(sku).body(json!({"slices": slices}))
    };
    put(slices).insist(&world, &mut chance).await;
    if slices > 0 && chance.one_in(2) {
        world.sleep(chance.between(1_000, 3_600_000)).await;
        world.note("warehouse: drop mode off");
        put(0).insist(&world, &mut chance).await;
    }
}

/// Proves a ledger: what the ledger says must be what there is, at any time.
pub async fn proves(world: World, mut chance: Chance) {
    let sku = goods(&mut chance);
    world.note("warehouse: proves a ledger");
    let scope = *chance.of(&["whole", "since_last"]);
    let answer = admin("POST", "/v1/admin/inventory/{sku}/proofs")
        .of(sku)
        .body(json!({"scope": scope}))
        .insist(&world, &mut chance)
        .await;
    if let Some(answer) = answer.filter(|answer| answer.status == 200) {
        let proof = answer.json();
        let verdict = proof["verdict"].as_str().unwrap_or_default();
        world.note(format!("warehouse: the ledger is {verdict}"));
        assert_ne!(verdict, "broken", "the ledger of {sku} does not hold: {proof}");
    }
}

/// A shelf is counted and what differs is booked.
pub async fn counts(world: World, mut chance: Chance) {
    let sku = goods(&mut chance);
    world.note("warehouse: counts a shelf");
    let body = json!({"lines": [{"sku": sku, "location": "main"}]});
    let Some(id) = made(&world, &mut chance, "/v1/admin/counts", body).await else { return };
    let shown = admin("GET", "/v1/admin/inventory/{sku}").of(sku).insist(&world, &mut chance).await;
    let Some(shown) = shown.filter(|shown| shown.status == 200) else { return };
    let there = shown.json()["on_hand"].as_i64().unwrap_or(3);
    world.sleep(chance.between(0, 600_000)).await;
    let counted = (there + chance.between(-1, 1)).max(0);
    let lines = json!({"lines": [{"sku": sku, "location": "main", "counted": counted}]});
    step(&world, &mut chance, "/v1/admin/counts/{id}/lines", &id, lines).await;
    if chance.one_in(8) {
        return;
    }
    step(&world, &mut chance, "/v1/admin/counts/{id}/approve", &id, json!({})).await;
}

/// Goods go to another place, and not all of them need arrive.
pub async fn transfers(world: World, mut chance: Chance) {
    let sku = goods(&mut chance);
    world.note("warehouse: transfers goods");
    let place = json!({"id": "harbour", "name": "Harbour", "kind": "warehouse", "country": "US"});
    let put = admin("PUT", "/v1/admin/locations/{id}").of("harbour").body(place);
    let answer = put.insist(&world, &mut chance).await;
    if answer.is_none_or(|answer| answer.status != 200) {
        return;
    }
    let units = chance.between(1, 3);
    let (from, to) = if chance.one_in(3) { ("harbour", "main") } else { ("main", "harbour") };
    let body = json!({"from": from, "to": to, "lines": [{"sku": sku, "quantity": units}]});
    let Some(id) = made(&world, &mut chance, "/v1/admin/transfers", body).await else { return };
    step(&world, &mut chance, "/v1/admin/transfers/{id}/ship", &id, json!({})).await;
    world.sleep(chance.between(1_000, 3_600_000)).await;
    let damaged = chance.between(0, 1);
    let lines = json!({"lines": [{"sku": sku, "quantity": units - damaged, "damaged": damaged}]});
    step(&world, &mut chance, "/v1/admin/transfers/{id}/receipts", &id, lines).await;
    if chance.one_in(2) {
        step(&world, &mut chance, "/v1/admin/transfers/{id}/close", &id, json!({})).await;
    }
}

/// Goods are ordered from a supplier, and come.
pub async fn purchases(world: World, mut chance: Chance) {
    let sku = goods(&mut chance);
    world.note("warehouse: orders from a supplier");
    let supplier = json!({
        "id": "acme", "name": "Acme", "currency": "USD", "lead_time_days": 3, "status": "active",
    });
    let put = admin("PUT", "/v1/admin/suppliers/{id}").of("acme").body(supplier);
    let answer = put.insist(&world, &mut chance).await;
    if answer.is_none_or(|answer| answer.status != 200) {
        return;
    }
    let units = chance.between(1, 6);
    let body = json!({"supplier": "acme", "lines": [{"sku": sku, "quantity": units}]});
    let made = made(&world, &mut chance, "/v1/admin/purchase-orders", body).await;
    let Some(id) = made else { return };
    step(&world, &mut chance, "/v1/admin/purchase-orders/{id}/order", &id, json!({})).await;
    world.sleep(chance.between(1_000, 7_200_000)).await;
    let damaged = chance.between(0, 1);
    let came = chance.between(1, units);
    let lines = json!({"lines": [{"sku": sku, "quantity": came, "damaged": damaged}]});
    step(&world, &mut chance, "/v1/admin/purchase-orders/{id}/receipts", &id, lines).await;
}

/// Makes a document under a key of its own, and says which it is.
async fn made(
    world: &World,
    chance: &mut Chance,
    template: &'static str,
    body: Value,
) -> Option<String> {
    let key = fresh_key(chance, "document");
    let request = admin("POST", template).key(&key).body(body);
    let answer = request.insist(world, chance).await.filter(|answer| answer.status < 300)?;
    answer.json()["id"].as_str().map(str::to_owned)
}

/// Does something with a document under a key of its own.
async fn step(world: &World, chance: &mut Chance, template: &'static str, id: &str, body: Value) {
    let key = fresh_key(chance, "step");
    admin("POST", template).of(id).key(&key).body(body).insist(world, chance).await;
}
