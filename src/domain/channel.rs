//! The registry of sales channels: what each is. What each may have of a SKU is among the SKU's terms.

use serde::{Deserialize, Serialize};

use super::field_error::{Checks, FieldError};
use super::inventory::ChannelId;

const MAX_NAME_CHARACTERS: usize = 100;

/// What a channel is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChannelKind {
    /// A shop of the merchant's own.
    Storefront,
    /// A marketplace that sells for many.
    Marketplace,
    /// A shop within a social network.
    Social,
    /// Anything else: a till, a wholesale portal.
    Other,
}

impl ChannelKind {
    /// The name in JSON and rows.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Storefront => "storefront",
            Self::Marketplace => "marketplace",
            Self::Social => "social",
            Self::Other => "other",
        }
    }
}

/// Whether a channel sells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChannelStatus {
    /// It sells.
    Active,
    /// It sells no more: it takes no orders and no new terms.
    Archived,
}

impl ChannelStatus {
    /// The name in JSON and rows.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Archived => "archived",
        }
    }
}

/// What a merchant says of a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "Big Marketplace", "kind": "marketplace"}))]
pub struct ChannelSettings {
    /// Its name for people.
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
    /// What it is.
    pub kind: ChannelKind,
    /// Whether it sells; by default `active`.
    #[serde(default = "active")]
    pub status: ChannelStatus,
    /// Whether it is told of every SKU, not only of those with terms for it.
    #[serde(default)]
    pub all_skus: bool,
}

const fn active() -> ChannelStatus {
    ChannelStatus::Active
}

impl ChannelSettings {
    /// Everything wrong with them for this channel; empty if nothing is.
    #[must_use]
    pub fn validate(&self, id: &ChannelId) -> Vec<FieldError> {
        let mut checks = Checks::default();
        checks.line("/name", &self.name, 1, MAX_NAME_CHARACTERS);
        if *id == ChannelId::storefront() {
            let own = self.kind == ChannelKind::Storefront;
            checks.require(own, "/kind", "must be storefront: it is the channel of checkouts");
            let active = self.status == ChannelStatus::Active;
            checks.require(active, "/status", "must be active: it is the channel of checkouts");
        }
        checks.finish()
    }
}

/// A channel: its fields stand one by one, because the schema of the settings admits no other field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Channel {
    /// Its identity.
    pub id: ChannelId,
    /// Its name for people.
    pub name: String,
    /// What it is.
    pub kind: ChannelKind,
    /// Whether it sells.
    pub status: ChannelStatus,
    /// Whether it is told of every SKU, not only of those with terms for it.
    pub all_skus: bool,
}

impl Channel {
    /// The channel of this identity, as the merchant says that it is.
    #[must_use]
    pub fn new(id: ChannelId, settings: ChannelSettings) -> Self {
        let ChannelSettings { name, kind, status, all_skus } = settings;
        Self { id, name, kind, status, all_skus }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_storefront_stays_what_it_is() {
        let settings = |kind, status| ChannelSettings {
            name: "Shop".to_owned(),
            kind,
            status,
            all_skus: false,
        };
        let wrong = |settings: &ChannelSettings, id: &ChannelId| {
            settings.validate(id).into_iter().map(|error| error.pointer).collect::<Vec<_>>()
        };
        let storefront = ChannelId::storefront();
        let market = "market".parse().unwrap();
        let gone = settings(ChannelKind::Other, ChannelStatus::Archived);
        assert_eq!(wrong(&gone, &storefront), ["/kind", "/status"]);
        assert_eq!(wrong(&gone, &market), [""; 0]);
        let fine = settings(ChannelKind::Storefront, ChannelStatus::Active);
        assert_eq!(wrong(&fine, &storefront), [""; 0]);
        for name in ["", " ", "a\nb", &"x".repeat(101)] {
            let named = ChannelSettings { name: name.to_owned(), ..fine.clone() };
            assert!(wrong(&named, &market).contains(&"/name".to_owned()), "{name:?}");
        }
    }

    #[test]
    fn names_are_as_they_are_written() {
        for kind in [
            ChannelKind::Storefront,
            ChannelKind::Marketplace,
            ChannelKind::Social,
            ChannelKind::Other,
        ] {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        }
        for status in [ChannelStatus::Active, ChannelStatus::Archived] {
            assert_eq!(serde_json::to_value(status).unwrap(), status.name());
        }
    }
}
