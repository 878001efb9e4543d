//! Groups of customers by the period of their origin, or by a column of it (channel, shop, product,
//! any dimension).
//!
//! A column of orders or lines has its value at the origin; where lines differ, the line with the
//! greatest amount decides. A column of customers (`first_channel`, a dimension of the customers
//! table) has the customer's value.

use super::history::{Histories, History, Origin};
use crate::context::{Context, collect, filled, push, room};
use crate::data::filter::{Attribute, AttributeValues, Level};
use crate::data::orders::view::rank;
use crate::error::Result;
use crate::ids::NO_ID;
use crate::time::{Day, Period};

/// The customers of the histories with their groups.
pub(crate) struct Grouping {
    /// By code.
    pub(crate) origins: Vec<Origin>,
    /// The values of each key column, by index in `origins`.
    pub(crate) keys: Vec<(String, AttributeValues)>,
    /// Indices into `origins`, by group; ascending within a group.
    members: Vec<u32>,
    groups: Vec<Group>,
}

/// One group, of at least one customer.
#[derive(Clone, Copy)]
pub(crate) struct Group {
    /// The start of its members.
    start: usize,
    end: usize,
    /// An index into the key columns that has the group's values.
    pub(crate) place: usize,
}

impl Group {
    pub(crate) fn len(&self) -> u64 {
        (self.end - self.start) as u64
    }
}

/// The number of ages held at once by all tallies: about 32 MB.
const AT_ONCE: usize = 1 << 20;

/// What customers are grouped by.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum GroupBy {
    /// The period of the origin.
    Period(Period),
    /// A column of this name.
    Column(String),
}

impl Grouping {
    /// The groups, in ascending order of their keys, nulls last. Origins before `from` or after
    /// `to` are left out.
    pub(crate) fn new(
        histories: &Histories,
        by: &[GroupBy],
        (from, to): (Option<Day>, Option<Day>),
        context: &Context,
    ) -> Result<Grouping> {
        let mut origins = Vec::new();
        let days = from.map_or(i32::MIN, |d| d.0)..=to.map_or(i32::MAX, |d| d.0);
        histories.origins(context, |code, first| {
            let origin = Origin {
                code,
                order: first.order,
                day: first.day,
            };
            match days.contains(&origin.day) {
                true => push(&mut origins, origin, "cohorts"),
                false => Ok(()),
            }
        })?;
        let mut keys = Vec::new();
        for key in by {
            keys.push(values(histories, key, &origins, context)?);
        }
        let (members, groups) = grouped(&keys, origins.len())?;
        Ok(Grouping {
            origins,
            keys,
            members,
            groups,
        })
    }

    /// Adds each customer to the tally of their group, and passes the tallies to the caller in the
    /// order of the groups. Customers are read in the order of memory. Where all tallies (of `ages`
    /// each) would need too much memory, there are several passes.
    pub(crate) fn tally<T>(
        &self,
        histories: &Histories,
        ages: usize,
        context: &Context,
        new: impl Fn() -> Result<T>,
        mut add: impl FnMut(&mut T, &Origin, &History) -> Result<()>,
        mut done: impl FnMut(Group, &T) -> Result<()>,
    ) -> Result<()> {
        let mut tally_of = filled(self.origins.len(), NO_ID, "cohorts")?;
        let mut history = History::default();
        for groups in self.groups.chunks((AT_ONCE / ages.max(1)).max(1)) {
            let mut tallies = room(groups.len(), "cohorts")?;
            tally_of.fill(NO_ID);
            for (i, group) in groups.iter().enumerate() {
                tallies.push(new()?);
                for at in &self.members[group.start..group.end] {
                    tally_of[*at as usize] = i as u32;
                }
            }
            for (i, (origin, tally)) in self.origins.iter().zip(&tally_of).enumerate() {
                if i.is_multiple_of(Context::BLOCK) {
                    context.check()?;
                }
                if let Some(tally) = tallies.get_mut(*tally as usize) {
                    histories.read(origin.code, &mut history)?;
                    add(tally, origin, &history)?;
                }
            }
            for (group, tally) in groups.iter().zip(&tallies) {
                done(*group, tally)?;
            }
        }
        Ok(())
    }
}

fn values(
    histories: &Histories,
    key: &GroupBy,
    origins: &[Origin],
    context: &Context,
) -> Result<(String, AttributeValues)> {
    let orders = &histories.selection.orders;
    let name = match key {
        GroupBy::Period(period) => {
            // The calendar is computed per day, not per customer.
            let first = origins.iter().map(|o| o.day).min().unwrap_or(0);
            let last = origins.iter().map(|o| o.day).max().unwrap_or(0);
            let days = 0..(last - first) as usize + 1;
            let starts = days.map(|i| Day(first + i as i32).start_of(*period).0);
            let starts = collect(starts, "cohorts")?;
            let days = origins.iter().map(|o| starts[(o.day - first) as usize]);
            let days = AttributeValues::Days(collect(days, "cohorts")?);
            return Ok(("cohort".to_owned(), days));
        }
        GroupBy::Column(name) => name,
    };
    let Attribute { level, values } = orders.attribute(name, context)?;
    let places = match level {
        Level::Customer => collect(origins.iter().map(|o| o.code), "cohorts")?,
        Level::Order | Level::Line => collect(origins.iter().map(|o| o.order), "cohorts")?,
    };
    let attribute = Attribute { level, values };
    Ok((name.clone(), orders.at_orders(attribute, None, &places)?))
}

/// The indices `0..n` sorted by their keys, and the groups of equal keys in that order.
fn grouped(keys: &[(String, AttributeValues)], n: usize) -> Result<(Vec<u32>, Vec<Group>)> {
    let mut ranks = Vec::new();
    for (_, values) in keys {
        ranks.push(rank(values)?);
    }
    let members = match &ranks[..] {
        [ranks] => by_rank(ranks)?,
        _ => {
            let mut members = collect((0..n).map(|i| i as u32), "cohorts")?;
            let key = |at: u32| ranks.iter().map(move |ranks| ranks[at as usize]);
            members.sort_unstable_by(|a, b| key(*a).cmp(key(*b)).then(a.cmp(b)));
            members
        }
    };
    let mut groups = Vec::new();
    let mut start = 0;
    for (i, at) in members.iter().enumerate() {
        let last = members
            .get(i + 1)
            .is_none_or(|next| ranks.iter().any(|r| r[*at as usize] != r[*next as usize]));
        if last {
            let group = Group {
                start,
                end: i + 1,
                place: *at as usize,
            };
            push(&mut groups, group, "cohorts")?;
            start = i + 1;
        }
    }
    Ok((members, groups))
}

/// The indices sorted by rank, stable: by counting where ranks are dense, by comparison otherwise.
fn by_rank(ranks: &[u32]) -> Result<Vec<u32>> {
    let known = || ranks.iter().filter(|r| **r != NO_ID);
    let least = known().min().copied().unwrap_or(0);
    let span = known().max().map_or(0, |most| (most - least) as usize + 1);
    let mut members = collect((0..ranks.len()).map(|i| i as u32), "cohorts")?;
    if span > 65_536 + 4 * ranks.len() {
        members.sort_unstable_by_key(|at| (ranks[*at as usize], *at));
        return Ok(members);
    }
    // Nulls are last.
    let bucket = |rank: u32| match rank {
        NO_ID => span,
        rank => (rank - least) as usize,
    };
    let mut next = filled(span + 2, 0_u32, "cohorts")?;
    for rank in ranks {
        next[bucket(*rank) + 1] += 1;
    }
    for i in 1..next.len() {
        next[i] += next[i - 1];
    }
    for (at, rank) in ranks.iter().enumerate() {
        let next = &mut next[bucket(*rank)];
        members[*next as usize] = at as u32;
        *next += 1;
    }
    Ok(members)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_grouped_alike_by_counting_and_by_sorting() {
        let near = [5, NO_ID, 3, 5, 4, 3, NO_ID];
        assert_eq!(by_rank(&near).unwrap(), [2, 5, 4, 0, 3, 1, 6]);
        let far = near.map(|r| if r == 5 { 4_000_000 } else { r });
        assert_eq!(by_rank(&far).unwrap(), [2, 5, 4, 0, 3, 1, 6]);
        assert!(by_rank(&[]).unwrap().is_empty());
        assert_eq!(by_rank(&[NO_ID]).unwrap(), [0]);
    }
}
