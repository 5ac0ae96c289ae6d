//! Who opens the shop, before anything goes wrong.

use cartwright::domain::payment::Gateway;
use serde_json::{Value, json};

use super::{By, ask};
use crate::gateways::SimulatedGateway;
use crate::world::{Snapshot, World};

/// What is sold one by one, with what there is of it.
pub const GOODS: [(&str, i64); 4] = [("MUG", 6), ("LAMP", 3), ("RUG", 12), ("VASE", 1)];

/// What is sold together: a mug and two rugs.
pub const BUNDLE: &str = "SET";

async fn put(world: &World, path: &str, body: Value) {
    let answer = ask(world, By::Admin, "PUT", path, None, Some(&body)).await;
    let answer = answer.expect("nothing is lost while the shop opens");
    assert!(answer.status < 300, "PUT {path}: {} {}", answer.status, answer.body);
}

fn product(sku: &str, amount: i64, components: Option<Value>) -> Value {
    let mut variant = json!({
        "sku": sku, "title": sku, "options": {}, "weight_grams": 300,
        "prices": [{"amount": amount, "currency": "USD"}, {"amount": amount * 80, "currency": "INR"}],
    });
    if let Some(components) = components {
        variant["components"] = components;
    }
    json!({
        "id": sku.to_lowercase(), "title": sku, "status": "active", "tax_category": "standard",
        "description": "", "variants": [variant],
    })
}

async fn open(world: World) {
    let settings = include_str!("../../../schema/demo/settings.json");
    put(&world, "/v1/admin/store", serde_json::from_str(settings).unwrap()).await;
    for (at, (sku, units)) in GOODS.iter().enumerate() {
        let amount = 1_800 + 700 * at as i64;
        put(
            &world,
            &format!("/v1/admin/products/{}", sku.to_lowercase()),
            product(sku, amount, None),
        )
        .await;
        let delivery = json!({"kind": "received", "quantity": units, "reason": "Opening"});
        let path = format!("/v1/admin/inventory/{sku}/adjustments");
        let key = format!("opening-{sku}");
        let answer = ask(&world, By::Admin, "POST", &path, Some(&key), Some(&delivery)).await;
        let answer = answer.expect("nothing is lost while the shop opens");
        assert!(answer.status < 300, "{sku}: {} {}", answer.status, answer.body);
    }
    let components = json!([{"sku": "MUG", "quantity": 1}, {"sku": "RUG", "quantity": 2}]);
    put(&world, "/v1/admin/products/set", product(BUNDLE, 7_000, Some(components))).await;
    world.note("the shop opened");
}

/// The shop as it stands when it opens.
pub fn opened() -> Snapshot {
    let which = [Gateway::Sandbox, Gateway::Stripe, Gateway::Razorpay];
    let gateways = which.map(|which| SimulatedGateway::new(which, 0)).into();
    let world = World::new(0, &Snapshot::default(), gateways, false);
    world.begin(open(world.clone()));
    world.run_for(120_000);
    world.run_schedule();
    world.run_for(120_000);
    assert_eq!(world.exercised().times("the shop opened"), 1, "the shop did not open");
    assert_eq!(world.queued(), 0);
    world.snapshot()
}
