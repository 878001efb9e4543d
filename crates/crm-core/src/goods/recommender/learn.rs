//! What is learned from the orders: popularity, similar and next items, usual days.

use super::super::sets::Sets;
use super::super::similar_items::beside;
use super::options::Learning;
use super::{Links, MIN_GAPS, Reason, Recommended, Recommender, WHAT, gaps_of};
use crate::context::{Context, filled, push, room};
use crate::error::Result;
use crate::ids::NO_ID;

impl Recommender<'_> {
    /// Finds what may be recommended and how popular it is. Returns the customers from whom the method learns.
    pub(super) fn count(&mut self, learning: &Learning, context: &Context) -> Result<Vec<bool>> {
        let n = self.known.n_items();
        let mut popular = filled(n, 0.0, WHAT)?;
        let mut taught = filled(self.known.len(), true, WHAT)?;
        let mut own = Vec::new();
        for (customer, taught) in taught.iter_mut().enumerate() {
            if customer.is_multiple_of(Context::BLOCK) {
                context.check()?;
            }
            self.own(customer, &mut own)?;
            for one in &own {
                popular[one.item as usize] += self.weight(one.day);
            }
            *taught = own.len() <= learning.max_basket as usize;
            self.too_large += u64::from(!*taught);
        }
        self.eligible = filled(n, learning.candidates.is_none(), WHAT)?;
        if let Some(candidates) = &learning.candidates {
            let mut place = filled(n, NO_ID, WHAT)?;
            for (at, code) in self.known.ids.by_id()?.iter().enumerate() {
                place[*code as usize] = at as u32;
            }
            for id in candidates {
                match self.known.ids.find(id)? {
                    Some(code) if popular[place[code as usize] as usize] > 0.0 => {
                        self.eligible[place[code as usize] as usize] = true;
                    }
                    _ => self.unknown_candidates += 1,
                }
            }
        }
        for (item, score) in popular.into_iter().enumerate() {
            self.eligible[item] &= score > 0.0;
            if self.eligible[item] {
                let one = Recommended {
                    item: item as u32,
                    because: NO_ID,
                    score,
                    usual_days: None,
                    reason: Reason::Popular,
                };
                push(&mut self.popular, one, WHAT)?;
            }
        }
        self.popular.sort_unstable_by(Recommended::compare);
        Ok(taught)
    }

    /// The most similar items of each that may be recommended.
    pub(super) fn similar(
        &self,
        taught: &[bool],
        learning: &Learning,
        context: &Context,
    ) -> Result<Links> {
        let (mut customers, mut items, mut own) = (Vec::new(), Vec::new(), Vec::new());
        for customer in (0..taught.len()).filter(|customer| taught[*customer]) {
            self.own(customer, &mut own)?;
            for one in &own {
                push(&mut customers, customer as u32, WHAT)?;
                push(&mut items, one.item, WHAT)?;
            }
        }
        let size = (self.known.len(), self.known.n_items());
        let (sets, _) = Sets::of_entries(&customers, &items, size, learning.max_basket as usize)?;
        let most = (learning.neighbours as usize, learning.min_count);
        let beside = beside(&sets, most, learning.shrinkage, context)?;
        let mut links = Links {
            starts: filled(size.1 + 1, 0, WHAT)?,
            to: room(beside.len(), WHAT)?,
        };
        for one in beside {
            links.starts[one.item as usize + 1] += 1;
            links.to.push((one.similar, one.score));
        }
        for item in 0..size.1 {
            links.starts[item + 1] += links.starts[item];
        }
        Ok(links)
    }

    /// The items that most often are in the order after one with each.
    pub(super) fn next(
        &self,
        taught: &[bool],
        learning: &Learning,
        context: &Context,
    ) -> Result<Links> {
        let known = self.known;
        let n = known.n_items();
        // The orders that have a next one, by item.
        let with_next = || {
            let customers = (0..known.len()).filter(|customer| taught[*customer]);
            customers.flat_map(|customer| {
                let orders = known.orders(customer);
                orders.start..orders.end.saturating_sub(1).max(orders.start)
            })
        };
        let mut starts = filled(n + 1, 0_usize, WHAT)?;
        for item in with_next().flat_map(|order| known.items(order)) {
            starts[*item as usize + 1] += 1;
        }
        for item in 0..n {
            starts[item + 1] += starts[item];
        }
        let mut places = filled(starts[n], 0_u32, WHAT)?;
        // Filled from the back, so that `starts` has the beginnings afterwards.
        let mut ends = filled(n, 0_usize, WHAT)?;
        ends.copy_from_slice(&starts[1..]);
        for order in with_next() {
            for item in known.items(order) {
                let end = &mut ends[*item as usize];
                *end -= 1;
                places[*end] = order as u32;
            }
        }
        let mut counts = filled(n, 0_u32, WHAT)?;
        let (mut touched, mut found) = (Vec::new(), Vec::new());
        let mut links = Links {
            starts: vec![0],
            to: Vec::new(),
        };
        for item in 0..n {
            if item.is_multiple_of(64) {
                context.check()?;
            }
            let orders = &places[starts[item]..starts[item + 1]];
            for order in orders {
                for next in known.items(*order as usize + 1) {
                    let count = &mut counts[*next as usize];
                    if *count == 0 {
                        push(&mut touched, *next, WHAT)?;
                    }
                    *count += 1;
                }
            }
            found.clear();
            for next in touched.drain(..) {
                let count = std::mem::take(&mut counts[next as usize]);
                if count >= learning.min_count {
                    push(&mut found, (next, count), WHAT)?;
                }
            }
            found.sort_unstable_by_key(|(next, count)| (std::cmp::Reverse(*count), *next));
            let all = orders.len() as f64 + learning.shrinkage;
            for (next, count) in found.iter().take(learning.neighbours as usize) {
                push(&mut links.to, (*next, f64::from(*count) / all), WHAT)?;
            }
            push(&mut links.starts, links.to.len(), WHAT)?;
        }
        Ok(links)
    }

    /// The median days between two purchases of each item by a customer, if there are enough.
    pub(super) fn usual_days(&self, taught: &[bool]) -> Result<Vec<Option<f64>>> {
        let (mut gaps, mut own) = (Vec::new(), Vec::new());
        for customer in (0..taught.len()).filter(|customer| taught[*customer]) {
            self.purchase_days(customer, &mut own)?;
            for (item, gap) in gaps_of(&own) {
                push(&mut gaps, (item, gap), WHAT)?;
            }
        }
        gaps.sort_unstable();
        let mut usual = filled(self.known.n_items(), None, WHAT)?;
        for of_item in gaps.chunk_by(|a, b| a.0 == b.0) {
            if of_item.len() >= MIN_GAPS {
                let middle = |at: usize| f64::from(of_item[at].1);
                let (low, high) = ((of_item.len() - 1) / 2, of_item.len() / 2);
                usual[of_item[0].0 as usize] = Some(0.5 * (middle(low) + middle(high)));
            }
        }
        Ok(usual)
    }
}
