//! The door for HTTP: a request of the platform in, an answer of the platform out.
//!
//! Headers and body stay in JavaScript until someone asks for them: most requests are answered from
//! three headers, and a header that is not valid Rust text can't fail a request that never reads it.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use futures_util::{Stream, StreamExt, TryStreamExt};
use worker::{Env, Error, Headers, Request, Response, Result};

use super::log::{self, Level};
use super::platform::{self, Platform};

/// What arrives.
pub trait Incoming {
    /// The method, in capitals.
    fn method(&self) -> &str;
    /// The path, percent-encoded as it was sent.
    fn path(&self) -> &str;
    /// What follows the `?`, percent-encoded as it was sent.
    fn query(&self) -> &str;
    /// A header by its name in lower case.
    fn header(&self, name: &str) -> Option<String>;
    /// The body, if it is no longer than `limit` bytes. It is counted while it is read and not read
    /// any further than that. A second call finds nothing.
    fn body(&mut self, limit: usize) -> Pin<Box<dyn Future<Output = BodyResult> + '_>>;
}

/// A body, or why there is none.
pub type BodyResult = std::result::Result<Vec<u8>, BodyFailure>;

/// Why a body could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyFailure {
    /// It is longer than the limit.
    TooLarge,
    /// The connection failed.
    Broken,
}

/// What leaves.
#[derive(Debug)]
pub struct Outgoing {
    /// The HTTP status.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: OutgoingBody,
}

/// The body of what leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OutgoingBody {
    /// None.
    Empty,
    /// Text.
    Text(String),
    /// Text that is remembered and answered many times.
    Shared(Rc<str>),
    /// Text of this program.
    Static(&'static str),
    /// Bytes that are made while they are sent.
    Stream(Chunks),
    /// The static file at the request's path; status and media type come with it.
    Asset,
}

/// Bytes that are made while they are sent. They are sent once: whoever takes them has them.
#[derive(Clone)]
pub struct Chunks(Rc<RefCell<Option<ChunkStream>>>);

type ChunkStream = Pin<Box<dyn Stream<Item = std::result::Result<Vec<u8>, String>>>>;

impl Chunks {
    /// Sends what a stream gives. An error ends the connection.
    pub fn new(stream: impl Stream<Item = std::result::Result<Vec<u8>, String>> + 'static) -> Self {
        Self(Rc::new(RefCell::new(Some(Box::pin(stream)))))
    }

    fn take(&self) -> Option<ChunkStream> {
        self.0.borrow_mut().take()
    }
}

impl std::fmt::Debug for Chunks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Chunks")
    }
}

impl PartialEq for Chunks {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Chunks {}

/// Answers one request. `answer` gets no platform if the deployment's variables can't be used.
///
/// # Errors
/// When the platform refuses to build the answer.
pub async fn serve<F, A>(request: Request, env: Env, answer: F) -> Result<Response>
where
    F: FnOnce(Option<Platform>, Box<dyn Incoming>) -> A,
    A: Future<Output = Outgoing>,
{
    let platform = match platform::shared(env.clone()) {
        Ok(platform) => Some(platform),
        Err(problem) => {
            let fields = serde_json::json!({ "problem": problem.to_string() });
            log::event(Level::Error, "settings.unusable", fields);
            None
        }
    };
    let url = request.inner().url();
    let outgoing = answer(platform, Box::new(Live::new(request))).await;
    let headers = Headers::new();
    for (name, value) in &outgoing.headers {
        headers.set(name, value)?;
    }
    let builder = Response::builder().with_status(outgoing.status).with_headers(headers);
    Ok(match outgoing.body {
        OutgoingBody::Empty => builder.empty(),
        OutgoingBody::Text(text) => builder.fixed(text.into_bytes()),
        OutgoingBody::Shared(text) => builder.fixed(text.as_bytes().to_vec()),
        OutgoingBody::Static(text) => builder.fixed(text.as_bytes().to_vec()),
        OutgoingBody::Stream(chunks) => match chunks.take() {
            Some(stream) => builder.from_stream(stream.map_err(Error::RustError))?,
            None => builder.empty(),
        },
        OutgoingBody::Asset => asset(&env, &url, &outgoing.headers).await?,
    })
}

/// A static file, with its own status and headers and ours besides.
async fn asset(env: &Env, url: &str, ours: &[(&'static str, String)]) -> Result<Response> {
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
    Ok(answer.with_headers(headers).body(body))
}

/// A request of the platform.
struct Live {
    method: String,
    url: String,
    path: std::ops::Range<usize>,
    query: std::ops::Range<usize>,
    request: Request,
}

impl Live {
    fn new(request: Request) -> Self {
        let url = request.inner().url();
        let (path, query) = split(&url);
        Self { method: request.inner().method(), url, path, query, request }
    }
}

/// Where path and query are in an absolute URL. The platform gives no fragment.
fn split(url: &str) -> (std::ops::Range<usize>, std::ops::Range<usize>) {
    let after_scheme = url.find("://").map_or(0, |at| at.saturating_add(3));
    let rest = url.get(after_scheme..).unwrap_or("");
    let start = rest.find('/').map_or(url.len(), |at| after_scheme.saturating_add(at));
    let end = url.find('?').unwrap_or(url.len()).max(start);
    (start..end, end.saturating_add(1).min(url.len())..url.len())
}

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
        self.request.headers().get(name).ok().flatten()
    }

    fn body(&mut self, limit: usize) -> Pin<Box<dyn Future<Output = BodyResult> + '_>> {
        let announced = self.header("content-length").and_then(|text| text.parse::<usize>().ok());
        Box::pin(read(&mut self.request, announced, limit))
    }
}

async fn read(request: &mut Request, announced: Option<usize>, limit: usize) -> BodyResult {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_split_without_being_decoded() {
        let parts = |url: &str| {
            let (path, query) = split(url);
            (url.get(path).unwrap().to_owned(), url.get(query).unwrap().to_owned())
        };
        let of = |path: &str, query: &str| (path.to_owned(), query.to_owned());
        assert_eq!(parts("https://shop.example/v1/a%2Fb?x=1&y=?"), of("/v1/a%2Fb", "x=1&y=?"));
        assert_eq!(parts("http://localhost:8787/"), of("/", ""));
        assert_eq!(parts("https://shop.example"), of("", ""));
        assert_eq!(parts("https://shop.example/?"), of("/", ""));
    }
}
