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
    /// The platform's own response, put around a stream because it reads one natively.
    #[wasm_bindgen(extends = js_sys::Object, js_name = Response)]
    type Reader;

    #[wasm_bindgen(constructor, js_class = "Response", catch)]
    fn new(stream: &JsValue) -> std::result::Result<Reader, JsValue>;

    #[wasm_bindgen(method, js_class = "Response", catch)]
    fn text(this: &Reader) -> std::result::Result<Promise, JsValue>;
}

/// The body as text.
///
/// # Errors
/// When the connection fails before its end.
pub async fn text(response: &Response) -> Result<String> {
    let stream: &JsValue = match response.body() {
        ResponseBody::Empty => return Ok(String::new()),
        ResponseBody::Body(bytes) => return Ok(String::from_utf8_lossy(bytes).into_owned()),
        ResponseBody::Stream(stream) => stream.as_ref(),
    };
    let promise = Reader::new(stream).and_then(|reader| reader.text()).map_err(Error::from)?;
    let text = JsFuture::from(promise).await.map_err(Error::from)?;
    text.as_string().ok_or_else(|| Error::RustError("the body is not text".to_owned()))
}
