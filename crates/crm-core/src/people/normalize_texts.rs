//! Texts of people in the form in which they are compared.
//!
//! The input is a table with a column `text`. The rules are those of [`normalize`](super::normalize).

use super::normalize::{
    EmailForm, normalize_address, normalize_birth_date, normalize_email, normalize_name,
    normalize_phone, normalize_reading, normalize_sex, normalize_zip,
};
use crate::analysis::Analysis;
use crate::context::{Context, collect, room};
use crate::error::{Error, Result};
use crate::table::Label;
use crate::table::{Column, Field, Table, Values, columns, labels};
use crate::words::words;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

words! {
    /// What the texts are.
    Form {
        /// Names (氏名).
        Name = "name", "Name", "氏名";
        /// Readings of names (フリガナ).
        Reading = "reading", "Reading", "フリガナ";
        /// Addresses (住所).
        Address = "address", "Address", "住所";
        /// Telephone numbers.
        Phone = "phone", "Telephone", "電話";
        /// E-mail addresses.
        Email = "email", "E-mail", "メール";
        /// Postal codes.
        Zip = "zip", "Postal code", "郵便番号";
        /// Dates of birth.
        BirthDate = "birth_date", "Date of birth", "生年月日";
        /// Sexes.
        Sex = "sex", "Sex", "性別";
    }
}

/// Options of [`Normalize`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// What the texts are: name, reading, address, phone, email, zip, birth_date, sex. Default: name.
    pub form: Form,
    /// Whether capitals of the local part of e-mail addresses count. Default: no.
    pub email_capitals: bool,
    /// Whether `+tag` in e-mail addresses counts. Default: no.
    pub email_tags: bool,
    /// Whether dots in the local part of gmail.com count. Default: no.
    pub gmail_dots: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            form: Form::Name,
            email_capitals: false,
            email_tags: false,
            gmail_dots: false,
        }
    }
}

/// The levels of an address, in their order.
const LEVELS: &[Label] = labels! {
    "none", "Not read", "読み取り不可";
    "prefecture", "Prefecture", "都道府県";
    "city", "City", "市区町村";
    "number", "Number", "番地";
};

/// The analysis `normalize`.
#[derive(Debug)]
pub struct Normalize;

impl Analysis for Normalize {
    const NAME: &'static str = "normalize";
    const SUMMARY: &'static str =
        "Names, addresses, telephone numbers and e-mail addresses in one form for comparing";
    const JA: &'static str = "表記の正規化";
    const COLUMNS: &'static [Field] = &columns! {
        "normalized": Text, "", "正規形", "The form for comparing; null if the text is blank or unusable. Not of addresses.";
        "prefecture": Text, "", "都道府県", "The prefecture; null if it is not there. Of addresses.";
        "city": Text, "", "市区町村", "City, ward, town or village. Of addresses.";
        "street": Text, "", "町名・番地", "Town and number. Of addresses.";
        "building": Text, "", "建物", "Building and room. Of addresses.";
        "address_level": Category, "", "読み取り水準", "How far the address could be read without a list of towns. Of addresses.";
    };
    type Data = Table;
    type Options = Options;

    fn run(data: &Table, _: &(), options: &Options, context: &Context) -> Result<Table> {
        let column = data.required("text")?;
        let texts: Vec<String> = match column.values() {
            Values::Id { ids, .. } => {
                collect((0..ids.len()).map(|code| ids.text(code as u32)), "texts")?
            }
            Values::Text { texts, .. } => collect(texts.iter().cloned(), "texts")?,
            _ if (0..data.len()).all(|row| column.validity().is_some_and(|valid| !valid[row])) => {
                Vec::new()
            }
            other => {
                return Err(Error::ColumnType {
                    column: "text".into(),
                    found: other.ty().name().into(),
                    expected: "texts".into(),
                });
            }
        };
        let codes: &[u32] = match column.values() {
            Values::Id { codes, .. } | Values::Text { codes, .. } => codes,
            _ => &[],
        };
        let known = |row: usize| column.validity().is_none_or(|valid| valid[row]);
        let at = |row: usize| (!texts.is_empty() && known(row)).then(|| codes[row] as usize);
        let f = Self::COLUMNS;
        let cells = |field: &Field, of_text: Vec<Option<String>>| -> Result<Column> {
            let valid =
                (0..data.len()).map(|row| at(row).is_some_and(|text| of_text[text].is_some()));
            let valid = collect(valid, "texts")?;
            let mut shown = room(of_text.len() + 1, "texts")?;
            shown.extend(of_text.into_iter().map(Option::unwrap_or_default));
            shown.push(String::new());
            let none = shown.len() as u32 - 1;
            let codes = (0..data.len()).map(|row| at(row).map_or(none, |text| text as u32));
            Ok(Column::texts(field, &Arc::new(shown), codes)?.with_validity(valid))
        };
        context.check()?;
        if options.form == Form::Address {
            let read = collect(texts.iter().map(|text| normalize_address(text)), "texts")?;
            let part = |of: fn(&super::normalize::Address) -> &String| {
                let each = read
                    .iter()
                    .map(|address| Some(of(address).clone()).filter(|text| !text.is_empty()));
                collect(each, "texts")
            };
            let level = (0..data.len()).map(|row| at(row).map(|text| read[text].level as u8));
            return Ok(Table::new(vec![
                cells(&f[1], part(|address| &address.prefecture)?)?,
                cells(&f[2], part(|address| &address.city)?)?,
                cells(&f[3], part(|address| &address.street)?)?,
                cells(&f[4], part(|address| &address.building)?)?,
                Column::words(&f[5], LEVELS, level)?,
            ]));
        }
        let of_text = collect(texts.iter().map(|text| options.of(text)), "texts")?;
        Ok(Table::new(vec![cells(&f[0], of_text)?]))
    }
}

impl Options {
    /// The form of one text, other than an address.
    fn of(&self, text: &str) -> Option<String> {
        let some = |text: String| Some(text).filter(|text| !text.is_empty());
        let email = EmailForm {
            lower_local: !self.email_capitals,
            drop_tag: !self.email_tags,
            gmail_dots: !self.gmail_dots,
        };
        match self.form {
            Form::Name | Form::Address => some(normalize_name(text)),
            Form::Reading => some(normalize_reading(text)),
            Form::Phone => normalize_phone(text),
            Form::Email => normalize_email(text, email),
            Form::Zip => normalize_zip(text),
            Form::BirthDate => {
                normalize_birth_date(text).map(|(y, m, d)| format!("{y:04}-{m:02}-{d:02}"))
            }
            Form::Sex => normalize_sex(text).map(String::from),
        }
    }
}
