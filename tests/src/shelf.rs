//! A small shop, log and tables, and for each analysis its input and required options.

use crate::{STORE, ints, orders, rows, store, texts};
use crm_core::data::{EventsSimulation, simulate_events};
use crm_core::table::{Column, Values};
use crm_core::{Context, Dataset, Events, Orders, Table, analysis};
use serde_json::{Value, json};

/// Small tables of the columns that models read.
pub struct Shelf {
    /// Orders of [`store`], which cancel, refund and subscribe.
    pub orders: Orders,
    /// A log of views, carts and purchases.
    pub events: Events,
    /// A log of messages, held-out people and an experiment.
    pub messages: Events,
    /// Customers as `clv_summary` gives them.
    pub customers: Table,
    /// Opportunities instead of times.
    pub opportunities: Table,
    /// Contracts left after each period.
    pub survivors: Table,
    /// Durations, of which some have not ended.
    pub durations: Table,
    /// Times and counts of new customers, or ages of contracts.
    pub ahead: Table,
    /// Counts of the variants of an experiment.
    pub variants: Table,
    /// Plans of experiments.
    pub plans: Table,
    /// Ids.
    pub ids: Table,
    /// Answers to two questions.
    pub answers: Table,
    /// Reviews of three products.
    pub reviews: Table,
    /// Messages that could be sent, and one that was.
    pub candidates: Table,
    /// Records of people, of whom some are one.
    pub people: Table,
    /// Names.
    pub texts: Table,
}

/// A shop whose orders have shipping, tax and cost, which are nothing.
fn shop(customers: u32) -> Orders {
    let mut batch = store(customers, 11);
    let nothing = ints(&vec![0; rows(&batch)]);
    let mut spec: Value = serde_json::from_str(STORE).unwrap();
    for role in ["shipping", "tax", "cost"] {
        batch.push((role.into(), nothing.clone()));
        spec[role] = json!(role);
    }
    orders(&spec.to_string(), batch).unwrap()
}

/// A column of numbers.
pub fn column(name: &str, cells: impl IntoIterator<Item = f64>) -> Column {
    let cells: Vec<f64> = cells.into_iter().collect();
    Column::named(name, Values::F64(cells.into()))
}

/// Customers numbered so that no two are alike, in an order given by their numbers.
pub fn customers(numbers: &[usize]) -> Table {
    let of = |value: &dyn Fn(usize) -> f64| numbers.iter().map(|k| value(*k)).collect::<Vec<_>>();
    // Repeat purchases 0 to 7, in 30 to 59 weeks; the more, the later the last of them.
    let repeats = |k: usize| (k * 7 % 8) as f64;
    let age = |k: usize| 30.0 + (k * 11 % 30) as f64;
    let last = |k: usize| match repeats(k) {
        0.0 => 0.0,
        x => (age(k) * (x + (k % 5) as f64) / 12.0).min(age(k)),
    };
    Table::new(vec![
        column("frequency", of(&repeats)),
        column("recency", of(&last)),
        column("T", of(&age)),
        column("monetary_value", of(&|k| 20.0 + (k * 13 % 37) as f64)),
    ])
}

/// Messages that could be sent to two customers, and one that was sent.
fn candidates() -> Table {
    let rows = [
        ["anne", "cart", "cart/1", "2026-03-14", "", ""],
        ["anne", "birthday", "birthday/1", "2026-03-15", "", ""],
        ["bert", "cart", "cart/2", "2026-03-20", "", ""],
        ["bert", "cart", "cart/0", "", "sent", "2026-03-01T10:00"],
    ];
    let names = [
        "customer_id",
        "trigger",
        "dedupe_key",
        "due_at",
        "kind",
        "occurred_at",
    ];
    let columns = names.iter().enumerate().map(|(at, name)| {
        let cells = rows.map(|row| Some(row[at]).filter(|cell| !cell.is_empty()));
        ((*name).to_owned(), crate::optional_texts(&cells))
    });
    Table::from_batch(&columns.collect(), &Context::default()).expect("texts")
}

/// Customers 0, 1 and so on.
pub fn numbered(n: i64) -> Table {
    let ids = ints(&(0..n).collect::<Vec<_>>());
    Table::from_batch(&vec![("customer_id".into(), ids)], &Context::default())
        .expect("whole numbers")
}

/// Records of five people with copies, and of eight who share a telephone number.
pub fn people() -> Table {
    let mut columns = vec![Vec::new(); 8];
    for k in 0..30_usize {
        let who = k % 13;
        let cells = [
            format!("r{k:02}"),
            format!("p{who}@example.{}", ["com", "jp"][k / 26]),
            if who < 5 {
                format!("090{who}2345678")
            } else {
                "0312345678".into()
            },
            ["佐藤", "鈴木", "髙橋"][who % 3].into(),
            format!(
                "{}子",
                [
                    "花", "恵", "幸", "優", "直", "和", "久", "智", "由", "明", "京", "春", "咲"
                ][who]
            ),
            format!("19{}-0{}-1{}", 50 + who, 1 + who % 9, who % 10),
            format!("東京都港区六本木{}-1-{}", 1 + who % 6, 1 + who),
            format!("r{:02}", if k % 7 == 0 { who } else { k }),
        ];
        for (column, cell) in columns.iter_mut().zip(cells) {
            column.push(cell);
        }
    }
    let names = [
        "record_id",
        "email",
        "phone",
        "family_name",
        "given_name",
        "birth_date",
        "address",
        "previous_person_id",
    ];
    let columns = names.iter().zip(&columns);
    let batch = columns.map(|(name, cells)| ((*name).into(), texts(cells)));
    Table::from_batch(&batch.collect(), &Context::default()).expect("texts")
}

fn written() -> Table {
    let cells = texts(&["髙橋　花子", "090-1234-5678", "1980-01-02"]);
    Table::from_batch(&vec![("text".into(), cells)], &Context::default()).expect("texts")
}

impl Default for Shelf {
    fn default() -> Self {
        Self::new()
    }
}

impl Shelf {
    /// The small shop, log and tables.
    pub fn new() -> Self {
        let what = EventsSimulation {
            visitors: 200,
            seed: 31,
            ..EventsSimulation::default()
        };
        let log = simulate_events(&what, &Context::default()).unwrap();
        let what = EventsSimulation {
            campaigns: 3,
            ..what
        };
        let messages = simulate_events(&what, &Context::default()).unwrap();
        Shelf {
            orders: shop(24),
            events: log.events(&Context::default()).unwrap(),
            messages: messages.events(&Context::default()).unwrap(),
            customers: customers(&(0..240).collect::<Vec<_>>()),
            opportunities: Table::new(vec![
                column("frequency", [0.0, 1.0, 2.0, 3.0, 6.0, 1.0, 4.0]),
                column("recency", [0.0, 1.0, 4.0, 6.0, 6.0, 5.0, 5.0]),
                column("n", [6.0; 7]),
                column("weight", [40.0, 12.0, 8.0, 9.0, 10.0, 4.0, 5.0]),
            ]),
            survivors: Table::new(vec![column(
                "survivors",
                [1000.0, 631.0, 468.0, 382.0, 326.0],
            )]),
            durations: Table::new(vec![
                column("duration", [3.0, 5.0, 5.0, 8.0, 13.0, 21.0]),
                column("observed", [1.0, 0.0, 1.0, 1.0, 0.0, 1.0]),
            ]),
            ahead: Table::new(vec![
                column("t", [1.0, 4.0, 52.0]),
                column("n", [0.0, 1.0, 3.0]),
            ]),
            variants: Table::new(vec![
                column("variant", [1.0, 2.0, 3.0]),
                column("n", [5000.0, 5000.0, 4000.0]),
                column("conversions", [200.0, 242.0, 170.0]),
            ]),
            plans: Table::new(vec![
                column("baseline", [0.04, 0.1]),
                column("effect", [0.01, 0.02]),
            ]),
            ids: numbered(3),
            answers: Table::new(vec![
                column("question", (0..40).map(|k| f64::from(k % 2))),
                column("score", (0..40).map(|k| f64::from(k * 7 % 11))),
            ]),
            reviews: Table::new(vec![
                column("product", (0..30).map(|k| f64::from(k % 3))),
                column("score", (0..30).map(|k| f64::from(1 + k * 7 % 5))),
            ]),
            candidates: candidates(),
            people: people(),
            texts: written(),
        }
    }

    /// What an analysis reads.
    pub fn data(&self, entry: &analysis::Entry) -> Dataset<'_> {
        Dataset::Table(match entry.name {
            "campaign_rates" | "campaign_effect" | "best_time" => {
                return Dataset::Events(&self.messages);
            }
            _ if entry.reads == "events" => return Dataset::Events(&self.events),
            _ if entry.reads == "orders" => return Dataset::Orders(&self.orders),
            "sbg_fit" => &self.survivors,
            "bgbb_fit" | "bgbb_predict" | "bgbb_histogram" => &self.opportunities,
            "survival_curve" => &self.durations,
            "clv_new_customers" | "sbg_predict" => &self.ahead,
            "experiment" => &self.variants,
            "experiment_plan" => &self.plans,
            "assign" => &self.ids,
            "survey" => &self.answers,
            "reviews" => &self.reviews,
            "decide" | "why" => &self.candidates,
            "identify" | "identity_links" | "identity_review" | "identity_changes"
            | "shared_identifiers" => &self.people,
            "normalize" => &self.texts,
            _ => &self.customers,
        })
    }
}

/// Options that an analysis cannot do without.
pub fn request(entry: &analysis::Entry) -> Value {
    let clv =
        json!({"model": "mbg_nbd", "unit": "week", "r": 0.9, "alpha": 7.0, "a": 0.6, "b": 2.0});
    let spend = json!({"p": 6.0, "q": 4.0, "gamma": 15.0});
    let mut request = match entry.name {
        "before_after" => json!({"change": "2025-05-05"}),
        "movement" => json!({"since": "2025-03-31"}),
        "backtest_recommend" => json!({}),
        name if name.starts_with("backtest") => json!({"origins": 1}),
        "funnel" => json!({"steps": ["product_view", "add", "purchase"]}),
        "sequences" | "sequence_totals" => json!({"steps": ["product_view", "purchase"]}),
        "purchase_intent" => json!({"min_purchases": 5}),
        "clv_fit" | "compare_models" => json!({"unit": "week"}),
        "clv_predict"
        | "clv_new_customers"
        | "clv_parameters"
        | "clv_simulate"
        | "frequency_histogram"
        | "expected_surface" => json!({"fit": clv}),
        "expected_spend" => json!({"fit": spend}),
        "clv" => json!({"fit": clv, "spend_fit": spend}),
        "assign" => json!({"experiment": "button"}),
        "tiers" | "tier_forecast" => {
            json!({"tiers": [{"name": "silver", "from": 5000}, {"name": "gold", "from": 20000}]})
        }
        "entitlements" => json!({"rules": [
            {"name": "gift", "orders": 3, "repeat": true, "valid": 60},
            {"name": "card", "amount": 10000, "window": 180},
            {"name": "welcome", "nth": 2},
        ]}),
        "points" | "point_movements" => json!({"per": 130, "valid": 90}),
        "coupon_effect" => json!({"coupon": "channel"}),
        "referrals" => json!({"referred_by": "first_channel"}),
        // Most probable pairs are left to a human.
        "identity_review" => json!({"policy": "strict"}),
        "decide" => json!({"now": "2026-03-15T12:00:00Z"}),
        "why" => json!({"now": "2026-03-15T12:00:00Z", "customer": "anne"}),
        "complaints" | "complaint_cost" => json!({"complaints": crate::complaints()}),
        "satisfaction_churn" => json!({"answers": crate::answers()}),
        "simulate_rules" => json!({"days": 2, "warm_up": 0}),
        "sbg_predict" => json!({"fit": {"alpha": 0.7, "beta": 1.2}}),
        "bgbb_predict" | "bgbb_histogram" => {
            json!({"fit": {"alpha": 1.2, "beta": 0.75, "gamma": 0.66, "delta": 2.8}})
        }
        _ => json!({}),
    };
    match entry.reads {
        "events" => request["as_of"] = json!("2026-03-15"),
        "orders" => request["as_of"] = json!("2025-06-30"),
        _ => {}
    }
    request
}
