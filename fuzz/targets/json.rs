//! JSON as it stands: members in their order, however often one is given. A reader must not be believed by a tree
//! that has thrown away what it may have read.

use std::fmt;

use cartwright::api::json_position::step;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

#[derive(Debug)]
pub enum Json {
    /// A number or a text, as a number if it is one.
    Scalar(Option<f64>),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    pub fn of(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// Whether a pointer leads to something in it, or to the name of something.
    pub fn has(&self, pointer: &str) -> bool {
        let below = |way: String, value: &Self| {
            pointer
                .strip_prefix(&way)
                .is_some_and(|rest| (rest.is_empty() || rest.starts_with('/')) && value.has(rest))
        };
        pointer.is_empty()
            || match self {
                Self::Scalar(_) => false,
                Self::List(items) => {
                    items.iter().enumerate().any(|(at, item)| below(format!("/{at}"), item))
                }
                Self::Object(members) => {
                    members.iter().any(|(name, value)| below(step(name), value))
                }
            }
    }

    /// As [`Json::has`], or it leads to where something is missing.
    pub fn has_or_lacks(&self, pointer: &str) -> bool {
        self.has(pointer) || pointer.rsplit_once('/').is_some_and(|(parent, _)| self.has(parent))
    }

    /// The sum of what stands under names that speak of money, without signs.
    pub fn money(&self) -> f64 {
        match self {
            Self::Scalar(_) => 0.0,
            Self::List(items) => items.iter().map(Self::money).sum(),
            Self::Object(members) => members
                .iter()
                .map(|(name, value)| match value {
                    Self::Scalar(Some(number)) if speaks_of_money(name) => number.abs(),
                    other => other.money(),
                })
                .sum(),
        }
    }
}

fn speaks_of_money(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["amount", "value", "captured", "total", "paid"].iter().any(|word| name.contains(word))
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Scalar(None))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Json, E> {
        Ok(Json::Scalar(None))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Json, E> {
        Ok(Json::Scalar(Some(number as f64)))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Json, E> {
        Ok(Json::Scalar(Some(number as f64)))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Json, E> {
        Ok(Json::Scalar(Some(number)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Json, E> {
        Ok(Json::Scalar(text.trim().parse().ok()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Json, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            items.push(item);
        }
        Ok(Json::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Json, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = object.next_entry()? {
            members.push(member);
        }
        Ok(Json::Object(members))
    }
}
