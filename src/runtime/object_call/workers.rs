//! One question, over the platform's own stub and response: those of the `worker` crate cross to JavaScript
//! once for every part of a request and a response that nobody looks at.

use js_sys::{JsString, Object, Promise, Reflect};
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use worker::{Env, Error, Result};

use crate::runtime::constant_text::in_javascript;

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

/// Asks once. Without a body the object is asked at [`super::LOOK`].
pub async fn ask_once(
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
