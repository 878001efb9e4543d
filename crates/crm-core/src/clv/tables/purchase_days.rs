//! Purchase days of customers, and the model for them: shared by `clv_tracking` and `alive_path`.

use crate::clv::covariate_columns::covariate_fit_of;
use crate::clv::customer_columns::customer_columns;
use crate::clv::models::covariates::CovariateFit;
use crate::clv::models::histories::{Histories, Rows};
use crate::clv::models::model::Purchases;
use crate::clv::models::repeat_model;
use crate::clv::models::repeat_model::Kind;
use crate::clv::shop_time::ShopTime;
use crate::clv::tables::clv_summary::{SEASONS, Unit};
use crate::context::{Context, collect, push};
use crate::data::Orders;
use crate::data::orders::selection::{ORDER, Selection};
use crate::error::{Error, Result};
use crate::scope::{At, Occasion};
use crate::season::Seasons;
use crate::summary::Gaps;
use crate::table::Table;
use crate::time::{Day, Duration};
use serde_json::{Value, json};

/// Checks that a step is a whole number of days, at least one.
pub(super) fn days(step: Duration) -> Result<i32> {
    let days = step.whole_days().filter(|days| *days > 0);
    days.ok_or_else(|| Error::option("step", json!(step), "a whole number of days, at least 1"))
}

/// Calls `visit` with each customer's code and purchase days, ascending.
pub(super) fn purchase_days(
    selection: &Selection,
    context: &Context,
    mut visit: impl FnMut(u32, &[i32]) -> Result<()>,
) -> Result<()> {
    let index = selection.orders.index(context)?;
    context.expect(index.len());
    let (mut days, mut seen) = (Vec::new(), 0);
    for code in selection.ids().by_id()?.iter() {
        days.clear();
        for (entry, action, _) in selection.of(&index, *code) {
            if action & ORDER != 0 && days.last().is_none_or(|last| entry.day > *last) {
                push(&mut days, entry.day, "purchase days")?;
            }
        }
        seen += index.of(*code).len();
        if seen >= Context::BLOCK {
            context.advance(seen)?;
            seen = 0;
        }
        if !days.is_empty() {
            visit(*code, &days)?;
        }
    }
    context.advance(seen)
}

/// Counts of calibration and holdout.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) codes: Vec<u32>,
    pub(super) frequency: Vec<f64>,
    pub(super) recency: Vec<f64>,
    pub(super) age: Vec<f64>,
    /// By days before `as_of`: customers by first purchase day, and repeat purchase days.
    pub(super) customers: Vec<u64>,
    pub(super) repeats: Vec<u64>,
}

impl Seen {
    /// Counts the customers whose first purchase is in the calibration period and who are shown by
    /// `shows`. Times are in days, by the calendar.
    pub(super) fn new(
        selection: &Selection,
        end: Day,
        shows: impl Fn(u32) -> bool,
        context: &Context,
    ) -> Result<Self> {
        let mut out = Self::default();
        purchase_days(selection, context, |code, days| {
            let first = days[0];
            if first > end.0 || !shows(code) {
                return Ok(());
            }
            let ago = |day: i32| (selection.as_of.0 - day) as usize;
            while out.customers.len() <= ago(first) {
                push(&mut out.customers, 0, "tracking")?;
                push(&mut out.repeats, 0, "tracking")?;
            }
            out.customers[ago(first)] += 1;
            for day in &days[1..] {
                out.repeats[ago(*day)] += 1;
            }
            let seen = days.partition_point(|day| *day <= end.0);
            push(&mut out.codes, code, "tracking")?;
            push(&mut out.frequency, (seen - 1) as f64, "tracking")?;
            push(
                &mut out.recency,
                f64::from(days[seen - 1] - first),
                "tracking",
            )?;
            push(&mut out.age, f64::from(end.0 - first), "tracking")
        })?;
        Ok(out)
    }
}

/// A model of purchase days, and what a request found of seasons for it.
pub(super) struct OfDays {
    pub(super) fit: CovariateFit,
    seasons: Option<Value>,
}

impl OfDays {
    /// The model in an option, or MBG/NBD fitted to the histories up to a day.
    pub(super) fn new(
        fit: &Value,
        seasonality: &Seasons,
        (orders, at, end): (&Orders, &At, Day),
        context: &Context,
    ) -> Result<Self> {
        if !fit.is_null() {
            let mut fit = covariate_fit_of("fit", fit)?;
            let unit = fit.fit.model.unit();
            if unit.period().is_some() {
                return Err(Error::option(
                    "fit",
                    unit.word(),
                    "a model in days or weeks: purchase days are counted here",
                ));
            }
            match seasonality {
                Seasons::Auto => {}
                other => fit.fit.seasonality = other.known().cloned(),
            }
            return Ok(Self { fit, seasons: None });
        }
        let then = At {
            day: end,
            occasion: Some(Occasion::Day),
            ..*at
        };
        let (factors, seasons) = match seasonality {
            Seasons::Even => (None, None),
            other => other.of(&Gaps::new(orders, &then, context)?, context)?,
        };
        let selection = Selection::new(orders, at)?;
        let seen = Seen::new(&selection, end, |_| true, context)?;
        let oldest = seen.age.iter().copied().fold(0.0, f64::max);
        let time = ShopTime::new(factors.as_ref(), Some(end), oldest, Unit::Day)?;
        let all = Histories::new(&seen.frequency, &seen.recency, &seen.age);
        let own = || (0..all.len()).map(|row| time.history(all.at(row)));
        let t_x = collect(own().map(|h| h.t_x), "histories")?;
        let age = collect(own().map(|h| h.age), "histories")?;
        let rows = Rows::new(&Histories::new(&seen.frequency, &t_x, &age))?;
        let mut fit = repeat_model::fit(Kind::MbgNbd, &rows, Unit::Day, 0.0, context)?;
        fit.seasonality = factors;
        Ok(Self {
            fit: CovariateFit::plain(fit),
            seasons,
        })
    }

    /// The time of the model from a day on, by the calendar: units between two days.
    pub(super) fn time(&self, first: Day, last: Day) -> Result<impl Fn(i32, i32) -> f64> {
        let unit = self.fit.fit.model.unit().days();
        let factors = self.fit.fit.seasonality.as_ref();
        let clock = factors.map(|factors| factors.clock(first, last));
        let clock = clock.transpose()?;
        Ok(move |from: i32, to: i32| match &clock {
            Some(clock) => clock.between(Day(from), Day(to)) / unit,
            None => f64::from(to - from) / unit,
        })
    }

    /// The result with the model, and with what was found of seasons.
    pub(super) fn noted(&self, table: Table) -> Result<Table> {
        let table = table.with_note("fit", self.fit.json()?);
        Ok(match (&self.seasons, &self.fit.fit.seasonality) {
            (Some(found), _) => table.with_note(SEASONS, found.clone()),
            (None, Some(factors)) => table.with_note(SEASONS, json!({ "seasonality": factors })),
            (None, None) => table,
        })
    }

    /// The covariates of these customers; a table without columns where the fit has none.
    pub(super) fn covariates(
        &self,
        orders: &Orders,
        codes: &[u32],
        context: &Context,
    ) -> Result<Table> {
        let mut names = Vec::new();
        for column in self.fit.covariates.iter().flat_map(|c| &c.columns) {
            push(&mut names, column.name.clone(), "covariates")?;
        }
        Ok(Table::new(customer_columns(
            orders, &names, codes, context,
        )?))
    }
}
