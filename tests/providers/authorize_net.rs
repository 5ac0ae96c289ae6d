//! What is particular to Authorize.net.

pub mod replies;
