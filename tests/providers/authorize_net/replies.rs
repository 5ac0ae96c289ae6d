//! Replies and webhooks as Authorize.net writes them, with the byte-order mark.

use cartwright::domain::id::OperationId;
use cartwright::domain::money::Money;
use cartwright::providers::payment::contract::{AuthorizeAsk, HttpReply};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha512;

use crate::support::{self, operation, order_id, reply};

pub const PAYMENT: &str = "2228446239";
pub const REFUND: &str = "2230581367";
pub const NONCE: &str = "eyJjb2RlIjoiNTBfMl8wNjAwMDUzIiwidG9rZW4iOiI5NTk=";

pub const LOGIN_ID: &str = "CANARY_5KP3u95bQpv";
pub const TRANSACTION_KEY: &str = "CANARY_346HZ32z3fP4hTG2";
pub const OLD_KEY: &str = "CANARY_0LD";
pub const NEW_KEY: &str = "CANARY_56E529FE6C63D60E545F84686096E6AA";

/// The same day as `NOW`, an hour before.
pub const SUBMITTED: &str = "2025-12-31T23:00:00.39Z";

pub fn ask() -> AuthorizeAsk {
    AuthorizeAsk { method: Some(NONCE.to_owned()), ..support::ask() }
}

/// What an operation is called there.
pub fn invoice(operation: OperationId) -> String {
    let text = operation.to_string();
    text.chars().skip(text.chars().count().saturating_sub(20)).collect()
}

/// A body as it arrives.
pub fn with_mark(body: &Value) -> HttpReply {
    reply(200, format!("\u{feff}{body}"))
}

pub fn messages(result: &str, code: &str, text: &str) -> Value {
    json!({"resultCode": result, "message": [{"code": code, "text": text}]})
}

pub fn ok() -> Value {
    messages("Ok", "I00001", "Successful.")
}

/// A reply to a transaction that was approved.
pub fn approved(operation: OperationId, transaction: &str) -> Value {
    json!({
        "transactionResponse": {
            "responseCode": "1", "authCode": "QWX20S", "avsResultCode": "Y", "cvvResultCode": "P",
            "cavvResultCode": "2", "transId": transaction, "refTransID": "", "transHash": "",
            "testRequest": "0", "accountNumber": "XXXX1111", "accountType": "Visa",
            "messages": [{"code": "1", "description": "This transaction has been approved."}],
            "transHashSha2": "", "SupplementalDataQualificationIndicator": 0,
        },
        "refId": invoice(operation),
        "messages": ok(),
    })
}

/// A reply to a capture or a void, which name the payment twice.
pub fn changed(operation: OperationId, payment: &str) -> Value {
    let mut body = approved(operation, payment);
    body["transactionResponse"]["refTransID"] = json!(payment);
    body
}

/// A reply to a transaction with another end: 2, 3 or 4.
pub fn ended(operation: OperationId, response: &str, code: &str, transaction: &str) -> Value {
    let mut body = approved(operation, transaction);
    let inner = &mut body["transactionResponse"];
    inner["responseCode"] = json!(response);
    if response == "4" {
        inner["messages"] = json!([{"code": code, "description": "Under review."}]);
        return body;
    }
    inner.as_object_mut().unwrap().remove("messages");
    inner["errors"] = json!([{"errorCode": code, "errorText": "No."}]);
    body["messages"] = messages("Error", "E00027", "The transaction was unsuccessful.");
    body
}

/// A reply to a request that was turned away.
pub fn turned_away(code: &str) -> Value {
    json!({"messages": messages("Error", code, "Turned away.")})
}

/// The details of a payment of `ask()` in a status; amounts as they are written.
pub fn details_of(status: &str, authorized: &str, settles: &str) -> String {
    let body = json!({
        "transaction": {
            "transId": PAYMENT, "submitTimeUTC": SUBMITTED, "submitTimeLocal": "2025-12-31T16:00:00.39",
            "transactionType": "authCaptureTransaction", "transactionStatus": status,
            "responseCode": 1, "responseReasonCode": 1, "responseReasonDescription": "Approval",
            "authCode": "JPG9DJ", "AVSResponse": "Y",
            "order": {
                "invoiceNumber": invoice(operation(1)), "description": order_id().to_string(),
            },
            "authAmount": "AUTHORIZED", "settleAmount": "SETTLES",
            "taxExempt": false,
            "payment": {"creditCard": {
                "cardNumber": "XXXX1111", "expirationDate": "XXXX", "cardType": "Visa",
            }},
            "recurringBilling": false, "product": "Card Not Present", "marketType": "eCommerce",
        },
        "messages": ok(),
    });
    body.to_string().replace("\"AUTHORIZED\"", authorized).replace("\"SETTLES\"", settles)
}

pub fn details(status: &str) -> HttpReply {
    details_with(status, "19.99", "19.99")
}

pub fn details_with(status: &str, authorized: &str, settles: &str) -> HttpReply {
    reply(200, format!("\u{feff}{}", details_of(status, authorized, settles)))
}

/// A line of a list.
pub fn line(transaction: &str, invoice: &str, status: &str, amount: f64) -> Value {
    json!({
        "transId": transaction, "submitTimeUTC": "2025-12-31T23:00:00Z",
        "submitTimeLocal": "2025-12-31T16:00:00", "transactionStatus": status,
        "invoiceNumber": invoice, "firstName": "Ellen", "lastName": "Johnson",
        "accountType": "Visa", "accountNumber": "XXXX1111", "settleAmount": amount,
        "marketType": "eCommerce", "product": "Card Not Present", "hasReturnedItems": false,
    })
}

/// Somebody's transaction from before all operations of the tests, which waits for its batch.
pub fn older() -> Value {
    let mut older = line("2162566217", "60", "capturedPendingSettlement", 1_018.88);
    older["submitTimeUTC"] = json!("2025-01-01T00:00:00Z");
    older
}

pub fn list(lines: Vec<Value>) -> HttpReply {
    let total = lines.len();
    with_mark(&json!({"transactions": lines, "totalNumInResultSet": total, "messages": ok()}))
}

pub fn no_records() -> HttpReply {
    with_mark(&json!({"messages": messages("Ok", "I00004", "No records found.")}))
}

pub fn batches(settled_at: &[(&str, &str)]) -> HttpReply {
    let batches: Vec<Value> = settled_at
        .iter()
        .map(|(id, at)| {
            json!({"batchId": id, "settlementTimeUTC": at, "settlementTimeLocal": at,
                "settlementState": "settledSuccessfully", "paymentMethod": "creditCard"})
        })
        .collect();
    with_mark(&json!({"batchList": batches, "messages": ok()}))
}

pub fn event(kind: &str, transaction: &str) -> Value {
    json!({
        "notificationId": "d0e8e7fe-c3e7-4add-a480-27bc5ce28a18",
        "eventType": format!("net.authorize.payment.{kind}"),
        "eventDate": "2026-01-01T00:00:00.0080095Z",
        "webhookId": "63d6fea2-aa13-4b1d-a204-f5fbc15942b7",
        "payload": {
            "responseCode": 1, "authCode": "LZ6I19", "avsResponse": "Y", "authAmount": 19.99,
            "invoiceNumber": invoice(operation(1)), "entityName": "transaction", "id": transaction,
        },
    })
}

/// The signature header of a body.
pub fn signature(key: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha512>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(body);
    format!("sha512={}", hex::encode_upper(mac.finalize().into_bytes()))
}

/// An ask of another amount.
pub fn ask_of(amount: Money) -> AuthorizeAsk {
    AuthorizeAsk { amount, ..ask() }
}
