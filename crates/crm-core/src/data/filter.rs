//! Columns to filter and break down by, and the conditions on their values.

use crate::columns::Buf;
use crate::context::{collect, filled};
use crate::error::{Error, Result};
use crate::ids::{IdKind, IdRef, Ids, NO_ID};
use crate::scope::{Condition, RangeCondition};
use crate::table::{Label, Values};
use crate::time::Day;
use serde_json::Value;
use std::cmp::Ordering;
use std::sync::Arc;

/// A column to filter and break down by.
pub(crate) struct Attribute {
    pub(crate) level: Level,
    pub(crate) values: AttributeValues,
}

/// Whether lines, orders or customers have the values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    Line,
    Order,
    Customer,
}

/// Values by line, order or customer code.
pub(crate) enum AttributeValues {
    /// Codes of a dictionary; [`NO_ID`] is null.
    Codes(Arc<Ids>, Buf<u32>),
    /// Codes as before, and the place of each code in the order of the values, which is not that of their texts.
    Bands(Arc<Ids>, Buf<u32>, Vec<u32>),
    /// Words of a closed list; [`NO_WORD`] is null.
    Words(&'static [Label], Vec<u8>),
    /// Civil days; [`i32::MIN`] is null.
    Days(Vec<i32>),
    /// Truth values.
    Bools(Vec<bool>),
    /// Amounts in minor units and their scale.
    Amounts(Vec<i64>, i64),
}

/// One value of an attribute.
pub(crate) enum Item<'a> {
    Null,
    Id(IdRef<'a>),
    Word(&'a str),
    Day(Day),
    Bool(bool),
    Major(f64),
}

impl AttributeValues {
    pub(crate) fn item(&self, i: usize) -> Item<'_> {
        match self {
            AttributeValues::Codes(ids, codes) | AttributeValues::Bands(ids, codes, _) => {
                match codes[i] {
                    NO_ID => Item::Null,
                    code => Item::Id(ids.at(code)),
                }
            }
            AttributeValues::Words(labels, codes) => match labels.get(usize::from(codes[i])) {
                Some(label) => Item::Word(label.code),
                None => Item::Null,
            },
            AttributeValues::Days(days) => match days[i] {
                i32::MIN => Item::Null,
                day => Item::Day(Day(day)),
            },
            AttributeValues::Bools(values) => Item::Bool(values[i]),
            AttributeValues::Amounts(values, scale) => {
                Item::Major(crate::money::divide(values[i].into(), *scale as u64))
            }
        }
    }

    /// The values at these indices as cells of a table, and their validity.
    pub(crate) fn cells(&self, places: &[usize]) -> Result<(Values, Vec<bool>)> {
        let what = "table column";
        let present = |places: &[usize], test: &dyn Fn(usize) -> bool| {
            collect(places.iter().map(|at| test(*at)), what)
        };
        let all = filled(places.len(), true, what)?;
        Ok(match self {
            AttributeValues::Codes(ids, codes) | AttributeValues::Bands(ids, codes, _) => {
                let or_zero = |at: &usize| Some(codes[*at]).filter(|c| *c != NO_ID).unwrap_or(0);
                let ids = ids.clone();
                let cells = collect(places.iter().map(or_zero), what)?;
                let valid = present(places, &|at| codes[at] != NO_ID)?;
                (Values::Id { ids, codes: cells }, valid)
            }
            AttributeValues::Words(labels, codes) => {
                let is_word = |at: usize| usize::from(codes[at]) < labels.len();
                let or_first = |at: &usize| if is_word(*at) { codes[*at] } else { 0 };
                let cells = collect(places.iter().map(or_first), what)?;
                let valid = present(places, &is_word)?;
                (
                    Values::Category {
                        codes: cells,
                        labels,
                    },
                    valid,
                )
            }
            AttributeValues::Days(days) => {
                let or_zero = |at: &usize| Some(days[*at]).filter(|d| *d != i32::MIN).unwrap_or(0);
                let cells = collect(places.iter().map(or_zero), what)?;
                let valid = present(places, &|at| days[at] != i32::MIN)?;
                (Values::Date(cells), valid)
            }
            AttributeValues::Bools(flags) => {
                let cells = collect(places.iter().map(|at| flags[*at]), what)?;
                (Values::Bool(cells), all)
            }
            AttributeValues::Amounts(..) => {
                return Err(Error::option(
                    "by",
                    "",
                    "a column of few values, not amounts",
                ));
            }
        })
    }

    /// Which of the values meet a condition.
    pub(crate) fn test(&self, name: &str, condition: &Condition) -> Result<Vec<bool>> {
        let n = match self {
            AttributeValues::Codes(_, codes) | AttributeValues::Bands(_, codes, _) => codes.len(),
            AttributeValues::Words(_, codes) => codes.len(),
            AttributeValues::Days(days) => days.len(),
            AttributeValues::Bools(values) => values.len(),
            AttributeValues::Amounts(values, _) => values.len(),
        };
        match self {
            // Once per distinct value.
            AttributeValues::Codes(ids, codes) | AttributeValues::Bands(ids, codes, _) => {
                if let Condition::Range(range) = condition {
                    one_reading(name, ids, range)?;
                }
                let null = matches(name, condition, &Item::Null)?;
                let mut pass = filled(ids.len(), false, "filter")?;
                if let Some(found) = exact(ids, condition)? {
                    for code in found {
                        pass[code as usize] = true;
                    }
                } else {
                    for (code, pass) in pass.iter_mut().enumerate() {
                        *pass = matches(name, condition, &Item::Id(ids.at(code as u32)))?;
                    }
                }
                collect(
                    codes
                        .iter()
                        .map(|c| if *c == NO_ID { null } else { pass[*c as usize] }),
                    "filter",
                )
            }
            _ => {
                if let AttributeValues::Words(labels, _) = self {
                    known_words(name, condition, labels)?;
                }
                let mut pass = filled(n, false, "filter")?;
                for (i, pass) in pass.iter_mut().enumerate() {
                    *pass = matches(name, condition, &self.item(i))?;
                }
                Ok(pass)
            }
        }
    }
}

/// The codes of the values in a list, found by search instead of a scan of the dictionary.
fn exact(ids: &Ids, condition: &Condition) -> Result<Option<Vec<u32>>> {
    let values = match condition {
        Condition::Is(value) => std::slice::from_ref(value),
        Condition::In(values) => values,
        Condition::Range(_) => return Ok(None),
    };
    let fits = |value: &Value| match ids.kind() {
        IdKind::Int(_) | IdKind::Unsigned(_) => value.is_i64() || value.is_u64() || value.is_null(),
        _ => value.is_string() || value.is_null(),
    };
    if !values.iter().all(fits) {
        return Ok(None);
    }
    let mut codes = Vec::new();
    for value in values {
        if let Some(code) = ids.find(value)? {
            crate::context::push(&mut codes, code, "filter")?;
        }
    }
    Ok(Some(codes))
}

/// Refuses a word that is not in the closed list of a column, because no row can have it.
pub(super) fn known_words(name: &str, condition: &Condition, labels: &[Label]) -> Result<()> {
    let values = match condition {
        Condition::Is(value) => std::slice::from_ref(value),
        Condition::In(values) => values,
        Condition::Range(_) => return Ok(()),
    };
    let known = |word: &str| labels.iter().any(|label| label.code == word);
    match values.iter().filter_map(Value::as_str).find(|w| !known(w)) {
        Some(word) => {
            let codes: Vec<String> = labels.iter().map(|l| format!("`{}`", l.code)).collect();
            let expected = format!("one of {}", codes.join(", "));
            Err(Error::option(
                format!("where.{name}"),
                Value::from(word),
                expected,
            ))
        }
        None => Ok(()),
    }
}

/// Refuses a range of numbers on a column of texts if the order of bytes and the order of numbers
/// give different rows.
pub(super) fn one_reading(name: &str, ids: &Ids, range: &RangeCondition) -> Result<()> {
    let read = |text: &str| text.parse::<f64>().ok().filter(|v| v.is_finite());
    let ends = [&range.from, &range.to].map(|end| end.as_ref().and_then(Value::as_str));
    let numbers = ends.map(|end| end.and_then(read));
    let plain = ends
        .iter()
        .zip(&numbers)
        .all(|(end, number)| end.is_some() == number.is_some());
    if ids.kind() != IdKind::Text || !plain || numbers == [None, None] {
        return Ok(());
    }
    for code in 0..ids.len() as u32 {
        let IdRef::Text(text) = ids.at(code) else {
            continue;
        };
        let Some(value) = read(&text) else { continue };
        let by_bytes = ends[0].is_none_or(|from| text.as_bytes() >= from.as_bytes())
            && ends[1].is_none_or(|to| text.as_bytes() <= to.as_bytes());
        let by_value =
            numbers[0].is_none_or(|from| value >= from) && numbers[1].is_none_or(|to| value <= to);
        if by_bytes != by_value {
            return Err(Error::option(
                format!("where.{name}"),
                "",
                "a list of values, or a column of numbers: the column holds texts, and between these ends \
                 its texts (\"10\" comes before \"9\") and its numbers (9 comes before 10) are not the same",
            ));
        }
    }
    Ok(())
}

pub(super) fn matches(name: &str, condition: &Condition, item: &Item) -> Result<bool> {
    let equal = |value: &Value| Ok(compare(name, item, value)? == Some(Ordering::Equal));
    match condition {
        Condition::Is(value) => equal(value),
        Condition::In(values) => {
            for value in values {
                if equal(value)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        Condition::Range(range) => {
            let from = match &range.from {
                Some(from) => compare(name, item, from)?.is_some_and(Ordering::is_ge),
                None => !matches!(item, Item::Null),
            };
            let to = match &range.to {
                Some(to) => compare(name, item, to)?.is_some_and(Ordering::is_le),
                None => true,
            };
            Ok(from && to)
        }
    }
}

/// Compares a value with a value given as JSON; `None` if exactly one of them is null.
pub(super) fn compare(name: &str, item: &Item, value: &Value) -> Result<Option<Ordering>> {
    // The given value may be a customer's data, so the message has only its type.
    let wrong = |expected: &'static str| {
        let name = format!("where.{name}");
        Err(Error::option(name, kind_of(value), expected))
    };
    if value.is_null() {
        return Ok(matches!(item, Item::Null).then_some(Ordering::Equal));
    }
    Ok(match item {
        Item::Null => None,
        Item::Id(IdRef::Int(v)) => match number(value) {
            Some(given) => Some(given.compared(i128::from(*v))),
            None => return wrong("a number, as in the column"),
        },
        Item::Id(IdRef::Unsigned(v)) => match number(value) {
            Some(given) => Some(given.compared(i128::from(*v))),
            None => return wrong("a number, as in the column"),
        },
        Item::Id(IdRef::Text(text)) => match value.as_str() {
            Some(given) => Some(text.as_bytes().cmp(given.as_bytes())),
            None => return wrong("a text, as in the column"),
        },
        Item::Id(IdRef::Bytes(_)) => return wrong("the text of a 16-byte UUID"),
        Item::Word(word) => match value.as_str() {
            Some(given) => Some((*word).cmp(given)),
            None => return wrong("a word"),
        },
        Item::Day(day) => match value.as_str().and_then(|s| s.parse::<Day>().ok()) {
            Some(given) => Some(day.cmp(&given)),
            None => return wrong("a date such as \"2026-11-21\""),
        },
        Item::Bool(truth) => match value.as_bool() {
            Some(given) => Some(truth.cmp(&given)),
            None => return wrong("true or false"),
        },
        Item::Major(amount) => match value.as_f64() {
            Some(given) => amount.partial_cmp(&given),
            None => return wrong("an amount in major units"),
        },
    })
}

/// A number in a condition: whole numbers exactly, others as floats.
enum Number {
    Whole(i128),
    Float(f64),
}

fn number(value: &Value) -> Option<Number> {
    let whole = value.as_i64().map(i128::from);
    let whole = whole.or_else(|| value.as_u64().map(i128::from));
    match whole {
        Some(whole) => Some(Number::Whole(whole)),
        None => value.as_f64().map(Number::Float),
    }
}

impl Number {
    /// Compares the id `v` with this number. Ids have up to 64 bits, more than a float represents
    /// exactly.
    fn compared(&self, v: i128) -> Ordering {
        match self {
            Number::Whole(given) => v.cmp(given),
            // The cast clamps numbers beyond i128, which is outside the range of ids.
            Number::Float(given) => {
                let floor = libm::floor(*given);
                let by_whole = v.cmp(&(floor as i128));
                by_whole.then(match *given > floor {
                    true => Ordering::Less,
                    false => Ordering::Equal,
                })
            }
        }
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
