//! Orders: rows grouped, views of them, what counts.

pub(crate) mod append;
pub(crate) mod attributes;
pub(crate) mod by_customer;
pub(crate) mod dataset;
pub(crate) mod forget;
pub(crate) mod group;
pub(crate) mod growing;
pub(crate) mod index;
pub(crate) mod index_build;
pub(crate) mod order_data;
pub(crate) mod owners;
mod persons;
pub(crate) mod reconciliation;
pub(crate) mod result_cache;
mod row_reader;
pub(crate) mod rows;
pub(crate) mod rows_of_customers;
pub(crate) mod selection;
pub(crate) mod simulate;
pub(crate) mod spec;
pub(crate) mod state;
pub(crate) mod view;
