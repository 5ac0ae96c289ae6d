//! What an operator may configure, and what is refused with which words.

use base64ct::{Base64, Encoding};
use cartwright::domain::payment::{CaptureMode, Gateway};
use cartwright::providers::payment::settings::{BaseUrl, Environment, PaymentSettings};
use cartwright::providers::payment::{registry, taking};

use crate::conformance::{VENDORS, Vendor};
use crate::support::*;

fn read(variables: &[(&str, &str)]) -> Result<PaymentSettings, String> {
    let get = |name: &str| {
        variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    };
    PaymentSettings::from_variables(get).map_err(|error| error.to_string())
}

const SANDBOX: [(&str, &str); 5] = [
    ("ENVIRONMENT", "development"),
    ("SANDBOX_ENABLED", "true"),
    ("SANDBOX_BASE_URL", "http://127.0.0.1:8788"),
    ("SANDBOX_API_KEY", SANDBOX_KEY),
    ("SANDBOX_WEBHOOK_SECRET", NEW_SECRET),
];

#[test]
fn nothing_configured_is_no_gateway() {
    for variables in [vec![], vec![("STRIPE_SECRET_KEY", " ")], vec![("SANDBOX_ENABLED", "false")]]
    {
        let settings = read(&variables).unwrap();
        assert_eq!(settings, PaymentSettings::default());
        for which in Gateway::ALL {
            assert!(registry::gateway(&settings, which).is_none());
        }
    }
}

#[test]
fn a_configured_gateway_is_the_one_asked_for() {
    let settings = settings();
    for Vendor { gateway, .. } in VENDORS {
        assert_eq!(registry::gateway(&settings, *gateway).unwrap().gateway(), *gateway);
    }
}

#[test]
fn the_sandbox_is_refused_outside_development() {
    assert!(read(&SANDBOX).unwrap().sandbox.is_some());
    for environment in ["production", ""] {
        let mut variables = SANDBOX;
        variables[0].1 = environment;
        let error = read(&variables).unwrap_err();
        assert_eq!(error, "SANDBOX_ENABLED is only allowed when ENVIRONMENT is development");
    }
    assert!(read(&SANDBOX[1..]).is_err());
    assert_eq!(read(&SANDBOX[..1]).unwrap().sandbox, None);
}

#[test]
fn what_is_missing_or_wrong_is_named_and_never_quoted() {
    let stripe = ("STRIPE_SECRET_KEY", STRIPE_KEY);
    let secret = ("STRIPE_WEBHOOK_SECRET", NEW_SECRET);
    let many = [NEW_SECRET; 5].join(",");
    let table: Vec<(Vec<(&str, &str)>, &str)> = vec![
        (vec![("ENVIRONMENT", "CANARY")], "ENVIRONMENT is neither development nor production"),
        (
            vec![stripe],
            "STRIPE_WEBHOOK_SECRET is missing; without it no payment could be confirmed by webhook",
        ),
        (
            vec![("STRIPE_SECRET_KEY", "pk_live_CANARY"), secret],
            "STRIPE_SECRET_KEY is a publishable key; the secret key is needed",
        ),
        (
            vec![("STRIPE_SECRET_KEY", "sk_CANARY\r\nx-evil: 1"), secret],
            "STRIPE_SECRET_KEY is not 1 to 512 visible ASCII characters",
        ),
        (
            vec![stripe, ("STRIPE_WEBHOOK_SECRET", "whsec_CANARY,,")],
            "STRIPE_WEBHOOK_SECRET is not 1 to 512 visible ASCII characters",
        ),
        (
            vec![stripe, ("STRIPE_WEBHOOK_SECRET", &many)],
            "STRIPE_WEBHOOK_SECRET holds more than four secrets",
        ),
        (
            vec![stripe, secret, ("STRIPE_BASE_URL", "https://user:CANARY@example.com")],
            "STRIPE_BASE_URL must not hold a user name or password",
        ),
        (
            vec![stripe, secret, ("STRIPE_PUBLISHABLE_KEY", "sk_live_CANARY")],
            "STRIPE_PUBLISHABLE_KEY is not a publishable key, which begins with pk_",
        ),
        (
            vec![stripe, secret, ("STRIPE_PUBLISHABLE_KEY", "pk_live_\"CANARY")],
            "STRIPE_PUBLISHABLE_KEY is not a publishable key, which begins with pk_",
        ),
        (SANDBOX[..2].to_vec(), "SANDBOX_BASE_URL is missing; SANDBOX_ENABLED is true"),
        (SANDBOX[..3].to_vec(), "SANDBOX_API_KEY is missing; SANDBOX_ENABLED is true"),
        (SANDBOX[..4].to_vec(), "SANDBOX_WEBHOOK_SECRET is missing; SANDBOX_ENABLED is true"),
        (
            vec![("ENVIRONMENT", "development"), ("SANDBOX_ENABLED", "yes")],
            "SANDBOX_ENABLED is neither true nor false",
        ),
    ];
    for (variables, expected) in table {
        let error = read(&variables).unwrap_err();
        assert_eq!(error, expected);
        assert!(!error.contains(CANARY));
    }
}

/// Whether a request holds the canary, as it is or in the base64 of Basic credentials.
fn carries(sent: &str) -> bool {
    let basic = sent.lines().find_map(|line| line.strip_prefix("authorization: Basic "));
    let decoded = basic.and_then(|text| Base64::decode_vec(text).ok());
    let hidden = decoded.is_some_and(|bytes| String::from_utf8_lossy(&bytes).contains(CANARY));
    hidden || sent.contains(CANARY)
}

#[test]
fn browsers_are_told_public_keys_and_nothing_else() {
    let keys = |variables: &[(&str, &str)]| {
        let settings = read(variables).unwrap();
        let all = Gateway::ALL.into_iter().flat_map(|which| {
            settings
                .browser_keys(which)
                .into_iter()
                .map(|(n, k)| format!("{n}={k}"))
                .collect::<Vec<_>>()
        });
        all.collect::<Vec<_>>()
    };
    let key = ("STRIPE_PUBLISHABLE_KEY", " pk_live_1 ");
    let secrets = [("STRIPE_SECRET_KEY", STRIPE_KEY), ("STRIPE_WEBHOOK_SECRET", NEW_SECRET)];
    assert!(keys(&SANDBOX).is_empty());
    assert!(keys(&secrets).is_empty());
    assert!(keys(&[key]).is_empty(), "a gateway that is not set up has none");
    assert_eq!(keys(&[secrets[0], secrets[1], key]), ["publishable_key=pk_live_1"]);
    for (_, key) in settings().browser_keys(Gateway::Stripe) {
        assert!(!key.contains(CANARY));
    }
}

#[test]
fn what_a_gateway_cannot_take_is_known_before_it_is_asked() {
    for (which, amount, currency, expected) in [
        (Gateway::Stripe, 1_999, "USD", Ok(())),
        (Gateway::Stripe, 0, "USD", Ok(())),
        (Gateway::Stripe, 1_005, "KWD", Err("amount_not_payable")),
        (Gateway::Stripe, 1_010, "KWD", Ok(())),
        (Gateway::Stripe, 0, "KWD", Ok(())),
        (Gateway::Stripe, 0, "UGX", Err("currency")),
        (Gateway::Stripe, 50_000, "UGX", Err("currency")),
        (Gateway::Sandbox, 1_005, "KWD", Ok(())),
    ] {
        let taken = with_gateway(which, |gateway| {
            taking::check(gateway, money(amount, currency), CaptureMode::Automatic)
        });
        let told = taken.map_err(|reason| reason.name());
        assert_eq!(told, expected, "{which:?} {amount} {currency}");
    }
}

#[test]
fn secrets_are_never_printed() {
    let settings = settings();
    assert!(!format!("{settings:?}").contains(CANARY));
    for vendor in VENDORS {
        let gateway = registry::gateway(&settings, vendor.gateway).unwrap();
        let mut ask = (vendor.ask)();
        ask.email = Some("canary-CANARY@example.com".to_owned());
        let call = gateway.authorize(&ask).unwrap();
        assert!(carries(&wire(&call.request)), "the request itself carries them");
        assert!(!format!("{call:?} {:?}", call.request).contains(CANARY));
    }
}

#[test]
fn a_base_url_is_https_to_a_public_name_outside_development() {
    let refused = [
        "http://api.example.com",
        "https://localhost",
        "https://LOCALHOST.",
        "https://a.localhost",
        "https://gateway",
        "https://db.internal",
        "https://printer.local",
        "https://127.0.0.1",
        "https://127.1",
        "https://0x7f000001",
        "https://2130706433",
        "https://[::1]",
        "https://[::ffff:127.0.0.1]",
        "https://[fd00::1]",
        "https://169.254.169.254",
        "https://10.0.0.1",
        "https://api.example.com:8443",
    ];
    for text in refused {
        assert!(BaseUrl::parse(text, Environment::Production).is_err(), "{text}");
        assert!(BaseUrl::parse(text, Environment::Development).is_ok(), "{text}");
    }
    let never = [
        "",
        "api.example.com",
        "ftp://api.example.com",
        "javascript:alert(1)",
        "https://user@api.example.com",
        "https://:pass@api.example.com",
        "https://api.example.com?x=1",
        "https://api.example.com#x",
        "https://",
    ];
    for text in never {
        assert!(BaseUrl::parse(text, Environment::Development).is_err(), "{text}");
    }
}

#[test]
fn a_path_is_kept_as_a_prefix() {
    let table = [
        ("https://api.example.com", "https://api.example.com/v1/a%2Fb"),
        ("https://api.example.com/", "https://api.example.com/v1/a%2Fb"),
        ("https://api.example.com/proxy", "https://api.example.com/proxy/v1/a%2Fb"),
        ("https://api.example.com/proxy/", "https://api.example.com/proxy/v1/a%2Fb"),
        ("https://api.example.com:8443/p/q/", "https://api.example.com:8443/p/q/v1/a%2Fb"),
    ];
    for (text, expected) in table {
        let base = BaseUrl::parse(text, Environment::Development).unwrap();
        assert_eq!(base.join(&["v1", "a/b"]).as_str(), expected);
    }
}
