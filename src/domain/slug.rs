//! Names that people give to things in URLs and settings: products, tax categories, shipping
//! methods. One alphabet for all of them, the SKU's.

use super::id::MAX_SKU_CHARACTERS;

/// The longest slug, in characters: that of a SKU.
pub const MAX_SLUG_CHARACTERS: usize = MAX_SKU_CHARACTERS;

/// Whether the text is 1 to 64 letters, digits, `.`, `_` and `-`.
pub(super) fn is_slug(text: &str) -> bool {
    let legal = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    !text.is_empty() && text.len() <= MAX_SLUG_CHARACTERS && text.bytes().all(legal)
}

macro_rules! slug {
    ($(#[$doc:meta])* $name:ident, $example:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, utoipa::ToSchema)]
        #[schema(value_type = String, example = $example, pattern = "^[A-Za-z0-9._-]{1,64}$")]
        pub struct $name(String);

        impl $name {
            /// The name's text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::domain::id::MalformedId;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                if $crate::domain::slug::is_slug(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err($crate::domain::id::MalformedId)
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

pub(super) use slug;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_alphabet_is_the_skus() {
        for text in ["a", "mug-classic", "A.b_9", &"x".repeat(64)] {
            assert!(is_slug(text), "{text}");
            assert!(text.parse::<crate::domain::id::Sku>().is_ok(), "{text}");
        }
        for text in ["", "a b", "a/b", "é", "a\n", &"x".repeat(65)] {
            assert!(!is_slug(text), "{text:?}");
            assert!(text.parse::<crate::domain::id::Sku>().is_err(), "{text:?}");
        }
    }
}
