//! The same orders in every form that columns can come in give the same table.

use crm_core::columns::{Batch, Bits, Buf, ColumnData, ColumnValues, Strings, TimeUnit};
use crm_core::data::OrdersSpec;
use crm_core::{Context, Dataset, Orders, Table, Zone, register};
use crm_tests::{batch, floats, ints, numbers, optional_ints, orders, texts, times, words};

const DAY: i64 = 86_400_000_000;

fn rfm(spec: &str, batches: &[Batch]) -> Table {
    let spec = OrdersSpec::parse(spec).unwrap();
    let orders = Orders::from_batches(&spec, batches, None, &Context::default()).unwrap();
    register::run("rfm", &Dataset::Orders(&orders), "", &Context::default()).unwrap()
}

fn bare(table: &Table) -> Vec<Vec<Option<i64>>> {
    ["recency_days", "orders", "revenue", "r", "f", "m"]
        .map(|c| numbers(table, c))
        .to_vec()
}

const IDS: [i64; 5] = [3, 1, 3, 2, 1];
const DAYS: [i64; 5] = [20_000, 20_010, 20_030, 20_040, 20_041];
const CENTS: [i64; 5] = [1_000, 2_550, 399, 0, 12_345];

fn reference() -> Vec<Vec<Option<i64>>> {
    let at: Vec<i64> = DAYS.iter().map(|d| d * DAY).collect();
    bare(&rfm(
        r#"{"currency": "USD", "amount_unit": "minor"}"#,
        &[columns(
            ints(&IDS),
            instants(at, TimeUnit::Microsecond, None),
            ints(&CENTS),
        )],
    ))
}

fn columns(id: ColumnData, at: ColumnData, amount: ColumnData) -> Batch {
    batch(&[("customer_id", id), ("ordered_at", at), ("amount", amount)])
}

fn instants(values: Vec<i64>, unit: TimeUnit, zone: Option<&str>) -> ColumnData {
    ColumnValues::Time {
        values: values.into(),
        unit,
        zone: zone.map(str::to_owned),
    }
    .into()
}

fn micros() -> ColumnData {
    instants(
        DAYS.iter().map(|d| d * DAY).collect(),
        TimeUnit::Microsecond,
        None,
    )
}

#[test]
fn ids_of_every_type() {
    let named: Vec<String> = IDS.iter().map(|i| format!("c{i}")).collect();
    let long: Vec<String> = IDS
        .iter()
        .map(|i| format!("a customer of long name {i}"))
        .collect();
    let uuids: Vec<String> = IDS
        .iter()
        .map(|i| format!("01890a5d-ac96-774b-bcce-b302099a805{i}"))
        .collect();
    let unsigned = |values: Vec<u64>| {
        ColumnValues::Unsigned {
            values: values.into(),
            bits: 64,
        }
        .into()
    };
    let dictionary = ColumnValues::Dictionary {
        keys: vec![0_u32, 2, 0, 1, 2].into(),
        // One entry that no row uses must not become a customer.
        values: Box::new(texts(&["c3", "c2", "c1", "unused"])),
    };
    let fixed = |width: usize| {
        let bytes: Vec<u8> = IDS
            .iter()
            .flat_map(|i| {
                let mut cell = vec![0_u8; width];
                cell[width - 1] = *i as u8;
                cell
            })
            .collect();
        ColumnValues::Fixed {
            width,
            bytes: bytes.into(),
        }
        .into()
    };
    let forms: Vec<(&str, ColumnData)> = vec![
        ("dense", ints(&IDS)),
        ("sparse", ints(&IDS.map(|i| i * 1_000_000_007))),
        ("negative", ints(&IDS.map(|i| i64::MIN + i))),
        ("unsigned", unsigned(IDS.map(|i| i as u64).to_vec())),
        (
            "above i64",
            unsigned(IDS.map(|i| u64::MAX - 10 + i as u64).to_vec()),
        ),
        ("short text", texts(&named)),
        ("long text", texts(&long)),
        ("uuid text", texts(&uuids)),
        ("dictionary", dictionary.into()),
        ("uuid", fixed(16)),
        ("five bytes", fixed(5)),
    ];
    for (form, id) in forms {
        let table = rfm(
            r#"{"currency": "USD", "amount_unit": "minor"}"#,
            &[columns(id, micros(), ints(&CENTS))],
        );
        assert_eq!(bare(&table), reference(), "{form}");
    }
}

#[test]
fn times_of_every_unit_and_zone() {
    let of = |factor: i64| -> Vec<i64> { DAYS.iter().map(|d| d * factor).collect() };
    let iso: Vec<String> = DAYS
        .iter()
        .map(|d| crm_core::Day(*d as i32).to_string())
        .collect();
    let iso: Vec<&str> = iso.iter().map(String::as_str).collect();
    let dates: ColumnData = ColumnValues::Date(DAYS.map(|d| d as i32).to_vec().into()).into();
    for (form, at) in [
        ("s", instants(of(86_400), TimeUnit::Second, None)),
        ("ms", instants(of(86_400_000), TimeUnit::Millisecond, None)),
        ("us", instants(of(DAY), TimeUnit::Microsecond, None)),
        ("ns", instants(of(DAY * 1_000), TimeUnit::Nanosecond, None)),
        ("utc", instants(of(DAY), TimeUnit::Microsecond, Some("UTC"))),
        (
            "fixed",
            instants(of(DAY), TimeUnit::Microsecond, Some("+05:30")),
        ),
        ("date", dates),
        ("text", times(&iso)),
    ] {
        let table = rfm(
            r#"{"currency": "USD", "amount_unit": "minor"}"#,
            &[columns(ints(&IDS), at, ints(&CENTS))],
        );
        assert_eq!(bare(&table), reference(), "{form}");
    }
}

#[test]
fn amounts_of_every_type() {
    let major: Vec<f64> = CENTS.iter().map(|c| *c as f64 / 100.0).collect();
    let decimal = |scale: i8, factor: i128| -> ColumnData {
        let values: Vec<i128> = CENTS.iter().map(|c| i128::from(*c) * factor).collect();
        ColumnValues::Decimal {
            values: values.into(),
            scale,
        }
        .into()
    };
    let text: Vec<String> = CENTS
        .iter()
        .map(|c| format!("{}.{:02}", c / 100, c % 100))
        .collect();
    let cells = ColumnValues::Text(Strings::collect(text.iter().map(|t| t.as_bytes())).unwrap());
    for (form, amount) in [
        ("float", floats(&major)),
        ("decimal(2)", decimal(2, 1)),
        ("decimal(6)", decimal(6, 10_000)),
        ("cells", cells.into()),
    ] {
        let table = rfm(
            r#"{"currency": "USD"}"#,
            &[columns(ints(&IDS), micros(), amount)],
        );
        assert_eq!(bare(&table), reference(), "{form}");
    }
}

#[test]
fn all_cents_come_back_from_floats() {
    for scale in [1_000_i64, 100, 1] {
        let currency = match scale {
            1_000 => "KWD",
            100 => "USD",
            _ => "JPY",
        };
        let minor: Vec<i64> = (-300_000..300_000)
            .chain([1_125_899_906_842_623, 99_999_999_999_999])
            .collect();
        let major: Vec<f64> = minor.iter().map(|m| *m as f64 / scale as f64).collect();
        let n = minor.len();
        let one = columns(
            ints(&(0..n as i64).collect::<Vec<_>>()),
            instants(vec![0; n], TimeUnit::Second, None),
            floats(&major),
        );
        let spec = format!(r#"{{"currency": "{currency}"}}"#);
        let orders = orders(&spec, one).unwrap();
        let table = register::run(
            "monthly",
            &Dataset::Orders(&orders),
            "",
            &Context::default(),
        )
        .unwrap();
        assert_eq!(
            numbers(&table, "revenue")[0],
            Some(minor.iter().sum()),
            "{currency}"
        );
    }
}

#[test]
fn chunked_sliced_and_null_bearing_columns() {
    let spec = r#"{"currency": "USD", "amount_unit": "minor", "guests": "drop"}"#;
    let whole = Buf::from([vec![77; 3], IDS.to_vec(), vec![88]].concat());
    let sliced: ColumnData = ColumnValues::Int {
        values: whole.slice(3, 5),
        bits: 64,
    }
    .into();
    assert_eq!(
        bare(&rfm(spec, &[columns(sliced, micros(), ints(&CENTS))])),
        reference()
    );

    let chunk = |range: std::ops::Range<usize>| {
        let at = DAYS[range.clone()].iter().map(|d| d * DAY).collect();
        columns(
            ints(&IDS[range.clone()]),
            instants(at, TimeUnit::Microsecond, None),
            ints(&CENTS[range]),
        )
    };
    assert_eq!(
        bare(&rfm(spec, &[chunk(0..2), chunk(2..2), chunk(2..5)])),
        reference()
    );

    // Rows without a customer between the others, in a bitmap with an offset.
    let ids = [0, 3, 1, 0, 3, 2, 1];
    let bytes: Vec<u8> = vec![0b1011_0111, 0b0000_0111];
    let valid = Bits::new(Buf::from(bytes), 3, 7).unwrap();
    let shown: Vec<bool> = (0..7).map(|i| valid.is_set(i)).collect();
    assert_eq!(shown, [false, true, true, false, true, true, true]);
    let column = ColumnData {
        valid: Some(valid),
        ..ints(&ids)
    };
    let at = [0, DAYS[0], DAYS[1], 0, DAYS[2], DAYS[3], DAYS[4]]
        .map(|d| d * DAY)
        .to_vec();
    let cents = [9, CENTS[0], CENTS[1], 9, CENTS[2], CENTS[3], CENTS[4]];
    let table = rfm(
        spec,
        &[columns(
            column,
            instants(at, TimeUnit::Microsecond, None),
            ints(&cents),
        )],
    );
    assert_eq!(bare(&table), reference());
}

#[test]
fn order_totals_repeated_or_blank_are_taken_once() {
    let day = instants(vec![0, 0, DAY, DAY, DAY], TimeUnit::Microsecond, None);
    let build = |spec: &str, amounts: &[Option<i64>]| {
        let columns = [
            ("customer_id", texts(&["a", "a", "b", "b", "b"])),
            ("ordered_at", day.clone()),
            ("amount", optional_ints(amounts)),
            ("order_id", ints(&[1, 1, 2, 2, 2])),
            ("quantity", ints(&[1, 2, 1, 3, 1])),
        ];
        rfm(spec, &[batch(&columns)])
    };
    let revenue = |table: &Table| numbers(table, "revenue");
    let order = r#"{"currency": "JPY", "order_id": "order_id", "amount_is": "order"}"#;
    let repeated = build(
        order,
        &[Some(500), Some(500), Some(900), Some(900), Some(900)],
    );
    assert_eq!(revenue(&repeated), [Some(500), Some(900)]);
    let blank = build(order, &[Some(500), None, None, Some(900), None]);
    assert_eq!(revenue(&blank), [Some(500), Some(900)]);
    let line = r#"{"currency": "JPY", "order_id": "order_id"}"#;
    let lines = build(line, &[Some(1), Some(2), Some(3), Some(4), Some(5)]);
    assert_eq!(revenue(&lines), [Some(3), Some(12)]);
    let unit = r#"{"currency": "JPY", "order_id": "order_id", "amount_is": "unit", "quantity": "quantity"}"#;
    let units = build(unit, &[Some(1), Some(2), Some(3), Some(4), Some(5)]);
    assert_eq!(revenue(&units), [Some(5), Some(20)]);
    assert_eq!(numbers(&units, "orders"), [Some(1), Some(1)]);
}

#[test]
fn lines_are_filtered_as_lines_and_orders_as_orders() {
    let columns = [
        ("customer_id", texts(&["a", "a", "b", "a"])),
        (
            "ordered_at",
            times(&["2025-01-01", "2025-01-01", "2025-01-02", "2025-01-03"]),
        ),
        ("amount", ints(&[100, 40, 70, 9])),
        ("order_id", ints(&[1, 1, 2, 3])),
        ("product", texts(&["tea", "pot", "tea", "pot"])),
        ("channel", texts(&["ads", "ads", "mail", "mail"])),
    ];
    let spec = r#"{"currency": "JPY", "order_id": "order_id", "product": "product", "channel": "channel"}"#;
    let orders = orders(spec, batch(&columns)).unwrap();
    let run = |request: &str| {
        register::run(
            "rfm",
            &Dataset::Orders(&orders),
            request,
            &Context::default(),
        )
        .unwrap()
    };
    let tea = run(r#"{"where": {"product": "tea"}}"#);
    assert_eq!(numbers(&tea, "revenue"), [Some(100), Some(70)]);
    let mail = run(r#"{"where": {"channel": "mail"}}"#);
    assert_eq!(numbers(&mail, "revenue"), [Some(9), Some(70)]);
    let by = run(r#"{"by": ["product"]}"#);
    assert_eq!(
        words(&by, "product"),
        ["pot", "tea", "tea"].map(|s| Some(s.to_owned()))
    );
    assert_eq!(numbers(&by, "revenue"), [Some(49), Some(100), Some(70)]);
    // The first order's main line: a bought tea for more than the pot.
    let first = run(r#"{"by": ["first_product"]}"#);
    assert_eq!(
        words(&first, "first_product"),
        ["tea", "tea"].map(|s| Some(s.to_owned()))
    );
    // as_of stays that of the whole import.
    assert_eq!(numbers(&mail, "recency_days"), [Some(0), Some(1)]);
}

/// Results of Python's zoneinfo for wall-clock times, with gaps and folds (fold=0), made by
/// tests/python/oracles/zones.py.
#[test]
fn wall_clocks_of_many_zones() {
    let golden = include_str!("golden/zones.csv");
    let mut checked = 0;
    for line in golden.lines().skip(2) {
        let fields: Vec<&str> = line.split(',').collect();
        let [zone, wall, utc, day] = fields[..] else {
            panic!("{line}")
        };
        let (wall, utc): (i64, i64) = (wall.parse().unwrap(), utc.parse().unwrap());
        let offsets = crm_core::Offsets::new(Zone::parse(zone).unwrap(), wall, wall);
        assert_eq!(offsets.instant(wall), utc, "{line}");
        assert_eq!(offsets.day(utc).to_string(), day, "{line}");
        checked += 1;
    }
    assert!(checked >= 200, "{checked} instants");
}
