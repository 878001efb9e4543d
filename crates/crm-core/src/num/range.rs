//! Ranges of numbers as types, so that each check and its message exist once for Rust, C and
//! Python.

use serde::{Deserialize, Serialize};

macro_rules! range {
    ($(#[$doc:meta])* $name:ident, $test:expr, $domain:literal, $schema:tt) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
        #[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
        #[serde(try_from = "f64", into = "f64")]
        #[cfg_attr(feature = "schemars", schemars(extend $schema))]
        pub struct $name(f64);

        impl $name {
            /// The value, or `None` if it is outside the range.
            pub fn new(value: f64) -> Option<Self> {
                let test: fn(f64) -> bool = $test;
                test(value).then_some(Self(value))
            }

            /// The number itself.
            pub const fn get(self) -> f64 {
                self.0
            }
        }

        impl TryFrom<f64> for $name {
            type Error = String;

            fn try_from(value: f64) -> Result<Self, String> {
                Self::new(value).ok_or_else(|| $domain.to_owned())
            }
        }

        impl From<$name> for f64 {
            fn from(value: $name) -> f64 {
                value.0
            }
        }
    };
}

range!(
    /// A finite number strictly greater than zero.
    ///
    /// ```
    /// use crm_core::Positive;
    /// assert!(Positive::new(0.5).is_some());
    /// assert!(Positive::new(0.0).is_none());
    /// assert!(Positive::new(f64::NAN).is_none());
    /// ```
    Positive, |v| v.is_finite() && v > 0.0, "a finite number greater than 0", ("exclusiveMinimum" = 0)
);

range!(
    /// A number from 0 to 1, both included.
    ///
    /// ```
    /// use crm_core::Probability;
    /// assert!(Probability::new(1.0).is_some());
    /// assert!(Probability::new(1.01).is_none());
    /// ```
    Probability, |v| (0.0..=1.0).contains(&v), "a probability, 0 to 1", ("minimum" = 0, "maximum" = 1)
);

range!(
    /// A number strictly between 0 and 1, such as a confidence level.
    ///
    /// ```
    /// use crm_core::Fraction;
    /// assert!(Fraction::new(0.95).is_some());
    /// assert!(Fraction::new(1.0).is_none());
    /// ```
    Fraction, |v| v > 0.0 && v < 1.0, "a number strictly between 0 and 1", ("exclusiveMinimum" = 0, "exclusiveMaximum" = 1)
);

impl Fraction {
    /// 0.95, the confidence of intervals unless a request says otherwise.
    pub const P95: Fraction = Fraction(0.95);

    /// 0.8, the probability of intervals of predicted outcomes unless a request says otherwise.
    pub const P80: Fraction = Fraction(0.8);
}
