//! Customer analytics for e-commerce: who are my customers, what are they worth, who is about to
//! leave, and what do I do today?
//!
//! The core is pure: it uses no clock, file, environment, network, global state or unseeded
//! randomness. Results do not depend on the order of rows, on chunking, on threads or on hash
//! seeds.
//!
//! [`Orders`] are validated once, when they are built. An analysis is a pure function of orders, a
//! [`Scope`] and options; its result is a [`Table`] with its definition. See [`register::all`] for
//! the catalogue.
#![forbid(unsafe_code)]

pub mod analysis;
pub mod backtest;
pub mod behavior;
mod bytes;
pub mod clv;
pub mod columns;
mod context;
pub mod customer_card;
pub mod cycle;
pub mod data;
mod definition;
mod document;
mod error;
pub mod experiments;
pub mod forecast;
pub mod ids;
pub mod money;
pub mod num;
pub mod people;
pub mod register;
pub mod request;
pub mod retention;
pub mod scope;
pub mod season;
pub mod segmentation;
pub mod shop_model;
pub mod summary;
pub mod survival;
pub mod table;
mod time;
mod turn;
pub mod words;

pub use analysis::Dataset;
pub use context::{Context, Progress};
pub use data::{Events, Orders};
pub use definition::Definition;
pub use document::Learned;
pub use error::{Error, ErrorCode, Result, nearest};
pub use money::Currency;
pub use num::{Fraction, Positive, Probability};
pub use scope::{At, Scope};
pub use table::{Language, Table};
pub use time::{Day, Duration, Moment, Offsets, Period, Zone, month_ends};

/// Runs the Rust example of the README as a test.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
mod readme {}
