//! Daily.
