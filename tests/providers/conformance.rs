//! Every scenario over every gateway, through the registry.
//!
//! A gateway added to the registry must be given its replies here (`vendor`), or this does not
//! compile. What a vendor can't have is declared with its reason, not skipped; the test prints the
//! matrix.

use std::collections::BTreeMap;

use cartwright::domain::payment::{
    BuyerAction, CallFailure, CallResult, Gateway, PaymentReport, ReportedState,
};
use cartwright::providers::payment::contract::{
    Call, CaptureAsk, HttpReply, MAX_REPLY_BYTES, PaymentGateway, Recovery, VoidAsk,
};
use serde_json::{Value, json};

use crate::support::*;

/// What a gateway may answer to a start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Scenario {
    Success,
    HeldMoney,
    Decline,
    ActionRequired,
    Pending,
    Cancelled,
    WrongAmount,
    WrongCurrency,
    UnknownCurrency,
    AnotherPayment,
    MissingField,
    NumberAsString,
    FractionalNumber,
    NegativeNumber,
    EnormousNumber,
    UnknownState,
    SuccessWithErrorBody,
    MalformedReference,
    Refusal,
}

const SCENARIOS: [Scenario; 19] = [
    Scenario::Success,
    Scenario::HeldMoney,
    Scenario::Decline,
    Scenario::ActionRequired,
    Scenario::Pending,
    Scenario::Cancelled,
    Scenario::WrongAmount,
    Scenario::WrongCurrency,
    Scenario::UnknownCurrency,
    Scenario::AnotherPayment,
    Scenario::MissingField,
    Scenario::NumberAsString,
    Scenario::FractionalNumber,
    Scenario::NegativeNumber,
    Scenario::EnormousNumber,
    Scenario::UnknownState,
    Scenario::SuccessWithErrorBody,
    Scenario::MalformedReference,
    Scenario::Refusal,
];

/// A vendor's answers.
struct Vendor {
    reference: &'static str,
    /// A payment in the vendor's own word for a state of ours; `Err`: why it has none.
    payment: fn(ReportedState) -> Result<Value, &'static str>,
    /// How a decline is answered.
    decline: fn() -> (u16, Value),
    refusal: fn() -> (u16, Value),
    /// The JSON pointer of each field.
    id: &'static str,
    amount: &'static str,
    currency: (&'static str, &'static str),
    state: &'static str,
    operation: &'static str,
    search: fn(Vec<Value>) -> Value,
    /// An event about a payment in that state.
    event: fn(ReportedState) -> Result<Value, &'static str>,
}

fn vendor(gateway: Gateway) -> Vendor {
    match gateway {
        Gateway::Stripe => Vendor {
            reference: REFERENCE,
            payment: stripe_payment,
            decline: || (402, stripe_decline()),
            refusal: || {
                (
                    400,
                    json!({"error": {"type": "invalid_request_error",
                    "code": "amount_too_small", "message": "Amount must be at least $0.50 usd"}}),
                )
            },
            id: "/id",
            amount: "/amount",
            currency: ("/currency", "eur"),
            state: "/status",
            operation: "/metadata/operation_id",
            search: |items| json!({"object": "search_result", "has_more": false, "data": items}),
            event: |state| {
                let kind = match state {
                    ReportedState::ActionRequired => "payment_intent.requires_action",
                    ReportedState::Declined | ReportedState::Failed => {
                        "payment_intent.payment_failed"
                    }
                    ReportedState::Processing => "payment_intent.processing",
                    ReportedState::Authorized => "payment_intent.amount_capturable_updated",
                    ReportedState::Cancelled => "payment_intent.canceled",
                    ReportedState::Approved | ReportedState::Captured => "payment_intent.succeeded",
                };
                stripe_payment(state).map(|payment| stripe_event(kind, payment))
            },
        },
        Gateway::Sandbox => Vendor {
            reference: "sbx_0011223344556677",
            payment: sandbox_payment_in,
            decline: || {
                let mut payment = sandbox_payment("failed");
                payment["decline"] = json!({"code": "card_declined", "message": "Declined."});
                (200, payment)
            },
            refusal: || {
                (400, json!({"error": {"code": "unknown_method", "message": "No such method."}}))
            },
            id: "/id",
            amount: "/amount",
            currency: ("/currency", "EUR"),
            state: "/status",
            operation: "/operation_id",
            search: |items| json!({"items": items}),
            event: |state| sandbox_payment_in(state).map(sandbox_event),
        },
        other => unimplemented!("{other:?}"),
    }
}

fn stripe_payment(state: ReportedState) -> Result<Value, &'static str> {
    Ok(match state {
        ReportedState::ActionRequired => stripe_intent("requires_action"),
        ReportedState::Declined => stripe_decline()["error"]["payment_intent"].clone(),
        ReportedState::Processing => stripe_intent("processing"),
        ReportedState::Authorized => stripe_intent("requires_capture"),
        ReportedState::Cancelled => stripe_intent("canceled"),
        ReportedState::Captured => stripe_intent("succeeded"),
        ReportedState::Approved => return Err("a confirmed PaymentIntent needs no completing"),
        ReportedState::Failed => {
            return Err(
                "a PaymentIntent never fails for good: it can be attempted until cancelled",
            );
        }
    })
}

fn sandbox_payment_in(state: ReportedState) -> Result<Value, &'static str> {
    Ok(match state {
        ReportedState::ActionRequired => {
            let mut payment = sandbox_payment("action_required");
            payment["redirect_url"] = json!("http://127.0.0.1:8788/pay/sbx_1?token=1");
            payment
        }
        ReportedState::Processing => sandbox_payment("processing"),
        ReportedState::Authorized => sandbox_payment("authorized"),
        ReportedState::Failed => sandbox_payment("failed"),
        ReportedState::Cancelled => sandbox_payment("cancelled"),
        ReportedState::Captured => sandbox_payment("captured"),
        ReportedState::Approved => return Err("a sandbox payment needs no completing"),
        ReportedState::Declined => return Err("a declined sandbox payment is failed for good"),
    })
}

impl Vendor {
    fn with(&self, pointer: &str, value: Value) -> Value {
        let mut payment = (self.payment)(ReportedState::Captured).unwrap();
        *payment.pointer_mut(pointer).unwrap() = value;
        payment
    }

    fn answer(&self, scenario: Scenario) -> (u16, Value) {
        let in_state = |state| (200, (self.payment)(state).unwrap());
        match scenario {
            Scenario::Success => in_state(ReportedState::Captured),
            Scenario::HeldMoney => in_state(ReportedState::Authorized),
            Scenario::Decline => (self.decline)(),
            Scenario::ActionRequired => in_state(ReportedState::ActionRequired),
            Scenario::Pending => in_state(ReportedState::Processing),
            Scenario::Cancelled => in_state(ReportedState::Cancelled),
            Scenario::WrongAmount => (200, self.with(self.amount, json!(2_000))),
            Scenario::WrongCurrency => (200, self.with(self.currency.0, json!(self.currency.1))),
            Scenario::UnknownCurrency => (200, self.with(self.currency.0, json!("zzz"))),
            Scenario::AnotherPayment => {
                (200, self.with(self.operation, json!(operation(99).to_string())))
            }
            Scenario::MissingField => {
                let mut payment = (self.payment)(ReportedState::Captured).unwrap();
                payment.as_object_mut().unwrap().remove(self.amount.trim_start_matches('/'));
                (200, payment)
            }
            Scenario::NumberAsString => (200, self.with(self.amount, json!("1999"))),
            Scenario::FractionalNumber => (200, self.with(self.amount, json!(1_999.5))),
            Scenario::NegativeNumber => (200, self.with(self.amount, json!(-1_999))),
            Scenario::EnormousNumber => {
                (200, self.with(self.amount, json!(1_000_000_000_000_001_i64)))
            }
            Scenario::UnknownState => (200, self.with(self.state, json!("blessed"))),
            Scenario::SuccessWithErrorBody => (200, (self.refusal)().1),
            Scenario::MalformedReference => (200, self.with(self.id, json!("../../refunds"))),
            Scenario::Refusal => (self.refusal)(),
        }
    }
}

/// What every gateway must make of a scenario.
fn expected(scenario: Scenario, result: &CallResult) -> bool {
    let reported = |state: ReportedState, captured: i64| {
        result.as_ref().is_ok_and(|report| {
            (report.state, report.captured_minor) == (state, captured)
                && report.amount == money(1_999, "USD")
        })
    };
    let unknown = matches!(result, Err(CallFailure::Unknown { .. }));
    match scenario {
        Scenario::Success => reported(ReportedState::Captured, 1_999),
        Scenario::HeldMoney => reported(ReportedState::Authorized, 0),
        Scenario::Decline => {
            let declined =
                reported(ReportedState::Declined, 0) || reported(ReportedState::Failed, 0);
            declined && result.as_ref().is_ok_and(|report| report.decline.is_some())
        }
        Scenario::ActionRequired => {
            let to_do = |report: &PaymentReport| {
                matches!(
                    report.action,
                    Some(BuyerAction::Redirect { .. } | BuyerAction::ClientSecret { .. })
                )
            };
            reported(ReportedState::ActionRequired, 0) && result.as_ref().is_ok_and(to_do)
        }
        Scenario::Pending => reported(ReportedState::Processing, 0),
        Scenario::Cancelled => reported(ReportedState::Cancelled, 0),
        // Told truly: the ledger compares, and alarms.
        Scenario::WrongAmount => {
            result.as_ref().is_ok_and(|report| report.amount == money(2_000, "USD"))
        }
        Scenario::WrongCurrency => {
            result.as_ref().is_ok_and(|report| report.amount == money(1_999, "EUR"))
        }
        Scenario::Refusal => matches!(result, Err(CallFailure::Refused { .. })),
        Scenario::UnknownCurrency
        | Scenario::AnotherPayment
        | Scenario::MissingField
        | Scenario::NumberAsString
        | Scenario::FractionalNumber
        | Scenario::NegativeNumber
        | Scenario::EnormousNumber
        | Scenario::UnknownState
        | Scenario::SuccessWithErrorBody
        | Scenario::MalformedReference => unknown,
    }
}

#[test]
fn every_scenario_over_every_gateway() {
    let mut matrix = BTreeMap::new();
    for which in GATEWAYS {
        let vendor = vendor(which);
        with_gateway(which, |gateway| {
            for scenario in SCENARIOS {
                let (status, body) = vendor.answer(scenario);
                let call = gateway.authorize(&ask()).unwrap();
                let result = call.read(&json_reply(status, &body), NOW);
                assert!(expected(scenario, &result), "{which:?} {scenario:?}: {result:?}");
                let word = match result {
                    Ok(report) => format!("{:?}", report.state),
                    Err(CallFailure::Refused { .. }) => "refused".to_owned(),
                    Err(_) => "unknown".to_owned(),
                };
                matrix.entry(scenario).or_insert_with(Vec::new).push(word);
            }
        });
    }
    println!("{:<22} {}", "", GATEWAYS.map(|g| format!("{:<16}", g.name())).concat());
    for (scenario, words) in matrix {
        let cells: String = words.iter().map(|word| format!("{word:<16}")).collect();
        println!("{:<22} {cells}", format!("{scenario:?}"));
    }
}

/// Every call a gateway can make, with a name for the message.
fn calls(gateway: &dyn PaymentGateway, reference: &str) -> Vec<(&'static str, AnyCall)> {
    let reference = reference.to_owned();
    let cancel = VoidAsk { operation_id: operation(2), payment: known(&reference) };
    let mut calls = vec![
        ("authorize", AnyCall::One(gateway.authorize(&ask()).unwrap())),
        ("recover early", recovery(gateway.recover(&ask(), 60_000).unwrap())),
        ("recover late", recovery(gateway.recover(&ask(), 90_000_000).unwrap())),
        ("find", AnyCall::Search(gateway.find(&ask()).unwrap())),
        ("retrieve", AnyCall::One(gateway.retrieve(&known(&reference)).unwrap())),
        ("cancel", AnyCall::One(gateway.voiding().unwrap().void(&cancel).unwrap())),
    ];
    if let Some(capturing) = gateway.capturing() {
        let ask = CaptureAsk {
            operation_id: operation(3),
            payment: known(&reference),
            amount: money(1_999, "USD"),
            is_final: true,
        };
        calls.push(("capture", AnyCall::One(capturing.capture(&ask).unwrap())));
    }
    calls
}

enum AnyCall {
    One(Call),
    Search(Call<Option<PaymentReport>>),
}

fn recovery(recovery: Recovery) -> AnyCall {
    match recovery {
        Recovery::Repeat(call) => AnyCall::One(call),
        Recovery::Search(call) => AnyCall::Search(call),
    }
}

impl AnyCall {
    fn read(self, reply: &HttpReply) -> Result<Option<PaymentReport>, CallFailure> {
        match self {
            Self::One(call) => call.read(reply, NOW).map(Some),
            Self::Search(call) => call.read(reply, NOW),
        }
    }
}

#[test]
fn a_reply_that_says_nothing_certain_is_unknown_whatever_was_asked() {
    let html = "<!doctype html><title>502 Bad Gateway</title><center>nginx</center>";
    for which in GATEWAYS {
        let vendor = vendor(which);
        let good = (vendor.payment)(ReportedState::Captured).unwrap().to_string();
        let with_mark = format!("\u{feff}{good}");
        let deep = "{\"a\":".repeat(50_000);
        // One byte too many, though it would read.
        let padded = format!("{good}{}", " ".repeat(MAX_REPLY_BYTES + 1 - good.len()));
        let ten_megabytes = "x".repeat(10 * 1024 * 1024);
        let replies: Vec<(&str, u16, &[u8])> = vec![
            ("a page of HTML with 200", 200, html.as_bytes()),
            ("a page of HTML with 400", 400, html.as_bytes()),
            ("a page of HTML with 403", 403, html.as_bytes()),
            ("500", 500, good.as_bytes()),
            ("502", 502, html.as_bytes()),
            ("503", 503, b""),
            ("504", 504, b""),
            ("429", 429, br#"{"error":{"type":"invalid_request_error","code":"rate_limit","message":"slow down"}}"#),
            ("408", 408, b""),
            ("409", 409, br#"{"error":{"type":"idempotency_error","code":"lock","message":"in progress"}}"#),
            ("a redirect", 302, good.as_bytes()),
            ("100", 100, good.as_bytes()),
            ("status 0", 0, b""),
            ("status 999", 999, good.as_bytes()),
            ("an empty body", 200, b""),
            ("null", 200, b"null"),
            ("a list", 200, b"[]"),
            ("an empty object", 200, b"{}"),
            ("truncated", 200, &good.as_bytes()[..good.len() - 1]),
            ("trailing text", 200, b"{} {}"),
            ("a byte-order mark", 200, with_mark.as_bytes()),
            ("invalid UTF-8", 200, b"{\"id\":\"\xff\"}"),
            ("deeply nested", 200, deep.as_bytes()),
            ("a byte over the limit", 200, padded.as_bytes()),
            ("10 MB", 200, ten_megabytes.as_bytes()),
        ];
        with_gateway(which, |gateway| {
            for (case, status, body) in &replies {
                for (name, call) in calls(gateway, vendor.reference) {
                    let result = call.read(&reply(*status, *body));
                    let unknown = matches!(result, Err(CallFailure::Unknown { .. }));
                    assert!(unknown, "{which:?} {name} {case}: {result:?}");
                }
            }
        });
    }
}

#[test]
fn a_reply_about_another_payment_is_unknown_whatever_was_asked() {
    for which in GATEWAYS {
        let vendor = vendor(which);
        let mut stranger = vendor.with(vendor.id, json!("pay_another"));
        *stranger.pointer_mut(vendor.operation).unwrap() = json!(operation(99).to_string());
        with_gateway(which, |gateway| {
            for (name, call) in calls(gateway, vendor.reference) {
                let result = match call {
                    AnyCall::One(call) => call.read(&json_reply(200, &stranger), NOW).map(Some),
                    AnyCall::Search(call) => {
                        let found = (vendor.search)(vec![stranger.clone()]);
                        let result = call.read(&json_reply(200, &found), NOW);
                        assert_eq!(result, Ok(None), "{which:?} {name}");
                        continue;
                    }
                };
                assert!(matches!(result, Err(CallFailure::Unknown { .. })), "{which:?} {name}");
            }
        });
    }
}

#[test]
fn time_out_after_success_is_found_again_under_the_same_key() {
    for which in GATEWAYS {
        let vendor = vendor(which);
        let payment = (vendor.payment)(ReportedState::Captured).unwrap();
        with_gateway(which, |gateway| {
            let first = gateway.authorize(&ask()).unwrap().request;
            let Recovery::Repeat(repeat) = gateway.recover(&ask(), 60_000).unwrap() else {
                panic!("{which:?}: expected a repeat")
            };
            assert_eq!(repeat.request, first, "{which:?}");
            let again = repeat.read(&json_reply(200, &payment), NOW).unwrap();
            let Recovery::Search(search) = gateway.recover(&ask(), 90_000_000).unwrap() else {
                panic!("{which:?}: expected a search")
            };
            let body = (vendor.search)(vec![payment]);
            let found = search.read(&json_reply(200, &body), NOW).unwrap().unwrap();
            assert_eq!(found, again, "{which:?}");
            let none = gateway.find(&ask()).unwrap();
            let body = (vendor.search)(vec![]);
            assert_eq!(none.read(&json_reply(200, &body), NOW), Ok(None), "{which:?}");
        });
    }
}

#[test]
fn a_duplicate_reply_says_the_same() {
    for which in GATEWAYS {
        let vendor = vendor(which);
        let body = json_reply(200, &(vendor.payment)(ReportedState::Captured).unwrap());
        with_gateway(which, |gateway| {
            let reports: Vec<_> = (0..3)
                .map(|_| gateway.authorize(&ask()).unwrap().read(&body, NOW).unwrap())
                .collect();
            assert!(reports.windows(2).all(|pair| pair[0] == pair[1]), "{which:?}");
        });
    }
}

#[test]
fn every_state_comes_by_webhook_with_its_order_and_operation() {
    const STATES: [ReportedState; 7] = [
        ReportedState::ActionRequired,
        ReportedState::Declined,
        ReportedState::Processing,
        ReportedState::Authorized,
        ReportedState::Failed,
        ReportedState::Cancelled,
        ReportedState::Captured,
    ];
    for which in GATEWAYS {
        let vendor = vendor(which);
        with_gateway(which, |gateway| {
            for state in STATES {
                let event = match (vendor.event)(state) {
                    Ok(event) => event.to_string(),
                    Err(reason) => {
                        println!("{} can't have {state:?} by webhook: {reason}", which.name());
                        continue;
                    }
                };
                let header = signed(NEW_SECRET, NOW_SECONDS, event.as_bytes());
                let lookup = |name: &str| (name == signature_header(which)).then(|| header.clone());
                let verified = gateway.verify(&lookup, event.as_bytes(), None, NOW).unwrap();
                assert_eq!(verified.order_id, Some(order_id()), "{which:?}");
                assert_eq!(verified.operation_id, Some(operation(1)), "{which:?}");
                let report = report_of(&verified).unwrap();
                assert_eq!(report.state, state, "{which:?}");
                assert_eq!(report.reference, vendor.reference);
                assert_eq!(report.amount, money(1_999, "USD"));
            }
        });
    }
}

#[test]
fn every_post_carries_its_own_operation_as_key_and_no_get_carries_one() {
    for which in GATEWAYS {
        with_gateway(which, |gateway| {
            for (name, call) in calls(gateway, "pay_1") {
                let request = match call {
                    AnyCall::One(call) => call.request,
                    AnyCall::Search(call) => call.request,
                };
                let key = request
                    .headers
                    .iter()
                    .find(|(header, _)| header == "idempotency-key")
                    .map(|(_, value)| value.clone());
                let expected = match name {
                    "authorize" | "recover early" => Some(operation(1)),
                    "cancel" => Some(operation(2)),
                    "capture" => Some(operation(3)),
                    _ => None,
                };
                assert_eq!(key, expected.map(|id| id.to_string()), "{which:?} {name}");
                assert_eq!(request.method.name() == "POST", expected.is_some(), "{which:?} {name}");
                let one_line = |text: &str| !text.contains(['\r', '\n', '\0']);
                assert!(request.headers.iter().all(|(n, v)| one_line(n) && one_line(v)));
            }
        });
    }
}

/// Bytes of any kind never make a reader panic, and never make money.
#[test]
fn mangled_replies_never_panic_and_never_invent_a_capture() {
    use proptest::prelude::*;
    use proptest::test_runner::{Config, TestRunner};

    let bodies: Vec<(Gateway, Vec<u8>)> = GATEWAYS
        .into_iter()
        .map(|which| {
            let payment = (vendor(which).payment)(ReportedState::Processing).unwrap();
            (which, payment.to_string().into_bytes())
        })
        .collect();
    let config = Config { cases: 2_000, failure_persistence: None, ..Config::default() };
    let changes = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8);
    TestRunner::new(config)
        .run(&(0..bodies.len(), changes, 100u16..600), |(at, changes, status)| {
            let (which, body) = &bodies[at];
            let mut body = body.clone();
            for (index, byte) in changes {
                let index = index.index(body.len());
                body[index] = byte;
            }
            let result = with_gateway(*which, |gateway| {
                gateway.authorize(&ask()).unwrap().read(&reply(status, body), NOW)
            });
            prop_assert!(!result.is_ok_and(|report| report.state == ReportedState::Captured));
            Ok(())
        })
        .unwrap();
}
