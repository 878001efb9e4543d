//! The method `blend`: the scores of other methods with the weights that would have guessed the last period best.

use super::super::histories::Histories;
use super::guessed::{Guessed, discount};
use super::options::{Learning, Method, Reason};
use super::{Asked, Recommended, Recommender, Scratch, WHAT};
use crate::context::{Context, collect, push, room};
use crate::data::Orders;
use crate::error::Result;
use crate::ids::NO_ID;
use crate::scope::At;
use crate::table::Table;
use crate::time::Day;
use serde_json::json;

/// The methods that are blended: the places of their scores and weights.
const BOUGHT: usize = 0;
const SIMILAR: usize = 1;
const NEXT: usize = 2;
const POPULAR: usize = 3;
const METHODS: [(Method, Reason); 4] = [
    (Method::Bought, Reason::BoughtBefore),
    (Method::ItemCosine, Reason::BoughtWith),
    (Method::Transition, Reason::BoughtNext),
    (Method::Popular, Reason::Popular),
];

/// The weights that are tried. Popular has no 0, so that lists are never filled up with scores of another kind.
const WEIGHTS: [f64; 6] = [0.0, 0.25, 0.5, 1.0, 2.0, 4.0];

/// How often each weight is chosen.
const ROUNDS: usize = 2;

/// The most customers whose purchases choose the weights, and the least.
const MOST: usize = 2_000;
const LEAST: usize = 30;

/// The scores of an item for a customer.
#[derive(Clone, Copy)]
pub(super) struct Part {
    item: u32,
    scores: [f64; 4],
    /// The item of the greatest term of [`SIMILAR`], and this term; the item of [`NEXT`].
    similar_to: (f64, u32),
    after: u32,
}

/// The weights, and what chose them.
#[derive(Default)]
pub(super) struct Chosen {
    weights: [f64; 4],
    /// The customers who bought in the period, at most [`MOST`].
    customers: usize,
}

impl Chosen {
    /// The table with the weights in its notes.
    pub(super) fn noted(&self, table: Table, method: Method) -> Table {
        if method != Method::Blend {
            return table;
        }
        let weights = METHODS.iter().zip(self.weights);
        let weights: serde_json::Map<_, _> = weights
            .map(|((method, _), weight)| (method.to_string(), json!(weight)))
            .collect();
        let chosen = json!({
            "weights": weights,
            "customers": self.customers,
            "chosen": self.customers >= LEAST,
        });
        table.with_note("blend", chosen)
    }
}

impl Scratch {
    /// The scores of an item, all 0 at first.
    fn part(&mut self, item: u32) -> Result<&mut Part> {
        let place = &mut self.part_of[item as usize];
        if *place == NO_ID {
            *place = self.parts.len() as u32;
            let part = Part {
                item,
                scores: [0.0; 4],
                similar_to: (0.0, NO_ID),
                after: NO_ID,
            };
            push(&mut self.parts, part, WHAT)?;
        }
        Ok(&mut self.parts[*place as usize])
    }
}

impl Recommender<'_> {
    /// The list of a customer by the weights.
    pub(super) fn blended(&self, of: (usize, usize), scratch: &mut Scratch) -> Result<()> {
        self.parts(of, scratch)?;
        for part in &scratch.parts {
            let terms = terms(part, &self.chosen.weights);
            let mut greatest = 0;
            for at in 1..terms.len() {
                if terms[at] > terms[greatest] {
                    greatest = at;
                }
            }
            let one = Recommended {
                item: part.item,
                because: match greatest {
                    SIMILAR => part.similar_to.1,
                    NEXT => part.after,
                    _ => NO_ID,
                },
                score: terms.iter().sum(),
                usual_days: None,
                reason: METHODS[greatest].1,
            };
            if one.score > 0.0 {
                push(&mut scratch.found, one, WHAT)?;
            }
        }
        Ok(())
    }

    /// The scores of all items that may be in a customer's list of `k` items.
    fn parts(&self, (customer, k): (usize, usize), scratch: &mut Scratch) -> Result<()> {
        scratch.parts.clear();
        for order in self.known.orders(customer) {
            let weight = self.weight(self.known.day(order));
            for item in self.known.items(order) {
                scratch.part(*item)?.scores[BOUGHT] += weight;
            }
        }
        for at in 0..scratch.own.len() {
            let own = scratch.own[at];
            let weight = self.weight(own.day);
            for (item, score) in self.similar.of(own.item) {
                let term = weight * score;
                let part = scratch.part(*item)?;
                part.scores[SIMILAR] += term;
                if term > part.similar_to.0 {
                    part.similar_to = (term, own.item);
                }
            }
        }
        for own in self.known.orders(customer).last().into_iter() {
            for own in self.known.items(own) {
                for (item, score) in self.next.of(*own) {
                    let part = scratch.part(*item)?;
                    if *score > part.scores[NEXT] {
                        part.scores[NEXT] = *score;
                        part.after = *own;
                    }
                }
            }
        }
        // Of the items that only popularity speaks for, the first `k` can be in the list.
        let greatest = self.popular.first().map_or(1.0, |first| first.score);
        let mut others = 0;
        for one in &self.popular {
            let is_new = scratch.part_of[one.item as usize] == NO_ID;
            if is_new && (others == k || !self.allows(customer, one.item, scratch)) {
                continue;
            }
            others += usize::from(is_new);
            scratch.part(one.item)?.scores[POPULAR] = one.score / greatest;
        }
        for part in &scratch.parts {
            scratch.part_of[part.item as usize] = NO_ID;
        }
        let mut parts = std::mem::take(&mut scratch.parts);
        parts.retain(|part| self.allows(customer, part.item, scratch));
        scratch.parts = parts;
        Ok(())
    }
}

/// The terms of an item's score.
fn terms(part: &Part, weights: &[f64; 4]) -> [f64; 4] {
    std::array::from_fn(|at| weights[at] * part.scores[at])
}

/// The weights by which lists of an earlier date would have been best.
pub(super) fn chosen(
    (orders, at): (&Orders, &At),
    known: &Histories,
    asked: Asked,
    learning: &Learning,
    context: &Context,
) -> Result<Chosen> {
    let day = Day(at.day.0.saturating_sub(learning.period_days()?));
    let of = (learning.level.as_str(), learning.free);
    let earlier = Histories::new(orders, &At { day, ..*at }, of, context)?;
    // All customers choose the weights, whoever is shown.
    let mut all = orders.clone();
    all.view.chosen = None;
    let guessed = Guessed::new(&all, (&earlier, known), asked.exclude, context)?;
    let n = guessed.customers.len();
    let mut chosen = Chosen {
        weights: [1.0; 4],
        customers: n.min(MOST),
    };
    if n < LEAST {
        return Ok(chosen);
    }
    let of = (asked.method, asked.exclude);
    let recommender = Recommender::new(&earlier, of, learning, context)?;
    let trials = Trials::new(&recommender, &guessed, asked.k, context)?;
    let mut best = trials.ndcg(&chosen.weights, asked.k, context)?;
    for _ in 0..ROUNDS {
        for method in 0..METHODS.len() {
            for weight in &WEIGHTS[usize::from(method == POPULAR)..] {
                let mut weights = chosen.weights;
                weights[method] = *weight;
                let ndcg = trials.ndcg(&weights, asked.k, context)?;
                if ndcg > best {
                    (best, chosen.weights) = (ndcg, weights);
                }
            }
        }
    }
    Ok(chosen)
}

/// The scores of customers' items at an earlier date, and what they bought then.
struct Trials {
    parts: Vec<Part>,
    bought: Vec<u32>,
    /// The ends of each customer's items in both.
    ends: Vec<(usize, usize)>,
}

impl Trials {
    fn new(
        recommender: &Recommender<'_>,
        guessed: &Guessed,
        k: usize,
        context: &Context,
    ) -> Result<Trials> {
        let n = guessed.customers.len();
        let mut trials = Trials {
            parts: Vec::new(),
            bought: Vec::new(),
            ends: room(n.min(MOST), WHAT)?,
        };
        let mut scratch = Scratch::new(guessed.n_items)?;
        for (at, (customer, bought)) in guessed.each().enumerate() {
            // One of n/MOST customers: the first of those that have a new whole number.
            let share = |at: usize| at * MOST / n;
            if n > MOST && at > 0 && share(at) == share(at - 1) {
                continue;
            }
            context.check()?;
            // The list itself is not used; making it finds what the customer has.
            recommender.list(customer, k, &mut scratch)?;
            for part in &scratch.parts {
                push(&mut trials.parts, *part, WHAT)?;
            }
            for item in bought {
                push(&mut trials.bought, *item, WHAT)?;
            }
            let ends = (trials.parts.len(), trials.bought.len());
            push(&mut trials.ends, ends, WHAT)?;
        }
        Ok(trials)
    }

    /// The sum of ndcg over the customers.
    fn ndcg(&self, weights: &[f64; 4], k: usize, context: &Context) -> Result<f64> {
        let mut sum = 0.0;
        let (mut part, mut item) = (0, 0);
        for (of_parts, of_items) in &self.ends {
            context.check()?;
            let parts = &self.parts[part..*of_parts];
            let bought = &self.bought[item..*of_items];
            (part, item) = (*of_parts, *of_items);
            let scores = parts.iter();
            let scores = scores.map(|part| (terms(part, weights).iter().sum(), part.item));
            let mut scored: Vec<(f64, u32)> = collect(scores, WHAT)?;
            let by = |a: &(f64, u32), b: &(f64, u32)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
            if scored.len() > k {
                scored.select_nth_unstable_by(k, by);
                scored.truncate(k);
            }
            scored.sort_unstable_by(by);
            let found = scored.iter().enumerate();
            let found = found
                .filter(|(_, (score, item))| *score > 0.0 && bought.binary_search(item).is_ok());
            let gain: f64 = found.map(|(at, _)| discount(at)).sum();
            let best: f64 = (0..k.min(bought.len())).map(discount).sum();
            sum += gain / best;
        }
        Ok(sum)
    }
}
