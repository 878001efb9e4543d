//! The order of events of one visitor at one instant. The log does not contain it, and the order of
//! rows in a file is no evidence, so the contents decide: the kind (in the order of a visit: view,
//! product view, add, remove, checkout, failed payment, purchase, then messages from sent to assigned, then
//! other kinds by name), the
//! columns of categories in the order of the spec, the customer, the amount, the quantity, the
//! measures. Events equal in all of these are interchangeable. A funnel uses the order of its steps
//! instead.

use super::event_data::EventData;
use crate::context::collect;
use crate::error::Result;
use crate::ids::{Ids, NO_ID};
use std::cmp::Ordering;

/// Compares two values of a column of categories, nulls last.
fn by_id(ids: &Ids, a: u32, b: u32) -> Ordering {
    match (a == NO_ID, b == NO_ID) {
        (false, false) => ids.cmp(a, b),
        (a_missing, b_missing) => a_missing.cmp(&b_missing),
    }
}

impl EventData {
    /// Compares the contents of two events; see the module.
    pub(crate) fn by_content(&self, a: usize, b: usize) -> Ordering {
        let word = |event: usize| self.words[self.kind[event] as usize];
        let mut order = word(a).cmp(&word(b));
        order = order.then_with(|| by_id(&self.kinds, self.kind[a], self.kind[b]));
        for dim in &self.dims {
            order = order.then_with(|| by_id(&dim.ids, dim.codes[a], dim.codes[b]));
        }
        if let Some(of) = &self.customer {
            order = order.then_with(|| by_id(&of.ids, of.own[a], of.own[b]));
        }
        if let Some(amounts) = &self.amount {
            order = order.then_with(|| amounts[a].cmp(&amounts[b]));
        }
        if let Some(quantities) = &self.quantity {
            order = order.then_with(|| quantities[a].cmp(&quantities[b]));
        }
        for measure in &self.measures {
            order = order.then_with(|| measure.values[a].total_cmp(&measure.values[b]));
        }
        order
    }

    /// Sorts the events of each instant, and counts events that share visitor and instant with a
    /// different event. The meanings of kinds must be known.
    pub(crate) fn order_instants(mut self) -> Result<EventData> {
        let mut order: Option<Vec<u32>> = None;
        let mut shared = 0;
        for group in self.starts.windows(2) {
            let (mut from, end) = (group[0] as usize, group[1] as usize);
            while from < end {
                let time = self.time[from];
                let more = self.time[from..end].iter().take_while(|t| **t == time);
                let until = from + more.count();
                let pairs = (from + 1..until).map(|event| self.by_content(event - 1, event));
                let (mut ascending, mut alike) = (true, true);
                for pair in pairs {
                    ascending &= pair.is_le();
                    alike &= pair.is_eq();
                }
                if !ascending {
                    let order = match &mut order {
                        Some(order) => order,
                        none => none.insert(collect(0..self.time.len() as u32, "events")?),
                    };
                    order[from..until]
                        .sort_unstable_by(|a, b| self.by_content(*a as usize, *b as usize));
                }
                shared += if alike { 0 } else { (until - from) as u64 };
                from = until;
            }
        }
        if let Some(order) = order {
            self.pick(&order)?;
        }
        self.at_one_instant = shared;
        Ok(self)
    }
}
