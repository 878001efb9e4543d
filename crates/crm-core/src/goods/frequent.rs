//! Pairs and sets of items that are together in many baskets, counted exactly.
//!
//! For each set the places of its last item are known; what follows there in the baskets are its
//! extensions (occurrence deliver, as in LCM: Uno and others 2004). The sets are found depth first, so memory holds
//! the places along one path only.

use super::sets::{Chains, Sets};
use crate::context::{Context, collect, filled, push, room};
use crate::error::{Error, Result};
use std::sync::atomic::{AtomicU64, Ordering};

/// What messages call the memory of this module.
const WHAT: &str = "itemsets";

/// Items whose extensions are found in one part of the work.
const PART: usize = 128;

/// The most items of all sets together: tables of more do not fit into the memory of many machines.
const MOST: u64 = 20_000_000;

/// The error of more than [`MOST`]. `what` has grown too large.
pub(crate) fn too_many(sets: &Sets, least: u32, what: &str) -> Result<Error> {
    let counts = sets.counts()?;
    let frequent = |item: &&u32| counts[**item as usize] >= least;
    let sizes = (0..sets.len()).map(|at| sets.basket(at).iter().filter(frequent).count());
    let largest = sizes.max().unwrap_or(0);
    let expected = format!(
        "more, or a lower `max_length`: there are too many {what}; the largest basket has {largest} of the items that are in so \
         many baskets"
    );
    Ok(Error::option("min_count", least, expected))
}

/// The number of items in all sets of up to `longest` of `n` items.
fn items_of_parts(n: usize, longest: usize) -> u64 {
    let (mut sets, mut items) = (1.0, 0.0);
    for size in 1..=n.min(longest) {
        sets *= (n + 1 - size) as f64 / size as f64;
        items += sets * size as f64;
    }
    items as u64
}

/// Two items that are together in baskets, the lower number first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pair {
    pub(crate) a: u32,
    pub(crate) b: u32,
    /// Baskets with both.
    pub(crate) n: u32,
}

/// The pairs of at least `least` baskets, ascending.
pub(crate) fn pairs(sets: &Sets, least: u32, context: &Context) -> Result<Vec<Pair>> {
    let (chains, items) = sets.frequent(least, false)?;
    let parts = context.map(parts(&chains)?, |part| {
        context.check()?;
        let mut counter = Counter::new(&chains)?;
        let mut found = Vec::new();
        for item in part {
            for (other, n) in counter.extensions(chains.places(item), least)? {
                let pair = Pair {
                    a: items[item as usize],
                    b: items[*other as usize],
                    n: *n,
                };
                push(&mut found, pair, WHAT)?;
            }
        }
        Ok(found)
    })?;
    let mut all = room(parts.iter().map(Vec::len).sum(), WHAT)?;
    parts.into_iter().for_each(|part| all.extend(part));
    Ok(all)
}

/// Ranges of items.
fn parts(chains: &Chains) -> Result<Vec<std::ops::Range<u32>>> {
    let n = chains.n_items();
    let ranges = (0..n).step_by(PART);
    collect(ranges.map(|at| at as u32..(at + PART).min(n) as u32), WHAT)
}

/// Counts what follows at places.
struct Counter<'a> {
    chains: &'a Chains,
    /// By item; 0 between two calls.
    counts: Vec<u32>,
    found: Vec<(u32, u32)>,
}

impl<'a> Counter<'a> {
    fn new(chains: &'a Chains) -> Result<Self> {
        Ok(Counter {
            chains,
            counts: filled(chains.n_items(), 0, WHAT)?,
            found: room(chains.n_items(), WHAT)?,
        })
    }

    /// The items that follow at no fewer than `least` of these places, ascending, and at how many.
    fn extensions(&mut self, places: &[u32], least: u32) -> Result<&[(u32, u32)]> {
        let Counter {
            chains,
            counts,
            found,
        } = self;
        let mut steps = 0_usize;
        for place in places {
            chains.after(*place, |_, item| {
                // No item follows at more places than there are.
                let count = &mut counts[item as usize];
                *count = count.wrapping_add(1);
                steps += 1;
            });
        }
        found.clear();
        // Within its room: each item once.
        let mut take = |item: u32, count: &mut u32| {
            let count = std::mem::take(count);
            if count >= least {
                found.push((item, count));
            }
        };
        if steps > counts.len() / 4 {
            for (item, count) in counts.iter_mut().enumerate().filter(|(_, n)| **n > 0) {
                take(item as u32, count);
            }
            return Ok(found);
        }
        for place in places {
            chains.after(*place, |_, item| take(item, &mut counts[item as usize]));
        }
        found.sort_unstable();
        Ok(found)
    }
}

/// Sets of items and the number of baskets with each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Itemsets {
    /// The beginning of each set, and the end of the last.
    starts: Vec<usize>,
    /// The items, ascending in each set.
    items: Vec<u32>,
    counts: Vec<u32>,
}

impl Itemsets {
    fn new() -> Result<Self> {
        Ok(Itemsets {
            starts: filled(1, 0, WHAT)?,
            items: Vec::new(),
            counts: Vec::new(),
        })
    }

    /// The number of sets.
    pub(crate) fn len(&self) -> usize {
        self.counts.len()
    }

    /// The items of a set, ascending.
    pub(crate) fn set(&self, at: usize) -> &[u32] {
        &self.items[self.starts[at]..self.starts[at + 1]]
    }

    /// The number of baskets with a set.
    pub(crate) fn count(&self, at: usize) -> u32 {
        self.counts[at]
    }

    /// The places of the sets in the order of their items.
    pub(crate) fn sorted(&self) -> Result<Vec<u32>> {
        let mut places = collect(0..self.len() as u32, WHAT)?;
        places.sort_unstable_by(|a, b| self.set(*a as usize).cmp(self.set(*b as usize)));
        Ok(places)
    }

    fn add(&mut self, set: impl Iterator<Item = u32>, count: u32) -> Result<()> {
        let first = self.items.len();
        for item in set {
            push(&mut self.items, item, WHAT)?;
        }
        self.items[first..].sort_unstable();
        push(&mut self.starts, self.items.len(), WHAT)?;
        push(&mut self.counts, count, WHAT)
    }
}

/// The sets of at most `longest` items that are in at least `least` baskets, those of one item included.
pub(crate) fn itemsets(
    sets: &Sets,
    least: u32,
    longest: usize,
    context: &Context,
) -> Result<Itemsets> {
    let mut all = Itemsets::new()?;
    for (item, count) in sets.counts()?.iter().enumerate() {
        if *count >= least {
            all.add(std::iter::once(item as u32), *count)?;
        }
    }
    if longest < 2 {
        return Ok(all);
    }
    let (chains, items) = sets.frequent(least, true)?;
    // What is frequent in a basket that comes `least` times is so together.
    let sizes = (0..sets.len()).map(|at| sets.basket(at).len());
    if least == 1 && items_of_parts(sizes.max().unwrap_or(0), longest) > MOST {
        return Err(too_many(sets, least, "sets")?);
    }
    let n_items = AtomicU64::new(0);
    let found = context.map(parts(&chains)?, |part| {
        let mut search = Search {
            sets,
            n_items: &n_items,
            counter: Counter::new(&chains)?,
            items: &items,
            least,
            longest,
            found: Itemsets::new()?,
        };
        for item in part {
            context.check()?;
            search.beginning_with(item, context)?;
        }
        Ok(search.found)
    })?;
    for part in &found {
        for at in 0..part.len() {
            all.add(part.set(at).iter().copied(), part.count(at))?;
        }
    }
    Ok(all)
}

/// The search for the sets that begin with one item.
struct Search<'a> {
    sets: &'a Sets,
    /// The items of all sets so far, of all parts of the work.
    n_items: &'a AtomicU64,
    counter: Counter<'a>,
    /// The number of each item in the baskets.
    items: &'a [u32],
    least: u32,
    longest: usize,
    found: Itemsets,
}

/// The extensions of one set on the path of the search.
struct Level {
    /// Items, and where their places end.
    extensions: Vec<(u32, u32)>,
    places: Vec<u32>,
    /// The extension whose own extensions come next.
    next: usize,
}

impl Search<'_> {
    /// The path is a list, so that the depth of the stack does not depend on the data.
    fn beginning_with(&mut self, item: u32, context: &Context) -> Result<()> {
        let mut prefix = room(self.longest.min(64), WHAT)?;
        prefix.push(item);
        let mut path = Vec::new();
        let chains = self.counter.chains;
        if let Some(level) = self.level(&prefix, chains.places(item))? {
            push(&mut path, level, WHAT)?;
        }
        let mut steps = 0_usize;
        while let Some(level) = path.last_mut() {
            steps += 1;
            if steps.is_multiple_of(1024) {
                context.check()?;
            }
            // Nothing that is frequent follows the last extension.
            if level.next + 1 >= level.extensions.len() {
                path.pop();
                prefix.pop();
                continue;
            }
            let (item, end) = level.extensions[level.next];
            let begin = match level.next.checked_sub(1) {
                Some(before) => level.extensions[before].1,
                None => 0,
            };
            level.next += 1;
            let places = collect(
                level.places[begin as usize..end as usize].iter().copied(),
                WHAT,
            )?;
            push(&mut prefix, item, WHAT)?;
            match self.level(&prefix, &places)? {
                Some(level) => push(&mut path, level, WHAT)?,
                None => {
                    prefix.pop();
                }
            }
        }
        Ok(())
    }

    /// Adds the extensions of a set that is at these places to what was found. Returns them with their places, if they
    /// can be extended further.
    fn level(&mut self, prefix: &[u32], places: &[u32]) -> Result<Option<Level>> {
        let found = self.counter.extensions(places, self.least)?;
        let mut extensions = collect(found.iter().copied(), WHAT)?;
        let more = (extensions.len() * (prefix.len() + 1)) as u64;
        if self.n_items.fetch_add(more, Ordering::Relaxed) > MOST {
            return Err(too_many(self.sets, self.least, "sets")?);
        }
        for (item, count) in &extensions {
            let set = prefix
                .iter()
                .chain([item])
                .map(|item| self.items[*item as usize]);
            self.found.add(set, *count)?;
        }
        if extensions.len() < 2 || prefix.len() + 2 > self.longest {
            return Ok(None);
        }
        let total: u32 = extensions.iter().map(|(_, count)| count).sum();
        let mut all = filled(total as usize, 0, WHAT)?;
        // The next free place of each extension, plus one, by item.
        let mut end = 0;
        for (item, count) in &extensions {
            self.counter.counts[*item as usize] = end + 1;
            end += count;
        }
        let Counter { chains, counts, .. } = &mut self.counter;
        for place in places {
            chains.after(*place, |place, item| {
                let next = &mut counts[item as usize];
                if *next != 0 {
                    all[*next as usize - 1] = place;
                    *next += 1;
                }
            });
        }
        for (item, count) in &mut extensions {
            *count = std::mem::take(&mut self.counter.counts[*item as usize]) - 1;
        }
        Ok(Some(Level {
            extensions,
            places: all,
            next: 0,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::num::rng::Rng;

    /// Baskets of up to nine of `n` items, some items much more frequent than others.
    fn baskets(seed: u64, n: u32) -> (Vec<Vec<u32>>, Sets) {
        let mut rng = Rng::new(seed);
        let mut baskets = Vec::new();
        for _ in 0..60 {
            let size = rng.below(10);
            let item = |rng: &mut Rng| {
                let most = 1 + rng.below(n.into());
                rng.below(most) as u32
            };
            baskets.push((0..size).map(|_| item(&mut rng)).collect::<Vec<_>>());
        }
        let of = baskets.iter().enumerate();
        let of: Vec<(u32, u32)> = of
            .flat_map(|(at, basket)| basket.iter().map(move |item| (at as u32, *item)))
            .collect();
        let (at, items): (Vec<u32>, Vec<u32>) = of.into_iter().unzip();
        let (sets, left_out) = Sets::of_entries(&at, &items, (60, n as usize), 9).unwrap();
        assert_eq!(left_out, 0);
        baskets.retain(|basket| !basket.is_empty());
        assert_eq!(sets.len(), baskets.len());
        (baskets, sets)
    }

    #[test]
    fn sets_and_pairs_are_those_found_by_trying_all() {
        let context = Context::default();
        let mut largest = 0;
        for seed in 0..30 {
            let n = 1 + seed as u32 % 9;
            let (baskets, sets) = baskets(seed, n);
            let least = 1 + seed as u32 % 7;
            let has = |basket: &Vec<u32>, set: u32| {
                (0..n).all(|item| set >> item & 1 == 0 || basket.contains(&item))
            };
            let mut expected = Vec::new();
            for set in 1..1_u32 << n {
                let count = baskets.iter().filter(|basket| has(basket, set)).count() as u32;
                if count >= least {
                    let items: Vec<u32> = (0..n).filter(|item| set >> item & 1 == 1).collect();
                    expected.push((items, count));
                }
            }
            expected.sort();
            for longest in [1, 2, 3, 20] {
                let found = itemsets(&sets, least, longest, &context).unwrap();
                let of = |at: u32| (found.set(at as usize).to_vec(), found.count(at as usize));
                let found: Vec<_> = found.sorted().unwrap().into_iter().map(of).collect();
                let mut expected = expected.clone();
                expected.retain(|(items, _)| items.len() <= longest);
                assert_eq!(found, expected, "seed {seed}, up to {longest}");
                largest = largest.max(found.len());
            }
            let pairs = pairs(&sets, least, &context).unwrap();
            let pairs: Vec<_> = pairs.iter().map(|p| (vec![p.a, p.b], p.n)).collect();
            expected.retain(|(items, _)| items.len() == 2);
            assert_eq!(pairs, expected, "seed {seed}");
        }
        assert!(largest > 100);
    }

    #[test]
    fn too_many_sets_are_refused_before_memory_runs_out() {
        let context = Context::default();
        // 24 items in one basket: 2²⁴ sets. In two, found during the search.
        for baskets in [1, 2] {
            let of = (0..baskets).flat_map(|at| (0..24).map(move |item| (at, item)));
            let (at, items): (Vec<u32>, Vec<u32>) = of.unzip();
            let (sets, _) = Sets::of_entries(&at, &items, (baskets as usize, 24), 200).unwrap();
            let error = itemsets(&sets, baskets, 200, &context)
                .unwrap_err()
                .to_string();
            assert!(error.contains("24 of the items"), "{error}");
            assert!(
                error.contains("max_length") && error.contains("min_count"),
                "{error}"
            );
            // 24 + 276 + 2,024 sets of up to three.
            assert_eq!(itemsets(&sets, baskets, 3, &context).unwrap().len(), 2324);
        }
    }

    #[test]
    fn baskets_of_too_many_items_are_left_out_whole() {
        // The second basket has three different items, the third only one.
        let (at, items) = ([0, 0, 1, 1, 1, 2, 2], [0, 1, 0, 1, 2, 2, 2]);
        let (sets, left_out) = Sets::of_entries(&at, &items, (4, 3), 2).unwrap();
        assert_eq!((sets.len(), left_out), (2, 1));
        assert_eq!((sets.basket(0), sets.basket(1)), (&[0, 1][..], &[2][..]));
        assert_eq!(sets.counts().unwrap(), [1, 1, 1]);
    }
}
