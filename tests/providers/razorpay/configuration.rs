//! What an operator may configure for Razorpay, and what is refused with which words.

use cartwright::domain::payment::Gateway;
use cartwright::providers::payment::registry;
use cartwright::providers::payment::settings::PaymentSettings;

use super::fixtures::*;

const KEY: (&str, &str) = ("RAZORPAY_KEY_ID", RAZORPAY_KEY_ID);
const SECRET: (&str, &str) = ("RAZORPAY_KEY_SECRET", RAZORPAY_KEY_SECRET);
const WEBHOOK: (&str, &str) = ("RAZORPAY_WEBHOOK_SECRET", NEW_SECRET);

fn read(variables: &[(&str, &str)]) -> Result<PaymentSettings, String> {
    let get = |name: &str| {
        variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    };
    PaymentSettings::from_variables(get).map_err(|error| error.to_string())
}

#[test]
fn three_variables_set_it_up() {
    let settings = read(&[KEY, SECRET, WEBHOOK]).unwrap();
    let gateway = registry::gateway(&settings, Gateway::Razorpay).unwrap();
    assert_eq!(gateway.gateway(), Gateway::Razorpay);
    let url = gateway.authorize(&ask()).unwrap().request.url;
    assert_eq!(url, "https://api.razorpay.com/v1/orders");
    assert_eq!(read(&[SECRET, WEBHOOK]).unwrap().razorpay, None, "off without a key");
    let secrets = ("RAZORPAY_WEBHOOK_SECRET", "one, two,three,four");
    let settings = read(&[KEY, SECRET, secrets]).unwrap();
    assert_eq!(settings.razorpay.unwrap().webhook_secrets.len(), 4);
    let proxy = ("RAZORPAY_BASE_URL", "https://proxy.example.com/razorpay/");
    let settings = read(&[KEY, SECRET, WEBHOOK, proxy]).unwrap();
    let gateway = registry::gateway(&settings, Gateway::Razorpay).unwrap();
    let url = gateway.authorize(&ask()).unwrap().request.url;
    assert_eq!(url, "https://proxy.example.com/razorpay/v1/orders");
}

#[test]
fn what_is_missing_or_wrong_is_named_and_never_quoted() {
    let many = [NEW_SECRET; 5].join(",");
    let table: Vec<(Vec<(&str, &str)>, &str)> = vec![
        (vec![KEY, WEBHOOK], "RAZORPAY_KEY_SECRET is missing; RAZORPAY_KEY_ID is set"),
        (
            vec![KEY, SECRET],
            "RAZORPAY_WEBHOOK_SECRET is missing; without it no payment could be confirmed by webhook",
        ),
        (
            vec![("RAZORPAY_KEY_ID", "rzp CANARY:1"), SECRET, WEBHOOK],
            "RAZORPAY_KEY_ID is not letters, digits, _ and -",
        ),
        (
            vec![KEY, ("RAZORPAY_KEY_SECRET", "CANARY\r\nx: 1"), WEBHOOK],
            "RAZORPAY_KEY_SECRET is not 1 to 512 visible ASCII characters",
        ),
        (
            vec![KEY, SECRET, ("RAZORPAY_WEBHOOK_SECRET", "CANARY,,")],
            "RAZORPAY_WEBHOOK_SECRET is not 1 to 512 visible ASCII characters",
        ),
        (
            vec![KEY, SECRET, ("RAZORPAY_WEBHOOK_SECRET", &many)],
            "RAZORPAY_WEBHOOK_SECRET holds more than four secrets",
        ),
    ];
    for (variables, expected) in table {
        let error = read(&variables).unwrap_err();
        assert_eq!(error, expected);
        assert!(!error.contains(CANARY));
    }
    for url in ["http://api.razorpay.com", "https://127.0.0.1", "https://u:CANARY@example.com"] {
        let error = read(&[KEY, SECRET, WEBHOOK, ("RAZORPAY_BASE_URL", url)]).unwrap_err();
        assert!(error.starts_with("RAZORPAY_BASE_URL ") && !error.contains(CANARY), "{error}");
    }
}
