//! Logarithms of small whole numbers, which gaps in days are.

use crate::Result;
use crate::context::collect;

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
