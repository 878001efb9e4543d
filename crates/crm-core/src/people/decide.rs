//! Which records are one person: pairs are compared, weighed and joined.

use super::blocks::{self, ends};
use super::clusters::{Clusters, Outcome};
use super::compare::Agreement;
use super::compare::{EMAIL, FAMILY, GIVEN, PATTERNS, Pattern};
use super::equal;
use super::records::Records;
use super::shared::{self, Shared};
use super::weights::{self, MIN_RECORDS, SHIPPED, Weights};
use super::words::{NONE, Words};
use crate::context::{Context, collect, filled, grow, push, room};
use crate::error::Result;
use libm::log2;

/// Why two records are or are not one person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rule {
    /// The same account.
    Account,
    /// The same e-mail address and name.
    EmailAndName,
    /// The weights of all fields.
    Comparison,
}

/// A pair that was decided or is for review.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Link {
    pub(super) a: u32,
    pub(super) b: u32,
    pub(super) rule: Rule,
    pub(super) pattern: Pattern,
    /// In bits.
    pub(super) weight: f64,
    pub(super) probability: f64,
    /// None for a pair that is for review.
    pub(super) outcome: Option<Outcome>,
}

/// The thresholds of a policy.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// The least probability of a link; none under the strict policy.
    pub(super) threshold: Option<f64>,
    pub(super) review_from: f64,
    pub(super) shared: usize,
    pub(super) block: usize,
    pub(super) cluster: usize,
}

/// What was found.
pub(super) struct Found {
    /// The least record of each record's person.
    pub(super) person: Vec<u32>,
    /// The least record of each record's household.
    pub(super) household: Vec<u32>,
    /// How sure each record's person is.
    pub(super) confidence: Vec<f64>,
    /// Pairs that the policy joins, and what became of them, strongest first.
    pub(super) links: Vec<Link>,
    /// Pairs for a human.
    pub(super) review: Vec<Link>,
    pub(super) shared: Vec<Shared>,
    pub(super) weights: Weights,
    pub(super) compared: u64,
    pub(super) split: u64,
    pub(super) skipped: u64,
}

/// Pairs with the agreement of their fields.
struct Compared {
    pairs: Vec<(u64, Pattern)>,
    counts: Vec<u64>,
}

/// Decides. `apart` holds pairs that a human has decided are two, `a < b`, ascending.
pub(super) fn decide(
    records: &mut Records,
    apart: &[(u32, u32)],
    limits: Limits,
    context: &Context,
) -> Result<Found> {
    let shared = shared::take_out(records, limits.shared)?;
    let records = &*records;
    let first = equal::first_of_each(records, apart)?;
    let made = blocks::pairs(records, &first, limits.block, context)?;
    let count = made.pairs.len() as u64;
    let compared = compare(records, made.pairs, context)?;
    let weights = match records.len < MIN_RECORDS {
        true => SHIPPED,
        false => weights::estimate(&compared.counts, &SHIPPED),
    };
    let rarity = [rarity(records, true)?, rarity(records, false)?];
    let judge = Judge {
        records,
        bits: weights.bits(),
        prior: weights.prior(),
        rarity,
        limits,
    };
    let is_apart = |a: usize, b: usize| apart.binary_search(&(a as u32, b as u32)).is_ok();
    let (mut links, mut review) = (Vec::new(), Vec::new());
    let mut households = Clusters::new(records.len)?;
    // The strongest pair of each record that did not join it to another person.
    let mut doubt = filled(records.len, 0.0_f64, "records")?;
    for (pair, pattern) in &compared.pairs {
        let (a, b) = ends(*pair);
        if pattern.is_household() {
            households.join(a, b);
        }
        if pattern.is_forbidden() || is_apart(a, b) {
            continue;
        }
        let (link, joins) = judge.link(a, b, *pattern);
        if joins {
            push(&mut links, link, "links")?;
        } else if link.probability >= limits.review_from {
            push(&mut review, link, "links")?;
        }
        for at in [a, b] {
            doubt[at] = doubt[at].max(if joins { 0.0 } else { link.probability });
        }
    }
    let accounts = accounts(records, &judge)?;
    sort(&mut links);
    let mut clusters = Clusters::of_distinct(&first)?;
    let ends_of = |link: &Link| (link.a as usize, link.b as usize);
    let of_accounts = clusters.link(accounts.iter().map(ends_of), usize::MAX, is_apart)?;
    let of_links = clusters.link(links.iter().map(ends_of), limits.cluster, |a, b| {
        let same = records.account[a] != NONE && records.account[a] == records.account[b];
        is_apart(a, b) || (!same && records.forbids(a, b))
    })?;
    let mut all = accounts;
    grow(&mut all, links.len(), "links")?;
    all.extend(links);
    for (link, outcome) in all.iter_mut().zip(of_accounts.into_iter().chain(of_links)) {
        link.outcome = Some(outcome);
    }
    let confidence = confidences(&all, &mut clusters, doubt)?;
    // A pair that other links have joined needs no review.
    review.retain(|link| clusters.of(link.a as usize) != clusters.of(link.b as usize));
    sort(&mut review);
    for at in 0..records.len {
        let person = clusters.of(at);
        households.join(at, person);
    }
    Ok(Found {
        person: collect((0..records.len).map(|at| clusters.of(at) as u32), "persons")?,
        household: collect(
            (0..records.len).map(|at| households.of(at) as u32),
            "persons",
        )?,
        confidence,
        links: all,
        review,
        shared,
        weights,
        compared: count,
        split: made.split,
        skipped: made.skipped,
    })
}

/// The confidence of each record: the probability of its strongest link within the person; of a record alone, 1 less the
/// probability of the strongest pair that did not join it. `doubt` has these probabilities of pairs that are no links.
fn confidences(links: &[Link], clusters: &mut Clusters, mut doubt: Vec<f64>) -> Result<Vec<f64>> {
    let mut confidence = filled(doubt.len(), 0.0_f64, "records")?;
    for link in links {
        for at in [link.a as usize, link.b as usize] {
            match link.outcome {
                Some(Outcome::Joined) => confidence[at] = confidence[at].max(link.probability),
                _ => doubt[at] = doubt[at].max(link.probability),
            }
        }
    }
    for (at, confidence) in confidence.iter_mut().enumerate() {
        if clusters.size(at) == 1 {
            *confidence = 1.0 - doubt[at];
        }
    }
    Ok(confidence)
}

/// Strongest first; equal ones in the order of their records.
fn sort(links: &mut [Link]) {
    links.sort_unstable_by(|x, y| {
        let by_weight = y.weight.total_cmp(&x.weight);
        let by_rule = (x.rule == Rule::Comparison).cmp(&(y.rule == Rule::Comparison));
        by_rule.then(by_weight).then((x.a, x.b).cmp(&(y.a, y.b)))
    });
}

fn compare(records: &Records, pairs: Vec<u64>, context: &Context) -> Result<Compared> {
    let mut counts = filled(PATTERNS, 0_u64, "patterns")?;
    let mut out = room(pairs.len(), "pairs")?;
    for (done, pair) in pairs.into_iter().enumerate() {
        if done % 4096 == 0 {
            context.check()?;
        }
        let (a, b) = ends(pair);
        let pattern = records.compare(a, b);
        if pattern.is_forbidden() {
            if pattern.is_household() {
                out.push((pair, pattern));
            }
            continue;
        }
        if pattern.most().is_none() {
            counts[usize::from(pattern.0)] += 1;
        }
        out.push((pair, pattern));
    }
    Ok(Compared { pairs: out, counts })
}

/// The bits that an equal name adds to the weight of an equal name of mean frequency: `log2 Σ p² / p`.
fn rarity(records: &Records, family: bool) -> Result<Rarity> {
    let name = if family {
        &records.family
    } else {
        &records.given
    };
    Ok(Rarity {
        written: bits_of(&name.written, &records.names)?,
        roman: bits_of(&name.roman, &records.roman)?,
    })
}

struct Rarity {
    written: Vec<f64>,
    roman: Vec<f64>,
}

fn bits_of(codes: &[u32], words: &Words) -> Result<Vec<f64>> {
    let mut counts = filled(words.len(), 0_u64, "names")?;
    for code in codes.iter().filter(|code| **code != NONE) {
        counts[*code as usize] += 1;
    }
    let n: u64 = counts.iter().sum();
    // Sums of whole numbers do not depend on the order of codes.
    let squares: u64 = counts.iter().map(|count| count * count).sum();
    let each = counts.iter().map(|count| match *count {
        0 => 0.0,
        count => log2(squares as f64 / (n as f64 * count as f64)),
    });
    collect(each, "names")
}

/// Judges a pair by the agreement of its fields.
struct Judge<'a> {
    records: &'a Records,
    bits: [[f64; 4]; super::compare::FIELDS],
    prior: f64,
    rarity: [Rarity; 2],
    limits: Limits,
}

impl Judge<'_> {
    /// The pair with its weight, and whether the policy joins it.
    fn link(&self, a: usize, b: usize, pattern: Pattern) -> (Link, bool) {
        let mut weight = self.prior;
        for (at, bits) in self.bits.iter().enumerate() {
            weight += bits[pattern.field(at) as usize];
        }
        for (at, name) in [(FAMILY, &self.records.family), (GIVEN, &self.records.given)] {
            if pattern.field(at) == Agreement::Agree {
                weight += self.rarity_of(at, name, a, b);
            }
        }
        weight = weight.min(pattern.most().unwrap_or(weight));
        let probability = weights::probability(weight);
        let same = |at| pattern.field(at) == Agreement::Agree;
        let named = same(EMAIL) && same(FAMILY) && same(GIVEN);
        // What the strict policy joins, the others join too.
        let likely = (self.limits.threshold)
            .is_some_and(|threshold| pattern.most().is_none() && probability >= threshold);
        let joins = named || likely;
        let rule = if named {
            Rule::EmailAndName
        } else {
            Rule::Comparison
        };
        let link = Link {
            a: a as u32,
            b: b as u32,
            rule,
            pattern,
            weight,
            probability,
            outcome: None,
        };
        (link, joins)
    }

    /// Of the name as written, else of its reading.
    fn rarity_of(&self, at: usize, name: &super::records::Name, a: usize, b: usize) -> f64 {
        let rarity = &self.rarity[usize::from(at == GIVEN)];
        let same = |codes: &[u32]| codes[a] != NONE && codes[a] == codes[b];
        if same(&name.written) {
            rarity.written[name.written[a] as usize]
        } else if same(&name.roman) {
            rarity.roman[name.roman[a] as usize]
        } else {
            0.0
        }
    }
}

/// Each record of an account with the one before it.
fn accounts(records: &Records, judge: &Judge) -> Result<Vec<Link>> {
    let mut order = Vec::new();
    for (at, code) in records
        .account
        .iter()
        .enumerate()
        .filter(|(_, code)| **code != NONE)
    {
        push(&mut order, (*code, at as u32), "links")?;
    }
    order.sort_unstable();
    let mut links = Vec::new();
    for pair in order.windows(2).filter(|pair| pair[0].0 == pair[1].0) {
        let (a, b) = (pair[0].1 as usize, pair[1].1 as usize);
        let pattern = records.compare(a, b);
        let (link, _) = judge.link(a, b, pattern);
        push(
            &mut links,
            Link {
                rule: Rule::Account,
                probability: 1.0,
                ..link
            },
            "links",
        )?;
    }
    links.sort_unstable_by_key(|link| (link.a, link.b));
    Ok(links)
}
