//! Assignment to the variants of an experiment (割付): the same person always gets the same variant, without a
//! memory, in every language.
//!
//! # Definition
//!
//! ```text
//! u = first 64 bits of SHA-256(salt ":" experiment ":" id) / 2⁶⁴        (UTF-8; whole numbers in decimal)
//! variant: the first, in ascending order of names, whose cumulated share is above u
//! ```
//!
//! A new id changes no other, another experiment (or salt) assigns independently, and raising the share of the first
//! of two variants moves people only from the second to the first. Ids of 16 bytes are hexadecimal, without hyphens.
//!
//! In SQL (here DuckDB's), for shares .5 and .5:
//!
//! ```sql
//! SELECT id, CASE WHEN ('0x' || substr(sha256(concat('', ':', 'button', ':', id)), 1, 16))::UBIGINT::DOUBLE
//!     / 18446744073709551616 < 0.5 THEN 'a' ELSE 'b' END AS variant FROM people
//! ```

use crate::analysis::Analysis;
use crate::context::{Context, collect, filled};
use crate::error::{Error, Result};
use crate::num::Probability;
use crate::sha256::Sha256;
use crate::table::{CUSTOMER_ID, Column, Field, Table, Values, columns};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Options of [`Assign`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// The name of the experiment, which must be given.
    pub experiment: String,
    /// The variants and their shares, which add up to 1. Default: `a` and `b`, a half each.
    pub variants: BTreeMap<String, Probability>,
    /// A text that deals anew, such as a secret of the shop. Default: empty.
    pub salt: String,
}

impl Default for Options {
    fn default() -> Self {
        let half = Probability::new(0.5).expect("from 0 to 1");
        Options {
            experiment: String::new(),
            variants: BTreeMap::from([("a".to_owned(), half), ("b".to_owned(), half)]),
            salt: String::new(),
        }
    }
}

/// The number from 0 to 1 that decides the variant of an id.
///
/// ```
/// use crm_core::experiments::assign::fraction;
/// // printf ':button:42' | sha256sum | cut -c1-16
/// assert_eq!(fraction("", "button", "42"), 0xcff445f96c160784_u64 as f64 / 2.0_f64.powi(64));
/// ```
pub fn fraction(salt: &str, experiment: &str, id: &str) -> f64 {
    let mut hash = Sha256::default();
    for part in [salt, ":", experiment, ":", id] {
        hash.update(part);
    }
    let digest = hash.finish();
    let first = digest.iter().take(8);
    let first = first.fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
    first as f64 * 2.0_f64.powi(-64)
}

/// The place of the variant whose part of the cumulated shares `u` is in.
fn place(u: f64, shares: &[f64]) -> u32 {
    let mut end = 0.0;
    for (at, share) in shares.iter().enumerate() {
        end += share;
        if u < end {
            return at as u32;
        }
    }
    // Rounding alone can leave something above the last end.
    shares.iter().rposition(|share| *share > 0.0).unwrap_or(0) as u32
}

/// The analysis `assign`.
#[derive(Debug)]
pub struct Assign;

impl Analysis for Assign {
    const NAME: &'static str = "assign";
    const SUMMARY: &'static str = "The variant of an experiment for each id, from a hash of the id";
    const JA: &'static str = "A/Bテストの割付";
    const COLUMNS: &'static [Field] = &columns! {
        CUSTOMER_ID, "The id, as given.";
        "variant": Text, "", "パターン", "The variant.";
    };
    type Data = Table;
    type Options = Options;

    fn run(data: &Table, _: &(), options: &Options, context: &Context) -> Result<Table> {
        let expected = "ids: texts, whole numbers or bytes";
        let column = data.required("customer_id")?;
        if data.is_empty() {
            return empty(options);
        }
        let Values::Id { ids, codes } = column.values() else {
            return Err(Error::ColumnType {
                column: "customer_id".into(),
                found: column.values().ty().name().into(),
                expected: expected.into(),
            });
        };
        if let Some(row) = column.validity().and_then(|v| v.iter().position(|v| !v)) {
            return Err(Error::null("customer_id", row, "an id"));
        }
        let shares = shares(options)?;
        let mut of_id = filled(ids.len(), 0, "variants")?;
        for (code, variant) in of_id.iter_mut().enumerate() {
            if code % Context::BLOCK == 0 {
                context.check()?;
            }
            let id = ids.text(code as u32);
            *variant = place(fraction(&options.salt, &options.experiment, &id), &shares);
        }
        let names = Arc::new(collect(options.variants.keys().cloned(), "variants")?);
        let variants = codes.iter().map(|code| of_id[*code as usize]);
        Ok(Table::new(vec![
            Column::ids(&Self::COLUMNS[0], ids, codes.iter().copied())?,
            Column::texts(&Self::COLUMNS[1], &names, variants)?,
        ]))
    }
}

/// The table of no ids, whose type is not known.
fn empty(options: &Options) -> Result<Table> {
    shares(options)?;
    let none = Values::I64(Vec::new().into());
    Ok(Table::new(vec![
        Column::new(&Assign::COLUMNS[0], none),
        Column::texts(&Assign::COLUMNS[1], &Arc::default(), std::iter::empty())?,
    ]))
}

/// The shares, in ascending order of the variants.
fn shares(options: &Options) -> Result<Vec<f64>> {
    if options.experiment.is_empty() {
        let expected = "the name of the experiment: each deals anew";
        return Err(Error::option("experiment", "\"\"", expected));
    }
    let shares = collect(options.variants.values().map(|share| share.get()), "shares")?;
    let whole: f64 = shares.iter().sum();
    if shares.is_empty() || libm::fabs(whole - 1.0) > 1e-9 {
        return Err(Error::option(
            "variants",
            json!(options.variants),
            "shares that add up to 1",
        ));
    }
    Ok(shares)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::Dataset;
    use crate::columns::{Batch, ColumnValues};
    use crate::register;

    fn variants(n: i64, request: &str) -> Vec<String> {
        let values = (0..n).collect::<Vec<_>>().into();
        let ids = ColumnValues::Int { values, bits: 64 }.into();
        let batch: Batch = vec![("customer_id".into(), ids)];
        let table = Table::from_batch(&batch, &Context::default()).unwrap();
        let data = Dataset::Table(&table);
        let table = register::run("assign", &data, request, &Context::default()).unwrap();
        let cell = |row| match table.columns()[1].cell(row) {
            crate::table::Cell::Text(text) => text.to_owned(),
            other => panic!("{other:?}"),
        };
        (0..table.len()).map(cell).collect()
    }

    #[test]
    fn shares_are_kept_and_raising_one_moves_people_one_way() {
        let less = variants(
            20_000,
            r#"{"experiment": "x", "variants": {"a": 0.2, "b": 0.8}}"#,
        );
        let more = variants(
            20_000,
            r#"{"experiment": "x", "variants": {"a": 0.3, "b": 0.7}}"#,
        );
        let share = |of: &[String]| of.iter().filter(|v| *v == "a").count();
        assert!((3_850..4_150).contains(&share(&less)), "{}", share(&less));
        assert!((5_800..6_200).contains(&share(&more)), "{}", share(&more));
        assert!(less.iter().zip(&more).all(|(a, b)| a == "b" || b == "a"));
        // Fewer ids, the same variants; another experiment or salt, others.
        assert_eq!(
            variants(
                50,
                r#"{"experiment": "x", "variants": {"a": 0.2, "b": 0.8}}"#
            ),
            less[..50]
        );
        let half = variants(2_000, r#"{"experiment": "x"}"#);
        for other in [
            r#"{"experiment": "y"}"#,
            r#"{"experiment": "x", "salt": "s"}"#,
        ] {
            let other = variants(2_000, other);
            let same = other.iter().zip(&half).filter(|(a, b)| a == b).count();
            assert!((900..1_100).contains(&same), "{same}");
        }
    }

    #[test]
    fn all_of_one_variant() {
        assert_eq!(place(0.999_999_999_999_999_9, &[0.1, 0.2, 0.7, 0.0]), 2);
        assert_eq!(place(1.0, &[0.5, 0.5, 0.0]), 1);
        assert_eq!(place(0.0, &[0.0, 1.0]), 1);
        let all = variants(100, r#"{"experiment": "x", "variants": {"a": 0, "b": 1}}"#);
        assert!(all.iter().all(|v| v == "b"));
    }
}
