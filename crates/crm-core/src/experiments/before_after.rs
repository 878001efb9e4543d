//! Before and after a change (施策の前後比較): orders, revenue or the conversion rate of a shop, beside a control that the change
//! did not touch.
//!
//! # Definition
//!
//! A measure is `Σ y / Σ d` over days: orders or revenue (`y`) per day, or purchasing visitors (`y`) per visitor (`d`) of a day.
//! Both sides are whole weeks next to the change, as many as the data have, at most `weeks`, so that each weekday counts
//! equally.
//!
//! ```text
//! difference      after − before; with `control`, (after − before) − (control after − control before)
//! interval        difference ± t √V, of the weekly values of all known weeks: those before the change (up to 520) and those after it
//! placebo_share   of the dates whole weeks before the change at which the same number of weeks lies on both sides, all of
//!                 them before the change: the share whose difference is at least as great, up or down
//! ```
//!
//! Weeks that follow each other are alike, so few of them say less than as many independent ones. With `e` the deviations of the `n`
//! weekly values from the mean of their side (`M`), `w` the weights of the weeks in the difference:
//!
//! ```text
//! r     Σ e_t e_(t−1) / Σ e_t²,  then (n r + 2)/(n − 4)  (its bias, Kendall),  then + √((1 − r²)/n), at least 0, at most .97
//! R     R_ij = r^|i − j|         C = M R M
//! V     Σ e² / tr C · wᵀ R w     degrees of freedom of t: (tr C)² / Σ C_ij²
//! ```
//!
//! With fewer than 12 known weeks `r` is not known, and the interval is null (`too_few_weeks` in the notes). docs/evidence.md has how
//! often it holds the truth. More weeks before the change than `weeks` make it surer.
//!
//! The control is the part of the data that `control` chooses; the measure is of the rest. Nobody was chosen by chance here: what
//! else happened at that time is in the difference, and a small `placebo_share` says only that such differences are rare.
//!
//! # References
//!
//! - Kendall, M. G. (1954). Note on bias in the estimation of autocorrelation. *Biometrika* 41, 403-404.
//! - Satterthwaite, F. E. (1946). An approximate distribution of estimates of variance components. *Biometrics Bulletin* 2.

use super::fields::{DIFFERENCE, DIFFERENCE_HIGH, DIFFERENCE_LOW, MEASURE};
use crate::analysis::{Analysis, Input};
use crate::context::{Context, filled, push, room};
use crate::data::blocks::BLANK;
use crate::data::events::kinds;
use crate::data::orders::selection::{ORDER, REVENUE, Selection};
use crate::data::{Events, Orders};
use crate::error::{Error, Result};
use crate::ids::NO_ID;
use crate::num::Fraction;
use crate::num::student;
use crate::scope::{At, Filter};
use crate::table::{Column, Field, Label, Table, columns, labels};
use crate::time::Day;
use crate::words::EventWord;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::marker::PhantomData;

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, crm_derive::Word)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Measure {
    /// Orders per day.
    #[default]
    Orders,
    /// Revenue per day.
    Revenue,
    /// The share of each day's visitors who buy, of events.
    ConversionRate,
}

const MEASURES: &[Label] = labels! {
    "orders", "Orders per day", "1日あたり注文数";
    "revenue", "Revenue per day", "1日あたり売上";
    "conversion_rate", "Conversion rate", "購入率";
};

/// Options of [`BeforeAfter`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// The first day of the change. Required. Default: none.
    pub change: Option<Day>,
    /// What is compared.
    pub measure: Measure,
    /// Weeks on each side, 2 to 520. Default 8.
    pub weeks: u32,
    /// Which part of the data the change did not touch: conditions on columns, as in `where`. Default: none.
    pub control: Option<Filter>,
    /// Confidence level of the interval. Default 0.95.
    pub confidence: Fraction,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            change: None,
            measure: Measure::Orders,
            weeks: 8,
            control: None,
            confidence: Fraction::P95,
        }
    }
}

impl Options {
    fn check(&self) -> Result<()> {
        if self.change.is_none() {
            let expected = "the first day of the change, such as \"2026-04-01\"";
            return Err(Error::option("change", "", expected));
        }
        if !(2..=520).contains(&self.weeks) {
            return Err(Error::option("weeks", self.weeks, "2 to 520"));
        }
        if self.control.as_ref().is_some_and(Filter::is_empty) {
            return Err(Error::option("control", "{}", "at least one condition"));
        }
        Ok(())
    }
}

/// The `y` and `d` of each day.
#[derive(Debug, Default)]
pub struct Days {
    /// The first day.
    first: i32,
    cells: Vec<[f64; 2]>,
}

impl Days {
    fn new(first: Day, last: Day, d: f64) -> Result<Days> {
        let n = (i64::from(last.0) - i64::from(first.0) + 1).clamp(0, 4_000_000);
        Ok(Days {
            first: first.0,
            cells: filled(n as usize, [0.0, d], "days")?,
        })
    }

    fn of(&mut self, day: i32) -> Option<&mut [f64; 2]> {
        self.cells.get_mut(usize::try_from(day - self.first).ok()?)
    }

    /// The week that begins on a day.
    fn week(&self, from: i32) -> [f64; 2] {
        let at = (from - self.first) as usize;
        let days = &self.cells[at..at + 7];
        days.iter()
            .fold([0.0; 2], |sum, day| [sum[0] + day[0], sum[1] + day[1]])
    }
}

/// A kind of dataset with days.
pub trait HasDays: Input {
    /// The keys of a scope that can be applied.
    const KEYS: &'static [&'static str];
    /// Whether messages are left out.
    const VISITS: bool;

    /// Minor units in a major unit of the revenue.
    fn scale(&self) -> f64;

    /// The measure of each day, and of the control.
    ///
    /// # Errors
    ///
    /// A measure of another dataset, a condition of a wrong type.
    fn days(
        &self,
        at: &Self::At,
        options: &Options,
        context: &Context,
    ) -> Result<(Days, Option<Days>)>;
}

impl HasDays for Orders {
    const KEYS: &'static [&'static str] = &["as_of", "where", "by", "policy", "basis", "refunds"];
    const VISITS: bool = false;

    fn scale(&self) -> f64 {
        self.currency().scale() as f64
    }

    fn days(&self, at: &At, options: &Options, context: &Context) -> Result<(Days, Option<Days>)> {
        if options.measure == Measure::ConversionRate {
            let expected = "\"orders\" or \"revenue\": a conversion rate needs events";
            return Err(Error::option("measure", "\"conversion_rate\"", expected));
        }
        let first = self.first_date().unwrap_or(at.day);
        let of = |orders: &Orders| -> Result<Days> {
            let mut days = Days::new(first, at.day, 1.0)?;
            let selection = Selection::new(orders, at)?;
            let data = selection.data();
            let mut reader = data.offsets.reader();
            for order in 0..data.len() {
                if order % Context::BLOCK == 0 {
                    context.check()?;
                }
                let action = selection.action(order);
                let y = match options.measure {
                    Measure::Orders => f64::from(u8::from(action & ORDER != 0)),
                    // Minor units: sums are exact.
                    _ if action & REVENUE != 0 => selection.amount(order) as f64,
                    _ => 0.0,
                };
                if y != 0.0
                    && let Some(day) = days.of(reader.day(data.time[order]).0)
                {
                    day[0] += y;
                }
            }
            Ok(days)
        };
        let control = match &options.control {
            Some(control) => Some(of(&self.view(control, None, context)?)?),
            None => None,
        };
        Ok((of(self)?, control))
    }
}

impl HasDays for Events {
    const KEYS: &'static [&'static str] = &["as_of", "where", "by"];
    const VISITS: bool = true;

    fn scale(&self) -> f64 {
        self.currency()
            .map_or(1.0, |currency| currency.scale() as f64)
    }

    fn days(&self, _: &(), options: &Options, context: &Context) -> Result<(Days, Option<Days>)> {
        kinds::need(self, "before_after", &[EventWord::Purchase], &[])?;
        if options.measure == Measure::Revenue && self.currency().is_none() {
            let expected = "events with amounts, or another measure";
            return Err(Error::option("measure", "\"revenue\"", expected));
        }
        let day_of = |time: i64| self.data().map(|data| data.offsets.day(time));
        let last = day_of(self.as_of)?;
        let first = self.first_date().unwrap_or(last);
        let of = |events: &Events| of_events(events, first, last, options.measure, context);
        let control = match &options.control {
            Some(control) => Some(of(&self.view(control, context)?)?),
            None => None,
        };
        Ok((of(self)?, control))
    }
}

fn of_events(
    events: &Events,
    first: Day,
    last: Day,
    measure: Measure,
    context: &Context,
) -> Result<Days> {
    let data = events.data()?;
    let rate = measure == Measure::ConversionRate;
    let mut days = Days::new(first, last, if rate { 0.0 } else { 1.0 })?;
    let orders = events.dim("order_id")?;
    let mut known = filled(orders.map_or(0, |dim| dim.ids.len()), false, "orders")?;
    let mut reader = data.offsets.reader();
    for unit in 0..data.units.len() {
        if unit % 4096 == 0 {
            context.check()?;
        }
        // The day of the visitor's events, and whether the visitor bought on it.
        let mut today = (i32::MIN, false);
        for event in data.group(unit) {
            let day = reader.day(data.time[event]).0;
            let bought = data.word(event) == Some(EventWord::Purchase);
            let Some(cell) = days.of(day) else { continue };
            if today.0 != day {
                today = (day, false);
                cell[1] += if rate { 1.0 } else { 0.0 };
            }
            if !bought {
                continue;
            }
            let order = orders.map_or(NO_ID, |dim| dim.codes[event]);
            let known = known.get_mut(order as usize);
            let again = known.is_some_and(|known| std::mem::replace(known, true));
            let amount = data.amount.as_ref().map_or(BLANK, |amounts| amounts[event]);
            cell[0] += match measure {
                Measure::ConversionRate => f64::from(u8::from(!today.1)),
                Measure::Revenue if amount != BLANK => amount as f64,
                Measure::Revenue => 0.0,
                Measure::Orders => f64::from(u8::from(!again)),
            };
            today.1 = true;
        }
    }
    Ok(days)
}

/// A week of the measure and of the control.
type Week = [[f64; 2]; 2];

/// The weeks before and after a date.
#[derive(Default)]
struct Sides {
    before: Vec<Week>,
    after: Vec<Week>,
}

fn mean<'a>(weeks: impl Iterator<Item = &'a Week>) -> [f64; 2] {
    let mut sums = [[0.0; 2]; 2];
    for week in weeks {
        for (sum, part) in sums.iter_mut().zip(week) {
            *sum = [sum[0] + part[0], sum[1] + part[1]];
        }
    }
    sums.map(|[y, d]| if d > 0.0 { y / d } else { f64::NAN })
}

/// `after − before`, of which the control's is taken off.
fn difference(before: [f64; 2], after: [f64; 2], has_control: bool) -> f64 {
    let of = |at: usize| after[at] - before[at];
    of(0) - if has_control { of(1) } else { 0.0 }
}

/// The two sides of a date: the days of the measure without the control, and those of the control.
fn sides(
    all: &Days,
    control: Option<&Days>,
    is_rate: bool,
    change: i32,
    n: [i32; 2],
) -> Result<Sides> {
    let week = |from: i32| -> Week {
        let all = all.week(from);
        match control.map(|days| days.week(from)) {
            // Days are days of both; visitors are those of one.
            Some(of) if is_rate => [[all[0] - of[0], all[1] - of[1]], of],
            Some(of) => [[all[0] - of[0], all[1]], of],
            None => [all, [0.0, 1.0]],
        }
    };
    let mut sides = Sides::default();
    for k in (1..=n[0]).rev() {
        push(&mut sides.before, week(change - 7 * k), "weeks")?;
    }
    for k in 0..n[1] {
        push(&mut sides.after, week(change + 7 * k), "weeks")?;
    }
    Ok(sides)
}

/// The analysis `before_after`, of orders or of events.
///
/// ```
/// use crm_core::{Context, Currency, Dataset, Orders, Zone, register};
/// let mut orders = Orders::builder(Currency::JPY, Zone::UTC);
/// for day in 1..=28 {
///     // Twice as many from the 15th on.
///     for k in 0..if day < 15 { 2 } else { 4 } {
///         orders = orders.order(&format!("c{k}"), &format!("2026-06-{day:02}"), 1_000 + k);
///     }
/// }
/// let (orders, context) = (orders.build()?, Context::default());
/// let request = r#"{"change": "2026-06-15", "weeks": 2}"#;
/// let table = register::run("before_after", &Dataset::Orders(&orders), request, &context)?;
/// assert_eq!(table.floats("difference")?.next(), Some(Some(2.0)));
/// # Ok::<(), crm_core::Error>(())
/// ```
#[derive(Debug)]
pub struct BeforeAfter<D>(PhantomData<D>);

/// What was found.
struct Found {
    before: [f64; 2],
    after: [f64; 2],
    difference: f64,
    ends: (f64, f64),
    /// Known weeks.
    weeks: usize,
    autocorrelation: Option<f64>,
    placebos: u32,
    placebo_share: Option<f64>,
}

impl<D: HasDays + 'static> Analysis for BeforeAfter<D> {
    const NAME: &'static str = "before_after";
    const SUMMARY: &'static str =
        "Orders, revenue or conversion rate before and after a change, beside a control";
    const JA: &'static str = "施策の前後比較";
    const COLUMNS: &'static [Field] = &columns! {
        MEASURE, "What is compared, per day or per visitor; revenue in major units.";
        "before": Float, "", "変更前", "Its mean before the change.";
        "after": Float, "", "変更後", "Its mean from the change on.";
        "control_before": Float, "", "対照の変更前", "The control before the change; only with `control`.";
        "control_after": Float, "", "対照の変更後", "The control from the change on; only with `control`.";
        DIFFERENCE, "After − before, less that of the control.";
        DIFFERENCE_LOW, "Lower end of its interval; null with fewer than 12 known weeks.";
        DIFFERENCE_HIGH;
        "placebo_share": Float, "share", "変更前の同程度の差の割合", "Share of earlier dates with a difference as great; null without such dates.";
        "placebos": Int, "dates", "比較した過去の日付数", "Earlier dates.";
        "weeks_before": Int, "weeks", "変更前の週数", "Weeks before the change.";
        "weeks_after": Int, "weeks", "変更後の週数", "Weeks from the change on.";
    };
    const SCOPE: &'static [&'static str] = D::KEYS;
    const VISITS: bool = D::VISITS;
    type Data = D;
    type Options = Options;

    fn check(_: &D, options: &Options) -> Result<()> {
        options.check()
    }

    fn run(data: &D, at: &<D as Input>::At, options: &Options, context: &Context) -> Result<Table> {
        let (days, control) = data.days(at, options, context)?;
        let change = options.change.unwrap_or_default().0;
        let last = days.first.saturating_add(days.cells.len() as i32);
        let weeks = |days: i32| (days.max(0) / 7).min(options.weeks as i32);
        let n = [
            weeks(change.saturating_sub(days.first)),
            weeks(last.saturating_sub(change)),
        ];
        let least = n[0].min(n[1]);
        if least < 2 {
            return Err(Error::Insufficient {
                what: "whole weeks of data before and after the change",
                needed: 2,
                found: least as u64,
            });
        }
        let found = found(&days, control.as_ref(), change, n, options)?;
        let scale = match options.measure {
            Measure::Revenue => data.scale(),
            _ => 1.0,
        };
        Ok(table(Self::COLUMNS, &found, n, scale, options)?
            .with_note("without_control", json!(control.is_none()))
            .with_note("known_weeks", json!(found.weeks))
            .with_note("too_few_weeks", json!(found.weeks < LEAST))
            .with_note("autocorrelation", json!(found.autocorrelation)))
    }
}

/// The most weeks before the change that say how much weeks differ, and the least weeks of both sides.
const LONGEST: i32 = 520;
const LEAST: usize = 12;

/// How much the difference varies.
struct Spread {
    variance: f64,
    df: f64,
    /// The correlation of weeks that follow each other.
    r: f64,
}

impl Spread {
    /// From all known weeks; `n` of each side are in the difference. None of too few weeks, or where no two differ.
    fn new(all: &Sides, n: [i32; 2], has_control: bool) -> Result<Option<Spread>> {
        let value = |week: &Week| {
            let of = |at: usize| week[at][0] / week[at][1];
            of(0) - if has_control { of(1) } else { 0.0 }
        };
        let earlier = all.before.len();
        let weeks = earlier + all.after.len();
        if weeks < LEAST {
            return Ok(None);
        }
        let mut e = room(weeks, "weeks")?;
        e.extend(all.before.iter().chain(&all.after).map(value));
        let (mut with_next, mut squares) = (0.0, 0.0);
        let (before, after) = e.split_at_mut(earlier);
        for side in [before, after] {
            let mean = side.iter().sum::<f64>() / side.len() as f64;
            side.iter_mut().for_each(|value| *value -= mean);
            with_next += side.windows(2).map(|two| two[0] * two[1]).sum::<f64>();
            squares += side.iter().map(|e| e * e).sum::<f64>();
        }
        if !(squares.is_finite() && squares > 0.0) {
            return Ok(None);
        }
        let count = weeks as f64;
        let r = (count * with_next / squares + 2.0) / (count - 4.0);
        let r = r + libm::sqrt((1.0 - r * r).max(0.05) / count);
        let r = r.clamp(0.0, 0.97);
        let mut powers = filled(weeks, 1.0, "weeks")?;
        for k in 1..weeks {
            powers[k] = powers[k - 1] * r;
        }
        let correlation = |i: usize, j: usize| powers[i.abs_diff(j)];
        let side = |i: usize| usize::from(i >= earlier);
        let range = [0..earlier, earlier..weeks];
        // The mean correlation of each week with each side, and of the sides.
        let mut with_side = filled(weeks, [0.0; 2], "weeks")?;
        let mut of_sides = [[0.0; 2]; 2];
        for (i, means) in with_side.iter_mut().enumerate() {
            for (at, weeks) in range.iter().enumerate() {
                let sum: f64 = weeks.clone().map(|j| correlation(i, j)).sum();
                means[at] = sum / weeks.len() as f64;
                of_sides[side(i)][at] += means[at] / range[side(i)].len() as f64;
            }
        }
        // C_ij, and wᵀ R w.
        let (mut trace, mut all_squares, mut of_difference) = (0.0, 0.0, 0.0);
        let weight = |i: usize| match side(i) {
            0 if i + (n[0] as usize) < earlier => 0.0,
            0 => -1.0 / f64::from(n[0]),
            _ => 1.0 / f64::from(n[1]),
        };
        for i in 0..weeks {
            for j in 0..weeks {
                let means = with_side[i][side(j)] + with_side[j][side(i)];
                let c = correlation(i, j) - means + of_sides[side(i)][side(j)];
                trace += if i == j { c } else { 0.0 };
                all_squares += c * c;
                of_difference += weight(i) * weight(j) * correlation(i, j);
            }
        }
        Ok(Some(Spread {
            variance: squares / trace * of_difference,
            df: trace * trace / all_squares,
            r,
        }))
    }
}

fn found(
    days: &Days,
    control: Option<&Days>,
    change: i32,
    n: [i32; 2],
    options: &Options,
) -> Result<Found> {
    let has_control = control.is_some();
    let is_rate = options.measure == Measure::ConversionRate;
    let sides_of = sides(days, control, is_rate, change, n)?;
    let (before, after) = (mean(sides_of.before.iter()), mean(sides_of.after.iter()));
    let observed = difference(before, after, has_control);
    let (mut placebos, mut as_great) = (0, 0);
    for back in n[1].. {
        let date = change - 7 * back;
        if date - 7 * n[0] < days.first {
            break;
        }
        let sides = sides(days, control, is_rate, date, n)?;
        let other = difference(
            mean(sides.before.iter()),
            mean(sides.after.iter()),
            has_control,
        );
        if other.is_finite() {
            placebos += 1;
            as_great += u32::from(other.abs() >= observed.abs());
        }
    }
    let earlier = ((change - days.first) / 7).min(LONGEST);
    let all = sides(days, control, is_rate, change, [earlier, n[1]])?;
    let spread = Spread::new(&all, n, has_control)?;
    let half = match &spread {
        Some(spread) => {
            let t = student::quantile(0.5 + 0.5 * options.confidence.get(), spread.df);
            t * libm::sqrt(spread.variance)
        }
        None => f64::NAN,
    };
    Ok(Found {
        before,
        after,
        difference: observed,
        ends: (observed - half, observed + half),
        weeks: all.before.len() + all.after.len(),
        autocorrelation: spread.map(|spread| spread.r),
        placebos,
        placebo_share: (placebos > 0).then(|| f64::from(as_great) / f64::from(placebos)),
    })
}

fn table(
    f: &'static [Field],
    found: &Found,
    n: [i32; 2],
    scale: f64,
    options: &Options,
) -> Result<Table> {
    let float = |field: &Field, value: f64| {
        let value = Some(value / scale).filter(|v| v.is_finite());
        Column::floats(field, [value].into_iter())
    };
    let mut columns = vec![
        Column::words(&f[0], MEASURES, [Some(options.measure as u8)].into_iter())?,
        float(&f[1], found.before[0])?,
        float(&f[2], found.after[0])?,
    ];
    if options.control.is_some() {
        columns.push(float(&f[3], found.before[1])?);
        columns.push(float(&f[4], found.after[1])?);
    }
    columns.push(float(&f[5], found.difference)?);
    columns.push(float(&f[6], found.ends.0)?);
    columns.push(float(&f[7], found.ends.1)?);
    columns.push(Column::floats(&f[8], [found.placebo_share].into_iter())?);
    let counts = [found.placebos as i32, n[0], n[1]];
    for (field, count) in f[9..12].iter().zip(counts) {
        columns.push(Column::ints(field, [Some(count)].into_iter())?);
    }
    Ok(Table::new(columns))
}
