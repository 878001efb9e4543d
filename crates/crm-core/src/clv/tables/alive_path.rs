//! One customer's P(alive) on each day (`alive_path`), from the purchases up to that day.
//!
//! With covariates each customer has their own model. Without a `fit` the model is MBG/NBD, fitted to all customers. Days without a purchase count by the model's
//! [seasons](crate::season): less in slow months.

use super::purchase_days::{OfDays, days, purchase_days};
use crate::analysis::Analysis;
use crate::clv::covariate_columns::own_models;
use crate::clv::tracking;
use crate::context::{Context, collect, push};
use crate::data::Orders;
use crate::data::orders::selection::Selection;
use crate::error::{Error, Result};
use crate::scope::At;
use crate::season::Seasons;
use crate::table::shared::{FREQUENCY, PROBABILITY_ALIVE};
use crate::table::{CUSTOMER_ID, Column, Field, Table, Values, columns};
use crate::time::{Day, Duration};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Options of [`AlivePath`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// The model: the JSON of a fit, or of parameters. Default: none, MBG/NBD fitted to all customers.
    pub fit: Value,
    /// Days from one row to the next. Default 1.
    pub step: Duration,
    /// Factors of the shop's demand by month ("1" to "12"), weekday ("mon" to "sun") and date; other factors
    /// are 1. Default: "auto", those of `fit`, without one what the analysis `seasonality` finds in the
    /// orders; "none": time runs evenly.
    pub seasonality: Seasons,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            fit: Value::Null,
            step: Duration::days(1),
            seasonality: Seasons::Auto,
        }
    }
}

/// Time between two purchases on days of a factor of 0, in the model's unit.
const STILL: f64 = 1e-6;

/// The analysis `alive_path`.
#[derive(Debug, Clone, Copy)]
pub struct AlivePath;

impl Analysis for AlivePath {
    const NAME: &'static str = "alive_path";
    const SUMMARY: &'static str =
        "P(alive) on each day since a customer's first purchase, from the purchases up to that day";
    const JA: &'static str = "生存確率の推移";
    const COLUMNS: &'static [Field] = &columns! {
        CUSTOMER_ID;
        "date": Date, "", "日付", "The day.";
        FREQUENCY, "Repeat purchase days up to it.";
        PROBABILITY_ALIVE, "Probability of being alive on that day, from the purchases until then.";
    };
    const SCOPE: &'static [&'static str] = crate::analysis::WITHOUT_OCCASION;
    type Data = Orders;
    type Options = Options;

    fn run(orders: &Orders, at: &At, options: &Options, context: &Context) -> Result<Table> {
        let selection = Selection::new(orders, at)?;
        let (as_of, step) = (selection.as_of, days(options.step)?);
        let model = OfDays::new(
            &options.fit,
            &options.seasonality,
            (orders, at, as_of),
            context,
        )?;
        let mut oldest = as_of.0;
        let mut shown = Vec::new();
        purchase_days(&selection, context, |code, days| {
            oldest = oldest.min(days[0]);
            match selection.shows(code) {
                true => push(&mut shown, code, "path"),
                false => Ok(()),
            }
        })?;
        let own = own_models(&model.fit, &model.covariates(orders, &shown, context)?)?;
        let mut of_customer = own.iter().flatten();
        let time = model.time(Day(oldest), as_of)?;
        let (mut codes, mut dates, mut counts, mut alive) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        purchase_days(&selection, context, |code, days| {
            if !selection.shows(code) {
                return Ok(());
            }
            context.check()?;
            let own = of_customer.next().unwrap_or(&model.fit.fit.model);
            let since = |day: i32| time(days[0], day);
            let mut repeats = collect(days[1..].iter().map(|day| since(*day)), "path")?;
            let mut before = 0.0;
            for repeat in &mut repeats {
                // Purchases are one after the other also where time stands still.
                *repeat = f64::max(*repeat, before + STILL);
                before = *repeat;
            }
            let latest = |day: i32| match days.partition_point(|bought| *bought <= day) {
                0 | 1 => 0.0,
                bought => repeats[bought - 2],
            };
            let steps = (as_of.0 - days[0]) / step;
            let at = collect((0..steps + 1).map(|i| i * step), "path")?;
            let times = collect(
                at.iter()
                    .map(|at| since(days[0] + *at).max(latest(days[0] + *at))),
                "path",
            )?;
            for (at, p) in at.iter().zip(tracking::path(own, &repeats, &times)?) {
                let day = days[0] + at;
                push(&mut codes, code, "path")?;
                push(&mut dates, day, "path")?;
                let bought = days.partition_point(|bought| *bought <= day) - 1;
                push(&mut counts, bought as i32, "path")?;
                push(&mut alive, p, "path")?;
            }
            Ok(())
        })?;
        let [f_id, f_date, f_count, f_alive] = Self::COLUMNS else {
            return Err(Error::internal("columns of alive_path"));
        };
        let ids = Values::Id {
            ids: orders.ids().clone(),
            codes,
        };
        model.noted(Table::new(vec![
            Column::new(f_id, ids),
            Column::new(f_date, Values::Date(dates)),
            Column::new(f_count, Values::I32(counts)),
            Column::new(f_alive, Values::F64(alive.into())),
        ]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::Dataset;
    use crate::money::Currency;
    use crate::register;
    use crate::table::Cell;
    use crate::time::Zone;

    #[test]
    fn a_path_has_each_day() {
        let orders = Orders::builder(Currency::JPY, Zone::UTC)
            .order("a", "2026-01-01", 100)
            .order("a", "2026-01-08", 100)
            .order("b", "2026-01-05", 100)
            .build()
            .unwrap();
        let options = r#""as_of": "2026-01-10", "customers": {"customer_id": "a"}"#;
        let path = register::run(
            "alive_path",
            &Dataset::Orders(&orders),
            &format!(
                r#"{{{options}, "fit": {{"model": "mbg_nbd", "r": 0.5, "alpha": 6, "a": 0.9,
                     "b": 1.6, "unit": "day"}}}}"#
            ),
            &Context::default(),
        )
        .unwrap();
        assert_eq!(path.len(), 10);
        let p = |row| match path.column("probability_alive").unwrap().cell(row) {
            Cell::Float(p) => p,
            other => panic!("{other:?}"),
        };
        assert!(
            (p(0) - 1.6 / 2.5).abs() < 1e-15,
            "just after the first purchase"
        );
        assert!((1..7).all(|row| p(row) < p(row - 1)) && p(7) > p(6));
    }
}
