//! One request as its handler sees it: authorised, limited, with the path's parameters taken out.

use std::str::FromStr;

use serde::de::DeserializeOwned;

use super::access::Caller;
use super::body::{self, MAX_BODY_BYTES};
use super::error::{ApiError, ErrorCode};
use super::idempotency::Submission;
use super::query::Query;
use crate::domain::id::{OrderId, Sku};
use crate::runtime::platform::Platform;
use crate::runtime::serve::Incoming;

/// One request.
pub struct Ask {
    /// The doors of the platform.
    pub platform: Platform,
    /// Who is calling; the route's access is already granted.
    pub caller: Caller,
    /// The path's parameters, by name.
    pub parameters: Vec<(&'static str, String)>,
    /// What arrived.
    pub incoming: Box<dyn Incoming>,
}

impl Ask {
    /// A parameter of the path.
    #[must_use]
    pub fn parameter(&self, name: &str) -> &str {
        self.parameters
            .iter()
            .find(|(known, _)| *known == name)
            .map_or("", |(_, value)| value.as_str())
    }

    /// A parameter of the path, read as what it is.
    ///
    /// # Errors
    /// 404 with this code if it can't be one: nothing is at such an address.
    pub fn named<T: FromStr>(&self, name: &str, missing: ErrorCode) -> Result<T, ApiError> {
        self.parameter(name).parse().map_err(|_| ApiError::new(missing))
    }

    /// The order that the path names.
    ///
    /// # Errors
    /// 404 if it names none.
    pub fn order_id(&self) -> Result<OrderId, ApiError> {
        self.named("id", ErrorCode::OrderNotFound)
    }

    /// The SKU that the path names.
    ///
    /// # Errors
    /// 404 if it names none.
    pub fn sku(&self) -> Result<Sku, ApiError> {
        self.named("sku", ErrorCode::SkuNotFound)
    }

    /// The query string, whose parameters must all be known.
    ///
    /// # Errors
    /// 422 for an unknown parameter.
    pub fn query(&self, known: &[&str]) -> Result<Query<'_>, ApiError> {
        Query::parse(self.incoming.query(), known)
    }

    /// The body as it came: JSON by its header, of ordinary size.
    ///
    /// # Errors
    /// 413, 415.
    pub async fn json_bytes(&mut self) -> Result<Vec<u8>, ApiError> {
        body::read_json(self.incoming.as_mut(), MAX_BODY_BYTES).await
    }

    /// The body as a document.
    ///
    /// # Errors
    /// 400, 413, 415, 422.
    pub async fn json<T: DeserializeOwned>(&mut self) -> Result<T, ApiError> {
        body::parse(&self.json_bytes().await?)
    }

    /// The request's idempotency key, scoped by its sender.
    ///
    /// # Errors
    /// 400 without one.
    pub fn submission(&self, body: &[u8]) -> Result<Submission, ApiError> {
        Submission::read(self.incoming.as_ref(), self.caller.sender(), body)
    }
}

#[cfg(test)]
pub(crate) mod stand_in {
    //! A request that never saw a network.

    use std::future::{Future, ready};
    use std::pin::Pin;

    use crate::runtime::serve::{BodyFailure, BodyResult, Incoming};

    /// What was sent.
    #[derive(Default)]
    pub(crate) struct Sent {
        headers: Vec<(String, String)>,
        body: Vec<u8>,
    }

    impl Sent {
        pub(crate) fn with_header(mut self, name: &str, value: &str) -> Self {
            self.headers.push((name.to_owned(), value.to_owned()));
            self
        }

        pub(crate) fn with_body(mut self, body: &[u8]) -> Self {
            self.body = body.to_vec();
            self
        }
    }

    impl Incoming for Sent {
        fn method(&self) -> &str {
            "POST"
        }

        fn path(&self) -> &str {
            "/"
        }

        fn query(&self) -> &str {
            ""
        }

        fn header(&self, name: &str) -> Option<String> {
            let known = self.headers.iter().find(|(known, _)| known == name);
            known.map(|(_, value)| value.clone())
        }

        fn body(&mut self, limit: usize) -> Pin<Box<dyn Future<Output = BodyResult> + '_>> {
            let body = std::mem::take(&mut self.body);
            let fits = body.len() <= limit;
            Box::pin(ready(if fits { Ok(body) } else { Err(BodyFailure::TooLarge) }))
        }
    }
}
