//! How others speak: request builders and reply readers, a folder per capability and per vendor.
//!
//! Nothing here sends, sleeps or reads a clock. A provider turns what is asked into an
//! [`payment::contract::HttpRequest`] and the answer into Cartwright's words; the shell does the
//! sending. That is why every provider is tested to the byte without a network.

pub mod payment;
