//! Identities as types, so that an order id can't be passed where an operation id is meant.
//!
//! An order id carries the number of the shard that owns it: whoever knows the id finds the owner
//! without a look-up.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

/// The text is not an identity of the wanted kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("malformed identifier")]
pub struct MalformedId;

/// The number of an `OrderShard` object, 0 to 255.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ShardNumber(pub u8);

impl ShardNumber {
    /// The object's name: two hexadecimal digits.
    #[must_use]
    pub fn object_name(self) -> String {
        format!("{:02x}", self.0)
    }
}

/// An order: `ord_`, two hexadecimal digits for the shard, then 32 for a version 7 UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OrderId {
    shard: ShardNumber,
    unique: Uuid,
}

impl OrderId {
    /// An order id owned by `shard`.
    #[must_use]
    pub const fn new(shard: ShardNumber, unique: Uuid) -> Self {
        Self { shard, unique }
    }

    /// The shard that owns the order.
    #[must_use]
    pub const fn shard(self) -> ShardNumber {
        self.shard
    }
}

impl fmt::Display for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ord_{:02x}{}", self.shard.0, self.unique.simple())
    }
}

impl FromStr for OrderId {
    type Err = MalformedId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (shard, unique) = text
            .strip_prefix("ord_")
            .and_then(|rest| rest.split_at_checked(2))
            .ok_or(MalformedId)?;
        let shard = lower_hex(shard).then(|| u8::from_str_radix(shard, 16).ok()).flatten();
        Ok(Self { shard: ShardNumber(shard.ok_or(MalformedId)?), unique: parse_uuid(unique)? })
    }
}

fn lower_hex(text: &str) -> bool {
    text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

fn parse_uuid(text: &str) -> Result<Uuid, MalformedId> {
    if text.len() != 32 || !lower_hex(text) {
        return Err(MalformedId);
    }
    Uuid::try_parse(text).map_err(|_| MalformedId)
}

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Uuid);

        impl $name {
            /// Wraps a freshly made UUID.
            #[must_use]
            pub const fn new(unique: Uuid) -> Self {
                Self(unique)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0.simple())
            }
        }

        impl FromStr for $name {
            type Err = MalformedId;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.strip_prefix($prefix).ok_or(MalformedId).and_then(parse_uuid).map(Self)
            }
        }

        text_in_json!($name);
    };
}

macro_rules! text_in_json {
    ($name:ident) => {
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

text_in_json!(OrderId);

uuid_id!(
    /// One movement of money asked of a gateway. Its text is the gateway's idempotency key, so it is
    /// written down before the gateway is called and never made twice for one operation.
    OperationId,
    "op_"
);
uuid_id!(
    /// One refund of an order, as its merchant asked for it: one or more operations.
    RefundId,
    "ref_"
);
uuid_id!(
    /// One return of goods that no refund goes with.
    ReturnId,
    "ret_"
);
uuid_id!(
    /// One domain event in an outbox.
    EventId,
    "evt_"
);
uuid_id!(
    /// One comparison of a gateway's books with ours.
    ReconciliationId,
    "rec_"
);
uuid_id!(
    /// One order to a supplier.
    PurchaseOrderId,
    "po_"
);
uuid_id!(
    /// One transfer of stock between two locations.
    TransferId,
    "tr_"
);
uuid_id!(
    /// One cycle count.
    CountId,
    "cnt_"
);
uuid_id!(
    /// One bulk import. It is made from the idempotency key, so that the same key finds the same import.
    ImportId,
    "imp_"
);
uuid_id!(
    /// One API key's public identity (not the key).
    ApiKeyId,
    "key_"
);

/// A document that moves stock: it names the object that owns the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum StockDocumentId {
    /// A purchase order.
    PurchaseOrder(PurchaseOrderId),
    /// A transfer.
    Transfer(TransferId),
    /// A cycle count.
    Count(CountId),
}

impl fmt::Display for StockDocumentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PurchaseOrder(id) => id.fmt(f),
            Self::Transfer(id) => id.fmt(f),
            Self::Count(id) => id.fmt(f),
        }
    }
}

impl FromStr for StockDocumentId {
    type Err = MalformedId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let purchase_order = text.parse().map(Self::PurchaseOrder);
        purchase_order
            .or_else(|_| text.parse().map(Self::Transfer))
            .or_else(|_| text.parse().map(Self::Count))
    }
}

text_in_json!(StockDocumentId);

/// A stock-keeping unit: 1 to 64 characters out of letters, digits, `.`, `_` and `-`.
///
/// It names a Durable Object and appears in URLs, hence the narrow alphabet.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Sku(String);

/// The longest SKU, in characters.
pub const MAX_SKU_CHARACTERS: usize = 64;

impl Sku {
    /// The SKU's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Sku {
    type Err = MalformedId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let legal = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
        if text.is_empty() || text.len() > MAX_SKU_CHARACTERS || !text.bytes().all(legal) {
            return Err(MalformedId);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Sku {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

text_in_json!(Sku);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_id_round_trips_and_names_its_shard() {
        let id = OrderId::new(ShardNumber(0x07), Uuid::from_u128(0xabc));
        assert_eq!(id.to_string(), "ord_0700000000000000000000000000000abc");
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(id.shard().object_name(), "07");
    }

    #[test]
    fn malformed_ids_are_refused() {
        let good = OrderId::new(ShardNumber(255), Uuid::from_u128(1)).to_string();
        let upper = good.to_uppercase();
        let long = format!("{good}0");
        for bad in ["", "ord_", "ord_0", "ord_zz", "ord_é", &upper, &long, "ord_+1", "op_00"] {
            assert_eq!(bad.parse::<OrderId>(), Err(MalformedId), "{bad}");
        }
    }

    #[test]
    fn a_documents_id_says_what_it_is() {
        let unique = Uuid::from_u128(7);
        for id in [
            StockDocumentId::PurchaseOrder(PurchaseOrderId::new(unique)),
            StockDocumentId::Transfer(TransferId::new(unique)),
            StockDocumentId::Count(CountId::new(unique)),
        ] {
            assert_eq!(id.to_string().parse(), Ok(id));
        }
        assert_eq!("ref_00".parse::<StockDocumentId>(), Err(MalformedId));
    }

    #[test]
    fn sku_alphabet() {
        for good in ["A", "MUG-01", "a.b_c", &"x".repeat(64)] {
            assert!(good.parse::<Sku>().is_ok(), "{good}");
        }
        for bad in ["", "A B", "A/B", "é", "A\n", "a?b", &"x".repeat(65)] {
            assert_eq!(bad.parse::<Sku>(), Err(MalformedId), "{bad:?}");
        }
    }
}
