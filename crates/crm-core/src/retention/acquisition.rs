//! Acquisition (集客・広告効果): cost and value of the customers that each channel brought.
//!
//! # Definition
//!
//! A customer belongs to the channel of their origin (the first order, or the first that `origin`
//! chooses), or to its values of other columns (`by`). With `acquired_from` and `acquired_to` only
//! customers whose origin is in that time count. Costs are given by the same values, in major units
//! of the orders' currency. Per row, with n new customers, C the cost, R their revenue and G their
//! margin to date,
//!
//! ```text
//! cac          C / n                                   cost per new customer (CPO, 顧客獲得単価)
//! roas         R / C
//! roi_revenue  (R − C) / C                             ROI from revenue
//! roi_margin   (G − C) / C                             ROI from margin
//! repeat_rate  share with a second purchase within `within` days, Kaplan-Meier
//! ltv_30 …     mean cumulative revenue per customer by that age
//! payback_day  first age (days) at which the mean cumulative margin per customer reaches the CAC
//! payback_revenue_day   likewise for revenue
//! ```
//!
//! The mean cumulative function (see [`cohort`](super::cohort)) counts recent customers for as long
//! as they were observed. A second purchase is the first order on a later day, or with `occasion` =
//! order the next order; all other columns count orders. A payback that is not reached within the
//! observed time is null, which does not mean never. `roas` and both `roi` use revenue to date:
//! they rise as customers age, so channels of different ages cannot be compared by them. LTV and
//! payback can be compared.
//!
//! The margin is `margin` times the revenue; or exact, if the orders have a column of costs; or the
//! revenue itself, if the scope's basis is margin. Otherwise it is unknown and null.
//!
//! A channel with costs and no customers has a row, so that the costs add up. Costs with a `date`
//! count when the date is in the time of acquisition (up to `as_of`), costs without a date always.
//! A cost of zero gives a CAC of 0 and a null ROAS. In a row without costs the columns that need
//! them are null.

mod costs;

use self::costs::{Domain, Spent};
use super::grouping::{GroupBy, Grouping};
use super::history::{Histories, History, Origin};
use super::parameters::whole_days;
use super::shares::share_columns;
use super::worth::{LTV, REPEAT_RATES, Tally, Worth, ltv_columns};
use crate::analysis::Analysis;
use crate::context::{Context, collect, push};
use crate::data::Orders;
use crate::data::orders::view::rank;
use crate::error::{Error, Result};
use crate::money::{Currency, divide};
use crate::num::ratio::Ratio;
use crate::num::{Fraction, Probability};
use crate::request::distinct;
use crate::scope::{At, Basis, Filter, Occasion};
use crate::table::shared::{CHANNEL, CUSTOMERS, ORDERS, REVENUE};
use crate::table::{Column, Field, Table, Values, columns};
use crate::time::{Day, Duration};
use crate::words::KindWord;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// Options of the analysis.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// The columns whose values at the origin group the customers. Default: channel.
    pub by: Vec<String>,
    /// The costs: `{"ads": 120000}` by value of the only column of `by`, or a list of
    /// `{"channel": "ads", "cost": 120000, "date": "2026-01-31"}`. Costs of equal values add up.
    /// Default: no costs.
    pub costs: Costs,
    /// The first day of acquisition. Default: none, from the first order on.
    pub acquired_from: Option<Day>,
    /// The last day of acquisition. Default: none, up to `as_of`.
    pub acquired_to: Option<Day>,
    /// Margin as a share of revenue. Default: none, from the orders' own costs if they have them.
    pub margin: Option<Probability>,
    /// The time in which a second purchase counts for `repeat_rate`. Default 90 days.
    pub within: Duration,
    /// The filter that chooses the origin: a history begins at the first order that it keeps.
    /// Default: the first order.
    pub origin: Filter,
    /// Only orders of these kinds. Default: all that count.
    pub kinds: Option<Vec<KindWord>>,
    /// Confidence of the intervals. Default 0.95.
    pub confidence: Fraction,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            by: vec!["channel".into()],
            costs: Costs::Rows(Vec::new()),
            acquired_from: None,
            acquired_to: None,
            margin: None,
            within: Duration::days(90),
            origin: Filter::default(),
            kinds: None,
            confidence: Fraction::P95,
        }
    }
}

/// Costs in major units.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(
    untagged,
    expecting = "an object {value: cost} or a list of {column: value, \"cost\": cost, \"date\": date}"
)]
pub enum Costs {
    /// A list of rows: the columns of `by`, `cost`, and optionally `date`.
    Rows(Vec<BTreeMap<String, Value>>),
    /// Costs by value of the only column of `by`.
    ByValue(BTreeMap<String, f64>),
}

/// One row of the result.
#[derive(Clone, Copy)]
struct Row {
    /// Minor units; `None` where no costs were given.
    cost: Option<i128>,
    /// `None` where no customer was acquired.
    worth: Option<Worth>,
    /// To date, major units.
    margin: Option<f64>,
    payback: Option<i32>,
    payback_revenue: Option<i32>,
}

/// The histories of the rows, and the source of the margin.
struct Sources {
    histories: Histories,
    /// Histories whose amounts are margins.
    margins: Option<Histories>,
    /// Margin as a share of revenue.
    share: Option<f64>,
}

impl Sources {
    fn new(orders: &Orders, at: &At, options: &Options, context: &Context) -> Result<Self> {
        let read = |at: &At| {
            let kinds = options.kinds.as_deref();
            Histories::new(orders, at, &options.origin, kinds, Occasion::Day, context)
                .map(Histories::of_orders)
        };
        let histories = read(at)?;
        let is_margin = at.basis == Basis::Margin;
        if is_margin && options.margin.is_some() {
            let expected = "nothing with the basis margin: amounts are margins already";
            return Err(Error::option("margin", "", expected));
        }
        let has_costs = histories.selection.data().cost.is_some();
        let exact = has_costs && options.margin.is_none() && !is_margin;
        Ok(Sources {
            histories,
            margins: match exact {
                true => Some(read(&At {
                    basis: Basis::Margin,
                    ..*at
                })?),
                false => None,
            },
            share: match is_margin {
                true => Some(1.0),
                false => options.margin.map(Probability::get),
            },
        })
    }
}

/// The analysis `acquisition`, for [`run_typed`](crate::analysis::run_typed).
#[derive(Debug, Clone, Copy)]
pub struct Acquisition;

impl Analysis for Acquisition {
    const NAME: &'static str = "acquisition";
    const SUMMARY: &'static str =
        "Cost and value of the customers of each channel: CAC, ROAS, ROI, payback";
    const JA: &'static str = "集客・広告効果";
    const COLUMNS: &'static [Field] = &columns! {
        CHANNEL, "The columns of `by`, under their own names.";
        CUSTOMERS, "New customers.";
        ORDERS, "Their orders to date.";
        REVENUE, "Their revenue to date.";
        "margin": Float, "currency", "累計粗利", "Their margin to date; null if unknown.";
        "cost": Money, "currency", "広告費", "The cost given; null without one.";
        "cac": Float, "currency", "顧客獲得単価", "Cost per new customer.";
        "roas": Float, "ratio", "ROAS", "revenue / cost.";
        "roi_revenue": Float, "ratio", "ROI(売上)", "(revenue − cost) / cost.";
        "roi_margin": Float, "ratio", "ROI(粗利)", "(margin − cost) / cost.";
        "payback_day": Int, "days", "回収日数", "First age at which the mean cumulative margin reaches the CAC.";
        "payback_revenue_day": Int, "days", "回収日数(売上)", "The same with revenue instead of margin.";
        REPEAT_RATES[0];
        REPEAT_RATES[1];
        REPEAT_RATES[2];
        LTV[0];
        LTV[1];
        LTV[2];
        LTV[3];
    };
    const OCCASION: Option<Occasion> = Some(Occasion::Day);
    type Data = Orders;
    type Options = Options;

    fn run(orders: &Orders, at: &At, options: &Options, context: &Context) -> Result<Table> {
        let within = whole_days("within", options.within)?;
        let sources = Sources::new(orders, at, options, context)?;
        distinct(&options.by)?;
        let by: Vec<GroupBy> = options.by.iter().cloned().map(GroupBy::Column).collect();
        let period = (options.acquired_from, options.acquired_to);
        let grouping = Grouping::new(&sources.histories, &by, period, context)?;
        let mut domains: Vec<Domain> = grouping.keys.iter().map(|(_, v)| Domain::of(v)).collect();
        let spent = Spent::new(options, &mut domains, &sources.histories, context)?;
        let first = grouping.origins.iter().map(|o| o.day).min();
        let horizon = first.map_or(0, |first| sources.histories.as_of() - first);
        let horizon = horizon.min(36_600);
        let (mut keys, mut rows) = (Vec::new(), Vec::new());
        let mut margins = History::default();
        grouping.tally(
            &sources.histories,
            2 * horizon as usize,
            context,
            || sources.tallies(horizon),
            |tallies, origin, history| sources.add(tallies, origin, history, &mut margins),
            |group, tallies| {
                let key = grouping.keys.iter();
                let key: Vec<u32> = key.map(|(_, v)| costs::token(v, group.place)).collect();
                let row = sources.row(tallies, spent.on(&key), within, options)?;
                push(&mut rows, row, "acquisition")?;
                push(&mut keys, key, "acquisition")
            },
        )?;
        let mut known = keys.clone();
        known.sort_unstable();
        for (key, cost) in spent.others(&known) {
            push(&mut rows, Row::without_customers(cost), "acquisition")?;
            push(&mut keys, key.to_vec(), "acquisition")?;
        }
        table(&options.by, &domains, &keys, &rows, &sources.histories)
    }
}

/// Revenue and, if it is known by order, margin of a group.
struct Tallies {
    revenue: Tally,
    margin: Option<Tally>,
}

impl Sources {
    fn tallies(&self, horizon: i32) -> Result<Tallies> {
        Ok(Tallies {
            revenue: Tally::new(horizon)?,
            margin: match self.margins {
                Some(_) => Some(Tally::new(horizon)?),
                None => None,
            },
        })
    }

    /// Adds a customer; `margins` is a reused buffer.
    fn add(
        &self,
        tallies: &mut Tallies,
        origin: &Origin,
        history: &History,
        margins: &mut History,
    ) -> Result<()> {
        let as_of = self.histories.as_of();
        let repeat = self.histories.repeat(history);
        tallies.revenue.add(as_of, origin, history, repeat)?;
        match (&self.margins, &mut tallies.margin) {
            (Some(histories), Some(tally)) => {
                histories.read(origin.code, margins)?;
                tally.add(as_of, origin, margins, repeat)
            }
            _ => Ok(()),
        }
    }

    fn row(
        &self,
        tallies: &Tallies,
        cost: Option<i128>,
        within: i32,
        options: &Options,
    ) -> Result<Row> {
        let currency = self.histories.currency();
        let worth = tallies
            .revenue
            .worth(within, options.confidence, currency)?;
        let cac = cost.and_then(|cost| currency.mean(cost, worth.customers));
        let payback = |tally: &Tally, share: f64| {
            let cac = cac?;
            let mut means = tally.means.means(currency);
            let age = means.position(|mean| mean.revenue * share >= cac)?;
            Some(age as i32)
        };
        let payback_revenue = payback(&tallies.revenue, 1.0);
        let (margin, payback) = match (&tallies.margin, self.share) {
            (Some(tally), _) => {
                let margin = tally.worth(0, options.confidence, currency)?;
                (currency.mean(margin.revenue, 1), payback(tally, 1.0))
            }
            (None, Some(share)) => {
                let revenue = currency.mean(worth.revenue, 1);
                (revenue.map(|r| r * share), payback(&tallies.revenue, share))
            }
            (None, None) => (None, None),
        };
        Ok(Row {
            cost,
            worth: Some(worth),
            margin,
            payback,
            payback_revenue,
        })
    }
}

impl Row {
    fn without_customers(cost: i128) -> Row {
        Row {
            cost: Some(cost),
            worth: None,
            margin: None,
            payback: None,
            payback_revenue: None,
        }
    }

    fn customers(&self) -> u64 {
        self.worth.map_or(0, |worth| worth.customers)
    }

    fn revenue(&self) -> i128 {
        self.worth.map_or(0, |worth| worth.revenue)
    }

    /// An amount in minor units over the cost.
    fn over_cost(&self, amount: i128) -> Option<f64> {
        let cost = u64::try_from(self.cost?).ok().filter(|cost| *cost > 0)?;
        Some(divide(amount, cost))
    }

    fn roi_margin(&self, currency: Currency) -> Option<f64> {
        let cost = currency.mean(self.cost?, 1).filter(|cost| *cost > 0.0)?;
        Some((self.margin? - cost) / cost)
    }
}

fn table(
    by: &[String],
    domains: &[Domain],
    keys: &[Vec<u32>],
    rows: &[Row],
    histories: &Histories,
) -> Result<Table> {
    let currency = histories.currency();
    let (channel, fields) = (&Acquisition::COLUMNS[0], &Acquisition::COLUMNS[1..]);
    let n = rows.len();
    let places = collect(0..n, "table")?;
    let (mut columns, mut ranks) = (Vec::new(), Vec::new());
    for (i, (name, domain)) in by.iter().zip(domains).enumerate() {
        let values = domain.values(&collect(keys.iter().map(|key| key[i]), "table")?)?;
        let (cells, valid) = values.cells(&places)?;
        let column = match name == channel.name {
            true => Column::new(channel, cells),
            false => Column::named(name, cells),
        };
        columns.push(column.with_validity(valid));
        ranks.push(rank(&values)?);
    }
    let whole = |field: usize, of: &dyn Fn(&Row) -> u64| {
        let cells = collect(rows.iter().map(|row| of(row) as i64), "table")?;
        Ok::<_, Error>(Column::new(&fields[field], Values::I64(cells.into())))
    };
    let money = |field: usize, of: &dyn Fn(&Row) -> Option<i128>| {
        let (mut cells, mut valid) = (Vec::new(), Vec::new());
        for row in rows {
            push(&mut cells, histories.cell(of(row).unwrap_or(0))?, "table")?;
            push(&mut valid, of(row).is_some(), "table")?;
        }
        let values = Values::Money(cells.into(), currency);
        Ok::<_, Error>(Column::new(&fields[field], values).with_validity(valid))
    };
    let float = |field: usize, of: &dyn Fn(&Row) -> Option<f64>| {
        Column::floats(&fields[field], rows.iter().map(of))
    };
    let day = |field: usize, of: &dyn Fn(&Row) -> Option<i32>| {
        Column::ints(&fields[field], rows.iter().map(of))
    };
    let none = Ratio::new(0, 0, Fraction::P95);
    let rates = rows
        .iter()
        .map(|row| row.worth.map_or(none, |worth| worth.repeat_rate));
    let ltv = rows
        .iter()
        .map(|row| row.worth.map_or([None; 4], |worth| worth.ltv));
    columns.extend([
        whole(0, &Row::customers)?,
        whole(1, &|row| row.worth.map_or(0, |worth| worth.orders))?,
        money(2, &|row| Some(row.revenue()))?,
        float(3, &|row| row.margin)?,
        money(4, &|row| row.cost)?,
        float(5, &|row| currency.mean(row.cost?, row.customers()))?,
        float(6, &|row| row.over_cost(row.revenue()))?,
        float(7, &|row| row.over_cost(row.revenue() - row.cost?))?,
        float(8, &|row| row.roi_margin(currency))?,
        day(9, &|row| row.payback)?,
        day(10, &|row| row.payback_revenue)?,
    ]);
    columns.extend(share_columns(&REPEAT_RATES, &collect(rates, "table")?)?);
    columns.extend(ltv_columns(&collect(ltv, "table")?)?);
    // Channels with costs and no customers are sorted among the others.
    let mut order = places;
    let key = |row: usize| ranks.iter().map(move |ranks| ranks[row]);
    order.sort_unstable_by(|a, b| key(*a).cmp(key(*b)).then(a.cmp(b)));
    Table::new(columns).take(&order)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::columns::{Batch, ColumnValues, Strings};
    use crate::data::{AmountUnit, OrdersSpec};
    use crate::table::Cell;

    /// Orders with a channel and a cost: customer, date, amount, cost, channel.
    fn orders(rows: &[(i64, &str, i64, i64, &str)]) -> Orders {
        let text = |texts: Vec<&str>| Strings::collect(texts.iter().map(|t| t.as_bytes())).unwrap();
        let int = |values: Vec<i64>| ColumnValues::Int {
            values: values.into(),
            bits: 64,
        };
        let batch: Batch = vec![
            (
                "customer_id".into(),
                int(rows.iter().map(|r| r.0).collect()).into(),
            ),
            (
                "ordered_at".into(),
                ColumnValues::Text(text(rows.iter().map(|r| r.1).collect())).into(),
            ),
            (
                "amount".into(),
                int(rows.iter().map(|r| r.2).collect()).into(),
            ),
            (
                "cost".into(),
                int(rows.iter().map(|r| r.3).collect()).into(),
            ),
            (
                "channel".into(),
                ColumnValues::Text(text(rows.iter().map(|r| r.4).collect())).into(),
            ),
        ];
        let spec = OrdersSpec {
            currency: Some(Currency::JPY),
            amount_unit: AmountUnit::Minor,
            cost: Some("cost".into()),
            channel: Some("channel".into()),
            ..OrdersSpec::default()
        };
        Orders::from_batches(&spec, &[batch], None, &Context::default()).unwrap()
    }

    fn shop() -> Orders {
        orders(&[
            (1, "2026-01-01", 1_000, 600, "ads"),
            (1, "2026-01-11", 2_000, 1_200, "mail"),
            (2, "2026-01-01", 1_000, 600, "ads"),
            (3, "2026-01-05", 5_000, 1_000, "search"),
        ])
    }

    fn run(options: &str) -> Result<Table> {
        let options: Options = serde_json::from_str(options).unwrap();
        let at = At::new("2026-03-31".parse().unwrap());
        Acquisition::run(&shop(), &at, &options, &Context::default())
    }

    fn texts(table: &Table, column: &str) -> Vec<String> {
        let column = table.column(column).unwrap();
        let cell = |row| match column.cell(row) {
            Cell::Null => "null".to_owned(),
            Cell::Id(crate::ids::IdRef::Text(text)) => text.into_owned(),
            Cell::Id(crate::ids::IdRef::Int(n)) | Cell::Int(n) | Cell::Money(n, _) => n.to_string(),
            Cell::Float(v) => v.to_string(),
            _ => unreachable!(),
        };
        (0..table.len()).map(cell).collect()
    }

    #[test]
    fn costs_meet_customers_by_hand() {
        let table = run(r#"{"costs": {"ads": 1500, "radio": 700}}"#).unwrap();
        let column = |name| texts(&table, name);
        assert_eq!(column("channel"), ["ads", "radio", "search"]); // mail brought no customer
        assert_eq!(column("customers"), ["2", "0", "1"]);
        assert_eq!(column("revenue"), ["4000", "0", "5000"]);
        assert_eq!(column("cost"), ["1500", "700", "null"]);
        assert_eq!(column("cac"), ["750", "null", "null"]);
        assert_eq!(
            column("roas"),
            [(4_000.0 / 1_500.0).to_string().as_str(), "0", "null"]
        );
        assert_eq!(
            column("roi_revenue"),
            [(2_500.0 / 1_500.0).to_string().as_str(), "-1", "null"]
        );
        assert_eq!(column("margin"), ["1600", "null", "4000"]);
        assert_eq!(
            column("roi_margin"),
            [(100.0 / 1_500.0).to_string().as_str(), "null", "null"]
        );
        // 750 each: revenue is 1,000 on day 0; margin 400 on day 0, 800 on day 10.
        assert_eq!(column("payback_revenue_day"), ["0", "null", "null"]);
        assert_eq!(column("payback_day"), ["10", "null", "null"]);
        assert_eq!(column("repeat_rate"), ["null", "null", "null"]); // 90 days are not over
        assert_eq!(column("ltv_30"), ["2000", "null", "5000"]);
    }

    #[test]
    fn a_margin_of_the_request_replaces_the_orders_costs() {
        let table = run(r#"{"costs": {"ads": 1500}, "margin": 0.5}"#).unwrap();
        assert_eq!(texts(&table, "margin"), ["2000", "2500"]);
        assert_eq!(texts(&table, "payback_day"), ["10", "null"]); // 500, then 1,000
    }

    #[test]
    fn costs_with_a_date_count_in_their_time() {
        let table = run(r#"{"acquired_from": "2026-01-02", "costs": [
                {"channel": "ads", "cost": 100, "date": "2026-01-01"},
                {"channel": "search", "cost": 100, "date": "2026-01-02"},
                {"channel": "search", "cost": 11, "date": "2026-03-31"},
                {"channel": "search", "cost": 1000, "date": "2026-04-01"},
                {"channel": null, "cost": 5}
            ]}"#)
        .unwrap();
        assert_eq!(texts(&table, "channel"), ["search", "null"]);
        assert_eq!(texts(&table, "cost"), ["111", "5"]);
    }

    #[test]
    fn costs_that_say_nothing_are_refused() {
        for bad in [
            r#"{"costs": [{"channel": "ads"}]}"#,
            r#"{"costs": [{"cost": 5}]}"#,
            r#"{"costs": [{"channel": "ads", "cost": -5}]}"#,
            r#"{"costs": [{"channel": 5, "cost": 5}]}"#,
            r#"{"costs": [{"channel": "ads", "cost": 5, "shop": "x"}]}"#,
            r#"{"costs": [{"channel": "ads", "cost": 5, "date": "1 May"}]}"#,
            r#"{"by": [], "costs": {"ads": 5}}"#,
            r#"{"by": ["chanel"]}"#,
        ] {
            assert!(run(bad).is_err(), "{bad}");
        }
        let all = run(r#"{"by": [], "costs": [{"cost": 90}]}"#).unwrap();
        assert_eq!(texts(&all, "cac"), ["30"]);
    }

    #[test]
    fn numbers_as_channels_and_two_columns() {
        let options = r#"{"by": ["customer_id", "channel"], "costs": [
            {"customer_id": 9, "channel": "tv", "cost": 1},
            {"customer_id": 1, "channel": "ads", "cost": 2}]}"#;
        let table = run(options).unwrap();
        assert_eq!(texts(&table, "channel"), ["ads", "ads", "search", "tv"]);
        assert_eq!(texts(&table, "customer_id"), ["1", "2", "3", "9"]);
        let by_number = run(r#"{"by": ["customer_id"], "costs": {"2": 5, "-7": 1}}"#).unwrap();
        assert_eq!(texts(&by_number, "customer_id"), ["-7", "1", "2", "3"]);
        assert_eq!(texts(&by_number, "cost"), ["1", "null", "5", "null"]);
    }
}
