//! What happens next: pure steps from (order, input, now) to the order afterwards.
//!
//! There is no separate list of pending effects. An order's own state says what is still owed
//! ([`owed::owed`]) and when it must be looked at again ([`schedule::wake_at`]); the object stores
//! the order, then performs what it owes, and feeds each result back as the next input
//! ([`advance::advance`]). A crash anywhere leaves a row from which the same debt is read again,
//! under the same keys.

pub mod advance;
pub mod announce;
pub mod attempts;
pub mod movements;
mod news;
pub mod owed;
pub mod place;
mod questions;
pub mod reminders;
pub mod returns;
pub mod schedule;
mod settle;
pub mod shortage;

#[cfg(test)]
pub(crate) mod tests;
