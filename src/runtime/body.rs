//! Reads a whole reply in one promise.
//!
//! `worker::Response` reads every body through a stream, chunk by chunk, which costs several promises
//! and copies for a few hundred bytes; what is known to be short is asked for as a whole.

use js_sys::Promise;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use worker::{Error, Response, ResponseBody, Result};

#[wasm_bindgen]
extern "C" {
    /// A reply of the platform.
    #[wasm_bindgen(extends = js_sys::Object)]
    type Body;

    #[wasm_bindgen(method, catch)]
    fn text(this: &Body) -> std::result::Result<Promise, JsValue>;
}

/// The body as text.
///
/// # Errors
/// When the connection fails before its end.
pub async fn text(response: &Response) -> Result<String> {
    let raw: JsValue = match response.body() {
        ResponseBody::Empty => return Ok(String::new()),
        ResponseBody::Body(bytes) => return Ok(String::from_utf8_lossy(bytes).into_owned()),
        ResponseBody::Stream(raw) => raw.clone().into(),
    };
    let promise = raw.unchecked_into::<Body>().text().map_err(Error::from)?;
    let text = JsFuture::from(promise).await.map_err(Error::from)?;
    text.as_string().ok_or_else(|| Error::RustError("the body is not text".to_owned()))
}
