//! The table of persons that `identify` makes, as a map of ids.

use crate::context::{Context, collect, filled};
use crate::error::{Error, Result};
use crate::ids::{Ids, NO_ID};
use crate::table::{Table, Values};
use std::sync::Arc;

/// The person of each record.
pub(crate) struct Persons<'a> {
    records: (&'a Arc<Ids>, &'a [u32]),
    persons: (&'a Arc<Ids>, &'a [u32]),
}

impl<'a> Persons<'a> {
    /// The columns `record_id` and `person_id` of a table.
    pub(crate) fn read(table: &'a Table) -> Result<Option<Persons<'a>>> {
        let ids = |name: &str| -> Result<Option<(&'a Arc<Ids>, &'a [u32])>> {
            let column = table.required(name)?;
            match column.values() {
                Values::Id { ids, codes } => match column.validity() {
                    None => Ok(Some((ids, &codes[..]))),
                    Some(valid) => {
                        let row = valid.iter().position(|valid| !valid).unwrap_or(0);
                        Err(Error::null(name, row, "an id"))
                    }
                },
                _ if table.is_empty() => Ok(None),
                other => Err(Error::ColumnType {
                    column: name.into(),
                    found: other.ty().name().into(),
                    expected: "ids: texts, whole numbers or bytes".into(),
                }),
            }
        };
        let (records, persons) = (ids("record_id")?, ids("person_id")?);
        let Some((records, persons)) = records.zip(persons) else {
            return Ok(None);
        };
        let mut seen = filled(records.0.len(), NO_ID, "persons")?;
        for (row, code) in records.1.iter().enumerate() {
            let first = &mut seen[*code as usize];
            if *first != NO_ID {
                return Err(Error::Conflict {
                    column: "record_id".into(),
                    row: row as u64,
                    other_row: u64::from(*first),
                    problem: "two persons for one record".into(),
                });
            }
            *first = row as u32;
        }
        Ok(Some(Persons { records, persons }))
    }

    /// How many of the records are none of these ids.
    pub(crate) fn unknown(&self, ids: &Ids) -> u64 {
        let (known, codes) = self.records;
        let is_unknown = |code: &&u32| ids.code_of(&known.at(**code)).is_none();
        codes.iter().filter(is_unknown).count() as u64
    }

    /// A dictionary with these ids and those of persons, and its code of the person of each code of `ids`: of an id that
    /// is no record, its own.
    pub(crate) fn map(&self, ids: &Ids, context: &Context) -> Result<(Arc<Ids>, Vec<u32>)> {
        for (name, other) in [("record_id", self.records.0), ("person_id", self.persons.0)] {
            if other.kind() != ids.kind() && !ids.is_empty() {
                return Err(Error::ColumnType {
                    column: name.into(),
                    found: other.kind().to_string(),
                    expected: format!("{}, as the customers' ids", ids.kind()),
                });
            }
        }
        let mut all = ids.copied()?;
        let mut absorb = |(other, codes): (&Arc<Ids>, &[u32])| -> Result<Vec<u32>> {
            let mut used = filled(other.len(), false, "persons")?;
            codes.iter().for_each(|code| used[*code as usize] = true);
            all.absorb(other, &used, context)
        };
        let (records, persons) = (absorb(self.records)?, absorb(self.persons)?);
        let mut map = collect((0..all.len()).map(|code| code as u32), "persons")?;
        for (record, person) in self.records.1.iter().zip(self.persons.1) {
            map[records[*record as usize] as usize] = persons[*person as usize];
        }
        Ok((Arc::new(all), map))
    }
}

/// The codes of customers as the codes of their persons.
pub(crate) fn mapped(codes: &[u32], map: &[u32]) -> Result<Vec<u32>> {
    let each = codes.iter().map(|code| match *code {
        NO_ID => NO_ID,
        code => map[code as usize],
    });
    collect(each, "persons")
}
