//! What an operator may configure for PayPal, and what is refused with which words.

use cartwright::providers::payment::settings::{
    PaymentSettings, PaypalSettings, WebhookVerification,
};

use super::*;

fn read(variables: &[(&str, &str)]) -> Result<Option<PaypalSettings>, String> {
    let get = |name: &str| {
        variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    };
    PaymentSettings::from_variables(get).map(|all| all.paypal).map_err(|error| error.to_string())
}

const ID: (&str, &str) = VARIABLES[0];
const SECRET: (&str, &str) = VARIABLES[1];
const HOOK: (&str, &str) = ("PAYPAL_WEBHOOK_ID", WEBHOOK_ID);

#[test]
fn what_is_set_is_what_is_used() {
    assert_eq!(read(&[]), Ok(None));
    let settings = read(&[ID, SECRET, HOOK]).unwrap().unwrap();
    assert_eq!(settings.webhook_ids, [WEBHOOK_ID]);
    assert_eq!(settings.verification, WebhookVerification::Certificate);
    assert_eq!(settings.base_url.join(&["x"]).as_str(), "https://api-m.paypal.com/x");
    assert!(!format!("{settings:?}").contains(CANARY));
    let two = ("PAYPAL_WEBHOOK_ID", "0EH40505U7160970P, 1JE4291016473214C");
    let settings = read(&[ID, SECRET, two]).unwrap().unwrap();
    assert_eq!(settings.webhook_ids, ["0EH40505U7160970P", "1JE4291016473214C"]);
    let api = ("PAYPAL_WEBHOOK_VERIFICATION", "api");
    let settings = read(&[ID, SECRET, HOOK, api]).unwrap().unwrap();
    assert_eq!(settings.verification, WebhookVerification::Api);
}

#[test]
fn what_is_missing_or_wrong_is_named_and_never_quoted() {
    let roots = ("PAYPAL_WEBHOOK_ROOTS", include_str!("certificates/root.pem"));
    let development = ("ENVIRONMENT", "development");
    let table: &[(&[(&str, &str)], &str)] = &[
        (&[ID], "PAYPAL_CLIENT_SECRET is missing; PAYPAL_CLIENT_ID is set"),
        (
            &[ID, SECRET],
            "PAYPAL_WEBHOOK_ID is missing; without it no payment could be confirmed by webhook",
        ),
        (
            &[ID, SECRET, ("PAYPAL_WEBHOOK_ID", "CANARY|1")],
            "PAYPAL_WEBHOOK_ID is not 1 to 50 letters and digits",
        ),
        (
            &[ID, SECRET, ("PAYPAL_WEBHOOK_ID", "A,")],
            "PAYPAL_WEBHOOK_ID is not 1 to 50 letters and digits",
        ),
        (
            &[ID, SECRET, ("PAYPAL_WEBHOOK_ID", "A,B,C,D,E")],
            "PAYPAL_WEBHOOK_ID holds more than four ids",
        ),
        (
            &[ID, SECRET, ("PAYPAL_WEBHOOK_ID", "A,B"), ("PAYPAL_WEBHOOK_VERIFICATION", "api")],
            "PAYPAL_WEBHOOK_ID holds several ids, and with PAYPAL_WEBHOOK_VERIFICATION=api PayPal \
             is asked about one",
        ),
        (
            &[ID, SECRET, HOOK, ("PAYPAL_WEBHOOK_VERIFICATION", "CANARY")],
            "PAYPAL_WEBHOOK_VERIFICATION is neither certificate nor api",
        ),
        (
            &[("PAYPAL_CLIENT_ID", "CANARY\r\nx: 1"), SECRET, HOOK],
            "PAYPAL_CLIENT_ID is not 1 to 512 visible ASCII characters",
        ),
        (
            &[ID, SECRET, HOOK, ("PAYPAL_BASE_URL", "http://127.0.0.1:8789")],
            "PAYPAL_BASE_URL must be https outside development",
        ),
        (
            &[ID, SECRET, HOOK, roots],
            "PAYPAL_WEBHOOK_ROOTS is only allowed when ENVIRONMENT is development",
        ),
        (
            &[development, ID, SECRET, HOOK, ("PAYPAL_WEBHOOK_ROOTS", "CANARY")],
            "PAYPAL_WEBHOOK_ROOTS does not hold certificates in PEM",
        ),
    ];
    for (variables, expected) in table {
        let error = read(variables).unwrap_err();
        assert_eq!(&error, expected);
        assert!(!error.contains(CANARY));
    }
    let one_line = roots.1.replace('\n', "\\n");
    let one_line = ("PAYPAL_WEBHOOK_ROOTS", one_line.as_str());
    assert!(read(&[development, ID, SECRET, HOOK, one_line]).unwrap().is_some());
}
