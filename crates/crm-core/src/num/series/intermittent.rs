//! Demand with many empty periods: Croston's method, its correction by Syntetos and Boylan (SBA), and TSB.
//!
//! ```text
//! Croston   at each demand z after an interval q:  ẑ += α (z − ẑ),  q̂ += α (q − q̂);   forecast ẑ/q̂
//! SBA       (1 − α/2) ẑ/q̂
//! TSB       each period: p̂ += β (1[z > 0] − p̂);  at each demand ẑ += α (z − ẑ);         forecast p̂ ẑ
//! ```
//!
//! TSB lets the forecast of a product that no longer sells sink to 0; the others stay where they were.
//!
//! # References
//!
//! - Croston, J. D. (1972). *Operational Research Quarterly* 23, 289-303.
//! - Syntetos, A. A., Boylan, J. E. (2005). *International Journal of Forecasting* 21, 303-314.
//! - Teunter, R. H., Syntetos, A. A., Babai, M. Z. (2011). *European Journal of Operational Research* 214, 606-615.

/// Smoothed size of a demand and interval between two; none without a demand. The first interval is that to the first demand.
pub fn croston(y: &[f64], alpha: f64) -> Option<(f64, f64)> {
    let (mut size, mut interval, mut since) = (None::<f64>, 0.0, 0.0);
    for z in y {
        since += 1.0;
        if *z > 0.0 {
            match &mut size {
                None => (size, interval) = (Some(*z), since),
                Some(size) => {
                    *size += alpha * (z - *size);
                    interval += alpha * (since - interval);
                }
            }
            since = 0.0;
        }
    }
    size.map(|size| (size, interval))
}

/// The forecast of each period by Syntetos and Boylan.
pub fn sba(y: &[f64], alpha: f64) -> Option<f64> {
    let (size, interval) = croston(y, alpha)?;
    Some((1.0 - alpha / 2.0) * size / interval)
}

/// The forecast of each period by Teunter, Syntetos and Babai.
pub fn tsb(y: &[f64], alpha: f64, beta: f64) -> Option<f64> {
    let first = y.iter().position(|z| *z > 0.0)?;
    let (mut size, mut chance) = (y[first], 1.0 / (first + 1) as f64);
    for z in &y[first + 1..] {
        chance += beta * (f64::from(u8::from(*z > 0.0)) - chance);
        if *z > 0.0 {
            size += alpha * (z - size);
        }
    }
    Some(chance * size)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand.
    #[test]
    fn three_demands() {
        let y = [0.0, 4.0, 0.0, 0.0, 2.0, 6.0];
        // Sizes 4, 3, 4.5; intervals 2, 2.5, 1.75.
        assert_eq!(croston(&y, 0.5), Some((4.5, 1.75)));
        assert_eq!(sba(&y, 0.5), Some(0.75 * 4.5 / 1.75));
        // Chances 1/2, 1/4, 1/8, 9/16, 25/32.
        assert_eq!(tsb(&y, 0.5, 0.5), Some(4.5 * 25.0 / 32.0));
        assert_eq!(croston(&[0.0; 5], 0.1), None);
        assert_eq!(tsb(&[], 0.1, 0.1), None);
        // What no longer sells sinks with TSB only.
        let dead: Vec<f64> = [5.0, 5.0].into_iter().chain([0.0; 40]).collect();
        assert!(tsb(&dead, 0.1, 0.1).unwrap() < 0.1 && sba(&dead, 0.1).unwrap() > 4.0);
    }
}
