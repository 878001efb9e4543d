//! Identifiers that are nobody's: telephone numbers, e-mail addresses and dates of birth that many people share.

use super::records::Records;
use super::words::NONE;
use crate::context::{collect, push};
use crate::error::Result;

/// What kind of value is shared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Email,
    Phone,
    BirthDate,
}

/// A value that is no evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shared {
    pub(super) kind: Kind,
    /// The value with most of its characters hidden.
    pub(super) masked: String,
    /// Records that have it.
    pub(super) records: u32,
    /// Different people among them, by their names or dates of birth.
    pub(super) people: u32,
}

/// Times the mean count of a date of birth above which a date is one that a system fills in.
const FILLED_IN: usize = 20;

/// Takes out the values of which more than `limit` records with different names or dates of birth have one. Returns
/// them, those of the most records first.
pub(super) fn take_out(records: &mut Records, limit: usize) -> Result<Vec<Shared>> {
    let mut found = Vec::new();
    let people = people(records)?;
    let births = records.birth.clone();
    for kind in [Kind::Email, Kind::Phone] {
        let (column, words) = match kind {
            Kind::Email => (&mut records.email, &records.emails),
            _ => (&mut records.phone, &records.phones),
        };
        let mut order = present(column)?;
        order.sort_unstable();
        for group in order
            .chunk_by(|a, b| a.0 == b.0)
            .filter(|group| group.len() > limit)
        {
            let different = |of: &dyn Fn(usize) -> u64, missing: u64| -> Result<usize> {
                let mut values = collect(group.iter().map(|(_, at)| of(*at as usize)), "records")?;
                values.retain(|value| *value != missing);
                values.sort_unstable();
                values.dedup();
                Ok(values.len())
            };
            let named = different(&|at| people[at], u64::MAX)?;
            let born = different(&|at| births[at].into(), NONE.into())?;
            let count = named.max(born);
            if count <= limit {
                continue;
            }
            let masked = mask(kind, words.text(group[0].0), records.hashed);
            let shared = Shared {
                kind,
                masked,
                records: group.len() as u32,
                people: count as u32,
            };
            push(&mut found, shared, "shared identifiers")?;
            group.iter().for_each(|(_, at)| column[*at as usize] = NONE);
        }
    }
    let mut order = present(&records.birth)?;
    order.sort_unstable();
    let distinct = order.chunk_by(|a, b| a.0 == b.0).count();
    let usual = FILLED_IN * order.len() / distinct.max(1);
    for group in order.chunk_by(|a, b| a.0 == b.0) {
        // A few dates of few records say nothing.
        if group.len() > limit.max(usual) && distinct > FILLED_IN {
            let shared = Shared {
                kind: Kind::BirthDate,
                masked: mask(
                    Kind::BirthDate,
                    records.births.text(group[0].0),
                    records.hashed,
                ),
                records: group.len() as u32,
                people: group.len() as u32,
            };
            push(&mut found, shared, "shared identifiers")?;
            group
                .iter()
                .for_each(|(_, at)| records.birth[*at as usize] = NONE);
        }
    }
    found.sort_unstable_by(|a, b| {
        let key = |s: &Shared| {
            (
                std::cmp::Reverse(s.records),
                s.kind,
                std::cmp::Reverse(s.people),
            )
        };
        key(a).cmp(&key(b)).then_with(|| a.masked.cmp(&b.masked))
    });
    Ok(found)
}

/// The value of each record with one, and the record.
fn present(column: &[u32]) -> Result<Vec<(u32, u32)>> {
    let mut out = Vec::new();
    for (at, code) in column.iter().enumerate().filter(|(_, code)| **code != NONE) {
        push(&mut out, (*code, at as u32), "records")?;
    }
    Ok(out)
}

/// The full name of each record, as a number: by its reading where there is one.
fn people(records: &Records) -> Result<Vec<u64>> {
    let each = (0..records.len).map(|at| {
        let half = |name: &super::records::Name| match name.roman[at] {
            NONE => (1 << 31) | u64::from(name.written[at] & 0x7FFF_FFFF),
            code => u64::from(code),
        };
        half(&records.family) << 32 | half(&records.given)
    });
    let missing = (1_u64 << 31 | 0x7FFF_FFFF) << 32 | (1 << 31 | 0x7FFF_FFFF);
    collect(
        each.map(|key| if key == missing { u64::MAX } else { key }),
        "records",
    )
}

/// A value with most of its characters hidden: `090********`, `t***@***`, `19******`.
pub(super) fn mask(kind: Kind, text: &str, hashed: bool) -> String {
    let first = |n: usize| text.chars().take(n).collect::<String>();
    if hashed {
        return "***".to_owned();
    }
    match kind {
        Kind::Email => format!("{}***@***", first(1)),
        Kind::Phone => format!("{}{}", first(3), "*".repeat(text.len().saturating_sub(3))),
        Kind::BirthDate => format!("{}******", first(2)),
    }
}
