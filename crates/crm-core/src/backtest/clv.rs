//! Backtest of predicted value: purchases and revenue of the next days, predicted at earlier dates.
//!
//! # Definition
//!
//! At each origin (days `step` apart, the last one `within` days before `as_of`) every customer
//! known by then has a history as of that day, without anything later
//! ([`crate::summary::rolling_origin`]). The models and the Gamma-Gamma model of spend are fitted to
//! these histories and predict the `within` days that follow. The predictions are compared with the
//! same customers' purchase days and revenue in those days. Methods:
//!
//! | method | purchases | a purchase is worth |
//! |---|---|---|
//! | each of `models` | `E[Y(h)]` | expected spend (Gamma-Gamma) |
//! | `auto` among them | of the model that the histories known at the origin choose, as in `clv_fit` | the same |
//! | `same_again` | as many as in the `within` days before | the customer's mean so far |
//! | `own_rate` | `h (x + 1) / (T + h)` | the customer's mean so far |
//! | `shop_mean` | the shop's mean number of the `within` days before | the shop's mean |
//!
//! ```text
//! error_rate   Σ expected / Σ actual − 1          0 is right; .1 promised 10 % too much
//! mae          mean over customers of |expected − actual|
//! top share    actual revenue of the 10 % of customers with the greatest expected revenue / actual revenue of all
//! ```
//!
//! The models count days weighted by the shop's [seasons](crate::season) as known at the origin (`seasonality`);
//! the note `seasons` has the seasons found at the last origin, the note `chosen` the model that `auto` chose at each.
//!
//! # Intervals
//!
//! The interval of a sum includes the error that all customers share. It is estimated from the same method's
//! errors at earlier origins whose horizon was over by then. With `y` predicted purchases, the variance of the
//! logarithm is
//!
//! ```text
//! v = .12² + 1/(y + ½)  of purchases        .15² + 2/(y + ½)  of revenue
//! R = (3 + Σ ln((actual + ½) / (predicted + ½))² / v) / (3 + origins)
//! ```
//!
//! and the ends are `y exp(± z √(R v))`, the low one less for small sums, down to 0. `coverage_purchases` is
//! the share of single customers whose purchases lie in the interval that the model gives each. Purchases are
//! whole, so it is more than `interval` where most customers buy nothing.
//!
//! Customers who first buy after the origin are not counted. If the model of spend has no fit or no mean, the
//! shop's mean is used. If the model of purchases has no fit (no repeat customer yet), its row is empty.

use serde::{Deserialize, Serialize};

use crate::analysis::Analysis;
use crate::clv::Choice;
use crate::clv::choice::{choose, compared_rows};
use crate::clv::frame::spend;
use crate::clv::models::gamma_gamma::{NoSpend, Spend};
use crate::clv::models::histories::{Histories, Rows};
use crate::clv::models::model::Purchases;
use crate::clv::models::repeat_model::Kind;
use crate::clv::models::{gamma_gamma, repeat_model};
use crate::clv::own_time::OwnTime;
use crate::clv::tables::clv_summary;
use crate::clv::tables::clv_summary::Unit;
use crate::context::{Context, collect, filled, push};
use crate::data::Orders;
use crate::error::{Error, Result};
use crate::money::Currency;
use crate::num::{Fraction, sum_error};
use crate::scope::{At, Occasion};
use crate::season::Seasons;
use crate::summary::{Gaps, Totals, rolling_origin};
use crate::table::shared::{
    ACTUAL_REVENUE, CUSTOMERS, EXPECTED_PURCHASES, EXPECTED_REVENUE, EXPECTED_REVENUE_HIGH,
    EXPECTED_REVENUE_LOW, METHOD, ORIGIN,
};
use crate::table::{Column, Field, Label, Table, Values, columns, labels};
use crate::time::{Day, Duration};
use serde_json::{Value, json};

/// Options of the analysis `backtest_clv`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// The number of origins, at most; origins before the first order are left out. Default 6.
    pub origins: u32,
    /// Days between origins. Default 30 days.
    pub step: Duration,
    /// Days predicted from each origin. Default 90 days.
    pub within: Duration,
    /// The models; "auto": the model that the data known at the origin choose, by likelihood. Default: "auto".
    pub models: Vec<Choice>,
    /// Probability that the outcome lies between the low and the high column. Default 0.8.
    pub interval: Fraction,
    /// Factors of the shop's demand by month ("1" to "12"), weekday ("mon" to "sun") and date; other factors
    /// are 1. Default: "auto", what the analysis `seasonality` finds in the orders up to the date; "none":
    /// time runs evenly.
    pub seasonality: Seasons,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            origins: 6,
            step: Duration::days(30),
            within: Duration::days(90),
            models: vec![Choice::Auto],
            interval: Fraction::P80,
            seasonality: Seasons::Auto,
        }
    }
}

const METHODS: &[Label] = labels! {
    "nbd", "NBD", "NBD";
    "bg_nbd", "BG/NBD", "BG/NBD";
    "mbg_nbd", "MBG/NBD", "MBG/NBD";
    "bg_cnbd_k", "BG/CNBD-k", "BG/CNBD-k";
    "mbg_cnbd_k", "MBG/CNBD-k", "MBG/CNBD-k";
    "pareto_nbd", "Pareto/NBD", "Pareto/NBD";
    "same_again", "Same again", "前期間と同じ";
    "own_rate", "Own rate", "本人の頻度";
    "shop_mean", "Shop's mean", "店舗平均";
    "auto", "Chosen by the data", "自動選択";
};

/// Index of a model in [`METHODS`].
fn method(choice: Choice) -> u8 {
    match choice {
        Choice::Named(Kind::Nbd) => 0,
        Choice::Named(Kind::BgNbd) => 1,
        Choice::Named(Kind::MbgNbd) => 2,
        Choice::Named(Kind::BgCnbdK) => 3,
        Choice::Named(Kind::MbgCnbdK) => 4,
        Choice::Named(Kind::ParetoNbd) => 5,
        Choice::Auto => 9,
    }
}

/// The analysis `backtest_clv`, for [`run_typed`](crate::analysis::run_typed).
#[derive(Debug)]
pub struct BacktestClv;

#[derive(Debug, Clone, Copy)]
struct Row {
    origin: i32,
    method: u8,
    customers: i32,
    actual: f64,
    actual_revenue: i64,
    /// The same in major units.
    actual_major: f64,
    scores: Option<Scores>,
}

#[derive(Debug, Clone, Copy)]
struct Scores {
    /// Ends of the intervals of purchases and of revenue.
    ends: [(f64, f64); 2],
    coverage: Option<f64>,
    expected: f64,
    mae: f64,
    expected_revenue: f64,
    mae_revenue: f64,
    top_share: Option<f64>,
}

impl Analysis for BacktestClv {
    const NAME: &'static str = "backtest_clv";
    const SUMMARY: &'static str = "Purchases and revenue predicted at earlier dates, compared with actual ones and simple rules";
    const JA: &'static str = "LTV予測の検証";
    const COLUMNS: &'static [Field] = &columns! {
        ORIGIN;
        METHOD, "A model or a simple rule.";
        CUSTOMERS, "Customers known on that day.";
        EXPECTED_PURCHASES, "Purchase days expected of them in the days that follow.";
        "actual_purchases": Float, "purchases", "実購入数", "Actual purchases.";
        "purchases_error_rate": Float, "share", "購入数誤差率", "Expected ÷ actual − 1.";
        "mae_purchases": Float, "purchases", "購入数平均絶対誤差", "Mean over customers of the absolute error.";
        EXPECTED_REVENUE, "Revenue expected of them.";
        ACTUAL_REVENUE;
        "revenue_error_rate": Float, "share", "売上誤差率", "Expected ÷ actual − 1.";
        "mae_revenue": Float, "currency", "売上平均絶対誤差", "Mean over customers of the absolute error.";
        "top_decile_share": Float, "share", "上位10%売上構成比",
            "Share of the actual revenue from the tenth of customers with the greatest expected revenue.";
        "expected_purchases_low": Float, "purchases", "期待購入回数(下限)",
            "Lower end of the interval of the sum of purchases.";
        "expected_purchases_high": Float, "purchases", "期待購入回数(上限)", "Upper end.";
        EXPECTED_REVENUE_LOW,
            "Lower end of the interval of the revenue.";
        EXPECTED_REVENUE_HIGH, "Upper end.";
        "purchases_covered": Bool, "", "購入数区間内",
            "Whether the actual purchases lie in the interval.";
        "revenue_covered": Bool, "", "売上区間内",
            "Whether the actual revenue lies in the interval.";
        "coverage_purchases": Float, "share", "顧客別区間内割合",
            "Share of customers whose purchases lie in the interval that the model gives each.";
    };
    const SCOPE: &'static [&'static str] = crate::analysis::WITHOUT_OCCASION;
    type Data = Orders;
    type Options = Options;

    fn run(orders: &Orders, at: &At, options: &Options, context: &Context) -> Result<Table> {
        let whole_days = |option: &str, duration: Duration| {
            let days = libm::ceil(duration.as_days());
            match (1.0..=3_653.0).contains(&days) {
                true => Ok(days as u32),
                false => Err(Error::option(option, "", "1 to 3,653 days")),
            }
        };
        let within = whole_days("within", options.within)?;
        let step = whole_days("step", options.step)?;
        // Purchases are purchase days, as in all models of purchases.
        let at = At {
            occasion: Some(Occasion::Day),
            ..*at
        };
        let whole = Gaps::new(orders, &at, context)?;
        let mut rows = Vec::new();
        let (mut seasons, mut chosen) = (None, Vec::new());
        for origin in rolling_origin::origins(&whole, options.origins, step, within)? {
            context.check()?;
            let then = Then::new(orders, &at, (origin, within), options, context)?;
            let before = rows.len();
            if let Some(kind) = then.judge(options, &mut rows, context)? {
                let note = json!({"origin": origin, "model": kind});
                push(&mut chosen, note, "backtest")?;
            }
            let (over, now) = rows.split_at_mut(before);
            for row in now {
                row.widen(over, within, options.interval);
            }
            seasons = then.seasons;
        }
        let table = table(&rows, orders.currency())?;
        let table = match seasons {
            Some(found) => table.with_note("seasons", found),
            None => table,
        };
        Ok(match options.models.contains(&Choice::Auto) {
            true => table.with_note("chosen", chosen.into()),
            false => table,
        })
    }
}

impl Row {
    /// Variances of the logarithms of purchases and revenue, before they are scaled.
    fn variances(scores: &Scores) -> [f64; 2] {
        let of_chance = 1.0 / (scores.expected + 0.5);
        [
            sum_error::TYPICAL[0] * sum_error::TYPICAL[0] + of_chance,
            sum_error::TYPICAL[1] * sum_error::TYPICAL[1] + 2.0 * of_chance,
        ]
    }

    /// Gives the sums their intervals, from the errors of earlier origins that were over by then.
    fn widen(&mut self, earlier: &[Row], within: u32, level: Fraction) {
        let (method, origin) = (self.method, self.origin);
        let Some(scores) = &mut self.scores else {
            return;
        };
        let over = |row: &&Row| {
            row.method == method && row.origin.saturating_add_unsigned(within) <= origin
        };
        let (mut dates, mut sums) = (0.0, [0.0; 2]);
        for row in earlier.iter().filter(over) {
            let Some(then) = &row.scores else { continue };
            let [of_purchases, of_revenue] = Row::variances(then);
            sums[0] += sum_error::square(row.actual, then.expected) / of_purchases;
            sums[1] += sum_error::square(row.actual_major, then.expected_revenue) / of_revenue;
            dates += 1.0;
        }
        let variances = Row::variances(scores);
        let ends = |value: f64, of: usize| {
            sum_error::ends(
                value,
                sum_error::scale(dates, sums[of]) * variances[of],
                level,
            )
        };
        scores.ends = [ends(scores.expected, 0), ends(scores.expected_revenue, 1)];
    }
}

/// The histories known at an origin and what happened after it; revenue in major units.
struct Then {
    origin: Day,
    within: f64,
    /// The same, and the customers' histories, in the shop's own time.
    own_within: f64,
    own: OwnTime,
    /// What was found of seasons, where they were looked for.
    seasons: Option<Value>,
    currency: Currency,
    summary: Table,
    /// Customers that the scope's `customers` chooses; only they are compared.
    shown: Vec<usize>,
    /// Purchase days and revenue of all time, of the days before, and of those that followed.
    past: [Vec<f64>; 2],
    before: [Vec<f64>; 2],
    actual: [Vec<f64>; 2],
}

impl Then {
    fn new(
        orders: &Orders,
        at: &At,
        (origin, within): (Day, u32),
        asked: &Options,
        context: &Context,
    ) -> Result<Self> {
        let then = At { day: origin, ..*at };
        let gaps = Gaps::new(orders, &then, context)?;
        let (factors, seasons) = asked.seasonality.of(&gaps, context)?;
        let first = gaps.first_day.iter().copied().min().unwrap_or(origin.0);
        let clock = match factors {
            Some(factors) => Some(factors.clock(Day(first), origin)?),
            None => None,
        };
        let end = At {
            day: Day(origin.0.saturating_add_unsigned(within)),
            ..*at
        };
        let options = clv_summary::Options {
            seasonality: Seasons::Even,
            ..clv_summary::Options::default()
        };
        let summary = clv_summary::Summary::run(orders, &then, &options, context)?;
        let known = Totals::new(orders, &then, context)?;
        let of_known = |totals: &Totals| -> Result<[Vec<f64>; 2]> {
            let n = known.customer.len();
            let mut columns = [filled(n, 0.0, "backtest")?, filled(n, 0.0, "backtest")?];
            let places =
                rolling_origin::places(&known.customer, &totals.customer, orders.ids().len())?;
            for (i, at) in places.into_iter().enumerate() {
                if let Some(at) = at {
                    columns[0][i] = f64::from(totals.orders[at]);
                    columns[1][i] = known.currency.major(totals.revenue[at]);
                }
            }
            Ok(columns)
        };
        let days = f64::from(within);
        let own = match &clock {
            Some(clock) => OwnTime::new(&known, &gaps, clock)?,
            None => OwnTime::even(&summary)?,
        };
        Ok(Self {
            origin,
            within: days,
            // From the end of the origin's day to that of the last one.
            own_within: clock.map_or(days, |clock| {
                clock.since(origin.0, days + 0.5) - clock.since(origin.0, 0.5)
            }),
            own,
            seasons,
            currency: known.currency,
            summary,
            shown: rolling_origin::shown(orders, &known.customer)?,
            past: of_known(&known)?,
            before: of_known(&Totals::within(orders, &then, within, context)?)?,
            actual: of_known(&Totals::within(orders, &end, within, context)?)?,
        })
    }

    /// Adds the rows of the origin; the model that `auto` chose.
    fn judge(
        &self,
        options: &Options,
        rows: &mut Vec<Row>,
        context: &Context,
    ) -> Result<Option<Kind>> {
        let n = self.summary.len();
        let x = self.summary.numbers("frequency")?;
        let days = self.summary.numbers("T")?;
        let histories = Histories::new(&x, &self.own.t_x, &self.own.age);
        let grouped = Rows::new(&histories)?;
        let shop_mean = self.past[1].iter().sum::<f64>() / self.past[0].iter().sum::<f64>();

        let mean = spend(&self.summary)?;
        let of_spend = Spend {
            frequency: &x,
            mean: &mean,
            weight: None,
        };
        let worth = match gamma_gamma::fit(&of_spend, NoSpend::Drop, context) {
            Ok(fitted) => Some(fitted.fit.model),
            Err(Error::Insufficient { .. }) => None,
            Err(other) => return Err(other),
        };
        let worth = |i: usize| {
            let expected = worth
                .as_ref()
                .map(|worth| worth.expected_spend(x[i], mean[i]));
            expected.filter(|v| v.is_finite()).unwrap_or(shop_mean)
        };
        let mut chosen = None;
        for choice in &options.models {
            let kind = match choice {
                Choice::Named(kind) => Ok(*kind),
                Choice::Auto => self.choose(&x, context),
            };
            if let (Choice::Auto, Ok(kind)) = (choice, &kind) {
                chosen = Some(*kind);
            }
            let fit =
                |kind| repeat_model::fit(kind, &grouped, Unit::Day, self.own.ln_gaps, context);
            let fitted = match kind.and_then(fit) {
                Ok(fit) => Some(fit.model),
                Err(Error::Insufficient { .. }) => None,
                Err(other) => return Err(other),
            };
            let scores = match fitted {
                Some(model) => {
                    let purchases = model.expected_all(&histories, self.own_within)?;
                    let mut scores = self.scores(|i| (purchases[i], purchases[i] * worth(i)))?;
                    let of = |i: usize, n: u32| {
                        model.probability_of(n, histories.at(i), self.own_within)
                    };
                    scores.coverage = self.covered(options.interval, of);
                    Some(scores)
                }
                None => None,
            };
            push(rows, self.row(method(*choice), scores), "backtest")?;
        }
        let own_mean = |i: usize| self.past[1][i] / self.past[0][i];
        let again = self.scores(|i| (self.before[0][i], self.before[0][i] * own_mean(i)))?;
        push(rows, self.row(6, Some(again)), "backtest")?;
        let rate = |i: usize| self.within * self.past[0][i] / (days[i] + self.within);
        let rate = self.scores(|i| (rate(i), rate(i) * own_mean(i)))?;
        push(rows, self.row(7, Some(rate)), "backtest")?;
        let each = self.before[0].iter().sum::<f64>() / n as f64;
        let same = self.scores(|_| (each, each * shop_mean))?;
        push(rows, self.row(8, Some(same)), "backtest")?;
        Ok(chosen)
    }

    /// The model that the histories choose, those of some customers if there are many.
    fn choose(&self, x: &[f64], context: &Context) -> Result<Kind> {
        let some = compared_rows(x.len())?;
        let of = |all: &[f64]| match &some {
            Some(rows) => collect(rows.iter().map(|&i| all[i]), "fits"),
            None => collect(all.iter().copied(), "fits"),
        };
        let (x, t_x, age) = (of(x)?, of(&self.own.t_x)?, of(&self.own.age)?);
        let ln_gaps: f64 = of(&self.own.ln_gaps_each)?.iter().sum();
        let histories = Histories::new(&x, &t_x, &age);
        let rows = Rows::new(&histories)?;
        let (fit, _) = choose(&histories, &rows, (Unit::Day, Some(ln_gaps)), None, context)?;
        Ok(fit.model.kind())
    }

    /// The share of customers whose purchases lie between the quantiles that leave half the rest on each
    /// side, by the probability of each number of purchases.
    fn covered(&self, level: Fraction, of: impl Fn(usize, u32) -> f64) -> Option<f64> {
        let tail = 0.5 * (1.0 - level.get());
        let inside = |i: usize| {
            let came = self.actual[0][i] as u32;
            let mut below = 0.0;
            for n in 0..came {
                below += of(i, n);
                if below >= 1.0 - tail {
                    return false;
                }
            }
            below + of(i, came) >= tail
        };
        let inside = self.shown.iter().filter(|&&i| inside(i)).count();
        (!self.shown.is_empty()).then(|| inside as f64 / self.shown.len() as f64)
    }

    /// Sum over the customers shown.
    fn sum(&self, of: &[f64]) -> f64 {
        self.shown.iter().map(|&i| of[i]).sum()
    }

    fn row(&self, method: u8, scores: Option<Scores>) -> Row {
        let revenue = self.sum(&self.actual[1]);
        Row {
            origin: self.origin.0,
            method,
            customers: self.shown.len() as i32,
            actual: self.sum(&self.actual[0]),
            actual_revenue: self.currency.minor(revenue).unwrap_or(i64::MAX),
            actual_major: revenue,
            scores,
        }
    }

    /// The scores of a method, from each customer's expected purchases and revenue.
    fn scores(&self, expected: impl Fn(usize) -> (f64, f64)) -> Result<Scores> {
        let n = self.shown.len();
        let ranked = self.shown.iter().map(|&i| (expected(i).1, i));
        let mut ranked = collect(ranked, "backtest")?;
        ranked.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let top = ranked[..n.div_ceil(10)].iter();
        let top: f64 = top.map(|(_, i)| self.actual[1][*i]).sum();
        let revenue = self.sum(&self.actual[1]);
        let mut sums = [0.0; 4];
        for &i in &self.shown {
            let (purchases, spent) = expected(i);
            sums[0] += purchases;
            sums[1] += libm::fabs(purchases - self.actual[0][i]);
            sums[2] += spent;
            sums[3] += libm::fabs(spent - self.actual[1][i]);
        }
        Ok(Scores {
            ends: [(0.0, 0.0); 2],
            coverage: None,
            expected: sums[0],
            mae: sums[1] / n as f64,
            expected_revenue: sums[2],
            mae_revenue: sums[3] / n as f64,
            top_share: (revenue > 0.0).then(|| top / revenue),
        })
    }
}

fn table(rows: &[Row], currency: Currency) -> Result<Table> {
    let fields = BacktestClv::COLUMNS;
    let floats = |at: usize, of: &dyn Fn(&Row) -> Option<f64>| {
        let finite = |row: &Row| of(row).filter(|v| v.is_finite());
        Column::floats(&fields[at], rows.iter().map(finite))
    };
    let scores = |at: usize, of: &dyn Fn(&Scores, &Row) -> f64| {
        floats(at, &|row| row.scores.as_ref().map(|scores| of(scores, row)))
    };
    let ints = |at: usize, of: &dyn Fn(&Row) -> i32| {
        Column::ints(&fields[at], rows.iter().map(|row| Some(of(row))))
    };
    let money = |at: usize, end: &dyn Fn(&Scores) -> f64| -> Result<Column> {
        let minor = |row: &Row| row.scores.as_ref().and_then(|s| currency.minor(end(s)));
        let valid = collect(rows.iter().map(|row| minor(row).is_some()), "table")?;
        let amounts = collect(rows.iter().map(|row| minor(row).unwrap_or(0)), "table")?;
        Ok(Column::new(&fields[at], Values::Money(amounts.into(), currency)).with_validity(valid))
    };
    let held = |at: usize, of: usize, came: fn(&Row) -> f64| -> Result<Column> {
        let inside = |row: &Row| {
            let (low, high) = row.scores.map_or((1.0, 0.0), |s| s.ends[of]);
            (low..=high).contains(&came(row))
        };
        let valid = collect(rows.iter().map(|row| row.scores.is_some()), "table")?;
        let cells = collect(rows.iter().map(inside), "table")?;
        Ok(Column::new(&fields[at], Values::Bool(cells)).with_validity(valid))
    };
    let expected = |row: &Row| row.scores.and_then(|s| currency.minor(s.expected_revenue));
    let valid = collect(rows.iter().map(|row| expected(row).is_some()), "table")?;
    Ok(Table::new(vec![
        ints(0, &|row| row.origin)?,
        Column::new(
            &fields[1],
            Values::Category {
                codes: collect(rows.iter().map(|row| row.method), "table")?,
                labels: METHODS,
            },
        ),
        ints(2, &|row| row.customers)?,
        scores(3, &|s, _| s.expected)?,
        floats(4, &|row| Some(row.actual))?,
        scores(5, &|s, row| s.expected / row.actual - 1.0)?,
        scores(6, &|s, _| s.mae)?,
        Column::new(
            &fields[7],
            Values::Money(
                collect(rows.iter().map(|row| expected(row).unwrap_or(0)), "table")?.into(),
                currency,
            ),
        )
        .with_validity(valid),
        Column::new(
            &fields[8],
            Values::Money(
                collect(rows.iter().map(|row| row.actual_revenue), "table")?.into(),
                currency,
            ),
        ),
        scores(9, &|s, row| {
            s.expected_revenue / currency.major(row.actual_revenue) - 1.0
        })?,
        scores(10, &|s, _| s.mae_revenue)?,
        floats(11, &|row| row.scores.and_then(|s| s.top_share))?,
        scores(12, &|s, _| s.ends[0].0)?,
        scores(13, &|s, _| s.ends[0].1)?,
        money(14, &|s| s.ends[1].0)?,
        money(15, &|s| s.ends[1].1)?,
        held(16, 0, |row| row.actual)?,
        held(17, 1, |row| row.actual_major)?,
        floats(18, &|row| row.scores.and_then(|s| s.coverage))?,
    ]))
}
