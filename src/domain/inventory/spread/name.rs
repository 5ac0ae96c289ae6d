//! Names of the objects that have a SKU's units.

use std::fmt;
use std::str::FromStr;

use crate::domain::id::{MalformedId, Sku};

/// Between a SKU and the number of a slice; not in a SKU's alphabet.
const SEPARATOR: char = '~';

/// An object that has units of a SKU: main, or a slice of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StockObject {
    /// The SKU.
    pub sku: Sku,
    /// Which slice; none: main.
    pub slice: Option<u16>,
}

impl StockObject {
    /// The SKU's main object.
    #[must_use]
    pub const fn main(sku: Sku) -> Self {
        Self { sku, slice: None }
    }
}

impl fmt::Display for StockObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.slice {
            None => write!(f, "{}", self.sku),
            Some(slice) => write!(f, "{}{SEPARATOR}{slice}", self.sku),
        }
    }
}

impl FromStr for StockObject {
    type Err = MalformedId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let Some((sku, slice)) = text.split_once(SEPARATOR) else {
            return Ok(Self::main(text.parse()?));
        };
        let slice = slice.parse().map_err(|_| MalformedId)?;
        let object = Self { sku: sku.parse()?, slice: Some(slice) };
        // A number can be written in many ways, an object has one name.
        if object.to_string() == text { Ok(object) } else { Err(MalformedId) }
    }
}
