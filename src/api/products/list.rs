//! `GET /v1/products`: the catalogue, page by page.

use std::cell::RefCell;
use std::rc::Rc;

use serde_json::json;
use utoipa::ToSchema;

use super::view::{self, ProductView};
use crate::api::ask::Ask;
use crate::api::error::ApiError;
use crate::api::query::cursor_after;
use crate::api::remembered;
use crate::api::reply::{Outcome, Reply};
use crate::runtime::cache::Cache;
use crate::runtime::platform::Platform;
use crate::runtime::serve::OutgoingBody;
use crate::storage::catalogue::{self, ProductFilter};

/// Pages that an isolate remembers.
const REMEMBERED_PAGES: usize = 32;

thread_local! {
    static PAGES: RefCell<Cache<ProductFilter, Rc<str>>> = RefCell::new(Cache::new(REMEMBERED_PAGES));
}

/// A page of products, by id.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the JSON that is built in parts")]
pub struct ProductPage<'a> {
    /// The products.
    items: Vec<ProductView<'a>>,
    /// What to ask for the next page with; null on the last one.
    next_cursor: Option<String>,
}

/// Lists the products, by id.
///
/// With a storefront key: the active ones. With a secret key: all of them.
#[utoipa::path(
    get, path = "/v1/products", operation_id = "list_products", tag = "catalogue",
    params(
        ("limit" = Option<u32>, Query, description = "1 to 100, by default 20", minimum = 1, maximum = 100, example = 20),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
    ),
    responses((status = 200, description = "A page of products", body = ProductPage)),
)]
pub async fn handle(ask: Ask) -> Outcome {
    let query = ask.query(&["limit", "cursor"])?;
    let filter = ProductFilter {
        with_inactive: ask.caller.is_merchant(),
        after: query.cursor()?.unwrap_or_default(),
        limit: query.limit()?,
    };
    let platform = &ask.platform;
    let lifetime = remembered::catalogue_lifetime(platform);
    let page = load(platform, filter.clone());
    let page = remembered::recall(platform, &PAGES, filter, lifetime, page).await?;
    Ok(Reply::text(200, "application/json", OutgoingBody::Shared(page)))
}

async fn load(platform: &Platform, filter: ProductFilter) -> Result<Rc<str>, ApiError> {
    let limit = usize::try_from(filter.limit).unwrap_or(usize::MAX);
    let one_more = ProductFilter { limit: filter.limit.saturating_add(1), ..filter };
    let mut products = catalogue::products(&platform.database()?, &one_more).await?;
    let more = products.len() > limit;
    products.truncate(limit);
    let last = products.last().filter(|_| more).map(|product| cursor_after(product.id.as_str()));
    let items = view::with_availability(platform, &products).await?;
    Ok(json!({ "items": items, "next_cursor": last }).to_string().into())
}

/// Forgets every page: the catalogue was just changed here.
pub fn forget() {
    PAGES.set(Cache::new(REMEMBERED_PAGES));
}
