//! What the service says about itself.

pub mod docs;
pub mod health;
pub mod openapi_document;
