//! Retention tables against a second, slower computation: plain loops over the rows of a simulated
//! shop, written from the definitions. Counts and money agree exactly, means and rates to 1e-12.

mod counts;
mod laws;
mod shop;
mod worth;
