//! The people of a world: who opens the shop, who buys, and who works in it.

pub mod shopkeeper;

use serde_json::Value;

use crate::world::{Answer, Ask, World};

const STOREFRONT_KEY: &str = "pk_dev_storefront";
const ADMIN_KEY: &str = "sk_dev_admin";

/// Whose key a request carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    Storefront,
    Admin,
}

/// A request with JSON, as a storefront or the shop's own software sends it.
pub async fn ask(
    world: &World,
    by: By,
    method: &'static str,
    path: &str,
    key: Option<&str>,
    body: Option<&Value>,
) -> Option<Answer> {
    let credential = match by {
        By::Storefront => STOREFRONT_KEY,
        By::Admin => ADMIN_KEY,
    };
    let mut headers = vec![("authorization".to_owned(), format!("Bearer {credential}"))];
    if let Some(key) = key {
        headers.push(("idempotency-key".to_owned(), key.to_owned()));
    }
    if body.is_some() {
        headers.push(("content-type".to_owned(), "application/json".to_owned()));
    }
    let body = body.map_or_else(Vec::new, |body| body.to_string().into_bytes());
    world.ask(Ask { method, path: path.to_owned(), headers, body }).await
}
