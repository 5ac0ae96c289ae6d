//! The seeded simulation of a whole shop.
#![cfg(test)]
#![expect(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::indexing_slicing,
    reason = "tests may panic: that is how they fail"
)]

mod chance;
mod exercised;
mod gateways;
mod people;
mod world;

#[test]
fn the_shop_opens() {
    let shop = people::shopkeeper::opened();
    let world = world::World::new(1, &shop, Vec::new(), false);
    assert_eq!(world.objects("SKU_INVENTORY"), ["LAMP", "MUG", "RUG", "VASE"]);
    println!("{:?}", world.look_database("SELECT sku, version FROM stock_levels"));
}
