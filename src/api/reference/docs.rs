//! `/docs`: the reference for people, as static files. Not part of the API, so not in its table.

use crate::api::reply::Reply;
use crate::runtime::serve::OutgoingBody;

/// The answer, if the path is one for people.
#[must_use]
pub fn find(method: &str, path: &str) -> Option<Reply> {
    if !matches!(method, "GET" | "HEAD") {
        return None;
    }
    match path {
        "/" => Some(Reply::empty(302).with_header("location", "/docs")),
        "/docs" => Some(file()),
        _ if path.starts_with("/docs/") => Some(file()),
        _ => None,
    }
}

fn file() -> Reply {
    Reply { body: OutgoingBody::Asset, ..Reply::empty(200) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_reading_what_is_under_docs() {
        assert!(find("GET", "/docs").is_some());
        assert!(find("HEAD", "/docs/page.css").is_some());
        assert_eq!(find("GET", "/").map(|reply| reply.status), Some(302));
        for (method, path) in [("POST", "/docs"), ("GET", "/docsx"), ("GET", "/v1/products")] {
            assert!(find(method, path).is_none(), "{method} {path}");
        }
    }
}
