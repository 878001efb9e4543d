//! A shop at a date: its gaps and what they have taught.

use serde_json::json;

use super::fit;
use super::gap_model::{GapLaw, History, Model, Params};
use crate::context::room;
use crate::data::Orders;
use crate::summary::Gaps;
use crate::{Context, Duration, Error, Result, Scope, Table};

/// Gaps, their sums, and the model that reads them.
pub(super) struct Shop {
    pub(super) gaps: Gaps,
    pub(super) histories: Vec<History>,
    /// None when no customer has come back yet and nothing was learnt elsewhere.
    pub(super) model: Option<Model>,
}

impl Shop {
    /// The shop at the scope's date, with what it teaches itself or has `learned` before.
    pub(super) fn new(
        orders: &Orders,
        scope: &Scope,
        learned: Option<&Params>,
        context: &Context,
    ) -> Result<Self> {
        let gaps = Gaps::new(orders, scope, context)?;
        let n = gaps.len();
        context.afford(n.saturating_mul(size_of::<History>() + 4), "gap histories")?;
        let mut histories = room(n, "gap histories")?;
        let mut open = room(n, "gap histories")?;
        for i in 0..n {
            histories.push(History::new(gaps.of(i)));
            open.push(gaps.open_days(i));
        }
        let params = match learned {
            Some(params) => Some(*params),
            None => match fit::fit(&histories, &open, &fit::Options::default()) {
                Ok(fit) => Some(fit.params),
                // Without a repeat customer the answer is null: no date is better than a bare one.
                Err(Error::Insufficient { .. }) => None,
                Err(other) => return Err(other),
            },
        };
        let model = match params {
            Some(params) => {
                let most = histories.iter().map(|h| h.gaps).max().unwrap_or(0);
                Some(Model::new(&params, 0..=most)?)
            }
            None => None,
        };
        Ok(Self {
            gaps,
            histories,
            model,
        })
    }

    /// The law of a customer's next gap.
    pub(super) fn law(&self, i: usize) -> Option<GapLaw<'_>> {
        self.model
            .as_ref()
            .map(|model| model.customer(&self.histories[i]))
    }

    /// Mean gap, in whole days, of a customer; the shop's typical gap where there is none.
    pub(super) fn usual_gap_days(&self, i: usize) -> Option<i32> {
        let history = &self.histories[i];
        let days = match (history.gaps, &self.model) {
            (0, None) => return None,
            (0, Some(model)) => model.params().typical_gap.get(),
            (n, _) => history.sum / f64::from(n),
        };
        Some(libm::round(days).min(f64::from(i32::MAX)) as i32)
    }

    /// The parameters in the table's notes: `learned` of a later request.
    pub(super) fn noted(&self, table: Table) -> Table {
        let params = self.model.as_ref().map(|model| json!(model.params()));
        table.with_note("gap_model", params.unwrap_or_default())
    }
}

/// A horizon in whole days, at least one.
pub(super) fn whole_days(option: &str, duration: Duration) -> Result<u32> {
    let days = libm::ceil(duration.as_days());
    if (1.0..=36_525.0).contains(&days) {
        Ok(days as u32)
    } else {
        Err(Error::option(option, "", "1 to 36,525 days"))
    }
}
