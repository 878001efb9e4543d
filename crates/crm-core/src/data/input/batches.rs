//! The input columns, found by name; chunks of all batches are read as one column.

use super::parse::{Money, NO_WORD, Problems, Reason, Unknown, words};
use super::pseudonyms::PseudonymKey;
use super::times::{Times, zone_of};
use crate::columns::{Batch, Bits, Buf, ColumnData, ColumnValues};
use crate::context::{Context, collect, filled, grow, room};
use crate::data::blocks::BLANK;
use crate::data::text::amounts::{AmountTexts, Decimal};
use crate::data::text::dates::DateTexts;
use crate::error::{Error, Result, described};
use crate::ids::{Ids, NO_ID, kind_of};
use crate::money::Currency;
use crate::time::{Offsets, Zone};
use std::sync::Arc;

/// A column to filter and break down by.
#[derive(Clone)]
pub(crate) struct RowDim {
    pub(crate) name: String,
    pub(crate) ids: Arc<Ids>,
    pub(crate) codes: Buf<u32>,
}

/// A dictionary with the ids of another that occur among its codes, and this one's code for each of
/// the other's.
pub(crate) fn absorbed(
    ids: &Arc<Ids>,
    more: &Arc<Ids>,
    more_codes: &[u32],
    context: &Context,
) -> Result<(Arc<Ids>, Vec<u32>)> {
    let mut used = filled(more.len(), false, "ids")?;
    for code in more_codes.iter().filter(|c| **c != NO_ID) {
        used[*code as usize] = true;
    }
    let mut all = ids.copied()?;
    let map = all.absorb(more, &used, context)?;
    Ok((Arc::new(all), map))
}

/// A dictionary with the ids that some codes use, and their new codes.
pub(crate) fn only_used(
    ids: &Arc<Ids>,
    codes: &[u32],
    context: &Context,
) -> Result<(Arc<Ids>, Buf<u32>)> {
    let none = Arc::new(Ids::new(ids.kind(), context.hash_seed));
    let (used, map) = absorbed(&none, ids, codes, context)?;
    let codes = codes.iter().map(|code| match *code {
        NO_ID => NO_ID,
        code => map[code as usize],
    });
    Ok((used, collect(codes, "rows")?.into()))
}

impl RowDim {
    /// The column with a dictionary of what it holds and nothing else.
    pub(crate) fn only_used(&self, context: &Context) -> Result<RowDim> {
        let (ids, codes) = only_used(&self.ids, &self.codes, context)?;
        let name = self.name.clone();
        Ok(RowDim { name, ids, codes })
    }
}

/// The cells of some rows.
pub(crate) fn pick<T: Copy + Send + Sync + 'static>(from: &Buf<T>, rows: &[u32]) -> Result<Buf<T>> {
    let from = &from[..];
    Ok(collect(rows.iter().map(|r| from[*r as usize]), "rows")?.into())
}

/// The columns of all batches, by name.
pub(crate) struct NamedColumns<'a> {
    batches: &'a [Batch],
    pub(crate) rows: usize,
    context: &'a Context<'a>,
}

impl<'a> NamedColumns<'a> {
    /// Checks that each batch has every named column exactly once, with equal lengths.
    pub(crate) fn new(
        columns: &[&str],
        batches: &'a [Batch],
        context: &'a Context<'a>,
    ) -> Result<Self> {
        let mut rows = 0_usize;
        for batch in batches {
            let mut length = None;
            for name in columns.iter().copied() {
                let column = find(batch, name)?;
                column.check(name)?;
                let expected = *length.get_or_insert(column.len());
                if column.len() != expected {
                    return Err(Error::ColumnLength {
                        column: name.into(),
                        found: column.len(),
                        expected,
                    });
                }
            }
            rows = rows.saturating_add(length.unwrap_or(0));
        }
        if rows >= NO_ID as usize {
            return Err(Error::Overflow {
                column: columns.first().copied().unwrap_or_default().into(),
                what: "the number of rows of one import (4,294,967,294 at most)",
            });
        }
        Ok(NamedColumns {
            batches,
            rows,
            context,
        })
    }

    /// The chunks of a column, each with its first row.
    pub(crate) fn chunks(&self, name: &str) -> Result<Vec<(usize, &'a ColumnData)>> {
        let mut first = 0;
        self.batches
            .iter()
            .map(|batch| {
                let column = find(batch, name)?;
                first += column.len();
                Ok((first - column.len(), column))
            })
            .collect()
    }

    pub(crate) fn encode(
        &self,
        name: &str,
        what: &'static str,
        context: &Context,
    ) -> Result<(Arc<Ids>, Buf<u32>)> {
        let chunks = self.chunks(name)?;
        let whole = whole_numbers(name, &chunks)?;
        let chunks: Vec<&ColumnData> = match &whole {
            Some(whole) => whole.iter().collect(),
            None => chunks.into_iter().map(|(_, column)| column).collect(),
        };
        let kind = chunks.iter().find_map(|c| kind_of(c));
        if let Some(wrong) = chunks.iter().find(|c| {
            kind_of(c).is_none() && !matches!(c.values, crate::columns::ColumnValues::Null(_))
        }) {
            return Err(Error::ColumnType {
                column: name.into(),
                found: wrong.type_name(),
                expected: format!("{what}: integers, texts or fixed-size binary"),
            });
        }
        // A column without any value has no type, so it is treated as texts.
        let mut ids = Ids::new(kind.unwrap_or(crate::ids::IdKind::Text), context.hash_seed);
        let mut codes = Vec::new();
        ids.encode(name, &chunks, &mut codes, context)?;
        Ok((Arc::new(ids), codes.into()))
    }

    /// The same for ids of people, which a key replaces by pseudonyms.
    pub(crate) fn encode_people(
        &self,
        name: &str,
        what: &'static str,
        key: Option<&PseudonymKey>,
        context: &Context,
    ) -> Result<(Arc<Ids>, Buf<u32>)> {
        let (ids, codes) = self.encode(name, what, context)?;
        match key {
            Some(key) => key.replace(&ids, &codes, context),
            None => Ok((ids, codes)),
        }
    }

    /// Whether a column may have null cells.
    pub(crate) fn may_be_null(&self, name: &str) -> Result<bool> {
        let plain = |column: &ColumnData| {
            column.valid.is_none()
                && column.looked_up().1.is_none()
                && !matches!(column.values, crate::columns::ColumnValues::Null(_))
        };
        Ok(!self.chunks(name)?.iter().all(|(_, column)| plain(column)))
    }

    /// The instants, the zone's offsets, whether the instants are known to ascend, and whether one
    /// is blank.
    pub(crate) fn times(
        &self,
        name: &str,
        date_format: Option<&str>,
        timezone: Option<&str>,
        problems: &mut Problems,
    ) -> Result<(Buf<i64>, Offsets, bool, bool)> {
        let (parts, dates) = self.half_read(name, date_format, Reason::BadTime, problems)?;
        let zone = match timezone {
            Some(name) => Zone::parse(name)?,
            None => match self.chunks(name)?.iter().find_map(|(_, c)| zone_of(c)) {
                Some(name) => Zone::parse(name)?,
                None => dates.zone()?.unwrap_or(Zone::UTC),
            },
        };
        let range = parts
            .iter()
            .filter_map(|times| times.range)
            .reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
        let (low, high) = range.unwrap_or((0, 0));
        let offsets = Offsets::new(zone, low, high);
        // Where clocks go back, ascending wall clocks can be descending instants.
        let ranges = parts.iter().filter_map(|times| times.range);
        let sorted = zone.fixed().is_some()
            && parts.iter().all(|times| times.sorted)
            && ranges.is_sorted_by(|before, after| before.1 <= after.0);
        let blank = parts.iter().any(|t| t.blank);
        let zoned = dates.zoned()?;
        let parts = parts
            .into_iter()
            .map(|t| t.instants(zoned, &offsets, self.context))
            .collect::<Result<Vec<_>>>()?;
        Ok((join(parts)?, offsets, sorted, blank))
    }

    pub(crate) fn instants(
        &self,
        name: &str,
        date_format: Option<&str>,
        reason: Reason,
        offsets: &Offsets,
        problems: &mut Problems,
    ) -> Result<Buf<i64>> {
        let (parts, dates) = self.half_read(name, date_format, reason, problems)?;
        let zoned = dates.zoned()?;
        let instants = |times: Times| {
            let (low, high) = times.range.unwrap_or((0, 0));
            let offsets = Offsets::new(offsets.zone(), low, high);
            times.instants(zoned, &offsets, self.context)
        };
        join(
            parts
                .into_iter()
                .map(instants)
                .collect::<Result<Vec<_>>>()?,
        )
    }

    /// Reads the chunks of a column of times as far as no zone is needed, and detects the format of
    /// its texts.
    fn half_read<'n>(
        &self,
        name: &'n str,
        date_format: Option<&'n str>,
        reason: Reason,
        problems: &mut Problems,
    ) -> Result<(Vec<Times>, DateTexts<'n>)> {
        let chunks = self.chunks(name)?;
        let mut dates = DateTexts::new(name, date_format)?;
        for (first, chunk) in &chunks {
            dates.look(chunk, *first)?;
        }
        dates.decide()?;
        let mut parts = Vec::new();
        for (first, chunk) in chunks {
            let context = self.context;
            parts.push(Times::read(
                name, chunk, first, reason, &mut dates, problems, context,
            )?);
        }
        problems.understand(name, dates.form());
        Ok((parts, dates))
    }

    /// Refuses an option about texts if none of its columns has texts.
    pub(crate) fn needs_texts(&self, option: &str, names: &[&str], numbers: bool) -> Result<()> {
        let fits = |column: &ColumnData| match column.looked_up().0.values {
            ColumnValues::Text(_) | ColumnValues::Null(_) => true,
            ColumnValues::Int { .. } | ColumnValues::Unsigned { .. } | ColumnValues::Float(_) => {
                numbers
            }
            _ => column.is_empty(),
        };
        for name in names {
            if self.chunks(name)?.iter().any(|(_, column)| fits(column)) {
                return Ok(());
            }
        }
        let kind = if numbers { "texts or numbers" } else { "texts" };
        let named: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        Err(Error::option(
            option,
            "",
            format!(
                "a column of {kind} to read: {} has other cells",
                named.join(", ")
            ),
        ))
    }

    /// The amounts and their minimum, which is [`BLANK`] if one is blank.
    pub(crate) fn money(
        &self,
        money: Money,
        problems: &mut Problems,
        rounded: &mut u64,
    ) -> Result<(Buf<i64>, i64)> {
        let chunks = self.chunks(money.column)?;
        let mut texts = AmountTexts::new(money.decimal, Some(money.exponent()));
        for (first, chunk) in &chunks {
            texts.look(chunk, *first)?;
        }
        let decided = texts.decide(money.column)?;
        problems.understand(money.column, texts.form());
        let mut parts = Vec::new();
        let mut least = i64::MAX;
        for (first, chunk) in chunks {
            let (cells, count, low) = money.read(chunk, first, decided, problems, self.context)?;
            *rounded += count;
            least = least.min(low);
            parts.push(cells);
        }
        Ok((join(parts)?, least))
    }

    pub(crate) fn words<'k, W: Copy>(
        &self,
        name: &Option<String>,
        problems: &mut Problems,
        lookup: impl Fn(&str) -> Option<W>,
        labels: &'static [crate::table::Label],
        mapped: impl Iterator<Item = &'k String> + Clone,
        byte: fn(W) -> u8,
    ) -> Result<Option<Buf<u8>>> {
        let Some(name) = name else { return Ok(None) };
        let unknown = |row, word: &str| {
            let own = labels.iter().map(|l| l.code.to_owned());
            Error::word(
                name,
                row,
                word,
                own.chain(mapped.clone().cloned()).collect(),
            )
        };
        let unknown: Unknown<'_> = (Reason::BadWord, &unknown);
        let mut parts = Vec::new();
        for (first, chunk) in self.chunks(name)? {
            parts.push(words(name, chunk, first, &lookup, byte, unknown, problems)?.into());
        }
        let all = join(parts)?;
        Ok(all.iter().any(|w| *w != NO_WORD).then_some(all))
    }

    pub(crate) fn one_currency(
        &self,
        name: Option<&str>,
        currency: Currency,
        problems: &mut Problems,
    ) -> Result<()> {
        let Some(name) = name else {
            return Ok(());
        };
        for (first, chunk) in self.chunks(name)? {
            let same = |word: &str| word.eq_ignore_ascii_case(currency.code()).then_some(());
            let other = |row, word: &str| Error::MixedCurrency {
                column: name.to_owned(),
                row,
                found: match Currency::parse(word) {
                    Ok(found) => format!("currency `{}`", found.code()),
                    Err(_) => format!("no currency ({})", described(word)),
                },
                expected: currency.code().to_owned(),
            };
            let other: Unknown<'_> = (Reason::BadCurrency, &other);
            words(name, chunk, first, &same, |()| 0, other, problems)?;
        }
        Ok(())
    }

    /// The quantity of each row; a row with an amount must have one.
    pub(crate) fn quantity(
        &self,
        name: &str,
        amount: &Buf<i64>,
        decimal: Decimal,
        problems: &mut Problems,
    ) -> Result<Buf<i64>> {
        let units = Money {
            column: name,
            // Any currency without decimals: quantities are whole numbers.
            currency: Currency::JPY,
            minor: true,
            round: false,
            decimal,
            reason: Reason::BadQuantity,
        };
        let (quantity, _) = self.money(units, problems, &mut 0)?;
        for (row, (amount, quantity)) in amount.iter().zip(quantity.iter()).enumerate() {
            if *quantity == BLANK && *amount != BLANK {
                problems.add(row, Reason::BadQuantity, || {
                    Error::null(name, row, "a quantity")
                })?;
            }
        }
        Ok(quantity)
    }
}

/// Line amounts from unit amounts and quantities.
pub(crate) fn times_quantity(
    amount: &Buf<i64>,
    quantity: &Buf<i64>,
    column: &str,
    problems: &mut Problems,
) -> Result<Buf<i64>> {
    let mut out = room(amount.len(), "amounts")?;
    for (row, (amount, quantity)) in amount.iter().zip(quantity.iter()).enumerate() {
        let product = match (*amount, *quantity) {
            (BLANK, _) | (_, BLANK) => Some(BLANK),
            (a, q) => a.checked_mul(q).filter(|v| v.unsigned_abs() < 1 << 62),
        };
        if product.is_none() {
            problems.add(row, Reason::BadAmount, || Error::Overflow {
                column: column.into(),
                what: "a quantity times an amount",
            })?;
        }
        out.push(product.unwrap_or(0));
    }
    Ok(out.into())
}

/// The chunks with floats converted to whole numbers; `None` if no chunk has floats. Programs
/// convert ids to floats if one of them is blank.
fn whole_numbers(name: &str, chunks: &[(usize, &ColumnData)]) -> Result<Option<Vec<ColumnData>>> {
    // Up to 2^53 every whole number is a float, so no two ids were merged.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if !chunks
        .iter()
        .any(|(_, c)| matches!(c.values, ColumnValues::Float(_)))
    {
        return Ok(None);
    }
    let mut all = room(chunks.len(), "ids")?;
    for (first, chunk) in chunks {
        let ColumnValues::Float(floats) = &chunk.values else {
            all.push((*chunk).clone());
            continue;
        };
        let blank = |row: usize| !chunk.is_valid(row) || floats[row].is_nan();
        let mut values = room(floats.len(), "ids")?;
        for (row, value) in floats.iter().enumerate() {
            if blank(row) {
                values.push(0);
            } else if libm::trunc(*value) == *value && value.abs() < EXACT {
                values.push(*value as i64);
            } else {
                let expected = "a whole number below 2^53, as ids are that became floats";
                return Err(Error::value(name, first + row, expected));
            }
        }
        let valid = Bits::from_bools((0..floats.len()).map(|row| !blank(row)))?;
        let values = ColumnValues::Int {
            values: values.into(),
            bits: 64,
        };
        all.push(ColumnData {
            values,
            valid: Some(valid),
        });
    }
    Ok(Some(all))
}

/// A batch's column of a name.
pub(crate) fn find<'a>(batch: &'a Batch, name: &str) -> Result<&'a ColumnData> {
    batch
        .iter()
        .find(|(n, _)| n == name)
        .map(|(_, c)| c)
        .ok_or_else(|| {
            let available: Vec<String> = batch.iter().map(|(n, _)| n.clone()).collect();
            Error::MissingColumn {
                column: name.into(),
                meant: crate::error::nearest(name, &available).map(str::to_owned),
                available,
            }
        })
}

/// Joins buffers; a single buffer is kept by reference.
pub(crate) fn join<T: Copy + Send + Sync + 'static>(mut parts: Vec<Buf<T>>) -> Result<Buf<T>> {
    if parts.len() == 1 {
        return Ok(parts.remove(0));
    }
    let mut all = room(parts.iter().map(|p| p.len()).sum(), "rows")?;
    for part in &parts {
        grow(&mut all, part.len(), "rows")?;
        all.extend_from_slice(part);
    }
    Ok(all.into())
}
