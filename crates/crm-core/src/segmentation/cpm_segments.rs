//! The portfolio as a table (CPM集計): customers, revenue and mean tenure of each segment and state.
//!
//! One row per segment and state of customers with orders (ten), empty ones included, then trials
//! and prospects if there are any. A history by month is the same analysis over a list of dates:
//! `as_of = month_ends(a, b)`.

use super::cpm::{self, Options, Segment, State};
use super::fields::{CUSTOMER_SHARE, REVENUE_SHARE, SEGMENT, STATE};
use super::rfm_segments::Groups;
use crate::analysis::Analysis;
use crate::context::Context;
use crate::data::Orders;
use crate::error::Result;
use crate::money::{Currency, divide};
use crate::scope::{At, Scope};
use crate::summary::Totals;
use crate::table::shared::{CUSTOMERS, REVENUE};
use crate::table::{Column, Field, Table, Values, columns, fields};
use serde_json::json;

/// The analysis `cpm_segments`, for [`run_typed`](crate::analysis::run_typed).
#[derive(Debug, Clone, Copy)]
pub struct CpmSegments;

fields! {
    MEAN_TENURE = "mean_tenure_days", Float, "days", "平均在籍日数", "Mean tenure; null without customers.";
}

impl Analysis for CpmSegments {
    const NAME: &'static str = "cpm_segments";
    const SUMMARY: &'static str =
        "Customers, revenue and mean tenure of each portfolio segment and state";
    const JA: &'static str = "CPM集計";
    const COLUMNS: &'static [Field] = &columns! {
        SEGMENT, "Segment of the portfolio.";
        STATE;
        CUSTOMERS;
        REVENUE, "Their revenue.";
        CUSTOMER_SHARE;
        REVENUE_SHARE;
        MEAN_TENURE;
    };
    type Data = Orders;
    type Options = Options;

    fn resolve(orders: &Orders, scope: Scope, options: Options) -> Result<(Scope, Options)> {
        cpm::resolve(orders, scope, options)
    }

    fn run(orders: &Orders, at: &At, options: &Options, context: &Context) -> Result<Table> {
        let totals = Totals::new(orders, at, context)?;
        let portfolio = cpm::segment(&totals, at, options)?;
        // From the highest segment to the lowest; both states of each.
        let ladder = [
            Segment::Excellent,
            Segment::Trend,
            Segment::Steady,
            Segment::Toddler,
            Segment::First,
        ];
        let mut rows: Vec<(Segment, Option<State>)> = Vec::new();
        for segment in ladder {
            rows.extend([
                (segment, Some(State::Active)),
                (segment, Some(State::Churned)),
            ]);
        }
        let extra = match options.prospects {
            true => cpm::without_orders(orders, &totals, context)?,
            false => Vec::new(),
        };
        if !extra.is_empty() {
            rows.extend([(Segment::Trial, None), (Segment::Prospect, None)]);
        }
        let place = |segment: Segment, state: Option<State>| {
            rows.iter()
                .position(|row| *row == (segment, state))
                .unwrap_or(0)
        };
        let mut groups = Groups::new(rows.len())?;
        let mut tenure = vec![0_i128; rows.len()];
        for (i, code) in totals.customer.iter().enumerate() {
            if orders.shows(*code) {
                let row = place(portfolio.segment[i], Some(portfolio.state[i]));
                groups.add(row, totals.revenue[i]);
                tenure[row] += i128::from(totals.tenure_days(i));
            }
        }
        for (code, is_trial) in &extra {
            if orders.shows(*code) {
                let segment = if *is_trial {
                    Segment::Trial
                } else {
                    Segment::Prospect
                };
                groups.add(place(segment, None), 0);
            }
        }
        let table = table(&rows, groups, &tenure, totals.currency)?;
        Ok(table
            .with_note(
                "money_threshold",
                json!(totals.currency.major(portfolio.money)),
            )
            .with_note("churn_days", json!(at.churn_days)))
    }
}

/// The table; a row is a segment, with its state if its customers have orders.
fn table(
    rows: &[(Segment, Option<State>)],
    groups: Groups,
    tenure: &[i128],
    currency: Currency,
) -> Result<Table> {
    let means = (0..rows.len()).map(|i| {
        let customers = groups.customers[i];
        (customers > 0 && rows[i].1.is_some()).then(|| divide(tenure[i], customers as u64))
    });
    let means = Column::floats(&MEAN_TENURE, means)?;
    let segment = Values::Category {
        codes: rows.iter().map(|(segment, _)| *segment as u8).collect(),
        labels: Segment::LABELS,
    };
    let state = Values::Category {
        codes: rows
            .iter()
            .map(|(_, state)| state.map_or(0, |s| s as u8))
            .collect(),
        labels: State::LABELS,
    };
    let with_state = rows.iter().map(|(_, state)| state.is_some()).collect();
    let [customers, revenue, share, revenue_share] = groups.columns(currency)?;
    Ok(Table::new(vec![
        Column::new(&SEGMENT, segment),
        Column::new(&STATE, state).with_validity(with_state),
        customers,
        revenue,
        share,
        revenue_share,
        means,
    ]))
}
