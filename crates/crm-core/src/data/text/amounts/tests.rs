//! Expected values are written by hand.

use super::*;
use crate::columns::Strings;

fn read(texts: &[&str], decimal: Decimal) -> AmountsRead {
    let texts = Strings::collect(texts.iter().map(|t| t.as_bytes())).unwrap();
    read_amounts(&[ColumnValues::Text(texts).into()], decimal).unwrap()
}

#[test]
fn spellings_of_one_amount() {
    for (text, hundredths, currency) in [
        ("1234", 123_400, None),
        ("1,234", 123_400, None),
        ("1 234", 123_400, None),
        ("1\u{a0}234", 123_400, None),
        ("1\u{202f}234,50", 123_450, None),
        ("1'234.50", 123_450, None),
        ("1’234.50", 123_450, None),
        ("1,234.50", 123_450, None),
        ("1.234,50", 123_450, None),
        ("49,90", 4_990, None),
        ("49.90", 4_990, None),
        (".5", 50, None),
        ("0,5", 50, None),
        ("12,34,567", 123_456_700, None),
        ("1,23,456.78", 12_345_678, None),
        ("1,234,567", 123_456_700, None),
        ("1.234.567", 123_456_700, None),
        ("1234.500", 123_450, None),
        ("１，２３４", 123_400, None),
        ("¥1,234", 123_400, Some("JPY")),
        ("￥1,234", 123_400, Some("JPY")),
        ("\\1,234", 123_400, Some("JPY")),
        ("1,234円", 123_400, Some("JPY")),
        ("$12.50", 1_250, None),
        ("US$ 12.50", 1_250, Some("USD")),
        ("12,50 €", 1_250, Some("EUR")),
        ("€12.50", 1_250, Some("EUR")),
        ("£12.50", 1_250, Some("GBP")),
        ("₩1,234", 123_400, Some("KRW")),
        ("R$ 49,90", 4_990, Some("BRL")),
        ("49,90 zł", 4_990, Some("PLN")),
        ("100 kr", 10_000, None),
        ("kr. 100", 10_000, None),
        ("CHF 1'234.50", 123_450, Some("CHF")),
        ("12.50 USD", 1_250, Some("USD")),
        ("49,-", 4_900, None),
        ("-500", -50_000, None),
        ("−500", -50_000, None),
        ("－５００", -50_000, None),
        ("△500", -50_000, None),
        ("▲500", -50_000, None),
        ("(500)", -50_000, None),
        ("($12.50)", -1_250, None),
        ("500-", -50_000, None),
        ("¥-500", -50_000, Some("JPY")),
        ("-¥500", -50_000, Some("JPY")),
        ("-12,50 EUR", -1_250, Some("EUR")),
        ("+500", 50_000, None),
    ] {
        let got = read(&[text], Decimal::Auto);
        let value = got.values[0].map(|v| v * 10_i128.pow(2 - u32::from(got.decimals)));
        assert_eq!(value, Some(hundredths), "{text}");
        let currencies: Vec<&str> = got.currencies.iter().map(String::as_str).collect();
        assert_eq!(currencies, Vec::from_iter(currency), "{text}");
    }
}

#[test]
fn what_is_no_amount_is_not_read() {
    for text in [
        "-",
        "—",
        "abc",
        "NaN",
        "NAN",
        "1e5",
        "1.2e3",
        "--5",
        "(-5)",
        "(500",
        "500)",
        "+-5",
        "12 50",
        "1,2,3",
        "1,23",
        "1.2.3",
        "1,,234",
        "1234-5678",
        "¥1,234-",
        "1,234円-",
        "0x10",
        "1_000",
        "EUR",
        "5 apples",
        "12,34,56",
        "1 234 56",
        "$5 EUR",
        "12345678901234567890",
    ] {
        let got = read(&["0.50", text], Decimal::Point);
        assert_eq!(got.unread, [1], "{text}");
    }
    let blank = read(&["", " ", "\u{3000}"], Decimal::Auto);
    assert_eq!((blank.values, blank.unread), (vec![None; 3], vec![]));
}

#[test]
fn the_whole_column_tells_the_decimal_sign() {
    let german = read(&["1.234", "49,90", "2.000.000"], Decimal::Auto);
    // Without the trailing zero of 49,90 there is one decimal.
    assert_eq!(german.values, [Some(12_340), Some(499), Some(20_000_000)]);
    assert!(german.comma && german.decimals == 1);
    let english = read(&["1.234", "49.9"], Decimal::Auto);
    assert_eq!((english.values[0], english.decimals), (Some(1_234), 3));
    let open = read(&["1.234", "5"], Decimal::Auto);
    assert!(open.ambiguous);
    assert_eq!((open.values, open.unread), (vec![None, Some(5)], vec![0]));
    assert_eq!(read(&["1.234"], Decimal::Comma).values, [Some(1_234)]);
    assert_eq!(read(&["1.234"], Decimal::Point).decimals, 3);
    assert_eq!(read(&["49,90"], Decimal::Point).unread, [0]);
    assert!(!read(&["1,234"], Decimal::Auto).ambiguous);
}

#[test]
fn a_column_that_contradicts_itself_or_does_not_tell_is_refused() {
    let refused = |texts: &[&str], exponent| {
        let texts = Strings::collect(texts.iter().map(|t| t.as_bytes())).unwrap();
        let mut amounts = AmountTexts::new(Decimal::Auto, Some(exponent));
        amounts.look(&ColumnValues::Text(texts).into(), 0).unwrap();
        amounts
            .decide("price")
            .map(|_| ())
            .map_err(|e| e.to_string())
    };
    let open = "column `price`: a decimal point (.) or points between thousands (,)? No value of the column decides";
    assert_eq!(refused(&["1.234"], 2), Err(open.to_owned()));
    assert_eq!(refused(&["1.234"], 3), Ok(()));
    assert!(refused(&["1,234"], 3).is_err());
    assert_eq!(refused(&["1,234"], 0), Ok(()));
    assert_eq!(
        refused(&["49,90", "1", "49.90"], 2),
        Err("column `price`, row 2: amounts with a decimal comma and amounts with a decimal point (see row 0)".to_owned())
    );
}
