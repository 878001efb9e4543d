//! A shop at a date: its gaps and its gap model.

use serde_json::{Value, json};
use std::collections::BTreeMap;

use super::fields::CUSTOMERS;
use super::gap_distribution::GapDistribution;
use super::gap_model::{History, Model, Params};
use super::{fit, product_scale};
use crate::context::{Context, collect, room};
use crate::data::Orders;
use crate::document::Learned;
use crate::error::{Error, Result};
use crate::scope::At;
use crate::season::{Clock, Seasonality, Seasons};
use crate::summary::{Gaps, Per};
use crate::table::{CUSTOMER_ID, Column, Table, Values};
use crate::time::{Day, Duration};

/// The options of a request that concern the shop.
pub(crate) struct View<'a> {
    /// A document of `learn`, instead of a fit to these orders.
    pub(crate) learned: Option<&'a Learned>,
    /// `customer`, or a column.
    pub(crate) per: &'a str,
    /// Factors of demand.
    pub(crate) seasonality: &'a Seasons,
}

impl View<'_> {
    /// Customers, without a document, with the shop's own seasons.
    pub(crate) const OWN: Self = View {
        learned: None,
        per: CUSTOMER,
        seasonality: &Seasons::Auto,
    };
}

/// Gaps, their statistics, and the gap model.
pub(crate) struct Shop {
    pub(crate) gaps: Gaps,
    pub(crate) histories: Vec<History>,
    /// `None` if no customer has returned yet and no model was given.
    pub(crate) model: Option<Model>,
    /// The kind of rows, if they are not customers.
    pub(crate) per: Option<Per>,
    clock: Option<Clock>,
    seasonality: Option<Seasonality>,
    /// What was found of seasons, where they were looked for.
    seasons: Option<Value>,
    /// For each row, `ln` of the unit of its gaps, if products have their own scales.
    ln_scale: Vec<f64>,
}

/// The default of the option `per`.
pub(super) const CUSTOMER: &str = "customer";

/// The number of days with a tabulated logarithm.
const LN_DAYS: usize = 2048;

impl Shop {
    /// The shop at a date, with a model fitted to its gaps or taken from `learned`.
    pub(crate) fn new(
        orders: &Orders,
        at: &At,
        view: &View<'_>,
        context: &Context,
    ) -> Result<Self> {
        let (gaps, per) = match view.per {
            "" | CUSTOMER => (Gaps::new(orders, at, context)?, None),
            column => {
                let (gaps, per) = Gaps::per(orders, at, column, context)?;
                (gaps, Some(per))
            }
        };
        if per.is_some() && view.learned.is_some() {
            return Err(Error::option(
                "learned",
                "",
                "no value together with `per`: a document of `learn` is about customers",
            ));
        }
        let (params, (seasonality, seasons)) = match (view.learned, view.seasonality) {
            (None, seasons) => {
                let of_customers = match &per {
                    None => None,
                    Some(_) => Some(Gaps::new(orders, at, context)?),
                };
                (
                    None,
                    seasons.of(of_customers.as_ref().unwrap_or(&gaps), context)?,
                )
            }
            (Some(learned), Seasons::Auto) => (
                learned.needed::<Params>("gap_model")?,
                (learned.part::<Seasonality>("seasonality")?, None),
            ),
            (Some(_), _) => {
                return Err(Error::option(
                    "seasonality",
                    "",
                    "\"auto\" beside `learned`, which was learnt with its own",
                ));
            }
        };
        let n = gaps.len();
        context.afford(n.saturating_mul(size_of::<History>() + 8), "gap histories")?;
        let first = gaps.first_day.iter().copied().min().unwrap_or_default();
        let clock = match &seasonality {
            Some(factors) => {
                let clock = factors.clock(Day(first), gaps.as_of);
                Some(clock.map_err(|error| match view.learned {
                    Some(_) => error.inside("learned"),
                    None => error,
                })?)
            }
            None => None,
        };
        let mut shop = Self {
            histories: room(n, "gap histories")?,
            gaps,
            per,
            model: None,
            clock,
            seasonality,
            seasons,
            ln_scale: Vec::new(),
        };
        shop.fill()?;
        if let Some(per) = shop.per.as_ref().filter(|per| !per.rolled_up) {
            let open = shop.open()?;
            shop.ln_scale = product_scale::ln_scales(&shop.histories, &open, per, context)?;
            for (history, ln_scale) in shop.histories.iter_mut().zip(&shop.ln_scale) {
                *history = history.in_units(*ln_scale);
            }
        }
        let params = match (params, view.learned) {
            (Some(params), _) => Some(params),
            // The document was made for a shop without a repeat customer.
            (None, Some(_)) => None,
            (None, None) => shop.fit(context)?,
        };
        if let Some(params) = &params {
            shop.model = Some(shop.model_of(params, view.learned.is_none())?);
        }
        Ok(shop)
    }

    /// The statistics of each row's gaps.
    fn fill(&mut self) -> Result<()> {
        let mut ln_days = Vec::new();
        if self.gaps.len() > 16 {
            ln_days = room(LN_DAYS, "gap histories")?;
            ln_days.extend((0..LN_DAYS).map(|days| libm::log(days as f64)));
        }
        for i in 0..self.gaps.len() {
            let history = self.history(i, &ln_days);
            self.histories.push(history);
        }
        Ok(())
    }

    /// The model of these parameters; `own` if they were fitted here, not given.
    fn model_of(&self, params: &Params, own: bool) -> Result<Model> {
        let model = match &self.histories[..] {
            [one] => Model::for_one(params, one),
            all => {
                let most = all.iter().map(|h| h.gaps).max().unwrap_or(0);
                Model::new(params, 0..=most)
            }
        };
        model.map_err(|error| match (own, error) {
            (true, Error::OptionValue { .. }) => Error::Convergence {
                model: "gap model",
                reason: "gaps are longer or shorter than it has numbers for".into(),
            },
            (_, error) => error,
        })
    }

    /// Fits the gap model; `None` without a repeat customer.
    fn fit(&self, context: &Context) -> Result<Option<Params>> {
        let mut open = self.open()?;
        for (open, ln_scale) in open.iter_mut().zip(&self.ln_scale) {
            *open *= libm::exp(-ln_scale);
        }
        let fitted = fit::fit(&self.histories, &open, &fit::Options::default(), context);
        match fitted {
            Ok(fit) => Ok(Some(fit.params)),
            Err(Error::Insufficient { .. }) => Ok(None),
            Err(other) => Err(other),
        }
    }

    /// For each row, the days since the last order, in own time.
    fn open(&self) -> Result<Vec<f64>> {
        let days = |i: usize| match &self.clock {
            Some(clock) => clock.between(Day(self.gaps.last_day[i]), self.gaps.as_of),
            None => f64::from(self.gaps.open_days(i)),
        };
        collect((0..self.gaps.len()).map(days), "gap histories")
    }

    /// The statistics of a row's gaps, in own time.
    fn history(&self, i: usize, ln_days: &[f64]) -> History {
        let mut history = History::default();
        let mut day = Day(self.gaps.first_day[i]);
        for &gap in self.gaps.of(i) {
            match &self.clock {
                None => {
                    let gap = gap.max(1);
                    let ln = ln_days.get(gap as usize).copied();
                    let ln = ln.unwrap_or_else(|| libm::log(f64::from(gap)));
                    history.add(f64::from(gap), ln);
                }
                Some(clock) => {
                    let next = Day(day.0.saturating_add_unsigned(gap));
                    // Own time between two orders may be 0; the minimum is half a day.
                    let own = clock.between(day, next).max(0.5);
                    history.add(own, libm::log(own));
                    day = next;
                }
            }
        }
        history
    }

    fn ln_scale(&self, i: usize) -> f64 {
        self.ln_scale.get(i).copied().unwrap_or(0.0)
    }

    /// The distribution of a row's next gap.
    pub(crate) fn gap_distribution(&self, i: usize) -> Option<GapDistribution<'_>> {
        let mut distribution = self.model.as_ref()?.customer(&self.histories[i]);
        if let Some(ln_scale) = self.ln_scale.get(i) {
            distribution = distribution.in_days(*ln_scale);
        }
        Some(match &self.clock {
            Some(clock) => distribution.on(clock, Day(self.gaps.last_day[i])),
            None => distribution,
        })
    }

    /// Whether row `i` of this shop and row `j` of `other` are about the same customer (or product,
    /// or company).
    pub(super) fn is_row(&self, i: usize, other: &Shop, j: usize) -> bool {
        let customer = || self.gaps.customer[i] == other.gaps.customer[j];
        match (&self.per, &other.per) {
            _ if i >= self.gaps.len() => false,
            (Some(per), Some(others)) => {
                per.ranks[i] == others.ranks[j] && (per.rolled_up || customer())
            }
            _ => customer(),
        }
    }

    /// The mean gap of a row in whole days; the shop's typical gap if the row has none.
    pub(crate) fn usual_gap_days(&self, i: usize) -> Option<i32> {
        let days = match (self.histories[i].gaps, &self.model) {
            (0, None) => return None,
            (0, Some(model)) => model.params().typical_gap.get() * libm::exp(self.ln_scale(i)),
            (n, _) => {
                let span = self.gaps.last_day[i].abs_diff(self.gaps.first_day[i]);
                f64::from(span) / f64::from(n)
            }
        };
        Some(libm::round(days).min(f64::from(i32::MAX)) as i32)
    }

    /// The key columns of these rows.
    pub(super) fn keys(
        &self,
        rows: impl ExactSizeIterator<Item = usize> + Clone,
    ) -> Result<Vec<Column>> {
        let mut columns = Vec::new();
        if self.per.as_ref().is_none_or(|per| !per.rolled_up) {
            let mut codes = room(rows.len(), "table column")?;
            codes.extend(rows.clone().map(|row| self.gaps.customer[row]));
            let ids = self.gaps.ids.clone();
            columns.push(Column::new(&CUSTOMER_ID, Values::Id { ids, codes }));
        }
        if let Some(per) = &self.per {
            let mut places = room(rows.len(), "table column")?;
            places.extend(rows.clone().map(|row| per.places[row]));
            let (values, valid) = per.attribute.values.cells(&places)?;
            columns.push(Column::named(&*per.name, values).with_validity(valid));
            if per.rolled_up {
                let mut customers = room(rows.len(), "table column")?;
                customers.extend(rows.map(|row| per.customers[row]));
                columns.push(Column::new(&CUSTOMERS, Values::I32(customers)));
            }
        }
        Ok(columns)
    }

    /// Whether the scope's `customers` chooses a row: its customer, or one customer of its company.
    pub(super) fn shows(&self, orders: &Orders, i: usize) -> bool {
        match &self.per {
            Some(per) => per.shown[i],
            None => orders.shows(self.gaps.customer[i]),
        }
    }

    /// The table of the chosen rows, with a note `learned` for later requests. With `per`, notes
    /// with the gap model and the number of orders without a value.
    pub(super) fn noted(
        &self,
        columns: Vec<Column>,
        rows: impl Iterator<Item = usize>,
        orders: &Orders,
        at: &At,
    ) -> Result<Table> {
        let table = Table::new(columns);
        let mut shown = room(table.len(), "table")?;
        shown.extend((rows.enumerate()).filter_map(|(at, i)| self.shows(orders, i).then_some(at)));
        let table = match shown.len() < table.len() {
            true => table.take(&shown)?,
            false => table,
        };
        let params = self.model.as_ref().map(|model| model.params());
        let table = match params {
            Some(_) => table,
            None => nothing_learnt(table),
        };
        let table = match &self.seasons {
            Some(seasons) => table.with_note("seasons", seasons.clone()),
            None => table,
        };
        Ok(match &self.per {
            Some(per) => table
                .with_note("gap_model", json!(params))
                .with_note("orders_without_value", json!(per.orders_without_value)),
            None => table.with_note(
                "learned",
                json!(self.document(at).with("gap_model", params)),
            ),
        })
    }

    /// A document with the facts and the seasonality, without other parts.
    pub(crate) fn document(&self, at: &At) -> Learned {
        let learned = Learned::new(self.gaps.as_of, self.gaps.currency, at.basis);
        match &self.seasonality {
            Some(factors) => learned.with("seasonality", factors),
            None => learned,
        }
    }
}

/// A cache of results for rows without a gap, by the days since the last order: all of these rows have the
/// same distribution.
pub(crate) struct SilenceCache<T>(BTreeMap<u32, T>);

impl<T: Copy> SilenceCache<T> {
    pub(crate) fn new() -> Self {
        SilenceCache(BTreeMap::new())
    }

    /// The result of `predict` for a row's distribution; `None` without a model.
    pub(crate) fn of(
        &mut self,
        shop: &Shop,
        i: usize,
        predict: impl Fn(&GapDistribution<'_>) -> T,
    ) -> Option<T> {
        let alike = shop.histories[i].gaps == 0 && shop.ln_scale.is_empty();
        let silence = alike.then(|| shop.gaps.open_days(i));
        if let Some(cached) = silence.and_then(|silence| self.0.get(&silence)) {
            return Some(*cached);
        }
        let prediction = predict(&shop.gap_distribution(i)?);
        if let Some(silence) = silence {
            self.0.insert(silence, prediction);
        }
        Some(prediction)
    }
}

/// The table with a note why it has no predictions.
pub(crate) fn nothing_learnt(table: Table) -> Table {
    let why = "no customer had come back when the document was made: there are no predictions";
    table.with_note("no_model", why.into())
}

/// A horizon in whole days, at least one.
pub(crate) fn whole_days(option: &str, duration: Duration) -> Result<u32> {
    let days = libm::ceil(duration.as_days());
    if (1.0..=36_525.0).contains(&days) {
        Ok(days as u32)
    } else {
        Err(Error::option(option, "", "1 to 36,525 days"))
    }
}
