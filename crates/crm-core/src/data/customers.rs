//! The shop's table of customers: registration dates, opt-outs, further dimensions. It also
//! contains customers without an order (prospects, 見込み客).

mod bands;
#[cfg(test)]
mod tests;

pub(crate) use bands::{age_band, ages, dictionary, labels, places};

use super::blocks::BLANK;
use super::input::batches::{NamedColumns, RowDim, find, only_used, pick};
use super::input::parse::Problems;
use super::input::persons::{Persons, mapped};
use super::input::pseudonyms::PseudonymKey;
use super::input::truths::truths;
use super::state::{Asked, Receipt, load_understood, save_understood};
use super::text::cells::Understood;
use crate::bytes::{Kind, Reader, Writer, broken};
use crate::columns::{Batch, Buf, ColumnData};
use crate::context::{Context, collect, filled, push, room};
use crate::error::{Error, Result};
use crate::ids::{Ids, NO_ID};
use crate::time::{MAX_MICROS, MICROS_PER_DAY, MIN_MICROS};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// The columns that a date of birth makes.
pub(crate) const OF_BIRTH: [&str; 3] = ["birth_date", "birth_month", "age_band"];

/// Columns of a customers table by their role.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct CustomersSpec {
    /// The customer's id, of the same type as in the orders.
    pub customer_id: String,
    /// The date of registration (会員登録日).
    pub registered_at: Option<String>,
    /// Whether the customer has opted out of messages (配信停止): truth values, 0 and 1, or texts
    /// `true` and `false`; blank is false.
    pub opted_out: Option<String>,
    /// The date of birth (生年月日). It makes the columns `birth_date`, `birth_month` (1 to 12) and `age_band` (`20-29`,
    /// complete years on the date of the analysis; empty before birth).
    pub birth_date: Option<String>,
    /// Further columns to filter and break down by.
    pub dimensions: Vec<String>,
    /// Columns of numbers to cut into bands, with the bounds: `{"height": [150, 160]}` makes `under 150`, `150 to 160`
    /// (160 not included) and `160 or more`. They are dimensions, whether or not `dimensions` names them.
    pub bins: BTreeMap<String, Vec<f64>>,
    /// The zone of naive times. Default: the column's own zone, else UTC.
    pub timezone: Option<String>,
    /// How `registered_at` and `birth_date` are written, see the option of orders.
    pub date_format: Option<String>,
    /// The key by which ids are replaced on the way in, see the option of orders.
    #[cfg_attr(feature = "schemars", schemars(with = "Option<String>"))]
    pub pseudonym_key: Option<PseudonymKey>,
}

impl Default for CustomersSpec {
    fn default() -> Self {
        CustomersSpec {
            customer_id: "customer_id".into(),
            registered_at: None,
            opted_out: None,
            birth_date: None,
            dimensions: Vec::new(),
            bins: BTreeMap::new(),
            timezone: None,
            date_format: None,
            pseudonym_key: None,
        }
    }
}

impl CustomersSpec {
    /// Reads the spec from JSON text.
    ///
    /// # Errors
    ///
    /// An option error naming the option.
    pub fn parse(json: &str) -> Result<Self> {
        crate::request::read(json)
    }

    /// The names of the columns it reads, each once.
    pub fn columns(&self) -> Vec<&str> {
        let mut names: Vec<&str> = vec![&self.customer_id];
        let optional = [&self.registered_at, &self.opted_out, &self.birth_date];
        for name in optional.into_iter().flatten().map(String::as_str) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        for name in self.all_dimensions() {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    /// The columns to filter and break down by: those named, and those that are cut.
    fn all_dimensions(&self) -> impl Iterator<Item = &str> {
        let cut = self
            .bins
            .keys()
            .filter(|name| !self.dimensions.contains(name));
        self.dimensions.iter().chain(cut).map(String::as_str)
    }

    /// Refuses a dimension with the name of a column that `birth_date` makes.
    fn check(&self) -> Result<()> {
        let made = OF_BIRTH.into_iter().filter(|_| self.birth_date.is_some());
        for name in made {
            if self.all_dimensions().any(|dimension| dimension == name)
                && self.birth_date.as_deref() != Some(name)
            {
                let expected = "other names: `birth_date` makes this column";
                return Err(Error::option(
                    "dimensions",
                    serde_json::json!(name),
                    expected,
                ));
            }
        }
        Ok(())
    }
}

/// A validated table of customers.
pub struct Customers {
    pub(crate) spec: CustomersSpec,
    pub(crate) ids: Arc<Ids>,
    /// Each row's code in `ids`; each code has one row.
    codes: Buf<u32>,
    /// Civil day of registration by row; [`i32::MIN`] where unknown.
    pub(crate) registered: Option<Vec<i32>>,
    pub(crate) opted_out: Option<Vec<bool>>,
    /// Civil day of birth by row; [`i32::MIN`] where unknown.
    pub(crate) born: Option<Vec<i32>>,
    pub(crate) dims: Vec<RowDim>,
    understood: Vec<Understood>,
}

impl fmt::Debug for Customers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Customers({})", self.len())
    }
}

impl Customers {
    /// A customers table from columns.
    ///
    /// # Errors
    ///
    /// Missing columns, columns of wrong types, rows without a customer, two rows for one.
    pub fn from_batches(
        spec: &CustomersSpec,
        batches: &[Batch],
        context: &Context,
    ) -> Result<Customers> {
        spec.check()?;
        let input = NamedColumns::new(&spec.columns(), batches, context)?;
        let rows = input.rows;
        let chunks = |name: &str| -> Result<Vec<&ColumnData>> {
            batches.iter().map(|batch| find(batch, name)).collect()
        };
        let (ids, codes) = input.encode_people(
            &spec.customer_id,
            "a customer id",
            spec.pseudonym_key.as_ref(),
            &context.uncounted(),
        )?;
        let mut seen = filled(ids.len(), NO_ID, "customers")?;
        for (row, code) in codes.iter().enumerate() {
            if *code == NO_ID {
                return Err(Error::null(&spec.customer_id, row, "a customer id"));
            }
            let first = &mut seen[*code as usize];
            if *first != NO_ID {
                return Err(Error::Conflict {
                    column: spec.customer_id.clone(),
                    row: row as u64,
                    other_row: u64::from(*first),
                    problem: "two rows for one customer".into(),
                });
            }
            *first = row as u32;
        }
        let mut understood = Vec::new();
        if spec.date_format.is_some() && spec.registered_at.is_none() && spec.birth_date.is_none() {
            return Err(Error::OptionNeedsColumn {
                option: "date_format".into(),
                value: "given".into(),
                column: "registered_at".into(),
            });
        }
        let mut dates = |name: &Option<String>| {
            let Some(name) = name else { return Ok(None) };
            let (days, forms) = civil_days(spec, name, &input)?;
            understood.extend(forms);
            Ok(Some(days))
        };
        let registered = dates(&spec.registered_at)?;
        let born = dates(&spec.birth_date)?;
        let opted_out = match &spec.opted_out {
            Some(name) => Some(truths(name, &chunks(name)?, rows)?),
            None => None,
        };
        let mut dims = Vec::new();
        for name in spec.all_dimensions() {
            if let Some(bounds) = spec.bins.get(name) {
                dims.push(bands::cut(name, bounds, &chunks(name)?, context)?);
                continue;
            }
            let (ids, codes) = input.encode(name, "a category", &context.uncounted())?;
            dims.push(RowDim {
                name: name.to_owned(),
                ids,
                codes,
            });
        }
        Ok(Customers {
            spec: spec.clone(),
            ids,
            codes,
            registered,
            opted_out,
            born,
            dims,
            understood,
        })
    }

    /// The table without some of its rows, and without their ids and what only they held.
    pub(crate) fn without(&self, rows: &[u32], context: &Context) -> Result<Customers> {
        let mut gone = filled(self.len(), false, "customers")?;
        rows.iter().for_each(|row| gone[*row as usize] = true);
        let mut keep = room(self.len(), "customers")?;
        keep.extend((0..self.len() as u32).filter(|row| !gone[*row as usize]));
        self.taken(&keep, |ids, codes| only_used(ids, codes, context))
    }

    /// Some rows of the table with their ids, at a cost that depends on these rows alone.
    pub(crate) fn picked(&self, rows: &[u32], context: &Context) -> Result<Customers> {
        self.taken(rows, |ids, codes| ids.picked(codes, context))
    }

    /// Some rows of the table, with dictionaries as `used` makes them.
    fn taken(
        &self,
        keep: &[u32],
        used: impl Fn(&Arc<Ids>, &[u32]) -> Result<(Arc<Ids>, Buf<u32>)>,
    ) -> Result<Customers> {
        let (ids, codes) = used(&self.ids, &pick(&self.codes, keep)?)?;
        let mut dims = Vec::new();
        for dim in &self.dims {
            let (ids, codes) = used(&dim.ids, &pick(&dim.codes, keep)?)?;
            let name = dim.name.clone();
            push(&mut dims, RowDim { name, ids, codes }, "customers")?;
        }
        let at = |row: &u32| *row as usize;
        let days = |of: &Option<Vec<i32>>| {
            let of = of.as_ref();
            of.map(|days| collect(keep.iter().map(|r| days[at(r)]), "customers"))
                .transpose()
        };
        let opted_out = self.opted_out.as_ref();
        let opted_out = opted_out.map(|out| collect(keep.iter().map(|r| out[at(r)]), "customers"));
        Ok(Customers {
            spec: self.spec.clone(),
            ids,
            codes,
            registered: days(&self.registered)?,
            opted_out: opted_out.transpose()?,
            born: days(&self.born)?,
            dims,
            understood: self.understood.clone(),
        })
    }

    /// The table without these customers, as if built from rows that never had them: their rows, their ids, and what
    /// only they had of dimensions. `ids` are JSON numbers or texts. The receipt counts rows of the table.
    ///
    /// # Errors
    ///
    /// Ids of another type than came in.
    pub fn forget(
        &self,
        ids: &[serde_json::Value],
        context: &Context,
    ) -> Result<(Customers, Receipt)> {
        let mut row_of = filled(self.ids.len(), NO_ID, "customers")?;
        for (row, code) in self.codes.iter().enumerate() {
            row_of[*code as usize] = row as u32;
        }
        let asked = Asked::new(ids, &self.ids, |code| row_of[code as usize] != NO_ID)?;
        let rows = asked.found.iter().map(|code| row_of[*code as usize]);
        let rest = self.without(&collect(rows, "customers")?, context)?;
        let receipt = Receipt {
            customers: asked.found.len() as u64,
            unknown: asked.unknown,
            orders: 0,
            rows: asked.found.len() as u64,
        };
        Ok((rest, receipt))
    }

    /// The table as bytes, to be read by [`Customers::from_bytes`]: rows and settings. The ids, and what dimensions
    /// hold, are in them as they came in. Orders that have a customers table save it with them.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfMemory`].
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let mut to = Writer::new(Kind::Customers)?;
        to.text(env!("CARGO_PKG_VERSION"))?;
        self.save(&mut to)?;
        to.finish()
    }

    /// A table that [`Customers::to_bytes`] has written.
    ///
    /// # Errors
    ///
    /// [`Error::State`]: bytes that are no such state, cut short, changed, of another format or kind, or that hold
    /// what a table of customers cannot hold.
    pub fn from_bytes(bytes: &[u8], context: &Context) -> Result<Customers> {
        context.afford(bytes.len(), "customers")?;
        let mut from = Reader::new(Kind::Customers, bytes)?;
        let _version = from.text()?;
        let table = Customers::load(&mut from, context)?;
        from.finish()?;
        Ok(table)
    }

    /// The table under the ids of persons: of the rows of a person that with its id, else that of the least id, with the
    /// first registration of all and a date of birth of any row, if that row has none; a person who has opted out in one of the rows has opted out.
    pub(crate) fn with_persons(&self, persons: &Persons, context: &Context) -> Result<Customers> {
        let (ids, map) = persons.map(&self.ids, context)?;
        let codes = mapped(&self.codes, &map)?;
        let mut chosen = filled(ids.len(), NO_ID, "customers")?;
        for (row, person) in codes.iter().enumerate() {
            let best = &mut chosen[*person as usize];
            let own = |row: usize| self.codes[row];
            let better = |best: usize| {
                let is_person = |row: usize| own(row) == *person;
                is_person(row) || (!is_person(best) && ids.cmp(own(row), own(best)).is_lt())
            };
            if *best == NO_ID || better(*best as usize) {
                *best = row as u32;
            }
        }
        let mut registered = self.registered.clone();
        let mut opted_out = self.opted_out.clone();
        let mut born = self.born.clone();
        let mut gone = Vec::new();
        for (row, person) in codes.iter().enumerate() {
            let best = chosen[*person as usize] as usize;
            if best == row {
                continue;
            }
            push(&mut gone, row as u32, "customers")?;
            if let Some(days) = &mut registered
                && days[row] != i32::MIN
                && (days[best] == i32::MIN || days[row] < days[best])
            {
                days[best] = days[row];
            }
            if let Some(out) = &mut opted_out {
                out[best] |= out[row];
            }
            if let Some(born) = &mut born
                && born[best] == i32::MIN
            {
                born[best] = born[row];
            }
        }
        let all = Customers {
            spec: self.spec.clone(),
            ids,
            codes: codes.into(),
            registered,
            opted_out,
            born,
            dims: self.dims.clone(),
            understood: self.understood.clone(),
        };
        all.without(&gone, context)
    }

    /// Writes the table into a state.
    pub(crate) fn save(&self, to: &mut Writer) -> Result<()> {
        to.json(&self.spec)?;
        to.number(self.len() as u64)?;
        self.ids.save(self.len(), to)?;
        to.column(&self.codes)?;
        to.optional(self.registered.as_deref())?;
        to.number(u8::from(self.opted_out.is_some()))?;
        if let Some(opted_out) = &self.opted_out {
            let cells = collect(opted_out.iter().map(|out| u8::from(*out)), "customers")?;
            to.column(&cells)?;
        }
        to.optional(self.born.as_deref())?;
        for dim in &self.dims {
            dim.save(0, to)?;
        }
        save_understood(&self.understood, to)
    }

    /// Reads a table out of a state, with the checks of [`Customers::from_batches`].
    pub(crate) fn load(from: &mut Reader<'_>, context: &Context) -> Result<Customers> {
        let spec: CustomersSpec = from.json()?;
        let n = usize::try_from(from.number::<u64>()?).unwrap_or(usize::MAX);
        if n >= NO_ID as usize {
            return Err(broken("it has more customers than there can be"));
        }
        let ids = Ids::load(n, from, context)?;
        let codes = from.rows::<u32>(n)?;
        let mut seen = filled(ids.len(), false, "customers")?;
        for code in &codes {
            match seen.get_mut(*code as usize) {
                Some(seen) if !*seen => *seen = true,
                _ => return Err(broken("a customer has two rows or none")),
            }
        }
        let registered = days_of(from, n)?;
        let opted_out = from.optional::<u8>(n)?;
        let opted_out = match opted_out {
            Some(cells) => Some(collect(cells.iter().map(|cell| *cell != 0), "customers")?),
            None => None,
        };
        let born = days_of(from, n)?;
        let mut dims = Vec::new();
        for name in spec.all_dimensions() {
            let dim = RowDim::load(n, 0, from, context)?;
            let bounds = spec.bins.get(name);
            let is_band = |bounds: &Vec<f64>| -> Result<bool> {
                let places = places(&dim.ids, &labels(bounds))?;
                Ok(!places.contains(&NO_ID))
            };
            let is_cut = bounds.map(is_band).transpose()?;
            if dim.name != name || is_cut == Some(false) {
                return Err(broken("its columns are not those of its settings"));
            }
            dims.push(dim);
        }
        if registered.is_some() != spec.registered_at.is_some()
            || born.is_some() != spec.birth_date.is_some()
            || opted_out.is_some() != spec.opted_out.is_some()
        {
            return Err(broken("its columns are not those of its settings"));
        }
        Ok(Customers {
            spec,
            ids: Arc::new(ids),
            codes: codes.into(),
            registered,
            opted_out,
            born,
            dims,
            understood: load_understood(from)?,
        })
    }

    /// Whether a column for filters and breakdowns is of this table.
    pub(crate) fn has(&self, name: &str) -> bool {
        let role = |role: &str, column: &Option<String>| {
            column.is_some() && (name == role || column.as_deref() == Some(name))
        };
        role("registered_at", &self.spec.registered_at)
            || role("opted_out", &self.spec.opted_out)
            || role("birth_date", &self.spec.birth_date)
            || (self.born.is_some() && OF_BIRTH.contains(&name))
            || self.dims.iter().any(|dim| dim.name == name)
    }

    /// The number of customers.
    pub fn len(&self) -> usize {
        self.codes.len()
    }

    /// Whether there are no customers.
    pub fn is_empty(&self) -> bool {
        self.codes.is_empty()
    }

    /// How columns of texts were read.
    pub fn understood(&self) -> &[Understood] {
        &self.understood
    }

    /// Whether another table has the same customers with the same values, in any order of rows.
    pub(crate) fn says_as(&self, other: &Customers) -> Result<bool> {
        if std::ptr::eq(self, other) {
            return Ok(true);
        }
        if self.spec != other.spec || self.len() != other.len() {
            return Ok(false);
        }
        let rows = |table: &Customers| -> Result<Vec<usize>> {
            let mut of_code = filled(table.ids.len(), NO_ID, "customers")?;
            for (row, code) in table.codes.iter().enumerate() {
                of_code[*code as usize] = row as u32;
            }
            let by_id = table.ids.by_id()?.iter();
            let rows = by_id.map(|code| of_code[*code as usize]);
            Ok(rows.filter(|r| *r != NO_ID).map(|r| r as usize).collect())
        };
        let same = |one: &Ids, a: u32, other: &Ids, b: u32| match (a, b) {
            (NO_ID, _) | (_, NO_ID) => a == b,
            _ => one.kind() == other.kind() && one.at(a).compare(&other.at(b)).is_eq(),
        };
        let mut pairs = rows(self)?.into_iter().zip(rows(other)?);
        Ok(pairs.all(|(a, b)| {
            same(&self.ids, self.codes[a], &other.ids, other.codes[b])
                && self.registered.as_ref().map(|v| v[a]) == other.registered.as_ref().map(|v| v[b])
                && self.opted_out.as_ref().map(|v| v[a]) == other.opted_out.as_ref().map(|v| v[b])
                && self.born.as_ref().map(|v| v[a]) == other.born.as_ref().map(|v| v[b])
                && (self.dims.iter().zip(&other.dims))
                    .all(|(one, two)| same(&one.ids, one.codes[a], &two.ids, two.codes[b]))
        }))
    }

    /// Adds the customers to a dictionary. Returns the row of each of its codes, [`NO_ID`] for
    /// customers who are not in the table.
    pub(crate) fn join(&self, ids: &mut Ids, context: &Context) -> Result<Vec<u32>> {
        let used = filled(self.ids.len(), true, "customers")?;
        let mut used = used;
        let mut row_of = filled(self.ids.len(), NO_ID, "customers")?;
        for (row, code) in self.codes.iter().enumerate() {
            row_of[*code as usize] = row as u32;
        }
        for (used, row) in used.iter_mut().zip(&row_of) {
            *used = *row != NO_ID;
        }
        let map = ids.absorb(&self.ids, &used, context)?;
        let mut rows = filled(ids.len(), NO_ID, "customers")?;
        for (code, row) in map.iter().zip(&row_of).filter(|(_, row)| **row != NO_ID) {
            rows[*code as usize] = *row;
        }
        Ok(rows)
    }
}

/// The days of a saved column, each of the years 1 to 9999.
fn days_of(from: &mut Reader<'_>, n: usize) -> Result<Option<Vec<i32>>> {
    let column = from.optional::<i32>(n)?;
    let days = MIN_MICROS.div_euclid(MICROS_PER_DAY)..=MAX_MICROS.div_euclid(MICROS_PER_DAY);
    match (column.iter().flatten()).all(|day| *day == i32::MIN || days.contains(&i64::from(*day))) {
        true => Ok(column),
        false => Err(broken("a day is outside the years 1 to 9999")),
    }
}

/// Civil days of a column, and how the texts were read.
fn civil_days(
    spec: &CustomersSpec,
    name: &str,
    input: &NamedColumns,
) -> Result<(Vec<i32>, Vec<Understood>)> {
    let mut problems = Problems::new(false, input.rows);
    let (format, zone) = (spec.date_format.as_deref(), spec.timezone.as_deref());
    if format.is_some() {
        input.needs_texts("date_format", &[name], true)?;
    }
    let (instants, offsets, ..) = input.times(name, format, zone, &mut problems)?;
    let understood = std::mem::take(&mut problems.understood);
    problems.finish()?;
    let days = instants.iter().map(|t| match *t {
        BLANK => i32::MIN,
        t => offsets.day(t).0,
    });
    Ok((collect(days, "customers")?, understood))
}
