//! Query strings: known names only, each decoded once, bounded by the platform's limit on URLs.

use std::borrow::Cow;

use super::error::ApiError;

/// The parameters of a query string, in their order.
#[derive(Debug, Default)]
pub struct Query<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

/// The longest value of a parameter.
const MAX_VALUE_CHARACTERS: usize = 512;

impl<'a> Query<'a> {
    /// Reads a query string whose parameters are all among `known`.
    ///
    /// # Errors
    /// 422, with a pointer such as `?limit`, for an unknown name or an unreasonable value.
    pub fn parse(text: &'a str, known: &[&str]) -> Result<Self, ApiError> {
        let pairs: Vec<_> = url::form_urlencoded::parse(text.as_bytes()).collect();
        for (name, value) in &pairs {
            if !known.contains(&name.as_ref()) {
                let known = known.join(", ");
                let message = format!("is not a parameter here; known are: {known}");
                return Err(ApiError::field("?", message));
            }
            if value.chars().count() > MAX_VALUE_CHARACTERS || value.contains(char::is_control) {
                return Err(refused(name, "is too long or holds control characters"));
            }
        }
        Ok(Self(pairs))
    }

    /// The values of a parameter that may come many times.
    pub fn all<'b>(&'b self, name: &'b str) -> impl Iterator<Item = &'b str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_ref())
    }

    /// The value of a parameter that comes at most once; an empty one counts as absent.
    ///
    /// # Errors
    /// 422 if it comes twice.
    pub fn one<'b>(&'b self, name: &'b str) -> Result<Option<&'b str>, ApiError> {
        let mut values = self.all(name);
        let value = values.next().filter(|value| !value.is_empty());
        if values.next().is_some() {
            return Err(refused(name, "is given twice"));
        }
        Ok(value)
    }

    /// The value of a parameter that comes at most once, read by a function that knows its form.
    ///
    /// # Errors
    /// 422 if it comes twice or can't be read; `expected` says what it should be.
    pub fn read<T>(
        &self,
        name: &str,
        expected: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, ApiError> {
        let Some(text) = self.one(name)? else {
            return Ok(None);
        };
        read(text).map(Some).ok_or_else(|| refused(name, expected))
    }

    /// `true` or `false`; false if absent.
    ///
    /// # Errors
    /// 422 for anything else.
    pub fn flag(&self, name: &str) -> Result<bool, ApiError> {
        let value = self.read(name, "must be true or false", |text| text.parse::<bool>().ok())?;
        Ok(value.unwrap_or(false))
    }

    /// The parameter `limit`: 1 to 100, by default 20.
    ///
    /// # Errors
    /// 422 for anything else.
    pub fn limit(&self) -> Result<u32, ApiError> {
        let in_range = |text: &str| text.parse().ok().filter(|limit| (1..=100).contains(limit));
        Ok(self.read("limit", "must be 1 to 100", in_range)?.unwrap_or(20))
    }

    /// The parameter `cursor`: what an earlier page said comes next.
    ///
    /// # Errors
    /// 422 for what no page said.
    pub fn cursor(&self) -> Result<Option<String>, ApiError> {
        self.read("cursor", "must be the next_cursor of an earlier page", |text| {
            String::from_utf8(hex::decode(text).ok()?).ok()
        })
    }
}

/// A refusal of one parameter.
#[must_use]
pub fn refused(name: &str, message: &str) -> ApiError {
    ApiError::field(["?", name].concat(), message)
}

/// A cursor that leads on from this text. It is opaque to callers.
#[must_use]
pub fn cursor_after(text: &str) -> String {
    hex::encode(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: &[&str] = &["limit", "cursor", "sku", "fresh"];

    #[test]
    fn parameters_are_known_decoded_and_read_once() {
        let query = Query::parse("sku=A&sku=B%2DC&limit=5&fresh=true", KNOWN).unwrap();
        assert_eq!(query.all("sku").collect::<Vec<_>>(), ["A", "B-C"]);
        assert_eq!(query.limit().unwrap(), 5);
        assert!(query.flag("fresh").unwrap());
        assert!(query.one("sku").is_err());
        assert_eq!(Query::parse("", KNOWN).unwrap().limit().unwrap(), 20);
        assert!(Query::parse("statu=open", KNOWN).is_err());
        assert!(Query::parse(&format!("sku={}", "x".repeat(513)), KNOWN).is_err());
        assert!(Query::parse("sku=a%0Ab", KNOWN).is_err());
    }

    #[test]
    fn limits_are_bounded() {
        for bad in ["0", "101", "-1", "1.5", "x", "99999999999", "+", "%00"] {
            let text = format!("limit={bad}");
            let limit = Query::parse(&text, KNOWN).and_then(|query| query.limit());
            assert!(limit.is_err(), "{bad}");
        }
    }

    #[test]
    fn a_cursor_comes_back_as_it_was_given() {
        let text = format!("cursor={}", cursor_after("mug/ü"));
        let query = Query::parse(&text, KNOWN).unwrap();
        assert_eq!(query.cursor().unwrap().as_deref(), Some("mug/ü"));
        for bad in ["cursor=zz", "cursor=f", "cursor=ff"] {
            assert!(Query::parse(bad, KNOWN).unwrap().cursor().is_err(), "{bad}");
        }
    }
}
