//! Small cases by hand.

use super::*;
use crate::Zone;

fn orders() -> Orders {
    Orders::builder(Currency::JPY, Zone::UTC)
        .order("a", "2026-01-01", 1_000)
        .order("a", "2026-01-31", 2_000) // day 30
        .order("a", "2026-02-01", 4_000) // day 31
        .order("b", "2026-01-20", 3_000)
        .order("b", "2026-01-21", -500) // a refund on day 1
        .order("c", "2026-02-10", 7_000)
        .order("c", "2026-03-01", 9_000)
        .build()
        .unwrap()
}

fn cells(options: Options) -> Vec<Cell> {
    let at = At::new("2026-03-15".parse().unwrap());
    let context = Context::default();
    matrix(&orders(), &at, &options, &context).unwrap().cells
}

#[test]
fn complete_months_in_steps_of_30_days() {
    let cells = cells(Options::default());
    let row = |c: &Cell| (c.elapsed, c.customers, c.revenue, c.orders);
    // January ends 43 days, February 15 days before the date.
    let rows: Vec<_> = cells.iter().map(row).collect();
    assert_eq!(
        rows,
        [(0, 2, 4_000, 2), (30, 2, 5_500, 3), (0, 1, 7_000, 1)]
    );
    assert_eq!(cells[1].repeat_rate.value, Some(0.5));
    assert_eq!(cells[1].active_rate.numerator, 1); // a on day 30; b's refund is no purchase
    assert_eq!(cells[1].cumulative_ltv, 2_750.0);
    assert!(cells.iter().all(|c| c.complete));
}

#[test]
fn members_show_whoever_is_old_enough() {
    let cells = cells(Options {
        cells: Some(Cells::Members),
        ..Options::default()
    });
    let row = |c: &Cell| (c.elapsed, c.customers, c.revenue, c.complete);
    let rows: Vec<_> = cells.iter().map(row).collect();
    let january = [
        (0, 2, 4_000, true),
        (30, 2, 5_500, true),
        (60, 1, 7_000, false),
    ];
    assert_eq!(rows[..3], january); // only a is 60 days old
    assert_eq!(rows[3..], [(0, 1, 7_000, true), (30, 1, 16_000, false)]);
}

#[test]
fn all_customers_by_the_mean_cumulative_function() {
    let cells = cells(Options {
        rows: "all".into(),
        ..Options::default()
    });
    assert_eq!(cells.len(), 3); // a has been watched 73 days, b 54, c 33
    assert_eq!(cells[0].cumulative_ltv, 11_000.0 / 3.0);
    // Days 1 and 19 of three, day 30 of three; then day 31 of three as well.
    let thirds = [11_000.0, -500.0, 9_000.0, 2_000.0].map(|v| v / 3.0);
    assert!((cells[1].cumulative_ltv - thirds.iter().sum::<f64>()).abs() < 1e-9);
    let day_31 = cells[1].cumulative_ltv + 4_000.0 / 3.0;
    assert!((cells[2].cumulative_ltv - day_31).abs() < 1e-9);
    assert_eq!((cells[2].customers, cells[2].complete), (1, false));
    // Second purchases on days 19 and 30 of three customers at risk, two at risk.
    assert!((cells[1].repeat_rate.value.unwrap() - 2.0 / 3.0).abs() < 1e-15);
    assert_eq!(cells[2].repeat_rate.value, None); // b left the risk set on day 54
}

#[test]
fn calendar_months_are_shown_once_they_have_ended() {
    let months = |as_of: &str| {
        let options = Options {
            step: serde_json::from_str("\"month\"").unwrap(),
            ..Options::default()
        };
        let at = At::new(as_of.parse().unwrap());
        let cohorts = matrix(&orders(), &at, &options, &Context::default()).unwrap();
        let row = |c: &Cell| (c.elapsed, c.revenue, c.active_rate.numerator);
        cohorts.cells.iter().map(row).collect::<Vec<_>>()
    };
    let january = [(0, 5_500, 2), (1, 9_500, 1)];
    assert_eq!(
        months("2026-03-15"),
        [&january[..], &[(0, 7_000, 1)]].concat()
    );
    assert_eq!(
        months("2026-02-28"),
        [&january[..], &[(0, 7_000, 1)]].concat()
    );
    assert_eq!(months("2026-02-27"), january[..1]);
}

/// 1 January 2026 is a Thursday, so that the weeks begin on 29 December, 5 January, ….
#[test]
fn calendar_weeks_begin_on_monday_and_are_shown_once_they_have_ended() {
    let orders = Orders::builder(Currency::JPY, Zone::UTC)
        .order("a", "2026-01-01", 1_000)
        .order("a", "2026-01-05", 2_000) // the Monday after: week 1, though day 4
        .order("b", "2026-01-04", 4_000) // the Sunday of the same week
        .order("b", "2026-01-12", 8_000) // week 2, day 8
        .order("c", "2026-01-05", 16_000)
        .order("c", "2026-01-11", 32_000) // week 0, day 6
        .build()
        .unwrap();
    let weeks = |as_of: &str, rows: &str| {
        let options = Options {
            rows: rows.into(),
            step: serde_json::from_str("\"week\"").unwrap(),
            ..Options::default()
        };
        let at = At::new(as_of.parse().unwrap());
        let cohorts = matrix(&orders, &at, &options, &Context::default()).unwrap();
        let row = |c: &Cell| (c.elapsed, c.customers, c.revenue, c.active_rate.numerator);
        cohorts.cells.iter().map(row).collect::<Vec<_>>()
    };
    let december = [(0, 2, 5_000, 2), (1, 2, 7_000, 1), (2, 2, 15_000, 1)];
    let january = [(0, 1, 48_000, 1), (1, 1, 48_000, 0)];
    assert_eq!(
        weeks("2026-01-18", "week"),
        [&december[..], &january].concat()
    );
    // On Saturday the third week is not over.
    assert_eq!(
        weeks("2026-01-17", "week"),
        [&december[..2], &january[..1]].concat()
    );
    // A row of months is complete once the last week of January, which ends on 1 February, is.
    assert_eq!(weeks("2026-01-31", "month"), []);
    assert_eq!(weeks("2026-02-01", "month"), [(0, 3, 53_000, 3)]);
}

#[test]
fn rows_that_span_periods_have_no_last_day() {
    let options = Options {
        rows: "all".into(),
        cells: Some(Cells::Complete),
        ..Options::default()
    };
    let at = At::new("2026-03-15".parse().unwrap());
    assert!(matrix(&orders(), &at, &options, &Context::default()).is_err());
    let table = CohortMatrix::run(&orders(), &at, &Options::default(), &Context::default());
    assert_eq!(table.unwrap().columns().len(), CohortMatrix::COLUMNS.len());
}

#[test]
fn the_calendar_ends() {
    let options = Options {
        step: Step::Calendar(CalendarStep::Month),
        ..Options::default()
    };
    let orders = Orders::builder(Currency::JPY, Zone::UTC)
        .order("a", "9999-12-30", 1)
        .build()
        .unwrap();
    let at = At::new("9999-12-31".parse().unwrap());
    assert!(matrix(&orders, &at, &options, &Context::default()).is_ok());
}

/// Elapsed time, customers, revenue, purchasers and whether each cell is complete.
type Row = (i32, u64, i64, u64, bool);

fn by(step: &str, orders: &Orders, as_of: &str, options: Options) -> Vec<Row> {
    let options = Options {
        step: serde_json::from_str(step).unwrap(),
        ..options
    };
    let at = At::new(as_of.parse().unwrap());
    let cohorts = matrix(orders, &at, &options, &Context::default()).unwrap();
    let row = |c: &Cell| {
        let active = c.active_rate.numerator;
        (c.elapsed, c.customers, c.revenue, active, c.complete)
    };
    cohorts.cells.iter().map(row).collect()
}

fn days(up_to: u32, cells: Cells) -> Options {
    Options {
        rows: "day".into(),
        up_to: Some(up_to),
        cells: Some(cells),
        ..Options::default()
    }
}

#[test]
fn hours_are_those_of_the_shops_clock() {
    // India's UTC offset has half an hour: 11:00 there is 05:30 in UTC.
    let orders = Orders::builder(Currency::JPY, Zone::parse("Asia/Kolkata").unwrap())
        .order("a", "2026-03-01T10:59:00", 1_000)
        .order("a", "2026-03-01T11:00:00", 2_000) // the next hour, a minute later
        .order("a", "2026-03-01T12:59:59", 4_000) // hour 2
        .order("b", "2026-03-01T23:10:00", 8_000)
        .order("b", "2026-03-01T23:50:00", 16_000) // the same hour
        .order("b", "2026-03-02T00:00:00", 32_000) // the next one, another day
        .build()
        .unwrap();
    // A customer whose origin is in the last hour of 1 March was observed for 24 more hours by the
    // end of the 2nd.
    let whole = [
        (0, 2, 25_000, 2, true),
        (1, 2, 59_000, 2, true),
        (2, 2, 63_000, 1, true),
    ];
    let complete = || days(48, Cells::Complete);
    let found = by("\"hour\"", &orders, "2026-03-02", complete());
    assert_eq!((found.len(), &found[..3]), (25, &whole[..]));
    // On the evening of the 1st only their first hour is over, while a was observed for 13 more.
    assert_eq!(
        by("\"hour\"", &orders, "2026-03-01", complete()),
        [(0, 2, 25_000, 2, true)]
    );
    let found = by("\"hour\"", &orders, "2026-03-01", days(48, Cells::Members));
    assert_eq!(found.len(), 14);
    assert_eq!(
        found[1..3],
        [(1, 1, 3_000, 1, false), (2, 1, 7_000, 1, false)]
    );
}

#[test]
fn an_hour_that_the_clock_repeats_is_counted() {
    // New York, 1 November 2026: 02:00 EDT is 01:00 EST, so that the day has 25 hours.
    let orders = Orders::builder(Currency::USD, Zone::parse("America/New_York").unwrap())
        .order("a", "2026-11-01T04:30:00Z", 1) // 00:30 EDT
        .order("a", "2026-11-01T05:30:00Z", 2) // 01:30 EDT
        .order("a", "2026-11-01T06:30:00Z", 4) // 01:30 EST
        .order("a", "2026-11-02T04:59:00Z", 8) // 23:59 EST
        .build()
        .unwrap();
    let found = by("\"hour\"", &orders, "2026-11-01", days(48, Cells::Members));
    assert_eq!(found.len(), 25);
    let spent: Vec<_> = found.iter().filter(|row| row.3 > 0).collect();
    let spent: Vec<_> = spent.iter().map(|row| (row.0, row.2)).collect();
    assert_eq!(spent, [(0, 1), (1, 3), (2, 7), (24, 15)]);
    // Long after the clocks have changed again, and by the mean cumulative function.
    let found = by(
        "\"hour\"",
        &orders,
        "2027-07-01",
        days(48, Cells::MeanCumulative),
    );
    assert_eq!((found.len(), found[24]), (49, (24, 1, 15, 1, true)));
}

#[test]
fn dates_have_no_hours() {
    let hours = Options {
        step: Step::Calendar(CalendarStep::Hour),
        ..Options::default()
    };
    let said = CohortMatrix::check(&orders(), &hours).unwrap_err();
    assert!(said.to_string().contains("times of day"), "{said}");
    assert!(CohortMatrix::check(&orders(), &Options::default()).is_ok());
    // One time of day is enough; midnight counts as a time of day then.
    let one = Orders::builder(Currency::JPY, Zone::UTC)
        .order("a", "2026-01-01", 1)
        .order("b", "2026-01-01T10:00:00", 1)
        .build()
        .unwrap();
    assert!(CohortMatrix::check(&one, &hours).is_ok());
}

#[test]
fn quarters_and_years_of_the_calendar() {
    let orders = Orders::builder(Currency::JPY, Zone::UTC)
        .order("a", "2024-03-31", 1)
        .order("a", "2024-04-01", 2) // quarter 1, year 0
        .order("a", "2025-01-01", 4) // quarter 4, year 1
        .order("b", "2024-01-01", 8)
        .order("b", "2024-12-31", 16) // quarter 3, year 0
        .build()
        .unwrap();
    let rows = |rows: &str| Options {
        rows: rows.into(),
        ..Options::default()
    };
    let quarters = [
        (0, 2, 9, 2, true),
        (1, 2, 11, 1, true),
        (2, 2, 11, 0, true),
        (3, 2, 27, 1, true),
        (4, 2, 31, 1, true),
    ];
    assert_eq!(
        by("\"quarter\"", &orders, "2025-03-31", rows("quarter")),
        quarters
    );
    assert_eq!(
        by("\"quarter\"", &orders, "2025-03-30", rows("quarter")),
        quarters[..4]
    );
    let years = [(0, 2, 27, 2, true), (1, 2, 31, 1, true)];
    assert_eq!(by("\"year\"", &orders, "2025-12-31", rows("year")), years);
    assert_eq!(
        by("\"year\"", &orders, "2025-12-30", rows("year")),
        years[..1]
    );
}
