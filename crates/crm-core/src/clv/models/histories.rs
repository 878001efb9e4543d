//! Purchase histories `(x, t_x, T)`, the input of the models, checked and aggregated.
//!
//! | symbol | column | meaning |
//! |---|---|---|
//! | x | `frequency` | repeat purchase days |
//! | t_x | `recency` | first purchase to the last, 0 at x = 0 |
//! | T | `T` | first purchase to the end of observation |
//!
//! Customers with the same three numbers are one row of [`Rows`] with a weight. The distinct values
//! of each number are kept once, sorted, and the rows hold codes, so a logarithm of `α + T` is
//! taken once per distinct `T` and not once per customer. The rows are sorted by `(x, T, t_x)`, so
//! they do not depend on the order of the input.

use crate::context::{push, room};
use crate::error::{Error, Result};
use crate::num::distinct::{Distinct, encode};
use crate::num::radix;
use crate::num::rng::Rng;

/// Largest frequency accepted. It bounds the memory of tables over the frequencies.
pub const MAX_FREQUENCY: f64 = 16_777_215.0;

/// Histories as columns, borrowed. `weight` counts identical customers; all are 1 without it.
#[derive(Debug, Clone, Copy)]
pub struct Histories<'a> {
    /// x: repeat purchase days, whole numbers.
    pub frequency: &'a [f64],
    /// t_x: first purchase to the last.
    pub recency: &'a [f64],
    /// T: first purchase to the end of observation.
    pub age: &'a [f64],
    /// The number of customers of each row.
    pub weight: Option<&'a [f64]>,
}

/// One customer's history.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct History {
    /// x: repeat purchase days.
    pub x: f64,
    /// t_x: first purchase to the last.
    pub t_x: f64,
    /// T: first purchase to the end of observation.
    pub age: f64,
}

impl History {
    /// A customer who has just bought for the first time.
    pub const NEW: Self = Self {
        x: 0.0,
        t_x: 0.0,
        age: 0.0,
    };

    /// Checks one history; `row` is for the message.
    ///
    /// # Errors
    ///
    /// [`Error::Value`] naming the column, as in [`Histories::check`].
    #[inline]
    pub fn checked(x: f64, t_x: f64, age: f64, row: usize) -> Result<Self> {
        if !(0.0..=MAX_FREQUENCY).contains(&x) || x != f64::from(x as u32) {
            let expected = "a whole number from 0 to 16777215";
            return Err(Error::value("frequency", row, expected));
        }
        if !(age >= 0.0 && age.is_finite()) {
            return Err(Error::value("T", row, "a finite number, at least 0"));
        }
        if !(t_x >= 0.0 && t_x <= age) {
            return Err(Error::value("recency", row, "a number from 0 to T"));
        }
        if x == 0.0 && t_x != 0.0 {
            return Err(Error::value("recency", row, "0 where frequency is 0"));
        }
        if x > 0.0 && age == 0.0 {
            return Err(Error::value("T", row, "above 0 where frequency is"));
        }
        Ok(Self { x, t_x, age })
    }
}

impl<'a> Histories<'a> {
    /// Histories from three columns, one customer per row.
    pub fn new(frequency: &'a [f64], recency: &'a [f64], age: &'a [f64]) -> Self {
        Self {
            frequency,
            recency,
            age,
            weight: None,
        }
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.frequency.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.frequency.is_empty()
    }

    /// Checks every row: frequency whole and at least 0; `0 ≤ recency ≤ T`, finite; recency 0 at
    /// frequency 0; `T = 0` only at frequency 0; weights finite and at least 0.
    ///
    /// # Errors
    ///
    /// [`Error::ColumnLength`] or [`Error::Value`], naming column and row.
    pub fn check(&self) -> Result<()> {
        let expected = self.len();
        let lengths = [
            ("recency", self.recency.len()),
            ("T", self.age.len()),
            ("weight", self.weight.map_or(expected, <[f64]>::len)),
        ];
        if let Some((column, found)) = lengths.into_iter().find(|(_, n)| *n != expected) {
            return Err(Error::ColumnLength {
                column: column.into(),
                found,
                expected,
            });
        }
        for row in 0..expected {
            History::checked(self.frequency[row], self.recency[row], self.age[row], row)?;
        }
        for (row, w) in self.weight.unwrap_or_default().iter().enumerate() {
            if !(*w >= 0.0 && w.is_finite()) {
                return Err(Error::value("weight", row, "a finite number, at least 0"));
            }
        }
        Ok(())
    }

    /// The history in a row; the columns must have been checked.
    pub(crate) fn at(&self, row: usize) -> History {
        History {
            x: self.frequency[row],
            t_x: self.recency[row],
            age: self.age[row],
        }
    }
}

/// Distinct histories with their weights.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    /// Distinct frequencies, ascending.
    pub x: Vec<f64>,
    /// Distinct recencies, ascending.
    pub t_x: Vec<f64>,
    /// Distinct ages, ascending.
    pub age: Vec<f64>,
    /// For each row the index of its frequency.
    pub x_code: Vec<u32>,
    /// For each row the index of its recency.
    pub t_x_code: Vec<u32>,
    /// For each row the index of its age.
    pub age_code: Vec<u32>,
    /// For each row the number of customers.
    pub weight: Vec<f64>,
    /// Customers in all.
    pub customers: f64,
    /// Repeat purchases in all.
    pub repeats: f64,
    /// Customers with a repeat purchase.
    pub repeaters: f64,
}

impl Rows {
    /// Aggregates histories.
    ///
    /// # Errors
    ///
    /// Those of [`Histories::check`], and out of memory.
    ///
    /// ```
    /// use crm_core::clv::{Histories, Rows};
    /// let rows = Rows::new(&Histories::new(&[0.0, 1.0, 0.0], &[0.0, 3.0, 0.0], &[9.0, 9.0, 9.0]))?;
    /// assert_eq!((rows.len(), rows.customers, rows.repeats), (2, 3.0, 1.0));
    /// assert_eq!(rows.weight, [2.0, 1.0]);
    /// # Ok::<(), crm_core::Error>(())
    /// ```
    pub fn new(histories: &Histories<'_>) -> Result<Self> {
        histories.check()?;
        let n = histories.len();
        let x = encode(histories.frequency)?;
        let t_x = encode(histories.recency)?;
        let age = encode(histories.age)?;
        let [t_x_bits, age_bits, x_bits] = [&t_x, &age, &x].map(Distinct::bits);
        if t_x_bits + age_bits + x_bits > 64 {
            return Err(Error::Insufficient {
                what: "bits for so many distinct histories",
                needed: u64::from(t_x_bits + age_bits + x_bits),
                found: 64,
            });
        }
        let mut keys = room(n, "history keys")?;
        keys.extend((0..n).map(|i| {
            let high = (u64::from(x.code[i]) << age_bits) | u64::from(age.code[i]);
            (high << t_x_bits) | u64::from(t_x.code[i])
        }));
        let mut rows = Self {
            x: x.values,
            t_x: t_x.values,
            age: age.values,
            ..Self::default()
        };
        drop((x.code, t_x.code, age.code));
        let mask = |bits: u32| (1_u64 << bits) - 1;
        let add = |key: u64, weight: f64, rows: &mut Self| -> Result<()> {
            push(
                &mut rows.t_x_code,
                (key & mask(t_x_bits)) as u32,
                "histories",
            )?;
            rows.age_code
                .push(((key >> t_x_bits) & mask(age_bits)) as u32);
            let x_code = (key >> (t_x_bits + age_bits)) as u32;
            push(&mut rows.x_code, x_code, "histories")?;
            push(&mut rows.weight, weight, "histories")?;
            let x = rows.x[x_code as usize];
            rows.customers += weight;
            rows.repeats += weight * x;
            rows.repeaters += if x > 0.0 { weight } else { 0.0 };
            Ok(())
        };
        match histories.weight {
            None => {
                radix::sort(&mut keys, t_x_bits + age_bits + x_bits)?;
                for run in keys.chunk_by(|a, b| a == b) {
                    add(run[0], run.len() as f64, &mut rows)?;
                }
            }
            Some(weights) => {
                // Sorted by weight too, so that sums do not depend on the order of the rows.
                let mut pairs = room(n, "history keys")?;
                pairs.extend(keys.iter().zip(weights).map(|(k, w)| (*k, w.to_bits())));
                pairs.sort_unstable();
                for run in pairs.chunk_by(|a, b| a.0 == b.0) {
                    let weight: f64 = run.iter().map(|(_, w)| f64::from_bits(*w)).sum();
                    if weight > 0.0 {
                        add(run[0].0, weight, &mut rows)?;
                    }
                }
            }
        }
        Ok(rows)
    }

    /// A Poisson bootstrap sample: each history gets a Poisson number of customers.
    pub(crate) fn drawn_anew(&self, rng: &mut Rng) -> Result<Self> {
        let mut rows = self.clone();
        (rows.customers, rows.repeats, rows.repeaters) = (0.0, 0.0, 0.0);
        for (weight, code) in rows.weight.iter_mut().zip(&rows.x_code) {
            *weight = rng.poisson(*weight) as f64;
            let x = rows.x[*code as usize];
            rows.customers += *weight;
            rows.repeats += *weight * x;
            rows.repeaters += if x > 0.0 { *weight } else { 0.0 };
        }
        Ok(rows)
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.weight.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.weight.is_empty()
    }

    /// The history of a row.
    pub fn history(&self, row: usize) -> History {
        History {
            x: self.x[self.x_code[row] as usize],
            t_x: self.t_x[self.t_x_code[row] as usize],
            age: self.age[self.age_code[row] as usize],
        }
    }

    /// Refuses data with too few repeat customers for a fit.
    ///
    /// # Errors
    ///
    /// [`Error::Insufficient`] saying how many repeat customers are needed.
    pub fn enough(&self, needed: u64) -> Result<()> {
        if self.repeaters < needed as f64 {
            return Err(Error::Insufficient {
                what: "customers with a repeat purchase",
                needed,
                found: self.repeaters as u64,
            });
        }
        Ok(())
    }

    /// Mean age, the natural scale of time.
    pub fn mean_age(&self) -> f64 {
        let sum: f64 = (0..self.len())
            .map(|i| self.weight[i] * self.age[self.age_code[i] as usize])
            .sum();
        sum / self.customers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(x: f64, t_x: f64, age: f64) -> (String, u64) {
        let columns = [[0.0, x], [0.0, t_x], [5.0, age]];
        let found = Rows::new(&Histories::new(&columns[0], &columns[1], &columns[2])).unwrap_err();
        (found.column().unwrap().to_string(), found.row().unwrap())
    }

    /// Totals are the sums over the rows, for read rows and for bootstrap samples.
    #[test]
    fn totals_are_those_of_the_rows() {
        let frequency = [0.0, 0.0, 2.0, 5.0, 5.0, 1.0];
        let recency = [0.0, 0.0, 4.0, 20.0, 20.0, 9.0];
        let age = [30.0, 30.0, 30.0, 31.0, 31.0, 32.0];
        let rows = Rows::new(&Histories::new(&frequency, &recency, &age)).unwrap();
        assert_eq!(
            (rows.customers, rows.repeats, rows.repeaters),
            (6.0, 13.0, 4.0)
        );
        assert_eq!(rows.len(), 4);
        let mut different = 0;
        for stream in 0..50 {
            let drawn = rows.drawn_anew(&mut Rng::stream(3, stream)).unwrap();
            let of = |i: usize| (drawn.weight[i], drawn.x[drawn.x_code[i] as usize]);
            let sum =
                |f: &dyn Fn((f64, f64)) -> f64| (0..drawn.len()).map(|i| f(of(i))).sum::<f64>();
            assert_eq!(drawn.customers, sum(&|(w, _)| w));
            assert_eq!(drawn.repeats, sum(&|(w, x)| w * x));
            assert_eq!(
                drawn.repeaters,
                sum(&|(w, x)| if x > 0.0 { w } else { 0.0 })
            );
            different += usize::from(drawn.weight != rows.weight);
        }
        assert!(different > 40, "{different}");
    }

    #[test]
    fn what_cannot_be_is_named() {
        for (x, t_x, age, column) in [
            (-1.0, 0.0, 9.0, "frequency"),
            (1.5, 1.0, 9.0, "frequency"),
            (f64::NAN, 1.0, 9.0, "frequency"),
            (1.0, -1.0, 9.0, "recency"),
            (1.0, 10.0, 9.0, "recency"),
            (1.0, f64::NAN, 9.0, "recency"),
            (0.0, 1.0, 9.0, "recency"),
            (1.0, 0.0, 0.0, "T"),
            (0.0, 0.0, -1.0, "T"),
            (1.0, 1.0, f64::INFINITY, "T"),
        ] {
            assert_eq!(
                error(x, t_x, age),
                (column.to_string(), 1),
                "{x} {t_x} {age}"
            );
        }
        let short = Rows::new(&Histories::new(&[0.0, 0.0], &[0.0], &[1.0, 1.0])).unwrap_err();
        assert_eq!(short.column(), Some("recency"));
        let weights = Histories {
            weight: Some(&[-1.0]),
            ..Histories::new(&[0.0], &[0.0], &[1.0])
        };
        assert_eq!(Rows::new(&weights).unwrap_err().column(), Some("weight"));
        // A customer acquired on the last day is valid.
        assert!(Rows::new(&Histories::new(&[0.0], &[0.0], &[0.0])).is_ok());
    }

    #[test]
    fn weights_equal_repeated_rows() {
        let x = [2.0, 0.0, 2.0, 1.0, 2.0];
        let t = [5.5, 0.0, 5.5, 7.0, 5.0];
        let age = [9.0; 5];
        let one = Rows::new(&Histories::new(&x, &t, &age)).unwrap();
        let two = Rows::new(&Histories {
            weight: Some(&[1.0, 1.0, 2.0, 1.0]),
            ..Histories::new(&[1.0, 0.0, 2.0, 2.0], &[7.0, 0.0, 5.5, 5.0], &[9.0; 4])
        })
        .unwrap();
        assert_eq!(format!("{one:?}"), format!("{two:?}"));
        assert_eq!((one.len(), one.repeaters, one.mean_age()), (4, 4.0, 9.0));
        assert_eq!(
            one.history(3),
            History {
                x: 2.0,
                t_x: 5.5,
                age: 9.0
            }
        );
    }
}
