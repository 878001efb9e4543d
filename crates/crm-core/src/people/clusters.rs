//! Clusters of records that are one person: links join them, strongest first, and a pair that may not be one person keeps
//! two clusters apart.

use crate::context::{collect, filled, push};
use crate::error::Result;

/// What became of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The two records are in one cluster.
    Joined,
    /// The cluster would have held two records that may not be one person.
    Forbidden,
    /// The cluster would have been too large.
    TooLarge,
}

/// Disjoint clusters. Each is known by its least record.
pub(super) struct Clusters {
    parent: Vec<u32>,
    /// The next record of the cluster, in a circle.
    next: Vec<u32>,
    size: Vec<u32>,
    /// As the size, but equal records count once.
    distinct: Vec<u32>,
    /// The first record that is equal to each.
    first: Vec<u32>,
}

impl Clusters {
    pub(super) fn new(records: usize) -> Result<Self> {
        let each = || collect((0..records).map(|at| at as u32), "clusters");
        Ok(Clusters {
            parent: each()?,
            next: each()?,
            size: filled(records, 1, "clusters")?,
            distinct: filled(records, 1, "clusters")?,
            first: each()?,
        })
    }

    /// The same, where a record that is equal to one before does not count in `most` of [`Clusters::link`].
    pub(super) fn of_distinct(first: &[u32]) -> Result<Self> {
        let mut clusters = Clusters::new(first.len())?;
        for (at, first) in first.iter().enumerate() {
            clusters.distinct[at] = u32::from(*first as usize == at);
            clusters.first[at] = *first;
        }
        Ok(clusters)
    }

    /// The least record of the cluster of a record.
    pub(super) fn of(&mut self, at: usize) -> usize {
        let mut root = at;
        while self.parent[root] as usize != root {
            root = self.parent[root] as usize;
        }
        let mut at = at;
        while self.parent[at] as usize != root {
            at = std::mem::replace(&mut self.parent[at], root as u32) as usize;
        }
        root
    }

    /// The records of the cluster of a record, in no particular order.
    pub(super) fn members(&self, at: usize) -> impl Iterator<Item = usize> + '_ {
        let mut here = Some(at);
        std::iter::from_fn(move || {
            let now = here?;
            here = Some(self.next[now] as usize).filter(|next| *next != at);
            Some(now)
        })
    }

    /// The same without records that are equal to another of them, so that many equal ones cost no time.
    fn different(&self, at: usize) -> impl Iterator<Item = usize> + '_ {
        let root = |mut at: usize| {
            while self.parent[at] as usize != at {
                at = self.parent[at] as usize;
            }
            at
        };
        let here = root(at);
        self.members(at).filter(move |at| {
            let first = self.first[*at] as usize;
            first == *at || root(first) != here
        })
    }

    pub(super) fn size(&mut self, at: usize) -> usize {
        let root = self.of(at);
        self.size[root] as usize
    }

    fn distinct(&mut self, at: usize) -> usize {
        let root = self.of(at);
        self.distinct[root] as usize
    }

    /// Makes one cluster of two.
    pub(super) fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.of(a), self.of(b));
        if a == b {
            return;
        }
        let (least, other) = (a.min(b), a.max(b));
        self.parent[other] = least as u32;
        self.size[least] += self.size[other];
        self.distinct[least] += self.distinct[other];
        self.next.swap(least, other);
    }

    /// Joins the ends of links in the given order, where no pair of the joined cluster is forbidden and it has at most
    /// `most` records that differ. Returns what became of each.
    pub(super) fn link(
        &mut self,
        links: impl Iterator<Item = (usize, usize)>,
        most: usize,
        forbidden: impl Fn(usize, usize) -> bool,
    ) -> Result<Vec<Outcome>> {
        let mut outcomes = Vec::new();
        for (a, b) in links {
            let outcome = if self.of(a) == self.of(b) {
                Outcome::Joined
            } else if self.distinct(a) + self.distinct(b) > most {
                Outcome::TooLarge
            } else if self
                .different(a)
                .any(|x| self.different(b).any(|y| forbidden(x.min(y), x.max(y))))
            {
                Outcome::Forbidden
            } else {
                self.join(a, b);
                Outcome::Joined
            };
            push(&mut outcomes, outcome, "links")?;
        }
        Ok(outcomes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether two records are connected by chosen links.
    fn connected(n: usize, links: &[(usize, usize)], chosen: u32) -> Vec<usize> {
        let mut of: Vec<usize> = (0..n).collect();
        for _ in 0..n {
            for (i, (a, b)) in links.iter().enumerate() {
                if chosen >> i & 1 == 1 {
                    let least = of[*a].min(of[*b]);
                    (of[*a], of[*b]) = (least, least);
                }
            }
        }
        of
    }

    /// Strongest first: the chosen links are the first in lexical order of all sets of links whose clusters hold no
    /// forbidden pair and are small enough, so each cut is the weakest one that could be made.
    #[test]
    fn cuts_are_the_weakest_of_all_that_could_be_made() {
        let mut seed = 1_u64;
        let mut random = |n: usize| {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) as usize % n
        };
        let mut cut = 0;
        for _ in 0..400 {
            let n = 3 + random(4);
            let mut links = Vec::new();
            for _ in 0..2 + random(7) {
                let (a, b) = (random(n), random(n));
                if a != b && !links.contains(&(a.min(b), a.max(b))) {
                    links.push((a.min(b), a.max(b)));
                }
            }
            let forbidden: Vec<(usize, usize)> = (0..1 + random(3))
                .map(|_| (random(n), random(n)))
                .filter(|(a, b)| a != b)
                .map(|(a, b)| (a.min(b), a.max(b)))
                .collect();
            let most = 2 + random(4);
            let fits = |of: &[usize]| {
                let whole = forbidden.iter().all(|(a, b)| of[*a] != of[*b]);
                whole && (0..n).all(|c| of.iter().filter(|x| **x == c).count() <= most)
            };
            // The best set, by brute force: as many of the strongest links as can be, the first that differs decides.
            let sets = (0..1_u32 << links.len()).filter(|set| fits(&connected(n, &links, *set)));
            let best = sets.max_by_key(|set| set.reverse_bits()).unwrap();
            let mut clusters = Clusters::new(n).unwrap();
            let outcomes = clusters
                .link(links.iter().copied(), most, |a, b| {
                    forbidden.contains(&(a, b))
                })
                .unwrap();
            let of: Vec<usize> = (0..n).map(|at| clusters.of(at)).collect();
            assert_eq!(
                of,
                connected(n, &links, best),
                "{links:?} {forbidden:?} {most}"
            );
            cut += outcomes.iter().filter(|o| **o != Outcome::Joined).count();
            for at in 0..n {
                let mut members: Vec<usize> = clusters.members(at).collect();
                members.sort_unstable();
                let expected: Vec<usize> = (0..n).filter(|x| of[*x] == of[at]).collect();
                assert_eq!(members, expected);
                assert_eq!(clusters.size(at), expected.len());
            }
        }
        assert!(cut > 300, "{cut}");
    }
}
