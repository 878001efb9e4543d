//! The whole identification of a table of people, which its tables share.

use super::decide::{Found, decide};
use super::input::PeopleTable;
use super::options::Options;
use super::previous::{Change, persons};
use super::records::{Form, Records, Texts};
use super::words::NONE;
use crate::context::{Context, collect, filled};
use crate::error::Result;
use crate::ids::Ids;
use crate::table::Table;
use serde_json::{Value, json};
use std::sync::Arc;

/// What was found out about the records of a table.
pub(super) struct Identity {
    pub(super) ids: Arc<Ids>,
    /// By place: the record, its person, its household, whether it represents the person.
    pub(super) record: Vec<u32>,
    pub(super) person: Vec<u32>,
    pub(super) household: Vec<u32>,
    pub(super) representative: Vec<bool>,
    pub(super) found: Found,
    pub(super) changes: Vec<Change>,
    /// Sums of the `value` of both records of each pair for review.
    pub(super) review_value: Option<Vec<f64>>,
    /// Cells that were not blank and could not be used, and ids in `not_same_as` that no record has.
    pub(super) unusable: Value,
}

impl Identity {
    /// The identification of a table with these options, from the cache of the table if it is there.
    pub(super) fn of(table: &Table, options: &Options, context: &Context) -> Result<Arc<Identity>> {
        let key = serde_json::to_string(options).unwrap_or_default();
        table.cached(&key, || Identity::new(table, options, context))
    }

    fn new(table: &Table, options: &Options, context: &Context) -> Result<Identity> {
        let limits = options.limits()?;
        // Codes, texts and pairs of a record.
        context.afford(table.len().saturating_mul(600), "the comparison of records")?;
        let input = PeopleTable::read(table, context)?;
        let form = Form {
            hashed: options.hashed,
            email: options.email(),
            seed: context.hash_seed,
        };
        let mut records = Records::read(&input.typed, &input.order, form)?;
        let unusable = unusable(&input, &records);
        let filled_in = fields(&records)?;
        context.check()?;
        let found = decide(&mut records, &input.apart, limits, context)?;
        let (person, changes) = persons(
            &found.person,
            &input.id,
            input.previous.as_deref(),
            input.ids.len(),
        )?;
        let household = collect(
            found.household.iter().map(|at| person[*at as usize]),
            "persons",
        )?;
        // The record with the most fields stands for the person, then the one updated last, then the first.
        let mut best = collect((0..input.order.len()).map(|at| at as u32), "persons")?;
        let better = |a: u32, b: u32| {
            let key = |at: u32| {
                (
                    filled_in[at as usize],
                    input.updated[at as usize],
                    std::cmp::Reverse(at),
                )
            };
            key(a) > key(b)
        };
        for (at, root) in found.person.iter().enumerate() {
            let best = &mut best[*root as usize];
            if better(at as u32, *best) {
                *best = at as u32;
            }
        }
        let stands = found
            .person
            .iter()
            .enumerate()
            .map(|(at, root)| best[*root as usize] == at as u32);
        let representative = collect(stands, "persons")?;
        let mut identity = Identity {
            ids: input.ids,
            record: input.id,
            person,
            household,
            representative,
            found,
            changes,
            review_value: None,
            unusable,
        };
        if let Some(value) = input.value {
            identity.by_value(&value)?;
        }
        Ok(identity)
    }

    /// Puts the pairs for review of the most value first.
    fn by_value(&mut self, value: &[f64]) -> Result<()> {
        let review = &mut self.found.review;
        let of = |link: &super::decide::Link| value[link.a as usize] + value[link.b as usize];
        review.sort_unstable_by(|x, y| {
            let by_weight = y.weight.total_cmp(&x.weight);
            of(y)
                .total_cmp(&of(x))
                .then(by_weight)
                .then((x.a, x.b).cmp(&(y.a, y.b)))
        });
        self.review_value = Some(collect(review.iter().map(of), "links")?);
        Ok(())
    }

    /// Notes of the table of persons: counts and the model, and nothing of the records.
    pub(super) fn notes(&self) -> Value {
        let found = &self.found;
        let names = [
            "family", "given", "birth", "sex", "email", "phone", "address",
        ];
        let levels = |of: &[[f64; 3]; 7]| -> Value {
            let each = names.iter().zip(of);
            let each = each.map(|(name, [differ, close, agree])| {
                (
                    name.to_string(),
                    json!({"differ": differ, "close": close, "agree": agree}),
                )
            });
            each.collect::<serde_json::Map<_, _>>().into()
        };
        json!({
            "compared_pairs": found.compared,
            "blocks_over_limit": found.split,
            "skipped_pairs": found.skipped,
            "shared_identifiers": found.shared.len(),
            "review_pairs": found.review.len(),
            "unusable": self.unusable,
            "m": levels(&found.weights.m),
            "u": levels(&found.weights.u),
            "lambda": found.weights.lambda,
            "itaiji": super::normalize::ITAIJI_VERSION,
        })
    }
}

/// Cells that are not blank and have no form for comparing.
fn unusable(input: &PeopleTable, records: &Records) -> Value {
    let lost = |column: &Option<Texts>, codes: &[u32]| {
        let came = column
            .as_ref()
            .map_or(0, |c| c.codes.iter().filter(|code| **code != NONE).count());
        came - codes.iter().filter(|code| **code != NONE).count()
    };
    let typed = &input.typed;
    json!({
        "email": lost(&typed.email, &records.email),
        "phone": lost(&typed.phone, &records.phone),
        "birth_date": lost(&typed.birth_date, &records.birth),
        "sex": lost(&typed.sex, &records.sex),
        "zip": lost(&typed.zip, &records.zip),
        "not_same_as": input.unknown,
    })
}

/// How many fields each record has.
fn fields(records: &Records) -> Result<Vec<u8>> {
    let r = records;
    let mut counts = filled(r.len, 0_u8, "records")?;
    let columns = [
        &r.account,
        &r.email,
        &r.phone,
        &r.family.written,
        &r.family.kana,
        &r.given.written,
        &r.given.kana,
        &r.birth,
        &r.sex,
        &r.zip,
        &r.street,
        &r.building,
    ];
    for column in columns {
        for (count, code) in counts.iter_mut().zip(column) {
            *count += u8::from(*code != NONE);
        }
    }
    Ok(counts)
}
