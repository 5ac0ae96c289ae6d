//! What a connector sends of an order that its channel has sold.

use std::collections::BTreeMap;

use serde::Deserialize;
use utoipa::ToSchema;

use crate::api::error::ApiError;
use crate::domain::address::{Address, Email};
use crate::domain::catalogue::{Sellable, StoreSettings};
use crate::domain::currency::Currency;
use crate::domain::field_error::{FieldError, under};
use crate::domain::id::Sku;
use crate::domain::inventory::ChannelId;
use crate::domain::money::{MAX_AMOUNT_MINOR, Money};
use crate::domain::pricing::CartLine;
use crate::domain::seller::TaxNumber;

const MAX_ORDER_ID_BYTES: usize = 128;
const MAX_METHOD_CHARACTERS: usize = 64;

/// An order that a channel has sold and been paid for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "channel": "big-marketplace", "order_id": "112-4711-0815", "currency": "USD",
    "lines": [{"sku": "MUG-CLASSIC", "quantity": 1, "unit_price_minor": 1290}],
    "shipping_address": {
        "name": "Ada Lovelace", "line1": "500 Howard Street", "city": "San Francisco",
        "region": "CA", "postal_code": "94105", "country": "US"
    },
    "shipping_method": "standard", "shipping_price_minor": 0
}))]
pub struct ChannelOrderRequest {
    /// The channel.
    pub channel: ChannelId,
    /// The channel's own id of the order.
    #[schema(min_length = 1, max_length = 128, pattern = "^[!-~]{1,128}$")]
    pub order_id: String,
    /// The currency in which it was paid.
    #[schema(value_type = String, pattern = "^[A-Z]{3}$")]
    pub currency: Currency,
    /// What was sold; lines of one SKU are summed and have one price.
    #[schema(min_items = 1, max_items = 100)]
    pub lines: Vec<ChannelOrderLine>,
    /// Who bought. Channels often hide it: then the order has an address of its own that leads nowhere.
    #[serde(default)]
    pub email: Option<Email>,
    /// Where it goes.
    pub shipping_address: Address,
    /// Who paid, if not the same.
    #[serde(default)]
    pub billing_address: Option<Address>,
    /// The number under which the buyer is known for tax.
    #[serde(default)]
    pub tax_id: Option<TaxNumber>,
    /// One of the store's shipping methods.
    #[schema(max_length = 64)]
    pub shipping_method: String,
    /// What the buyer paid for shipping, if not the method's price; with tax where prices contain it.
    #[serde(default)]
    #[schema(minimum = 0)]
    pub shipping_price_minor: Option<i64>,
    /// What the buyer paid in all: the order is refused if it would come to something else here.
    #[serde(default)]
    pub expected_total: Option<Money>,
}

/// So many of one SKU.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChannelOrderLine {
    /// The stock-keeping unit.
    #[schema(value_type = String, pattern = "^[A-Za-z0-9._-]{1,64}$")]
    pub sku: Sku,
    /// How many.
    #[schema(minimum = 1, maximum = 9_999)]
    pub quantity: u32,
    /// What the buyer paid for one, if not the catalogue's price; with tax where prices contain it.
    #[serde(default)]
    #[schema(minimum = 0)]
    pub unit_price_minor: Option<i64>,
}

impl ChannelOrderRequest {
    /// Refuses what is wrong whatever the catalogue says.
    ///
    /// # Errors
    /// 422 with every field that is wrong.
    pub fn check(&self) -> Result<(), ApiError> {
        let mut errors = under("/shipping_address", self.shipping_address.validate());
        if let Some(address) = &self.billing_address {
            errors.extend(under("/billing_address", address.validate()));
        }
        let mut require = |holds: bool, pointer: &str, message: &str| {
            if !holds {
                errors
                    .push(FieldError { pointer: pointer.to_owned(), message: message.to_owned() });
            }
        };
        let id = (1..=MAX_ORDER_ID_BYTES).contains(&self.order_id.len())
            && self.order_id.bytes().all(|byte| byte.is_ascii_graphic());
        require(id, "/order_id", "must be 1 to 128 visible ASCII characters");
        let own = self.channel == ChannelId::storefront();
        require(!own, "/channel", "must be another channel than the storefront: it checks out");
        let named = (1..=MAX_METHOD_CHARACTERS).contains(&self.shipping_method.chars().count());
        require(named, "/shipping_method", "must have 1 to 64 characters");
        let bounded =
            |price: Option<i64>| price.is_none_or(|price| (0..=MAX_AMOUNT_MINOR).contains(&price));
        let message = "must be 0 to 1000000000000000 minor units";
        require(bounded(self.shipping_price_minor), "/shipping_price_minor", message);
        let mut prices: BTreeMap<&Sku, Option<i64>> = BTreeMap::new();
        for (index, line) in self.lines.iter().enumerate() {
            let pointer = format!("/lines/{index}/unit_price_minor");
            require(bounded(line.unit_price_minor), &pointer, message);
            let known = *prices.entry(&line.sku).or_insert(line.unit_price_minor);
            let same = known == line.unit_price_minor;
            require(same, &pointer, "must be the same in every line of the SKU");
        }
        if errors.is_empty() { Ok(()) } else { Err(ApiError::fields(errors)) }
    }

    /// The lines as a cart's.
    #[must_use]
    pub fn cart_lines(&self) -> Vec<CartLine> {
        let line =
            |line: &ChannelOrderLine| CartLine { sku: line.sku.clone(), quantity: line.quantity };
        self.lines.iter().map(line).collect()
    }

    /// The catalogue as the channel sold it: at the channel's prices, and what is no longer for sale here,
    /// or not as many of it, as well, since the sale has happened.
    pub fn reprice(&self, sellables: &mut BTreeMap<Sku, Sellable>) {
        for sellable in sellables.values_mut() {
            sellable.active = true;
            sellable.max_per_order = None;
        }
        for line in &self.lines {
            let Some(sellable) = sellables.get_mut(&line.sku) else { continue };
            if let Some(price) = line.unit_price_minor {
                replace(&mut sellable.prices, Money::new(price, self.currency));
            }
        }
    }

    /// The store's terms with the channel's price of shipping.
    #[must_use]
    pub fn with_shipping_price(&self, settings: &StoreSettings) -> StoreSettings {
        let mut settings = settings.clone();
        let Some(price) = self.shipping_price_minor else { return settings };
        let chosen = |id: &str| id == self.shipping_method;
        let methods = settings.shipping_methods.iter_mut();
        for method in methods.filter(|method| chosen(method.id.as_str())) {
            replace(&mut method.prices, Money::new(price, self.currency));
            method.free_from.clear();
        }
        settings
    }
}

fn replace(prices: &mut Vec<Money>, price: Money) {
    prices.retain(|known| known.currency != price.currency);
    prices.push(price);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::body::parse;
    use serde_json::{Value, json};

    fn request() -> Value {
        json!({
            "channel": "market", "order_id": "112-4711", "currency": "USD",
            "lines": [{"sku": "MUG", "quantity": 1, "unit_price_minor": 900}, {"sku": "CUP", "quantity": 2}],
            "shipping_address": {
                "name": "Ada Lovelace", "line1": "500 Howard Street", "city": "San Francisco",
                "region": "CA", "postal_code": "94105", "country": "US"
            },
            "shipping_method": "standard"
        })
    }

    fn read(pointer: &str, value: Value) -> Result<ChannelOrderRequest, ApiError> {
        let mut body = request();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        body.pointer_mut(parent).unwrap()[name] = value;
        parse(body.to_string().as_bytes())
    }

    #[test]
    fn fields_are_refused_where_they_are() {
        let fine = read("/email", json!("ada@example.com")).unwrap();
        assert_eq!(fine.check(), Ok(()));
        for (pointer, value) in [
            ("/channel", json!("storefront")),
            ("/channel", json!("a b")),
            ("/order_id", json!("")),
            ("/order_id", json!("a b")),
            ("/order_id", json!("x".repeat(129))),
            ("/email", json!("nobody")),
            ("/shipping_address/city", json!("")),
            ("/shipping_method", json!("")),
            ("/shipping_price_minor", json!(-1)),
            ("/lines/0/unit_price_minor", json!(-1)),
            ("/lines/0/unit_price_minor", json!(MAX_AMOUNT_MINOR + 1)),
            ("/lines/0/unit_price_minor", json!(1.5)),
            ("/lines/0/discount", json!(1)),
            ("/payment", json!({})),
            ("/status", json!("paid")),
        ] {
            let refused = read(pointer, value.clone()).and_then(|request| request.check());
            assert_eq!(refused.unwrap_err().errors[0].pointer, pointer, "{value}");
        }
        let lines = json!([{"sku": "MUG", "quantity": 1}, {"sku": "MUG", "quantity": 1, "unit_price_minor": 1}]);
        let refused = read("/lines", lines).unwrap().check().unwrap_err();
        assert_eq!(refused.errors[0].pointer, "/lines/1/unit_price_minor");
    }

    #[test]
    fn the_channels_prices_take_the_place_of_the_catalogues() {
        let request = read("/shipping_price_minor", json!(0)).unwrap();
        let sellable = |sku: &str| -> Sellable {
            serde_json::from_value(json!({
                "sku": sku, "product_id": "p", "product_title": "P", "variant_title": "",
                "tax_category": "standard", "active": false,
                "prices": [{"amount": 1_000, "currency": "USD"}, {"amount": 950, "currency": "EUR"}]
            }))
            .unwrap()
        };
        let mut sellables: BTreeMap<Sku, Sellable> =
            ["MUG", "CUP"].map(|sku| (sku.parse().unwrap(), sellable(sku))).into_iter().collect();
        request.reprice(&mut sellables);
        let price = |sku: &str, currency: &str| {
            let sellable = &sellables[&sku.parse::<Sku>().unwrap()];
            (sellable.active, sellable.price_in(currency.parse().unwrap()))
        };
        assert_eq!(price("MUG", "USD"), (true, Some(900)));
        assert_eq!(price("MUG", "EUR"), (true, Some(950)));
        assert_eq!(price("CUP", "USD"), (true, Some(1_000)));
        let settings = include_str!("../../../schema/demo/settings.json");
        let settings: StoreSettings = serde_json::from_str(settings).unwrap();
        let usd = "USD".parse().unwrap();
        let shipping = |settings: &StoreSettings| {
            settings.shipping_method("standard").unwrap().price_in(usd, 1)
        };
        assert_ne!(shipping(&settings), Some(0));
        assert_eq!(shipping(&request.with_shipping_price(&settings)), Some(0));
    }
}
