//! Messages hold nothing of the data.

use crate::shop;
use crm_core::{Context, Dataset, register};
use crm_tests::{floats, texts, times};

/// No message, hint or debug text shows an id, an amount or a time.
#[test]
fn nothing_personal_is_ever_shown() {
    const CANARY: &str = "canary@example.com";
    let ids = texts(&[CANARY, CANARY, "b"]);
    let spec = r#"{"currency": "JPY", "order_id": "order_id", "channel": "channel"}"#;
    let channel = ("channel", texts(&["x", "y", "x"]));
    let mut shown = Vec::new();
    for replaced in [
        vec![
            ("customer_id", ids.clone()),
            ("order_id", texts(&[CANARY, "1", CANARY])),
            channel.clone(),
        ],
        vec![
            ("customer_id", ids.clone()),
            ("order_id", texts(&["1", "2", "3"])),
            channel.clone(),
            ("amount", floats(&[987_654.5, 1.0, 2.0])),
        ],
        vec![
            ("customer_id", ids.clone()),
            ("order_id", texts(&["1", "2", "3"])),
            channel.clone(),
            ("ordered_at", times(&["2025-01-01", CANARY, "x"])),
        ],
    ] {
        let error = shop(spec, &replaced).unwrap_err();
        shown.push(format!("{error} {error:?} {:?}", error.hint()));
    }
    let sound = shop(
        spec,
        &[
            ("customer_id", ids),
            ("order_id", texts(&["1", "2", "3"])),
            channel,
        ],
    )
    .unwrap();
    let table = register::run("rfm", &Dataset::Orders(&sound), "", &Context::default()).unwrap();
    shown.push(format!(
        "{sound:?} {table:?} {:?} {:?}",
        sound.ids(),
        sound.ids().at(0)
    ));
    // Any column may hold any other's cells, when a host swaps two.
    for role in [
        "customer_id",
        "ordered_at",
        "amount",
        "order_id",
        "status",
        "kind",
        "line_kind",
        "currency_column",
        "quantity",
        "discount",
        "shipping",
        "tax",
        "cost",
        "refunded",
        "refunded_at",
        "shop",
        "product",
        "category",
        "channel",
    ] {
        let spec = format!(r#"{{"currency": "JPY", "{role}": "{role}"}}"#);
        for swapped in [CANARY, "987654.5", "2025-01-01", "canary"] {
            let cells = match role {
                "ordered_at" => ["2024-02-03", swapped, "2024-02-05"],
                "amount" | "quantity" | "discount" | "shipping" | "tax" | "cost" | "refunded" => {
                    ["1", swapped, "2"]
                }
                "currency_column" => ["JPY", swapped, "JPY"],
                "status" => ["completed", swapped, "pending"],
                _ => ["", swapped, ""],
            };
            if let Err(error) = shop(&spec, &[(role, texts(&cells))]) {
                shown.push(format!("{error} {error:?} {:?}", error.hint()));
            }
        }
    }
    assert!(shown.len() > 40, "{}", shown.len());
    for text in shown {
        assert!(
            !text.contains("canary") && !text.contains("987654") && !text.contains("2025-01-01"),
            "{text}"
        );
    }
}
