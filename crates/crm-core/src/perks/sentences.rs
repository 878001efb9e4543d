//! What a customer is told about a perk, in English and Japanese.

use crate::context::text;
use crate::error::Result;
use crate::money::Currency;
use crate::time::Day;

/// What can be used, else what is missing (and whether that is money); empty if neither.
pub(super) fn sentences(
    name: &str,
    usable: i64,
    until: Option<i32>,
    missing: Option<(i64, bool)>,
    currency: Currency,
) -> Result<[String; 2]> {
    let say = |arguments| text(arguments, "entitlements");
    Ok(match (usable, until.map(Day), missing) {
        (1.., Some(day), _) => [
            say(format_args!("{name}: {usable} to use by {day}"))?,
            say(format_args!("{name}:{day}まで{usable}回使えます"))?,
        ],
        (1.., None, _) => [
            say(format_args!("{name}: {usable} to use"))?,
            say(format_args!("{name}:{usable}回使えます"))?,
        ],
        (_, _, Some((minor, true))) => {
            let amount = digits(minor, currency);
            let [english, japanese] = match currency {
                Currency::JPY => [format!("{amount} yen"), format!("{amount}円")],
                _ => [
                    format!("{currency} {amount}"),
                    format!("{amount} {currency}"),
                ],
            };
            [
                say(format_args!("{english} more to {name}"))?,
                say(format_args!("あと{japanese}で{name}"))?,
            ]
        }
        (_, _, Some((orders, false))) => {
            let word = if orders == 1 { "order" } else { "orders" };
            [
                say(format_args!("{orders} more {word} to {name}"))?,
                say(format_args!("あと{orders}回の購入で{name}"))?,
            ]
        }
        (_, _, None) => Default::default(),
    })
}

/// An amount above 0 with commas and the currency's decimals.
fn digits(minor: i64, currency: Currency) -> String {
    let scale = currency.scale();
    let mut whole = (minor / scale).to_string();
    let mut at = whole.len();
    while at > 3 {
        at -= 3;
        whole.insert(at, ',');
    }
    match currency.exponent() {
        0 => whole,
        n => format!("{whole}.{:0width$}", minor % scale, width = usize::from(n)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_customers_are_told() {
        let yen = |usable, until, missing| {
            sentences("gold", usable, until, missing, Currency::JPY).unwrap()
        };
        assert_eq!(
            yen(0, None, Some((1_200, true))),
            ["1,200 yen more to gold", "あと1,200円でgold"]
        );
        assert_eq!(
            yen(0, None, Some((1, false))),
            ["1 more order to gold", "あと1回の購入でgold"]
        );
        assert_eq!(
            yen(2, Some(0), Some((5, false))),
            [
                "gold: 2 to use by 1970-01-01",
                "gold:1970-01-01まで2回使えます"
            ]
        );
        assert_eq!(yen(0, None, None), ["", ""]);
        let dollars = sentences("gold", 0, None, Some((123_456_705, true)), Currency::USD).unwrap();
        assert_eq!(dollars[0], "USD 1,234,567.05 more to gold");
    }
}
