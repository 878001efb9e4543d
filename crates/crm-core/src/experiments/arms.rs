//! Reads the table of an experiment: people, mean and variance of the mean for each variant and measure.
//!
//! A table has one of three forms, known by its columns:
//!
//! | columns | a row is |
//! |---|---|
//! | `variant`, `n`, `conversions` (, `measure`) | a variant: people, and those who did it; rows of one variant are added |
//! | `variant`, `n`, `sum`, `sum_squares` (, `measure`) | a variant: people, sum and sum of squares of their values |
//! | `variant`, `value` or the columns in `measures` (, `customer_id`) | a unit; rows of one customer are one cluster |
//!
//! With clusters `c` of `D_c` rows (or of denominators) and values `Y_c`:
//!
//! ```text
//! R = Σ Y_c / Σ D_c        V = m/(m − 1) Σ (Y_c − R D_c)² / (Σ D_c)²        m clusters
//! ```
//!
//! With one row per cluster this is the mean and `s²/n`. With a covariate `X`, `e_c = Y_c − R D_c` and
//! `f_c = X_c − R_X D_c` within each variant: `θ = Σ e f / Σ f²` over all variants, the mean is `R − θ (R_X − R̄_X)`,
//! `R̄_X` that of all variants together, and `V` is of `e − θ f` (CUPED; Deng, Xu, Kohavi, Walker 2013, *WSDM*).

use super::options::Options;
use crate::context::{collect, filled, push};
use crate::error::{Error, Result};
use crate::num::two_rates::Rate;
use crate::table::{Table, Values};
use std::borrow::Cow;

/// A variant in one measure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Arm {
    /// People: customers, if rows have customers, else rows.
    pub(super) n: u64,
    pub(super) mean: f64,
    /// The variance of the mean; NaN if there are too few people.
    pub(super) variance: f64,
    /// Degrees of freedom of the variance.
    pub(super) df: f64,
    /// Of a measure that is yes or no.
    pub(super) rate: Option<Rate>,
}

/// All variants in one measure, in the order of [`Arms::variants`].
#[derive(Debug)]
pub(super) struct Measure {
    pub(super) name: String,
    pub(super) arms: Vec<Arm>,
    /// The share of the variance that the covariate has taken away.
    pub(super) reduction: Option<f64>,
}

/// The contents of the table.
#[derive(Debug)]
pub(super) struct Arms {
    /// In ascending order.
    pub(super) variants: Vec<String>,
    pub(super) measures: Vec<Measure>,
    /// Customers in several variants, who are left out.
    pub(super) in_several: u64,
}

impl Arms {
    /// Reads a table.
    pub(super) fn new(table: &Table, options: &Options) -> Result<Self> {
        let (variants, variant) = table.names("variant")?;
        let counts = table.column("conversions").is_some();
        if counts || table.column("sum").is_some() {
            only_of_units(options)?;
            let sums = ["sum", "sum_squares"];
            if let Some(name) = sums
                .into_iter()
                .find(|name| counts && table.column(name).is_some())
            {
                return Err(Error::Malformed {
                    column: name.into(),
                    problem: "expected either `conversions`, of rates, or `sum` and `sum_squares`, of means".into(),
                });
            }
            return of_groups(table, variants, &variant, counts);
        }
        let units = Units::new(table, variants.len(), variant, options)?;
        let mut measures = Vec::new();
        for name in &options.measures {
            push(
                &mut measures,
                units.measure(table, name, options)?,
                "measures",
            )?;
        }
        Ok(Arms {
            variants,
            measures,
            in_several: units.in_several,
        })
    }
}

fn only_of_units(options: &Options) -> Result<()> {
    let given = [
        ("covariate", options.covariate.is_some()),
        ("denominator", options.denominator.is_some()),
        ("winsorize", options.winsorize.is_some()),
        ("measures", options.measures != Options::default().measures),
    ];
    match given.into_iter().find(|(_, given)| *given) {
        Some((name, _)) => Err(Error::option(
            name,
            "",
            "a table with one row per unit; this one has a row per variant",
        )),
        None => Ok(()),
    }
}

/// Sums of a variant in one measure.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    n: u64,
    hits: u64,
    sum: f64,
    squares: f64,
    row: usize,
}

/// Tables with a row per variant.
fn of_groups(table: &Table, variants: Vec<String>, variant: &[u32], counts: bool) -> Result<Arms> {
    let n = whole(table, "n")?;
    let hits = match counts {
        true => Some(whole(table, "conversions")?),
        false => None,
    };
    let sums = match counts {
        true => None,
        false => Some((table.numbers("sum")?, table.numbers("sum_squares")?)),
    };
    let (names, measure) = match table.column("measure") {
        Some(_) => table.names("measure")?,
        None => {
            let name = if counts { "conversions" } else { "value" };
            (vec![name.to_owned()], filled(variant.len(), 0, "measures")?)
        }
    };
    let cells = names.len().saturating_mul(variants.len());
    let mut all = filled(cells, Sums::default(), "variants")?;
    for row in 0..variant.len() {
        let to = &mut all[measure[row] as usize * variants.len() + variant[row] as usize];
        to.row = row;
        to.n = to.n.saturating_add(n[row]);
        if let Some(hits) = &hits {
            if hits[row] > n[row] {
                return Err(Error::value("conversions", row, "at most `n`"));
            }
            to.hits = to.hits.saturating_add(hits[row]);
        }
        if let Some((sum, squares)) = &sums {
            to.sum += sum[row];
            to.squares += squares[row];
        }
    }
    let mut measures = Vec::new();
    for (name, sums) in names.into_iter().zip(all.chunks(variants.len().max(1))) {
        let arms = sums.iter().map(|sums| match (sums.n, counts) {
            (0, _) => Err(Error::Insufficient {
                what: "people in each variant and measure",
                needed: 1,
                found: 0,
            }),
            (_, true) => Ok(of_rate(sums.hits, sums.n)),
            _ => of_sums(sums),
        });
        let arms = arms.collect::<Result<_>>()?;
        let reduction = None;
        let one = Measure {
            name,
            arms,
            reduction,
        };
        push(&mut measures, one, "measures")?;
    }
    Ok(Arms {
        variants,
        measures,
        in_several: 0,
    })
}

fn of_rate(hits: u64, trials: u64) -> Arm {
    let rate = Rate { hits, trials };
    Arm {
        n: trials,
        mean: rate.value(),
        variance: rate.variance(),
        df: trials as f64 - 1.0,
        rate: Some(rate),
    }
}

fn of_sums(sums: &Sums) -> Result<Arm> {
    let n = sums.n as f64;
    let mean = sums.sum / n;
    let squares = sums.squares - sums.sum * mean;
    // What rounding alone can take from a sum of squares.
    if squares < -1e-9 * sums.squares.abs() {
        return Err(Error::value(
            "sum_squares",
            sums.row,
            "at least sum² / n: no values have such sums",
        ));
    }
    let variance = squares.max(0.0) / (n - 1.0) / n;
    Ok(Arm {
        n: sums.n,
        mean,
        variance: if sums.n > 1 { variance } else { f64::NAN },
        df: n - 1.0,
        rate: None,
    })
}

/// A column of counts.
fn whole(table: &Table, name: &str) -> Result<Vec<u64>> {
    let cells = table.numbers(name)?;
    let count = |v: &f64| *v >= 0.0 && *v == libm::trunc(*v) && *v < 9e15;
    match cells.iter().position(|v| !count(v)) {
        Some(row) => Err(Error::value(name, row, "a whole number from 0")),
        None => collect(cells.iter().map(|v| *v as u64), "counts"),
    }
}

/// Numbers, or truth values as 0 and 1.
fn values<'a>(table: &'a Table, name: &str) -> Result<Cow<'a, [f64]>> {
    let column = table.required(name)?;
    let Values::Bool(cells) = column.values() else {
        return table.numbers(name);
    };
    match column.validity().and_then(|v| v.iter().position(|v| !v)) {
        Some(row) => Err(Error::null(name, row, "true or false")),
        None => {
            let numbers = cells.iter().map(|v| f64::from(u8::from(*v)));
            Ok(Cow::Owned(collect(numbers, "values")?))
        }
    }
}

/// Tables with a row per unit: who is in which cluster.
struct Units {
    variants: usize,
    variant: Vec<u32>,
    /// The customer of each row, by ascending id.
    customer: Option<Vec<u32>>,
    /// Customers in several variants.
    several: Vec<bool>,
    in_several: u64,
}

/// A row in one measure.
#[derive(Debug, Clone, Copy)]
struct Unit {
    variant: u32,
    cluster: u32,
    y: f64,
    d: f64,
    x: f64,
}

impl Units {
    fn new(table: &Table, variants: usize, variant: Vec<u32>, options: &Options) -> Result<Self> {
        if options.measures.is_empty() {
            return Err(Error::option("measures", "[]", "at least one column"));
        }
        let customer = match table.column("customer_id") {
            Some(_) => Some(table.names("customer_id")?.1),
            None => None,
        };
        let n = customer
            .iter()
            .flatten()
            .max()
            .map_or(0, |c| *c as usize + 1);
        let mut first = filled(n, u32::MAX, "customers")?;
        let mut several = filled(n, false, "customers")?;
        for (customer, variant) in customer.iter().flatten().zip(&variant) {
            let first = &mut first[*customer as usize];
            if *first == u32::MAX {
                *first = *variant;
            }
            several[*customer as usize] |= *first != *variant;
        }
        let in_several = several.iter().filter(|s| **s).count() as u64;
        Ok(Units {
            variants,
            variant,
            customer,
            several,
            in_several,
        })
    }

    /// The rows of one measure in an order that depends on nothing but their content.
    fn rows(&self, table: &Table, name: &str, options: &Options) -> Result<Vec<Unit>> {
        let y = values(table, name)?;
        let d = match &options.denominator {
            Some(name) => Some(values(table, name)?),
            None => None,
        };
        let x = match &options.covariate {
            Some(name) => Some(values(table, name)?),
            None => None,
        };
        if let (Some(d), Some(name)) = (&d, &options.denominator)
            && let Some(row) = d.iter().position(|d| *d < 0.0)
        {
            return Err(Error::value(name, row, "a number from 0"));
        }
        let mut rows = Vec::new();
        for row in 0..y.len() {
            let customer = self.customer.as_ref().map(|c| c[row]);
            if customer.is_some_and(|c| self.several[c as usize]) {
                continue;
            }
            let one = Unit {
                variant: self.variant[row],
                cluster: customer.unwrap_or(0),
                // −0 becomes 0.
                y: y[row] + 0.0,
                d: d.as_ref().map_or(1.0, |d| d[row]),
                x: x.as_ref().map_or(0.0, |x| x[row] + 0.0),
            };
            push(&mut rows, one, "units")?;
        }
        rows.sort_unstable_by(|a, b| {
            let (v, w) = ((a.variant, a.cluster), (b.variant, b.cluster));
            v.cmp(&w)
                .then(a.y.total_cmp(&b.y))
                .then(a.d.total_cmp(&b.d))
                .then(a.x.total_cmp(&b.x))
        });
        Ok(rows)
    }

    fn measure(&self, table: &Table, name: &str, options: &Options) -> Result<Measure> {
        let mut rows = self.rows(table, name, options)?;
        if let Some(quantile) = options.winsorize {
            winsorize(&mut rows, quantile.get())?;
        }
        let plain = options.covariate.is_none()
            && options.denominator.is_none()
            && options.winsorize.is_none();
        let clusters = self.clusters(&rows)?;
        let binary = plain
            && clusters.len() == rows.len()
            && rows.iter().all(|row| row.y == 0.0 || row.y == 1.0);
        let mut arms = Vec::new();
        let groups = groups(&clusters, self.variants);
        for group in &groups {
            let arm = of_clusters(group, binary)?;
            if !arm.mean.is_finite() {
                let name = options.denominator.as_deref().unwrap_or(name);
                return Err(Error::Malformed {
                    column: name.to_owned(),
                    problem: "expected a finite sum above 0 in each variant".into(),
                });
            }
            push(&mut arms, arm, "variants")?;
        }
        let covariate = options.covariate.is_some();
        let reduction = match binary {
            true => None,
            false => spread(&groups, &clusters, &mut arms, covariate),
        };
        Ok(Measure {
            name: name.to_owned(),
            arms,
            reduction,
        })
    }

    /// Rows of one customer added together.
    fn clusters(&self, rows: &[Unit]) -> Result<Vec<Unit>> {
        let mut clusters: Vec<Unit> = Vec::new();
        for row in rows {
            match clusters.last_mut() {
                Some(last)
                    if self.customer.is_some()
                        && (last.variant, last.cluster) == (row.variant, row.cluster) =>
                {
                    last.y += row.y;
                    last.d += row.d;
                    last.x += row.x;
                }
                _ => push(&mut clusters, *row, "customers")?,
            }
        }
        Ok(clusters)
    }
}

/// The people and the mean of a variant; of values that are no rate, the variance is still to come.
fn of_clusters(group: &[Unit], binary: bool) -> Result<Arm> {
    let n = group.len() as u64;
    match (n, binary) {
        (0, _) => Err(Error::Insufficient {
            what: "people in each variant",
            needed: 1,
            found: 0,
        }),
        (_, true) => Ok(of_rate(group.iter().map(|c| c.y as u64).sum(), n)),
        _ => Ok(Arm {
            n,
            mean: ratio(group, |c| c.y),
            variance: f64::NAN,
            df: n as f64 - 1.0,
            rate: None,
        }),
    }
}

/// Values above the quantile are set to it: the least value with at least this share of the values not above it.
fn winsorize(rows: &mut [Unit], share: f64) -> Result<()> {
    let mut values = collect(rows.iter().map(|row| row.y), "values")?;
    values.sort_unstable_by(f64::total_cmp);
    let place = libm::ceil(share * values.len() as f64) as usize;
    if let Some(most) = values.get(place.saturating_sub(1)) {
        rows.iter_mut().for_each(|row| row.y = row.y.min(*most));
    }
    Ok(())
}

/// The clusters of each variant.
fn groups(clusters: &[Unit], variants: usize) -> Vec<&[Unit]> {
    let start = |v: usize| clusters.partition_point(|c| (c.variant as usize) < v);
    let of = |v: usize| &clusters[start(v)..start(v + 1)];
    (0..variants).map(of).collect()
}

/// `Σ value / Σ D`.
fn ratio(clusters: &[Unit], of: impl Fn(&Unit) -> f64) -> f64 {
    clusters.iter().map(of).sum::<f64>() / clusters.iter().map(|c| c.d).sum::<f64>()
}

/// Writes the variances of the means, and the means adjusted by the covariate. Returns the share of the variance
/// that it has taken away.
fn spread(groups: &[&[Unit]], all: &[Unit], arms: &mut [Arm], covariate: bool) -> Option<f64> {
    let rest = |c: &Unit, arm: &Arm, x: f64| (c.y - arm.mean * c.d, c.x - x * c.d);
    let (mut ef, mut ff, mut ee) = (0.0, 0.0, 0.0);
    for (group, arm) in groups.iter().zip(arms.iter()) {
        let x = ratio(group, |c| c.x);
        for c in *group {
            let (e, f) = rest(c, arm, x);
            ee += e * e;
            ef += e * f;
            ff += f * f;
        }
    }
    let theta = if ff > 0.0 { ef / ff } else { 0.0 };
    let whole = ratio(all, |c| c.x);
    for (group, arm) in groups.iter().zip(arms.iter_mut()) {
        let x = ratio(group, |c| c.x);
        let squares = group.iter().map(|c| {
            let (e, f) = rest(c, arm, x);
            (e - theta * f) * (e - theta * f)
        });
        let (squares, m) = (squares.sum::<f64>(), group.len() as f64);
        let d: f64 = group.iter().map(|c| c.d).sum();
        if group.len() > 1 {
            arm.variance = m / (m - 1.0) * squares / (d * d);
        }
        arm.mean -= theta * (x - whole);
    }
    (covariate && ee > 0.0 && ff > 0.0).then(|| ef * ef / (ff * ee))
}
