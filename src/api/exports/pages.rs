//! An export page by page: each is asked of D1 when the one before it has been sent.

use super::rows;
use crate::api::error::ApiError;
use crate::domain::import::{FileFormat, ImportKind};
use crate::runtime::platform::Platform;
use crate::storage::catalogue::{self, ProductFilter};
use crate::storage::stock_levels::{self, Wanted};

/// SKUs, or products, of one page: what a page comes to in memory is bounded by it.
const SKUS: u32 = 500;
const PRODUCTS: u32 = 100;

/// Where an export is.
pub struct Pages {
    /// The platform to ask.
    pub platform: Platform,
    /// What is exported.
    pub kind: ImportKind,
    /// How.
    pub format: FileFormat,
    /// The SKU or product that was written last.
    pub after: String,
    /// Whether nothing follows.
    pub is_over: bool,
}

impl Pages {
    /// The text of the next page; none when nothing follows.
    ///
    /// # Errors
    /// 503 when D1 does not answer.
    pub async fn next(&mut self) -> Result<Option<String>, ApiError> {
        if self.is_over {
            return Ok(None);
        }
        let mut text = String::new();
        match self.kind {
            ImportKind::Products => self.products(&mut text).await?,
            ImportKind::Levels | ImportKind::Thresholds => self.skus(&mut text).await?,
        }
        Ok(Some(text))
    }

    async fn products(&mut self, text: &mut String) -> Result<(), ApiError> {
        let after = self.after.clone();
        let filter = ProductFilter { with_inactive: true, after, limit: PRODUCTS };
        let page = catalogue::products(&self.platform.database()?, &filter).await?;
        self.is_over = page.len() < usize::try_from(PRODUCTS).unwrap_or(usize::MAX);
        for product in &page {
            rows::push_product(text, self.format, product);
        }
        if let Some(last) = page.last() {
            last.id.as_str().clone_into(&mut self.after);
        }
        Ok(())
    }

    async fn skus(&mut self, text: &mut String) -> Result<(), ApiError> {
        let database = self.platform.database()?;
        let page =
            stock_levels::page(&database, Wanted { prefix: "", scarce: None }, &self.after, SKUS)
                .await?;
        self.is_over = page.len() < usize::try_from(SKUS).unwrap_or(usize::MAX);
        for copied in &page {
            if self.kind == ImportKind::Levels {
                rows::push_levels(text, self.format, copied);
            } else {
                rows::push_thresholds(text, self.format, copied);
            }
        }
        if let Some(last) = page.last() {
            self.after.clone_from(&last.sku);
        }
        Ok(())
    }
}
