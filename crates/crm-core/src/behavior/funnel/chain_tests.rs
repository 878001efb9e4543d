//! Compares every mode with an exhaustive search over all chains of small random logs.

use super::super::gaps::Gaps;
use super::super::unordered::Unordered;
use super::*;
use crate::random_tests::random_cases;
use proptest::prelude::*;

/// The result of the search: the deepest step; among its chains the latest start, then the most
/// steps filled, then the earliest times (compared from the first step on).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Found {
    level: usize,
    start: i64,
    filled: u32,
    times: Vec<std::cmp::Reverse<i64>>,
}

/// All chains, by recursion over events and steps.
fn search(shape: &Shape, hits: &[Hit], strict: bool) -> Option<Found> {
    fn extend(
        shape: &Shape,
        hits: &[Hit],
        strict: bool,
        chain: &mut Vec<(usize, usize)>,
        best: &mut Option<Found>,
    ) {
        if let (Some(first), Some(last)) = (chain.first(), chain.last()) {
            let found = Found {
                level: last.1 + 1,
                start: hits[first.0].time,
                filled: chain.len() as u32,
                times: chain
                    .iter()
                    .map(|(e, _)| std::cmp::Reverse(hits[*e].time))
                    .collect(),
            };
            if best.as_ref().is_none_or(|b| found > *b) {
                *best = Some(found);
            }
        }
        let next = usize::from(!shape.reuse);
        let (after, step_after) = chain.last().map_or((0, 0), |(e, s)| (e + next, s + 1));
        for event in after..hits.len() {
            for step in step_after..shape.n {
                if chain.is_empty() && step > 0 {
                    break;
                }
                let skipped = (step_after..step).any(|s| shape.optional >> s & 1 == 0);
                if skipped || hits[event].steps >> step & 1 == 0 {
                    continue;
                }
                if let (Some(first), Some((last, from))) = (chain.first(), chain.last()) {
                    let between = &hits[(last + 1).min(event)..event];
                    // The two neighbouring steps of the chain overlap the exclusion's range.
                    let forbidden = between.iter().any(|b| {
                        let mut rules = shape.exclusions.iter().enumerate();
                        rules.any(|(i, (f, u))| b.exclusions >> i & 1 == 1 && from < u && *f < step)
                    });
                    let mut late = hits[event].time - hits[first.0].time > shape.window;
                    if let Some((least, most)) = shape.gaps.get(step) {
                        let gap = hits[event].time - hits[*last].time;
                        late |= gap < *least || gap > *most;
                    }
                    if late || forbidden && !strict || strict && !between.is_empty() {
                        continue;
                    }
                }
                chain.push((event, step));
                extend(shape, hits, strict, chain, best);
                chain.pop();
            }
        }
    }
    let mut best = None;
    extend(shape, hits, strict, &mut Vec::new(), &mut best);
    best
}

/// Any order: all assignments of distinct events to the first k steps, or to any k steps.
fn search_unordered(shape: &Shape, hits: &[Hit]) -> Option<(usize, i64)> {
    fn assign(
        shape: &Shape,
        hits: &[Hit],
        steps: &[usize],
        chosen: &mut Vec<usize>,
        best: &mut Option<i64>,
    ) {
        let Some(step) = steps.get(chosen.len()) else {
            let (low, high) = (chosen.iter().min().unwrap(), chosen.iter().max().unwrap());
            let forbidden = hits[*low..=*high].iter().any(|h| h.exclusions != 0);
            let start = hits[*low].time;
            let first = shape.mode != Mode::FirstThenAny || *low == chosen[0];
            if first && !forbidden && hits[*high].time - start <= shape.window {
                *best = Some(best.map_or(start, |b| b.max(start)));
            }
            return;
        };
        for event in 0..hits.len() {
            if hits[event].steps >> step & 1 == 1 && !chosen.contains(&event) {
                chosen.push(event);
                assign(shape, hits, steps, chosen, best);
                chosen.pop();
            }
        }
    }
    (1..=shape.n).rev().find_map(|k| {
        let mut best: Option<i64> = None;
        for set in 0..1_u32 << shape.n {
            let first = shape.mode != Mode::AnyK;
            if set.count_ones() as usize != k || first && set != (1 << k) - 1 {
                continue;
            }
            let steps: Vec<usize> = (0..shape.n).filter(|s| set >> s & 1 == 1).collect();
            assign(shape, hits, &steps, &mut Vec::new(), &mut best);
        }
        best.map(|start| (k, start))
    })
}

fn found(outcome: &Outcome, n: usize) -> Option<Found> {
    let chain = outcome.chain?;
    Some(Found {
        level: outcome.level,
        start: chain.start,
        filled: chain.filled,
        times: (0..n)
            .filter(|s| chain.steps >> s & 1 == 1)
            .map(|s| std::cmp::Reverse(chain.times[s]))
            .collect(),
    })
}

/// Logs in which events often share an instant and often meet several steps, as repeated steps do.
fn logs() -> impl Strategy<Value = (Shape, Vec<Hit>)> {
    let shape = (
        1..6_usize,
        1..16_i64,
        prop_oneof![any::<u32>(), Just(u32::MAX)],
        prop::collection::vec((0..5_usize, 1..5_usize), 0..4),
    );
    // Most events fill one step or none, so that steps are skipped and exclusions cannot be
    // avoided.
    let steps = prop_oneof![3 => prop::sample::select(vec![0, 1, 2, 4, 8, 16]), 1 => 0..32_u32];
    let hits = prop::collection::vec((0..3_i64, steps, any::<u8>()), 0..10);
    (shape, hits).prop_map(|((n, window, optional, rules), hits)| {
        let inner = if n > 2 { ((1 << (n - 1)) - 1) & !1 } else { 0 };
        let exclusions = rules.into_iter().filter(|(from, _)| *from + 1 < n);
        let exclusions: Vec<_> = exclusions
            .map(|(from, length)| (from, (from + length).min(n - 1)))
            .collect();
        let mut time = 0;
        let hits = hits.into_iter().map(|(gap, steps, chance)| {
            time += gap;
            // One event in two may meet an exclusion.
            let exclusions = match chance % 2 {
                0 => u32::from(chance >> 4) & ((1 << exclusions.len()) - 1),
                _ => 0,
            };
            Hit {
                time,
                steps: steps & ((1 << n) - 1),
                exclusions,
            }
        });
        let hits = hits.collect();
        let optional = optional & inner;
        (
            Shape {
                n,
                window,
                optional,
                exclusions,
                ..Shape::default()
            },
            hits,
        )
    })
}

/// Steps `a b? c`; `x` is forbidden between b and c, `y` between a and b.
#[test]
fn exclusions_next_to_a_skipped_step_by_hand() {
    let shape = Shape {
        n: 3,
        window: 100,
        optional: 0b010,
        exclusions: vec![(1, 2), (0, 1)],
        ..Shape::default()
    };
    let level = |events: &str| {
        let hits = events.bytes().enumerate();
        let hits: Vec<Hit> = hits
            .map(|(time, event)| Hit {
                time: time as i64,
                steps: match event {
                    b'a'..=b'c' => 1 << (event - b'a'),
                    _ => 0,
                },
                exclusions: match event {
                    b'x' | b'y' => 1 << (event - b'x'),
                    _ => 0,
                },
            })
            .collect();
        Finder::new(&shape).find(&hits).level
    };
    for (events, expected) in [
        ("ac", 3),
        ("axc", 1),
        ("ayc", 1),
        ("axbc", 3), // b was done: x is not between b and c
        ("abyc", 3),
        ("abxc", 2),
        ("aybc", 1),
        ("axybc", 1), // x leaves b, y leaves nothing
        ("axabc", 3),
        ("axac", 3),
    ] {
        assert_eq!(level(events), expected, "{events}");
    }
}

proptest! {
    #![proptest_config(random_cases(10_000))]

    #[test]
    fn steps_in_order_equal_the_exhaustive_search((mut shape, hits) in logs(), strict: bool, reuse: bool) {
        shape.reuse = reuse;
        if strict {
            shape.mode = Mode::Strict;
        }
        let outcome = Finder::new(&shape).find(&hits);
        let expected = search(&shape, &hits, strict);
        match reuse {
            false => prop_assert_eq!(found(&outcome, shape.n), expected),
            // Chains that differ only in their times are equally good.
            true => prop_assert_eq!(found(&outcome, shape.n).map(without_times), expected.map(without_times)),
        }
        prop_assert!(!(outcome.excluded && shape.exclusions.is_empty()));
    }

    #[test]
    fn steps_with_gaps_equal_the_exhaustive_search(
        (mut shape, hits) in logs(),
        gaps in prop::collection::vec((0..4_i64, 0..6_i64), 5),
        reuse: bool,
    ) {
        (shape.optional, shape.reuse) = (0, reuse);
        shape.gaps = gaps[..shape.n].iter().map(|(least, more)| (*least, least + more)).collect();
        let outcome = Gaps::new(shape.n).find(&shape, &hits).unwrap();
        let expected = search(&shape, &hits, false);
        prop_assert_eq!(found(&outcome, shape.n).map(without_times), expected.map(without_times));
    }

    /// Gaps that allow everything change nothing.
    #[test]
    fn wide_gaps_are_none((mut shape, hits) in logs(), reuse: bool) {
        (shape.optional, shape.reuse) = (0, reuse);
        let plain = Finder::new(&shape).find(&hits);
        shape.gaps = vec![(0, shape.window); shape.n];
        let with = Gaps::new(shape.n).find(&shape, &hits).unwrap();
        prop_assert_eq!((plain.level, plain.excluded), (with.level, with.excluded));
        prop_assert_eq!(plain.chain.map(|c| c.start), with.chain.map(|c| c.start));
    }

    #[test]
    fn steps_in_any_order_equal_the_exhaustive_search(
        (mut shape, hits) in logs(),
        mode in prop::sample::select(vec![Mode::Unordered, Mode::FirstThenAny, Mode::AnyK]),
    ) {
        (shape.optional, shape.mode) = (0, mode);
        let outcome = Unordered::new(shape.n).find(&shape, &hits);
        let expected = search_unordered(&shape, &hits);
        prop_assert_eq!(outcome.chain.map(|c| (outcome.level, c.start)), expected);
        if let Some(chain) = outcome.chain.filter(|_| mode != Mode::AnyK) {
            // The times belong to different events that fill these steps.
            let mut used = vec![false; hits.len()];
            for step in 0..outcome.level {
                let fills = |h: &Hit| h.time == chain.times[step] && h.steps >> step & 1 == 1;
                prop_assert!(hits.iter().any(fills));
            }
            for step in 0..outcome.level {
                let at = (0..hits.len()).find(|i| !used[*i] && hits[*i].time == chain.times[step]);
                prop_assert!(at.is_some());
                used[at.unwrap()] = true;
            }
        }
    }

    // A finder keeps no state from one unit to the next.
    #[test]
    fn units_do_not_mix((mut shape, hits) in logs(), (_, other) in logs()) {
        let fresh = Finder::new(&shape).find(&hits);
        let mut used = Finder::new(&shape);
        let within = |h: &Hit| Hit { steps: h.steps & ((1 << shape.n) - 1), exclusions: 0, ..*h };
        let other: Vec<Hit> = other.iter().map(within).collect();
        used.find(&other);
        let again = used.find(&hits);
        prop_assert_eq!(found(&again, shape.n), found(&fresh, shape.n));
        prop_assert_eq!(again.excluded, fresh.excluded);
        shape.optional = 0;
        let fresh = Unordered::new(shape.n).find(&shape, &hits);
        let mut used = Unordered::new(shape.n);
        used.find(&shape, &other);
        let again = used.find(&shape, &hits);
        prop_assert_eq!(again.chain.map(|c| c.times), fresh.chain.map(|c| c.times));
    }
}

fn without_times(found: Found) -> Found {
    Found {
        times: Vec::new(),
        ..found
    }
}
