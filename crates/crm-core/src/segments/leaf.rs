//! Which rows of a column meet the condition of a leaf.
//!
//! Numbers, money (in major units) and dates are compared by value, texts by bytes, and a word only with words of its
//! closed list. A date is ISO text or days relative to the date of the analysis: `"-30d"`. `starts` and `contains`
//! compare folded texts: wide and narrow letters, and capitals and small letters, are the same.

use super::tree::{Bound, Leaf, Test};
use crate::context::{collect, filled};
use crate::error::{Error, Result};
use crate::ids::{IdKind, IdRef, Ids};
use crate::money::Currency;
use crate::table::{Column, Label, Values};
use crate::time::{Day, Offsets, Zone};
use serde_json::Value;
use std::cmp::Ordering;

/// Which rows of the leaf's column meet its condition.
pub(super) fn passing(leaf: &Leaf, column: &Column, as_of: Day) -> Result<Vec<bool>> {
    if let Test::Null(null) = leaf.test {
        let known = |row: usize| column.validity().is_none_or(|valid| valid[row]);
        let rows = 0..column.values().len();
        return collect(rows.map(|row| known(row) != null), "conditions");
    }
    let mut pass = match column.values() {
        Values::Category { codes, labels } => words(leaf, codes, labels)?,
        Values::Bool(cells) => truths(leaf, cells)?,
        Values::Text { codes, texts } => {
            let pass = texts.iter().map(|text| of_text(leaf, text));
            by_code(codes, &pass.collect::<Result<Vec<bool>>>()?)?
        }
        Values::Id { ids, codes } if !is_number(ids) => {
            let pass = (0..ids.len()).map(|code| of_text(leaf, &ids.text(code as u32)));
            by_code(codes, &pass.collect::<Result<Vec<bool>>>()?)?
        }
        _ => numbers(leaf, column, as_of)?,
    };
    if let Some(valid) = column.validity() {
        pass.iter_mut().zip(valid).for_each(|(p, v)| *p &= *v);
    }
    Ok(pass)
}

fn is_number(ids: &Ids) -> bool {
    matches!(ids.kind(), IdKind::Int(_) | IdKind::Unsigned(_))
}

fn by_code(codes: &[u32], pass: &[bool]) -> Result<Vec<bool>> {
    // The codes of null cells may be of no text.
    let of = |code: &u32| pass.get(*code as usize).copied().unwrap_or(false);
    collect(codes.iter().map(of), "conditions")
}

/// The error for a value that the field cannot have, or an operator that it has not.
fn mismatch(leaf: &Leaf, found: &Value, expected: &str) -> Error {
    let operator = match &leaf.test {
        Test::Equal(_) => "eq",
        Test::Unequal(_) => "ne",
        Test::Less(_) => "lt",
        Test::AtMost(_) => "le",
        Test::Greater(_) => "gt",
        Test::AtLeast(_) => "ge",
        Test::Between(..) => "between",
        Test::In(_) => "in",
        Test::Null(_) => "null",
        Test::Starts(_) => "starts",
        Test::Contains(_) => "contains",
    };
    let found = match found {
        Value::Null => String::new(),
        found => found.to_string(),
    };
    let expected = format!("{expected} for `{}`", leaf.field.name);
    Error::option(format!("{}.{operator}", leaf.path), found, expected)
}

/// Words of a closed list: only equality, and only words of the list.
fn words(leaf: &Leaf, codes: &[u8], labels: &[Label]) -> Result<Vec<bool>> {
    let names: Vec<String> = labels.iter().map(|l| format!("`{}`", l.code)).collect();
    let expected = || format!("one of {}", names.join(", "));
    let place = |value: &Value| {
        let word = value.as_str();
        let place = labels.iter().position(|label| Some(label.code) == word);
        place.ok_or_else(|| mismatch(leaf, value, &expected()))
    };
    let mut pass = filled(labels.len(), false, "conditions")?;
    match &leaf.test {
        Test::Equal(word) => pass[place(word)?] = true,
        Test::Unequal(word) => {
            pass.fill(true);
            pass[place(word)?] = false;
        }
        Test::In(words) => {
            for word in words {
                pass[place(word)?] = true;
            }
        }
        _ => {
            let expected = format!("`eq`, `ne`, `in` or `null` with {}", expected());
            return Err(mismatch(leaf, &Value::Null, &expected));
        }
    }
    let of = |code: &u8| pass.get(usize::from(*code)).copied().unwrap_or(false);
    collect(codes.iter().map(of), "conditions")
}

fn truths(leaf: &Leaf, cells: &[bool]) -> Result<Vec<bool>> {
    let truth = |value: &Value| {
        let truth = value.as_bool();
        truth.ok_or_else(|| mismatch(leaf, value, "true or false"))
    };
    let wanted = match &leaf.test {
        Test::Equal(value) => vec![truth(value)?],
        Test::Unequal(value) => vec![!truth(value)?],
        Test::In(values) => values.iter().map(truth).collect::<Result<Vec<bool>>>()?,
        _ => {
            let expected = "`eq`, `ne`, `in` or `null` with true or false";
            return Err(mismatch(leaf, &Value::Null, expected));
        }
    };
    collect(cells.iter().map(|cell| wanted.contains(cell)), "conditions")
}

/// Whether a text meets the condition.
fn of_text(leaf: &Leaf, text: &str) -> Result<bool> {
    let other = |value: &Value| match value {
        Value::String(other) => Ok(text.as_bytes().cmp(other.as_bytes())),
        value => Err(mismatch(leaf, value, "a text")),
    };
    let end = |bound: &Bound| match bound {
        Bound::Value(value) => other(value),
        Bound::Quantile(_) => Err(mismatch(leaf, &Value::Null, "a text, no quantile,")),
    };
    Ok(match &leaf.test {
        Test::Equal(value) => other(value)?.is_eq(),
        Test::Unequal(value) => other(value)?.is_ne(),
        Test::Less(bound) => end(bound)?.is_lt(),
        Test::AtMost(bound) => end(bound)?.is_le(),
        Test::Greater(bound) => end(bound)?.is_gt(),
        Test::AtLeast(bound) => end(bound)?.is_ge(),
        Test::Between(low, high) => {
            if let (Bound::Value(Value::String(first)), Bound::Value(Value::String(last))) =
                (low, high)
                && first.as_bytes() > last.as_bytes()
            {
                return Err(mismatch(leaf, &Value::Null, "the lesser value first"));
            }
            end(low)?.is_ge() & end(high)?.is_le()
        }
        Test::In(values) => {
            let mut any = false;
            for value in values {
                any |= other(value)?.is_eq();
            }
            any
        }
        Test::Starts(start) => folded(text).starts_with(&folded(start)),
        Test::Contains(part) => folded(text).contains(&folded(part)),
        Test::Null(_) => false,
    })
}

/// The meaning of numbers in a column.
#[derive(Clone, Copy)]
enum Sort {
    Number,
    Money(Currency),
    /// Civil days.
    Day,
}

/// Numbers, money in minor units and days: compared by value.
fn numbers(leaf: &Leaf, column: &Column, as_of: Day) -> Result<Vec<bool>> {
    let (sort, cells) = cells(column)?;
    let value = |value: &Value| {
        let number = match sort {
            Sort::Number => value.as_f64(),
            Sort::Money(currency) => value.as_f64().map(|major| minor(major, currency)),
            Sort::Day => value.as_str().and_then(|text| day(text, as_of)),
        };
        let expected = match sort {
            Sort::Number => "a number",
            Sort::Money(_) => "an amount in major units",
            Sort::Day => "a date such as \"2026-11-21\", or days from the date such as \"-30d\"",
        };
        number.ok_or_else(|| mismatch(leaf, value, expected))
    };
    let end = |bound: &Bound| match bound {
        Bound::Value(of) => value(of),
        Bound::Quantile(share) => quantile(&cells, column.validity(), *share),
    };
    let each =
        |meets: &dyn Fn(f64) -> bool| collect(cells.iter().map(|cell| meets(*cell)), "conditions");
    match &leaf.test {
        Test::Equal(of) => value(of).and_then(|v| each(&|cell| cell == v)),
        Test::Unequal(of) => value(of).and_then(|v| each(&|cell| cell != v)),
        Test::Less(of) => end(of).and_then(|v| each(&|cell| cell < v)),
        Test::AtMost(of) => end(of).and_then(|v| each(&|cell| cell <= v)),
        Test::Greater(of) => end(of).and_then(|v| each(&|cell| cell > v)),
        Test::AtLeast(of) => end(of).and_then(|v| each(&|cell| cell >= v)),
        Test::Between(low, high) => {
            let (low, high) = (end(low)?, end(high)?);
            if low > high {
                return Err(mismatch(leaf, &Value::Null, "the lesser value first"));
            }
            each(&|cell| low <= cell && cell <= high)
        }
        Test::In(of) => {
            let of = of.iter().map(value).collect::<Result<Vec<f64>>>()?;
            each(&|cell| of.contains(&cell))
        }
        Test::Starts(_) | Test::Contains(_) | Test::Null(_) => {
            let expected = "an operator of numbers and dates (texts are no values)";
            Err(mismatch(leaf, &Value::Null, expected))
        }
    }
}

/// The cells as numbers; null cells are anything.
fn cells(column: &Column) -> Result<(Sort, Vec<f64>)> {
    let what = "conditions";
    Ok(match column.values() {
        Values::I32(v) => (
            Sort::Number,
            collect(v.iter().map(|v| f64::from(*v)), what)?,
        ),
        Values::I64(v) => (Sort::Number, collect(v.iter().map(|v| *v as f64), what)?),
        Values::F64(v) => (Sort::Number, collect(v.iter().copied(), what)?),
        Values::Money(v, currency) => (
            Sort::Money(*currency),
            collect(v.iter().map(|v| *v as f64), what)?,
        ),
        Values::Date(v) => (Sort::Day, collect(v.iter().map(|v| f64::from(*v)), what)?),
        Values::Instant(v, zone) => (Sort::Day, days(v, *zone)?),
        Values::Id { ids, codes } => {
            let number = |code: &u32| match (*code as usize) < ids.len() {
                true => match ids.at(*code) {
                    IdRef::Int(v) => v as f64,
                    IdRef::Unsigned(v) => v as f64,
                    _ => 0.0,
                },
                false => 0.0,
            };
            (Sort::Number, collect(codes.iter().map(number), what)?)
        }
        Values::Bool(_) | Values::Category { .. } | Values::Text { .. } => {
            return Err(Error::internal("words were compared as numbers"));
        }
    })
}

/// The civil days of instants.
fn days(instants: &[i64], zone: Zone) -> Result<Vec<f64>> {
    let (low, high) = (instants.iter().min(), instants.iter().max());
    let offsets = Offsets::new(zone, *low.unwrap_or(&0), *high.unwrap_or(&0));
    let day = |at: &i64| f64::from(offsets.day(*at).0);
    collect(instants.iter().map(day), "conditions")
}

/// An amount in minor units; exactly whole if it is meant to be.
fn minor(major: f64, currency: Currency) -> f64 {
    let minor = major * currency.scale() as f64;
    let whole = libm::round(minor);
    match libm::fabs(minor - whole) < 1e-6 {
        true => whole,
        false => minor,
    }
}

/// A civil day: ISO text, or days from `as_of`.
fn day(text: &str, as_of: Day) -> Option<f64> {
    if let Ok(day) = text.parse::<Day>() {
        return Some(f64::from(day.0));
    }
    let days = text.strip_suffix('d')?;
    let digits = days.strip_prefix(['-', '+']).unwrap_or(days);
    let plain = (1..=6).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    let days: i32 = days.parse().ok().filter(|_| plain)?;
    Some(f64::from(as_of.0) + f64::from(days))
}

/// The least value with at least this share of the values not above it; NaN, which no number meets, without a value.
fn quantile(cells: &[f64], valid: Option<&[bool]>, share: f64) -> Result<f64> {
    let mut known = Vec::new();
    for (row, cell) in cells.iter().enumerate() {
        if valid.is_none_or(|valid| valid[row]) {
            crate::context::push(&mut known, *cell, "conditions")?;
        }
    }
    let place = libm::ceil(share * known.len() as f64) as usize;
    let place = place.max(1) - 1;
    if place >= known.len() {
        return Ok(f64::NAN);
    }
    let by = |a: &f64, b: &f64| a.partial_cmp(b).unwrap_or(Ordering::Equal);
    let (_, found, _) = known.select_nth_unstable_by(place, by);
    Ok(*found)
}

/// Half-width katakana from U+FF61 on, in full width.
const KATAKANA: &str = "。「」、・ヲァィゥェォャュョッーアイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワン";

/// A text in which width and case make no difference: full-width ASCII is narrow, half-width katakana is wide, a
/// voiced mark is joined to its letter, and letters are small.
pub(super) fn folded(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars() {
        let letter = match letter {
            '\u{3000}' => ' ',
            '\u{ff01}'..='\u{ff5e}' => narrow(letter),
            '\u{ff61}'..='\u{ff9d}' => wide(letter),
            '\u{ff9e}' | '\u{ff9f}' => {
                // A voiced letter follows its plain one; of ハ to ホ a half-voiced one is the next but one.
                let by = 1 + u32::from(letter == '\u{ff9f}');
                match out.pop() {
                    Some(before) => out.push(voiced(before, by)),
                    None => out.push(letter),
                }
                continue;
            }
            letter => letter,
        };
        out.extend(letter.to_lowercase());
    }
    out
}

fn narrow(letter: char) -> char {
    char::from_u32(u32::from(letter) - 0xfee0).unwrap_or(letter)
}

fn wide(letter: char) -> char {
    let place = (u32::from(letter) - 0xff61) as usize;
    KATAKANA.chars().nth(place).unwrap_or(letter)
}

fn voiced(letter: char, by: u32) -> char {
    let takes = match by {
        1 => "カキクケコサシスセソタチツテトハヒフヘホ",
        _ => "ハヒフヘホ",
    };
    match letter {
        'ウ' if by == 1 => 'ヴ',
        letter if takes.contains(letter) => {
            char::from_u32(u32::from(letter) + by).unwrap_or(letter)
        }
        letter => letter,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::segments::tree::Tree;
    use serde_json::json;
    use std::sync::Arc;

    fn pass(column: &Column, test: Value) -> Result<Vec<bool>> {
        let mut leaf = test;
        leaf["field"] = json!("rfm.x");
        let tree = Tree::new(&leaf, "where").unwrap();
        passing(&tree.leaves[0], column, Day(100))
    }

    fn rows(column: &Column, test: Value) -> Vec<usize> {
        let pass = pass(column, test).unwrap();
        (0..pass.len()).filter(|row| pass[*row]).collect()
    }

    #[test]
    fn numbers_money_and_days_are_compared_by_value() {
        let whole = Column::named("x", Values::I32(vec![1, 2, 3, 4, 0]))
            .with_validity(vec![true, true, true, true, false]);
        for (test, found) in [
            (json!({"eq": 2}), vec![1]),
            (json!({"ne": 2}), vec![0, 2, 3]),
            (json!({"lt": 2.5}), vec![0, 1]),
            (json!({"le": 2}), vec![0, 1]),
            (json!({"gt": 2}), vec![2, 3]),
            (json!({"ge": 2}), vec![1, 2, 3]),
            (json!({"between": [2, 3]}), vec![1, 2]),
            (json!({"in": [1, 4, 9]}), vec![0, 3]),
            (json!({"null": true}), vec![4]),
            (json!({"null": false}), vec![0, 1, 2, 3]),
            // Half of four values are not above the second.
            (json!({"gt": {"quantile": 0.5}}), vec![2, 3]),
            (json!({"le": {"quantile": 0}}), vec![0]),
            (json!({"ge": {"quantile": 1}}), vec![3]),
            (json!({"ge": {"quantile": 0.51}}), vec![2, 3]),
        ] {
            assert_eq!(rows(&whole, test.clone()), found, "{test}");
        }
        let cents = Values::Money(vec![1980, 1981].into(), Currency::USD);
        let cents = Column::named("x", cents);
        assert_eq!(rows(&cents, json!({"eq": 19.8})), [0]);
        assert_eq!(rows(&cents, json!({"gt": 19.8})), [1]);
        assert_eq!(rows(&cents, json!({"ge": 19.805})), [1]);
        let days = Column::named("x", Values::Date(vec![70, 100, 130]));
        assert_eq!(rows(&days, json!({"ge": "-30d"})), [0, 1, 2]);
        assert_eq!(rows(&days, json!({"gt": "-30d"})), [1, 2]);
        assert_eq!(rows(&days, json!({"between": ["0d", "+29d"]})), [1]);
        assert_eq!(rows(&days, json!({"eq": Day(130).to_string()})), [2]);
        for wrong in ["-30", "d", "-d", "--3d", "2026-02-30", "1234567d"] {
            assert!(pass(&days, json!({"ge": wrong})).is_err(), "{wrong}");
        }
    }

    #[test]
    fn texts_are_folded_and_words_are_of_their_list() {
        let texts = ["Tea", "ＴＥＡ set", "ガラス", "ｶﾞﾗｽ"].map(String::from);
        let values = Values::Text {
            codes: vec![0, 1, 2, 3],
            texts: Arc::new(texts.to_vec()),
        };
        let column = Column::named("x", values);
        for (test, found) in [
            (json!({"starts": "tea"}), vec![0, 1]),
            (json!({"contains": "SET"}), vec![1]),
            (json!({"contains": "ﾗｽ"}), vec![2, 3]),
            (json!({"starts": "ガ"}), vec![2, 3]),
            (json!({"eq": "Tea"}), vec![0]),
            (json!({"ne": "Tea"}), vec![1, 2, 3]),
            (json!({"ge": "ガ"}), vec![1, 2, 3]),
            (json!({"in": ["Tea", "ガラス"]}), vec![0, 2]),
        ] {
            assert_eq!(rows(&column, test.clone()), found, "{test}");
        }
        assert_eq!(folded("ﾊﾟﾊﾞﾊ゜ｳﾞﾎﾟー　Ｚ"), "パバハ゜ヴポー z");
        const LIST: &[Label] =
            crate::table::labels! { "due", "Due", "予定"; "late", "Late", "遅れ"; };
        let words = Values::Category {
            codes: vec![0, 1, 1],
            labels: LIST,
        };
        let words = Column::named("x", words);
        assert_eq!(rows(&words, json!({"eq": "late"})), [1, 2]);
        assert_eq!(rows(&words, json!({"ne": "late"})), [0]);
        assert_eq!(rows(&words, json!({"in": ["late", "due"]})), [0, 1, 2]);
        for (column, test, says) in [
            (
                &words,
                json!({"eq": "lat"}),
                "option `where.eq`: expected one of `due`, `late` for `rfm.x`",
            ),
            (
                &words,
                json!({"ge": "late"}),
                "option `where.ge`: expected `eq`, `ne`, `in` or `null`",
            ),
            (
                &column,
                json!({"eq": 1}),
                "option `where.eq`: expected a text for `rfm.x`",
            ),
            (
                &column,
                json!({"ge": {"quantile": 0.5}}),
                "option `where.ge`: expected a text, no quantile",
            ),
        ] {
            let error = pass(column, test).unwrap_err().to_string();
            assert!(error.starts_with(says), "{error}");
        }
        let truths = Column::named("x", Values::Bool(vec![true, false]));
        assert_eq!(rows(&truths, json!({"ne": true})), [1]);
        assert!(pass(&truths, json!({"eq": 1})).is_err());
        let numbers = Column::named("x", Values::I32(vec![1]));
        assert!(pass(&numbers, json!({"eq": "1"})).is_err());
        assert!(pass(&numbers, json!({"starts": "1"})).is_err());
    }
}
