//! A typed question to a Durable Object: JSON over its `fetch`, tried again where the platform says
//! that a new try may work.
//!
//! The platform's own stub and response are used, not those of the `worker` crate, which cross to
//! JavaScript once for every part of a request and a response that nobody looks at.

use js_sys::{JsString, Object, Promise, Reflect};
use serde::Serialize;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use worker::{Env, Error, Response, Result};

use super::constant_text::in_javascript;
use crate::objects::commands::Spoken;

#[wasm_bindgen]
extern "C" {
    /// A binding of objects.
    #[wasm_bindgen(extends = js_sys::Object)]
    type Namespace;

    #[wasm_bindgen(method, catch, js_name = getByName)]
    fn get_by_name(this: &Namespace, name: &str) -> std::result::Result<Stub, JsValue>;

    /// One object from afar.
    #[wasm_bindgen(extends = js_sys::Object)]
    type Stub;

    #[wasm_bindgen(method, catch)]
    fn fetch(this: &Stub, url: &JsString, init: &Object) -> std::result::Result<Promise, JsValue>;

    /// What it answers.
    #[wasm_bindgen(extends = js_sys::Object)]
    type Answer;

    #[wasm_bindgen(method, getter)]
    fn status(this: &Answer) -> u16;

    #[wasm_bindgen(method, catch)]
    fn text(this: &Answer) -> std::result::Result<Promise, JsValue>;
}

/// Tries in all. Every command is idempotent, so another try is always safe.
const TRIES: u32 = 3;

/// Asks the object of this name. A broken stub is not used again: each try takes a new one.
///
/// # Errors
/// When every try failed, or the platform said that the object is overloaded.
pub async fn ask<C: Serialize, A: Spoken>(
    env: &Env,
    binding: &'static str,
    name: &str,
    command: &C,
) -> Result<A> {
    let body = serde_json::to_string(command)?;
    try_again(env, binding, name, Some(&body)).await
}

/// Where an object tells, without a command to write, send and read, the one thing that most want to know.
pub const LOOK: &str = "/look";

/// Asks the object what it tells at [`LOOK`].
///
/// # Errors
/// As of [`ask`].
pub async fn look<A: Spoken>(env: &Env, binding: &'static str, name: &str) -> Result<A> {
    try_again(env, binding, name, None).await
}

async fn try_again<A: Spoken>(
    env: &Env,
    binding: &'static str,
    name: &str,
    body: Option<&str>,
) -> Result<A> {
    let mut last = Error::RustError("not asked".to_owned());
    for _ in 0..TRIES {
        match ask_once(env, binding, name, body).await {
            Ok(text) => return Ok(A::read(&text)?),
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

async fn ask_once(
    env: &Env,
    binding: &'static str,
    name: &str,
    body: Option<&str>,
) -> Result<String> {
    let namespace = Reflect::get(env.as_ref(), &in_javascript(binding)).map_err(Error::from)?;
    if !namespace.is_object() {
        return Err(Error::RustError(["no binding ", binding].concat()));
    }
    let stub = namespace.unchecked_into::<Namespace>().get_by_name(name).map_err(Error::from)?;
    let init = Object::new();
    let set = |name: &'static str, value: &JsValue| {
        Reflect::set(&init, &in_javascript(name), value).map_err(Error::from)
    };
    set("method", &in_javascript("POST"))?;
    let url = match body {
        None => in_javascript("https://object/look"),
        Some(body) => {
            set("body", &JsValue::from_str(body))?;
            in_javascript("https://object/")
        }
    };
    let promise = stub.fetch(&url, &init);
    let answer = JsFuture::from(promise.map_err(Error::from)?).await.map_err(Error::from)?;
    let answer: Answer = answer.unchecked_into();
    let text = JsFuture::from(answer.text().map_err(Error::from)?).await.map_err(Error::from)?;
    let text = text.as_string().unwrap_or_default();
    if answer.status() != 200 {
        return Err(Error::RustError(format!("status {}: {text}", answer.status())));
    }
    Ok(text)
}

/// The answer to a typed question, on the object's side.
///
/// # Errors
/// When the answer can't be written as JSON.
pub fn answer<A: Serialize>(answer: &A) -> Result<Response> {
    Ok(Response::builder().fixed(serde_json::to_string(answer)?.into_bytes()))
}
