//! Baskets as sets of items: all items one after the other, and where each basket begins.

use crate::context::{collect, filled, room};
use crate::error::Result;

/// What messages call the memory of this module.
const WHAT: &str = "baskets";

/// Baskets of distinct items. Items are numbered from 0 in the order of their ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sets {
    /// The beginning of each basket, and the end of the last.
    starts: Vec<usize>,
    /// The items, ascending in each basket.
    items: Vec<u32>,
    n_items: usize,
}

impl Sets {
    /// Baskets from entries: the basket and the item of each. Baskets without entries are left out, and baskets of more
    /// than `most` items; the latter are counted.
    pub(crate) fn of_entries(
        baskets: &[u32],
        items: &[u32],
        (n_baskets, n_items): (usize, usize),
        most: usize,
    ) -> Result<(Sets, u64)> {
        let mut next = filled(n_baskets + 1, 0_usize, WHAT)?;
        for basket in baskets {
            next[*basket as usize + 1] += 1;
        }
        for basket in 0..n_baskets {
            next[basket + 1] += next[basket];
        }
        let mut all = filled(items.len(), 0_u32, WHAT)?;
        for (basket, item) in baskets.iter().zip(items) {
            let next = &mut next[*basket as usize];
            all[*next] = *item;
            *next += 1;
        }
        // Now `next` has the end of each basket. The distinct items move to the front.
        let mut starts = room(n_baskets + 1, WHAT)?;
        starts.push(0);
        let (mut begin, mut len, mut too_large) = (0, 0, 0);
        for end in &next[..n_baskets] {
            let basket = &mut all[begin..*end];
            basket.sort_unstable();
            let first = len;
            let mut before = None;
            for at in begin..*end {
                let item = all[at];
                if before != Some(item) {
                    all[len] = item;
                    len += 1;
                    before = Some(item);
                }
            }
            begin = *end;
            if len - first > most {
                len = first;
                too_large += 1;
            } else if len > first {
                starts.push(len);
            }
        }
        all.truncate(len);
        let sets = Sets {
            starts,
            items: all,
            n_items,
        };
        Ok((sets, too_large))
    }

    /// The number of baskets.
    pub(crate) fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// The items of a basket, ascending.
    pub(crate) fn basket(&self, at: usize) -> &[u32] {
        &self.items[self.starts[at]..self.starts[at + 1]]
    }

    /// The number of baskets with each item.
    pub(crate) fn counts(&self) -> Result<Vec<u32>> {
        let mut counts = filled(self.n_items, 0, WHAT)?;
        for item in &self.items {
            counts[*item as usize] += 1;
        }
        Ok(counts)
    }

    /// The same baskets with the items of at least `least` baskets only, which get new numbers: with `by_count`, rare items
    /// first. Baskets of fewer than two of them are left out. Returns the old number of each.
    pub(crate) fn frequent(&self, least: u32, by_count: bool) -> Result<(Chains, Vec<u32>)> {
        let counts = self.counts()?;
        let mut kept = room(self.n_items, WHAT)?;
        kept.extend((0..self.n_items as u32).filter(|item| counts[*item as usize] >= least.max(1)));
        if by_count {
            kept.sort_unstable_by_key(|item| (counts[*item as usize], *item));
        }
        let mut place = filled(self.n_items, u32::MAX, WHAT)?;
        for (at, item) in kept.iter().enumerate() {
            place[*item as usize] = at as u32;
        }
        let mut chain = room(self.items.len(), WHAT)?;
        for basket in 0..self.len() {
            let first = chain.len();
            let places = self.basket(basket).iter().map(|item| place[*item as usize]);
            chain.extend(places.filter(|place| *place != u32::MAX));
            match chain.len() - first {
                0 => {}
                1 => chain.truncate(first),
                _ => {
                    chain[first..].sort_unstable();
                    if let Some(last) = chain.last_mut() {
                        *last |= Chains::LAST;
                    }
                }
            }
        }
        let mut starts = filled(kept.len() + 1, 0_u32, WHAT)?;
        // Nothing follows the last item of a basket.
        for item in chain.iter().filter(|item| **item & Chains::LAST == 0) {
            starts[*item as usize + 1] += 1;
        }
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        let mut next = collect(starts.iter().copied(), WHAT)?;
        let mut places = filled(starts[kept.len()] as usize, 0_u32, WHAT)?;
        let inner = chain.iter().enumerate();
        for (at, item) in inner.filter(|(_, item)| **item & Chains::LAST == 0) {
            let next = &mut next[*item as usize];
            places[*next as usize] = at as u32;
            *next += 1;
        }
        let chains = Chains {
            chain,
            starts,
            places,
        };
        Ok((chains, kept))
    }
}

/// Baskets of at least two items, one after the other, and the places of each item.
#[derive(Debug)]
pub(crate) struct Chains {
    /// The items, ascending in each basket; the last of a basket has the bit [`Chains::LAST`].
    chain: Vec<u32>,
    /// The beginning of each item's places, and the end of the last.
    starts: Vec<u32>,
    places: Vec<u32>,
}

impl Chains {
    const LAST: u32 = 1 << 31;

    /// The number of items.
    pub(crate) fn n_items(&self) -> usize {
        self.starts.len() - 1
    }

    /// Where an item is, except at the end of a basket.
    pub(crate) fn places(&self, item: u32) -> &[u32] {
        let at = item as usize;
        &self.places[self.starts[at] as usize..self.starts[at + 1] as usize]
    }

    /// Passes the items of the basket after a place, with their places.
    #[inline]
    pub(crate) fn after(&self, place: u32, mut pass: impl FnMut(u32, u32)) {
        let mut place = place as usize;
        let mut last = self.chain[place] & Self::LAST != 0;
        while !last {
            place += 1;
            let Some(item) = self.chain.get(place) else {
                return;
            };
            last = item & Self::LAST != 0;
            pass(place as u32, item & !Self::LAST);
        }
    }
}
