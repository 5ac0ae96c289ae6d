//! What the service says about itself.

pub mod docs;
pub mod docs_files;
pub mod health;
pub mod openapi_document;
