//! The model of Fellegi and Sunter: the evidence in the agreement of each field.
//!
//! # Definition
//!
//! With `m_f(l)` the probability of level `l` of field `f` among pairs of one person, `u_f(l)` that among pairs of two,
//! and `λ` the share of pairs of one person, the weight of a pair is, in bits,
//!
//! ```text
//! W = log2 λ/(1 − λ) + Σ_f log2 m_f(l_f)/u_f(l_f),     P = 1/(1 + 2^−W)
//! ```
//!
//! over the fields that both records have. `m`, `u` and `λ` are estimated by EM over the pairs that are compared, with the
//! shipped numbers as [`PRIOR`] pairs of each kind. `u` is the share among compared pairs, which have a key in common, and not
//! among all pairs: two people of one block often have one family name. `m/u` never falls from differ to close and from
//! close to agree, so that no disagreement speaks for one person; levels that would are pooled. Below [`MIN_RECORDS`] records the shipped numbers are used as they are.
//!
//! Source: Fellegi, Sunter (1969), *A Theory for Record Linkage*; Winkler (1988) for EM.

use super::compare::{FIELDS, PATTERNS, Pattern};
use libm::{exp2, fabs, log2};

/// Fewer records than these get the shipped weights.
pub(super) const MIN_RECORDS: usize = 1_000;

/// As many pairs of each kind as the shipped numbers count for.
const PRIOR: f64 = 50.0;

/// The probabilities of differ, close and agree of each field.
type Levels = [[f64; 3]; FIELDS];

/// The model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Weights {
    pub(super) m: Levels,
    pub(super) u: Levels,
    pub(super) lambda: f64,
}

/// The shipped numbers: family and given name, date of birth, sex, e-mail, telephone number, address.
pub(super) const SHIPPED: Weights = Weights {
    m: [
        [0.05, 0.05, 0.90],
        [0.02, 0.06, 0.92],
        [0.02, 0.05, 0.93],
        [0.02, 0.00, 0.98],
        [0.45, 0.05, 0.50],
        [0.35, 0.05, 0.60],
        [0.25, 0.10, 0.65],
    ],
    u: [
        [0.30, 0.05, 0.65],
        [0.35, 0.05, 0.60],
        [0.93, 0.02, 0.05],
        [0.40, 0.00, 0.60],
        [0.97, 0.01, 0.02],
        [0.97, 0.01, 0.02],
        [0.90, 0.05, 0.05],
    ],
    lambda: 0.3,
};

impl Weights {
    /// The weights of each field and level, in bits; the weight of a missing field is 0.
    pub(super) fn bits(&self) -> [[f64; 4]; FIELDS] {
        let mut bits = [[0.0; 4]; FIELDS];
        for (f, of_field) in bits.iter_mut().enumerate() {
            for (level, bits) in of_field.iter_mut().take(3).enumerate() {
                // A level that neither has (sexes are never close) says nothing.
                *bits = log2(self.m[f][level].max(1e-6) / self.u[f][level].max(1e-6));
            }
        }
        bits
    }

    /// The weight before anything is compared.
    pub(super) fn prior(&self) -> f64 {
        log2(self.lambda / (1.0 - self.lambda))
    }
}

/// The probability that belongs to a weight.
pub(super) fn probability(weight: f64) -> f64 {
    1.0 / (1.0 + exp2(-weight))
}

/// Estimates the model from the number of pairs of each pattern, by EM until no probability moves by 10⁻⁹, or 500 rounds.
pub(super) fn estimate(counts: &[u64], start: &Weights) -> Weights {
    debug_assert_eq!(counts.len(), PATTERNS);
    let mut model = *start;
    for _ in 0..500 {
        let next = round(counts, &model, start);
        let moved = distance(&model, &next);
        model = next;
        if moved < 1e-9 {
            break;
        }
    }
    model
}

/// One round of EM: the expected pairs of each kind (E), and the shares of levels among them (M).
fn round(counts: &[u64], model: &Weights, start: &Weights) -> Weights {
    let (mut m, mut u) = ([[0.0; 3]; FIELDS], [[0.0; 3]; FIELDS]);
    for f in 0..FIELDS {
        for level in 0..3 {
            m[f][level] = PRIOR * start.m[f][level];
            u[f][level] = PRIOR * start.u[f][level];
        }
    }
    let bits = model.bits();
    let (mut ones, mut all) = (2.0 * PRIOR * start.lambda, 2.0 * PRIOR);
    for (pattern, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        let pattern = Pattern(pattern as u16);
        let fields = (0..FIELDS).map(|f| bits[f][pattern.field(f) as usize]);
        let p = probability(fields.fold(model.prior(), |sum, bits| sum + bits));
        let count = *count as f64;
        ones += count * p;
        all += count;
        for f in 0..FIELDS {
            let level = pattern.field(f) as usize;
            if level < 3 {
                m[f][level] += count * p;
                u[f][level] += count * (1.0 - p);
            }
        }
    }
    for levels in m.iter_mut().chain(u.iter_mut()) {
        let sum: f64 = levels.iter().sum();
        levels.iter_mut().for_each(|share| *share /= sum);
    }
    for (m, u) in m.iter_mut().zip(&mut u) {
        ascending(m, u);
    }
    Weights {
        m,
        u,
        lambda: ones / all,
    }
}

/// Pools neighbouring levels until `m/u` ascends: pooled levels have one ratio, and keep the mean of their shares in both.
fn ascending(m: &mut [f64; 3], u: &mut [f64; 3]) {
    // The first level of each pool and the one after its last. A level that no pair has is in the pool before it.
    let mut pools: Vec<(usize, usize)> = Vec::new();
    let sum = |of: &[f64; 3], (from, to): (usize, usize)| of[from..to].iter().sum::<f64>();
    for level in 0..3 {
        pools.push((level, level + 1));
        while let [.., before, last] = pools[..] {
            let falls = sum(m, before) * sum(u, last) > sum(m, last) * sum(u, before);
            let is_empty = sum(m, last) + sum(u, last) == 0.0;
            if !falls && !is_empty {
                break;
            }
            pools.truncate(pools.len() - 2);
            pools.push((before.0, last.1));
        }
    }
    for pool in pools.into_iter().filter(|(from, to)| to - from > 1) {
        let (of_m, of_u) = (sum(m, pool), sum(u, pool));
        for level in pool.0..pool.1 {
            let share = (m[level] + u[level]) / (of_m + of_u);
            (m[level], u[level]) = (share * of_m, share * of_u);
        }
    }
}

fn distance(a: &Weights, b: &Weights) -> f64 {
    let flat = |w: &Weights| {
        w.m.iter()
            .chain(&w.u)
            .flatten()
            .copied()
            .chain([w.lambda])
            .collect::<Vec<_>>()
    };
    flat(a)
        .iter()
        .zip(flat(b))
        .fold(0.0, |most, (a, b)| fabs(a - b).max(most))
}

#[cfg(test)]
mod tests {
    use super::super::compare::Agreement;
    use super::*;

    fn random(seed: &mut u64) -> f64 {
        *seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (*seed >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Pairs of one and of two people with these probabilities; one field in ten is missing.
    fn pairs(model: &Weights, n: usize) -> Vec<(Pattern, bool)> {
        let mut seed = 5;
        let pair = |_| {
            let one = random(&mut seed) < model.lambda;
            let of = if one { &model.m } else { &model.u };
            let fields = std::array::from_fn(|f| {
                let (r, levels) = (random(&mut seed), of[f]);
                match () {
                    () if random(&mut seed) < 0.1 => Agreement::Missing,
                    () if r < levels[0] => Agreement::Differ,
                    () if r < levels[0] + levels[1] => Agreement::Close,
                    () => Agreement::Agree,
                }
            });
            (Pattern::of(fields), one)
        };
        (0..n).map(pair).collect()
    }

    fn counts(pairs: &[(Pattern, bool)]) -> Vec<u64> {
        let mut counts = vec![0; PATTERNS];
        pairs
            .iter()
            .for_each(|(pattern, _)| counts[usize::from(pattern.0)] += 1);
        counts
    }

    fn simulated() -> Weights {
        let mut model = SHIPPED;
        model.m[0] = [0.12, 0.08, 0.80];
        model.u[0] = [0.55, 0.10, 0.35];
        model.m[4] = [0.30, 0.15, 0.55];
        model.u[2] = [0.80, 0.08, 0.12];
        model.lambda = 0.22;
        model
    }

    #[test]
    fn m_u_and_lambda_of_a_simulation_are_found_again() {
        let model = simulated();
        let found = estimate(&counts(&pairs(&model, 200_000)), &SHIPPED);
        assert!(
            fabs(found.lambda / model.lambda - 1.0) < 0.02,
            "{}",
            found.lambda
        );
        for (of, is) in [(&found.m, &model.m), (&found.u, &model.u)] {
            for (of, is) in of.iter().flatten().zip(is.iter().flatten()) {
                // Shares of some thousand pairs.
                assert!(fabs(of - is) < 0.1 * is + 0.002, "{of} for {is}");
            }
        }
    }

    /// The same rounds, pair by pair and with products of probabilities.
    #[test]
    fn em_has_the_numbers_of_a_plain_computation() {
        let pairs = pairs(&simulated(), 3_000);
        let counts = counts(&pairs);
        let (mut fast, mut slow) = (SHIPPED, SHIPPED);
        for _ in 0..12 {
            fast = round(&counts, &fast, &SHIPPED);
            let (mut m, mut u) = ([[0.0; 3]; FIELDS], [[0.0; 3]; FIELDS]);
            let (mut ones, mut all) = (100.0 * SHIPPED.lambda, 100.0);
            for (pattern, _) in &pairs {
                let levels: Vec<usize> = (0..FIELDS).map(|f| pattern.field(f) as usize).collect();
                let product = |of: &Levels| -> f64 {
                    let known = levels.iter().enumerate().filter(|(_, level)| **level < 3);
                    known.map(|(f, level)| of[f][*level].max(1e-6)).product()
                };
                let one = slow.lambda * product(&slow.m);
                let p = one / (one + (1.0 - slow.lambda) * product(&slow.u));
                ones += p;
                all += 1.0;
                for (f, level) in levels
                    .into_iter()
                    .enumerate()
                    .filter(|(_, level)| *level < 3)
                {
                    m[f][level] += p;
                    u[f][level] += 1.0 - p;
                }
            }
            for f in 0..FIELDS {
                let full = |of: &[f64; 3], start: &[f64; 3]| -> [f64; 3] {
                    let sum: f64 = of.iter().sum::<f64>() + 50.0;
                    std::array::from_fn(|l| (of[l] + 50.0 * start[l]) / sum)
                };
                (m[f], u[f]) = (full(&m[f], &SHIPPED.m[f]), full(&u[f], &SHIPPED.u[f]));
            }
            slow = Weights {
                m,
                u,
                lambda: ones / all,
            };
            assert!(distance(&fast, &slow) < 1e-10, "{}", distance(&fast, &slow));
        }
    }

    /// Pairs of two people in a block nearly all have one family name; some of one person do not.
    #[test]
    fn a_disagreement_never_speaks_for_one_person() {
        let mut model = simulated();
        model.m[0] = [0.06, 0.04, 0.90];
        model.u[0] = [0.0002, 0.0, 0.9998];
        let found = estimate(&counts(&pairs(&model, 100_000)), &SHIPPED);
        for bits in &found.bits() {
            assert!(bits[0] <= 1e-9 && bits[2] >= -1e-9, "{bits:?}");
            assert!(
                bits[0] <= bits[1] + 1e-9 && bits[1] <= bits[2] + 1e-9,
                "{bits:?}"
            );
        }
        // The other fields are found as before.
        assert!(fabs(found.m[4][2] / model.m[4][2] - 1.0) < 0.1, "{found:?}");
        assert!(fabs(found.u[2][0] / model.u[2][0] - 1.0) < 0.1, "{found:?}");
    }

    #[test]
    fn levels_are_pooled_to_one_ratio() {
        let (mut m, mut u) = ([0.2, 0.1, 0.7], [0.1, 0.3, 0.6]);
        ascending(&mut m, &mut u);
        assert!(fabs(m[0] / u[0] - 0.75) < 1e-12 && fabs(m[1] / u[1] - 0.75) < 1e-12);
        assert!(fabs(m[2] / u[2] - 0.7 / 0.6) < 1e-12);
        let (mut m, mut u) = ([0.4, 0.0, 0.6], [0.1, 0.0, 0.9]);
        ascending(&mut m, &mut u);
        assert!(m == u && m[1] == 0.0);
    }

    #[test]
    fn said_and_true_probabilities_agree() {
        let model = simulated();
        let pairs = pairs(&model, 100_000);
        let found = estimate(&counts(&pairs), &SHIPPED);
        let bits = found.bits();
        let mut bins = [(0.0, 0.0, 0.0); 10];
        for (pattern, one) in &pairs {
            let fields = (0..FIELDS).map(|f| bits[f][pattern.field(f) as usize]);
            let p = probability(fields.fold(found.prior(), |sum, bits| sum + bits));
            let bin = &mut bins[(10.0 * p).min(9.0) as usize];
            *bin = (bin.0 + 1.0, bin.1 + p, bin.2 + f64::from(u8::from(*one)));
        }
        let full: Vec<_> = bins.iter().filter(|(n, ..)| *n >= 500.0).collect();
        assert!(full.len() >= 2);
        for (n, said, truth) in full {
            assert!(fabs(said - truth) < 0.05 * n, "{said} {truth} of {n}");
        }
    }

    #[test]
    fn an_equal_weight_is_one_half() {
        assert_eq!(probability(0.0), 0.5);
        assert!(probability(20.0) > 0.999_99 && probability(-20.0) < 1e-5);
        assert_eq!(SHIPPED.bits()[0][3], 0.0);
        for shares in SHIPPED.m.iter().chain(&SHIPPED.u) {
            assert!(fabs(shares.iter().sum::<f64>() - 1.0) < 1e-12);
        }
    }
}
