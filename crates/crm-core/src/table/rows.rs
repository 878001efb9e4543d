//! Typed access to a [`Table`]: columns as iterators, rows as structs of one's own by serde.
//!
//! A table is serialized as a sequence of rows, each a map from column names to cells. A missing
//! cell is null. An id is a number, a text, or hexadecimal digits for bytes. A date is
//! `2026-11-21`, an instant is `2026-11-21T01:00:00Z`. Money is a number of major units: `12.5` for
//! 1,250 cents. A word of a closed list is its code. [`Table::rows`] reads the same form.

use super::{Cell, Column, Table, Values};
use crate::error::{Error, Result};
use crate::ids::IdRef;
use crate::money::Currency;
use crate::time::{Day, Moment};
use serde::de::value::MapDeserializer;
use serde::de::{self, DeserializeOwned, IntoDeserializer, Visitor};
use serde::{Deserializer, Serialize, Serializer, forward_to_deserialize_any};
use std::fmt;

impl Table {
    /// Whole numbers of a column; `None` where a cell is null.
    ///
    /// ```
    /// use crm_core::{Context, Currency, Dataset, Orders, Zone, register};
    /// let orders = Orders::builder(Currency::USD, Zone::UTC)
    ///     .order("c1", "2026-01-05", 1_250)
    ///     .order("c1", "2026-03-05", 3_000)
    ///     .build()?;
    /// let request = r#"{"as_of": "2026-03-31"}"#;
    /// let table = register::run("summary", &Dataset::Orders(&orders), request, &Context::default())?;
    /// assert_eq!(table.ints("orders")?.collect::<Vec<_>>(), [Some(2)]);
    /// assert_eq!(table.money("revenue")?.collect::<Vec<_>>(), [Some(4_250)]);
    /// assert!(table.ints("revenue").is_err());
    /// # Ok::<(), crm_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// No such column, or a column of another type.
    pub fn ints(&self, name: &str) -> Result<impl Iterator<Item = Option<i64>>> {
        self.typed(name, "whole numbers", |cell| match cell {
            Cell::Int(value) => Some(value),
            _ => None,
        })
    }

    /// Numbers of a column; `None` where a cell is null.
    ///
    /// # Errors
    ///
    /// No such column, or a column of another type.
    pub fn floats(&self, name: &str) -> Result<impl Iterator<Item = Option<f64>>> {
        self.typed(name, "floats", |cell| match cell {
            Cell::Float(value) => Some(value),
            _ => None,
        })
    }

    /// Truth values of a column; `None` where a cell is null.
    ///
    /// # Errors
    ///
    /// No such column, or a column of another type.
    pub fn bools(&self, name: &str) -> Result<impl Iterator<Item = Option<bool>>> {
        self.typed(name, "truth values", |cell| match cell {
            Cell::Bool(value) => Some(value),
            _ => None,
        })
    }

    /// Amounts of a column in minor units of [`Table::currency`]; `None` where a cell is null.
    ///
    /// # Errors
    ///
    /// No such column, or a column of another type.
    pub fn money(&self, name: &str) -> Result<impl Iterator<Item = Option<i64>>> {
        self.typed(name, "money", |cell| match cell {
            Cell::Money(minor, _) => Some(minor),
            _ => None,
        })
    }

    /// Civil days of a column; `None` where a cell is null.
    ///
    /// # Errors
    ///
    /// No such column, or a column of another type.
    pub fn days(&self, name: &str) -> Result<impl Iterator<Item = Option<Day>>> {
        self.typed(name, "dates", |cell| match cell {
            Cell::Date(day) => Some(day),
            _ => None,
        })
    }

    /// Instants of a column in UTC microseconds; `None` where a cell is null.
    ///
    /// # Errors
    ///
    /// No such column, or a column of another type.
    pub fn instants(&self, name: &str) -> Result<impl Iterator<Item = Option<i64>>> {
        self.typed(name, "instants", |cell| match cell {
            Cell::Instant(at) => Some(at),
            _ => None,
        })
    }

    /// Codes of the words of a column (`at_risk`), or its free texts; `None` where a cell is null.
    ///
    /// # Errors
    ///
    /// No such column, or a column of another type.
    pub fn words(&self, name: &str) -> Result<impl Iterator<Item = Option<&str>>> {
        self.typed(name, "words or texts", |cell| match cell {
            Cell::Label(label) => Some(label.code),
            Cell::Text(text) => Some(text),
            _ => None,
        })
    }

    /// Ids of a column; `None` where a cell is null.
    ///
    /// # Errors
    ///
    /// No such column, or a column of another type.
    pub fn ids(&self, name: &str) -> Result<impl Iterator<Item = Option<IdRef<'_>>>> {
        self.typed(name, "ids", |cell| match cell {
            Cell::Id(id) => Some(id),
            _ => None,
        })
    }

    /// The currency of the columns of money; `None` if there are none.
    pub fn currency(&self) -> Option<Currency> {
        self.columns.iter().find_map(|column| match column.values {
            Values::Money(_, currency) => Some(currency),
            _ => None,
        })
    }

    /// The cells of a column by `value`, which gives a value for each cell of the wanted type.
    fn typed<'a, T: 'a>(
        &'a self,
        name: &str,
        expected: &str,
        value: impl Fn(Cell<'a>) -> Option<T> + 'a,
    ) -> Result<impl Iterator<Item = Option<T>> + 'a> {
        let column = self.required(name)?;
        // All cells of a column are of one type, so the first that is not null tells.
        let first = (0..column.values().len())
            .map(|row| column.cell(row))
            .find(|cell| *cell != Cell::Null);
        if first.is_some_and(|cell| value(cell).is_none()) {
            return Err(Error::ColumnType {
                column: name.to_owned(),
                found: column.values().ty().name().to_owned(),
                expected: expected.to_owned(),
            });
        }
        Ok((0..column.values().len()).map(move |row| value(column.cell(row))))
    }

    /// The rows as values of a type of the caller. Its fields have the names of columns; columns
    /// without a field are left out, a cell that may be null needs an `Option`. Money is a number
    /// of major units, and an instant is a text.
    ///
    /// ```
    /// use crm_core::{Context, Currency, Dataset, Orders, Zone, register};
    /// #[derive(serde::Deserialize, PartialEq, Debug)]
    /// struct Row {
    ///     customer_id: String,
    ///     revenue: f64,
    ///     recency_days: i32,
    /// }
    /// let orders = Orders::builder(Currency::USD, Zone::UTC)
    ///     .order("c1", "2026-03-05", 1_250)
    ///     .build()?;
    /// let request = r#"{"as_of": "2026-03-31"}"#;
    /// let table = register::run("rfm", &Dataset::Orders(&orders), request, &Context::default())?;
    /// let rows = table.rows::<Row>().collect::<Result<Vec<_>, _>>()?;
    /// let expected = Row { customer_id: "c1".into(), revenue: 12.5, recency_days: 26 };
    /// assert_eq!(rows, [expected]);
    /// # Ok::<(), crm_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Each row that does not fit the type gives [`Error::Malformed`] with the reason; the reason
    /// names fields and types, never the contents of a cell.
    pub fn rows<T: DeserializeOwned>(&self) -> impl Iterator<Item = Result<T>> {
        (0..self.len()).map(|row| {
            let cells = self
                .columns
                .iter()
                .map(|column| (column.name(), OneCell(column.cell(row))));
            T::deserialize(MapDeserializer::new(cells)).map_err(|Misfit(problem)| {
                Error::Malformed {
                    column: "table".to_owned(),
                    problem: format!("row {row}: {problem}"),
                }
            })
        })
    }
}

impl Serialize for Table {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq((0..self.len()).map(|row| OneRow(self, row)))
    }
}

impl Serialize for Values {
    /// A sequence of cells.
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq((0..self.len()).map(|row| self.cell(row)))
    }
}

impl Serialize for Column {
    /// A sequence of cells.
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq((0..self.values.len()).map(|row| self.cell(row)))
    }
}

/// A row as a map from names to cells.
struct OneRow<'a>(&'a Table, usize);

impl Serialize for OneRow<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let cells = self.0.columns.iter();
        to.collect_map(cells.map(|column| (column.name(), column.cell(self.1))))
    }
}

impl Serialize for Cell<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Cell::Null => to.serialize_none(),
            Cell::Id(id) => id.serialize(to),
            Cell::Int(value) => to.serialize_i64(*value),
            Cell::Float(value) => to.serialize_f64(*value),
            Cell::Bool(value) => to.serialize_bool(*value),
            Cell::Date(day) => to.collect_str(day),
            Cell::Instant(at) => to.collect_str(&Moment::Instant(*at)),
            Cell::Money(minor, currency) if currency.exponent() == 0 => to.serialize_i64(*minor),
            Cell::Money(minor, currency) => to.serialize_f64(currency.major(*minor)),
            Cell::Label(label) => to.serialize_str(label.code),
            Cell::Text(text) => to.serialize_str(text),
        }
    }
}

impl Serialize for IdRef<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            IdRef::Int(id) => to.serialize_i64(*id),
            IdRef::Unsigned(id) => to.serialize_u64(*id),
            IdRef::Text(text) => to.serialize_str(text),
            IdRef::Bytes(bytes) => to.serialize_str(&hexadecimal(bytes)),
        }
    }
}

/// Two hexadecimal digits for each byte.
fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A cell that a visitor of serde reads.
struct OneCell<'a>(Cell<'a>);

/// Why a row does not fit a type.
#[derive(Debug)]
struct Misfit(String);

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Misfit {}

/// What is unexpected, without the contents of the cell.
fn kind(found: &de::Unexpected<'_>) -> &'static str {
    match found {
        de::Unexpected::Bool(_) => "a truth value",
        de::Unexpected::Unsigned(_) | de::Unexpected::Signed(_) => "a whole number",
        de::Unexpected::Float(_) => "a number",
        de::Unexpected::Str(_) | de::Unexpected::Char(_) => "a text",
        de::Unexpected::Option | de::Unexpected::Unit => "no value",
        _ => "another value",
    }
}

impl de::Error for Misfit {
    /// The message of a type of the caller. It may quote a cell, so it is not shown.
    fn custom<T: fmt::Display>(_: T) -> Self {
        Misfit("the type of the caller refuses a cell".to_owned())
    }

    fn invalid_type(found: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Misfit(format!("found {}, expected {expected}", kind(&found)))
    }

    fn invalid_value(found: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Misfit::invalid_type(found, expected)
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Misfit(format!(
            "unknown word; expected one of {}",
            expected.join(", ")
        ))
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        let expected = expected.join(", ");
        Misfit(format!(
            "the type has no field {field:?}; it has {expected}"
        ))
    }

    fn missing_field(field: &'static str) -> Self {
        Misfit(format!("the table has no column {field:?}"))
    }

    fn duplicate_field(field: &'static str) -> Self {
        Misfit(format!("the table has two columns {field:?}"))
    }
}

impl<'de> IntoDeserializer<'de, Misfit> for OneCell<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for OneCell<'de> {
    type Error = Misfit;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.0 {
            Cell::Null => visitor.visit_unit(),
            Cell::Id(IdRef::Int(id)) => visitor.visit_i64(id),
            Cell::Id(IdRef::Unsigned(id)) => visitor.visit_u64(id),
            Cell::Id(IdRef::Text(text)) => visitor.visit_str(&text),
            Cell::Id(IdRef::Bytes(bytes)) => visitor.visit_string(hexadecimal(&bytes)),
            Cell::Int(value) => visitor.visit_i64(value),
            Cell::Float(value) => visitor.visit_f64(value),
            Cell::Bool(value) => visitor.visit_bool(value),
            Cell::Date(day) => visitor.visit_string(day.to_string()),
            Cell::Instant(at) => visitor.visit_string(Moment::Instant(at).to_string()),
            Cell::Money(minor, currency) if currency.exponent() == 0 => visitor.visit_i64(minor),
            Cell::Money(minor, currency) => visitor.visit_f64(currency.major(minor)),
            Cell::Label(label) => visitor.visit_str(label.code),
            Cell::Text(text) => visitor.visit_str(text),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.0 {
            Cell::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        let word = match &self.0 {
            Cell::Label(label) => label.code,
            Cell::Text(text) => text,
            _ => return self.deserialize_any(visitor),
        };
        let word: de::value::StrDeserializer<'_, Misfit> = word.into_deserializer();
        word.deserialize_enum(name, variants, visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::super::{CUSTOMER_ID, Field, Label, Type};
    use super::*;
    use crate::time::Zone;
    use serde::Deserialize;
    use std::sync::Arc;

    fn field(name: &'static str, ty: Type) -> Field {
        Field {
            name,
            ty,
            ..CUSTOMER_ID
        }
    }

    /// Two rows of every type; each cell of the second row but one is null.
    fn table() -> Table {
        static LEVELS: &[Label] = &[Label {
            code: "at_risk",
            en: "At risk",
            ja: "離脱危険",
        }];
        let column = |name, ty, values| {
            Column::new(&field(name, ty), values).with_validity(vec![true, false])
        };
        Table::new(vec![
            Column::new(
                &field("n", Type::Int),
                Values::I64(vec![1_i64 << 60, 7].into()),
            ),
            column("small", Type::Int, Values::I32(vec![-3, 0])),
            column("share", Type::Float, Values::F64(vec![0.1, 0.0].into())),
            column("open", Type::Bool, Values::Bool(vec![true, false])),
            column("day", Type::Date, Values::Date(vec![20_778, 0])),
            column(
                "at",
                Type::Instant,
                Values::Instant(vec![1_795_222_800_000_000, 0].into(), Zone::UTC),
            ),
            column(
                "usd",
                Type::Money,
                Values::Money(vec![-1_250, 0].into(), Currency::USD),
            ),
            column(
                "level",
                Type::Category,
                Values::Category {
                    codes: vec![0, 0],
                    labels: LEVELS,
                },
            ),
            column(
                "text",
                Type::Text,
                Values::Text {
                    codes: vec![0, 0],
                    texts: Arc::new(vec!["\"quoted\"".to_owned()]),
                },
            ),
        ])
    }

    #[test]
    fn a_table_is_a_sequence_of_maps() {
        let json = serde_json::to_string(&table()).unwrap();
        assert_eq!(
            json,
            "[{\"n\":1152921504606846976,\"small\":-3,\"share\":0.1,\"open\":true,\
             \"day\":\"2026-11-21\",\"at\":\"2026-11-21T01:00:00Z\",\"usd\":-12.5,\
             \"level\":\"at_risk\",\"text\":\"\\\"quoted\\\"\"},\
             {\"n\":7,\"small\":null,\"share\":null,\"open\":null,\"day\":null,\"at\":null,\
             \"usd\":null,\"level\":null,\"text\":null}]"
        );
    }

    #[test]
    fn rows_become_structs() {
        #[derive(Deserialize, PartialEq, Debug)]
        #[serde(rename_all = "snake_case")]
        enum Level {
            AtRisk,
        }
        #[derive(Deserialize, PartialEq, Debug)]
        struct Row {
            n: i64,
            small: Option<i32>,
            share: Option<f64>,
            open: Option<bool>,
            day: Option<Day>,
            at: Option<String>,
            usd: Option<f64>,
            level: Option<Level>,
            text: Option<String>,
        }
        let rows: Vec<Row> = table().rows().collect::<Result<_>>().unwrap();
        let nothing = Row {
            n: 7,
            small: None,
            share: None,
            open: None,
            day: None,
            at: None,
            usd: None,
            level: None,
            text: None,
        };
        let first = Row {
            n: 1 << 60,
            small: Some(-3),
            share: Some(0.1),
            open: Some(true),
            day: Some(Day(20_778)),
            at: Some("2026-11-21T01:00:00Z".to_owned()),
            usd: Some(-12.5),
            level: Some(Level::AtRisk),
            text: Some("\"quoted\"".to_owned()),
        };
        assert_eq!(rows, [first, nothing]);
    }

    #[test]
    fn a_row_that_does_not_fit_is_told_without_its_cells() {
        #[derive(Deserialize, Debug)]
        #[allow(dead_code)]
        struct Cents {
            usd: i64,
        }
        #[derive(Deserialize, Debug)]
        #[allow(dead_code)]
        struct Other {
            gone: i64,
        }
        #[derive(Deserialize, Debug)]
        #[allow(dead_code)]
        struct Number {
            text: f64,
        }
        fn first<T: DeserializeOwned + fmt::Debug>() -> String {
            table().rows::<T>().next().unwrap().unwrap_err().to_string()
        }
        assert!(first::<Cents>().contains("row 0: found a number, expected i64"));
        assert!(first::<Other>().contains("the table has no column \"gone\""));
        let message = first::<Number>();
        assert!(message.contains("found a text, expected f64"), "{message}");
        assert!(!message.contains("quoted"), "{message}");
    }

    #[test]
    fn columns_by_type() {
        let table = table();
        assert_eq!(
            table.ints("n").unwrap().collect::<Vec<_>>(),
            [Some(1 << 60), Some(7)]
        );
        assert_eq!(
            table.ints("small").unwrap().collect::<Vec<_>>(),
            [Some(-3), None]
        );
        assert_eq!(
            table.floats("share").unwrap().collect::<Vec<_>>(),
            [Some(0.1), None]
        );
        assert_eq!(
            table.bools("open").unwrap().collect::<Vec<_>>(),
            [Some(true), None]
        );
        assert_eq!(
            table.days("day").unwrap().collect::<Vec<_>>(),
            [Some(Day(20_778)), None]
        );
        assert_eq!(
            table.instants("at").unwrap().collect::<Vec<_>>(),
            [Some(1_795_222_800_000_000), None]
        );
        assert_eq!(
            table.money("usd").unwrap().collect::<Vec<_>>(),
            [Some(-1_250), None]
        );
        assert_eq!(table.currency(), Some(Currency::USD));
        assert_eq!(
            table.words("level").unwrap().collect::<Vec<_>>(),
            [Some("at_risk"), None]
        );
        assert_eq!(
            table.words("text").unwrap().collect::<Vec<_>>(),
            [Some("\"quoted\""), None]
        );
    }

    #[test]
    fn ids_are_numbers_texts_or_digits() {
        let json = |id| serde_json::to_string(&id).unwrap();
        assert_eq!(json(IdRef::Int(-5)), "-5");
        assert_eq!(json(IdRef::Unsigned(u64::MAX)), "18446744073709551615");
        assert_eq!(json(IdRef::Text("a\"b".into())), r#""a\"b""#);
        assert_eq!(json(IdRef::Bytes(vec![0, 255].into())), r#""00ff""#);
    }

    #[test]
    fn a_missing_column_and_a_column_of_another_type_are_refused() {
        let table = table();
        let missing = table.ints("m").err().unwrap().to_string();
        assert!(missing.contains("column `m` was not found"), "{missing}");
        let other = table.ints("usd").err().unwrap().to_string();
        assert_eq!(
            other,
            "column `usd` is of type money, expected whole numbers"
        );
    }
}
