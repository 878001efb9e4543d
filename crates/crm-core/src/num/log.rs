//! Fast logarithms of small whole numbers (gaps in days) and of products.

use crate::context::collect;
use crate::error::Result;

/// A table of `ln n` for the first few thousand whole numbers.
///
/// ```
/// use crm_core::num::log::Logs;
/// let logs = Logs::new()?;
/// assert_eq!(logs.ln(1), 0.0);
/// assert!((logs.ln(30) - 30_f64.ln()).abs() < 1e-15);
/// # Ok::<(), crm_core::Error>(())
/// ```
#[derive(Debug)]
pub struct Logs(Vec<f64>);

impl Logs {
    /// Eleven years of days.
    const LEN: usize = 4_096;

    /// The table.
    ///
    /// # Errors
    ///
    /// [`crate::Error::OutOfMemory`].
    pub fn new() -> Result<Self> {
        let logs = (0..Self::LEN).map(|n| libm::log(n.max(1) as f64));
        collect(logs, "logarithms").map(Logs)
    }

    /// `ln n`; 0 for 0.
    pub fn ln(&self, n: u32) -> f64 {
        match self.0.get(n as usize) {
            Some(log) => *log,
            None => libm::log(f64::from(n)),
        }
    }
}

/// `Σ w ln v` with few logarithms: factors of weight 1 are multiplied while the product stays in
/// range. Each factor rounds the product by half a unit in the last place, as the logarithm of each
/// factor would round the sum.
///
/// ```
/// use crm_core::num::log::LnProduct;
/// let mut sum = LnProduct::default();
/// (1..=200).for_each(|n| sum.times(f64::from(n), 1.0));
/// sum.times(2.0, 3.0);
/// let expected = libm::lgamma(201.0) + 3.0 * 2_f64.ln();
/// assert!((sum.ln() / expected - 1.0).abs() < 1e-15);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct LnProduct {
    ln: f64,
    product: f64,
}

impl Default for LnProduct {
    fn default() -> Self {
        Self {
            ln: 0.0,
            product: 1.0,
        }
    }
}

impl LnProduct {
    /// Adds `power · ln value`; `value` is above 0.
    #[inline]
    pub fn times(&mut self, value: f64, power: f64) {
        if power != 1.0 || !(1e-100..=1e100).contains(&value) {
            self.ln += power * libm::log(value);
            return;
        }
        self.product *= value;
        if !(1e-200..=1e200).contains(&self.product) {
            self.ln += libm::log(self.product);
            self.product = 1.0;
        }
    }

    /// The sum.
    pub fn ln(&self) -> f64 {
        self.ln + libm::log(self.product)
    }
}
