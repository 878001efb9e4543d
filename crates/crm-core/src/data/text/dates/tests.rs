//! Expected values are written by hand, as wall clock and offset.

use super::*;
use crate::columns::Strings;
use crate::time::MICROS_PER_DAY;
use chrono::NaiveDate;

fn column(texts: &[&str]) -> ColumnData {
    let texts = Strings::collect(texts.iter().map(|t| t.as_bytes())).unwrap();
    ColumnValues::Text(texts).into()
}

fn read(texts: &[&str], format: Option<&str>) -> DatesRead {
    read_dates(&[column(texts)], format).unwrap()
}

/// Microseconds of a wall clock, by chrono.
fn wall(y: i32, mo: u32, d: u32, h: u32, mi: u32, s: u32, micro: u32) -> i64 {
    let date = NaiveDate::from_ymd_opt(y, mo, d).unwrap();
    let time = date.and_hms_micro_opt(h, mi, s, micro).unwrap();
    time.and_utc().timestamp_micros()
}

#[test]
fn forms_that_say_one_thing_are_read_one_by_one() {
    let (day, nine, afternoon) = (
        wall(2024, 1, 5, 0, 0, 0, 0),
        wall(2024, 1, 5, 9, 5, 0, 0),
        wall(2024, 1, 5, 13, 5, 0, 0),
    );
    let second = wall(2024, 1, 5, 10, 0, 7, 0);
    let cases: [(&str, i64, Option<i32>); 73] = [
        ("2024-01-05", day, None),
        ("2024/1/5", day, None),
        ("2024.01.05", day, None),
        ("20240105", day, None),
        ("2024年1月5日", day, None),
        (" 2024年 1月 5日 ", day, None),
        ("２０２４／１／５", day, None),
        ("令和6年1月5日", day, None),
        ("R6.1.5", day, None),
        ("R06/01/05", day, None),
        ("平成36年1月5日", i64::MIN, None),
        ("平成31年4月30日", wall(2019, 4, 30, 0, 0, 0, 0), None),
        ("令和元年5月1日", wall(2019, 5, 1, 0, 0, 0, 0), None),
        ("昭和64年1月7日", wall(1989, 1, 7, 0, 0, 0, 0), None),
        ("05.01.2024", day, None),
        ("5.1.2024", day, None),
        ("5. 1. 2024", day, None),
        ("05. 01. 2024 9:05", nine, None),
        ("2024. 1. 5.", day, None),
        ("2024. 1. 5", day, None),
        ("2024.01.05.", day, None),
        ("2024. 1. 5. 오후 1:05", afternoon, None),
        ("2024년 1월 5일", day, None),
        ("2024년 1월 5일 (금) 오전 9:05", nine, None),
        ("2024/1/5 下午1:05", afternoon, None),
        ("2024/1/5 上午9:05", nine, None),
        ("2024年 1월 5일", i64::MIN, None),
        ("2024. 13. 5.", i64::MIN, None),
        ("2024. 1. 5..", i64::MIN, None),
        ("Jan 5, 2024", day, None),
        ("January 5 2024", day, None),
        ("5 Jan 2024", day, None),
        ("5th January 2024", day, None),
        ("05-Jan-24", day, None),
        ("05-Jan-2024", day, None),
        ("2024-Jan-05", day, None),
        ("Fri, 05 Jan 2024", day, None),
        ("2024/01/05(金)", day, None),
        ("2024-01-05 9:05", nine, None),
        ("2024年1月5日 9時5分", nine, None),
        ("2024年1月5日(金) 9:05", nine, None),
        ("2024/1/5 9:05 AM", nine, None),
        ("2024/1/5 午前9:05", nine, None),
        ("2024/1/5 午後 1:05", afternoon, None),
        ("2024/1/5 午後1時5分", afternoon, None),
        ("2024-01-05 01:05 p.m.", afternoon, None),
        ("Jan 5, 2024 1:05:00\u{202f}PM", afternoon, None),
        ("2024-01-05 12:00 am", day, None),
        ("2024-01-05 午前0時0分", day, None),
        ("2024-01-05 10:00:07", second, None),
        ("20240105100007", second, None),
        ("20240105T100007Z", second, Some(0)),
        ("202401050905", nine, None),
        ("2024-01-05T10:00:07.000+09:00", second, Some(540)),
        ("2024-01-05 10:00:07 +0900", second, Some(540)),
        ("2024-01-05 10:00:07 -05", second, Some(-300)),
        ("2024-01-05 10:00:07 UTC", second, Some(0)),
        ("2024-01-05 10:00:07 JST", second, Some(540)),
        ("Fri, 05 Jan 2024 10:00:07 +0000", second, Some(0)),
        ("05/Jan/2024:10:00:07 +0000", second, Some(0)),
        ("2024-01-05 10:00:07 GMT+0900 (JST)", second, Some(540)),
        ("2024-01-05T10:00:07+05:30", second, Some(330)),
        ("2024-01-05 10:00:07 -03:30", second, Some(-210)),
        ("2024-01-05 10:00:07 +0545", second, Some(345)),
        ("2024-01-05 10:00:07 GMT-3:30", second, Some(-210)),
        ("2024-01-05 10:00:07 +23:59", second, Some(1439)),
        ("05/Jan/2024", day, None),
        ("05/Jan/2024 10:00:07", second, None),
        ("05/Jan/2024:10:00:07 -0330", second, Some(-210)),
        ("1704448807", second, Some(0)),
        ("1704448807.250", second + 250_000, Some(0)),
        ("1704448807000000", second, Some(0)),
        ("1704448807000", second, Some(0)),
    ];
    for (text, expected, offset) in cases {
        let got = read(&[text], None);
        let expected = Some(expected).filter(|t| *t != i64::MIN);
        assert_eq!((got.wall[0], got.offsets[0]), (expected, offset), "{text}");
        assert_eq!(got.unread.is_empty(), expected.is_some(), "{text}");
    }
    let fraction = read(
        &["2024-01-05T00:00:00.1234567Z", "2024-01-05 0:00:00,5"],
        None,
    );
    assert_eq!(fraction.wall, [Some(day + 123_456), Some(day + 500_000)]);
}

#[test]
fn what_is_no_date_is_not_read() {
    for text in [
        "2023-02-29",
        "1900-02-29",
        "2024-13-01",
        "2024-00-10",
        "0000-00-00",
        "2024-01-31 24:00",
        "2024-01-31 12:60",
        "2024-01-31T",
        "2024-01-31x",
        "2024-01-31 12",
        "2024-01-31 1030",
        "2024-01-31 103000",
        "2024-01-31 13:00 PM",
        "2024-01",
        "20240",
        "45322",
        "yesterday",
        "Jan 2024",
        "Foo 5, 2024",
        "05.13.2024",
        "45/01/2024",
        "99999999",
        "12345678901",
        "17044488070000",
        "1704448807000.5",
        "05-Jan-2024:10:00:07",
        "2024-01-31 10:00 +24:00",
        "2024-01-31 10:00 +01:60",
        "2024-01-31 10:00 +1:00",
        "2024-01-31 10:00 EST",
        "-",
        "日",
    ] {
        assert_eq!(read(&[text], None).unread, [0], "{text}");
    }
    let blank = read(&["", "  ", "\u{3000}"], None);
    assert_eq!((blank.wall, blank.unread), (vec![None; 3], vec![]));
}

/// Counts since 1970 are of the years 1990 to 2099.
#[test]
fn counts_since_1970_are_read_within_their_years() {
    let (from, until) = (wall(1990, 1, 1, 0, 0, 0, 0), wall(2100, 1, 1, 0, 0, 0, 0));
    for unit in [1_000_000, 1_000, 1] {
        let text = |micros: i64| (micros / unit).to_string();
        for at in [from, until - unit, wall(2001, 9, 9, 1, 46, 40, 0)] {
            let got = read(&[&text(at)], None);
            assert_eq!(
                (got.wall[0], got.offsets[0]),
                (Some(at), Some(0)),
                "{}",
                text(at)
            );
        }
        for at in [from - unit, until] {
            assert_eq!(read(&[&text(at)], None).unread, [0], "{}", text(at));
        }
    }
}

#[test]
fn the_whole_column_tells_which_number_is_the_day() {
    let third = Some(wall(2024, 3, 4, 0, 0, 0, 0));
    let day_first = read(&["04/03/2024", "13/03/2024"], None);
    assert_eq!(day_first.wall[0], third);
    assert_eq!(day_first.form, "%d/%m/%Y");
    let month_first = read(&["03/04/2024 9:05", "03/13/2024 9:05"], None);
    assert_eq!(month_first.wall[0], third.map(|t| t + 545 * 60_000_000));
    assert_eq!(month_first.form, "%m/%d/%Y %H:%M");
    let short = read(&["03/04/24", "03/31/24"], None);
    assert_eq!((short.wall[0], &short.form[..]), (third, "%m/%d/%y"));
    // 98 cannot be a day.
    assert_eq!(read(&["13/03/98"], None).form, "%d/%m/%y");
}

/// Every order and separator of dates with two digits each, and the detected format.
#[test]
fn the_form_of_a_column_says_its_order_and_its_signs() {
    for (texts, form) in [
        (["04/03/2024", "13/03/2024"], "%d/%m/%Y"),
        (["04-03-2024", "13-03-2024"], "%d-%m-%Y"),
        (["04.03.2024", "13.03.2024"], "%d.%m.%Y"),
        (["03/04/2024", "03/13/2024"], "%m/%d/%Y"),
        (["03-04-2024", "03-13-2024"], "%m-%d-%Y"),
        (["04/03/98", "13/03/98"], "%d/%m/%y"),
        (["04-03-98", "13-03-98"], "%d-%m-%y"),
        (["04.03.98", "13.03.98"], "%d.%m.%y"),
        (["03/04/98", "03/13/98"], "%m/%d/%y"),
        (["03-04-98", "03-13-98"], "%m-%d-%y"),
        (["98/03/04", "98/03/13"], "%y/%m/%d"),
        (["98-03-04", "98-03-13"], "%y-%m-%d"),
        (["98.03.04", "98.03.13"], "%y.%m.%d"),
    ] {
        let got = read(&texts, None);
        assert_eq!(got.form, form, "{texts:?}");
        let year = if form.contains("%Y") { 2024 } else { 1998 };
        let days = [4, 13].map(|day| Some(wall(year, 3, day, 0, 0, 0, 0)));
        assert_eq!(got.wall, days, "{texts:?}");
    }
}

/// What the form of a column says of its clocks, and the instants of its first text.
#[test]
fn the_form_of_a_column_says_what_its_clocks_have() {
    let half_past = wall(2024, 3, 4, 10, 30, 0, 0);
    for (clock, form, more) in [
        ("10:30", " %H:%M", 0),
        ("10:30:07", " %H:%M:%S", 7_000_000),
        ("10:30:07.25", " %H:%M:%S.%f", 7_250_000),
        ("10:30 AM", " %I:%M %p", 0),
        ("10:30:07 am", " %I:%M:%S %p", 7_000_000),
        ("10:30 PM", " %I:%M %p", 12 * 3_600_000_000),
    ] {
        let texts = ["04/03/2024", "13/03/2024"].map(|day| format!("{day} {clock}"));
        let got = read(&[&texts[0], &texts[1]], None);
        assert_eq!(got.form, format!("%d/%m/%Y{form}"), "{clock}");
        assert_eq!(got.wall[0], Some(half_past + more), "{clock}");
    }
    for text in [
        "20240304 10:30",
        "20240304 1030",
        "20240304 103000",
        "20240304T1030",
    ] {
        assert_eq!(read(&[text], None).wall, [Some(half_past)], "{text}");
    }
}

#[test]
fn a_column_that_does_not_tell_has_its_readings_and_no_dates() {
    let open = read(&["04/03/2024 10:00", "05/05/2024 11:00"], None);
    assert_eq!(open.readings, ["%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M"]);
    assert_eq!(open.unread, [0], "the fifth of May is both");
    // In Japan the year is first, in Britain the day: 24 February 2013 or 13 February 2024.
    let short = read(&["13/02/24"], None);
    assert_eq!(short.readings, ["%d/%m/%y", "%y/%m/%d"]);
    let given = read(&["04/03/2024 10:00"], Some("%d/%m/%Y %H:%M"));
    assert_eq!(given.wall, [Some(wall(2024, 3, 4, 10, 0, 0, 0))]);

    let chunk = column(&["04/03/2024"]);
    let mut dates = DateTexts::new("when", None).unwrap();
    dates.look(&chunk, 0).unwrap();
    let error = dates.decide().unwrap_err();
    assert_eq!(
        error.to_string(),
        "column `when`: day first (%d/%m/%Y) or month first (%m/%d/%Y)? No value of the column decides"
    );
    let hint = "date_format=\"%d/%m/%Y\" or date_format=\"%m/%d/%Y\" says which";
    assert_eq!(error.hint().as_deref(), Some(hint));
    assert_eq!(error.option_name(), Some("date_format"));
}

#[test]
fn a_column_that_contradicts_itself_is_refused() {
    let refused = |texts: &[&str]| {
        let mut dates = DateTexts::new("when", None).unwrap();
        dates.look(&column(texts), 0).unwrap();
        dates.decide().unwrap_err().to_string()
    };
    assert_eq!(
        refused(&["01/02/2024", "13/01/2024", "01/13/2024"]),
        "column `when`, row 2: dates in numbers with day, month and year in different orders (see row 0)"
    );
    assert_eq!(
        refused(&["1704448807", "1704448807000"]),
        "column `when`, row 1: times since 1970 in different units (see row 0)"
    );
    let mixed = ["2024-01-05", "2024-01-05T00:00Z"];
    let mut dates = DateTexts::new("when", None).unwrap();
    let never = |_, _| -> Result<()> { panic!("a bad row") };
    dates.micros(&column(&mixed), 0, never).unwrap();
    assert_eq!(
        dates.zoned().unwrap_err().to_string(),
        "column `when`, row 1: times with a zone and times without one (see row 0)"
    );
}

#[test]
fn formats_read_what_they_say_and_nothing_else() {
    let day = wall(2024, 3, 4, 0, 0, 0, 0);
    let hour = 3_600_000_000;
    for (format, text, expected) in [
        ("%d/%m/%Y", "4/3/2024", day),
        (
            "%m/%d/%y %I:%M %p",
            "03/04/24 12:30 pm",
            day + 12 * hour + hour / 2,
        ),
        ("%m/%d/%Y %I:%M %p", "3/4/2024 12:00 AM", day),
        ("%d.%m.%y", "04.03.98", wall(1998, 3, 4, 0, 0, 0, 0)),
        ("%Y%m%d%H%M%S", "20240304010000", day + hour),
        ("%d %B %Y", "4 March 2024", day),
        (
            "%b %d %Y %H:%M:%S.%f",
            "Mar 04 2024 01:00:00.5",
            day + hour + 500_000,
        ),
        ("%Y-%j", "2024-064", day),
        ("epoch_s", "1709510400", day),
        ("epoch_ms", "1709510400000", day),
        ("epoch_us", "1709510400000000", day),
        ("epoch_s", "1709510400.25", day + 250_000),
        ("epoch_ms", "1709510400000.5", day + 500),
        ("epoch_us", "1709510400000000.9", day),
        ("epoch_s", "-1", wall(1969, 12, 31, 23, 59, 59, 0)),
        ("epoch_s", "-0.5", -500_000),
        (
            "epoch_us",
            "253402300799999999",
            wall(9999, 12, 31, 23, 59, 59, 999_999),
        ),
        ("%d/%m/%Y %%", "04/03/2024 %", day),
        ("%Y-%j", "2024-001", wall(2024, 1, 1, 0, 0, 0, 0)),
        ("%Y-%j", "2024-366", wall(2024, 12, 31, 0, 0, 0, 0)),
        ("%Y-%j", "2023-365", wall(2023, 12, 31, 0, 0, 0, 0)),
        (
            "%Y-%m-%d %H:%M:%S",
            "2024-12-31 23:59:59",
            wall(2024, 12, 31, 23, 59, 59, 0),
        ),
        ("%Y-%m-%d", "0001-01-01", wall(1, 1, 1, 0, 0, 0, 0)),
        ("%Y-%m-%d", "9999-12-31", wall(9999, 12, 31, 0, 0, 0, 0)),
        ("excel", "59", wall(1900, 2, 28, 0, 0, 0, 0)),
        ("excel", "2958465", wall(9999, 12, 31, 0, 0, 0, 0)),
        // A spreadsheet shows 2024-03-04 06:00 for 45355.25, and 1900-01-01 for 1.
        ("excel", "45355.25", day + 6 * hour),
        ("excel", "1", wall(1900, 1, 1, 0, 0, 0, 0)),
        ("excel", "61", wall(1900, 3, 1, 0, 0, 0, 0)),
        ("excel", "45355.423611111109", day + 10 * hour + hour / 6),
    ] {
        assert_eq!(
            read(&[text], Some(format)).wall,
            [Some(expected)],
            "{format} {text}"
        );
    }
    for (format, text) in [
        ("%d/%m/%Y", "4/13/2024"),
        ("%d/%m/%Y", "4/3/2024 10:00"),
        ("%d/%m/%Y", "4-3-2024"),
        ("%Y-%j", "2023-366"),
        ("excel", "60"),
        ("excel", "0"),
        ("excel", "1e4"),
        ("excel", "0.99"),
        ("excel", "60.5"),
        ("excel", "2958466"),
        ("epoch_s", "soon"),
        ("epoch_s", "1.5x"),
        ("epoch_us", "253402300800000000"),
        ("epoch_us", "1000000000000000000"),
        ("%Y-%j", "2024-000"),
        ("%Y-%j", "2024-367"),
        ("%Y-%m-%d %H:%M:%S", "2024-12-31 24:00:00"),
        ("%Y-%m-%d %H:%M:%S", "2024-12-31 23:60:00"),
        ("%Y-%m-%d %H:%M:%S", "2024-12-31 23:59:60"),
        ("%d/%m/%Y %%", "04/03/2024"),
    ] {
        assert_eq!(read(&[text], Some(format)).unread, [0], "{format} {text}");
    }
    let zoned = read(&["04/03/2024 10:00 +0900"], Some("%d/%m/%Y %H:%M %z"));
    assert_eq!(zoned.offsets, [Some(540)]);
    for format in [
        "%d/%m",
        "%Q/%d/%m/%Y",
        "%d/%d/%m/%Y",
        "%d/%m/%Y %",
        "",
        "%I %d/%m/%Y",
        "%d/%m/%Y %p",
        "%d/%m/%Y %H %I %p",
        "%d/%m/%Y %y",
        "%d/%m/%b/%Y",
        "%Y-%j %d",
        "%Y-%j %m",
        "%Y-%j %d %m",
        "%Y %d",
        "%Y %m",
        "%m-%d",
        "%j",
        "epoch",
    ] {
        let error = read_dates(&[], Some(format)).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("option `date_format`: expected"),
            "{error}"
        );
    }
}

#[test]
fn every_day_of_the_calendar_agrees_with_chronos() {
    for day in (-719_162..2_932_896).step_by(17) {
        let date = NaiveDate::from_epoch_days(day).unwrap();
        use chrono::Datelike;
        let year = u32::try_from(date.year()).unwrap();
        assert_eq!(parse::civil(year, date.month(), date.day()), Some(day));
    }
    assert_eq!(MICROS_PER_DAY, 86_400_000_000);
}

#[test]
fn numbers_are_dates_only_when_a_format_says_so() {
    let ints = ColumnData::from(ColumnValues::Int {
        values: vec![20240304].into(),
        bits: 64,
    });
    let read = read_dates(std::slice::from_ref(&ints), Some("%Y%m%d")).unwrap();
    assert_eq!(read.wall, [Some(wall(2024, 3, 4, 0, 0, 0, 0))]);
    let error = read_dates(&[ints], None).unwrap_err();
    assert!(error.to_string().contains("of type int64, expected a date"));
    assert!(error.hint().unwrap().contains("date_format=\"epoch_s\""));
    let floats = ColumnData::from(ColumnValues::Float(vec![45355.25].into()));
    let read = read_dates(&[floats], Some("excel")).unwrap();
    assert_eq!(read.wall, [Some(wall(2024, 3, 4, 6, 0, 0, 0))]);
}
