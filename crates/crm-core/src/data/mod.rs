//! Orders, customers and events: built from columns, validated once, immutable.

mod arrange;
mod blocks;
mod columns;
mod customers;
mod events;
mod events_builder;
mod events_scope;
mod events_spec;
mod filter;
mod frame;
mod group;
mod ids;
mod index;
mod input;
mod instants;
mod kept;
mod orders;
mod read;
mod reconciliation;
mod rows;
mod runs;
mod scoped;
mod select;
mod simulate;
mod simulate_events;
mod spec;
mod text;
mod text_amounts;
mod text_dates;
mod words;

pub use columns::{Batch, Bits, Buf, ColumnData, ColumnValues, Strings, TimeUnit};
pub use customers::{Customers, CustomersSpec};
pub use events::Events;
pub(crate) use events::{EventData, EventDim, OTHER, UNUSED};
pub use events_builder::{Event, EventsBuilder};
pub use events_spec::EventsSpec;
pub(crate) use filter::{Attribute, AttributeValues, Item, Level};
pub use frame::no_misnomer;
pub(crate) use ids::NO_ID;
pub use ids::{IdKind, IdRef, Ids};
pub(crate) use index::{Entry, Index};
use kept::Kept;
pub(crate) use orders::{Data, unpack};
pub use orders::{Orders, OrdersBuilder};
pub(crate) use read::Reason;
pub(crate) use scoped::rank;
pub(crate) use select::{CANCELLED, ORDER, REVENUE, Selection};
pub use simulate::simulate_orders;
pub use simulate_events::{
    EventsSimulation, SimulatedEvents, WALK, simulate_events, true_purchase_probability,
};
pub use spec::{AmountIs, AmountUnit, BadRows, Guests, OrdersSpec, RepeatedRows};
pub use text::Understood;
pub use text_amounts::{AmountsRead, Decimal, read_amounts};
pub use text_dates::{DatesRead, read_dates};
pub use words::{EventWord, KindWord, LineKind, StatusWord};
