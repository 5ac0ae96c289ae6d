//! Invariant 9 for carts of every kind: currencies of 0, 2 and 3 digits, every rounding mode and
//! level, prices with and without tax, up to three taxes at once, amounts up to the cap.
//!
//! `PROPTEST_CASES=1000000 cargo test --release invariant_9` asks a million times.

#![expect(
    clippy::arithmetic_side_effects,
    reason = "far below the range; an overflow fails the test"
)]

use proptest::prelude::*;

use super::*;
use crate::domain::catalogue::{StockDisplay, TaxCategory};
use crate::domain::money::{MAX_AMOUNT_MINOR, Money};
use crate::domain::tax::{Rounding, RoundingMode, Supply};

const CASES: u32 = 4_096;
const CATEGORIES: [&str; 3] = ["standard", "reduced", "shipping"];
const CURRENCIES: [&str; 5] = ["USD", "JPY", "KWD", "INR", "EUR"];

/// A cart, a shelf and a store, all arbitrary.
#[derive(Debug, Clone)]
struct Case {
    currency: Currency,
    lines: Vec<CartLine>,
    shelf: BTreeMap<Sku, Sellable>,
    settings: StoreSettings,
}

impl Case {
    fn price(&self) -> Result<PricedCart, PricingRefusal> {
        let Self { currency, lines, shelf, settings } = self;
        price_cart(*currency, lines, &destination(), "post", shelf, settings)
    }

    /// What the cart comes to at the prices shown, shipping apart.
    fn shown(&self) -> i128 {
        let price = |sku| i128::from(self.shelf[sku].prices[0].amount);
        self.lines.iter().map(|line| price(&line.sku) * i128::from(line.quantity)).sum()
    }

    fn shipping(&self) -> i64 {
        self.settings.shipping_methods[0].prices[0].amount
    }

    fn tax_included(&self) -> bool {
        !self.settings.prices_include_tax.is_empty()
    }
}

fn destination() -> Address {
    Address {
        name: "Ada".to_owned(),
        line1: "1".to_owned(),
        line2: None,
        city: "C".to_owned(),
        region: None,
        postal_code: "1".to_owned(),
        country: "DE".to_owned(),
        phone: None,
    }
}

fn price() -> impl Strategy<Value = i64> {
    prop_oneof![
        4 => 0_i64..=20,
        4 => 0_i64..=100_000,
        2 => 0_i64..=10_000_000_000,
        1 => 0_i64..=MAX_AMOUNT_MINOR,
        1 => Just(MAX_AMOUNT_MINOR),
    ]
}

fn rates() -> impl Strategy<Value = Vec<TaxRate>> {
    let percent = prop_oneof![
        (0_u32..=100).prop_map(|n| n.to_string()),
        (0_u32..=99, 0_u32..1_000).prop_map(|(whole, places)| format!("{whole}.{places:03}")),
        (0_u32..=99, 0_u32..1_000_000).prop_map(|(whole, places)| format!("{whole}.{places:06}")),
        Just("2.5".to_owned()),
    ];
    let rate =
        (0_usize..3, percent, any::<bool>()).prop_map(|(category, percent, alone)| TaxRate {
            country: "DE".parse().unwrap(),
            region: None,
            category: CATEGORIES[category].parse().unwrap(),
            name: percent.clone(),
            rate: percent.parse().unwrap(),
            supply: Supply::Any,
            rounds_alone: alone,
        });
    prop::collection::vec(rate, 0..=5)
}

fn rounding() -> impl Strategy<Value = Rounding> {
    use RoundingMode::{Down, HalfDown, HalfEven, HalfUp, Up};
    let mode = prop::sample::select(vec![HalfUp, HalfEven, HalfDown, Up, Down]);
    let level = prop::sample::select(vec![RoundingLevel::Line, RoundingLevel::Total]);
    (mode, level).prop_map(|(mode, level)| Rounding { mode, level })
}

prop_compose! {
    fn store()(
        currency in prop::sample::select(&CURRENCIES[..]),
        tax_included: bool,
        rounding in rounding(),
        tax_rates in rates(),
        shipping in prop_oneof![price(), Just(0)],
    ) -> (Currency, StoreSettings) {
        let currency: Currency = currency.parse().unwrap();
        let categories: Vec<TaxCategory> = CATEGORIES.iter().map(|c| c.parse().unwrap()).collect();
        let post = ShippingMethod {
            id: "post".parse().unwrap(),
            title: "Post".to_owned(),
            tax_category: categories[2].clone(),
            prices: vec![Money::new(shipping, currency)],
            countries: None,
            free_from: Vec::new(),
            pickup_at: None,
        };
        let settings = StoreSettings {
            default_currency: currency,
            currencies: vec![currency],
            prices_include_tax: if tax_included { vec!["DE".parse().unwrap()] } else { Vec::new() },
            rounding,
            tax_categories: categories,
            registered_in: Vec::new(),
            tax_rates,
            shipping_methods: vec![post],
            low_stock_threshold: 0,
            stock_display: StockDisplay::Exact,
            stock_display_cap: None,
            payment_window_seconds: 1,
            reservation_grace_seconds: 0,
            invoice_series: "X".to_owned(),
            refund_late_money: false,
            propose_purchase_orders: false,
            credit_note_series: None,
            seller: None,
            unpaid_units_per_buyer: None,
            routing: crate::domain::routing::Routing::default(),
        };
        (currency, settings)
    }
}

prop_compose! {
    fn case()(
        (currency, settings) in store(),
        shelf in prop::collection::vec((price(), 0_usize..3), 1..=6),
        wanted in prop::collection::vec(
            (any::<prop::sample::Index>(), prop_oneof![1_u32..=5, 1_u32..=999]),
            1..=8,
        ),
    ) -> Case {
        let name = |n: usize| -> Sku { format!("S{n}").parse().unwrap() };
        let lines = wanted
            .iter()
            .map(|(index, quantity)| (name(index.index(shelf.len())), *quantity))
            .map(|(sku, quantity)| CartLine { sku, quantity })
            .collect();
        let shelf = shelf.into_iter().enumerate().map(|(n, (price, category))| {
            let sellable = Sellable {
                sku: name(n),
                product_id: format!("p{n}").parse().unwrap(),
                product_title: String::new(),
                variant_title: String::new(),
                tax_category: CATEGORIES[category].parse().unwrap(),
                prices: vec![Money::new(price, currency)],
                active: true,
                components: Vec::new(),
                max_per_order: None,
            };
            (name(n), sellable)
        });
        Case { currency, lines, shelf: shelf.collect(), settings }
    }
}

/// Carts that have a price.
pub fn priced_carts() -> impl Strategy<Value = PricedCart> {
    case().prop_filter_map("an amount is beyond the cap", |case| case.price().ok())
}

fn config() -> ProptestConfig {
    let config = ProptestConfig::default();
    ProptestConfig { cases: config.cases.max(CASES), ..config }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn invariant_9_holds_for_every_cart(case in case()) {
        match case.price() {
            Ok(cart) => {
                prop_assert_eq!(check_totals(&cart), Ok(()));
                let shown = case.shown() + i128::from(case.shipping());
                let totals = cart.totals;
                let charged = if case.tax_included() {
                    totals.total_minor
                } else {
                    totals.subtotal_minor + totals.shipping_minor
                };
                prop_assert_eq!(i128::from(charged), shown);
                prop_assert!(totals.total_minor <= MAX_AMOUNT_MINOR);
                for line in &cart.lines {
                    let price = case.shelf[&line.sku].prices[0].amount;
                    prop_assert_eq!(line.unit_price_minor, price);
                }
            }
            Err(PricingRefusal::AmountOutOfRange { .. }) => {
                // Only what is too large is refused: 5 taxes are at most 500 %, each line's
                // fractions at most one unit a tax.
                let shown = case.shown() + i128::from(case.shipping());
                let most = if case.tax_included() { shown } else { shown * 6 + 100 };
                prop_assert!(most > i128::from(MAX_AMOUNT_MINOR), "{} is not too large", most);
            }
            Err(other) => prop_assert!(false, "{other:?}"),
        }
    }

    #[test]
    fn the_total_does_not_depend_on_the_order_of_the_lines(case in case()) {
        let totals = |case: &Case| case.price().map(|cart| cart.totals).ok();
        let mut reversed = case.clone();
        reversed.lines.reverse();
        prop_assert_eq!(totals(&case), totals(&reversed));
    }

    #[test]
    fn a_line_in_two_parts_costs_what_it_costs_in_one(case in case()) {
        let mut split = case.clone();
        let first = split.lines[0].clone();
        if first.quantity > 1 {
            split.lines[0].quantity = 1;
            split.lines.push(CartLine { quantity: first.quantity - 1, ..first });
        }
        let priced = |case: &Case| case.price().ok();
        prop_assert_eq!(priced(&case), priced(&split));
    }

    #[test]
    fn rounding_once_is_never_further_from_the_exact_tax_than_one_unit_a_tax(case in case()) {
        let mut once = case.clone();
        once.settings.rounding.level = RoundingLevel::Total;
        let mut down = once.clone();
        once.settings.rounding.mode = RoundingMode::Up;
        down.settings.rounding.mode = RoundingMode::Down;
        if let (Ok(most), Ok(least)) = (once.price(), down.price()) {
            let apart = most.totals.tax_minor - least.totals.tax_minor;
            // At most as many roundings as there are rates.
            let roundings = i64::try_from(case.settings.tax_rates.len()).unwrap();
            prop_assert!((0..=roundings).contains(&apart), "{} apart", apart);
        }
    }
}
