//! Ids of persons that stay when records are added.
//!
//! A person has the id of its first record, unless a record had a person at the last run: an old id wins. The person with
//! the record of that id keeps it; if there is no such record, the person with the most of its records does.

use super::fields::PersonChange;
use super::words::NONE;
use crate::context::{collect, filled, push};
use crate::error::Result;
use std::collections::BTreeMap;

/// A change of a person since the last run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) person: u32,
    pub(super) change: PersonChange,
    /// [`NONE`] for a new person.
    pub(super) previous: u32,
    pub(super) records: u32,
}

/// The records of one run, by place.
struct Run<'a> {
    /// The least place of each record's cluster.
    cluster: &'a [u32],
    /// The id of each record.
    id: &'a [u32],
    /// The person of each record at the last run; [`NONE`] for a new record.
    previous: &'a [u32],
    /// Number of ids.
    ids: usize,
    /// Records by previous person and cluster.
    counts: BTreeMap<(u32, u32), u32>,
}

/// The id of each record's person, and what has changed. `cluster` is the least place of each record's cluster, `id` the
/// id of each record, `previous` the person of each at the last run.
pub(super) fn persons(
    cluster: &[u32],
    id: &[u32],
    previous: Option<&[u32]>,
    ids: usize,
) -> Result<(Vec<u32>, Vec<Change>)> {
    let Some(previous) = previous else {
        let persons = collect(cluster.iter().map(|root| id[*root as usize]), "persons")?;
        return Ok((persons, Vec::new()));
    };
    let mut counts: BTreeMap<(u32, u32), u32> = BTreeMap::new();
    for (root, old) in cluster.iter().zip(previous) {
        if *old != NONE {
            *counts.entry((*old, *root)).or_default() += 1;
        }
    }
    let run = Run {
        cluster,
        id,
        previous,
        ids,
        counts,
    };
    let places = run.places()?;
    let keepers = run.keepers(&places);
    let chosen = run.chosen(&places, &keepers)?;
    let person_of = |root: u32| match chosen[root as usize] {
        NONE => id[root as usize],
        old => old,
    };
    let persons = collect(cluster.iter().map(|root| person_of(*root)), "persons")?;
    Ok((persons, run.changes(&keepers, person_of)?))
}

impl Run<'_> {
    /// The place of the record of each id; [`NONE`] if the record is gone.
    fn places(&self) -> Result<Vec<u32>> {
        let mut places = filled(self.ids, NONE, "persons")?;
        for (at, code) in self.id.iter().enumerate() {
            places[*code as usize] = at as u32;
        }
        Ok(places)
    }

    /// The cluster that keeps each old id: that of the record of the id, else the one with the most records of the person.
    fn keepers(&self, places: &[u32]) -> BTreeMap<u32, u32> {
        let mut most: BTreeMap<u32, (u32, u32)> = BTreeMap::new();
        for ((old, root), records) in &self.counts {
            let best = most.entry(*old).or_insert((0, NONE));
            if *records > best.0 || (*records == best.0 && *root < best.1) {
                *best = (*records, *root);
            }
        }
        let keeper = |(old, (_, root)): (u32, (u32, u32))| match places[old as usize] {
            NONE => (old, root),
            at => (old, self.cluster[at as usize]),
        };
        most.into_iter().map(keeper).collect()
    }

    /// The old id that each cluster takes; [`NONE`] if it keeps none. Of several old ids, the id of the earliest record
    /// wins; ids whose person has records in the cluster precede ids of which only the record itself is in it.
    fn chosen(&self, places: &[u32], keepers: &BTreeMap<u32, u32>) -> Result<Vec<u32>> {
        let mut first = filled(self.ids, NONE, "persons")?;
        for (at, old) in self.previous.iter().enumerate() {
            if *old != NONE {
                let first = &mut first[*old as usize];
                *first = (*first).min(at as u32);
            }
        }
        let mut best = filled(self.cluster.len(), (true, NONE, NONE), "persons")?;
        for (old, root) in keepers {
            let at = places[*old as usize].min(first[*old as usize]);
            let key = (!self.counts.contains_key(&(*old, *root)), at, *old);
            let best = &mut best[*root as usize];
            if best.2 == NONE || (key.0, key.1) < (best.0, best.1) {
                *best = key;
            }
        }
        collect(best.into_iter().map(|(_, _, old)| old), "persons")
    }

    /// Persons whose records came from another person, and new persons.
    fn changes(
        &self,
        keepers: &BTreeMap<u32, u32>,
        person_of: impl Fn(u32) -> u32,
    ) -> Result<Vec<Change>> {
        let mut changes = Vec::new();
        let mut had = filled(self.cluster.len(), false, "persons")?;
        for ((old, root), records) in &self.counts {
            had[*root as usize] = true;
            let person = person_of(*root);
            if person == *old {
                continue;
            }
            // A split leaves the old id to another cluster; after a merge no person has it.
            let lives = keepers
                .get(old)
                .is_some_and(|keeper| person_of(*keeper) == *old);
            let change = Change {
                person,
                change: match lives {
                    true => PersonChange::Split,
                    false => PersonChange::Merged,
                },
                previous: *old,
                records: *records,
            };
            push(&mut changes, change, "changes")?;
        }
        let mut sizes = filled(self.cluster.len(), 0_u32, "persons")?;
        (self.cluster.iter()).for_each(|root| sizes[*root as usize] += 1);
        for (root, records) in sizes.into_iter().enumerate() {
            if records > 0 && !had[root] {
                let change = Change {
                    person: person_of(root as u32),
                    change: PersonChange::New,
                    previous: NONE,
                    records,
                };
                push(&mut changes, change, "changes")?;
            }
        }
        Ok(changes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_ids_win_and_changes_are_told() {
        // Records 0 to 5, whose ids are 10 to 15. At the last run 0 and 1 were person 11, 2 was 12, 3 and 4 were 13.
        let id = [10, 11, 12, 13, 14, 15];
        let old = [11, 11, 12, 13, 13, NONE];
        // Now 0, 1 and 2 are one, 3 and 4 two, 5 is new.
        let (persons, changes) = persons(&[0, 0, 0, 3, 4, 5], &id, Some(&old), 16).unwrap();
        assert_eq!(persons, [11, 11, 11, 13, 14, 15]);
        let told = |c: &Change| (c.person, c.change, c.previous, c.records);
        let told: Vec<_> = changes.iter().map(told).collect();
        let expected = [
            (11, PersonChange::Merged, 12, 1),
            (14, PersonChange::Split, 13, 1),
            (15, PersonChange::New, NONE, 1),
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn the_id_of_a_record_that_is_gone_stays_with_most_of_its_records() {
        // Person 20 had records 0, 1 and 2; the record 20 itself is gone.
        let (persons, changes) = persons(&[0, 1, 1], &[10, 11, 12], Some(&[20; 3]), 21).unwrap();
        assert_eq!(persons, [10, 20, 20]);
        assert_eq!(changes.len(), 1);
        assert_eq!(
            (changes[0].person, changes[0].change),
            (10, PersonChange::Split)
        );
    }

    #[test]
    fn no_two_persons_have_one_id() {
        let mut seed = 3_u64;
        let mut random = |n: u32| {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) as u32 % n
        };
        for _ in 0..2_000 {
            let n = 1 + random(7);
            let id: Vec<u32> = (0..n).collect();
            let mut cluster: Vec<u32> = Vec::new();
            for at in 0..n {
                let pick = random(at + 1);
                cluster.push(if pick == at {
                    at
                } else {
                    cluster[pick as usize]
                });
            }
            let old: Vec<u32> = (0..n)
                .map(|_| random(n + 3))
                .map(|p| if p > n { NONE } else { p })
                .collect();
            let (persons, _) = persons(&cluster, &id, Some(&old), 16).unwrap();
            for a in 0..n as usize {
                for b in 0..n as usize {
                    assert_eq!(
                        persons[a] == persons[b],
                        cluster[a] == cluster[b],
                        "{cluster:?} {old:?}"
                    );
                }
            }
        }
    }
}
