//! Seeded random numbers with a named, fixed stream.
//!
//! The generator is **xoshiro256++ 1.0**, its state filled by **SplitMix64**; both are public
//! domain algorithms by D. Blackman and S. Vigna. The same seed gives the same numbers on every
//! machine and in every later version: the draws below belong to [`VERSION`], and golden tests
//! compare them. Nothing here reads a clock or the operating system. It is not for secrets.
//!
//! | draw | method |
//! |---|---|
//! | [`Rng::uniform`] | 52 bits, centred: `(k + ½) / 2⁵²`, never 0 and never 1 |
//! | [`Rng::normal`] | Marsaglia's polar method, the second value of a pair is dropped |
//! | [`Rng::gamma`] | Marsaglia, Tsang 2000; below shape 1 `Γ(a+1)·U^(1/a)`, in logs |
//! | [`Rng::gamma_ratio`] | two gamma draws from one pair of normals; with a shape below 1, two separate draws |
//! | [`Rng::poisson`] | products below mean 10, PTRS (Hörmann 1993) from there |
//! | [`Rng::negative_binomial`] | inversion, counting up from 0, where the count is small; else Poisson of a gamma mean |
//! | [`Rng::below`] | Lemire 2019, without bias |
//!
//! # References
//!
//! - Blackman, D., Vigna, S. (2021). Scrambled linear pseudorandom number generators. *ACM TOMS* 47.
//! - Marsaglia, G., Tsang, W. W. (2000). A simple method for generating gamma variables. *ACM TOMS* 26.
//! - Hörmann, W. (1993). The transformed rejection method for generating Poisson random variables.
//!   *Insurance: Mathematics and Economics* 12.

use libm::{exp, floor, lgamma, log, log1p, pow, sqrt};

/// Version of the random streams. It is raised if a draw gives other numbers for the same seed.
pub const VERSION: u32 = 1;

/// A random number generator. A clone gives the same further numbers.
///
/// ```
/// use crm_core::num::rng::Rng;
/// let (mut one, mut two) = (Rng::new(7), Rng::new(7));
/// assert_eq!(one.next_u64(), two.next_u64());
/// assert_ne!(Rng::stream(7, 0).next_u64(), Rng::stream(7, 1).next_u64());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rng {
    state: [u64; 4],
}

/// One step of SplitMix64.
fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Rng {
    /// The generator of a seed.
    pub fn new(seed: u64) -> Self {
        let mut mix = seed;
        Self {
            state: [(); 4].map(|()| split_mix(&mut mix)),
        }
    }

    /// The `k`-th independent generator of a seed: one for each customer, so that a customer's
    /// draws do not depend on other customers or on the order of the draws.
    pub fn stream(seed: u64, k: u64) -> Self {
        let mut mix = seed;
        let seed = split_mix(&mut mix);
        let mut mix = k ^ 0x6a09_e667_f3bc_c908;
        Self::new(seed ^ split_mix(&mut mix))
    }

    /// 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        let s = &mut self.state;
        let result = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        result
    }

    /// Uniform on the open interval (0, 1).
    pub fn uniform(&mut self) -> f64 {
        const SCALE: f64 = 1.0 / (1_u64 << 52) as f64;
        ((self.next_u64() >> 12) as f64 + 0.5) * SCALE
    }

    /// Uniform on `0..n`; 0 when `n` is 0.
    pub fn below(&mut self, n: u64) -> u64 {
        if n == 0 {
            return 0;
        }
        // Low halves below this would bias the result; they are drawn again.
        let surplus = n.wrapping_neg() % n;
        loop {
            let wide = u128::from(self.next_u64()) * u128::from(n);
            if (wide as u64) >= surplus {
                return (wide >> 64) as u64;
            }
        }
    }

    /// Exponential with mean 1.
    pub fn exponential(&mut self) -> f64 {
        -log(self.uniform())
    }

    /// Standard normal.
    pub fn normal(&mut self) -> f64 {
        self.normals().0
    }

    /// Two independent standard normals, which the polar method gives together.
    fn normals(&mut self) -> (f64, f64) {
        loop {
            let u = 2.0 * self.uniform() - 1.0;
            let v = 2.0 * self.uniform() - 1.0;
            let square = u * u + v * v;
            if square < 1.0 && square > 0.0 {
                let factor = sqrt(-2.0 * log(square) / square);
                return (u * factor, v * factor);
            }
        }
    }

    /// Logarithm of a gamma variable of the given shape and rate 1. With a shape of 0.001 most
    /// values underflow, but their logarithm does not.
    ///
    /// The shape is positive and finite.
    pub fn ln_gamma(&mut self, shape: f64) -> f64 {
        if shape < 1.0 {
            let boosted = self.ln_gamma(shape + 1.0);
            return boosted + log(self.uniform()) / shape;
        }
        let normal = self.normal();
        log(self.gamma_from(shape, normal))
    }

    /// Gamma of a shape of at least 1, from a standard normal; if it is rejected, further normals
    /// are drawn.
    fn gamma_from(&mut self, shape: f64, normal: f64) -> f64 {
        let d = shape - 1.0 / 3.0;
        let c = 1.0 / sqrt(9.0 * d);
        let mut x = normal;
        loop {
            let v = 1.0 + c * x;
            if v > 0.0 {
                let v = v * v * v;
                let u = self.uniform();
                let square = x * x;
                // The paper's squeeze (first line) accepts most values without a logarithm. It
                // accepts no value that the exact condition rejects.
                if u < 1.0 - 0.0331 * square * square
                    || log(u) < 0.5 * square + d - d * v + d * log(v)
                {
                    return d * v;
                }
            }
            x = self.normal();
        }
    }

    /// Ratio of two independent gamma variables of these shapes and rate 1, which are positive and
    /// finite.
    pub fn gamma_ratio(&mut self, above: f64, below: f64) -> f64 {
        if above < 1.0 || below < 1.0 {
            return exp(self.ln_gamma(above) - self.ln_gamma(below));
        }
        let (one, two) = self.normals();
        self.gamma_from(above, one) / self.gamma_from(below, two)
    }

    /// Gamma of the given shape and rate 1 (mean `shape`). The shape is positive and finite.
    pub fn gamma(&mut self, shape: f64) -> f64 {
        exp(self.ln_gamma(shape))
    }

    /// Beta(a, b). Both parameters are positive and finite.
    pub fn beta(&mut self, a: f64, b: f64) -> f64 {
        let x = self.ln_gamma(a);
        let y = self.ln_gamma(b);
        1.0 / (1.0 + exp(y - x))
    }

    /// Poisson with the given mean; 0 when the mean is not positive. Means are taken as at most
    /// 10¹⁵, beyond which counts are no longer exact in a double.
    pub fn poisson(&mut self, mean: f64) -> u64 {
        if mean.is_nan() || mean <= 0.0 {
            return 0;
        }
        if mean < 10.0 {
            let limit = exp(-mean);
            let mut product = self.uniform();
            let mut count = 0;
            while product > limit {
                product *= self.uniform();
                count += 1;
            }
            return count;
        }
        // PTRS: names as in Hörmann's paper.
        let mean = mean.min(1e15);
        let ln_mean = log(mean);
        let b = 0.931 + 2.53 * sqrt(mean);
        let a = -0.059 + 0.02483 * b;
        let inverse_alpha = 1.1239 + 1.1328 / (b - 3.4);
        let v_r = 0.9277 - 3.6224 / (b - 2.0);
        loop {
            let u = self.uniform() - 0.5;
            let v = self.uniform();
            let us = 0.5 - u.abs();
            let k = floor((2.0 * a / us + b) * u + mean + 0.43);
            if us >= 0.07 && v <= v_r {
                return k as u64;
            }
            if k < 0.0 || (us < 0.013 && v > us) {
                continue;
            }
            if log(v) + log(inverse_alpha) - log(a / (us * us) + b)
                <= k * ln_mean - mean - lgamma(k + 1.0)
            {
                return k as u64;
            }
        }
    }

    /// Poisson with a gamma mean of shape `q` and scale `z`; 0 when `z` is not positive.
    pub fn negative_binomial(&mut self, q: f64, z: f64) -> u64 {
        if z.is_nan() || z <= 0.0 {
            return 0;
        }
        // Most counts are 0. A lower bound of P(0) = (1 + z)^−q decides most cases without
        // logarithm and exponential: ln(1 + z) ≤ z (6 + z)/(6 + 4z), and e^−y ≥ (1 − y/16)^16.
        let y = q * z * (6.0 + z) / (6.0 + 4.0 * z);
        if z <= 16.0 && y < 16.0 {
            let left = self.uniform();
            let power = |x: f64| x * x;
            let least = power(power(power(power(1.0 - y / 16.0))));
            if left <= least * (1.0 - 1e-12) {
                return 0;
            }
            return Self::walk(left, exp(-q * log1p(z)), q, z);
        }
        let ln_none = -q * log1p(z);
        // For larger z or smaller P(0) the inversion would take many steps or start below the
        // precision of a double.
        if z > 16.0 || ln_none < -30.0 {
            let ln_mean = self.ln_gamma(q) + log(z);
            return self.poisson(exp(ln_mean));
        }
        Self::walk(self.uniform(), exp(ln_none), q, z)
    }

    /// Inversion: the first count `n` at which `P(0) + … + P(n)` reaches `uniform`; `none` is
    /// `P(0)`.
    fn walk(uniform: f64, none: f64, q: f64, z: f64) -> u64 {
        let w = z / (1.0 + z);
        let (mut left, mut probability, mut n) = (uniform, none, 0.0);
        while left > probability && probability > 1e-30 {
            left -= probability;
            // P(n + 1) = P(n) (q + n)/(n + 1) · z/(1 + z)
            probability *= (q + n) / (n + 1.0) * w;
            n += 1.0;
        }
        n as u64
    }

    /// Log-normal: `exp(location + scale · normal)`.
    pub fn log_normal(&mut self, location: f64, scale: f64) -> f64 {
        exp(location + scale * self.normal())
    }

    /// Weibull of the given shape and scale 1.
    pub fn weibull(&mut self, shape: f64) -> f64 {
        pow(self.exponential(), 1.0 / shape)
    }

    /// Number of failures before the first success of probability `p`: geometric from 0, at most
    /// `u64::MAX`.
    pub fn geometric(&mut self, p: f64) -> u64 {
        if p >= 1.0 {
            return 0;
        }
        floor(log(self.uniform()) / log1p(-p)) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The output of the authors' C code of xoshiro256++ 1.0 with state 1 2 3 4.
    #[test]
    fn bits_are_those_of_the_reference() {
        let mut rng = Rng {
            state: [1, 2, 3, 4],
        };
        let expected = [
            41943041_u64,
            58720359,
            3588806011781223,
            3591011842654386,
            9228616714210784205,
            9973669472204895162,
            14011001112246962877,
            12406186145184390807,
            15849039046786891736,
            10450023813501588000,
        ];
        for value in expected {
            assert_eq!(rng.next_u64(), value);
        }
        // SplitMix64's published test vector of seed 1234567.
        let mut mix = 1234567;
        assert_eq!(split_mix(&mut mix), 6457827717110365317);
        assert_eq!(split_mix(&mut mix), 3203168211198807973);
    }

    /// Mean and variance of `n` draws, compared with the true ones: the mean must lie within 4
    /// standard errors.
    fn check(name: &str, mean: f64, variance: f64, mut draw: impl FnMut(&mut Rng) -> f64) {
        let n = 40_000;
        let mut rng = Rng::new(20_240_229);
        let draws: Vec<f64> = (0..n).map(|_| draw(&mut rng)).collect();
        let found = draws.iter().sum::<f64>() / f64::from(n);
        let spread = draws.iter().map(|v| (v - found) * (v - found)).sum::<f64>() / f64::from(n);
        let error = sqrt(variance / f64::from(n));
        assert!(
            (found - mean).abs() < 4.0 * error,
            "{name}: mean {found} for {mean}"
        );
        assert!(
            (spread / variance - 1.0).abs() < 0.1,
            "{name}: variance {spread} for {variance}"
        );
    }

    #[test]
    fn draws_have_the_moments_of_their_law() {
        check("uniform", 0.5, 1.0 / 12.0, Rng::uniform);
        check("exponential", 1.0, 1.0, Rng::exponential);
        check("normal", 0.0, 1.0, Rng::normal);
        check("gamma 0.3", 0.3, 0.3, |r| r.gamma(0.3));
        check("gamma 7", 7.0, 7.0, |r| r.gamma(7.0));
        check("beta", 0.25, 0.25 * 0.75 / 3.0, |r| r.beta(0.5, 1.5));
        for mean in [0.2, 3.0, 9.99, 10.0, 47.0, 1e5] {
            check("poisson", mean, mean, |r| r.poisson(mean) as f64);
        }
        for (q, z) in [
            (0.3, 2.0),
            (4.0, 0.1),
            (20.0, 3.0),
            (0.5, 40.0),
            (3.0, 15.0),
        ] {
            let name = format!("negative binomial {q} {z}");
            let draw = |r: &mut Rng| r.negative_binomial(q, z) as f64;
            check(&name, q * z, q * z * (1.0 + z), draw);
        }
        // A beta prime variable: mean a/(b−1), variance a(a+b−1)/((b−1)²(b−2)).
        for (a, b) in [(0.4, 6.0), (3.0, 9.0)] {
            let variance = a * (a + b - 1.0) / ((b - 1.0) * (b - 1.0) * (b - 2.0));
            check("gamma ratio", a / (b - 1.0), variance, |r| {
                r.gamma_ratio(a, b)
            });
        }
        check("below", 4.5, 8.25, |r| r.below(10) as f64);
        check("geometric", 3.0, 12.0, |r| r.geometric(0.25) as f64);
        // Weibull of shape 2: mean √π/2, variance 1 − π/4. Log-normal(0, ½).
        let pi = std::f64::consts::PI;
        check("weibull", sqrt(pi) / 2.0, 1.0 - pi / 4.0, |r| {
            r.weibull(2.0)
        });
        let e = exp(0.25);
        check("log-normal", exp(0.125), e * (e - 1.0), |r| {
            r.log_normal(0.0, 0.5)
        });
    }

    #[test]
    fn edges_are_inside() {
        let mut rng = Rng::new(0);
        assert_eq!((rng.below(0), rng.below(1)), (0, 0));
        assert_eq!((rng.poisson(0.0), rng.poisson(f64::NAN)), (0, 0));
        assert_eq!(rng.geometric(1.0), 0);
        for _ in 0..1000 {
            assert!(rng.ln_gamma(1e-3).is_finite());
            let p = rng.beta(1e-3, 1e-3);
            assert!((0.0..=1.0).contains(&p));
        }
    }

    /// Golden: the first draws of seed 42, so that a change of any method is seen.
    #[test]
    fn streams_do_not_change() {
        let mut rng = Rng::new(42);
        let found = [
            rng.uniform(),
            rng.normal(),
            rng.gamma(0.5),
            rng.gamma(2.5),
            rng.beta(0.8, 2.4),
            rng.poisson(3.0) as f64,
            rng.poisson(300.0) as f64,
            Rng::stream(42, 1).uniform(),
        ];
        let expected = [
            4605509828241559245_u64,
            4604114944297162800,
            4589104648051015673,
            4614878450666580038,
            4591299123465151804,
            4616189618054758400,
            4643914903260758016,
            4598818163862960246,
        ];
        assert_eq!(found.map(f64::to_bits), expected);
    }
}
