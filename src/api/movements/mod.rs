//! Movements of money that a merchant asks for: captures, voids and refunds.

pub mod answer;
pub mod capture;
pub mod refund;
pub mod void;
