//! The customer summary to which the models of predicted value are fitted.
//!
//! # Definition
//!
//! With purchase days `d₁ < d₂ < … < dₙ` of a customer and the end of observation `e`:
//!
//! ```text
//! frequency      = n − 1                       repeat purchase days
//! recency        = (dₙ − d₁) / unit            first to last
//! T              = (e − d₁) / unit             first to the end
//! monetary_value = mean revenue per repeat purchase day; null at frequency 0
//! ln_gaps        = Σ ln((dᵢ₊₁ − dᵢ) / unit); null at frequency 0
//! ```
//!
//! The names are standard in the literature (Fader and Hardie; the `lifetimes` package): this
//! `recency` is large for recent customers. `unit` is part of the table's definition, so that a
//! model cannot be applied in another unit.
//!
//! | `unit` | what is counted | `recency`, `T` |
//! |---|---|---|
//! | `day` | purchase days | days |
//! | `week` | purchase days | days / 7 |
//! | `calendar_week` | calendar weeks (from Monday) with a purchase | calendar weeks |
//! | `month` | calendar months with a purchase | calendar months |
//!
//! With the last two, "day" means week or month everywhere here: two purchases in one month count
//! once, and `T` counts to the week or month of `e`. This equals `lifetimes` with `freq="W"`. With
//! `freq="M"`, `lifetimes` divides the days between the beginnings of the months by 30.436875; here
//! `recency` and `T` are whole months. Revenue of a day is the revenue of its orders less the
//! refunds of that day. Refunds on days without a purchase (`refunds="refund_date"`) are not
//! counted. The revenue of a day may still be negative: models leave such a customer out and count
//! it. Only the models of regular gaps need `ln_gaps`: the likelihoods of the others do not depend
//! on the times of purchases between the first and the last.
//!
//! With `calibration_end` the columns describe the orders up to and including that day, for
//! customers acquired by then, and three more columns describe the holdout, the time after it up to
//! `as_of`: `holdout_frequency` (purchase days), `holdout_duration` (its length in the unit), and
//! `holdout_monetary_value` (mean revenue per purchase day, null without one).
//!
//! With `covariates` the table also has these columns of customers, under their own names, for `clv_fit`.
//!
//! # Seasons
//!
//! `recency`, `T` and `ln_gaps` are by the calendar. The note `seasons` has the factors of the shop's
//! [seasons](crate::season) (`seasonality`), why they are used or not, and the last day that they and
//! the histories are of (`until`). A model is fitted in the time that they make (`clv_fit`), for which
//! `own_ln_gaps` is the sum of the logarithms of the gaps in that time. A unit of the calendar counts
//! weeks or months and has no factors.

use crate::analysis::Analysis;
use crate::clv::customer_columns::customer_columns;
use crate::context::{Context, collect, push, room};
use crate::data::Orders;
use crate::data::orders::index::Index;
use crate::data::orders::selection::{ORDER, REVENUE, Selection};
use crate::error::{Error, Result};
use crate::scope::{At, Occasion};
use crate::season::{Clock, Seasonality, Seasons};
use crate::summary::Gaps;
use crate::table::shared::{FREQUENCY, RECENCY, TIME_OBSERVED};
use crate::table::{CUSTOMER_ID, Column, Field, Table, Values, columns};
use crate::time::{Day, Period};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Options of [`Summary`].
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// The unit of time. Default: day.
    pub unit: Unit,
    /// The last day of the calibration period; with a calendar unit, the last day of a week or
    /// month. Adds the holdout columns. Default: no holdout.
    pub calibration_end: Option<Day>,
    /// Factors of the shop's demand by month ("1" to "12"), weekday ("mon" to "sun") and date; other factors
    /// are 1. Default: "auto", what the analysis `seasonality` finds in the orders up to the end of
    /// calibration; "none": time runs evenly.
    pub seasonality: Seasons,
    /// Columns of customers to add, for a fit with covariates: of the customers table, or `first_` columns. Default: none.
    pub covariates: Vec<String>,
}

impl Options {
    /// Whether there is a column `own_ln_gaps`: also where no seasons are found, so that the tables of
    /// several dates and groups have the same columns.
    fn has_own_gaps(&self) -> bool {
        self.seasonality != Seasons::Even && self.unit.period().is_none()
    }
}

/// A unit of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, crm_derive::Word)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Unit {
    /// A day.
    #[default]
    Day,
    /// Seven days.
    Week,
    /// A calendar week, from Monday (ISO 8601); weeks with a purchase are counted, not days.
    CalendarWeek,
    /// A calendar month; months with a purchase are counted, not days.
    Month,
}

impl Unit {
    /// Days in one unit; for a month, 365/12.
    pub const fn days(self) -> f64 {
        match self {
            Unit::Day => 1.0,
            Unit::Week | Unit::CalendarWeek => 7.0,
            Unit::Month => 365.0 / 12.0,
        }
    }

    /// The calendar period that is counted, if the unit is one.
    pub const fn period(self) -> Option<Period> {
        match self {
            Unit::Day | Unit::Week => None,
            Unit::CalendarWeek => Some(Period::Week),
            Unit::Month => Some(Period::Month),
        }
    }

    /// The position of a day on the scale of which [`Unit::between`] takes differences.
    #[inline]
    fn place(self, day: i32) -> i32 {
        self.period().map_or(day, |period| Day(day).number(period))
    }

    /// A difference of positions, in units.
    fn between(self, places: i32) -> f64 {
        match self.period() {
            None => f64::from(places) / self.days(),
            Some(_) => f64::from(places),
        }
    }
}

/// One customer's purchase days.
#[derive(Debug, Clone, Copy, Default)]
struct Row {
    code: u32,
    /// The positions of the first and the last purchase day.
    first: i32,
    last: i32,
    /// The number of purchase days, or of calendar periods with a purchase.
    days: u32,
    /// Revenue of the repeat purchase days, minor units.
    repeat_revenue: i128,
    /// Σ ln of the gaps between purchase days, in the unit.
    ln_gaps: f64,
    /// The same in the shop's own time.
    own_ln_gaps: f64,
    holdout_days: u32,
    /// Revenue of the holdout's purchase days, minor units.
    holdout_revenue: i128,
}

/// The analysis `clv_summary`, for [`run_typed`](crate::analysis::run_typed).
#[derive(Debug, Clone, Copy)]
pub struct Summary;

impl Analysis for Summary {
    const NAME: &'static str = "clv_summary";
    const SUMMARY: &'static str =
        "frequency, recency, T and monetary value, which the models of predicted value fit on";
    const JA: &'static str = "LTV予測用サマリー";
    const COLUMNS: &'static [Field] = &columns! {
        CUSTOMER_ID;
        FREQUENCY,
            "Repeat purchase days, or repeat weeks or months with a purchase if `unit` is of the calendar.";
        RECENCY;
        TIME_OBSERVED;
        "monetary_value": Float, "currency", "リピート日平均金額",
            "Mean revenue per repeat purchase day; null at frequency 0.";
        "ln_gaps": Float, "", "間隔の対数和",
            "Sum of ln of the gaps between purchase days, in the unit; null at frequency 0.";
        "own_ln_gaps": Float, "", "店の時間での間隔の対数和",
            "The same in time that runs at the pace of the seasons; without `seasonality` there is no such column.";
        "holdout_frequency": Int, "purchases", "検証期間の購入日数", "Purchase days after calibration_end, up to as_of.";
        "holdout_duration": Float, "unit", "検証期間", "calibration_end to as_of.";
        "holdout_monetary_value": Float, "currency", "検証期間の購入日平均金額",
            "Mean revenue per purchase day after calibration_end, up to as_of; null without one.";
    };
    const SCOPE: &'static [&'static str] = crate::analysis::WITHOUT_OCCASION;
    type Data = Orders;
    type Options = Options;

    fn run(orders: &Orders, at: &At, options: &Options, context: &Context) -> Result<Table> {
        let selection = Selection::new(orders, at)?;
        let as_of = selection.as_of;
        let end = options.calibration_end.unwrap_or(as_of);
        if end > as_of {
            return Err(Error::option(
                "calibration_end",
                end,
                format!("a day up to as_of ({as_of})"),
            ));
        }
        if let (Some(period), true) = (options.unit.period(), end < as_of)
            && end.plus(1, period).0 != end.0 + 1
        {
            return Err(Error::option(
                "calibration_end",
                end,
                format!(
                    "the last day of a {}: that is the unit",
                    period_word(period)
                ),
            ));
        }
        let time = Time::new(orders, at, end, options, context)?;
        let rows = rows(&selection, end, options.unit, &time, context)?;
        let mut table = table(&rows, orders, options, (end, as_of))?;
        if !options.covariates.is_empty() {
            let codes = collect(rows.iter().map(|row| row.code), "covariates")?;
            let columns = customer_columns(orders, &options.covariates, &codes, context)?;
            table = table.appended(columns)?;
        }
        Ok(match time.note {
            Some(note) => table.with_note(SEASONS, note),
            None => table,
        })
    }
}

/// The note with the factors.
pub(crate) const SEASONS: &str = "seasons";

/// The factors that a summary was made with, if it has any.
pub(crate) fn factors_of(summary: &Table) -> Option<Seasonality> {
    let factors = summary.notes().get(SEASONS)?.get("seasonality")?;
    let factors: Seasonality = serde_json::from_value(factors.clone()).ok()?;
    (!factors.0.is_empty()).then_some(factors)
}

/// The shop's own time, and the note about it.
struct Time {
    clock: Option<Clock>,
    note: Option<Value>,
}

impl Time {
    fn new(
        orders: &Orders,
        at: &At,
        end: Day,
        options: &Options,
        context: &Context,
    ) -> Result<Self> {
        let mut note = match (&options.seasonality, options.unit.period()) {
            (Seasons::Even, _) => {
                return Ok(Self {
                    clock: None,
                    note: None,
                });
            }
            (Seasons::Known(_), Some(_)) => {
                let expected = "none: weeks or months of the calendar are counted, not days";
                return Err(Error::option("seasonality", "", expected));
            }
            (Seasons::Auto, Some(_)) => {
                let why = json!({"months": "calendar_unit", "weekdays": "calendar_unit", "seasonality": {}});
                return Ok(Self {
                    clock: None,
                    note: Some(why),
                });
            }
            (Seasons::Known(factors), None) => json!({ "seasonality": factors }),
            (Seasons::Auto, None) => Value::Null,
        };
        let then = At {
            day: end,
            occasion: Some(Occasion::Day),
            ..*at
        };
        let gaps = Gaps::new(orders, &then, context)?;
        let (factors, found) = options.seasonality.of(&gaps, context)?;
        if let Some(found) = found {
            note = found;
        }
        note["until"] = json!(end);
        let first = gaps.first_day.iter().copied().min().unwrap_or(end.0);
        let clock = factors.map(|factors| factors.clock(Day(first), end));
        Ok(Self {
            clock: clock.transpose()?,
            note: Some(note),
        })
    }

    /// The logarithm of a gap between two purchase days, where the shop has its own time.
    fn ln_own(&self, from: i32, to: i32, unit: Unit) -> Option<f64> {
        let clock = self.clock.as_ref()?;
        // Time may stand still between two orders; half a day is the least there is.
        let own = clock.between(Day(from), Day(to)).max(0.5);
        Some(libm::log(own / unit.days()))
    }
}

/// The table; `end` is the end of calibration.
fn table(
    rows: &[Row],
    orders: &Orders,
    options: &Options,
    (end, as_of): (Day, Day),
) -> Result<Table> {
    let mut fields = Summary::COLUMNS.iter();
    let mut field = || {
        fields
            .next()
            .ok_or_else(|| Error::internal("columns of clv_summary"))
    };
    let unit = options.unit;
    let float = |of: &dyn Fn(&Row) -> f64| collect(rows.iter().map(of), "table");
    let currency = orders.currency();
    let ids = Values::Id {
        ids: orders.ids().clone(),
        codes: collect(rows.iter().map(|r| r.code), "table")?,
    };
    let frequency = collect(rows.iter().map(|r| r.days as i32 - 1), "table")?;
    let money = rows
        .iter()
        .map(|r| currency.mean(r.repeat_revenue, u64::from(r.days - 1)));
    let mut columns = vec![
        Column::new(field()?, ids),
        Column::new(field()?, Values::I32(frequency)),
        Column::new(
            field()?,
            Values::F64(float(&|r| unit.between(r.last - r.first))?.into()),
        ),
        Column::new(
            field()?,
            Values::F64(float(&|r| unit.between(unit.place(end.0) - r.first))?.into()),
        ),
        Column::floats(field()?, money)?,
        Column::floats(
            field()?,
            rows.iter().map(|r| (r.days > 1).then_some(r.ln_gaps)),
        )?,
    ];
    let of_own = field()?;
    if options.has_own_gaps() {
        let cells = rows.iter().map(|r| (r.days > 1).then_some(r.own_ln_gaps));
        columns.push(Column::floats(of_own, cells)?);
    }
    if options.calibration_end.is_some() {
        let holdout = collect(rows.iter().map(|r| r.holdout_days as i32), "table")?;
        columns.push(Column::new(field()?, Values::I32(holdout)));
        let duration = float(&|_| unit.between(unit.place(as_of.0) - unit.place(end.0)))?;
        columns.push(Column::new(field()?, Values::F64(duration.into())));
        let money = rows
            .iter()
            .map(|r| currency.mean(r.holdout_revenue, u64::from(r.holdout_days)));
        columns.push(Column::floats(field()?, money)?);
    }
    Ok(Table::new(columns))
}

/// The name of a calendar period.
const fn period_word(period: Period) -> &'static str {
    match period {
        Period::Week => "week (a Sunday)",
        _ => "month",
    }
}

fn rows(
    selection: &Selection,
    end: Day,
    unit: Unit,
    time: &Time,
    context: &Context,
) -> Result<Vec<Row>> {
    let index = selection.orders.index(context)?;
    let by_id = selection.ids().by_id_on(context)?;
    const PART: usize = 1 << 16;
    let parts: Vec<&[u32]> = by_id.chunks(PART).collect();
    let parts = context.map(parts, |codes| {
        context.check()?;
        let mut part = Vec::new();
        for code in codes {
            let row = row(selection, &index, *code, (end, unit, time));
            if row.days > 0 {
                push(&mut part, row, "customer summary")?;
            }
        }
        Ok(part)
    })?;
    let mut all = room(parts.iter().map(Vec::len).sum(), "customer summary")?;
    parts.into_iter().for_each(|part| all.extend(part));
    Ok(all)
}

/// One customer's row.
fn row(
    selection: &Selection,
    index: &Index,
    code: u32,
    (end, unit, time): (Day, Unit, &Time),
) -> Row {
    let mut row = Row {
        code,
        ..Row::default()
    };
    let mut seen = i32::MIN;
    // Refunds of a day, which may be before its first order.
    let (mut refund_day, mut refunds) = (i32::MIN, 0_i128);
    for (entry, action, amount) in selection.of(index, code) {
        let day = unit.place(entry.day);
        let is_order = action & ORDER != 0;
        let new_day = is_order && day > seen;
        if new_day {
            seen = day;
        }
        let in_holdout = entry.day > end.0;
        if new_day && in_holdout {
            row.holdout_days += 1;
        } else if new_day {
            if row.days == 0 {
                row.first = day;
            } else {
                let ln = libm::log(unit.between(day - row.last));
                row.ln_gaps += ln;
                row.own_ln_gaps += time.ln_own(row.last, day, unit).unwrap_or(ln);
            }
            row.days += 1;
            row.last = day;
        }
        if action & REVENUE == 0 {
            continue;
        }
        let mut amount = i128::from(amount);
        if day != seen {
            // A refund before any order of that day.
            if refund_day != day {
                (refund_day, refunds) = (day, 0);
            }
            refunds += amount;
            continue;
        }
        if refund_day == day {
            amount += std::mem::take(&mut refunds);
        }
        match in_holdout {
            true => row.holdout_revenue += amount,
            false if row.days > 1 => row.repeat_revenue += amount,
            false => {}
        }
    }
    row
}
