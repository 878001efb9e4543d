//! Amounts to minor units: exact, or refused, or rounded half to even and counted.

use crm_core::columns::{ColumnData, ColumnValues};
use crm_core::{Context, Currency, Dataset, register};
use crm_tests::{batch, floats, ints, numbers, texts, times};

/// The currency of each exponent.
const CURRENCIES: [(&str, u32); 4] = [("JPY", 0), ("USD", 2), ("KWD", 3), ("CLF", 4)];

/// Revenue by row in minor units, or the row that was refused. Each row has a month of its own, so
/// that negative ones are seen, too.
fn revenue(currency: &str, amount: ColumnData, round: bool) -> Result<Vec<i64>, u64> {
    let n = amount.len();
    let days: Vec<String> = (0..n)
        .map(|i| format!("{}-{:02}-01", 2000 + i / 12, i % 12 + 1))
        .collect();
    let days: Vec<&str> = days.iter().map(String::as_str).collect();
    let columns = [
        ("customer_id", texts(&vec!["a"; n])),
        ("ordered_at", times(&days)),
        ("amount", amount),
    ];
    let spec = format!(r#"{{"currency": "{currency}", "round_amounts": {round}}}"#);
    let orders = crm_tests::orders(&spec, batch(&columns)).map_err(|e| e.row().expect("a row"))?;
    let table = register::run(
        "monthly",
        &Dataset::Orders(&orders),
        "",
        &Context::default(),
    )
    .expect("months");
    Ok(numbers(&table, "revenue").into_iter().flatten().collect())
}

fn cells(values: &[&str]) -> ColumnData {
    times(values)
}

fn decimals(values: &[i128], scale: i8) -> ColumnData {
    ColumnValues::Decimal {
        values: values.to_vec().into(),
        scale,
    }
    .into()
}

#[test]
fn texts_and_decimals_are_rounded_half_to_even() {
    // Tenths of a minor unit, and the whole minor units they become.
    let tenths = [
        0, 4, 5, 6, 10, 14, 15, 16, 24, 25, 26, 35, -5, -6, -15, -25, -26, 99_995,
    ];
    let rounded = [
        0, 0, 0, 1, 1, 1, 2, 2, 2, 2, 3, 4, 0, -1, -2, -2, -3, 10_000,
    ];
    for (currency, exponent) in CURRENCIES {
        let values: Vec<i128> = tenths.iter().map(|t| i128::from(*t)).collect();
        let scale = exponent as i8 + 1;
        assert_eq!(
            revenue(currency, decimals(&values, scale), true),
            Ok(rounded.to_vec()),
            "{currency}"
        );
        // The same as texts: 0.005 dollars, 0.0005 dinars.
        let spelled: Vec<String> = tenths
            .iter()
            .map(|t: &i64| {
                let digits = format!("{:0width$}", t.abs(), width = scale as usize + 1);
                let (whole, part) = digits.split_at(digits.len() - scale as usize);
                format!("{}{whole}.{part}", if *t < 0 { "-" } else { "" })
            })
            .collect();
        let spelled: Vec<&str> = spelled.iter().map(String::as_str).collect();
        assert_eq!(
            revenue(currency, cells(&spelled), true),
            Ok(rounded.to_vec()),
            "{currency}"
        );
        // A digit further down decides a half.
        let just = [50_001, 49_999, 150_001, 149_999, -50_001, 250_000];
        let expected = [1, 0, 2, 1, -1, 2];
        let values: Vec<i128> = just.iter().map(|t| i128::from(*t)).collect();
        let found = revenue(currency, decimals(&values, exponent as i8 + 5), true);
        assert_eq!(found, Ok(expected.to_vec()), "{currency}");
        // Without the option the first that is no whole minor unit is refused.
        assert_eq!(
            revenue(currency, decimals(&[10, 20, 25], scale), false),
            Err(2)
        );
        assert_eq!(
            revenue(currency, decimals(&[10, 20, -30], scale), false),
            Ok(vec![1, 2, -3])
        );
    }
}

#[test]
fn whole_numbers_are_major_units_of_every_exponent() {
    for (currency, exponent) in CURRENCIES {
        let scale = 10_i64.pow(exponent);
        let found = revenue(currency, ints(&[3, -2, 0]), false);
        assert_eq!(found, Ok(vec![3 * scale, -2 * scale, 0]), "{currency}");
        let found = revenue(currency, cells(&["3", "-2", "0", "1.0"]), false);
        assert_eq!(
            found,
            Ok(vec![3 * scale, -2 * scale, 0, scale]),
            "{currency}"
        );
        // Decimals with fewer digits than the currency has.
        let found = revenue(currency, decimals(&[3, -2], 0), false);
        assert_eq!(found, Ok(vec![3 * scale, -2 * scale]), "{currency}");
        let found = revenue(currency, decimals(&[3, -2], -1), false);
        assert_eq!(found, Ok(vec![30 * scale, -20 * scale]), "{currency}");
    }
}

/// What does not fit is refused, not cut to its lower bits, in every type and currency.
#[test]
fn amounts_beyond_all_money_are_refused() {
    for (currency, exponent) in CURRENCIES {
        let scale = 10_i128.pow(exponent);
        let beyond = [
            (1_i128 << 64) + 5,
            -(1_i128 << 64) - 5,
            (1 << 63) + 5,
            i128::MAX,
            i128::MIN,
        ];
        for value in beyond {
            for places in [0, exponent as i8] {
                let column = decimals(&[0, value], places);
                assert_eq!(
                    revenue(currency, column, true),
                    Err(1),
                    "{currency} {value} {places}"
                );
            }
            let spelled = value.to_string();
            let found = revenue(currency, cells(&["0", &spelled]), false);
            assert_eq!(found, Err(1), "{currency} {value}");
        }
        // The greatest amount, and a minor unit more.
        let most = (1_i128 << 62) - 1;
        let major = |minor: i128| match exponent {
            0 => minor.to_string(),
            _ => format!(
                "{}.{:0width$}",
                minor / scale,
                minor % scale,
                width = exponent as usize
            ),
        };
        for (minor, fits) in [(most, true), (most + 1, false)] {
            let expected = if fits { Ok(vec![minor as i64]) } else { Err(0) };
            let found = revenue(currency, decimals(&[minor], exponent as i8), false);
            assert_eq!(found, expected, "{currency} {minor}");
            let found = revenue(currency, cells(&[&major(minor)]), false);
            assert_eq!(found, expected, "{currency} {}", major(minor));
        }
        let whole = (most / scale) as i64;
        let found = revenue(currency, ints(&[whole]), false);
        assert_eq!(found, Ok(vec![whole * scale as i64]), "{currency}");
        assert_eq!(
            revenue(currency, ints(&[0, whole + 1]), false),
            Err(1),
            "{currency}"
        );
        assert_eq!(
            revenue(currency, ints(&[i64::MIN]), false),
            Err(0),
            "{currency}"
        );
    }
}

/// A float counts as a minor unit up to 1e-6 away from it, in minor units, on both sides.
#[test]
fn floats_are_minor_units_within_a_millionth() {
    for (currency, exponent) in CURRENCIES {
        let scale = 10_f64.powi(exponent as i32);
        for whole in [0.0, 1.0, 7.0, -3.0, 1_999.0] {
            for (off, exact) in [
                (9e-7, true),
                (-9e-7, true),
                (1.1e-6, false),
                (-1.1e-6, false),
            ] {
                let value = (whole + off) / scale;
                let found = revenue(currency, floats(&[value]), false);
                let expected = if exact {
                    Ok(vec![whole as i64])
                } else {
                    Err(0)
                };
                assert_eq!(found, expected, "{currency} {whole} {off}");
                let found = revenue(currency, floats(&[value]), true);
                assert_eq!(found, Ok(vec![whole as i64]), "{currency} {whole} {off}");
            }
        }
    }
    // Halves of a yen are exact floats: they go to the even neighbour.
    let halves = floats(&[0.5, 1.5, 2.5, -0.5, -1.5, -2.5]);
    assert_eq!(revenue("JPY", halves, true), Ok(vec![0, 2, 2, 0, -2, -2]));
}

/// Thresholds in options are rounded half away from zero.
#[test]
fn money_of_options_is_rounded_away_from_zero_at_halves() {
    // Halves that are exact floats: 0.125 dollars is 12.5 cents.
    for (currency, major, minor) in [
        (Currency::JPY, 0.5, 1),
        (Currency::JPY, 1.5, 2),
        (Currency::JPY, 2.5, 3),
        (Currency::JPY, -2.5, -3),
        (Currency::JPY, 2.4999, 2),
        (Currency::USD, 0.125, 13),
        (Currency::USD, 0.375, 38),
        (Currency::USD, -0.125, -13),
        (Currency::USD, 70_000.0, 7_000_000),
    ] {
        assert_eq!(currency.minor(major), Some(minor), "{currency} {major}");
    }
    assert_eq!(Currency::USD.minor(1e17), None);
    assert_eq!(Currency::JPY.minor(f64::NAN), None);
}

/// The thresholds of a preset are in yen.
#[test]
fn a_preset_in_yen_is_of_orders_in_yen() {
    for preset in ["uchide_repeat", "uchide_general"] {
        let asked = |currency: &str| {
            let columns = [
                ("customer_id", texts(&["a", "b"])),
                ("ordered_at", texts(&["2025-01-01", "2025-01-02"])),
                ("amount", ints(&[6_000, 100])),
            ];
            let spec = format!(r#"{{"currency": "{currency}"}}"#);
            let orders = super::build(&spec, &[batch(&columns)]);
            let request = format!(r#"{{"mode": "threshold", "preset": "{preset}"}}"#);
            super::run("rfm", &orders, &request)
        };
        // 6,000 yen are the second of five levels, 100 yen the first.
        assert_eq!(numbers(&asked("JPY").unwrap(), "m"), [Some(2), Some(1)]);
        let error = asked("EUR").unwrap_err();
        assert_eq!(error.option_name(), Some("preset"));
        assert!(error.to_string().contains("the orders in EUR"), "{error}");
    }
}

/// Amounts that are near a minor unit, or the float nearest to one, are exact beside one that is not:
/// the row named is that of the latter, and only this one is rounded.
#[test]
fn exact_floats_beside_one_that_is_not() {
    // The product of the last with 100 is 1e-4 off; it is the float nearest to 1,000,000,000,001 cents.
    for (currency, exact, off) in [
        ("JPY", [100.0000001, 99.9999999, 3.0], 0.5),
        ("USD", [0.1 + 0.2, 12.34, 10_000_000_000.01], 0.005),
    ] {
        let [a, b, c] = exact;
        assert_eq!(revenue(currency, floats(&[a, b, c, off]), false), Err(3));
        let columns = [
            ("customer_id", texts(&["a"; 4])),
            (
                "ordered_at",
                times(&["2026-01-01", "2026-02-01", "2026-03-01", "2026-04-01"]),
            ),
            ("amount", floats(&[a, b, c, off])),
        ];
        let spec = format!(r#"{{"currency": "{currency}", "round_amounts": true}}"#);
        let orders = crm_tests::orders(&spec, batch(&columns)).unwrap();
        let expected = match currency {
            "JPY" => [100, 100, 3, 0],
            _ => [30, 1_234, 1_000_000_000_001, 0],
        };
        assert_eq!(
            revenue(currency, floats(&[a, b, c, off]), true).unwrap(),
            expected
        );
        let notes = orders.reconciliation(&Context::default()).unwrap();
        assert_eq!(notes.notes()["rounded_amounts"], 1, "{currency}");
    }
}
