//! A scope carried out on orders: filters, policy, basis and refunds give a view of the orders; lists
//! of dates and breakdowns run an analysis several times and put the tables together.

use super::{AS_OF, Analysis, Dataset, Input, noted_end, resolved};
use crate::context::{Context, filled};
use crate::data::Orders;
use crate::error::{Error, Result};
use crate::scope::{AsOf, Filter, Refunds, Scope};
use crate::table::{Column, Table, Values};
use serde_json::{Value, json};

/// The keys of analyses in which an occasion makes no difference: they sum orders, or always take days.
pub(crate) const WITHOUT_OCCASION: &[&str] = {
    let all = <Orders as Input>::SCOPE;
    all.split_at(all.len() - 1).0
};

impl Input for Orders {
    const KIND: &'static str = "orders";
    const SCOPE: &'static [&'static str] = &[
        "as_of",
        "where",
        "customers",
        "by",
        "policy",
        "basis",
        "refunds",
        "churn_days",
        "churn_boundary",
        "occasion",
    ];

    fn of<'a>(data: &Dataset<'a>) -> Option<&'a Self> {
        match data {
            Dataset::Orders(orders) => Some(orders),
            _ => None,
        }
    }

    fn run_scoped<A: Analysis<Data = Self>>(
        &self,
        scope: &Scope,
        options: &A::Options,
        context: &Context,
    ) -> Result<(Table, Value)> {
        context.afford(self.len().saturating_mul(8), "a pass over the orders")?;
        // Where an analysis always takes days, nothing is said.
        let occasion = A::OCCASION.filter(|_| A::SCOPE.contains(&"occasion"));
        let scope = &Scope {
            churn_days: scope.churn_days.or(Some(A::CHURN_DAYS)),
            occasion: scope.occasion.or(occasion),
            ..scope.clone()
        };
        let orders = self.scoped(scope, context)?;
        let last = orders.last_date.unwrap_or_default();
        let (days, is_list) = match &scope.as_of {
            AsOf::Last => (vec![last], false),
            AsOf::Day(day) => (vec![*day], false),
            AsOf::Days(days) if days.is_empty() => {
                return Err(Error::option(
                    "as_of",
                    "[]",
                    "a date or a list of at least one date",
                ));
            }
            AsOf::Days(days) => (days.clone(), true),
            AsOf::At(_) | AsOf::Moments(_) => {
                return Err(Error::option(
                    "as_of",
                    "",
                    "a date: orders are seen by whole days, only events by instants",
                ));
            }
        };
        let parts = orders.parts(&scope.by, context)?;
        let mut all = Table::default();
        for day in &days {
            // What is left for the analysis: one date, nothing to filter.
            let single = Scope {
                as_of: AsOf::Day(*day),
                filter: Filter::default(),
                customers: Filter::default(),
                by: Vec::new(),
                policy: None,
                refunds: Refunds::OrderDate,
                ..scope.clone()
            };
            for part in &parts {
                let table = A::run(&part.orders, &single, options, context)?;
                let table = part.orders.shown(table)?;
                let mut before = Vec::new();
                if is_list {
                    let cells = filled(table.len(), day.0, "table column")?;
                    before.push(Column::new(&AS_OF, Values::Date(cells)));
                }
                for key in &part.keys {
                    before.push(key.repeated(table.len())?);
                }
                all.append(table.prepended(before)?)?;
            }
        }
        let mut resolved = resolved::<A>(scope);
        resolved["as_of"] = match is_list {
            true => json!(days),
            false => json!(days[0]),
        };
        resolved["policy"] = json!(orders.view.policy);
        resolved["currency"] = json!(orders.currency());
        if let (Some(last), Some(day)) = (orders.last_date, days.iter().max()) {
            all = noted_end(all, last, *day);
        }
        resolved["timezone"] = json!(orders.zone().to_string());
        Ok((all, resolved))
    }
}
