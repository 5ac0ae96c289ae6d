//! Drop mode as merchants see it.

use serde::Serialize;
use utoipa::ToSchema;

use crate::api::error::ApiError;
use crate::domain::id::Sku;
use crate::domain::inventory::StockLevel;
use crate::domain::inventory::spread::{Member, SpreadReport, SpreadSettings};
use crate::domain::time::Timestamp;
use crate::objects::commands::{SkuAnswer, SkuCommand};
use crate::runtime::platform::Platform;

/// What one object has of the SKU.
#[derive(Debug, Serialize, ToSchema)]
pub struct UnitsView {
    /// Units on the shelf that are neither set aside nor kept: what it can promise by itself.
    free: i64,
    /// Units held for orders that are not paid yet.
    reserved: i64,
    /// Units committed to paid orders.
    sold: i64,
    /// Grows by one with every change.
    version: i64,
}

impl UnitsView {
    fn of(level: &StockLevel) -> Self {
        let free = level.free();
        Self { free, reserved: level.reserved, sold: level.sold, version: level.version }
    }
}

/// One slice.
#[derive(Debug, Serialize, ToSchema)]
pub struct SliceView {
    /// Its number.
    slice: u16,
    /// Whether it serves new orders from its own units; otherwise it passes them on.
    is_open: bool,
    /// Whether it is certain that nothing is free there, and that what becomes free comes home by itself.
    is_dry: bool,
    /// Units on their way to it.
    under_way: i64,
    /// What it has, as it told last.
    units: UnitsView,
}

impl SliceView {
    fn of((slice, member): (u16, &Member)) -> Self {
        Self {
            slice,
            is_open: member.is_open,
            is_dry: member.is_dry(),
            under_way: member.under_way(),
            units: UnitsView::of(&member.level),
        }
    }
}

/// Whether a SKU's units are spread, and where they are.
#[derive(Debug, Serialize, ToSchema)]
pub struct DropModeView<'a> {
    /// The SKU.
    #[schema(value_type = String, example = "MUG-CLASSIC")]
    sku: &'a Sku,
    /// Over how many slices the merchant wants it spread; 0: off.
    slices: u16,
    /// Above how many claims a second it switches itself on; null: `slices` alone decides.
    automatic_above_per_second: Option<u32>,
    /// Whether new orders are spread now.
    is_on: bool,
    /// The whole: what lists and storefronts show.
    whole: UnitsView,
    /// The SKU's own object.
    main: UnitsView,
    /// Every slice that ever was; one without units is idle.
    objects: Vec<SliceView>,
    /// When this was so.
    #[schema(value_type = String, format = DateTime)]
    as_of: Timestamp,
}

impl<'a> DropModeView<'a> {
    /// Drop mode at a moment.
    #[must_use]
    pub fn of(sku: &'a Sku, report: &SpreadReport, as_of: Timestamp) -> Self {
        Self {
            sku,
            slices: report.settings.slices,
            automatic_above_per_second: report.settings.automatic_above_per_second,
            is_on: report.slices > 0,
            whole: UnitsView::of(&report.whole),
            main: UnitsView::of(&report.main),
            objects: (0..).zip(&report.members).map(SliceView::of).collect(),
            as_of,
        }
    }
}

/// Sets drop mode, if settings are given, and reads it.
///
/// # Errors
/// 503 when the object does not answer.
pub async fn ask(
    platform: &Platform,
    sku: &Sku,
    settings: Option<SpreadSettings>,
) -> Result<(SpreadReport, Timestamp), ApiError> {
    match platform.sku(sku, &SkuCommand::Spread { settings }).await? {
        SkuAnswer::Spread { report, as_of } => Ok((*report, as_of)),
        _ => Err(ApiError::internal("the object's answer does not speak of drop mode")),
    }
}
