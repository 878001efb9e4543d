//! `lnΓ(c + n) − lnΓ(c)` and its derivatives in `c`, for whole `n` that ascend.

use libm::log;

use crate::num::special::{digamma, ln_rising, trigamma};

/// Steps longer than this are computed by the functions themselves, not one by one.
const LONGEST_WALK: f64 = 256.0;

/// Keeps value, first and second derivative while `n = 0, 1, 2, …` ascends.
pub(crate) struct RisingFactorial {
    c: f64,
    n: f64,
    sum: [f64; 3],
}

impl RisingFactorial {
    pub(crate) fn new(c: f64) -> Self {
        Self {
            c,
            n: 0.0,
            sum: [0.0; 3],
        }
    }

    /// Value, first and second derivative at `n`, which must not be below the last one.
    pub(crate) fn to(&mut self, n: f64) -> [f64; 3] {
        if n - self.n > LONGEST_WALK {
            let (from, to) = (self.c + self.n, self.c + n);
            self.sum[0] += ln_rising(from, n - self.n);
            self.sum[1] += digamma(to) - digamma(from);
            self.sum[2] += trigamma(to) - trigamma(from);
            self.n = n;
        }
        while self.n < n {
            let inverse = 1.0 / (self.c + self.n);
            self.sum[0] += log(self.c + self.n);
            self.sum[1] += inverse;
            self.sum[2] -= inverse * inverse;
            self.n += 1.0;
        }
        self.sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn walking_and_jumping_agree() {
        let mut walk = RisingFactorial::new(0.3);
        let mut jump = RisingFactorial::new(0.3);
        for n in 0..1000 {
            walk.to(f64::from(n));
        }
        let (one, two) = (walk.to(1000.0), jump.to(1000.0));
        for i in 0..3 {
            assert!((one[i] / two[i] - 1.0).abs() < 1e-12, "{one:?} {two:?}");
        }
    }
}
