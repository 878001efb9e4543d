//! What customers bought after a date, as what was to be guessed at it.

use super::super::histories::Histories;
use super::options::Exclude;
use crate::context::{Context, filled, push};
use crate::data::Orders;
use crate::error::Result;

/// What messages call the memory of this module.
const WHAT: &str = "backtest";

/// What customers bought after the origin.
pub(crate) struct Guessed {
    /// Customers, by their places in what is known, and the end of their items.
    pub(crate) customers: Vec<(usize, usize)>,
    /// Their items, ascending.
    items: Vec<u32>,
    pub(crate) n_items: usize,
}

impl Guessed {
    pub(crate) fn new(
        orders: &Orders,
        (known, whole): (&Histories, &Histories),
        exclude: Exclude,
        context: &Context,
    ) -> Result<Guessed> {
        let mut place = filled(whole.owners.len(), usize::MAX, WHAT)?;
        for (at, code) in whole.customers.iter().enumerate() {
            place[*code as usize] = at;
        }
        let mut guessed = Guessed {
            customers: Vec::new(),
            items: Vec::new(),
            n_items: known.n_items(),
        };
        let (mut own, mut later) = (Vec::new(), Vec::new());
        for (customer, code) in known.customers.iter().enumerate() {
            if customer.is_multiple_of(Context::BLOCK) {
                context.check()?;
            }
            let at = place[*code as usize];
            if at == usize::MAX || !orders.shows(*code) {
                continue;
            }
            own.clear();
            for order in known.orders(customer) {
                for item in known.items(order) {
                    push(&mut own, *item, WHAT)?;
                }
            }
            own.sort_unstable();
            later.clear();
            for order in whole.orders(at).filter(|at| whole.day(*at) > known.as_of) {
                for item in whole.items(order) {
                    let has = exclude == Exclude::Bought && own.binary_search(item).is_ok();
                    if !has {
                        push(&mut later, *item, WHAT)?;
                    }
                }
            }
            later.sort_unstable();
            later.dedup();
            for item in &later {
                push(&mut guessed.items, *item, WHAT)?;
            }
            if !later.is_empty() {
                push(
                    &mut guessed.customers,
                    (customer, guessed.items.len()),
                    WHAT,
                )?;
            }
        }
        Ok(guessed)
    }

    /// Each customer with what they bought.
    pub(crate) fn each(&self) -> impl Iterator<Item = (usize, &[u32])> {
        let mut begin = 0;
        self.customers.iter().map(move |(customer, end)| {
            let items = &self.items[begin..*end];
            begin = *end;
            (*customer, items)
        })
    }
}

/// 1/log₂(r + 1) of the rank r, counted from 1; `at` from 0.
pub(crate) fn discount(at: usize) -> f64 {
    1.0 / libm::log2((at + 2) as f64)
}
