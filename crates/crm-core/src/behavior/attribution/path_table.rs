//! Reads a table of paths; what it has is said in [`paths`](super::paths).

use super::paths::{HasPaths, NONE, PathRules, Paths};
use crate::context::{Context, collect, filled, push, room};
use crate::error::{Error, Result};
use crate::ids::IdRef;
use crate::num::rank;
use crate::table::{Table, Values};
use foldhash::fast::FixedState;
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

impl HasPaths for Table {
    const KEYS: &'static [&'static str] = &[];

    fn paths(&self, rules: &PathRules, _: &str, _: &Context) -> Result<Arc<Paths>> {
        rules.only_of_events()?;
        self.cached("paths of attribution", || read(self))
    }
}

/// The paths of a table, ascending by the ranks of their channels, so that the order of rows does not count.
fn read(table: &Table) -> Result<Paths> {
    let (names, codes) = names_of(table)?;
    if let Some(row) = codes.iter().position(|code| names.of(*code).is_empty()) {
        return Err(Error::value("path", row, "channels joined by `>`"));
    }
    let conversions = counts(table, "conversions")?;
    let nulls = match table.column("nulls") {
        Some(_) => Some(counts(table, "nulls")?),
        None => None,
    };
    let revenue = match table.column("revenue") {
        Some(_) => Some(table.numbers("revenue")?),
        None => None,
    };
    if let Some(revenue) = &revenue {
        let unearned = |(money, bought): (&f64, &u64)| *money != 0.0 && *bought == 0;
        if let Some(row) = revenue.iter().zip(&conversions).position(unearned) {
            return Err(Error::value("revenue", row, "0 where `conversions` is 0"));
        }
    }
    let (mut paths, place) = names.into_paths()?;
    let row_of = collect(codes.iter().map(|code| place[*code as usize]), "paths")?;
    let n = paths.len();
    let summed = |counts: &[u64], name: &str| -> Result<Vec<f64>> {
        let mut sums = filled(n, 0_u64, "paths")?;
        for (path, count) in row_of.iter().zip(counts) {
            let sum = &mut sums[*path as usize];
            *sum = sum.checked_add(*count).ok_or_else(|| Error::Overflow {
                column: name.into(),
                what: "the sum of counts of one path",
            })?;
        }
        collect(sums.iter().map(|sum| *sum as f64), "paths")
    };
    paths.conversions = summed(&conversions, "conversions")?;
    paths.nulls = match nulls {
        Some(nulls) => summed(&nulls, "nulls")?,
        None => filled(n, 0.0, "paths")?,
    };
    if let Some(revenue) = revenue {
        paths.revenue = sums_in_order(&revenue, &row_of, n)?;
    }
    Ok(paths)
}

/// The sum of each path, its amounts in ascending order, so that the order of rows does not count.
fn sums_in_order(amounts: &[f64], row_of: &[u32], paths: usize) -> Result<Vec<f64>> {
    let mut starts = filled(paths + 1, 0_u32, "paths")?;
    row_of
        .iter()
        .for_each(|path| starts[*path as usize + 1] += 1);
    for path in 0..paths {
        starts[path + 1] += starts[path];
    }
    let mut next = collect(starts.iter().copied(), "paths")?;
    let mut grouped = filled(amounts.len(), 0.0, "paths")?;
    for (path, amount) in row_of.iter().zip(amounts) {
        let place = &mut next[*path as usize];
        grouped[*place as usize] = *amount;
        *place += 1;
    }
    let mut sums = room(paths, "paths")?;
    for of in starts.windows(2) {
        let own = &mut grouped[of[0] as usize..of[1] as usize];
        own.sort_unstable_by(f64::total_cmp);
        sums.push(own.iter().sum());
    }
    Ok(sums)
}

/// A column of counts.
fn counts(table: &Table, name: &str) -> Result<Vec<u64>> {
    let cells = table.numbers(name)?;
    let count = |v: &f64| *v >= 0.0 && *v == libm::trunc(*v) && *v < 9e15;
    match cells.iter().position(|v| !count(v)) {
        Some(row) => Err(Error::value(name, row, "a whole number from 0")),
        None => collect(cells.iter().map(|v| *v as u64), "paths"),
    }
}

/// The channels of each text, as codes in the order in which they came.
#[derive(Default)]
struct Sequences {
    codes: HashMap<String, u32, FixedState>,
    channels: Vec<String>,
    touches: Vec<u32>,
    /// The end of each text; that of one in which a name is missing, or which no row has, is its start.
    ends: Vec<usize>,
}

/// The sequences of the distinct texts of the column of paths, and the text of each row.
fn names_of(table: &Table) -> Result<(Sequences, Vec<u32>)> {
    let column = table.required("path")?;
    if let Some(row) = column.validity().and_then(|v| v.iter().position(|v| !v)) {
        return Err(Error::null("path", row, "a name"));
    }
    let used = |codes: &[u32], n: usize| -> Result<Vec<bool>> {
        let mut used = filled(n, false, "paths")?;
        codes.iter().for_each(|code| used[*code as usize] = true);
        Ok(used)
    };
    let mut all = Sequences::default();
    let codes = match column.values() {
        Values::Id { ids, codes } => {
            let used = used(codes, ids.len())?;
            for (code, used) in used.iter().enumerate() {
                let text = match ids.at(code as u32) {
                    _ if !used => Cow::Borrowed(""),
                    IdRef::Text(text) => text,
                    _ => Cow::Owned(ids.text(code as u32)),
                };
                all.add(&text)?;
            }
            collect(codes.iter().copied(), "paths")?
        }
        Values::Text { codes, texts } => {
            let used = used(codes, texts.len())?;
            for (text, used) in texts.iter().zip(used) {
                all.add(if used { text } else { "" })?;
            }
            collect(codes.iter().copied(), "paths")?
        }
        _ => {
            let (texts, codes) = table.names("path")?;
            texts.iter().try_for_each(|text| all.add(text))?;
            codes
        }
    };
    Ok((all, codes))
}

impl Sequences {
    /// The codes of a text's channels; none of a text in which a name is missing.
    fn of(&self, text: u32) -> &[u32] {
        let text = text as usize;
        let start = text.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.touches[start..self.ends[text]]
    }

    fn add(&mut self, text: &str) -> Result<()> {
        let start = self.touches.len();
        let whole = match text.contains('"') {
            false => self.all(text.split('>').map(|name| Cow::Borrowed(name.trim())))?,
            true => self.all(quoted(text).into_iter().map(Cow::Owned))?,
        };
        if !whole {
            self.touches.truncate(start);
        }
        push(&mut self.ends, self.touches.len(), "paths")
    }

    /// Adds names; false where one is empty.
    fn all<'a>(&mut self, names: impl Iterator<Item = Cow<'a, str>>) -> Result<bool> {
        for name in names {
            if name.is_empty() {
                return Ok(false);
            }
            let code = match self.codes.get(name.as_ref()) {
                Some(code) => *code,
                None => {
                    let code = self.channels.len() as u32;
                    push(&mut self.channels, name.to_string(), "channels")?;
                    self.codes.insert(name.into_owned(), code);
                    code
                }
            };
            push(&mut self.touches, code, "paths")?;
        }
        Ok(true)
    }

    /// The different sequences in ascending order, without counts, and the place of each text among them.
    fn into_paths(mut self) -> Result<(Paths, Vec<u32>)> {
        let mut order = collect(0..self.channels.len() as u32, "channels")?;
        let by_name = |code: &u32| {
            let name = &self.channels[*code as usize];
            (name != NONE, name)
        };
        order.sort_unstable_by(|a, b| by_name(a).cmp(&by_name(b)));
        let mut place = filled(order.len(), 0_u32, "channels")?;
        for (at, code) in order.iter().enumerate() {
            place[*code as usize] = at as u32;
        }
        for touch in &mut self.touches {
            *touch = place[*touch as usize];
        }
        // The first touches in one number, of which 0 is none: it decides nearly always.
        let bits = u64::BITS - (order.len() as u64).leading_zeros();
        let head = |text: u32| {
            let of = self.of(text);
            let first = (0..u64::BITS / bits.max(1)).map(|at| of.get(at as usize));
            first.fold(0, |key, touch| {
                key << bits | touch.map_or(0, |t| u64::from(t + 1))
            })
        };
        let heads = collect((0..self.ends.len()).map(|text| head(text as u32)), "paths")?;
        let mut texts = rank::order(&heads)?;
        for same in texts.chunk_by_mut(|a, b| heads[*a as usize] == heads[*b as usize]) {
            if same.len() > 1 {
                same.sort_unstable_by(|a, b| self.of(*a).cmp(self.of(*b)));
            }
        }
        let mut paths = Paths::default();
        crate::context::grow(&mut paths.touches, self.touches.len(), "paths")?;
        let mut of_text = filled(texts.len(), u32::MAX, "paths")?;
        for same in texts.chunk_by(|a, b| self.of(*a) == self.of(*b)) {
            let touches = self.of(same[0]);
            // Texts that no row has.
            if touches.is_empty() {
                continue;
            }
            for text in same {
                of_text[*text as usize] = paths.len() as u32;
            }
            paths.touches.extend_from_slice(touches);
            push(&mut paths.ends, paths.touches.len(), "paths")?;
        }
        let name = |code: &u32| std::mem::take(&mut self.channels[*code as usize]);
        paths.channels = order.iter().map(name).collect();
        Ok((paths, of_text))
    }
}

/// The names in a text such as `a > "b > c"`; an empty one where a quotation mark is not closed or followed by something.
fn quoted(text: &str) -> Vec<String> {
    let (mut all, mut rest) = (Vec::new(), text);
    loop {
        rest = rest.trim_start();
        let Some(quoted) = rest.strip_prefix('"') else {
            let Some((name, after)) = rest.split_once('>') else {
                all.push(rest.trim().to_owned());
                return all;
            };
            all.push(name.trim().to_owned());
            rest = after;
            continue;
        };
        let (mut name, mut after) = (String::new(), quoted);
        let closed = loop {
            let Some((part, tail)) = after.split_once('"') else {
                break false;
            };
            name.push_str(part);
            match tail.strip_prefix('"') {
                Some(tail) => {
                    name.push('"');
                    after = tail;
                }
                None => {
                    after = tail.trim_start();
                    break true;
                }
            }
        };
        let next = after.strip_prefix('>');
        if !closed || next.is_none() && !after.is_empty() {
            all.push(String::new());
            return all;
        }
        all.push(name);
        match next {
            Some(next) => rest = next,
            None => return all,
        }
    }
}
