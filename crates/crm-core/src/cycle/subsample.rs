//! The customers to which the gap model is fitted.
//!
//! Customers with one purchase differ only by their open gap: all of them are used, as one row per
//! length (neighbouring lengths are merged if there are more than eight thousand). Of returning
//! customers at most `size` are used, chosen by a hash of their history, so that the choice does
//! not depend on order or ids.

use super::gap_model_at::{SLOTS, slot};
use super::gap_params::History;
use crate::context::{push, room};
use crate::error::Result;

/// The number of customers in the first search for a large sample.
const PILOT: usize = 1024;

/// The customers to which the parameters are fitted: returning customers by a hash of their
/// history, then the others by their open gap.
pub(super) struct Sample {
    pub(super) rows: Vec<Row>,
    /// The number of rows of returning customers.
    pub(super) returned: usize,
    pub(super) customers: u32,
    pub(super) gaps: u64,
    pub(super) slots: [bool; SLOTS],
}

/// Customers with equal histories.
pub(super) struct Row {
    pub(super) history: History,
    pub(super) open: f64,
    pub(super) weight: f64,
}

impl Sample {
    pub(super) fn new<T: Copy + Into<f64>>(
        histories: &[History],
        open: &[T],
        size: u32,
    ) -> Result<Self> {
        let returned = histories.iter().filter(|history| history.gaps > 0).count();
        let kept = returned.min(size as usize);
        let mut repeat = Vec::new();
        let mut once = room(histories.len() - returned, "sample")?;
        // Of many customers, those with the smallest hashes, preselected by a limit that keeps a
        // few too many. If the histories are so similar that the limit keeps too few, all are
        // sorted.
        for share in [1.25 * kept as f64 / returned.max(1) as f64, 1.0] {
            let limit = (share * u64::MAX as f64) as u64;
            repeat.clear();
            once.clear();
            for (index, (history, &open)) in histories.iter().zip(open).enumerate() {
                let open: f64 = open.into();
                if history.gaps == 0 {
                    // The bits of floats ≥ 0 sort as the floats do.
                    once.push(open.max(0.0).to_bits());
                    continue;
                }
                let hash = fingerprint(history, open);
                if hash <= limit {
                    push(&mut repeat, (hash, index), "sample")?;
                }
            }
            if repeat.len() >= kept {
                break;
            }
        }
        repeat.sort_unstable();
        once.sort_unstable();
        // Customers with one purchase count with the share of the others that is kept.
        let share = kept as f64 / returned.max(1) as f64;
        // With scales by product there are many distinct open gaps, so neighbours are merged.
        let lengths = once.chunk_by(|a, b| a == b).count();
        let together = match lengths <= size as usize {
            true => 1,
            false => once.len().div_ceil(size as usize),
        };
        let mut sample = Self::empty(kept + lengths.min(size as usize))?;
        for (_, index) in &repeat[..kept] {
            sample.push(histories[*index], open[*index].into(), 1.0);
        }
        sample.returned = kept;
        let mut once_of = |alike: &[u64]| {
            let open = f64::from_bits(alike[alike.len() / 2]);
            sample.push(History::default(), open, share * alike.len() as f64);
        };
        match together {
            1 => once.chunk_by(|a, b| a == b).for_each(&mut once_of),
            _ => once.chunks(together).for_each(&mut once_of),
        }
        sample.customers = (kept + once.len()) as u32;
        Ok(sample)
    }

    fn empty(rows: usize) -> Result<Self> {
        Ok(Self {
            rows: room(rows, "sample")?,
            returned: 0,
            customers: 0,
            gaps: 0,
            slots: [false; SLOTS],
        })
    }

    fn push(&mut self, history: History, open: f64, weight: f64) {
        self.rows.push(Row {
            history,
            open,
            weight,
        });
        self.gaps += u64::from(history.gaps);
        self.slots[slot(history.gaps)] = true;
    }

    /// [`PILOT`] of the returning customers, if these are a small part, and a few rows for the
    /// others.
    pub(super) fn pilot(&self) -> Result<Option<Sample>> {
        if self.returned < 2 * PILOT {
            return Ok(None);
        }
        let mut few = Self::empty(PILOT + PILOT / 4)?;
        let at = |k: usize| &self.rows[k * self.returned / PILOT];
        for row in (0..PILOT).map(at) {
            few.push(row.history, row.open, 1.0);
        }
        few.returned = PILOT;
        let once = &self.rows[self.returned..];
        let total: f64 = once.iter().map(|row| row.weight).sum();
        let step = total / (PILOT / 4) as f64;
        let mut passed = 0.0;
        for row in once {
            let before = libm::floor(passed / step + 0.5);
            passed += row.weight;
            let steps = libm::floor(passed / step + 0.5) - before;
            if steps > 0.0 {
                few.push(row.history, row.open, steps * step / self.more_than(&few));
            }
        }
        Ok(Some(few))
    }

    /// Two halves: every second customer, and every second length of the others.
    pub(super) fn halves(&self) -> Result<[Sample; 2]> {
        let rows = self.rows.len() / 2 + 2;
        let mut halves = [Self::empty(rows)?, Self::empty(rows)?];
        for (at, row) in self.rows.iter().enumerate() {
            let half = &mut halves[at % 2];
            half.push(row.history, row.open, row.weight);
            half.returned += usize::from(at < self.returned);
        }
        Ok(halves)
    }

    /// How many customers of this sample each of the `few` represents.
    pub(super) fn more_than(&self, few: &Sample) -> f64 {
        self.returned as f64 / few.returned as f64
    }
}

/// A hash of a customer's history.
pub(super) fn fingerprint(history: &History, open: f64) -> u64 {
    let History {
        gaps,
        sum,
        sum_ln,
        sum_ln_squared,
    } = *history;
    let sums = [sum, sum_ln, sum_ln_squared, open].map(f64::to_bits);
    sums.into_iter()
        .fold(scatter(u64::from(gaps)), |hash, bits| scatter(hash ^ bits))
}

/// SplitMix64's finaliser, which spreads neighbouring values.
fn scatter(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
