//! Rows about customers that come with a request, such as complaints or answers: a list for each column.
//!
//! ```text
//! {"customer_id": ["c1", "c2"], "occurred_at": ["2026-03-01T10:00", "2026-03-02"], "answered_at": [null, "2026-03-04"]}
//! ```
//!
//! A definition has the number of rows and their SHA-256, not the rows: they are about people.

use crate::context::push;
use crate::data::Orders;
use crate::error::{Error, Result, nearest};
use crate::ids::Ids;
use crate::sha256::Sha256;
use crate::time::{MAX_MICROS, MICROS_PER_DAY, MIN_MICROS, Moment, Offsets, Zone};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value, json};

/// Rows, a list for each column; none by default.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rows(Value);

impl Rows {
    /// Rows of a JSON object with a list for each column. They are checked when an analysis reads them.
    pub fn new(columns: Value) -> Rows {
        Rows(columns)
    }
}

impl<'de> Deserialize<'de> for Rows {
    /// Anything: the error of an analysis names column and row, and repeats no cell.
    fn deserialize<D: Deserializer<'de>>(from: D) -> std::result::Result<Self, D::Error> {
        Value::deserialize(from).map(Rows)
    }
}

impl Serialize for Rows {
    fn serialize<S: Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
        if self.0.is_null() {
            return to.serialize_none();
        }
        let columns = self.0.as_object().into_iter().flat_map(Map::values);
        let rows = columns.filter_map(Value::as_array).map(Vec::len).max();
        let digest = Sha256::digest(self.0.to_string());
        let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        json!({"rows": rows.unwrap_or(0), "sha256": digest}).serialize(to)
    }
}

#[cfg(feature = "schemars")]
impl schemars::JsonSchema for Rows {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Rows".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": ["object", "null"],
            "description": "a list for each column"
        })
    }
}

/// Rows with the columns that an analysis reads.
pub(super) struct Given<'a> {
    /// The name of the option.
    option: &'static str,
    columns: &'a Map<String, Value>,
    pub(super) len: usize,
}

/// The instants of a column and their civil days; `None` for a null.
pub(super) type Times = Vec<Option<(i64, i32)>>;

impl Rows {
    /// The rows; refuses other columns than these.
    pub(super) fn given(
        &self,
        option: &'static str,
        needed: &[&str],
        optional: &[&str],
    ) -> Result<Given<'_>> {
        let all: Vec<String> = needed.iter().chain(optional).map(|c| (*c).into()).collect();
        let known: Vec<String> = all.iter().map(|name| format!("`{name}`")).collect();
        let wrong = |path: String, expected: String| Err(Error::option(path, "", expected));
        let Value::Object(columns) = &self.0 else {
            let expected = format!(
                "an object with a list for each column: {}",
                known.join(", ")
            );
            return wrong(option.into(), expected);
        };
        if let Some(name) = columns.keys().find(|name| !all.contains(name)) {
            let meant = nearest(name, &all).map_or(String::new(), |m| format!(", perhaps `{m}`"));
            let expected = format!("the columns {}{meant}", known.join(", "));
            return wrong(format!("{option}.{name}"), expected);
        }
        if let Some(name) = needed.iter().find(|name| !columns.contains_key(**name)) {
            return wrong(option.into(), format!("a column `{name}`"));
        }
        let mut len = None;
        for (name, cells) in columns {
            let path = || format!("{option}.{name}");
            let Value::Array(cells) = cells else {
                return wrong(path(), "a list of cells".into());
            };
            if *len.get_or_insert(cells.len()) != cells.len() {
                return wrong(path(), "as many cells as the other columns have".into());
            }
        }
        Ok(Given {
            option,
            columns,
            len: len.unwrap_or(0),
        })
    }
}

impl Given<'_> {
    fn cells(&self, name: &str) -> Option<&[Value]> {
        self.columns.get(name)?.as_array().map(Vec::as_slice)
    }

    /// Whether there is such a column.
    pub(super) fn has(&self, name: &str) -> bool {
        self.columns.contains_key(name)
    }

    /// The error of a cell.
    pub(super) fn wrong(&self, name: &str, row: usize, expected: &'static str) -> Error {
        Error::value(format!("{}.{name}", self.option), row, expected)
    }

    /// Reads the cells of a column; null if there is no such column.
    fn read<T>(
        &self,
        name: &str,
        expected: &'static str,
        one: impl Fn(&Value) -> Option<T>,
    ) -> Result<Vec<Option<T>>> {
        let mut read = Vec::new();
        for row in 0..self.len {
            let cell = self.cells(name).map_or(&Value::Null, |cells| &cells[row]);
            let found = match cell {
                Value::Null => None,
                cell => Some(one(cell).ok_or_else(|| self.wrong(name, row, expected))?),
            };
            push(&mut read, found, "rows")?;
        }
        Ok(read)
    }

    /// The codes of ids: `None` for a null, and within for an id that the dictionary does not have.
    pub(super) fn codes(&self, name: &str, ids: &Ids) -> Result<Vec<Option<Option<u32>>>> {
        // A dictionary of no ids has no kind that could be wrong.
        let any = |cell: &Value| ids.is_empty().then_some(cell).map(|_| None);
        self.read(name, "an id, of the type that the orders have", |cell| {
            let known = ids.read_json(cell).map(|id| ids.code_of(&id));
            known.or_else(|| any(cell))
        })
    }

    /// The codes of customers who have one of the orders: a dictionary may have numbers between those that occur.
    pub(super) fn customers(&self, orders: &Orders) -> Result<Vec<Option<Option<u32>>>> {
        let known = orders.with_orders()?;
        let codes = self.codes("customer_id", orders.ids())?.into_iter();
        let has_order = |code: Option<u32>| code.filter(|code| known[*code as usize]);
        crate::context::collect(codes.map(|code| code.map(has_order)), "rows")
    }

    /// Texts, or numbers as texts.
    pub(super) fn texts(&self, name: &str) -> Result<Vec<Option<String>>> {
        self.read(name, "a text or a number", |cell| match cell {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        })
    }

    /// Finite numbers.
    pub(super) fn numbers(&self, name: &str) -> Result<Vec<Option<f64>>> {
        self.read(name, "a number", Value::as_f64)
    }

    /// Instants: a time without an offset is on the clocks of the zone, a date is its beginning.
    pub(super) fn times(&self, name: &str, zone: Zone) -> Result<Times> {
        let expected = "a date or a time such as \"2026-11-21T10:00:00+09:00\"";
        let moments = self.read(name, expected, |cell| {
            Moment::try_from(cell.as_str()?.to_owned()).ok()
        })?;
        let near = |moment: &Moment| match moment {
            Moment::Day(day) => i64::from(day.0).saturating_mul(MICROS_PER_DAY),
            Moment::Instant(at) | Moment::Wall(at) => *at,
        };
        let known = || moments.iter().flatten().map(near);
        let low = known()
            .min()
            .unwrap_or(0)
            .saturating_sub(2 * MICROS_PER_DAY);
        let high = known()
            .max()
            .unwrap_or(0)
            .saturating_add(2 * MICROS_PER_DAY);
        let offsets = Offsets::new(zone, low.max(MIN_MICROS), high.min(MAX_MICROS));
        let instant = |moment: Moment| match moment {
            Moment::Day(day) => (offsets.start_of(day), day.0),
            other => {
                let at = other.instant(&offsets);
                (at, offsets.day(at).0)
            }
        };
        crate::context::collect(
            moments.into_iter().map(|moment| moment.map(instant)),
            "rows",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::IdKind;

    #[test]
    fn a_wrong_cell_is_named_by_column_and_row_and_not_repeated() {
        let rows = Rows::new(json!({"customer_id": ["hanako", 7], "at": ["2026-03-01", "soon"]}));
        let given = rows
            .given("complaints", &["customer_id", "at"], &[])
            .unwrap();
        let ids = Ids::new(IdKind::Text, 0);
        assert_eq!(given.codes("customer_id", &ids).unwrap(), [Some(None); 2]);
        let error = given.times("at", Zone::UTC).unwrap_err();
        assert_eq!(
            (error.column(), error.row()),
            (Some("complaints.at"), Some(1))
        );
        assert!(!error.to_string().contains("soon"), "{error}");
        for (rows, says) in [
            (json!(null), "a list for each column"),
            (json!([1]), "a list for each column"),
            (json!({"customer_id": []}), "a column `at`"),
            (json!({"customer_id": [], "at": 3}), "a list of cells"),
            (json!({"customer_id": [], "at": [1]}), "as many cells"),
            (
                json!({"customer_ids": [], "at": []}),
                "perhaps `customer_id`",
            ),
        ] {
            let rows = Rows::new(rows);
            let error = rows
                .given("complaints", &["customer_id", "at"], &[])
                .err()
                .unwrap();
            assert!(error.to_string().contains(says), "{error}");
        }
    }

    #[test]
    fn a_definition_has_no_rows() {
        let rows = Rows::new(json!({"customer_id": ["hanako"]}));
        let shown = serde_json::to_string(&rows).unwrap();
        assert!(shown.starts_with("{\"rows\":1,\"sha256\":\"") && !shown.contains("hanako"));
        assert_eq!(serde_json::to_string(&Rows::default()).unwrap(), "null");
    }

    #[test]
    fn times_are_on_the_clocks_of_the_zone() {
        let zone = Zone::parse("Asia/Tokyo").unwrap();
        let rows =
            Rows::new(json!({"at": ["2026-03-01", "2026-03-01T08:00", "2026-03-01T23:00Z", null]}));
        let given = rows.given("x", &["at"], &[]).unwrap();
        let times = given.times("at", zone).unwrap();
        let day = "2026-03-01".parse::<crate::time::Day>().unwrap().0;
        let start = i64::from(day) * MICROS_PER_DAY - 9 * 3_600_000_000;
        assert_eq!(times[0], Some((start, day)));
        assert_eq!(times[1], Some((start + 8 * 3_600_000_000, day)));
        assert_eq!(times[2], Some((start + 32 * 3_600_000_000, day + 1)));
        assert_eq!(times[3], None);
    }
}
