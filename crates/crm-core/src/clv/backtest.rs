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
//! Customers who first buy after the origin are not counted. Where the model of spend has no fit or
//! no mean, the shop's mean is used instead. Where a model of purchases has no fit (no repeat
//! customer yet), its row is empty.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::analysis::Analysis;
use crate::clv::frame::spend;
use crate::clv::models::gamma_gamma::{NoSpend, Spend};
use crate::clv::models::histories::{Histories, Rows};
use crate::clv::models::repeat_model::Kind;
use crate::clv::models::{gamma_gamma, repeat_model};
use crate::context::{Context, collect, filled, push};
use crate::data::Orders;
use crate::error::{Error, Result};
use crate::money::Currency;
use crate::scope::{At, Occasion};
use crate::summary::clv_summary::Unit;
use crate::summary::{Gaps, Totals, clv_summary, rolling_origin};
use crate::table::shared::{
    ACTUAL_REVENUE, CUSTOMERS, EXPECTED_PURCHASES, EXPECTED_REVENUE, METHOD, ORIGIN,
};
use crate::table::{Column, Field, Label, Table, Values, columns};
use crate::time::{Day, Duration};

/// Options of the analysis `backtest_clv`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// How many origins, at most; those before the first order are left out. Default 6.
    pub origins: u32,
    /// Days between origins. Default 30 days.
    pub step: Duration,
    /// Days predicted from each origin. Default 90 days.
    pub within: Duration,
    /// The models. Default: MBG/NBD.
    pub models: Vec<Kind>,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            origins: 6,
            step: Duration::days(30),
            within: Duration::days(90),
            models: vec![Kind::MbgNbd],
        }
    }
}

const METHODS: &[Label] = &[
    Label {
        code: "nbd",
        en: "NBD",
        ja: "NBD",
    },
    Label {
        code: "bg_nbd",
        en: "BG/NBD",
        ja: "BG/NBD",
    },
    Label {
        code: "mbg_nbd",
        en: "MBG/NBD",
        ja: "MBG/NBD",
    },
    Label {
        code: "bg_cnbd_k",
        en: "BG/CNBD-k",
        ja: "BG/CNBD-k",
    },
    Label {
        code: "mbg_cnbd_k",
        en: "MBG/CNBD-k",
        ja: "MBG/CNBD-k",
    },
    Label {
        code: "pareto_nbd",
        en: "Pareto/NBD",
        ja: "Pareto/NBD",
    },
    Label {
        code: "same_again",
        en: "Same again",
        ja: "前期間と同じ",
    },
    Label {
        code: "own_rate",
        en: "Own rate",
        ja: "本人の頻度",
    },
    Label {
        code: "shop_mean",
        en: "Shop's mean",
        ja: "店舗平均",
    },
];

/// Index of a model in [`METHODS`].
fn method(kind: Kind) -> u8 {
    match kind {
        Kind::Nbd => 0,
        Kind::BgNbd => 1,
        Kind::MbgNbd => 2,
        Kind::BgCnbdK => 3,
        Kind::MbgCnbdK => 4,
        Kind::ParetoNbd => 5,
    }
}

/// The analysis.
#[derive(Debug)]
pub struct BacktestClv;

#[derive(Debug, Clone, Copy)]
struct Row {
    origin: i32,
    method: u8,
    customers: i32,
    actual: f64,
    actual_revenue: i64,
    scores: Option<Scores>,
}

#[derive(Debug, Clone, Copy)]
struct Scores {
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
        "actual_purchases": Float, "purchases", "実購入数", "Those that came.";
        "purchases_error_rate": Float, "", "購入数誤差率", "Expected ÷ actual − 1.";
        "mae_purchases": Float, "purchases", "購入数平均絶対誤差", "Mean over customers of the absolute error.";
        EXPECTED_REVENUE, "Revenue expected of them.";
        ACTUAL_REVENUE, "That which came.";
        "revenue_error_rate": Float, "", "売上誤差率", "Expected ÷ actual − 1.";
        "mae_revenue": Float, "currency", "売上平均絶対誤差", "Mean over customers of the absolute error.";
        "top_decile_share": Float, "", "上位10%売上構成比",
            "Share of the revenue that came from the tenth with the greatest expected revenue.";
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
        for origin in rolling_origin::origins(&whole, options.origins, step, within)? {
            context.check()?;
            let then = Then::new(orders, &at, origin, within, context)?;
            then.judge(options, &mut rows)?;
        }
        table(&rows, orders.currency())
    }
}

/// The histories known at an origin and what happened after it; revenue in major units.
struct Then {
    origin: Day,
    within: f64,
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
    fn new(orders: &Orders, at: &At, origin: Day, within: u32, context: &Context) -> Result<Self> {
        let then = At { day: origin, ..*at };
        let end = At {
            day: Day(origin.0.saturating_add_unsigned(within)),
            ..*at
        };
        let options = clv_summary::Options::default();
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
        Ok(Self {
            origin,
            within: f64::from(within),
            currency: known.currency,
            summary,
            shown: rolling_origin::shown(orders, &known.customer)?,
            past: of_known(&known)?,
            before: of_known(&Totals::within(orders, &then, within, context)?)?,
            actual: of_known(&Totals::within(orders, &end, within, context)?)?,
        })
    }

    fn judge(&self, options: &Options, rows: &mut Vec<Row>) -> Result<()> {
        let n = self.summary.len();
        let [frequency, recency, age] = ["frequency", "recency", "T"];
        let (x, t_x) = (
            self.summary.numbers(frequency)?,
            self.summary.numbers(recency)?,
        );
        let age = self.summary.numbers(age)?;
        let histories = Histories::new(&x, &t_x, &age);
        let grouped = Rows::new(&histories)?;
        let (gaps, valid) = self.summary.cells("ln_gaps")?;
        let valid = |i: usize| valid.is_none_or(|valid| valid[i]);
        let ln_gaps: f64 = (0..n).filter(|&i| valid(i)).map(|i| gaps[i]).sum();
        let shop_mean = self.past[1].iter().sum::<f64>() / self.past[0].iter().sum::<f64>();

        let mean = spend(&self.summary)?;
        let of_spend = Spend {
            frequency: &x,
            mean: &mean,
            weight: None,
        };
        let worth = match gamma_gamma::fit(&of_spend, NoSpend::Drop) {
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
        for kind in &options.models {
            let purchases = match repeat_model::fit(*kind, &grouped, Unit::Day, ln_gaps) {
                Ok(fit) => Some(fit.model.expected_all(&histories, self.within)?),
                Err(Error::Insufficient { .. }) => None,
                Err(other) => return Err(other),
            };
            let scores = match purchases {
                Some(purchases) => Some(self.scores(|i| (purchases[i], purchases[i] * worth(i)))?),
                None => None,
            };
            push(rows, self.row(method(*kind), scores), "backtest")?;
        }
        let own_mean = |i: usize| self.past[1][i] / self.past[0][i];
        let again = self.scores(|i| (self.before[0][i], self.before[0][i] * own_mean(i)))?;
        push(rows, self.row(6, Some(again)), "backtest")?;
        let rate = |i: usize| self.within * self.past[0][i] / (age[i] + self.within);
        let rate = self.scores(|i| (rate(i), rate(i) * own_mean(i)))?;
        push(rows, self.row(7, Some(rate)), "backtest")?;
        let each = self.before[0].iter().sum::<f64>() / n as f64;
        let same = self.scores(|_| (each, each * shop_mean))?;
        push(rows, self.row(8, Some(same)), "backtest")
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
    ]))
}
