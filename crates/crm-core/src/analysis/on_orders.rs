//! A scope carried out on orders: filters, policy and refunds give a view of the orders; lists of
//! dates and breakdowns run an analysis several times, each time with one [`At`], and put the tables
//! together.

use super::{AS_OF, Analysis, Dataset, Input, noted_end, resolved};
use crate::context::{Context, filled};
use crate::data::Orders;
use crate::error::{Error, Result};
use crate::scope::{AsOf, At, Scope};
use crate::table::{Column, Table, Values};
use crate::time::Day;
use serde_json::{Value, json};

/// The keys of analyses in which an occasion makes no difference: they sum orders, or always take days.
pub(crate) const WITHOUT_OCCASION: &[&str] = {
    let all = <Orders as Input>::SCOPE;
    all.split_at(all.len() - 1).0
};

impl Input for Orders {
    type At = At;
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
        // An analysis that always counts days has no `occasion` in its definition.
        let occasion = A::OCCASION.filter(|_| A::SCOPE.contains(&"occasion"));
        let scope = &Scope {
            churn_days: scope.churn_days.or(Some(A::CHURN_DAYS)),
            occasion: scope.occasion.or(occasion),
            ..scope.clone()
        };
        let orders = self.scoped(scope, context)?;
        let last = orders.last_date.unwrap_or_default();
        let (days, is_list) = days(&scope.as_of, last)?;
        let parts = orders.parts(&scope.by, context)?;
        let mut all = Table::default();
        for day in &days {
            let at = At {
                day: *day,
                basis: scope.basis,
                occasion: scope.occasion,
                churn_days: scope.churn_days,
                churn_boundary: scope.churn_boundary,
            };
            for part in &parts {
                let mut orders = part.orders.clone();
                orders.view.day = Some(*day);
                let table = A::run(&orders, &at, options, context)?;
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

/// The dates of a request, and whether they are a list; `last` is the default.
fn days(as_of: &AsOf, last: Day) -> Result<(Vec<Day>, bool)> {
    match as_of {
        AsOf::Last => Ok((vec![last], false)),
        AsOf::Day(day) => Ok((vec![*day], false)),
        AsOf::Days(days) if days.is_empty() => Err(Error::option(
            "as_of",
            "[]",
            "a date or a list of at least one date",
        )),
        AsOf::Days(days) => Ok((days.clone(), true)),
        AsOf::At(_) | AsOf::Moments(_) => Err(Error::option(
            "as_of",
            "",
            "a date: orders are seen by whole days, only events by instants",
        )),
    }
}
