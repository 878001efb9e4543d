//! Customers after an event beside similar customers without one: matching at the risk set, and the mean difference.
//!
//! A case is a customer with an event on day `t`. Its controls are customers without an event up to `t`, as they were on
//! `t`, and both are followed for the same days after it. (Controls are not required to have no event later: whoever is
//! kept out for a later event would be kept out for buying, because events need orders.)
//!
//! ```text
//! candidates    customers whose last order up to t is at most w days apart from the case's; w is the least of 0, 1, ...
//!               30 with which there are 20 for each match
//! distance²     Σ_k ((x_k − y_k) / s_k)²,    x = (ln(1 + recency), ln orders, ln(1 + revenue)), s_k: deviation among cases
//! controls      the M nearest, ties by id; a customer may be a control of several cases
//! d_i           Y_i − mean of Y of its controls
//! τ             mean d_i over the n cases
//! V             (Σ (d_i − τ)² + Σ_j (K_j² − K'_j) σ_j²) / n²       K_j, K'_j: sums of 1/M and of 1/M² over the uses of j
//! interval      τ ± t_{n−1} √V
//! ```
//!
//! `σ_j²` is the variance of `Y` within the sets of controls that `j` is in, their mean.
//!
//! # References
//!
//! - Li, Y. P., Propert, K. J., Rosenbaum, P. R. (2001). Balanced risk set matching. *JASA* 96, 870-882.
//! - Abadie, A., Imbens, G. W. (2006). Large sample properties of matching estimators for average treatment effects.
//!   *Econometrica* 74, 235-267: V, of the effect on those with the event.

use crate::context::{Context, filled, push};
use crate::data::orders::index::Index;
use crate::data::orders::selection::{ORDER, REVENUE, Selection};
use crate::error::Result;
use crate::num::{Fraction, student};
use libm::{log, sqrt};
use std::collections::BTreeMap;

/// The most days between the last orders of a case and of a control.
const WIDEST: i32 = 30;

/// Candidates for each match, from which the nearest are taken.
const CANDIDATES: usize = 20;

/// A customer with an event.
#[derive(Debug, Clone, Copy)]
pub(super) struct Case {
    pub(super) customer: u32,
    pub(super) day: i32,
}

/// What a customer did in the days after: whether there was an order, and the revenue in major units.
pub(super) type Outcome = [f64; 2];

/// Recency, orders and revenue, on the scale of the distance.
type Place = [f64; 3];

/// A case with its controls.
#[derive(Debug, Clone)]
pub(super) struct Match {
    /// The place among the cases.
    pub(super) case: usize,
    pub(super) outcome: Outcome,
    place: Place,
    controls: Vec<(u32, Place, Outcome)>,
}

/// The cases with controls, and how many have none.
#[derive(Debug, Default)]
pub(super) struct Matches {
    pub(super) all: Vec<Match>,
    /// Cases without an order up to their day.
    pub(super) without_order: u64,
    /// Cases without any control.
    pub(super) unmatched: u64,
}

/// The orders of all customers, as an event's day sees them.
struct Shop<'a> {
    selection: &'a Selection,
    index: &'a Index,
    /// Days with orders of each customer, by day and id.
    days: Vec<(i32, u32, u32)>,
    /// The day of each customer's first event.
    first_event: &'a [i32],
    within: i32,
}

/// Finds the controls of each case. `first_event` has the day of each customer's first event, [`i32::MAX`] for none.
pub(super) fn matched(
    selection: &Selection,
    index: &Index,
    cases: &[Case],
    first_event: &[i32],
    within: u32,
    matches: u32,
    context: &Context,
) -> Result<Matches> {
    let shop = Shop::new(selection, index, first_event, within as i32)?;
    let mut found = Matches::default();
    let mut places = Vec::new();
    for (at, case) in cases.iter().enumerate() {
        match shop.place(case.customer, case.day) {
            Some((last, place)) => push(&mut places, (at, last, place), "matches")?,
            None => found.without_order += 1,
        }
    }
    let scale = deviations(&places);
    let mut near: Vec<(f64, u32, u32, Place)> = Vec::new();
    for (at, last, place) in places {
        context.check()?;
        let case = &cases[at];
        shop.candidates(case, last, matches as usize * CANDIDATES, &mut near)?;
        for (distance, _, _, other) in &mut near {
            let part = |k: usize| (place[k] - other[k]) / scale[k];
            *distance = (0..3).map(|k| part(k) * part(k)).sum();
        }
        near.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        near.truncate(matches as usize);
        if near.is_empty() {
            found.unmatched += 1;
            continue;
        }
        let control = |(_, _, code, place): &(f64, u32, u32, Place)| {
            (*code, *place, shop.outcome(*code, case.day))
        };
        let one = Match {
            case: at,
            outcome: shop.outcome(case.customer, case.day),
            place,
            controls: near.iter().map(control).collect(),
        };
        push(&mut found.all, one, "matches")?;
    }
    Ok(found)
}

/// The standard deviation of each part of the places; 1 where all are alike.
fn deviations(places: &[(usize, i32, Place)]) -> Place {
    let n = places.len() as f64;
    [0, 1, 2].map(|k| {
        let mean = places.iter().map(|(_, _, place)| place[k]).sum::<f64>() / n;
        let square = |value: f64| (value - mean) * (value - mean);
        let sum: f64 = places.iter().map(|(_, _, place)| square(place[k])).sum();
        let deviation = sqrt(sum / (n - 1.0));
        // Rounding leaves a deviation where there is none.
        if deviation > 1e-9 { deviation } else { 1.0 }
    })
}

impl<'a> Shop<'a> {
    fn new(
        selection: &'a Selection,
        index: &'a Index,
        first_event: &'a [i32],
        within: i32,
    ) -> Result<Shop<'a>> {
        let mut days = Vec::new();
        for (rank, code) in selection.ids().by_id()?.iter().enumerate() {
            let mut last = None;
            for (entry, action, _) in selection.of(index, *code) {
                if action & ORDER != 0 && last.replace(entry.day) != Some(entry.day) {
                    push(&mut days, (entry.day, rank as u32, *code), "matches")?;
                }
            }
        }
        days.sort_unstable();
        Ok(Shop {
            selection,
            index,
            days,
            first_event,
            within,
        })
    }

    /// The last order up to a day, and the place; `None` without an order.
    fn place(&self, code: u32, day: i32) -> Option<(i32, Place)> {
        let (mut last, mut orders, mut revenue) = (None, 0_u32, 0_i64);
        let before = self.selection.of(self.index, code);
        for (entry, action, amount) in before.take_while(|(entry, ..)| entry.day <= day) {
            if action & ORDER != 0 {
                last = Some(entry.day);
                orders += 1;
            }
            if action & REVENUE != 0 {
                revenue = revenue.saturating_add(amount);
            }
        }
        let last = last?;
        let revenue = self.selection.currency().major(revenue.max(0));
        let recency = f64::from(day - last);
        let place = [
            log(1.0 + recency),
            log(f64::from(orders)),
            log(1.0 + revenue),
        ];
        Some((last, place))
    }

    /// What a customer did in the days after a day.
    fn outcome(&self, code: u32, day: i32) -> Outcome {
        let (mut ordered, mut revenue) = (false, 0_i64);
        let until = day.saturating_add(self.within);
        for (entry, action, amount) in self.selection.of(self.index, code) {
            if entry.day <= day || entry.day > until {
                continue;
            }
            ordered |= action & ORDER != 0;
            if action & REVENUE != 0 {
                revenue = revenue.saturating_add(amount);
            }
        }
        [
            f64::from(u8::from(ordered)),
            self.selection.currency().major(revenue),
        ]
    }

    /// Customers without an event whose last order is about as long ago as the case's: with a distance to be filled in.
    fn candidates(
        &self,
        case: &Case,
        last: i32,
        wanted: usize,
        found: &mut Vec<(f64, u32, u32, Place)>,
    ) -> Result<()> {
        found.clear();
        for width in 0..=WIDEST {
            let days = [last.saturating_sub(width), last.saturating_add(width)];
            let days = &days[usize::from(width == 0)..];
            for day in days.iter().filter(|day| **day <= case.day) {
                self.add(case, *day, found)?;
            }
            if found.len() >= wanted {
                break;
            }
        }
        Ok(())
    }

    /// Adds the customers whose last order was on a day.
    fn add(&self, case: &Case, day: i32, found: &mut Vec<(f64, u32, u32, Place)>) -> Result<()> {
        let from = self.days.partition_point(|(of, ..)| *of < day);
        for (_, rank, code) in self.days[from..].iter().take_while(|(of, ..)| *of == day) {
            let is_free = self.first_event[*code as usize] > case.day && *code != case.customer;
            if !is_free {
                continue;
            }
            if let Some((last, place)) = self.place(*code, case.day)
                && last == day
            {
                push(found, (0.0, *rank, *code, place), "matches")?;
            }
        }
        Ok(())
    }
}

/// The mean of the cases, that of their controls, and the mean difference with its interval; what is not known is NaN.
#[derive(Debug, Clone, Copy)]
pub(super) struct Compared {
    pub(super) cases: f64,
    pub(super) controls: f64,
    pub(super) difference: [f64; 3],
}

/// Compares the cases with their controls in one part of the outcome.
pub(super) fn compare(matches: &[&Match], part: usize, level: Fraction) -> Result<Compared> {
    let n = matches.len() as f64;
    let mean_of = |one: &Match| {
        let sum: f64 = one.controls.iter().map(|(.., outcome)| outcome[part]).sum();
        sum / one.controls.len() as f64
    };
    let mut differences = filled(matches.len(), 0.0, "matches")?;
    for (difference, one) in differences.iter_mut().zip(matches) {
        *difference = one.outcome[part] - mean_of(one);
    }
    let mean = differences.iter().sum::<f64>() / n;
    // By control: K, K', the sum of the variances of its sets and their number.
    let mut uses: BTreeMap<u32, [f64; 4]> = BTreeMap::new();
    for one in matches {
        let (m, centre) = (one.controls.len() as f64, mean_of(one));
        let square = |value: f64| (value - centre) * (value - centre);
        let squares: f64 = one.controls.iter().map(|(.., o)| square(o[part])).sum();
        let (variance, known) = match one.controls.len() {
            1 => (0.0, 0.0),
            _ => (squares / (m - 1.0), 1.0),
        };
        for (code, ..) in &one.controls {
            let sums = uses.entry(*code).or_default();
            for (sum, more) in sums
                .iter_mut()
                .zip([1.0 / m, 1.0 / (m * m), variance, known])
            {
                *sum += more;
            }
        }
    }
    let again = |[k, k2, variance, sets]: &[f64; 4]| match *sets > 0.0 {
        true => (k * k - k2) * variance / sets,
        false => 0.0,
    };
    let squares: f64 = differences.iter().map(|d| (d - mean) * (d - mean)).sum();
    let variance = (squares + uses.values().map(again).sum::<f64>()) / (n * n);
    let half = match matches.len() > 1 && variance > 0.0 {
        true => student::quantile(0.5 + 0.5 * level.get(), n - 1.0) * sqrt(variance),
        false => f64::NAN,
    };
    let cases = matches.iter().map(|one| one.outcome[part]).sum::<f64>() / n;
    Ok(Compared {
        cases,
        controls: cases - mean,
        difference: [mean, mean - half, mean + half],
    })
}

/// The difference of the mean places, in deviations among the cases: how alike the controls are.
pub(super) fn imbalance(matches: &[&Match]) -> Place {
    let n = matches.len() as f64;
    [0, 1, 2].map(|k| {
        let mean = matches.iter().map(|one| one.place[k]).sum::<f64>() / n;
        let square = |one: &&&Match| (one.place[k] - mean) * (one.place[k] - mean);
        let deviation = sqrt(matches.iter().map(|one| square(&one)).sum::<f64>() / (n - 1.0));
        let of = |one: &Match| {
            let sum: f64 = one.controls.iter().map(|(_, place, _)| place[k]).sum();
            sum / one.controls.len() as f64
        };
        let difference = mean - matches.iter().map(|one| of(one)).sum::<f64>() / n;
        if deviation > 1e-9 {
            difference / deviation
        } else {
            difference
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(case: usize, outcome: f64, controls: &[(u32, f64)]) -> Match {
        let control = |(code, value): &(u32, f64)| (*code, [0.0; 3], [*value, 0.0]);
        Match {
            case,
            outcome: [outcome, 0.0],
            place: [0.0; 3],
            controls: controls.iter().map(control).collect(),
        }
    }

    /// Two cases with two controls each, of which one is the same.
    #[test]
    fn the_variance_by_hand() {
        let matches = [
            of(0, 5.0, &[(1, 1.0), (2, 3.0)]),
            of(1, 2.0, &[(2, 2.0), (3, 6.0)]),
        ];
        let matches: Vec<&Match> = matches.iter().collect();
        let found = compare(&matches, 0, Fraction::P95).unwrap();
        // d: 5 − 2 = 3 and 2 − 4 = −2, τ = ½, squares 2 · 2.5² = 12.5.
        assert_eq!((found.cases, found.controls), (3.5, 3.0));
        // Control 2: K = 1, K' = ½, its sets have the variances 2 and 8; the others are used once with ½: ¼ − ¼ = 0.
        let variance = (12.5 + 0.5 * 5.0) / 4.0;
        let half = 12.706_204_736_174_7 * f64::sqrt(variance);
        let [mean, low, high] = found.difference;
        assert!(
            mean == 0.5 && (high - mean - half).abs() < 1e-9 && (mean - low - half).abs() < 1e-9
        );
    }

    #[test]
    fn one_case_or_equal_ones_have_no_variance() {
        let one = [of(0, 5.0, &[(1, 1.0), (2, 3.0)])];
        let equal = [of(0, 1.0, &[(1, 1.0)]), of(1, 1.0, &[(2, 1.0)])];
        for matches in [&one[..], &equal[..]] {
            let matches: Vec<&Match> = matches.iter().collect();
            assert!(compare(&matches, 0, Fraction::P95).unwrap().difference[1].is_nan());
        }
    }
}
