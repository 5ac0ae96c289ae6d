//! What the browser comes back with from the hosted checkout.

use std::collections::BTreeMap;

use cartwright::providers::payment::contract::ReturnRefusal;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::fixtures::*;

fn sign(secret: &str, order: &str, payment: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("{order}|{payment}").as_bytes());
    hex::encode(mac.finalize().into_bytes())
}

fn check(order: &str, payment: &str, signature: &str) -> Result<(), ReturnRefusal> {
    check_without("", order, payment, signature)
}

fn check_without(
    missing: &str,
    order: &str,
    payment: &str,
    signature: &str,
) -> Result<(), ReturnRefusal> {
    let given = BTreeMap::from([
        ("razorpay_order_id", order),
        ("razorpay_payment_id", payment),
        ("razorpay_signature", signature),
    ]);
    let lookup =
        |name: &str| given.get(name).filter(|_| name != missing).map(|value| (*value).to_owned());
    razorpay(|g| g.check_return(&known(ORDER), &lookup))
}

#[test]
fn only_what_razorpay_signed_for_this_order_is_believed() {
    let good = sign(RAZORPAY_KEY_SECRET, ORDER, PAYMENT);
    let bad = Err(ReturnRefusal::BadSignature);
    assert_eq!(check(ORDER, PAYMENT, &good), Ok(()));
    let table = [
        (
            "another order, rightly signed",
            "order_other",
            PAYMENT,
            sign(RAZORPAY_KEY_SECRET, "order_other", PAYMENT),
        ),
        ("another order under our signature", "order_other", PAYMENT, good.clone()),
        (
            "our order under another's signature",
            ORDER,
            PAYMENT,
            sign(RAZORPAY_KEY_SECRET, "order_other", PAYMENT),
        ),
        ("another payment", ORDER, "pay_other", good.clone()),
        ("a foreign secret", ORDER, PAYMENT, sign("other", ORDER, PAYMENT)),
        ("the webhook's secret", ORDER, PAYMENT, sign(NEW_SECRET, ORDER, PAYMENT)),
        ("swapped", ORDER, PAYMENT, sign(RAZORPAY_KEY_SECRET, PAYMENT, ORDER)),
        ("upper case", ORDER, PAYMENT, good.to_uppercase()),
        ("truncated", ORDER, PAYMENT, format!("{good:.62}")),
        ("longer", ORDER, PAYMENT, format!("{good}00")),
        ("empty", ORDER, PAYMENT, String::new()),
        ("a space before", ORDER, PAYMENT, format!(" {good}")),
        ("enormous", ORDER, PAYMENT, "0".repeat(1_000_000)),
    ];
    for (case, order, payment, signature) in table {
        assert_eq!(check(order, payment, &signature), bad, "{case}");
    }
}

#[test]
fn a_missing_parameter_is_named() {
    let good = sign(RAZORPAY_KEY_SECRET, ORDER, PAYMENT);
    for name in ["razorpay_order_id", "razorpay_payment_id", "razorpay_signature"] {
        let result = check_without(name, ORDER, PAYMENT, &good);
        assert_eq!(result, Err(ReturnRefusal::Parameter(name)));
    }
    for payment in ["", "pay_", "pay_1|order_2", "x"] {
        let signature = sign(RAZORPAY_KEY_SECRET, ORDER, payment);
        let result = check(ORDER, payment, &signature);
        assert_eq!(result, Err(ReturnRefusal::Parameter("razorpay_payment_id")), "{payment}");
    }
}
