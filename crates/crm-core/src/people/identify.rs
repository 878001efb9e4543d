//! One customer, one id (名寄せ): which records are one person, why, and how sure.
//!
//! # Definition
//!
//! The input is a table with a row for each record: `record_id`, and any of `account`, `email`, `phone`, `family_name`,
//! `given_name`, `family_kana`, `given_kana`, `birth_date`, `sex`, `zip`, `prefecture`, `city`, `address` (street, or the whole
//! address), `building`, `registered_at`, `updated_at`, `not_same_as` (ids of records of other people, separated by `;`),
//! `previous_person_id` (the record's person at the last run) and `value` (what the record is worth, for the order of the
//! review).
//!
//! 1. Texts are brought into one form ([`normalize`](super::normalize)).
//! 2. An e-mail address or telephone number of more than `shared_limit` records with different names or dates of birth is
//!    nobody's: it is no evidence.
//! 3. Records that have an e-mail address or telephone number and are equal in every field are compared as one. Records with a common key are compared (e-mail, telephone number, given name and date of birth, family name and date
//!    of birth, street and given name, postal code and family name, full name). Blocks of more than `block_limit` records
//!    are split by date of birth and given name; the pairs that are skipped are counted in the notes, each once.
//! 4. Each field agrees, is close, differs or is missing. The model of Fellegi and Sunter makes of this a weight and a
//!    probability, in which a rare name counts more.
//! 5. Records of one account are one person. Links above the policy's threshold join records, strongest first, where no
//!    pair of the person is forbidden and it has at most `max_cluster` records that differ.
//!
//! **Families stay apart:** two records are never one person if the given names differ, or are only close and the dates of
//! birth differ. Such records with the same family name and a common contact are one household. `not_same_as` is never
//! overridden.
//!
//! Ties: records are put in order by `registered_at`, then by id, so the order of rows does not count. A person's id is that
//! of its first record; an id of the last run wins.
//!
//! Source: Fellegi, Sunter (1969), *A Theory for Record Linkage*, JASA 64; Winkler (1990) for similar names.

use super::compare::{ADDRESS, BIRTH, EMAIL, FAMILY, GIVEN, PHONE, SEX};
use super::decide::Link;
use super::fields::{
    AGREEMENTS, DECISIONS, EVIDENCE_ADDRESS, EVIDENCE_BIRTH, EVIDENCE_EMAIL, EVIDENCE_FAMILY,
    EVIDENCE_GIVEN, EVIDENCE_PHONE, EVIDENCE_SEX, HOUSEHOLD_ID, IDENTIFIERS, LINKED_BY, PERSON_ID,
    PersonChange, RECORD_A, RECORD_B, RECORD_ID, RECORDS, RULES, Role, WEIGHT, agreement, decision,
    kind, rule,
};
use super::identity::Identity;
use super::input;
use super::options::Options;
use super::words::NONE;
use crate::analysis::Analysis;
use crate::context::{Context, collect};
use crate::error::Result;
use crate::table::shared::PROBABILITY;
use crate::table::{Column, Field, Table, Values, columns};
use std::sync::Arc;

/// The analysis `identify`: the person and the household of each record.
#[derive(Debug)]
pub struct Identify;

impl Analysis for Identify {
    const NAME: &'static str = "identify";
    const SUMMARY: &'static str = "The person and the household of each record of a customer table";
    const JA: &'static str = "名寄せ";
    const COLUMNS: &'static [Field] = &columns! {
        RECORD_ID;
        PERSON_ID;
        HOUSEHOLD_ID;
        "role": Category, "", "役割", "Whether the record represents the person: it has the most fields.";
        "confidence": Float, "share", "確信度", "The probability of the strongest link within the person; of a record alone, that no other is the same person.";
    };
    const OPTIONAL: &'static [&'static str] = input::COLUMNS;
    type Data = Table;
    type Options = Options;

    fn run(data: &Table, _: &(), options: &Options, context: &Context) -> Result<Table> {
        let identity = Identity::of(data, options, context)?;
        let f = Self::COLUMNS;
        // Rows in ascending order of the records' ids.
        let mut order = collect((0..identity.record.len()).map(|at| at as u32), "persons")?;
        order.sort_unstable_by(|a, b| {
            identity
                .ids
                .cmp(identity.record[*a as usize], identity.record[*b as usize])
        });
        let pick = |from: &[u32], field: &Field| {
            Column::ids(
                field,
                &identity.ids,
                order.iter().map(|at| from[*at as usize]),
            )
        };
        let role = order
            .iter()
            .map(|at| match identity.representative[*at as usize] {
                true => Some(Role::Representative as u8),
                false => Some(Role::Member as u8),
            });
        let confidence = order
            .iter()
            .map(|at| Some(identity.found.confidence[*at as usize]));
        let table = Table::new(vec![
            pick(&identity.record, &f[0])?,
            pick(&identity.person, &f[1])?,
            pick(&identity.household, &f[2])?,
            Column::words(&f[3], Role::LABELS, role)?,
            Column::floats(&f[4], confidence)?,
        ]);
        Ok(table.with_note("identity", identity.notes()))
    }
}

/// The columns of a pair after its two records.
fn pairs(identity: &Identity, links: &[Link], fields: &[Field]) -> Result<Vec<Column>> {
    let mut columns = Vec::new();
    for field in fields {
        let id = |at: fn(&Link) -> u32| {
            let codes = links.iter().map(|link| identity.record[at(link) as usize]);
            Column::ids(field, &identity.ids, codes)
        };
        let evidence = |at: usize| {
            let levels = links
                .iter()
                .map(|link| Some(agreement(link.pattern.field(at))));
            Column::words(field, AGREEMENTS, levels)
        };
        columns.push(match field.name {
            "record_a" => id(|link| link.a)?,
            "record_b" => id(|link| link.b)?,
            "linked_by" => {
                Column::words(field, RULES, links.iter().map(|link| Some(rule(link.rule))))?
            }
            "weight" => Column::floats(field, links.iter().map(|link| Some(link.weight)))?,
            "probability" => {
                Column::floats(field, links.iter().map(|link| Some(link.probability)))?
            }
            "decision" => {
                let decided = links.iter().map(|link| link.outcome.map(decision));
                Column::words(field, DECISIONS, decided)?
            }
            "evidence_family" => evidence(FAMILY)?,
            "evidence_given" => evidence(GIVEN)?,
            "evidence_birth" => evidence(BIRTH)?,
            "evidence_sex" => evidence(SEX)?,
            "evidence_email" => evidence(EMAIL)?,
            "evidence_phone" => evidence(PHONE)?,
            "evidence_address" => evidence(ADDRESS)?,
            _ => match &identity.review_value {
                Some(values) => Column::floats(field, values.iter().map(|v| Some(*v)))?,
                None => continue,
            },
        });
    }
    Ok(columns)
}

/// The analysis `identity_links`: the pairs that the policy joins, and what became of them.
#[derive(Debug)]
pub struct IdentityLinks;

impl Analysis for IdentityLinks {
    const NAME: &'static str = "identity_links";
    const SUMMARY: &'static str = "Pairs of records that are one person, with weight, probability and the evidence of each field";
    const JA: &'static str = "名寄せの根拠";
    const COLUMNS: &'static [Field] = &columns! {
        RECORD_A;
        RECORD_B;
        LINKED_BY;
        WEIGHT;
        PROBABILITY, "The probability that the two are one person.";
        "decision": Category, "", "判定", "Joined; or not, because two records may not be one person (forbidden) or the person would have too many (too_large).";
        EVIDENCE_FAMILY;
        EVIDENCE_GIVEN;
        EVIDENCE_BIRTH;
        EVIDENCE_SEX;
        EVIDENCE_EMAIL;
        EVIDENCE_PHONE;
        EVIDENCE_ADDRESS;
    };
    const OPTIONAL: &'static [&'static str] = input::COLUMNS;
    type Data = Table;
    type Options = Options;

    fn run(data: &Table, _: &(), options: &Options, context: &Context) -> Result<Table> {
        let identity = Identity::of(data, options, context)?;
        Ok(Table::new(pairs(
            &identity,
            &identity.found.links,
            Self::COLUMNS,
        )?))
    }
}

/// The analysis `identity_review`: pairs for a human, below the policy's threshold.
#[derive(Debug)]
pub struct IdentityReview;

impl Analysis for IdentityReview {
    const NAME: &'static str = "identity_review";
    const SUMMARY: &'static str =
        "Pairs of records that may be one person and that a human should look at";
    const JA: &'static str = "名寄せの確認候補";
    const COLUMNS: &'static [Field] = &columns! {
        RECORD_A;
        RECORD_B;
        "review_value": Float, "", "確認の価値", "The sum of `value` of the two; the greatest first. Only with a column `value`.";
        WEIGHT;
        PROBABILITY, "The probability that the two are one person.";
        EVIDENCE_FAMILY;
        EVIDENCE_GIVEN;
        EVIDENCE_BIRTH;
        EVIDENCE_SEX;
        EVIDENCE_EMAIL;
        EVIDENCE_PHONE;
        EVIDENCE_ADDRESS;
    };
    const OPTIONAL: &'static [&'static str] = input::COLUMNS;
    type Data = Table;
    type Options = Options;

    fn run(data: &Table, _: &(), options: &Options, context: &Context) -> Result<Table> {
        let identity = Identity::of(data, options, context)?;
        Ok(Table::new(pairs(
            &identity,
            &identity.found.review,
            Self::COLUMNS,
        )?))
    }
}

/// The analysis `identity_changes`: what has become of the persons of the last run.
#[derive(Debug)]
pub struct IdentityChanges;

impl Analysis for IdentityChanges {
    const NAME: &'static str = "identity_changes";
    const SUMMARY: &'static str =
        "Persons that are new, were merged or were split since the last run";
    const JA: &'static str = "名寄せの変化";
    const COLUMNS: &'static [Field] = &columns! {
        PERSON_ID, "The person now.";
        "person_change": Category, "", "人物の変化", "New, merged with a previous person, or split from one.";
        "previous_person_id": Id, "", "前回の人物ID", "The person at the last run; null for a new one.";
        RECORDS, "Records that moved; all of a new person.";
    };
    const OPTIONAL: &'static [&'static str] = input::COLUMNS;
    type Data = Table;
    type Options = Options;

    fn run(data: &Table, _: &(), options: &Options, context: &Context) -> Result<Table> {
        let identity = Identity::of(data, options, context)?;
        let (f, ids) = (Self::COLUMNS, &identity.ids);
        let mut changes = collect(identity.changes.iter().copied(), "changes")?;
        let order = |a: u32, b: u32| match (a, b) {
            (NONE, NONE) => std::cmp::Ordering::Equal,
            (NONE, _) => std::cmp::Ordering::Less,
            (_, NONE) => std::cmp::Ordering::Greater,
            (a, b) => ids.cmp(a, b),
        };
        changes.sort_unstable_by(|a, b| {
            order(a.person, b.person).then_with(|| order(a.previous, b.previous))
        });
        let known = collect(changes.iter().map(|c| c.previous != NONE), "changes")?;
        let previous = changes.iter().map(|c| {
            if c.previous == NONE {
                c.person
            } else {
                c.previous
            }
        });
        let change = changes.iter().map(|c| Some(c.change as u8));
        Ok(Table::new(vec![
            Column::ids(&f[0], ids, changes.iter().map(|c| c.person))?,
            Column::words(&f[1], PersonChange::LABELS, change)?,
            Column::ids(&f[2], ids, previous)?.with_validity(known),
            Column::new(
                &f[3],
                Values::I32(collect(
                    changes.iter().map(|c| c.records as i32),
                    "changes",
                )?),
            ),
        ]))
    }
}

/// The analysis `shared_identifiers`: values that are no evidence, because they are nobody's.
#[derive(Debug)]
pub struct SharedIdentifiers;

impl Analysis for SharedIdentifiers {
    const NAME: &'static str = "shared_identifiers";
    const SUMMARY: &'static str =
        "E-mail addresses, telephone numbers and dates of birth that many people share";
    const JA: &'static str = "共有された連絡先";
    const COLUMNS: &'static [Field] = &columns! {
        "identifier": Category, "", "種類", "What is shared.";
        "masked": Text, "", "値(伏字)", "The value with most of its characters hidden.";
        RECORDS, "Records that have it.";
        "different_people": Int, "people", "異なる人数", "Different names or dates of birth among them, whichever are more.";
    };
    const OPTIONAL: &'static [&'static str] = input::COLUMNS;
    type Data = Table;
    type Options = Options;

    fn run(data: &Table, _: &(), options: &Options, context: &Context) -> Result<Table> {
        let identity = Identity::of(data, options, context)?;
        let (f, shared) = (Self::COLUMNS, &identity.found.shared);
        let masked = Arc::new(collect(shared.iter().map(|s| s.masked.clone()), "texts")?);
        let count = |of: fn(&super::shared::Shared) -> u32| {
            collect(shared.iter().map(|s| of(s) as i32), "texts")
        };
        Ok(Table::new(vec![
            Column::words(
                &f[0],
                IDENTIFIERS,
                shared.iter().map(|s| Some(kind(s.kind))),
            )?,
            Column::texts(&f[1], &masked, (0..shared.len()).map(|at| at as u32))?,
            Column::new(&f[2], Values::I32(count(|s| s.records)?)),
            Column::new(&f[3], Values::I32(count(|s| s.people)?)),
        ]))
    }
}
