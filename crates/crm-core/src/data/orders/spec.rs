//! The names and settings with which a caller's columns become orders; Rust, C and Python take them
//! as one object.

use crate::data::input::pseudonyms::PseudonymKey;
use crate::data::text::amounts::Decimal;
use crate::error::{Error, Result};
use crate::money::Currency;
use crate::scope::Policy;
use crate::words::{KindWord, LineKind, StatusWord};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Columns by their role, and how to read them.
///
/// ```
/// use crm_core::data::OrdersSpec;
/// let spec = OrdersSpec::parse(r#"{"currency": "JPY", "order_id": "注文番号", "amount_is": "order"}"#)?;
/// assert_eq!(spec.columns(), ["customer_id", "ordered_at", "amount", "注文番号"]);
/// # Ok::<(), crm_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct OrdersSpec {
    /// The customer (会員ID): integers (also whole numbers as floats, which programs make of a column
    /// with a blank id), texts, dictionaries of these, or fixed-size binary.
    pub customer_id: String,
    /// The time of the order (受注日時): a date or a timestamp, or texts of them (see `date_format`).
    pub ordered_at: String,
    /// The amount (金額) of a line, an order or a unit, see `amount_is`: numbers, or texts of them
    /// (see `decimal`).
    pub amount: String,
    /// ISO 4217 code of every amount. It has no default.
    #[setter(skip)]
    pub currency: Option<Currency>,
    /// A column of currency codes; every row must be in `currency`.
    pub currency_column: Option<String>,
    /// The order (注文番号): rows of one order are its lines. Without it each row is an order.
    pub order_id: Option<String>,
    /// What a row's amount is: the amount of the line, of the whole order (repeated or blank on
    /// later lines, counted once), or of one unit (times `quantity`).
    pub amount_is: AmountIs,
    /// The quantity of a line (数量).
    pub quantity: Option<String>,
    /// Whether amounts are in major units (dollars) or minor units (cents).
    pub amount_unit: AmountUnit,
    /// Whether to round amounts that are not a whole number of minor units (half to even), and
    /// count them, instead of refusing them.
    pub round_amounts: bool,
    /// The order's status (対応状況).
    pub status: Option<String>,
    /// The shop's own words for statuses.
    pub status_map: BTreeMap<String, StatusWord>,
    /// The order's kind (購入種別).
    pub kind: Option<String>,
    /// The shop's own words for kinds.
    pub kind_map: BTreeMap<String, KindWord>,
    /// The refunded amount of a row.
    pub refunded: Option<String>,
    /// The time of the refund.
    pub refunded_at: Option<String>,
    /// Discounts and coupons of a row, to be subtracted.
    pub discount: Option<String>,
    /// Shipping and fees of a row, not contained in the amount.
    pub shipping: Option<String>,
    /// Tax contained in a row's amount.
    pub tax: Option<String>,
    /// The cost of a row to the shop.
    pub cost: Option<String>,
    /// The kind of a line: `product`, `discount`, `coupon`, `refund`, `shipping`, `fee`, `tax`.
    pub line_kind: Option<String>,
    /// The shop's own words for kinds of lines.
    pub line_kind_map: BTreeMap<String, LineKind>,
    /// The product of a line.
    pub product: Option<String>,
    /// The product's category.
    pub category: Option<String>,
    /// The channel of the order.
    pub channel: Option<String>,
    /// The shop (店舗). It is part of an order's key.
    pub shop: Option<String>,
    /// Further columns to filter and break down by.
    pub dimensions: Vec<String>,
    /// The shop's zone: an IANA name or an offset. Naive times are wall clock there. Default: the
    /// time column's own zone, else UTC.
    pub timezone: Option<String>,
    /// How dates are written in columns of texts or numbers: a pattern such as `"%d/%m/%Y %H:%M"`,
    /// `"epoch_s"`, `"epoch_ms"` or `"epoch_us"` (since 1970), or `"excel"` (serial numbers).
    /// Default: detected from the texts; a column whose texts fit several formats is refused.
    pub date_format: Option<String>,
    /// The decimal sign of numbers in columns of texts: `"."`, `","`, or `"auto"`, detected from
    /// the column; a column whose texts fit both is refused.
    pub decimal: Decimal,
    /// Whether rows without a customer are refused, dropped, or kept as guests.
    pub guests: Guests,
    /// Whether rows that cannot be read are refused or dropped.
    pub bad_rows: BadRows,
    /// Whether rows that are equal in every column read are kept, dropped or refused. Cells are
    /// compared as read: ids exactly, words after translation, dates and amounts by value, a blank
    /// discount as 0.
    pub repeated_rows: RepeatedRows,
    /// The statuses and kinds that count.
    pub policy: Option<Policy>,
    /// A secret text of at least 16 bytes by which ids of customers are replaced on the way in (仮名化), so that nothing
    /// that is kept or saved holds them: a keyed hash of each, the same in the customers table and
    /// in events under the same key. Filters, results,
    /// `forget` and the like have pseudonyms then. Saved data hold no key. Default: ids as they come in.
    #[cfg_attr(feature = "schemars", schemars(with = "Option<String>"))]
    pub pseudonym_key: Option<PseudonymKey>,
}

impl Default for OrdersSpec {
    fn default() -> Self {
        OrdersSpec {
            customer_id: "customer_id".into(),
            ordered_at: "ordered_at".into(),
            amount: "amount".into(),
            currency: None,
            currency_column: None,
            order_id: None,
            amount_is: AmountIs::Line,
            quantity: None,
            amount_unit: AmountUnit::Major,
            round_amounts: false,
            status: None,
            status_map: BTreeMap::new(),
            kind: None,
            kind_map: BTreeMap::new(),
            refunded: None,
            refunded_at: None,
            discount: None,
            shipping: None,
            tax: None,
            cost: None,
            line_kind: None,
            line_kind_map: BTreeMap::new(),
            product: None,
            category: None,
            channel: None,
            shop: None,
            dimensions: Vec::new(),
            timezone: None,
            date_format: None,
            decimal: Decimal::Auto,
            guests: Guests::Error,
            bad_rows: BadRows::Error,
            repeated_rows: RepeatedRows::Keep,
            policy: None,
            pseudonym_key: None,
        }
    }
}

impl OrdersSpec {
    /// Reads the spec from JSON text.
    ///
    /// # Errors
    ///
    /// An option error naming the option.
    pub fn parse(json: &str) -> Result<Self> {
        crate::request::read(json)
    }

    /// The names of the columns it reads, each once, required columns first.
    pub fn columns(&self) -> Vec<&str> {
        let mut names: Vec<&str> = vec![&self.customer_id, &self.ordered_at, &self.amount];
        let optional = [
            &self.currency_column,
            &self.order_id,
            &self.quantity,
            &self.status,
            &self.kind,
            &self.refunded,
            &self.refunded_at,
            &self.discount,
            &self.shipping,
            &self.tax,
            &self.cost,
            &self.line_kind,
            &self.product,
            &self.category,
            &self.channel,
            &self.shop,
        ];
        let optional = optional.into_iter().flatten().chain(&self.dimensions);
        for name in optional {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        names
    }

    /// The columns of dates.
    pub(crate) fn dates(&self) -> Vec<&str> {
        let mut names = vec![self.ordered_at.as_str()];
        names.extend(self.refunded_at.as_deref());
        names
    }

    /// The columns of amounts and quantities.
    pub(crate) fn numbers(&self) -> Vec<&str> {
        let optional = [
            (self.quantity.as_ref()).filter(|_| self.amount_is == AmountIs::Unit),
            self.refunded.as_ref(),
            self.discount.as_ref(),
            self.shipping.as_ref(),
            self.tax.as_ref(),
            self.cost.as_ref(),
        ];
        let mut names = vec![self.amount.as_str()];
        names.extend(optional.into_iter().flatten().map(String::as_str));
        names
    }

    /// The columns of customers' and orders' ids, if nothing but ids is read from them.
    pub fn ids(&self) -> Vec<&str> {
        let (numbers, dates) = (self.numbers(), self.dates());
        let names = [Some(&self.customer_id), self.order_id.as_ref()];
        let names = names.into_iter().flatten().map(String::as_str);
        names
            .filter(|name| !numbers.contains(name) && !dates.contains(name))
            .collect()
    }

    /// The currency.
    ///
    /// # Errors
    ///
    /// An option error if none was given.
    pub fn currency(&self) -> Result<Currency> {
        self.currency.ok_or_else(|| {
            Error::option(
                "currency",
                "",
                "an ISO 4217 code such as \"JPY\"; it has no default",
            )
        })
    }

    /// Refuses settings that contradict each other, before any row is read.
    pub(crate) fn check(&self) -> Result<()> {
        let needs = |option: &str, value: &str, column: &str, given: bool| match given {
            true => Ok(()),
            false => Err(Error::OptionNeedsColumn {
                option: option.into(),
                value: value.into(),
                column: column.into(),
            }),
        };
        self.currency()?;
        match self.amount_is {
            AmountIs::Unit => needs("amount_is", "unit", "quantity", self.quantity.is_some())?,
            AmountIs::Order => needs("amount_is", "order", "order_id", self.order_id.is_some())?,
            AmountIs::Line => {}
        }
        if self.refunded_at.is_some() {
            needs("refunded_at", "given", "refunded", self.refunded.is_some())?;
        }
        if self.amount_is == AmountIs::Order && self.line_kind.is_some() {
            return Err(Error::option(
                "line_kind",
                "",
                "amounts of lines (amount_is \"line\" or \"unit\"), not of whole orders",
            ));
        }
        Ok(())
    }
}

macro_rules! choice {
    ($(#[$doc:meta])* $name:ident { $($(#[$var_doc:meta])* $variant:ident,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, crm_derive::Word)]
        #[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
        #[serde(rename_all = "snake_case")]
        #[non_exhaustive]
        pub enum $name { $($(#[$var_doc])* $variant,)* }
    };
}

choice! {
    /// What a row's amount is.
    AmountIs {
        /// The amount of the line; lines of an order are summed.
        #[default]
        Line,
        /// The amount of the whole order, repeated or blank on later lines. It counts once, and so
        /// do the other columns of money.
        Order,
        /// The amount of one unit, multiplied by the quantity.
        Unit,
    }
}

choice! {
    /// The unit of amounts in the input.
    AmountUnit {
        /// Major units: dollars, yen.
        #[default]
        Major,
        /// Minor units: cents.
        Minor,
    }
}

choice! {
    /// Rows without a customer.
    Guests {
        /// They are refused.
        #[default]
        Error,
        /// They are left out and counted.
        Drop,
        /// They count in totals of the shop, never per customer.
        Keep,
    }
}

choice! {
    /// Rows that cannot be read.
    BadRows {
        /// They are refused.
        #[default]
        Error,
        /// They are left out and counted by reason.
        Drop,
    }
}

choice! {
    /// Rows equal in every column.
    RepeatedRows {
        /// Each row counts.
        #[default]
        Keep,
        /// One row counts; the others are left out and counted.
        Drop,
        /// They are refused.
        Error,
    }
}
