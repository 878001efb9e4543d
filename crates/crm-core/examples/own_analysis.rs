//! An analysis of one's own, outside of the crate: customers who came back after a long silence.
//!
//!     cargo run -p crm-core --example own_analysis
//!
//! It is a type with options, columns and a function of orders at one date. Lists of dates, filters,
//! breakdowns, `customers`, the definition and its hash come from the library, as does the name in a
//! register.

use crm_core::analysis::{Analysis, Entry};
use crm_core::data::{OrdersSpec, simulate_orders};
use crm_core::register::Register;
use crm_core::table::{CUSTOMER_ID, Column, Field, Type};
use crm_core::{At, Context, Dataset, Error, Orders, Result, Table};
use serde::{Deserialize, Serialize};

struct Returned;

#[derive(Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Options {
    /// Days without an order that are a long silence.
    silence: u32,
}

impl Default for Options {
    fn default() -> Self {
        Options { silence: 365 }
    }
}

const RETURNED: Field = Field::new(
    "returned_on",
    Type::Date,
    "",
    "復帰日",
    "The day of the last order that ended a long silence.",
);
const SILENCE: Field = Field::new("silent_days", Type::Int, "days", "沈黙日数", "Its days.");

impl Analysis for Returned {
    const NAME: &'static str = "returned";
    const SUMMARY: &'static str = "Customers who came back after a long silence";
    const JA: &'static str = "復帰客";
    const COLUMNS: &'static [Field] = &[CUSTOMER_ID, RETURNED, SILENCE];
    type Data = Orders;
    type Options = Options;

    fn run(orders: &Orders, at: &At, options: &Options, context: &Context) -> Result<Table> {
        if options.silence == 0 {
            return Err(Error::option("silence", 0, "1 or more"));
        }
        let by_customer = orders.by_customer(at, context)?;
        let (mut codes, mut days, mut silences) = (Vec::new(), Vec::new(), Vec::new());
        for customer in by_customer.iter()? {
            let dates: Vec<i32> = customer
                .orders()
                .filter(|order| order.is_order)
                .map(|order| order.day.0)
                .collect();
            let gaps = dates.windows(2).map(|pair| (pair[1], pair[1] - pair[0]));
            let mut long = gaps.filter(|(_, gap)| *gap >= options.silence as i32);
            if let Some((day, gap)) = long.next_back() {
                codes.push(customer.code());
                days.push(day);
                silences.push(Some(gap));
            }
        }
        Ok(Table::new(vec![
            Column::ids(&CUSTOMER_ID, by_customer.ids(), codes.into_iter())?,
            Column::dates(&RETURNED, days.into_iter())?,
            Column::ints(&SILENCE, silences.into_iter())?,
        ]))
    }
}

fn shop() -> Result<Orders> {
    let spec = OrdersSpec::parse(
        r#"{"currency": "JPY", "order_id": "order_id", "channel": "channel", "guests": "keep"}"#,
    )?;
    Orders::from_batches(
        &spec,
        &[simulate_orders(1_000, 7)?],
        None,
        &Context::default(),
    )
}

fn main() -> Result<()> {
    let register = Register::new().with(Entry::new::<Returned>())?;
    let orders = shop()?;
    let table = register.run(
        "returned",
        &Dataset::Orders(&orders),
        r#"{"as_of": ["2024-12-31", "2025-12-31"], "by": ["channel"], "silence": 240}"#,
        &Context::default(),
    )?;
    println!(
        "{}",
        serde_json::to_string_pretty(&table).expect("cells are numbers and texts")
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crm_core::{Currency, Zone, register};

    fn run(orders: &Orders, request: &str) -> Result<serde_json::Value> {
        let register = Register::new().with(Entry::new::<Returned>())?;
        let data = Dataset::Orders(orders);
        let table = register.run("returned", &data, request, &Context::default())?;
        assert!(
            table
                .definition()
                .unwrap()
                .json()
                .contains(r#""analysis":"returned""#)
        );
        Ok(serde_json::to_value(&table).unwrap())
    }

    /// a: a silence of 366 days, then one of 31; b: one of 100 days.
    fn by_hand() -> Orders {
        Orders::builder(Currency::JPY, Zone::UTC)
            .order("b", "2024-01-01", 100)
            .order("a", "2024-01-01", 100)
            .order("a", "2025-01-01", 100)
            .order("b", "2024-04-10", 100)
            .order("a", "2025-02-01", 100)
            .build()
            .unwrap()
    }

    #[test]
    fn by_name_at_several_dates_of_chosen_customers() {
        let orders = by_hand();
        let a = serde_json::json!({"customer_id": "a", "returned_on": "2025-01-01", "silent_days": 366});
        let b = serde_json::json!({"customer_id": "b", "returned_on": "2024-04-10", "silent_days": 100});
        assert_eq!(run(&orders, "").unwrap(), serde_json::json!([a]));
        assert_eq!(
            run(&orders, r#"{"silence": 100}"#).unwrap(),
            serde_json::json!([a, b])
        );
        let earlier = run(
            &orders,
            r#"{"silence": 100, "as_of": ["2024-12-31", "2025-12-31"]}"#,
        )
        .unwrap();
        let dates: Vec<_> = earlier
            .as_array()
            .unwrap()
            .iter()
            .map(|row| &row["as_of"])
            .collect();
        assert_eq!(dates, ["2024-12-31", "2025-12-31", "2025-12-31"]);
        let chosen = run(
            &orders,
            r#"{"silence": 100, "customers": {"first_month": "2024-02-01"}}"#,
        )
        .unwrap();
        assert_eq!(chosen, serde_json::json!([]));
    }

    /// Each group's rows are those of a run with `where`.
    #[test]
    fn a_breakdown_is_one_run_for_each_group() {
        let orders = shop().unwrap();
        let table = run(&orders, r#"{"by": ["channel"], "silence": 100}"#).unwrap();
        let rows = table.as_array().unwrap();
        assert!(rows.len() > 20, "{}", rows.len());
        let channel = rows[0]["channel"].as_str().unwrap();
        let request = format!(r#"{{"where": {{"channel": "{channel}"}}, "silence": 100}}"#);
        let alone = run(&orders, &request).unwrap();
        let of_channel = rows
            .iter()
            .filter(|row| row["channel"] == channel)
            .map(|row| {
                let mut row = row.clone();
                row.as_object_mut().unwrap().remove("channel");
                row
            });
        assert_eq!(alone, of_channel.collect::<serde_json::Value>());
    }

    #[test]
    fn what_is_wrong_is_named() {
        let orders = by_hand();
        let message = |request| run(&orders, request).unwrap_err().to_string();
        assert!(message(r#"{"silense": 3}"#).contains("silense"));
        assert!(message(r#"{"silence": 0}"#).contains("1 or more"));
        let twice = Register::new().with(Entry::new::<Returned>()).unwrap();
        assert!(twice.with(Entry::new::<Returned>()).is_err());
        assert!(register::find("returned").is_err());
        let described = Register::new()
            .with(Entry::new::<Returned>())
            .unwrap()
            .describe("returned");
        assert_eq!(
            described.unwrap()["options"]["properties"]["silence"]["default"],
            365
        );
    }
}
