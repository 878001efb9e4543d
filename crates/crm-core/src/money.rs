//! Money: an integer number of minor units and a currency with its exponent.
//!
//! Sums of integers do not depend on their order, so results do not either. Floats appear only in
//! averages, by one correctly rounded division ([`divide`]).

use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::fmt;

/// An ISO 4217 currency: code and exponent (decimals of its minor unit).
///
/// ```
/// use crm_core::Currency;
/// assert_eq!(Currency::parse("jpy").unwrap(), Currency::JPY);
/// assert_eq!(Currency::parse("KWD").unwrap().exponent(), 3);
/// assert!(Currency::parse("YEN").is_err());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency {
    code: [u8; 3],
    exponent: u8,
}

/// ISO 4217 codes in use, by exponent (SIX list one, 2026; funds codes and metals left out).
const CODES: [(u8, &str); 4] = [
    (
        0,
        "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    ),
    (
        2,
        "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN \
         BZD CAD CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS \
         GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR \
         LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD \
         PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN \
         SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR \
         ZMW ZWG",
    ),
    (3, "BHD IQD JOD KWD LYD OMR TND"),
    (4, "CLF UYW"),
];

const EXPECTED: &str = "an ISO 4217 code such as \"JPY\" or \"USD\"";

impl Currency {
    /// Japanese yen, no minor unit.
    pub const JPY: Currency = Currency {
        code: *b"JPY",
        exponent: 0,
    };
    /// United States dollar.
    pub const USD: Currency = Currency {
        code: *b"USD",
        exponent: 2,
    };
    /// Euro.
    pub const EUR: Currency = Currency {
        code: *b"EUR",
        exponent: 2,
    };

    /// The currency of an ISO 4217 code, in either case.
    ///
    /// # Errors
    ///
    /// An option error if there is no such code.
    pub fn parse(code: &str) -> Result<Self> {
        let upper = code.trim().to_ascii_uppercase();
        CODES
            .iter()
            .find(|(_, codes)| upper.len() == 3 && codes.split(' ').any(|c| c == upper))
            .and_then(|(exponent, _)| {
                Some(Currency {
                    code: upper.as_bytes().try_into().ok()?,
                    exponent: *exponent,
                })
            })
            .ok_or_else(|| Error::option("currency", format_args!("{code:?}"), EXPECTED))
    }

    /// The three letters.
    pub fn code(&self) -> &str {
        // The letters come from the list above, which is ASCII. ISO 4217's code for no currency
        // avoids a panic.
        std::str::from_utf8(&self.code).unwrap_or("XXX")
    }

    /// Decimals of the minor unit: 0 for JPY, 2 for USD.
    pub const fn exponent(&self) -> u8 {
        self.exponent
    }

    /// Minor units in one major unit, `10^exponent`.
    pub const fn scale(&self) -> i64 {
        10_i64.pow(self.exponent as u32)
    }

    /// Minor units as major units, rounded once.
    pub fn major(&self, minor: i64) -> f64 {
        divide(i128::from(minor), self.scale() as u64)
    }

    /// The mean in major units of `count` amounts that sum to `minor`: one division of exact
    /// integers. `None` if `count` is 0.
    pub fn mean(&self, minor: i128, count: u64) -> Option<f64> {
        let denominator = count.checked_mul(self.scale() as u64)?;
        (denominator > 0).then(|| divide(minor, denominator))
    }

    /// Minor units of an amount in major units (such as a threshold), rounded half away from zero;
    /// `None` if out of range.
    pub fn minor(&self, major: f64) -> Option<i64> {
        let minor = libm::round(major * self.scale() as f64);
        (minor.abs() < 9.0e18).then_some(minor as i64)
    }
}

impl TryFrom<String> for Currency {
    type Error = String;

    fn try_from(code: String) -> Result<Self, String> {
        // The reader of options adds the option's name to the error.
        Currency::parse(&code).map_err(|_| EXPECTED.to_owned())
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> String {
        currency.code().to_owned()
    }
}

impl std::str::FromStr for Currency {
    type Err = Error;

    fn from_str(code: &str) -> Result<Self> {
        Currency::parse(code)
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Currency({self})")
    }
}

#[cfg(feature = "schemars")]
impl schemars::JsonSchema for Currency {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Currency".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^[A-Za-z]{3}$" })
    }
}

/// `numerator / denominator`, correctly rounded (to nearest, ties to even) for all integers.
///
/// `denominator` must not be zero; zero gives a NaN as the float division would.
///
/// ```
/// use crm_core::money::divide;
/// assert_eq!(divide(1, 3), 1.0 / 3.0);
/// assert_eq!(divide((1 << 60) + 1, 1), ((1_u64 << 60) as f64));
/// ```
pub fn divide(numerator: i128, denominator: u64) -> f64 {
    const EXACT: u128 = 1 << 53;
    let magnitude = numerator.unsigned_abs();
    if magnitude <= EXACT && u128::from(denominator) <= EXACT {
        // Both are exact floats, and IEEE division rounds once.
        return numerator as f64 / denominator as f64;
    }
    if denominator == 0 {
        return f64::NAN;
    }
    // Scale so that the integer quotient has at least 55 bits, keep the remainder as a sticky bit,
    // and let the conversion to float round once.
    let denominator = u128::from(denominator);
    let have = 128 - magnitude.leading_zeros() as i32;
    let shift = (57 + (128 - denominator.leading_zeros() as i32) - have)
        .clamp(0, magnitude.leading_zeros() as i32);
    let scaled = magnitude << shift;
    let mut quotient = scaled / denominator;
    if !scaled.is_multiple_of(denominator) {
        quotient |= 1;
    }
    let value = quotient as f64 / (1_u128 << shift) as f64;
    if numerator < 0 { -value } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn codes_are_unique_and_well_formed() {
        let mut all: Vec<&str> = CODES
            .iter()
            .flat_map(|(_, c)| c.split_whitespace())
            .collect();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
        assert!(all.iter().all(|c| Currency::parse(c).is_ok()));
    }

    proptest! {
        #![proptest_config(crate::random_tests::random_cases(256))]
        // The oracle is a wider quotient, rounded by parsing its exact decimal expansion. Operands
        // of all sizes: small by small, small by large, large by small, and sums of 128 bits.
        #[test]
        fn division_rounds_once(n in any::<i128>(), less in 1..128_u32, d in 1..u64::MAX, fewer in 0..64_u32) {
            let (n, d) = (n >> less, (d >> fewer).max(1));
            let magnitude = n.unsigned_abs();
            let (whole, mut rest) = (magnitude / u128::from(d), magnitude % u128::from(d));
            let mut text = format!("{}{whole}.", if n < 0 { "-" } else { "" });
            for _ in 0..60 {
                rest *= 10;
                text.push(char::from(b'0' + (rest / u128::from(d)) as u8));
                rest %= u128::from(d);
            }
            if rest != 0 { text.push('1'); }
            prop_assert_eq!(divide(n, d).to_bits(), text.parse::<f64>().unwrap().to_bits());
        }
    }

    #[test]
    fn nothing_by_anything_is_zero_and_anything_by_nothing_is_no_number() {
        for d in [1, 1 << 53, (1 << 53) + 1, u64::MAX] {
            assert_eq!(divide(0, d).to_bits(), 0.0_f64.to_bits(), "{d}");
        }
        for n in [1_i128 << 60, -(1 << 60)] {
            assert!(divide(n, 0).is_nan());
        }
    }

    #[test]
    fn currencies_have_their_decimals() {
        for (code, exponent, scale) in [
            ("JPY", 0, 1),
            ("usd", 2, 100),
            (" Eur ", 2, 100),
            ("KWD", 3, 1_000),
            ("CLF", 4, 10_000),
        ] {
            let currency = Currency::parse(code).unwrap();
            assert_eq!((currency.exponent(), currency.scale()), (exponent, scale));
            assert_eq!(currency.to_string(), code.trim().to_ascii_uppercase());
            let json = serde_json::to_string(&currency).unwrap();
            assert_eq!(serde_json::from_str::<Currency>(&json).unwrap(), currency);
        }
        for (currency, code) in [
            (Currency::JPY, "JPY"),
            (Currency::USD, "USD"),
            (Currency::EUR, "EUR"),
        ] {
            assert_eq!(Currency::parse(code), Ok(currency));
        }
        for wrong in ["", "JP", "JPYJ", "JPY KMF", "XXX", "円"] {
            assert!(Currency::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn minor_units_are_major_units_and_back() {
        for (currency, minor, major) in [
            (Currency::JPY, 7, 7.0),
            (Currency::USD, 725, 7.25),
            (Currency::USD, -5, -0.05),
            (Currency::parse("KWD").unwrap(), 1, 0.001),
        ] {
            assert_eq!(currency.major(minor), major);
            assert_eq!(currency.minor(major), Some(minor));
        }
        // Halves away from zero; up to a limit below 2^63.
        let usd = |major| Currency::USD.minor(major);
        assert_eq!(
            [0.125, -0.125, 0.124, 0.0].map(usd),
            [13, -13, 12, 0].map(Some)
        );
        assert_eq!(
            [8.9e16, -8.9e16].map(usd),
            [8_900_000_000_000_000_000, -8_900_000_000_000_000_000].map(Some)
        );
        assert_eq!(
            [9.0e16, -9.0e16, f64::NAN, f64::INFINITY].map(usd),
            [None; 4]
        );
        assert_eq!(Currency::USD.mean(750, 3), Some(2.5));
        assert_eq!(Currency::USD.mean(-750, 3), Some(-2.5));
        assert_eq!(Currency::JPY.mean(7, 2), Some(3.5));
        assert_eq!(Currency::USD.mean(7, 0), None);
        assert_eq!(Currency::USD.mean(7, u64::MAX / 50), None);
    }
}
