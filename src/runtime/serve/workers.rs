//! A request of the platform in, an answer of the platform out.
//!
//! Headers and body stay in JavaScript until someone asks for them: most requests are answered from
//! three headers, and a header that is not valid Rust text can't fail a request that never reads it.
//! The platform's own request and response are used, not those of the `worker` crate: what crosses to
//! JavaScript is most of what a short answer costs, and those cross for every part of either.

use std::borrow::Cow;
use std::cell::{OnceCell, RefCell};
use std::future::Future;
use std::pin::Pin;

use futures_util::{StreamExt, TryStreamExt};
use js_sys::JsString;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::*;
use worker::web_sys::{Request as PlatformRequest, Response as PlatformResponse, ResponseInit};
use worker::{Context, Env, Error, Headers, Request, Response, Result};

use super::{
    BodyFailure, BodyResult, ChunkStream, HeaderList, Incoming, Outgoing, OutgoingBody, split,
};
use crate::runtime::constant_text::in_javascript;
use crate::runtime::log::{self, Level};
use crate::runtime::platform::{self, Platform};

#[wasm_bindgen]
extern "C" {
    /// Headers, asked by a name that JavaScript already has.
    #[wasm_bindgen(extends = js_sys::Object, js_name = Headers)]
    type PlatformHeaders;

    #[wasm_bindgen(constructor, js_class = "Headers")]
    fn new() -> PlatformHeaders;

    #[wasm_bindgen(method, catch, js_class = "Headers")]
    fn get(this: &PlatformHeaders, name: &JsString)
    -> std::result::Result<Option<String>, JsValue>;

    #[wasm_bindgen(method, catch, js_class = "Headers")]
    fn set(
        this: &PlatformHeaders,
        name: &JsString,
        value: &str,
    ) -> std::result::Result<(), JsValue>;
}

/// Answers one request. `answer` gets no platform if the deployment's variables can't be used.
///
/// # Errors
/// When the platform refuses to build the answer.
pub async fn serve<F, A>(
    request: PlatformRequest,
    env: Env,
    context: Context,
    answer: F,
) -> Result<PlatformResponse>
where
    F: FnOnce(Option<Platform>, Box<dyn Incoming>) -> A,
    A: Future<Output = Outgoing>,
{
    let platform = match platform::shared(env, Some(context)) {
        Ok(platform) => Some(platform),
        Err(problem) => {
            let fields = serde_json::json!({ "problem": problem.to_string() });
            log::event(Level::Error, "settings.unusable", fields);
            None
        }
    };
    let live = Live::new(request);
    let url = live.url.clone();
    let outgoing = answer(platform.clone(), Box::new(live)).await;
    let body = match &outgoing.body {
        OutgoingBody::Empty => None,
        OutgoingBody::Text(text) => Some(text.as_str()),
        OutgoingBody::Shared(text) => Some(&**text),
        OutgoingBody::Static(text) => Some(*text),
        OutgoingBody::Stream(chunks) => {
            return streamed(chunks.take(), outgoing.status, &outgoing.headers);
        }
        OutgoingBody::Asset => {
            let env = platform.as_ref().ok_or_else(|| Error::RustError("no files".to_owned()))?;
            return asset(env.environment(), &url, &outgoing.headers).await;
        }
    };
    let init = init(outgoing.status, &outgoing.headers)?;
    PlatformResponse::new_with_opt_str_and_init(body, &init).map_err(Error::from)
}

/// A header whose value no other answer has.
const OF_THIS_REQUEST: &str = "x-request-id";

/// Inits that an isolate keeps; more than there are answers that come often.
const KEPT_INITS: usize = 64;

/// Status and headers as JavaScript holds them.
struct KeptInit {
    status: u16,
    /// Those that the next answer has as well.
    headers: HeaderList,
    init: ResponseInit,
    /// The same as the platform holds headers, in the init: an answer copies them there, where those of a
    /// plain object would be read and checked one by one for each answer.
    kept: PlatformHeaders,
}

thread_local! {
    /// Most answers have the headers of an answer before, but for the request's name: what JavaScript
    /// needs of them is kept, and the name is put in. The one used last is first.
    static INITS: RefCell<Vec<KeptInit>> = const { RefCell::new(Vec::new()) };
}

fn init(status: u16, headers: &[(&'static str, Cow<'static, str>)]) -> Result<ResponseInit> {
    let own = headers.iter().find(|(name, _)| *name == OF_THIS_REQUEST);
    let rest = || headers.iter().filter(|(name, _)| *name != OF_THIS_REQUEST);
    INITS.with_borrow_mut(|inits| {
        let is_same = |kept: &KeptInit| kept.status == status && kept.headers.iter().eq(rest());
        match inits.iter().position(is_same) {
            Some(at) => inits.swap(0, at),
            None => {
                inits.truncate(KEPT_INITS);
                inits.insert(0, new_init(status, rest().cloned().collect())?);
            }
        }
        let Some(KeptInit { init, kept, .. }) = inits.first() else {
            return Err(Error::RustError("an init was lost".to_owned()));
        };
        if let Some((name, value)) = own {
            kept.set(&in_javascript(name), value).map_err(Error::from)?;
        }
        Ok(init.clone())
    })
}

fn new_init(status: u16, headers: HeaderList) -> Result<KeptInit> {
    let kept = PlatformHeaders::new();
    for (name, value) in &headers {
        kept.set(&in_javascript(name), value).map_err(Error::from)?;
    }
    let init = ResponseInit::new();
    init.set_status(status);
    init.set_headers(&kept);
    Ok(KeptInit { status, headers, init, kept })
}

/// Bytes that are made while they are sent.
fn streamed(
    chunks: Option<ChunkStream>,
    status: u16,
    ours: &[(&'static str, Cow<'static, str>)],
) -> Result<PlatformResponse> {
    let headers = Headers::new();
    for (name, value) in ours {
        headers.set(name, value)?;
    }
    let builder = Response::builder().with_status(status).with_headers(headers);
    Ok(match chunks {
        Some(stream) => builder.from_stream(stream.map_err(Error::RustError))?.into(),
        None => builder.empty().into(),
    })
}

/// A static file, with its own status and headers and ours besides.
async fn asset(
    env: &Env,
    url: &str,
    ours: &[(&'static str, Cow<'static, str>)],
) -> Result<PlatformResponse> {
    let file = env.service("ASSETS")?.fetch(url, None).await?;
    let headers = Headers::new();
    for (name, value) in ours {
        headers.set(name, value)?;
    }
    // What came with the file can't be changed, so it is written over ours.
    for (name, value) in file.headers() {
        headers.set(&name, &value)?;
    }
    let (answer, body) = file.into_parts();
    Ok(answer.with_headers(headers).body(body).into())
}

/// A request of the platform.
struct Live {
    method: String,
    url: String,
    path: std::ops::Range<usize>,
    query: std::ops::Range<usize>,
    headers: OnceCell<PlatformHeaders>,
    request: PlatformRequest,
}

impl Live {
    fn new(request: PlatformRequest) -> Self {
        let url = request.url();
        let (path, query) = split(&url);
        Self { method: request.method(), url, path, query, headers: OnceCell::new(), request }
    }
}

/// Headers that many requests are asked for, as the program names them.
const ASKED_OFTEN: [&str; 4] = ["authorization", "origin", "cf-connecting-ip", "idempotency-key"];

impl Incoming for Live {
    fn method(&self) -> &str {
        &self.method
    }

    fn path(&self) -> &str {
        self.url.get(self.path.clone()).unwrap_or("")
    }

    fn query(&self) -> &str {
        self.url.get(self.query.clone()).unwrap_or("")
    }

    fn header(&self, name: &str) -> Option<String> {
        let headers = self.headers.get_or_init(|| {
            let headers: JsValue = self.request.headers().into();
            headers.unchecked_into()
        });
        let often = ASKED_OFTEN.into_iter().find(|known| *known == name);
        let name = often.map_or_else(|| JsString::from(name), in_javascript);
        headers.get(&name).ok().flatten()
    }

    fn body(&mut self, limit: usize) -> Pin<Box<dyn Future<Output = BodyResult> + '_>> {
        let announced = self.header("content-length").and_then(|text| text.parse::<usize>().ok());
        Box::pin(read(Request::from(Clone::clone(&self.request)), announced, limit))
    }
}

async fn read(mut request: Request, announced: Option<usize>, limit: usize) -> BodyResult {
    if announced.is_some_and(|length| length > limit) {
        return Err(BodyFailure::TooLarge);
    }
    if announced.is_some() {
        // The platform delivers no more than was announced.
        let body = request.bytes().await.map_err(|_| BodyFailure::Broken)?;
        return if body.len() > limit { Err(BodyFailure::TooLarge) } else { Ok(body) };
    }
    let mut body = Vec::new();
    let Ok(mut stream) = request.stream() else {
        return Ok(body);
    };
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|_| BodyFailure::Broken)?;
        if body.len().saturating_add(chunk.len()) > limit {
            return Err(BodyFailure::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
