//! What recommends products to a customer: learned from the orders up to a date, for `recommend` and `backtest_recommend`.
//!
//! # Definition
//!
//! Items and what is in an order are as in [`baskets`](super::baskets); the items of a customer are those of their orders up to the
//! date. An item counts less the longer ago its last purchase by the customer is: w = 2^(−days / half_life). The score of an item B for a customer:
//!
//! ```text
//! item_cosine  Σ_A w_A · s(A, B)      A: the customer's items; s: the score of `similar_items` over customers, of the `neighbours`
//!                                     most similar items of A. The reason is the A of the greatest term.
//! transition   max_A n_AB / (n_A + shrinkage)     A: the items of the customer's last order; n_A: orders with A that have a next
//!                                     order, n_AB: of these, those whose next order holds B. The reason is the A of the maximum.
//! popular      Σ w over the customers who have B
//! bought       Σ 2^(−days / half_life) over the customer's own orders with B
//! due          min(t/c, c/t), at least ½    t: days since the customer's last purchase of B; c: usual days between two purchases
//!                                     of B, (2 g + Σ own) / (2 + n): g the median gap of all customers, at least 5 gaps; own: the
//!                                     customer's n gaps. Purchases on one day are one.
//! blend        Σ_m weight_m · score_m     m: bought, item_cosine, transition, and popular / the greatest popular of what may be
//!                                     recommended. The reason is that of the greatest term.
//! ```
//!
//! The weights of `blend` are those by which lists of `k` items, learned up to `period` before the date, would have had the greatest mean
//! ndcg ([`backtest_recommend`](super::backtest_recommend)) over the customers who bought in the period, at most 2,000 of them,
//! spread evenly over the ids. From 1 each, one weight after the other takes the best of 0, ¼, ½, 1, 2, 4 (popular: not 0),
//! twice; of equals the present one, then the least. The notes have them. If fewer than 30 customers bought in the period they stay 1,
//! and the notes say so.
//!
//! A list has the `k` greatest scores above 0; ties by id. If they are fewer than `k`, popular items follow, with their own score
//! and reason, until there are `k`. Only items that some customer has bought up to the date are recommended, never one that `candidates`
//! does not have or that the customer has, with `exclude` = bought.
//!
//! Customers of more than `max_basket` items teach neither `item_cosine` nor `transition` nor `due`; they are counted, and have lists.
//!
//! Source: Sarwar, B. and others (2001). Item-based collaborative filtering recommendation algorithms. *WWW*; Bell, R., Koren, Y.
//! (2007). Scalable collaborative filtering with jointly derived neighborhood interpolation weights. *ICDM*: the shrinkage. The shrinkage of
//! usual days (two gaps) and the bounds of `due` (half and double the usual days) are choices of this library.

mod blend;
mod guessed;
mod learn;
mod options;

use super::histories::Histories;
use crate::context::{Context, filled, push};
use crate::data::Orders;
use crate::error::Result;
use crate::ids::NO_ID;
use crate::scope::At;
use crate::table::Table;
use serde_json::json;
use std::cmp::Ordering;

use self::blend::{Chosen, Part};
pub(super) use self::guessed::{Guessed, discount};
pub(super) use self::options::check_k;
pub use self::options::{Exclude, Learning, Method, Reason};

/// What messages call the memory of this module.
const WHAT: &str = "recommendations";

/// The least number of gaps from which the usual days of an item are known.
const MIN_GAPS: usize = 5;

/// Gaps of a customer that weigh as much as the usual gap of all.
const USUAL_WEIGHT: f64 = 2.0;

/// The most times that a purchase counts half, so that no weight is 0.
const MAX_HALVINGS: f64 = 1_000.0;

/// The least score of an item that is due: between half and double the usual days.
const MIN_DUE: f64 = 0.5;

/// A recommended item.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Recommended {
    pub(super) item: u32,
    /// The item that is the reason, or none.
    pub(super) because: u32,
    pub(super) score: f64,
    /// The usual days of an item that is due.
    pub(super) usual_days: Option<f64>,
    pub(super) reason: Reason,
}

impl Recommended {
    /// Greatest score first, then id.
    fn compare(&self, other: &Self) -> Ordering {
        let by = other.score.total_cmp(&self.score);
        by.then(self.item.cmp(&other.item))
    }
}

/// An item of a customer.
#[derive(Clone, Copy)]
struct Own {
    item: u32,
    day: i32,
}

/// Items that point to others, with weights.
#[derive(Default)]
struct Links {
    /// The beginning of each item's links, and the end of the last.
    starts: Vec<usize>,
    to: Vec<(u32, f64)>,
}

impl Links {
    fn of(&self, item: u32) -> &[(u32, f64)] {
        &self.to[self.starts[item as usize]..self.starts[item as usize + 1]]
    }
}

/// What is asked for.
#[derive(Clone, Copy)]
pub(super) struct Asked {
    pub(super) method: Method,
    pub(super) exclude: Exclude,
    /// Items of a list.
    pub(super) k: usize,
}

/// What is learned from the orders up to a date.
pub(super) struct Recommender<'a> {
    known: &'a Histories,
    exclude_bought: bool,
    half_life: f64,
    /// Whether an item may be recommended.
    eligible: Vec<bool>,
    /// The items that may be recommended, most popular first.
    popular: Vec<Recommended>,
    /// The similar items of each; of `item_cosine` and `blend`.
    similar: Links,
    /// The next items of each; of `transition` and `blend`.
    next: Links,
    /// Of `blend`.
    chosen: Chosen,
    /// Usual days of each item, if known; of `due`.
    usual: Vec<Option<f64>>,
    method: Method,
    unknown_candidates: u64,
    too_large: u64,
}

/// The room in which lists are made.
pub(super) struct Scratch {
    score: Vec<f64>,
    /// The greatest term of the score, and the item it is of.
    best: Vec<(f64, u32)>,
    touched: Vec<u32>,
    /// The last customer, counted from 1, who has an item; who got it.
    has: Vec<usize>,
    listed: Vec<usize>,
    own: Vec<Own>,
    /// Of `blend`: the scores of each method, and the place of each item among them.
    parts: Vec<Part>,
    part_of: Vec<u32>,
    found: Vec<Recommended>,
}

impl Scratch {
    pub(super) fn new(n_items: usize) -> Result<Scratch> {
        Ok(Scratch {
            score: filled(n_items, 0.0, WHAT)?,
            best: filled(n_items, (0.0, NO_ID), WHAT)?,
            touched: Vec::new(),
            has: filled(n_items, 0, WHAT)?,
            listed: filled(n_items, 0, WHAT)?,
            own: Vec::new(),
            parts: Vec::new(),
            part_of: filled(n_items, NO_ID, WHAT)?,
            found: Vec::new(),
        })
    }

    /// The list that was made last.
    pub(super) fn list(&self) -> &[Recommended] {
        &self.found
    }

    /// Notes an item whose score is about to be above 0.
    fn touch(&mut self, item: u32) -> Result<()> {
        match self.best[item as usize].1 {
            NO_ID => push(&mut self.touched, item, WHAT),
            _ => Ok(()),
        }
    }

    /// Whether the customer whose list was made last has an item.
    pub(super) fn has(&self, customer: usize, item: u32) -> bool {
        self.has[item as usize] == customer + 1
    }
}

impl<'a> Recommender<'a> {
    /// Learns what a method needs. `blend` has equal weights.
    fn new(
        known: &'a Histories,
        (method, exclude): (Method, Exclude),
        learning: &Learning,
        context: &Context,
    ) -> Result<Recommender<'a>> {
        let half_life = learning.check()?;
        let mut made = Recommender {
            known,
            exclude_bought: exclude == Exclude::Bought,
            half_life,
            eligible: Vec::new(),
            popular: Vec::new(),
            similar: Links::default(),
            next: Links::default(),
            chosen: Chosen::default(),
            usual: Vec::new(),
            method,
            unknown_candidates: 0,
            too_large: 0,
        };
        let taught = made.count(learning, context)?;
        match method {
            Method::ItemCosine => made.similar = made.similar(&taught, learning, context)?,
            Method::Transition => made.next = made.next(&taught, learning, context)?,
            Method::Blend => {
                made.similar = made.similar(&taught, learning, context)?;
                made.next = made.next(&taught, learning, context)?;
            }
            Method::Due => made.usual = made.usual_days(&taught)?,
            Method::Popular | Method::Bought => {}
        }
        Ok(made)
    }

    /// Learns from the orders up to a date, which are `known`.
    pub(super) fn learned(
        (orders, at): (&Orders, &At),
        known: &'a Histories,
        asked: Asked,
        learning: &Learning,
        context: &Context,
    ) -> Result<Recommender<'a>> {
        let of = (asked.method, asked.exclude);
        let mut made = Recommender::new(known, of, learning, context)?;
        if asked.method == Method::Blend {
            made.chosen = blend::chosen((orders, at), known, asked, learning, context)?;
        }
        Ok(made)
    }

    /// The weight of a purchase on a day.
    fn weight(&self, day: i32) -> f64 {
        let halvings = f64::from(self.known.as_of.abs_diff(day)) / self.half_life;
        libm::exp2(-halvings.min(MAX_HALVINGS))
    }

    /// The last purchase of each item of a customer, by item.
    fn own(&self, customer: usize, own: &mut Vec<Own>) -> Result<()> {
        own.clear();
        for order in self.known.orders(customer) {
            let day = self.known.day(order);
            for item in self.known.items(order) {
                push(own, Own { item: *item, day }, WHAT)?;
            }
        }
        own.sort_unstable_by_key(|own| (own.item, std::cmp::Reverse(own.day)));
        own.dedup_by_key(|own| own.item);
        Ok(())
    }

    /// The days on which a customer bought each item, by item and day.
    fn purchase_days(&self, customer: usize, own: &mut Vec<Own>) -> Result<()> {
        own.clear();
        for order in self.known.orders(customer) {
            let day = self.known.day(order);
            for item in self.known.items(order) {
                push(own, Own { item: *item, day }, WHAT)?;
            }
        }
        own.sort_unstable_by_key(|own| (own.item, own.day));
        own.dedup_by_key(|own| (own.item, own.day));
        Ok(())
    }
}

/// The days between two purchases of an item, from all purchases by item and day.
fn gaps_of(own: &[Own]) -> impl Iterator<Item = (u32, u32)> {
    let pairs = own.windows(2).filter(|pair| pair[0].item == pair[1].item);
    pairs.map(|pair| (pair[0].item, pair[1].day.abs_diff(pair[0].day)))
}

impl Recommender<'_> {
    /// Makes the list of a customer: at most `k` items, best first.
    pub(super) fn list(&self, customer: usize, k: usize, scratch: &mut Scratch) -> Result<()> {
        self.own(customer, &mut scratch.own)?;
        for one in &scratch.own {
            scratch.has[one.item as usize] = customer + 1;
        }
        scratch.found.clear();
        match self.method {
            Method::ItemCosine => self.similar_to_own(customer, scratch)?,
            Method::Transition => self.after_last_order(customer, scratch)?,
            Method::Due => self.due(customer, scratch)?,
            Method::Bought => self.bought(customer, scratch)?,
            Method::Blend => self.blended((customer, k), scratch)?,
            Method::Popular => {}
        }
        let found = &mut scratch.found;
        if found.len() > k {
            found.select_nth_unstable_by(k, Recommended::compare);
            found.truncate(k);
        }
        found.sort_unstable_by(Recommended::compare);
        for one in found.iter() {
            scratch.listed[one.item as usize] = customer + 1;
        }
        for one in &self.popular {
            if found.len() == k {
                break;
            }
            let item = one.item as usize;
            let is_bought = self.exclude_bought && scratch.has[item] == customer + 1;
            if !is_bought && scratch.listed[item] != customer + 1 {
                push(found, *one, WHAT)?;
            }
        }
        Ok(())
    }

    /// Whether an item may be recommended to a customer.
    fn allows(&self, customer: usize, item: u32, scratch: &Scratch) -> bool {
        self.eligible[item as usize] && !(self.exclude_bought && scratch.has(customer, item))
    }

    fn similar_to_own(&self, customer: usize, scratch: &mut Scratch) -> Result<()> {
        for at in 0..scratch.own.len() {
            let own = scratch.own[at];
            let weight = self.weight(own.day);
            for (item, score) in self.similar.of(own.item) {
                let term = weight * score;
                scratch.touch(*item)?;
                scratch.score[*item as usize] += term;
                let best = &mut scratch.best[*item as usize];
                if term > best.0 {
                    *best = (term, own.item);
                }
            }
        }
        self.collect(customer, Reason::BoughtWith, scratch)
    }

    fn after_last_order(&self, customer: usize, scratch: &mut Scratch) -> Result<()> {
        let Some(last) = self.known.orders(customer).last() else {
            return Ok(());
        };
        for own in self.known.items(last) {
            for (item, score) in self.next.of(*own) {
                scratch.touch(*item)?;
                if *score > scratch.best[*item as usize].0 {
                    scratch.score[*item as usize] = *score;
                    scratch.best[*item as usize] = (*score, *own);
                }
            }
        }
        self.collect(customer, Reason::BoughtNext, scratch)
    }

    /// Moves the scores above 0 of items that may be recommended to what was found, and clears them.
    fn collect(&self, customer: usize, reason: Reason, scratch: &mut Scratch) -> Result<()> {
        while let Some(item) = scratch.touched.pop() {
            let score = std::mem::take(&mut scratch.score[item as usize]);
            let (_, because) = std::mem::replace(&mut scratch.best[item as usize], (0.0, NO_ID));
            if score > 0.0 && self.allows(customer, item, scratch) {
                let one = Recommended {
                    item,
                    because,
                    score,
                    usual_days: None,
                    reason,
                };
                push(&mut scratch.found, one, WHAT)?;
            }
        }
        Ok(())
    }

    fn due(&self, customer: usize, scratch: &mut Scratch) -> Result<()> {
        let mut days = std::mem::take(&mut scratch.own);
        self.purchase_days(customer, &mut days)?;
        for own in days.chunk_by(|a, b| a.item == b.item) {
            let Own { item, day } = own[own.len() - 1];
            let usual = self.usual[item as usize];
            let Some(usual) = usual.filter(|_| self.allows(customer, item, scratch)) else {
                continue;
            };
            let gaps = gaps_of(own).map(|(_, gap)| f64::from(gap));
            let n = USUAL_WEIGHT + (own.len() - 1) as f64;
            let usual = (USUAL_WEIGHT * usual + gaps.sum::<f64>()) / n;
            let open = f64::from(self.known.as_of.abs_diff(day));
            let score = (open / usual).min(usual / open);
            if score >= MIN_DUE {
                let one = Recommended {
                    item,
                    because: NO_ID,
                    score,
                    usual_days: Some(usual),
                    reason: Reason::Due,
                };
                push(&mut scratch.found, one, WHAT)?;
            }
        }
        scratch.own = days;
        Ok(())
    }

    fn bought(&self, customer: usize, scratch: &mut Scratch) -> Result<()> {
        for order in self.known.orders(customer) {
            let weight = self.weight(self.known.day(order));
            for item in self.known.items(order) {
                if scratch.score[*item as usize] == 0.0 {
                    push(&mut scratch.touched, *item, WHAT)?;
                }
                scratch.score[*item as usize] += weight;
            }
        }
        self.collect(customer, Reason::BoughtBefore, scratch)
    }

    /// How many items may be recommended.
    pub(super) fn n_candidates(&self) -> usize {
        self.popular.len()
    }

    /// The table with what is to be known of the orders and the candidates.
    pub(super) fn noted(&self, table: Table) -> Table {
        let table = self.known.noted(table);
        let table = self.chosen.noted(table, self.method);
        table
            .with_note("candidates", json!(self.n_candidates()))
            .with_note("candidates_without_order", json!(self.unknown_candidates))
            .with_note("customers_too_large", json!(self.too_large))
    }
}
