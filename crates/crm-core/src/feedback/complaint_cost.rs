//! What complaints cost (クレームの損失): purchases after a complaint beside those of similar customers without one.
//!
//! # Definition
//!
//! A case is the first complaint of a customer who has ordered before and was followed for `within` days since. It is
//! compared with the `matches` customers who are nearest to it in recency, orders and revenue on that day and had no
//! complaint up to then (`feedback/matched.rs` has distance and variance):
//!
//! ```text
//! repeat_rate           share of cases with an order on the days 1 to `within` after the complaint
//! matched_repeat_rate   the same of their controls, each case's with equal weight
//! difference            the first less the second, τ ± t_{n−1} √V
//! revenue_lost          −(revenue_difference) · customers
//! ```
//!
//! One row has all cases; two more have those that were answered within `in_time` and the others (`late`), each beside its
//! own controls. An answer within the time was not drawn by lot: what is easily answered may also be what is easily
//! forgiven. Similar customers may complain later, as the others might have, too: the difference is that to not having
//! complained yet. Where nobody of either kind bought, or all did, the interval is Newcombe's of two rates and that of the revenue
//! is null. Orders on the day of the complaint count as before it.
//!
//! The table says what a complaint is followed by among customers who were alike in these three numbers. Customers who
//! complain may differ in others. The note `imbalance` has how far the means of the logarithms of recency, orders and
//! revenue are apart, in standard deviations: above 0.1 the controls are not alike.

use super::complaint_log::{Complaint, Log, SCOPE, positive_days};
use super::fields::REVENUE_PER_CUSTOMER;
use super::matched::{Case, Compared, Match, compare, imbalance, matched};
use super::rows::Rows;
use crate::analysis::Analysis;
use crate::context::{Context, filled, push};
use crate::data::Orders;
use crate::data::orders::selection::Selection;
use crate::error::{Error, Result};
use crate::ids::NO_ID;
use crate::num::Fraction;
use crate::num::ratio::wilson;
use crate::num::two_rates::{Rate, newcombe};
use crate::scope::At;
use crate::table::optional::{interval_columns, known};
use crate::table::shared::{CUSTOMERS, REPEAT_RATE, REPEAT_RATE_HIGH, REPEAT_RATE_LOW};
use crate::table::{Column, Field, Label, Table, columns, labels};
use crate::time::Duration;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Options of [`ComplaintCost`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// The complaints, a list for each column: `occurred_at`, `customer_id`, `order_id`, `shop` and `answered_at`. Required.
    /// Default: none.
    pub complaints: Rows,
    /// Days after the complaint in which purchases count. Default 90.
    pub within: u32,
    /// The time in which a complaint is to be answered. Default 1 day.
    pub in_time: Duration,
    /// Similar customers for each complaint, 1 to 100. Default 5.
    pub matches: u32,
    /// Confidence level of the intervals. Default 0.95.
    pub confidence: Fraction,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            complaints: Rows::default(),
            within: 90,
            in_time: Duration::days(1),
            matches: 5,
            confidence: Fraction::P95,
        }
    }
}

const ANSWERS: &[Label] = labels! {
    "all", "All complaints", "全体";
    "in_time", "Answered in time", "期限内回答";
    "late", "Answered late or not", "期限超過・未回答";
};

/// The analysis `complaint_cost`.
#[derive(Debug, Clone, Copy)]
pub struct ComplaintCost;

impl Analysis for ComplaintCost {
    const NAME: &'static str = "complaint_cost";
    const SUMMARY: &'static str = "What complaints cost: purchases after a complaint beside those of similar customers without one";
    const JA: &'static str = "クレームの損失";
    const COLUMNS: &'static [Field] = &columns! {
        "answer": Category, "", "回答", "Which complaints: all, answered in time, or not.";
        CUSTOMERS, "Customers whose first complaint has matches.";
        REPEAT_RATE, "Share of them with an order within `within` days after the complaint.";
        REPEAT_RATE_LOW;
        REPEAT_RATE_HIGH;
        "matched_repeat_rate": Float, "share", "類似顧客のリピート率", "The same of similar customers without a complaint.";
        "repeat_rate_difference": Float, "share", "リピート率の差", "repeat_rate − matched_repeat_rate.";
        "repeat_rate_difference_low": Float, "share", "リピート率の差(下限)", "Lower end of its interval.";
        "repeat_rate_difference_high": Float, "share", "リピート率の差(上限)", "Upper end of its interval.";
        REVENUE_PER_CUSTOMER, "Their revenue per customer within these days, major units.";
        "matched_revenue_per_customer": Float, "currency", "類似顧客の1人あたり売上", "The same of similar customers.";
        "revenue_difference": Float, "currency", "1人あたり売上の差", "revenue_per_customer − matched_revenue_per_customer.";
        "revenue_difference_low": Float, "currency", "1人あたり売上の差(下限)", "Lower end of its interval.";
        "revenue_difference_high": Float, "currency", "1人あたり売上の差(上限)", "Upper end of its interval.";
        "revenue_lost": Float, "currency", "損失売上", "−revenue_difference · customers; below 0 where they bought more.";
        "revenue_lost_low": Float, "currency", "損失売上(下限)", "Lower end of its interval.";
        "revenue_lost_high": Float, "currency", "損失売上(上限)", "Upper end of its interval.";
    };
    const SCOPE: &'static [&'static str] = SCOPE;
    type Data = Orders;
    type Options = Options;

    fn check(_: &Orders, options: &Options) -> Result<()> {
        positive_days("within", options.within)?;
        match (1..=100).contains(&options.matches) {
            true => Ok(()),
            false => Err(Error::option("matches", options.matches, "1 to 100")),
        }
    }

    fn run(orders: &Orders, at: &At, options: &Options, context: &Context) -> Result<Table> {
        let selection = Selection::new(orders, at)?;
        let log = Log::new(&options.complaints, None, &selection)?;
        let mut first_day = filled(selection.ids().len(), i32::MAX, "complaints")?;
        let (mut cases, mut in_time) = (Vec::new(), Vec::new());
        let mut open = 0_u64;
        for one in log.all.iter().filter(|one| one.customer != NO_ID) {
            let first = &mut first_day[one.customer as usize];
            if *first != i32::MAX {
                continue;
            }
            *first = one.day;
            if i64::from(at.day.0) - i64::from(one.day) < i64::from(options.within) {
                open += 1;
                continue;
            }
            let case = Case {
                customer: one.customer,
                day: one.day,
            };
            push(&mut cases, case, "complaints")?;
            push(&mut in_time, is_in_time(one, options), "complaints")?;
        }
        let index = orders.index(context)?;
        let found = matched(
            &selection,
            &index,
            &cases,
            &first_day,
            options.within,
            options.matches,
            context,
        )?;
        let of = |kind: usize| -> Vec<&Match> {
            let is = |one: &&Match| kind == 0 || in_time[one.case] == (kind == 1);
            found.all.iter().filter(is).collect()
        };
        let rows: Vec<Vec<&Match>> = (0..3).map(of).filter(|rows| !rows.is_empty()).collect();
        let kinds: Vec<u8> = (0..3)
            .filter(|kind| !of(usize::from(*kind)).is_empty())
            .collect();
        let rows = rows.iter().map(|matches| Row::new(matches, options));
        let table = table(&kinds, &rows.collect::<Result<Vec<Row>>>()?)?
            .with_note("complaints_not_followed", json!(open))
            .with_note(
                "complaints_without_order_before",
                json!(found.without_order),
            )
            .with_note("complaints_unmatched", json!(found.unmatched));
        let apart = match found.all.len() {
            0 | 1 => table,
            _ => {
                let [recency, orders, revenue] = imbalance(&of(0));
                let note = json!({"recency": recency, "orders": orders, "revenue": revenue});
                table.with_note("imbalance", note)
            }
        };
        Ok(log.noted(apart))
    }
}

fn is_in_time(one: &Complaint, options: &Options) -> bool {
    let took = one.answered.map(|answered| answered - one.at);
    took.is_some_and(|took| took <= options.in_time.micros())
}

/// A row of the result.
struct Row {
    customers: usize,
    /// The rate of the cases, and its interval.
    rate: [f64; 3],
    repeat: Compared,
    revenue: Compared,
}

impl Row {
    fn new(matches: &[&Match], options: &Options) -> Result<Row> {
        let level = options.confidence;
        let mut repeat = compare(matches, 0, level)?;
        let n = matches.len();
        let (low, high) = wilson(repeat.cases, n as f64, level);
        if !repeat.difference[1].is_finite() {
            // All differences are alike: one of all cases and one of all controls.
            let rate = |share: f64| Rate {
                hits: libm::round(share * n as f64) as u64,
                trials: n as u64,
            };
            let (low, high) = newcombe(rate(repeat.controls), rate(repeat.cases), level);
            repeat.difference = [repeat.difference[0], low, high];
        }
        Ok(Row {
            customers: n,
            rate: [repeat.cases, low, high],
            repeat,
            revenue: compare(matches, 1, level)?,
        })
    }

    /// −τ n, and its interval.
    fn lost(&self) -> [f64; 3] {
        let [mean, low, high] = self.revenue.difference;
        [mean, high, low].map(|value| -value * self.customers as f64)
    }
}

fn table(kinds: &[u8], rows: &[Row]) -> Result<Table> {
    let fields = ComplaintCost::COLUMNS;
    let float = |field: &Field, of: &dyn Fn(&Row) -> f64| {
        let cells = rows
            .iter()
            .map(|row| Some(of(row)).filter(|cell| cell.is_finite()));
        Column::floats(field, cells)
    };
    let customers = rows.iter().map(|row| i32::try_from(row.customers).ok());
    let mut columns = vec![
        Column::words(&fields[0], ANSWERS, kinds.iter().map(|kind| Some(*kind)))?,
        Column::ints(&fields[1], customers)?,
    ];
    columns.extend(interval_columns(
        &fields[2..5],
        rows.iter().map(|row| known(row.rate)),
    )?);
    columns.push(float(&fields[5], &|row| row.repeat.controls)?);
    let repeat = |row: &Row| known(row.repeat.difference.map(|end| end.clamp(-1.0, 1.0)));
    columns.extend(interval_columns(&fields[6..9], rows.iter().map(repeat))?);
    columns.push(float(&fields[9], &|row| row.revenue.cases)?);
    columns.push(float(&fields[10], &|row| row.revenue.controls)?);
    let revenue = rows.iter().map(|row| known(row.revenue.difference));
    columns.extend(interval_columns(&fields[11..14], revenue)?);
    let lost = rows.iter().map(|row| known(row.lost()));
    columns.extend(interval_columns(&fields[14..17], lost)?);
    Ok(Table::new(columns))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::run_typed;
    use crate::money::Currency;
    use crate::num::rng::Rng;
    use crate::scope::Scope;
    use crate::time::{Day, Zone};

    const DAYS: f64 = 400.0;

    /// A shop, its complaints, and by row of the result the sums of cases, of the change in repeat purchases and of the
    /// change in revenue that complaints made, known from what each customer would have bought without.
    struct Simulated {
        orders: Orders,
        complaints: Rows,
        truth: [[f64; 3]; 3],
    }

    /// Customers buy at their own pace and complain after one order in 12; whoever does leaves with probability 0.1 if
    /// answered in time, else 0.6.
    fn simulate(seed: u64) -> Simulated {
        let mut rng = Rng::new(seed);
        let mut orders = Orders::builder(Currency::JPY, Zone::UTC);
        let text = |day: f64| Day(20_000 + day as i32).to_string();
        let (mut who, mut when, mut answered) = (Vec::new(), Vec::new(), Vec::new());
        let mut truth = [[0.0; 3]; 3];
        for k in 0..500 {
            let id = format!("c{k}");
            let pace = 20.0 + 60.0 * rng.uniform();
            let mut day = 150.0 * rng.uniform();
            let mut own = Vec::new();
            while day < DAYS {
                own.push((day, 1_000 + rng.below(4_000) as i64));
                day += 1.0 + pace * rng.exponential();
            }
            let mut left = DAYS;
            // The next complaint after the orders from a place on: where, when, answered in time or not, and leaving or not.
            let mut complaint = |from: usize| {
                (from..own.len()).find_map(|at| {
                    let on = own[at].0 + 1.0 + 6.0 * rng.uniform();
                    let next = own.get(at + 1).map_or(DAYS, |next| next.0);
                    let complains = on + 1.0 < next && rng.uniform() < 1.0 / 12.0;
                    let in_time = rng.uniform() < 0.5;
                    let leaves = rng.uniform() < if in_time { 0.1 } else { 0.6 };
                    complains.then_some((at, on, in_time, leaves))
                })
            };
            if let Some((at, on, in_time, leaves)) = complaint(0) {
                who.push(id.clone());
                when.push(text(on));
                answered.push(in_time.then(|| text(on + 1.0)));
                // Without this one there might have been a later one.
                let later = complaint(at + 1).filter(|(.., leaves)| *leaves);
                let without = later.map_or(DAYS, |(_, on, ..)| on);
                if on.floor() + 90.0 <= DAYS - 1.0 {
                    let bought = |until: f64| {
                        let is_in = |day: f64| {
                            day < until
                                && day.floor() > on.floor()
                                && day.floor() <= on.floor() + 90.0
                        };
                        let after = own.iter().filter(|(day, _)| is_in(*day));
                        let revenue: i64 = after.map(|(_, amount)| amount).sum();
                        [f64::from(u8::from(revenue > 0)), revenue as f64]
                    };
                    // A second complaint of one who stays is that of a customer who has complained before.
                    let with = bought(if leaves { on } else { without });
                    let other = bought(without);
                    for row in [0, if in_time { 1 } else { 2 }] {
                        truth[row][0] += 1.0;
                        truth[row][1] += with[0] - other[0];
                        truth[row][2] += with[1] - other[1];
                    }
                }
                left = if leaves { on } else { without };
            }
            for (day, amount) in own.into_iter().filter(|(day, _)| *day < left) {
                orders = orders.order(&id, &text(day), amount);
            }
        }
        let rows = json!({"customer_id": who, "occurred_at": when, "answered_at": answered});
        Simulated {
            orders: orders.build().unwrap(),
            complaints: Rows::new(rows),
            truth,
        }
    }

    /// The cost of complaints is in its interval about as often as said, for all, answered in time and late.
    #[test]
    fn the_cost_of_simulated_complaints_is_in_its_interval() {
        let shops: Vec<Simulated> = (0..60).map(simulate).collect();
        let mean = |row: usize, of: usize| {
            let sum = |at: usize| shops.iter().map(|shop| shop.truth[row][at]).sum::<f64>();
            sum(of) / sum(0)
        };
        let scope = Scope::as_of(Day(20_000 + DAYS as i32 - 1));
        let (mut held, mut off) = ([[0; 2]; 3], [[0.0; 2]; 3]);
        for shop in &shops {
            let options = Options::default().complaints(shop.complaints.clone());
            let context = Context::default();
            let table =
                run_typed::<ComplaintCost>(&shop.orders, &scope, &options, &context).unwrap();
            let customers = table.column("customers").unwrap();
            assert_eq!(table.len(), 3);
            for row in 0..3 {
                let n = shop.truth[row][0] - 3.0;
                let crate::table::Cell::Int(found) = customers.cell(row) else {
                    panic!()
                };
                assert!(found as f64 >= n, "{found} of {n} are matched");
                for (at, name) in ["repeat_rate_difference", "revenue_difference"]
                    .iter()
                    .enumerate()
                {
                    let cell = |end: &str| {
                        let name = format!("{name}{end}");
                        table.floats(&name).unwrap().nth(row).flatten().unwrap()
                    };
                    let truth = mean(row, at + 1);
                    held[row][at] += i32::from((cell("_low")..=cell("_high")).contains(&truth));
                    off[row][at] += (cell("") / truth - 1.0) / 60.0;
                }
            }
        }
        // 60 × .95 = 57, and with a deviation of 1.7 not under 53.
        assert!(
            held.as_flattened().iter().all(|held| *held >= 53),
            "{held:?}"
        );
        // Answered in time the loss is small against its error.
        for row in [0, 2] {
            assert!(off[row].iter().all(|off| off.abs() < 0.12), "{off:?}");
        }
    }

    #[test]
    fn nobody_bought_leaves_a_doubt() {
        let mut orders = Orders::builder(Currency::JPY, Zone::UTC);
        for k in 0..20 {
            orders = orders.order(&format!("c{k:02}"), "2026-01-05", 1_000);
        }
        let rows =
            json!({"customer_id": ["c00", "c01"], "occurred_at": ["2026-01-08", "2026-01-09"]});
        let options = Options::default().complaints(Rows::new(rows));
        let scope = Scope::as_of("2026-06-30".parse().unwrap());
        let context = Context::default();
        let orders = orders.build().unwrap();
        let table = run_typed::<ComplaintCost>(&orders, &scope, &options, &context).unwrap();
        // All, and those not answered.
        assert_eq!(table.len(), 2);
        let cell = |name: &str| table.floats(name).unwrap().next().flatten();
        assert_eq!(cell("repeat_rate_difference"), Some(0.0));
        assert!(cell("repeat_rate_difference_high") > Some(0.3));
        assert_eq!(cell("revenue_difference_low"), None);
    }
}
