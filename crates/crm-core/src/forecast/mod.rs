//! What the customers of today will bring. It reads several families and stands above them.

pub mod base;
mod markov;
mod model;
