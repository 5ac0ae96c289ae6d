#![expect(clippy::arithmetic_side_effects, reason = "small numbers; an overflow fails the test")]

use proptest::prelude::*;
use rust_decimal::Decimal;

use super::*;
use crate::domain::catalogue::StoreSettings;
use crate::domain::money::MoneyError;

fn percent(text: &str) -> Percent {
    text.parse().unwrap()
}

fn rate(name: &str, rate: &str, rounds_alone: bool) -> TaxRate {
    TaxRate {
        country: "DE".parse().unwrap(),
        region: None,
        category: "standard".parse().unwrap(),
        name: name.to_owned(),
        rate: percent(rate),
        supply: Supply::Any,
        rounds_alone,
    }
}

fn together(rates: &[&str]) -> Vec<TaxRate> {
    rates.iter().map(|r| rate(r, r, false)).collect()
}

fn alone(rates: &[&str]) -> Vec<TaxRate> {
    rates.iter().map(|r| rate(r, r, true)).collect()
}

/// Net amount and each tax, for every amount.
fn parts(
    amounts: &[i64],
    rates: &[TaxRate],
    included: bool,
    mode: RoundingMode,
) -> Vec<(i64, Vec<i64>)> {
    let rates: Vec<&TaxRate> = rates.iter().collect();
    let assessed = assess(amounts, &rates, included, mode).unwrap();
    let taxes = |one: &Assessed| one.taxes.iter().map(|tax| tax.amount_minor).collect();
    assessed.iter().map(|one| (one.net_minor, taxes(one))).collect()
}

#[test]
fn percentages_are_exact_and_bounded() {
    for (text, shown) in [
        ("0", "0"),
        ("19", "19"),
        ("8.875", "8.875"),
        ("7.250", "7.25"),
        ("007", "7"),
        ("0.000001", "0.000001"),
        ("100", "100"),
        ("100.000000", "100"),
    ] {
        assert_eq!(percent(text).to_string(), shown);
        let json = serde_json::to_string(&percent(text)).unwrap();
        assert_eq!(json, format!("\"{shown}\""));
        assert_eq!(serde_json::from_str::<Percent>(&json).unwrap(), percent(text));
    }
    for bad in [
        "",
        ".",
        "1.",
        ".5",
        "-1",
        "+1",
        "1e1",
        "1_0",
        " 1",
        "1 ",
        "1,5",
        "1.0000000",
        "100.000001",
        "101",
        "1000",
        "NaN",
        "１",
        "1.2.3",
    ] {
        assert_eq!(bad.parse::<Percent>(), Err(MalformedPercent), "{bad:?}");
    }
    assert!(serde_json::from_str::<Percent>("8.875").is_err(), "a JSON number is not exact");
}

#[test]
fn each_mode_rounds_as_it_says() {
    use RoundingMode::{Down, HalfDown, HalfEven, HalfUp, Up};
    // 10 % of these is 1.4, 1.5, 1.6, 2.5 and 2.0 minor units.
    for (mode, expected) in [
        (HalfUp, [1, 2, 2, 3, 2]),
        (HalfEven, [1, 2, 2, 2, 2]),
        (HalfDown, [1, 1, 2, 2, 2]),
        (Up, [2, 2, 2, 3, 2]),
        (Down, [1, 1, 1, 2, 2]),
    ] {
        for (amount, tax) in [14, 15, 16, 25, 20].into_iter().zip(expected) {
            let rates = together(&["10"]);
            assert_eq!(parts(&[amount], &rates, false, mode), [(amount, vec![tax])], "{mode:?}");
        }
    }
}

#[test]
fn inclusive_tax_is_taken_out_of_the_price() {
    let mode = RoundingMode::HalfUp;
    for (rate, gross, tax) in [
        ("19", 11_900, 1_900),
        ("19", 1_790, 286), // 1790 * 19 / 119 = 285.798…
        ("10", 2_650, 241), // 2650 / 11 = 240.909…
        ("100", 1, 1),      // half of 1, rounded up
        ("20", 0, 0),
        ("0", 1_790, 0),
    ] {
        assert_eq!(parts(&[gross], &together(&[rate]), true, mode), [(gross - tax, vec![tax])]);
    }
}

#[test]
fn taxes_that_round_together_share_one_rounding_by_largest_remainder() {
    let california = together(&["6", "1.25"]);
    // 7.25 % of 1800 is 130.5: 131 in all; 108 and 22.5 exactly, so the odd one goes to the second.
    let mode = RoundingMode::HalfUp;
    assert_eq!(parts(&[1_800], &california, false, mode), [(1_800, vec![108, 23])]);
    // 7.25 % of 10 is 0.725: 1 in all; 0.83 and 0.17 of it, so the first has it.
    assert_eq!(parts(&[10], &california, false, mode), [(10, vec![1, 0])]);
    // Equal remainders: the earlier tax has the odd one.
    assert_eq!(parts(&[10], &together(&["5", "5"]), false, mode), [(10, vec![1, 0])]);
}

#[test]
fn taxes_that_round_alone_are_equal_when_their_rates_are() {
    // 2.5 % of 30 is 0.75 each.
    let gst = alone(&["2.5", "2.5"]);
    let mode = RoundingMode::HalfUp;
    assert_eq!(parts(&[30], &gst, false, mode), [(30, vec![1, 1])]);
    // 2.5 % of 10 is 0.25 each: nothing, though 0.5 together would have been 1.
    assert_eq!(parts(&[10], &gst, false, mode), [(10, vec![0, 0])]);
    // 129900 with 18 % inside: 9907.627… each.
    let gst = alone(&["9", "9"]);
    assert_eq!(parts(&[129_900], &gst, true, mode), [(110_084, vec![9_908, 9_908])]);
    // One that rounds alone among others: 1 % of 250 is 2.5, the others' 3 % is 7.5.
    let mixed = [rate("a", "1", false), rate("b", "1", true), rate("c", "2", false)];
    assert_eq!(parts(&[250], &mixed, false, mode), [(250, vec![3, 3, 5])]);
}

#[test]
fn several_amounts_are_rounded_once_and_share_the_result() {
    let mode = RoundingMode::HalfUp;
    // 10 % of 3 x 4 is 1.2, so 1: by line it would be 0.
    let rates = together(&["10"]);
    let three = [(4, vec![1]), (4, vec![0]), (4, vec![0])];
    assert_eq!(parts(&[4, 4, 4], &rates, false, mode), three);
    // The largest fraction has it.
    assert_eq!(parts(&[1, 9, 2], &rates, false, mode), [(1, vec![0]), (9, vec![1]), (2, vec![0])]);
}

#[test]
fn an_inclusive_price_never_contains_more_tax_than_itself() {
    // Seven prices of 1 with two taxes of 0.07627 in each: 0.534 in all, so 1 each, on two lines.
    let assessed = parts(&[1; 7], &alone(&["9", "9"]), true, RoundingMode::HalfUp);
    assert!(assessed.iter().all(|(net, _)| *net >= 0), "{assessed:?}");
    assert_eq!(assessed.iter().map(|(_, taxes)| taxes.iter().sum::<i64>()).sum::<i64>(), 2);
    // Always up, a price of 1 has room for one of them only.
    let one = parts(&[1], &alone(&["9", "9"]), true, RoundingMode::Up);
    assert_eq!(one, [(0, vec![1, 0])]);
    // Each of five would take 1.17 of 7, rounded up to 2: the last ones find nothing left to take.
    let five = parts(&[7], &alone(&["100"; 5]), true, RoundingMode::Up);
    assert_eq!(five, [(0, vec![2, 2, 2, 1, 0])]);
    let absurd = parts(&[2, 3], &alone(&["100"; 5]), true, RoundingMode::HalfUp);
    assert!(absurd.iter().all(|(net, _)| *net >= 0), "{absurd:?}");
}

#[test]
fn no_rates_no_tax_and_no_amounts_nothing() {
    assert_eq!(parts(&[5], &[], true, RoundingMode::Up), [(5, vec![])]);
    assert_eq!(parts(&[], &together(&["19"]), true, RoundingMode::Up), []);
}

#[test]
fn negative_and_enormous_amounts_are_refused() {
    let rate = rate("VAT", "100", false);
    let mode = RoundingMode::HalfUp;
    assert_eq!(assess(&[-1], &[&rate], false, mode), Err(MoneyError::OutOfRange));
    assert_eq!(assess(&[-1], &[], false, mode), Err(MoneyError::OutOfRange));
    let cap = crate::domain::money::MAX_AMOUNT_MINOR;
    assert_eq!(assess(&[cap], &[&rate], false, mode), Err(MoneyError::OutOfRange));
    assert_eq!(assess(&[cap], &[&rate], true, mode).unwrap()[0].net_minor, cap / 2);
    let beyond = [i64::MAX; 100];
    assert_eq!(assess(&beyond, &[&rate; 100], true, mode), Err(MoneyError::OutOfRange));
}

mod which_rates_apply {
    use super::*;

    fn settings() -> StoreSettings {
        serde_json::from_str(include_str!("../../../schema/demo/settings.json")).unwrap()
    }

    fn at(country: &str, region: &str, settings: &StoreSettings) -> Vec<String> {
        let region = (!region.is_empty()).then(|| region.to_owned());
        let place = Place { country: country.parse().unwrap(), region };
        let rates = applicable(&place, &"standard".parse().unwrap(), settings);
        rates.iter().map(|r| format!("{} {}", r.name, r.rate)).collect()
    }

    #[test]
    fn by_country_and_region() {
        let settings = settings();
        for (country, region, expected) in [
            ("DE", "", &["MwSt. 19"][..]),
            ("DE", "BE", &["MwSt. 19"]),
            ("US", "NY", &["New York sales tax 4"]),
            ("US", "CA", &["California sales tax 6", "California local tax 1.25"]),
            ("US", "OR", &["Oregon sales tax 0"]),
            ("US", "MT", &[]),
            ("CA", "ON", &[]),
            ("CH", "", &[]),
        ] {
            assert_eq!(at(country, region, &settings), expected, "{country}-{region}");
        }
    }

    #[test]
    fn by_where_the_seller_is() {
        let mut settings = settings();
        assert_eq!(at("IN", "KA", &settings), ["CGST 9", "SGST 9"]);
        assert_eq!(at("IN", "MH", &settings), ["IGST 18"]);
        assert_eq!(at("IN", "", &settings), ["IGST 18"], "an unnamed state is another one");
        settings.registered_in.clear();
        assert_eq!(at("IN", "KA", &settings), ["IGST 18"]);
        let place = |region: &str| Place {
            country: "IN".parse().unwrap(),
            region: Some(region.to_owned()),
        };
        settings.registered_in = vec![place("MH"), place("OD")];
        assert_eq!(at("IN", "MH", &settings), ["CGST 9", "SGST 9"]);
        assert_eq!(at("IN", "OR", &settings), ["CGST 9", "SGST 9"], "OR is now OD");
        assert_eq!(at("IN", "KA", &settings), ["IGST 18"]);
    }

    #[test]
    fn country_wide_and_regional_rates_apply_together() {
        let mut settings = settings();
        let json = r#"[
            {"country":"CA","category":"standard","name":"GST","rate":"5"},
            {"country":"CA","region":"QC","category":"standard","name":"QST","rate":"9.975"}]"#;
        settings.tax_rates = serde_json::from_str(json).unwrap();
        assert_eq!(at("CA", "QC", &settings), ["GST 5", "QST 9.975"]);
        assert_eq!(at("CA", "AB", &settings), ["GST 5"]);
    }
}

const MODES: [RoundingMode; 5] = [
    RoundingMode::HalfUp,
    RoundingMode::HalfEven,
    RoundingMode::HalfDown,
    RoundingMode::Up,
    RoundingMode::Down,
];

/// The same question asked of `rust_decimal`: an independent answer.
fn by_decimal(amount: i64, rate: Percent, included: bool, mode: RoundingMode) -> i64 {
    use rust_decimal::RoundingStrategy as S;
    let strategy = match mode {
        RoundingMode::HalfUp => S::MidpointAwayFromZero,
        RoundingMode::HalfEven => S::MidpointNearestEven,
        RoundingMode::HalfDown => S::MidpointTowardZero,
        RoundingMode::Up => S::AwayFromZero,
        RoundingMode::Down => S::ToZero,
    };
    let (amount, hundred) = (Decimal::from(amount), Decimal::ONE_HUNDRED);
    let part = amount.checked_mul(rate.decimal()).unwrap();
    let whole = if included { hundred.checked_add(rate.decimal()).unwrap() } else { hundred };
    let exact = part.checked_div(whole).unwrap();
    exact.round_dp_with_strategy(0, strategy).mantissa().try_into().unwrap()
}

fn any_rate() -> impl Strategy<Value = Percent> {
    let places = [0_u32, 1, 2, 3, 6];
    (0_i64..=100, 0_usize..5, any::<u32>()).prop_map(move |(whole, places_index, noise)| {
        let places = places[places_index];
        let fraction = i64::from(noise) % 10_i64.pow(places);
        let text = if places == 0 || whole == 100 {
            whole.to_string()
        } else {
            format!("{whole}.{fraction:0width$}", width = usize::try_from(places).unwrap())
        };
        percent(&text)
    })
}

fn any_amount() -> impl Strategy<Value = i64> {
    prop_oneof![0_i64..=200, 0_i64..=1_000_000, 0_i64..=1_000_000_000_000]
}

/// `PROPTEST_CASES` in the environment asks more often.
fn config() -> ProptestConfig {
    let config = ProptestConfig::default();
    ProptestConfig { cases: config.cases.max(4_096), ..config }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn one_tax_on_one_amount_is_what_a_decimal_library_says(
        amount in any_amount(),
        rate in any_rate(),
        included: bool,
        mode in proptest::sample::select(&MODES[..]),
    ) {
        let rates = [TaxRate { rate, ..self::rate("VAT", "0", false) }];
        let [(net, taxes)] = parts(&[amount], &rates, included, mode).try_into().unwrap();
        prop_assert_eq!(&taxes, &[by_decimal(amount, rate, included, mode)]);
        prop_assert_eq!(net, if included { amount - taxes[0] } else { amount });
    }

    #[test]
    fn shares_add_up_and_stay_within_one_unit_of_their_exact_part(
        amounts in prop::collection::vec(any_amount(), 1..8),
        rate in any_rate(),
        included: bool,
        mode in proptest::sample::select(&MODES[..]),
    ) {
        let rates = [TaxRate { rate, ..self::rate("VAT", "0", false) }];
        let assessed = parts(&amounts, &rates, included, mode);
        let tax: i64 = assessed.iter().map(|(_, taxes)| taxes[0]).sum();
        prop_assert_eq!(tax, by_decimal(amounts.iter().sum(), rate, included, mode));
        for (amount, (net, taxes)) in amounts.iter().zip(&assessed) {
            let floor = by_decimal(*amount, rate, included, RoundingMode::Down);
            let ceiling = by_decimal(*amount, rate, included, RoundingMode::Up);
            prop_assert!((floor..=ceiling).contains(&taxes[0]), "{taxes:?} of {amount}");
            prop_assert!(*net >= 0);
        }
    }

    #[test]
    fn equal_taxes_that_round_alone_come_to_the_same_on_a_line(
        amount in any_amount(),
        rate in any_rate(),
        included: bool,
        mode in proptest::sample::select(&MODES[..3]),
    ) {
        let one = TaxRate { rate, ..self::rate("CGST", "0", true) };
        let two = [one.clone(), one];
        let [(net, taxes)] = parts(&[amount], &two, included, mode).try_into().unwrap();
        // At half the price each there may be room for one more unit in only one of them.
        if net > 0 {
            prop_assert_eq!(taxes[0], taxes[1]);
        }
    }
}
