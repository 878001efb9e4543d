//! Purchase days of customers, and the model for them: shared by `clv_tracking` and `alive_path`.

use crate::clv::frame::fit_of;
use crate::clv::models::histories::{Histories, Rows};
use crate::clv::models::model::Fit;
use crate::clv::models::model::Purchases;
use crate::clv::models::repeat_model;
use crate::clv::models::repeat_model::{Kind, RepeatModel};
use crate::context::{Context, push};
use crate::data::orders::selection::{ORDER, Selection};
use crate::error::{Error, Result};
use crate::summary::clv_summary::Unit;
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
    pub(super) frequency: Vec<f64>,
    pub(super) recency: Vec<f64>,
    pub(super) age: Vec<f64>,
    /// By days before `as_of`: customers by first purchase day, and repeat purchase days.
    pub(super) customers: Vec<u64>,
    pub(super) repeats: Vec<u64>,
}

impl Seen {
    /// Counts the customers whose first purchase is in the calibration period and who are shown by
    /// `shows`.
    pub(super) fn new(
        selection: &Selection,
        end: Day,
        unit: Unit,
        shows: impl Fn(u32) -> bool,
        context: &Context,
    ) -> Result<Self> {
        let mut out = Self::default();
        let in_units = |days: i32| f64::from(days) / unit.days();
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
            push(&mut out.frequency, (seen - 1) as f64, "tracking")?;
            push(
                &mut out.recency,
                in_units(days[seen - 1] - first),
                "tracking",
            )?;
            push(&mut out.age, in_units(end.0 - first), "tracking")
        })?;
        Ok(out)
    }
}

/// The model in an option, or MBG/NBD fitted to histories.
pub(super) fn model(
    fit: &Value,
    context: &Context,
    seen: impl FnOnce() -> Result<Seen>,
) -> Result<Fit<RepeatModel>> {
    if !fit.is_null() {
        let fit: Fit<RepeatModel> = fit_of("fit", fit)?;
        return match fit.model.unit().period() {
            None => Ok(fit),
            Some(_) => Err(Error::option(
                "fit",
                fit.model.unit().word(),
                "a model in days or weeks: purchase days are counted here",
            )),
        };
    }
    let seen = seen()?;
    let rows = Rows::new(&Histories::new(&seen.frequency, &seen.recency, &seen.age))?;
    repeat_model::fit(Kind::default(), &rows, Unit::Day, 0.0, context)
}
