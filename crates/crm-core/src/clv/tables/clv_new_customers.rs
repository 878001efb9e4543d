//! Expected purchases of a new customer (`clv_new_customers`).
//!
//! The fit is given as JSON: the note `fit` of a fit's table, its text, or parameters alone, such as
//! `{"model": "mbg_nbd", "r": …, "alpha": …, "a": …, "b": …, "unit": "week"}`. Times `t` are in the
//! unit of the model.

use crate::analysis::Analysis;
use crate::clv::covariate_columns::{covariate_fit_of, own_models};
use crate::clv::fields::TIME;
use crate::clv::models::histories::History;
use crate::clv::models::model::Purchases;
use crate::clv::shop_time::ShopTime;
use crate::context::{Context, room};
use crate::error::{Error, Result};
use crate::table::shared::{EXPECTED_PURCHASES, PROBABILITY, PROBABILITY_ALIVE};
use crate::table::{Column, Field, Table, columns};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Options of [`ClvNewCustomers`].
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// The model: the JSON of a fit, or of parameters. Needed.
    pub fit: Value,
}

/// The analysis `clv_new_customers`.
#[derive(Debug, Clone, Copy)]
pub struct ClvNewCustomers;

impl Analysis for ClvNewCustomers {
    const NAME: &'static str = "clv_new_customers";
    const SUMMARY: &'static str =
        "expected purchases of a new customer within times `t`; with a column `n`, P(X(t) = n)";
    const JA: &'static str = "新規顧客の期待購入回数";
    const COLUMNS: &'static [Field] = &columns! {
        TIME;
        EXPECTED_PURCHASES;
        PROBABILITY_ALIVE, "Probability of being alive at that time.";
        "n": Int, "purchases", "回数", "Repeat purchase days.";
        PROBABILITY, "Probability of exactly n.";
    };
    type Data = Table;
    type Options = Options;

    fn run(data: &Table, _: &(), options: &Options, _: &Context) -> Result<Table> {
        let fit = covariate_fit_of("fit", &options.fit)?;
        let times = data.numbers("t")?;
        for (row, t) in times.iter().enumerate() {
            if !(*t >= 0.0 && t.is_finite()) {
                return Err(Error::value("t", row, "a finite number, at least 0"));
            }
        }
        let own = own_models(&fit, data)?;
        let fit = &fit.fit;
        let model = |row: usize| own.as_ref().map_or(&fit.model, |own| &own[row]);
        let each = || times.iter().enumerate().map(|(row, t)| (model(row), *t));
        let [f_t, f_expected, f_alive, f_n, f_p] = Self::COLUMNS else {
            return Err(Error::internal("columns of clv_new_customers"));
        };
        let mut columns = vec![
            Column::finite(f_t, times.to_vec())?,
            Column::floats(
                f_expected,
                each().map(|(model, t)| Some(model.expected_of_new(t))),
            )?,
            Column::floats(
                f_alive,
                each().map(|(model, t)| Some(model.probability_alive(History::NEW, t))),
            )?,
        ];
        if data.column("n").is_some() {
            let counts = data.numbers("n")?;
            let mut whole = room(counts.len(), "counts")?;
            for (row, n) in counts.iter().enumerate() {
                if !(0.0..=1e6).contains(n) || *n != libm::floor(*n) {
                    return Err(Error::value("n", row, "a whole number from 0 to 1000000"));
                }
                whole.push(*n as u32);
            }
            let p = whole.iter().zip(each());
            let p = p.map(|(n, (model, t))| Some(model.probability_of(*n, History::NEW, t)));
            columns.push(Column::ints(f_n, whole.iter().map(|n| Some(*n as i32)))?);
            columns.push(Column::floats(f_p, p)?);
        }
        // Nothing here has a date.
        let time = ShopTime::new(fit.seasonality.as_ref(), None, 0.0, fit.model.unit())?;
        Ok(time.noted(Table::new(columns)))
    }
}
