//! Applies rows: looks at once what all of them need to know, then asks each row's owner.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::stream::{self, StreamExt};
use sha2::{Digest, Sha256};

use super::work::{double, skus as named};
use crate::domain::catalogue::{AssemblyFault, Product, StoreSettings, check_assembly};
use crate::domain::field_error::FieldError;
use crate::domain::id::Sku;
use crate::domain::import::{Fault, Import, ImportKind, Item, Row, RowCode, RowError};
use crate::domain::inventory::{
    Cause, CauseKind, ChangeRefusal, LocationId, StockChange, TermsChange,
};
use crate::domain::location_registry::{LocationStatus, StockLocation};
use crate::objects::commands::{SkuAnswer, SkuCommand};
use crate::runtime::database::Database;
use crate::runtime::platform::{Platform, Unavailable};
use crate::storage::catalogue::{self, Stored};
use crate::storage::{bundles, locations, store};

/// The platform allows six open connections at once.
const AT_ONCE: usize = 6;

/// What an item came to.
pub(super) enum Outcome {
    /// It was applied, now or before.
    Applied,
    /// It was not, and never will be.
    Refused(Vec<RowError>),
    /// Nobody knows; it must be asked again.
    Unreachable(String),
}

/// What rows are checked against.
struct Known {
    database: Database,
    skus: BTreeSet<Sku>,
    /// Those of them that are bundles.
    bundles: BTreeSet<Sku>,
    locations: BTreeSet<LocationId>,
    /// The store's terms, for products.
    store: Option<StoreSettings>,
}

/// Applies items, several at a time; what each came to, in their order. `doubles` has the line that makes
/// an item void, by its place.
pub(super) async fn apply(
    platform: &Platform,
    import: &Import,
    items: &[Item],
    doubles: &BTreeMap<usize, u64>,
) -> Result<Vec<Outcome>, Unavailable> {
    let known = &look(platform, import.spec.kind, items).await?;
    let outcomes = items.iter().enumerate().map(|(place, item)| async move {
        let row = match &item.says {
            Ok(row) => row,
            Err(errors) => return Outcome::Refused(errors.clone()),
        };
        if let Some(line) = doubles.get(&place) {
            return Outcome::Refused(double(item, *line));
        }
        match one(platform, known, import, item, row).await {
            Ok(errors) if errors.is_empty() => Outcome::Applied,
            Ok(errors) => Outcome::Refused(errors),
            Err(unavailable) => Outcome::Unreachable(unavailable.to_string()),
        }
    });
    Ok(stream::iter(outcomes).buffered(AT_ONCE).collect().await)
}

/// Asks D1 what all of the rows need to know.
async fn look(platform: &Platform, kind: ImportKind, items: &[Item]) -> Result<Known, Unavailable> {
    let database = platform.database()?;
    let (skus, bundles, locations) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let mut known = Known { skus, bundles, locations, store: None, database };
    if kind == ImportKind::Products {
        known.store = store::read(&known.database).await?;
        return Ok(known);
    }
    let asked = named(items);
    if !asked.is_empty() {
        let found = catalogue::sellables(&known.database, &asked).await?;
        let bundles = found.iter().filter(|sellable| sellable.is_bundle());
        known.bundles = bundles.map(|sellable| sellable.sku.clone()).collect();
        known.skus = found.into_iter().map(|sellable| sellable.sku).collect();
    }
    let is_active = |location: &StockLocation| location.status == LocationStatus::Active;
    let found = locations::all(&known.database).await?;
    known.locations = found.into_iter().filter(is_active).map(|location| location.id).collect();
    Ok(known)
}

/// Applies one item; what is wrong with it, if anything.
async fn one(
    platform: &Platform,
    known: &Known,
    import: &Import,
    item: &Item,
    row: &Row,
) -> Result<Vec<RowError>, Unavailable> {
    let refused = |column: &str, code: RowCode, message: &str| {
        Ok(vec![Fault::value(column, code, message).at(item.line())])
    };
    match row {
        Row::Product(product) => write_product(platform, known, item, product).await,
        Row::Level { sku, .. } | Row::Thresholds { sku, .. } if !known.skus.contains(sku) => {
            refused("sku", RowCode::UnknownSku, "must be in the catalogue")
        }
        Row::Level { sku, .. } | Row::Thresholds { sku, .. } if known.bundles.contains(sku) => {
            refused("sku", RowCode::SkuIsBundle, "must not be a bundle: it has no stock of its own")
        }
        Row::Level { location, .. } if !known.locations.contains(location) => {
            refused("location", RowCode::UnknownLocation, "must be an active location")
        }
        Row::Level { sku, change, .. } => {
            change_sku(platform, import, item, sku, vec![change.clone()], None).await
        }
        Row::Thresholds { sku, change } => {
            let terms = Some(Box::new(change.clone()));
            change_sku(platform, import, item, sku, Vec::new(), terms).await
        }
    }
}

async fn change_sku(
    platform: &Platform,
    import: &Import,
    item: &Item,
    sku: &Sku,
    changes: Vec<StockChange>,
    terms: Option<Box<TermsChange>>,
) -> Result<Vec<RowError>, Unavailable> {
    let key = format!("{}/{}", import.id, item.line());
    let body = serde_json::to_vec(&(&changes, &terms)).unwrap_or_default();
    let cause = Cause {
        kind: CauseKind::Import,
        id: Some(import.id.to_string()),
        actor: Some(import.actor.clone()),
        reason: Some(import.spec.reason.clone()),
    };
    let fingerprint = hex::encode(Sha256::digest(body));
    let command = SkuCommand::Change { key, fingerprint, changes, terms, cause };
    let fault = match platform.sku(sku, &command).await? {
        SkuAnswer::Changed { .. } => return Ok(Vec::new()),
        SkuAnswer::Refused { refusal } => refusal_of(&refusal),
        _ => {
            let cause = "the SKU's answer does not fit a change".to_owned();
            return Err(Unavailable { part: "inventory", cause, overloaded: false });
        }
    };
    Ok(vec![fault.at(item.line())])
}

fn refusal_of(refusal: &ChangeRefusal) -> Fault {
    let code = match refusal {
        ChangeRefusal::UnitsClaimed { .. } => RowCode::UnitsClaimed,
        // What is counted afresh is never refused for what was counted before.
        ChangeRefusal::NotDamaged { .. }
        | ChangeRefusal::CountedSince
        | ChangeRefusal::OutOfRange => RowCode::OutOfRange,
    };
    Fault::row(code, refusal.to_string())
}

/// Writes a product as `PUT /v1/admin/products/{id}` does.
async fn write_product(
    platform: &Platform,
    known: &Known,
    item: &Item,
    product: &Product,
) -> Result<Vec<RowError>, Unavailable> {
    let mut wrong = product.validate();
    let Some(store) = &known.store else {
        let cause = "the store's terms were never set".to_owned();
        return Err(Unavailable { part: "database", cause, overloaded: false });
    };
    wrong.extend(store.check_product(product));
    if wrong.is_empty() && product.sellables().any(|sellable| sellable.is_bundle()) {
        let around = bundles::surroundings(&known.database, product).await?;
        let faults = check_assembly(product, &around.above, &around.known, &around.missing);
        wrong.extend(faults.into_iter().map(|AssemblyFault { pointer, kind }| FieldError {
            pointer,
            message: kind.to_string(),
        }));
    }
    if wrong.is_empty() {
        return Ok(
            match catalogue::put_product(&known.database, product, platform.now()).await? {
                Stored::Yes => Vec::new(),
                Stored::SkusTaken(_) => {
                    let message = "has a SKU that belongs to another product";
                    let of_line = |line: &u64| Fault::row(RowCode::SkuTaken, message).at(*line);
                    item.lines.iter().map(of_line).collect()
                }
                Stored::Needed(_) => {
                    let message = "would take away what bundles of other products are made of";
                    let of_line = |line: &u64| Fault::row(RowCode::InvalidValue, message).at(*line);
                    item.lines.iter().map(of_line).collect()
                }
            },
        );
    }
    let mut errors: Vec<RowError> = wrong
        .into_iter()
        .map(|error| {
            let line = item.line_of(&error.pointer);
            Fault::value(&error.pointer, RowCode::InvalidValue, error.message).at(line)
        })
        .collect();
    for line in &item.lines {
        if !errors.iter().any(|error| error.line == *line) {
            let message = "is of a product of which another row is bad";
            errors.push(Fault::row(RowCode::ProductIncomplete, message).at(*line));
        }
    }
    Ok(errors)
}
