//! A typed question to a Durable Object: JSON over its `fetch`, tried again where the platform says
//! that a new try may work.

use serde::Serialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::JsValue;
use worker::{Env, Error, Method, Request, RequestInit, Response, Result};

/// Tries in all. Every command is idempotent, so another try is always safe.
const TRIES: u32 = 3;

/// Asks the object of this name. A broken stub is not used again: each try takes a new one.
///
/// # Errors
/// When every try failed, or the platform said that the object is overloaded.
pub async fn ask<C: Serialize, A: DeserializeOwned>(
    env: &Env,
    binding: &str,
    name: &str,
    command: &C,
) -> Result<A> {
    let body = serde_json::to_string(command)?;
    let mut last = Error::RustError("not asked".to_owned());
    for _ in 0..TRIES {
        match ask_once(env, binding, name, &body).await {
            Ok(text) => return Ok(serde_json::from_str(&text)?),
            Err(error) => {
                let cause = error.to_string();
                last = error;
                if cause.contains("overloaded") || cause.contains("Too many requests") {
                    break;
                }
            }
        }
    }
    Err(last)
}

async fn ask_once(env: &Env, binding: &str, name: &str, body: &str) -> Result<String> {
    let stub = env.durable_object(binding)?.get_by_name(name)?;
    let mut init = RequestInit::new();
    init.with_method(Method::Post).with_body(Some(JsValue::from_str(body)));
    let request = Request::new_with_init("https://object/", &init)?;
    let response = stub.fetch_with_request(request).await?;
    let text = super::body::text(&response).await?;
    if response.status_code() != 200 {
        return Err(Error::RustError(format!("status {}: {text}", response.status_code())));
    }
    Ok(text)
}

/// The answer to a typed question, on the object's side.
///
/// # Errors
/// When the answer can't be written as JSON.
pub fn answer<A: Serialize>(answer: &A) -> Result<Response> {
    Response::ok(serde_json::to_string(answer)?)
}
