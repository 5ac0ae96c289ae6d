//! What a refused checkout says of stock: no more than a look at it would.

use serde_json::Value;

use crate::api::ask::Ask;
use crate::api::error::ApiError;
use crate::api::remembered;
use crate::domain::catalogue::StoreSettings;

/// The name of the refusal's list.
const SHORTAGES: &str = "shortages";

/// The refusal as the caller may see it. Where the store's terms can't be read, without any count.
pub async fn as_shown(ask: &Ask, mut refusal: ApiError) -> ApiError {
    let terms = remembered::terms(&ask.platform).await.ok();
    if let Some(shortages) = refusal.extension_mut(SHORTAGES) {
        show(shortages, terms.as_deref(), ask.caller.is_merchant());
    }
    refusal
}

fn show(shortages: &mut Value, terms: Option<&StoreSettings>, is_merchant: bool) {
    let list = shortages.as_array_mut().into_iter().flatten();
    for shortage in list.filter_map(Value::as_object_mut) {
        let available = shortage.remove("available").and_then(|count| count.as_i64());
        let shown = available.zip(terms).and_then(|(a, terms)| terms.shown_count(a, is_merchant));
        if let Some(count) = shown {
            shortage.insert("available".to_owned(), count.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::catalogue::StockDisplay;
    use serde_json::json;

    fn shown(display: StockDisplay, cap: Option<u32>, is_merchant: bool) -> Value {
        let terms = include_str!("../../../schema/demo/settings.json");
        let mut terms: StoreSettings = serde_json::from_str(terms).unwrap();
        terms.stock_display = display;
        terms.stock_display_cap = cap;
        let mut shortages = json!([{ "sku": "A", "requested": 500, "available": 321 }]);
        show(&mut shortages, Some(&terms), is_merchant);
        shortages[0].get("available").cloned().unwrap_or_default()
    }

    #[test]
    fn a_store_of_buckets_tells_no_count_to_a_storefront() {
        assert_eq!(shown(StockDisplay::Exact, None, false), json!(321));
        assert_eq!(shown(StockDisplay::Buckets, None, false), Value::Null);
        assert_eq!(shown(StockDisplay::Buckets, Some(5), false), json!(5));
        assert_eq!(shown(StockDisplay::Buckets, Some(500), false), json!(321));
        assert_eq!(shown(StockDisplay::Buckets, None, true), json!(321));
    }
}
