//! One exchange over the platform's `fetch`.

use wasm_bindgen::JsValue;
use worker::{AbortController, Fetch, Method, Request, RequestInit, RequestRedirect};

use super::SendFailure;
use crate::providers::payment::contract::{HttpReply, HttpRequest, MAX_REPLY_BYTES};

/// Ends an exchange that is dropped before its end, so that nothing goes on that nobody waits for.
struct Unfinished(Option<AbortController>);

impl Drop for Unfinished {
    fn drop(&mut self) {
        if let Some(controller) = self.0.take() {
            controller.abort();
        }
    }
}

/// Sends the request and reads the whole reply. Dropped, it is aborted.
pub async fn exchange(request: HttpRequest) -> Result<HttpReply, SendFailure> {
    let controller = AbortController::default();
    let signal = controller.signal();
    let mut unfinished = Unfinished(Some(controller));
    let reply = transfer(request, &signal).await;
    unfinished.0 = None;
    reply
}

async fn transfer(
    request: HttpRequest,
    signal: &worker::AbortSignal,
) -> Result<HttpReply, SendFailure> {
    let failed = |_: worker::Error| SendFailure::Connection;
    let mut init = RequestInit::new();
    init.with_method(Method::from(request.method.name().to_owned()))
        .with_redirect(RequestRedirect::Manual);
    if !request.body.is_empty() {
        let body = js_sys::Uint8Array::from(request.body.as_slice());
        init.with_body(Some(JsValue::from(body)));
    }
    for (name, value) in &request.headers {
        init.headers.set(name, value).map_err(failed)?;
    }
    let outgoing = Request::new_with_init(&request.url, &init).map_err(failed)?;
    let mut response = Fetch::Request(outgoing).send_with_signal(signal).await.map_err(failed)?;
    let headers = response.headers().entries().collect();
    let status = response.status_code();
    let body = read_bounded(&mut response).await?;
    Ok(HttpReply { status, headers, body })
}

async fn read_bounded(response: &mut worker::Response) -> Result<Vec<u8>, SendFailure> {
    use futures_util::StreamExt;
    let header = |name: &str| response.headers().get(name).ok().flatten();
    let announced = header("content-length").and_then(|length| length.parse::<usize>().ok());
    // The length that is announced of a packed body says nothing of what comes out of it.
    let packed = header("content-encoding").is_some_and(|encoding| encoding != "identity");
    match announced.filter(|length| !packed || *length > MAX_REPLY_BYTES) {
        Some(length) if length > MAX_REPLY_BYTES => return Err(SendFailure::TooLarge),
        // Bytes that are not UTF-8 come out as replacement characters, which no reader accepts.
        Some(_) => {
            let text =
                crate::runtime::body::text(response).await.map_err(|_| SendFailure::Connection)?;
            return Ok(text.into_bytes());
        }
        None => {}
    }
    let mut body = Vec::new();
    let mut stream = match response.stream() {
        Ok(stream) => stream,
        Err(_) => return Ok(body),
    };
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|_| SendFailure::Connection)?;
        body.extend_from_slice(&chunk);
        if body.len() > MAX_REPLY_BYTES {
            return Err(SendFailure::TooLarge);
        }
    }
    Ok(body)
}
