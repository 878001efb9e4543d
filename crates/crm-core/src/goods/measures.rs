//! Measures of how two sets of items go together, A and C, from four counts of baskets.
//!
//! ```text
//! s_A = n_A/n,  s_C = n_C/n        support    s_AC = n_AC/n
//! confidence    n_AC / n_A                    lift         s_AC / (s_A s_C)
//! leverage      s_AC − s_A s_C                conviction   (1 − s_C) / (1 − confidence); none at confidence 1
//! Zhang         leverage / max(s_AC (1 − s_A), s_A (s_C − s_AC))
//! cosine        n_AC / √(n_A n_C)             Jaccard      n_AC / (n_A + n_C − n_AC)
//! Kulczynski    mean of both confidences      p            P(at least n_AC by chance), Fisher's exact test
//! ```
//!
//! # References
//!
//! - Brin, S., Motwani, R., Ullman, J. D., Tsur, S. (1997). Dynamic itemset counting. *SIGMOD*: lift, conviction.
//! - Yan, X., Zhang, C., Zhang, S. (2009). Confidence metrics for association rule mining. *Applied Artificial
//!   Intelligence* 23: Zhang's measure.

use crate::num::hypergeometric::upper_tail;
use libm::sqrt;

/// How many baskets have A, C and both, of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Counts {
    /// All baskets.
    pub n: u64,
    /// Baskets with A.
    pub a: u64,
    /// Baskets with C.
    pub c: u64,
    /// Baskets with both.
    pub both: u64,
}

impl Counts {
    fn shares(self) -> (f64, f64, f64) {
        let n = self.n as f64;
        (self.a as f64 / n, self.c as f64 / n, self.both as f64 / n)
    }

    /// Share of baskets with both.
    pub fn support(self) -> f64 {
        self.shares().2
    }

    /// Share of the baskets with A that have C.
    pub fn confidence(self) -> f64 {
        self.both as f64 / self.a as f64
    }

    /// How many times more frequent both are than if they were independent.
    pub fn lift(self) -> f64 {
        let (a, c, both) = self.shares();
        both / (a * c)
    }

    /// Share of baskets with both beyond that of independence.
    pub fn leverage(self) -> f64 {
        let (a, c, both) = self.shares();
        both - a * c
    }

    /// How many times more often the rule A ⇒ C would fail under independence; none if it never fails.
    pub fn conviction(self) -> Option<f64> {
        let (_, c, _) = self.shares();
        (self.both < self.a).then(|| (1.0 - c) / (1.0 - self.confidence()))
    }

    /// From −1 (never together) over 0 (independent) to 1; 0 where everything has A and C.
    pub fn zhang(self) -> f64 {
        let (a, c, both) = self.shares();
        let most = (both * (1.0 - a)).max(a * (c - both));
        match most > 0.0 {
            true => self.leverage() / most,
            false => 0.0,
        }
    }

    /// Baskets with both, relative to the geometric mean of those with A and with C.
    pub fn cosine(self) -> f64 {
        self.both as f64 / sqrt(self.a as f64 * self.c as f64)
    }

    /// Baskets with both, of those with A or C.
    pub fn jaccard(self) -> f64 {
        self.both as f64 / (self.a + self.c - self.both) as f64
    }

    /// The mean of both confidences.
    pub fn kulczynski(self) -> f64 {
        0.5 * (self.confidence() + self.reversed().confidence())
    }

    /// Fisher's exact one-sided p-value: the probability of at least as many baskets with both, if A and C were independent.
    pub fn p(self) -> f64 {
        upper_tail(self.both, self.n, self.a, self.c)
    }

    /// C and A.
    #[must_use]
    pub fn reversed(self) -> Self {
        Counts {
            a: self.c,
            c: self.a,
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Published for the groceries data of the R package arules (other vegetables, whole milk).
    #[test]
    fn vegetables_and_milk() {
        let counts = Counts {
            n: 9835,
            a: 1903,
            c: 2513,
            both: 736,
        };
        assert_eq!(counts.support(), 0.074_834_773_767_158_11);
        assert_eq!(counts.confidence(), 0.386_757_750_919_600_63);
        assert_eq!(counts.lift(), 1.513_634_094_824_620_7);
        assert_eq!(counts.leverage(), 0.025_394_308_582_718_045);
        assert_eq!(counts.conviction(), Some(1.214_012_874_816_651_2));
        assert_eq!(counts.zhang(), 0.420_750_461_805_783_9);
        assert_eq!(counts.cosine(), 0.336_559_749_602_440_8);
        assert_eq!(counts.jaccard(), 0.2);
    }

    #[test]
    fn at_the_ends() {
        let all = Counts {
            n: 4,
            a: 4,
            c: 4,
            both: 4,
        };
        assert_eq!((all.lift(), all.leverage(), all.zhang()), (1.0, 0.0, 0.0));
        assert_eq!((all.conviction(), all.p()), (None, 1.0));
        let apart = Counts {
            n: 4,
            a: 2,
            c: 2,
            both: 0,
        };
        assert_eq!(
            (apart.zhang(), apart.jaccard(), apart.p()),
            (-1.0, 0.0, 1.0)
        );
    }
}
