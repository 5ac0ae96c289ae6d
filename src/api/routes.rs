//! The whole table: every route, what it asks of its caller, and the handler that answers it.
//!
//! Method, path and documentation stand at the handler; the table and the API document are both made
//! from the list below, so neither can know a route that the other does not.

use std::rc::Rc;

use utoipa::openapi::HttpMethod;

use super::access::Access::{self, Order, Public, Secret, Signature, Storefront};
use super::openapi::Description;
use super::routing::{Route, Work};
use super::{
    alerts, api_keys, attention, channel_orders, channel_terms, channels, checkouts, counts,
    drop_mode, exports, imports, inventory, invoices, locations, movements, orders,
    payment_methods, products, purchase_orders, reconciliations, reference, reorder_proposals,
    stock, store, suppliers, transfers, webhooks,
};
use crate::api::ask::Ask;
use crate::storage::api_keys::Scope;

macro_rules! routes {
    ($($access:expr => $($handler:ident)::+;)*) => {
        fn build() -> Vec<Route> {
            vec![$(row::<$($handler)::+::__path_handle>(
                $access,
                |ask: Ask| -> Work { Box::pin($($handler)::+::handle(ask)) },
            ),)*]
        }

        /// Describes every route, for the API document.
        pub fn describe(description: &mut Description) {
            $(description.add::<$($handler)::+::__path_handle>($access);)*
        }
    };
}

routes! {
    Public => reference::health;
    Public => reference::openapi_document;

    Storefront => products::list;
    Storefront => products::show;
    Storefront => stock::show;
    Storefront => payment_methods::offer;
    Storefront => checkouts::create;

    Order(Scope::OrdersRead) => orders::show;
    Order(Scope::OrdersRead) => invoices::of_order::show_invoice;
    Order(Scope::OrdersRead) => invoices::of_order::invoice_page;
    Order(Scope::OrdersRead) => invoices::of_order::show_credit_note;
    Order(Scope::OrdersRead) => invoices::of_order::credit_note_page;
    Order(Scope::OrdersWrite) => orders::sync;
    Order(Scope::OrdersWrite) => orders::confirm;
    Order(Scope::OrdersWrite) => orders::retry;
    Order(Scope::OrdersWrite) => orders::cancel;

    Signature => webhooks::receive;

    Secret(Scope::OrdersRead) => orders::list;
    Secret(Scope::OrdersRead) => attention::list;
    Secret(Scope::OrdersWrite) => attention::resolve;
    Secret(Scope::ReconciliationsWrite) => reconciliations::create;
    Secret(Scope::ReconciliationsRead) => reconciliations::list;
    Secret(Scope::ReconciliationsRead) => reconciliations::show;
    Secret(Scope::ReconciliationsRead) => reconciliations::csv;
    Secret(Scope::PaymentsWrite) => movements::capture;
    Secret(Scope::PaymentsWrite) => movements::void;
    Secret(Scope::PaymentsWrite) => movements::refund;
    Secret(Scope::OrdersRead) => invoices::list;
    Secret(Scope::OrdersRead) => invoices::invoice::show;
    Secret(Scope::OrdersRead) => invoices::invoice::page;
    Secret(Scope::OrdersRead) => invoices::credit_note::show;
    Secret(Scope::OrdersRead) => invoices::credit_note::page;
    Secret(Scope::InventoryRead) => alerts::list;
    Secret(Scope::InventoryRead) => inventory::list_proofs;
    Secret(Scope::InventoryRead) => inventory::show;
    Secret(Scope::InventoryRead) => inventory::movements;
    Secret(Scope::InventoryRead) => inventory::explain;
    Secret(Scope::InventoryWrite) => inventory::prove;
    Secret(Scope::InventoryWrite) => inventory::adjust;
    Secret(Scope::InventoryRead) => drop_mode::show;
    Secret(Scope::InventoryWrite) => drop_mode::put;
    Secret(Scope::PurchasingWrite) => purchase_orders::create;
    Secret(Scope::PurchasingRead) => purchase_orders::list;
    Secret(Scope::PurchasingRead) => purchase_orders::show;
    Secret(Scope::PurchasingWrite) => purchase_orders::edit;
    Secret(Scope::PurchasingWrite) => purchase_orders::order;
    Secret(Scope::PurchasingWrite) => purchase_orders::receive;
    Secret(Scope::PurchasingWrite) => purchase_orders::close;
    Secret(Scope::PurchasingWrite) => purchase_orders::cancel;
    Secret(Scope::InventoryWrite) => transfers::create;
    Secret(Scope::InventoryRead) => transfers::list;
    Secret(Scope::InventoryRead) => transfers::show;
    Secret(Scope::InventoryWrite) => transfers::edit;
    Secret(Scope::InventoryWrite) => transfers::ship;
    Secret(Scope::InventoryWrite) => transfers::receive;
    Secret(Scope::InventoryWrite) => transfers::close;
    Secret(Scope::InventoryWrite) => transfers::return_to_source;
    Secret(Scope::InventoryWrite) => transfers::cancel;
    Secret(Scope::InventoryWrite) => counts::create;
    Secret(Scope::InventoryRead) => counts::list;
    Secret(Scope::InventoryRead) => counts::show;
    Secret(Scope::InventoryWrite) => counts::record;
    Secret(Scope::InventoryWrite) => counts::approve;
    Secret(Scope::InventoryWrite) => counts::reject;
    Secret(Scope::PurchasingRead) => suppliers::list;
    Secret(Scope::PurchasingRead) => suppliers::show;
    Secret(Scope::PurchasingWrite) => suppliers::put;
    Secret(Scope::PurchasingRead) => suppliers::items;
    Secret(Scope::PurchasingRead) => suppliers::show_item;
    Secret(Scope::PurchasingWrite) => suppliers::put_item;
    Secret(Scope::PurchasingWrite) => suppliers::delete_item;
    Secret(Scope::PurchasingRead) => reorder_proposals::list;
    Secret(Scope::PurchasingWrite) => reorder_proposals::order;
    Secret(Scope::ChannelsRead) => channels::list;
    Secret(Scope::ChannelsRead) => channels::show;
    Secret(Scope::ChannelsRead) => channels::availability;
    Secret(Scope::ChannelsWrite) => channels::put;
    Secret(Scope::ChannelsRead) => channel_terms::list;
    Secret(Scope::ChannelsWrite) => channel_terms::put;
    Secret(Scope::ChannelsWrite) => channel_orders::create;
    Secret(Scope::InventoryRead) => inventory::list;
    Secret(Scope::InventoryRead) => inventory::terms::show;
    Secret(Scope::InventoryWrite) => inventory::terms::put;
    Secret(Scope::InventoryRead) => locations::list;
    Secret(Scope::InventoryRead) => locations::show;
    Secret(Scope::InventoryWrite) => locations::put;
    Secret(Scope::InventoryWrite) => imports::create;
    Secret(Scope::InventoryRead) => imports::show;
    Secret(Scope::InventoryWrite) => imports::put_part;
    Secret(Scope::InventoryWrite) => imports::start;
    Secret(Scope::InventoryWrite) => imports::cancel;
    Secret(Scope::InventoryRead) => imports::errors;
    Secret(Scope::InventoryRead) => exports::download;
    Secret(Scope::CatalogueWrite) => products::put;
    Secret(Scope::StoreWrite) => store::show;
    Secret(Scope::StoreWrite) => store::put;
    Secret(Scope::StoreWrite) => payment_methods::list;
    Secret(Scope::StoreWrite) => payment_methods::put;
    Secret(Scope::ApiKeysWrite) => api_keys::create;
    Secret(Scope::ApiKeysWrite) => api_keys::list;
    Secret(Scope::ApiKeysWrite) => api_keys::revoke;
}

fn row<P: utoipa::Path>(access: Access, handle: fn(Ask) -> Work) -> Route {
    let method = P::methods().first().map_or("GET", method_name);
    Route { method, template: P::path(), access, handle }
}

const fn method_name(method: &HttpMethod) -> &'static str {
    match method {
        HttpMethod::Get => "GET",
        HttpMethod::Put => "PUT",
        HttpMethod::Post => "POST",
        HttpMethod::Delete => "DELETE",
        HttpMethod::Options => "OPTIONS",
        HttpMethod::Head => "HEAD",
        HttpMethod::Patch => "PATCH",
        HttpMethod::Trace => "TRACE",
    }
}

thread_local! {
    static TABLE: Rc<[Route]> = build().into();
}

/// The table, built once per isolate.
#[must_use]
pub fn table() -> Rc<[Route]> {
    TABLE.with(Rc::clone)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::catalogue::RESERVED_SKUS;
    use std::collections::BTreeSet;

    #[test]
    fn no_two_routes_are_alike() {
        let table = table();
        let names: BTreeSet<_> =
            table.iter().map(|route| (route.method, &route.template)).collect();
        assert_eq!(names.len(), table.len());
    }

    /// A SKU can't be asked for where a route of its own has the same address.
    #[test]
    fn no_sku_is_hidden_behind_a_word_of_an_address() {
        let table = table();
        for with_sku in table.iter() {
            let Some(at) = with_sku.template.split('/').position(|part| part == "{sku}") else {
                continue;
            };
            let before: Vec<&str> = with_sku.template.split('/').take(at).collect();
            for other in table.iter() {
                let parts: Vec<&str> = other.template.split('/').collect();
                let Some(word) = parts.get(at).filter(|word| !word.starts_with('{')) else {
                    continue;
                };
                if parts.starts_with(&before) {
                    assert!(RESERVED_SKUS.contains(word), "{word} of {}", other.template);
                }
            }
        }
    }

    #[test]
    fn everything_for_merchants_asks_for_a_secret_key_and_nothing_else_does() {
        for route in table().iter() {
            let for_merchants = route.template.starts_with("/v1/admin/");
            let secret = matches!(route.access, Access::Secret(_));
            assert_eq!(for_merchants, secret, "{} {}", route.method, route.template);
        }
    }

    #[test]
    fn what_is_open_to_everyone_is_listed_here() {
        let table = table();
        let open = table.iter().filter(|route| matches!(route.access, Access::Public));
        let open: Vec<&str> = open.map(|route| route.template.as_str()).collect();
        assert_eq!(open, ["/healthz", "/openapi.json"]);
    }
}
