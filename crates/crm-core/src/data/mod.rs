//! Orders, customers and events: columns in, validated once, immutable ever after.

pub(crate) mod blocks;
pub(crate) mod customers;
pub(crate) mod events;
pub(crate) mod filter;
pub(crate) mod input;
pub(crate) mod orders;
pub(crate) mod state;
pub(crate) mod text;

pub use customers::{Customers, CustomersSpec};
pub use events::builder::{Event, EventsBuilder};
pub use events::dataset::Events;
pub use events::forget::{EventsReceipt, Whose};
pub use events::simulate::{
    EXTRA, EXTRA_OF_B, EventsSimulation, SimulatedEvents, WALK, simulate_events,
    true_purchase_probability,
};
pub use events::spec::EventsSpec;
pub use events::with_orders::OrdersReceipt;
pub use input::caller_table::no_misnomer;
pub use input::pseudonyms::PseudonymKey;
pub use orders::append::{Appended, OnRepeat};
pub use orders::by_customer::{CustomerOrder, CustomerOrders, OrdersByCustomer};
pub use orders::dataset::{Orders, OrdersBuilder};
pub use orders::growing::GrowingOrders;
pub use orders::simulate::simulate_orders;
pub use orders::spec::{AmountIs, AmountUnit, BadRows, Guests, OrdersSpec, RepeatedRows};
pub use state::Receipt;
pub use text::amounts::{AmountsRead, Decimal, read_amounts};
pub use text::cells::Understood;
pub use text::dates::{DatesRead, read_dates};
