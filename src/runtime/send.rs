//! Sends what a provider built, bounded in time and size, and never follows a redirect.

use futures_util::future::{Either, select};
use futures_util::pin_mut;
use wasm_bindgen::JsValue;
use worker::{AbortController, Delay, Fetch, Method, Request, RequestInit, RequestRedirect};

use crate::providers::payment::contract::{HttpReply, HttpRequest, MAX_REPLY_BYTES};

/// A request whose reply was not read to its end: nobody knows what the other side did.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendFailure {
    /// The time limit passed.
    #[error("no answer within {0} ms")]
    Timeout(i64),
    /// The connection failed.
    #[error("connection failed")]
    Connection,
    /// The reply is larger than any real one.
    #[error("the reply exceeds {MAX_REPLY_BYTES} bytes")]
    TooLarge,
}

/// Sends a request and reads the whole reply within `timeout_milliseconds`.
///
/// # Errors
/// [`SendFailure`], always of unknown outcome.
pub async fn send(
    request: HttpRequest,
    timeout_milliseconds: i64,
) -> Result<HttpReply, SendFailure> {
    let abort = AbortController::default();
    let signal = abort.signal();
    let work = exchange(request, &signal);
    let limit = u64::try_from(timeout_milliseconds).unwrap_or(1);
    let timer = Delay::from(std::time::Duration::from_millis(limit));
    pin_mut!(work);
    pin_mut!(timer);
    match select(work, timer).await {
        Either::Left((result, _)) => result,
        Either::Right(((), _)) => {
            abort.abort();
            Err(SendFailure::Timeout(timeout_milliseconds))
        }
    }
}

async fn exchange(
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
            let text = super::body::text(response).await.map_err(|_| SendFailure::Connection)?;
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
