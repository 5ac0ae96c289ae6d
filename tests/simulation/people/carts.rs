//! What is bought, by whom, and what it comes to.

use serde_json::{Value, json};

use super::By;
use super::request::Request;
use super::shopkeeper::{BUNDLE, GOODS};
use crate::chance::Chance;

/// What a buyer wants, and how it is to be paid.
#[derive(Debug, Clone)]
pub struct Cart {
    pub currency: &'static str,
    pub lines: Vec<(&'static str, i64)>,
    pub gateway: &'static str,
    pub method: Option<&'static str>,
    pub keep_open: bool,
    pub email: String,
}

const SANDBOX_METHODS: [&str; 12] = [
    "auto",
    "auto",
    "instant",
    "instant",
    "decline",
    "redirect",
    "redirect",
    "pending",
    "timeout",
    "wrong_amount",
    "refund_pending",
    "refund_fails",
];
const STRIPE_METHODS: [&str; 9] = [
    "pm_card_visa",
    "pm_card_visa",
    "pm_card_visa",
    "pm_card_visa_chargeDeclined",
    "pm_card_threeDSecure2Required",
    "pm_card_threeDSecure2Required",
    "pm_usBankAccount_success",
    "pm_card_pendingRefund",
    "pm_card_createDispute",
];

/// A gateway and a means of payment that it takes for a currency.
pub fn means(chance: &mut Chance, currency: &str) -> (&'static str, Option<&'static str>) {
    match (currency, chance.below(3)) {
        ("USD", 0 | 1) if chance.one_in(6) => ("stripe", None),
        ("USD", 0 | 1) => ("stripe", Some(*chance.of(&STRIPE_METHODS))),
        ("INR", 0 | 1) => ("razorpay", None),
        _ if chance.one_in(8) => ("sandbox", None),
        _ => ("sandbox", Some(*chance.of(&SANDBOX_METHODS))),
    }
}

/// The price of one in the currency's minor units, as the shopkeeper wrote it.
pub fn price(sku: &str, currency: &str) -> i64 {
    let place = GOODS.iter().position(|(known, _)| *known == sku);
    let dollars = place.map_or(7_000, |at| 1_800 + 700 * at as i64);
    if currency == "INR" { dollars * 80 } else { dollars }
}

/// How the means of payment is asked for.
pub fn payment(gateway: &str, method: Option<&str>) -> Value {
    let mut payment = json!({"gateway": gateway, "return_url": "https://shop.example/back"});
    if let Some(method) = method {
        payment["method"] = method.into();
    }
    payment
}

/// Somewhere without tax on top of prices, so that a buyer can do the sum.
pub fn address(currency: &str) -> Value {
    match currency {
        "INR" => json!({
            "name": "Asha Rao", "line1": "1 Residency Road", "city": "Bengaluru", "region": "KA",
            "postal_code": "560025", "country": "IN",
        }),
        _ => json!({
            "name": "Ada Lovelace", "line1": "500 Hawthorne Boulevard", "city": "Portland",
            "region": "OR", "postal_code": "97214", "country": "US",
        }),
    }
}

impl Cart {
    pub fn by_chance(chance: &mut Chance) -> Self {
        let currency = if chance.one_in(3) { "INR" } else { "USD" };
        let mut lines = Vec::new();
        for _ in 0..chance.between(1, 3) {
            let sku = match chance.below(6) {
                0 => BUNDLE,
                _ => chance.of(&GOODS).0,
            };
            let quantity = match chance.below(12) {
                0 if chance.one_in(2) => chance.between(4, 40),
                1..=2 => chance.between(2, 3),
                _ => 1,
            };
            lines.push((sku, quantity));
        }
        if chance.one_in(6) {
            let (sku, _) = lines[0];
            lines.push((sku, 1));
        }
        Self::of(chance, currency, lines)
    }

    pub fn of(
        chance: &mut Chance,
        currency: &'static str,
        lines: Vec<(&'static str, i64)>,
    ) -> Self {
        let (gateway, method) = means(chance, currency);
        let keep_open = chance.one_in(3);
        let email = format!("buyer-{}@example.com", chance.below(12));
        Self { currency, lines, gateway, method, keep_open, email }
    }

    pub fn total(&self) -> i64 {
        let sums = self.lines.iter().map(|(sku, quantity)| price(sku, self.currency) * quantity);
        let sum: i64 = sums.sum();
        let (shipping, free_from) =
            if self.currency == "INR" { (9_900, 499_900) } else { (500, 7_500) };
        if sum >= free_from { sum } else { sum + shipping }
    }

    pub fn lines(&self) -> Value {
        let line = |(sku, quantity): &(&str, i64)| json!({"sku": sku, "quantity": quantity});
        self.lines.iter().map(line).collect()
    }

    /// The request, with the total that the buyer was shown if that is sent along.
    pub fn checkout(&self, key: &str, shown: Option<i64>) -> Request {
        let mut body = json!({
            "currency": self.currency, "lines": self.lines(), "email": self.email,
            "shipping_address": address(self.currency), "shipping_method": "standard",
            "payment": payment(self.gateway, self.method),
        });
        if self.keep_open {
            body["keep_open_on_decline"] = true.into();
        }
        if let Some(amount) = shown {
            body["expected_total"] = json!({"amount": amount, "currency": self.currency});
        }
        let mut request = Request::new(By::Storefront, "POST", "/v1/checkouts").key(key).body(body);
        request.expected_total = Some(self.total());
        request
    }
}
