//! Reorder.
