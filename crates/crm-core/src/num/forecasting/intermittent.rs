//! Forecasts of series that are mostly empty: how much, and how often.
//!
//! ```text
//! Croston   z / p             z: smoothed sizes of periods with demand, p: smoothed gaps between them; both change with demand only
//! SBA       (1 − α/2) z / p   without Croston's bias
//! TSB       z · q             q: smoothed share of periods with demand, in every period, so that a product that ends goes to 0
//! ```
//!
//! All periods ahead have the same forecast. The smoothing parameters are those of the least squared error of one period ahead among
//! .02, .05, .1, .2 and .3.
//!
//! # References
//!
//! - Croston, J. D. (1972). Forecasting and stock control for intermittent demands. *Operational Research Quarterly* 23.
//! - Syntetos, A. A. and Boylan, J. E. (2005). The accuracy of intermittent demand estimates. *International Journal of
//!   Forecasting* 21: SBA.
//! - Teunter, R. H., Syntetos, A. A. and Babai, M. Z. (2011). Intermittent demand: linking forecasting to inventory obsolescence.
//!   *European Journal of Operational Research* 214: TSB.

/// What is tried as smoothing parameter.
const ALPHAS: [f64; 5] = [0.02, 0.05, 0.1, 0.2, 0.3];

/// A method.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rate {
    /// Croston's with the correction of Syntetos and Boylan.
    Sba,
    /// Teunter, Syntetos and Babai.
    Tsb,
}

/// Smoothed sizes and gaps (or shares).
#[derive(Debug, Clone, Copy)]
pub struct Intermittent {
    rate: Rate,
    /// α of sizes (SBA: of gaps too), β of shares.
    alpha: f64,
    beta: f64,
    /// z
    size: f64,
    /// p or q
    gap: f64,
    /// Periods since the last demand.
    since: f64,
    started: bool,
}

impl Intermittent {
    /// Before the first period.
    pub fn start(rate: Rate, alpha: f64, beta: f64) -> Self {
        Intermittent {
            rate,
            alpha,
            beta,
            size: 0.0,
            gap: 1.0,
            since: 0.0,
            started: false,
        }
    }

    /// With the parameters of the least squared errors of one period ahead; before the first period.
    pub fn fit(rate: Rate, y: &[f64]) -> Self {
        let mut best = (f64::INFINITY, Self::start(rate, 0.1, 0.1));
        for alpha in ALPHAS {
            let betas: &[f64] = match rate {
                Rate::Sba => &[0.0],
                Rate::Tsb => &ALPHAS,
            };
            for beta in betas {
                let start = Self::start(rate, alpha, *beta);
                let (mut state, mut error) = (start, 0.0);
                for y in y {
                    if state.started {
                        let e = y - state.ahead();
                        error += e * e;
                    }
                    state.add(*y);
                }
                if error < best.0 {
                    best = (error, start);
                }
            }
        }
        best.1
    }

    /// One period on.
    pub fn add(&mut self, y: f64) {
        self.since += 1.0;
        let has_demand = y != 0.0;
        if !self.started {
            if has_demand {
                // The first demand: its size, and the wait for it.
                self.size = y;
                self.gap = match self.rate {
                    Rate::Sba => self.since,
                    Rate::Tsb => 1.0 / self.since,
                };
                self.started = true;
                self.since = 0.0;
            }
            return;
        }
        if self.rate == Rate::Tsb {
            self.gap += self.beta * (f64::from(u8::from(has_demand)) - self.gap);
        }
        if has_demand {
            self.size += self.alpha * (y - self.size);
            if self.rate == Rate::Sba {
                self.gap += self.alpha * (self.since - self.gap);
            }
            self.since = 0.0;
        }
    }

    /// The forecast of every period ahead.
    pub fn ahead(&self) -> f64 {
        match self.rate {
            _ if !self.started => 0.0,
            Rate::Sba => (1.0 - 0.5 * self.alpha) * self.size / self.gap,
            Rate::Tsb => self.size * self.gap,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(mut state: Intermittent, y: &[f64]) -> f64 {
        y.iter().for_each(|y| state.add(*y));
        state.ahead()
    }

    #[test]
    fn by_hand() {
        // First demand 4 after 2 periods; then 8 after 3: sizes 4 → 4.4, gaps 2 → 2.1 with α = .1.
        let y = [0.0, 4.0, 0.0, 0.0, 8.0, 0.0];
        let sba = after(Intermittent::start(Rate::Sba, 0.1, 0.0), &y);
        assert!((sba - 0.95 * 4.4 / 2.1).abs() < 1e-12, "{sba}");
        // TSB: the share ½ → .45 → .405 → .4645 → .41805 with β = .1.
        let tsb = after(Intermittent::start(Rate::Tsb, 0.1, 0.1), &y);
        assert!((tsb - 4.4 * 0.41805).abs() < 1e-12, "{tsb}");
        assert_eq!(
            after(Intermittent::fit(Rate::Tsb, &[0.0; 5]), &[0.0; 5]),
            0.0
        );
    }

    #[test]
    fn the_parameter_of_the_least_error_is_taken() {
        // A level that jumps needs a fast parameter, a constant rate with noise a slow one.
        let jump: Vec<f64> = (0..60).map(|t| if t < 30 { 1.0 } else { 9.0 }).collect();
        assert_eq!(Intermittent::fit(Rate::Sba, &jump).alpha, 0.3);
        let noise: Vec<f64> = (0..2_000).map(|t| [1.0, 9.0][t % 2]).collect();
        assert!(Intermittent::fit(Rate::Tsb, &noise).alpha <= 0.05);
    }
}
