//! The names and settings with which a caller's columns become events; Rust, C and Python take them
//! as one object.

use crate::data::input::pseudonyms::PseudonymKey;
use crate::data::orders::spec::{AmountUnit, BadRows};
use crate::data::text::amounts::Decimal;
use crate::error::{Error, Result};
use crate::money::Currency;
use crate::words::EventWord;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Columns by their role, and how to read them.
///
/// ```
/// use crm_core::data::EventsSpec;
/// let spec = EventsSpec::parse(r#"{"page": "url", "kinds": {"cart": "add"}}"#)?;
/// assert_eq!(spec.columns(), ["visitor_id", "occurred_at", "kind", "url"]);
/// # Ok::<(), crm_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct EventsSpec {
    /// The visitor (訪問者): integers, texts, dictionaries of these, or fixed-size binary.
    pub visitor_id: String,
    /// The time of the event: a date or a timestamp, or texts of them (see `date_format`).
    pub occurred_at: String,
    /// The kind of the event: free text; see `kinds`.
    pub kind: String,
    /// The customer (会員ID), if known: a visitor who logs in or buys is joined to the customer, also
    /// for earlier and later events.
    pub customer_id: Option<String>,
    /// The page.
    pub page: Option<String>,
    /// The product.
    pub product: Option<String>,
    /// The quantity; blank is 1.
    pub quantity: Option<String>,
    /// The order of a purchase: purchases with one order id are one order.
    pub order_id: Option<String>,
    /// The channel of the visit.
    pub channel: Option<String>,
    /// The campaign of a visit or a message, or the experiment of an assignment.
    pub campaign: Option<String>,
    /// The variant of a message or an assignment.
    pub variant: Option<String>,
    /// Whether a machine opened or clicked the message: truth values, 0 and 1, or texts of them; blank
    /// is no.
    pub machine: Option<String>,
    /// The referrer.
    pub referrer: Option<String>,
    /// Money of the event, for all its units together: added to the cart or paid. Blank is 0; `add`
    /// events must not have negative amounts.
    pub amount: Option<String>,
    /// ISO 4217 code of every amount. Required with `amount`.
    pub currency: Option<Currency>,
    /// Whether amounts are in major units (dollars) or minor units (cents).
    pub amount_unit: AmountUnit,
    /// Whether to round amounts that are not a whole number of minor units, and count them, instead
    /// of refusing them.
    pub round_amounts: bool,
    /// The shop's own kinds and their meanings. A kind that is mapped to itself is declared to be
    /// right even if it does not occur.
    pub kinds: BTreeMap<String, EventWord>,
    /// Further columns to filter and break down by, such as the device.
    pub dimensions: Vec<String>,
    /// Columns of finite numbers that describe a page view, such as its load time. NaN is null.
    pub measures: Vec<String>,
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
    /// Whether rows that cannot be read are refused or dropped.
    pub bad_rows: BadRows,
    /// A secret text of at least 16 bytes by which ids of visitors and customers are replaced on the way in (仮名化), so that nothing
    /// that is kept or saved holds them: a keyed hash of each, the same in orders under the same
    /// key. Filters, results,
    /// `forget` and the like have pseudonyms then. Saved data hold no key. Default: ids as they come in.
    #[cfg_attr(feature = "schemars", schemars(with = "Option<String>"))]
    pub pseudonym_key: Option<PseudonymKey>,
}

impl Default for EventsSpec {
    fn default() -> Self {
        EventsSpec {
            visitor_id: "visitor_id".into(),
            occurred_at: "occurred_at".into(),
            kind: "kind".into(),
            customer_id: None,
            page: None,
            product: None,
            quantity: None,
            order_id: None,
            channel: None,
            campaign: None,
            variant: None,
            machine: None,
            referrer: None,
            amount: None,
            currency: None,
            amount_unit: AmountUnit::Major,
            round_amounts: false,
            kinds: BTreeMap::new(),
            dimensions: Vec::new(),
            measures: Vec::new(),
            timezone: None,
            date_format: None,
            decimal: Decimal::Auto,
            bad_rows: BadRows::Error,
            pseudonym_key: None,
        }
    }
}

impl EventsSpec {
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
        let mut names: Vec<&str> = vec![&self.visitor_id, &self.occurred_at, &self.kind];
        let roles = self.roles();
        let optional = [&self.customer_id, &self.quantity, &self.amount]
            .into_iter()
            .chain(roles.iter().map(|(_, column)| *column))
            .flatten();
        for name in optional.chain(&self.dimensions).chain(&self.measures) {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        names
    }

    /// The columns of amounts and quantities.
    pub(crate) fn numbers(&self) -> Vec<&str> {
        let names = [&self.amount, &self.quantity];
        names.into_iter().flatten().map(String::as_str).collect()
    }

    /// The roles whose columns hold categories, in the order of their documentation.
    pub(crate) fn roles(&self) -> [(&'static str, &Option<String>); 8] {
        [
            ("page", &self.page),
            ("product", &self.product),
            ("channel", &self.channel),
            ("campaign", &self.campaign),
            ("variant", &self.variant),
            ("machine", &self.machine),
            ("referrer", &self.referrer),
            ("order_id", &self.order_id),
        ]
    }

    /// Refuses settings that contradict each other, before any row is read.
    pub(crate) fn check(&self) -> Result<()> {
        if self.amount.is_some() && self.currency.is_none() {
            return Err(Error::option(
                "currency",
                "",
                "an ISO 4217 code such as \"JPY\"; amounts need one and it has no default",
            ));
        }
        Ok(())
    }
}
