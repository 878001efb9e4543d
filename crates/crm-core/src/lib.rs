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
//!
//! # Load
//!
//! Rows of a program go through a builder, columns through [`Orders::from_batches`], Arrow arrays
//! through the crate `crm-arrow`. A row that cannot be read is an error that names column and row;
//! `bad_rows` in [`data::OrdersSpec`] leaves such rows out and counts them in
//! [`Orders::reconciliation`].
//!
//! ```
//! use crm_core::{Currency, Orders, Zone};
//! let orders = Orders::builder(Currency::JPY, Zone::parse("Asia/Tokyo")?)
//!     .order("hanako", "2026-01-05T10:00:00", 5_000)
//!     .order("hanako", "2026-03-05T10:00:00", 7_000)
//!     .order("taro", "2026-02-01T12:00:00", 2_000)
//!     .build()?;
//! assert_eq!((orders.len(), orders.n_customers()), (3, 2));
//! # Ok::<(), crm_core::Error>(())
//! ```
//!
//! # Ask
//!
//! By name, with the options as JSON ([`register::run`]); this is what C and Python do. Or by a typed
//! function of the module of its name, such as [`segmentation::rfm::score`]. Cells of a table are
//! read by column ([`Table::money`] and its like), as structs ([`Table::rows`]), or serialized.
//!
//! ```
//! # use crm_core::{Currency, Orders, Zone};
//! # let orders = Orders::builder(Currency::JPY, Zone::UTC)
//! #     .order("hanako", "2026-01-05T10:00:00", 5_000)
//! #     .order("hanako", "2026-03-05T10:00:00", 7_000)
//! #     .order("taro", "2026-02-01T12:00:00", 2_000)
//! #     .build()?;
//! use crm_core::{Context, Dataset, register};
//! #[derive(serde::Deserialize)]
//! struct Card {
//!     customer_id: String,
//!     revenue: i64, // yen have no minor unit
//!     segment: Option<String>,
//! }
//! let request = r#"{"as_of": "2026-03-31"}"#;
//! let table = register::run("rfm", &Dataset::Orders(&orders), request, &Context::default())?;
//! let cards = table.rows::<Card>().collect::<Result<Vec<_>, _>>()?;
//! assert_eq!((cards[0].customer_id.as_str(), cards[0].revenue), ("hanako", 12_000));
//! let body = serde_json::to_string(&table).expect("cells are numbers and texts");
//! assert!(body.starts_with(r#"[{"customer_id":"hanako","#));
//! # Ok::<(), crm_core::Error>(())
//! ```
//!
//! Options of a typed function are built from their defaults:
//!
//! ```
//! use crm_core::segmentation::rfm::{Options, Ties};
//! let options = Options::new().levels(3).ties("mid".parse()?).window_days(365);
//! assert_eq!((options.levels, options.ties, options.window_days), (3, Ties::Mid, Some(365)));
//! # Ok::<(), crm_core::Error>(())
//! ```
//!
//! # Serve and restart
//!
//! Orders do not change and are `Send` and `Sync`: keep them in an `Arc` and ask from any thread. For
//! one customer at a time, learn the shop once (`learn`), keep its document, and ask `customer` on the
//! orders of that customer alone ([`data::GrowingOrders::of_customers`]). [`Orders::to_bytes`] and
//! [`Orders::from_bytes`] save and load a state; every analysis gives the same bits of it. The example
//! `service` of this crate is a server that does so.
//!
//! # An analysis of your own
//!
//! A type with [`analysis::Analysis`] gets dates, filters, breakdowns, a definition and, in a
//! [`register::Register`], a name. [`Orders::by_customer`] shows it what the analyses of this crate see; the
//! example `own_analysis` is a whole one.
//!
//! # Errors, threads, cancellation
//!
//! All errors are one enum, [`Error`]: its [`code`](Error::code) is for programs, its text for people,
//! its [`hint`](Error::hint) says what to do. No text holds the contents of a cell. A [`Context`]
//! names the thread pool, the flag that cancels, counters of progress, a byte budget and a hash seed;
//! none of them changes a result, and the core starts no thread by itself.
//!
//! # Features
//!
//! All are on by default, and no result depends on any of them. `default-features = false` leaves out:
//!
//! | feature | without it |
//! |---|---|
//! | `chrono-tz` | zones are `UTC` or offsets such as `+09:00`; a state saved with an IANA zone is refused |
//! | `rayon` | [`Context`] has no `pool`: everything runs on the caller's thread |
//! | `schemars` | [`register::describe`] has names and defaults of options, without types and meanings |
//! | `sha2` | saved states are read and written more slowly |
#![forbid(unsafe_code)]
#![warn(missing_debug_implementations)]

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
pub mod decisions;
mod definition;
mod document;
mod error;
pub mod experiments;
mod families;
pub mod feedback;
pub mod forecast;
pub mod goods;
pub mod ids;
pub mod money;
pub mod num;
pub mod people;
pub mod perks;
#[cfg(test)]
#[path = "../tests/random_tests/mod.rs"]
mod random_tests;
pub mod register;
pub mod request;
pub mod retention;
pub mod scope;
pub mod season;
pub mod segmentation;
pub mod segments;
mod sha256;
pub mod shop_model;
pub mod summary;
pub mod survival;
pub mod table;
mod time;
mod turn;
pub mod words;

#[doc(inline)]
pub use analysis::Dataset;
pub use context::{Context, Progress};
#[doc(inline)]
pub use data::{Events, Orders};
pub use definition::Definition;
pub use document::Learned;
pub use error::{Error, ErrorCode, Result, nearest};
#[doc(inline)]
pub use money::Currency;
#[doc(inline)]
pub use num::{Fraction, Positive, Probability};
#[doc(inline)]
pub use scope::{At, Scope};
#[doc(inline)]
pub use table::{Language, Table};
pub use time::{Day, Duration, Moment, Offsets, Period, Zone, month_ends};

#[cfg(feature = "rayon")]
pub use rayon;

/// What most programs name: `use crm_core::prelude::*`.
pub mod prelude {
    pub use crate::analysis::{Analysis, Dataset, Entry, run_typed};
    pub use crate::context::{Context, Progress};
    pub use crate::data::{Events, GrowingOrders, Orders, OrdersSpec};
    pub use crate::document::Learned;
    pub use crate::error::{Error, ErrorCode, Result};
    pub use crate::money::Currency;
    pub use crate::register::{self, Register};
    pub use crate::scope::{At, Scope};
    pub use crate::table::Table;
    pub use crate::time::{Day, Zone};
}

/// Runs the Rust example of the README as a test.
#[cfg(all(doctest, feature = "chrono-tz"))]
#[doc = include_str!("../README.md")]
mod readme {}
