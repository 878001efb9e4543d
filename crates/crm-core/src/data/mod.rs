//! Orders, customers and events: columns in, validated once, immutable ever after.

mod columns;
mod customers;
mod filter;
mod frame;
mod group;
mod ids;
mod index;
mod orders;
mod read;
mod reconciliation;
mod rows;
mod scoped;
mod select;
mod simulate;
mod spec;
mod words;

pub use columns::{Batch, Bits, Buf, ColumnData, ColumnValues, Strings, TimeUnit};
pub use customers::{Customers, CustomersSpec};
pub(crate) use filter::{Attribute, AttributeValues, Level};
pub(crate) use ids::NO_ID;
pub use ids::{IdKind, IdRef, Ids};
pub(crate) use index::Index;
pub(crate) use orders::unpack;
pub use orders::{Orders, OrdersBuilder};
pub(crate) use scoped::rank;
pub(crate) use select::{CANCELLED, ORDER, REVENUE, Selection};
pub use simulate::simulate_orders;
pub use spec::{AmountIs, AmountUnit, BadRows, Guests, OrdersSpec, RepeatedRows};
pub use words::{KindWord, LineKind, StatusWord};
