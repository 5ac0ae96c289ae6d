//! The door for HTTP: what arrives, and what leaves.

use std::borrow::Cow;
use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use futures_util::Stream;

#[cfg(target_arch = "wasm32")]
mod workers;

#[cfg(target_arch = "wasm32")]
pub use workers::serve;

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
    pub headers: HeaderList,
    /// The body.
    pub body: OutgoingBody,
}

/// Headers by their names in lower case. Most values are texts of this program.
pub type HeaderList = Vec<(&'static str, Cow<'static, str>)>;

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

/// Bytes in parts, or what went wrong.
pub type ChunkStream = Pin<Box<dyn Stream<Item = std::result::Result<Vec<u8>, String>>>>;

impl Chunks {
    /// Sends what a stream gives. An error ends the connection.
    pub fn new(stream: impl Stream<Item = std::result::Result<Vec<u8>, String>> + 'static) -> Self {
        Self(Rc::new(RefCell::new(Some(Box::pin(stream)))))
    }

    /// What is to be sent, once.
    #[must_use]
    pub fn take(&self) -> Option<ChunkStream> {
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

/// Where path and query are in an absolute URL. The platform gives no fragment.
#[cfg(any(test, target_arch = "wasm32"))]
fn split(url: &str) -> (std::ops::Range<usize>, std::ops::Range<usize>) {
    let after_scheme = url.find("://").map_or(0, |at| at.saturating_add(3));
    let rest = url.get(after_scheme..).unwrap_or("");
    let start = rest.find('/').map_or(url.len(), |at| after_scheme.saturating_add(at));
    let end = url.find('?').unwrap_or(url.len()).max(start);
    (start..end, end.saturating_add(1).min(url.len())..url.len())
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
