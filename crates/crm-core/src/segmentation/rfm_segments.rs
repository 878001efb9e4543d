//! Counts and revenue of each RFM segment (RFMセグメント集計).
//!
//! One row per segment of the grid, empty ones included, in the grid's order. Shares are shares of
//! the customers and revenue of all rows. A share with denominator 0 is null; revenue shares are
//! also null if a segment's revenue is negative. Customers without a segment (levels other than
//! five and no grid) make one row with a null segment.

use super::fields::SEGMENT;
use super::rfm;
use super::rfm::Options;
use super::rfm_grid::Segment;
use crate::analysis::Analysis;
use crate::context::{Context, filled};
use crate::data::Orders;
use crate::error::{Error, Result};
use crate::money::{Currency, divide};
use crate::scope::{At, Scope};
use crate::segmentation::fields::{CUSTOMER_SHARE, REVENUE_SHARE};
use crate::table::shared::{CUSTOMERS, REVENUE};
use crate::table::{Column, Field, Table, Values, columns};
use std::sync::Arc;

/// Counts, revenue and shares of groups of customers.
pub(crate) struct Groups {
    pub(crate) customers: Vec<i64>,
    pub(crate) revenue: Vec<i128>,
}

impl Groups {
    pub(crate) fn new(n: usize) -> Result<Groups> {
        Ok(Groups {
            customers: filled(n, 0, "groups")?,
            revenue: filled(n, 0, "groups")?,
        })
    }

    pub(crate) fn add(&mut self, group: usize, revenue: i64) {
        self.customers[group] += 1;
        self.revenue[group] += i128::from(revenue);
    }

    /// The columns customers, revenue, customer share and revenue share.
    pub(crate) fn columns(self, currency: Currency) -> Result<[Column; 4]> {
        let n = self.customers.len();
        let all: i64 = self.customers.iter().sum();
        let total: i128 = self.revenue.iter().sum();
        let negative = self.revenue.iter().any(|r| *r < 0);
        let shares =
            (0..n).map(|i| (all > 0).then(|| divide(self.customers[i].into(), all as u64)));
        let revenue_shares = (0..n).map(|i| {
            let total = u64::try_from(total).ok().filter(|t| *t > 0 && !negative)?;
            Some(divide(self.revenue[i], total))
        });
        let shares = Column::floats(&CUSTOMER_SHARE, shares)?;
        let revenue_shares = Column::floats(&REVENUE_SHARE, revenue_shares)?;
        let money = self.revenue.iter().map(|r| {
            i64::try_from(*r).map_err(|_| Error::Overflow {
                column: "revenue".into(),
                what: "the revenue of a segment",
            })
        });
        Ok([
            Column::new(&CUSTOMERS, Values::I64(self.customers.clone().into())),
            Column::new(
                &REVENUE,
                Values::Money(money.collect::<Result<_>>()?, currency),
            ),
            shares,
            revenue_shares,
        ])
    }
}

/// The analysis `rfm_segments`, for [`run_typed`](crate::analysis::run_typed).
#[derive(Debug, Clone, Copy)]
pub struct RfmSegments;

impl Analysis for RfmSegments {
    const NAME: &'static str = "rfm_segments";
    const SUMMARY: &'static str = "Customers, revenue and shares of each RFM segment";
    const JA: &'static str = "RFMセグメント集計";
    const COLUMNS: &'static [Field] = &columns! {
        SEGMENT, "Segment of the grid; null without one.";
        CUSTOMERS;
        REVENUE, "Their revenue.";
        CUSTOMER_SHARE;
        REVENUE_SHARE;
    };
    type Data = Orders;
    type Options = Options;

    fn resolve(orders: &Orders, scope: Scope, options: Options) -> Result<(Scope, Options)> {
        Ok((scope, options.resolved(orders.currency())?))
    }

    fn run(orders: &Orders, at: &At, options: &Options, context: &Context) -> Result<Table> {
        let totals = rfm::totals(orders, at, options, context)?;
        let scores = rfm::score(&totals, options)?;
        let (texts, labels) = match &options.grid {
            None => (None, Segment::LABELS),
            Some(grid) => {
                let names: Vec<String> = grid.iter().map(|part| part.segment.clone()).collect();
                (Some(Arc::new(names)), Segment::LABELS)
            }
        };
        // Without a grid for these levels there is one group without a name.
        let known = scores.segment.is_some();
        let n = match (&texts, known) {
            (_, false) => 1,
            (Some(texts), _) => texts.len(),
            (None, _) => labels.len() - usize::from(!options.prospects),
        };
        let mut groups = Groups::new(n)?;
        for (i, code) in totals.customer.iter().enumerate() {
            if orders.shows(*code) {
                let group = scores
                    .segment
                    .as_ref()
                    .map_or(0, |s| usize::from(s.place(i)));
                groups.add(group, totals.revenue[i]);
            }
        }
        if options.prospects && texts.is_none() && known {
            let prospects = orders.prospects(&totals.customer)?;
            let shown = prospects.iter().filter(|code| orders.shows(**code)).count();
            groups.customers[Segment::Prospect as usize] = shown as i64;
        }
        let segment = Column::new(
            &SEGMENT,
            match texts {
                None => Values::Category {
                    codes: (0..n).map(|i| i as u8).collect(),
                    labels,
                },
                Some(texts) => Values::Text {
                    codes: (0..n).map(|i| i as u32).collect(),
                    texts,
                },
            },
        );
        let segment = if known {
            segment
        } else {
            segment.with_validity(vec![false; n])
        };
        let [customers, revenue, share, revenue_share] = groups.columns(totals.currency)?;
        let table = Table::new(vec![segment, customers, revenue, share, revenue_share]);
        Ok(table.with_note("cuts", serde_json::json!(scores.cuts)))
    }
}
