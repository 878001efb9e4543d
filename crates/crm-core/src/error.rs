//! Errors as data.
//!
//! One enum for all modules, so that `?` works across them and the bindings map errors in one
//! place. Variants have fields; messages are made from them only here. Messages name column, row
//! and what was expected. Names and values in a request may be quoted, cut at 40 bytes; the
//! contents of cells never are.

#[cfg(test)]
mod tests;
mod wording;

pub use wording::nearest;
pub(crate) use wording::{described, distance};

use std::borrow::Cow;
use std::fmt;
use wording::{Found, List, Quoted, Readings, meant};

/// `Result` with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// All errors of this crate.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A named column is not in the input.
    #[error(
        "column {} was not found; the input has {}",
        Quoted(column),
        List(available)
    )]
    MissingColumn {
        /// The name in the request.
        column: String,
        /// The names of the columns present.
        available: Vec<String>,
        /// A column present whose name looks like it.
        meant: Option<String>,
    },
    /// A column has a type that its role cannot have.
    #[error("column {} is of type {found}, expected {expected}", Quoted(column))]
    ColumnType {
        /// The column.
        column: String,
        /// The type found.
        found: String,
        /// The accepted types.
        expected: String,
    },
    /// Columns of one input differ in length.
    #[error(
        "column {} has {found} rows where the others have {expected}",
        Quoted(column)
    )]
    ColumnLength {
        /// The column.
        column: String,
        /// The number of its rows.
        found: usize,
        /// The number of rows of the columns before it.
        expected: usize,
    },
    /// Bytes that should be an Arrow array, a text or a state are malformed.
    #[error("column {}: {problem}", Quoted(column))]
    Malformed {
        /// The column, or the name of the argument.
        column: String,
        /// What is broken.
        problem: String,
    },
    /// A cell is null where a value is required.
    #[error("column {}, row {row}: no value, expected {expected}", Quoted(column))]
    Null {
        /// The column.
        column: String,
        /// The row in the caller's order, counted from 0.
        row: u64,
        /// What was expected.
        expected: Cow<'static, str>,
        /// Whether an option can leave such rows out.
        droppable: bool,
    },
    /// A cell has a value outside its column's range. The value is never shown.
    #[error("column {}, row {row}: expected {expected}", Quoted(column))]
    Value {
        /// The column.
        column: String,
        /// The row in the caller's order, counted from 0.
        row: u64,
        /// What was expected.
        expected: Cow<'static, str>,
        /// Whether an option can leave such rows out.
        droppable: bool,
    },
    /// A word is neither one that the library knows nor in the given map. The cell may contain
    /// anything (two columns may be swapped), so it is described and never shown.
    #[error(
        "column {}, row {row}: unknown word ({found}); expected {}",
        Quoted(column),
        List(allowed)
    )]
    UnknownWord {
        /// The column.
        column: String,
        /// The row in the caller's order, counted from 0.
        row: u64,
        /// A description of the cell: the number of its characters and their sort.
        found: String,
        /// The word of `allowed` that is near the cell's.
        meant: Option<String>,
        /// The words known.
        allowed: Vec<String>,
    },
    /// Two rows contradict each other.
    #[error(
        "column {}, row {row}: {problem} (see row {other_row})",
        Quoted(column)
    )]
    Conflict {
        /// The column.
        column: String,
        /// The row in the caller's order, counted from 0.
        row: u64,
        /// The row it contradicts.
        other_row: u64,
        /// The contradiction.
        problem: Cow<'static, str>,
    },
    /// The texts of a column fit several formats, and none of them decides.
    #[error(
        "column {}: {}? No value of the column decides",
        Quoted(column),
        Readings(readings)
    )]
    Ambiguous {
        /// The column.
        column: String,
        /// The option that decides.
        option: &'static str,
        /// Values of the option and their meanings.
        readings: Vec<(String, &'static str)>,
    },
    /// Rows are in more than one currency.
    #[error(
        "column {}, row {row}: {found} where the orders are in {}",
        Quoted(column),
        Quoted(expected)
    )]
    MixedCurrency {
        /// The column.
        column: String,
        /// The row in the caller's order, counted from 0.
        row: u64,
        /// The currency found; a text that is not a currency is described and never shown.
        found: String,
        /// The currency of the orders.
        expected: String,
    },
    /// Bytes that are no saved state, or one that was changed or made for something else.
    #[error("saved state: {problem}")]
    State {
        /// What is wrong with it.
        problem: Cow<'static, str>,
    },
    /// A sum or a count does not fit its type.
    #[error("column {}: {what} is too large to be held exactly", Quoted(column))]
    Overflow {
        /// The column.
        column: String,
        /// What was summed.
        what: &'static str,
    },
    /// More data is needed.
    #[error("needs at least {needed} {what}, found {found}")]
    Insufficient {
        /// What there is too little of, as a noun.
        what: &'static str,
        /// How many are needed.
        needed: u64,
        /// How many there are.
        found: u64,
    },
    /// No analysis has this name.
    #[error("unknown analysis {}; there are {}", Quoted(name), List(valid))]
    UnknownAnalysis {
        /// The name in the request.
        name: String,
        /// The valid names.
        valid: Vec<String>,
    },
    /// No option has this name.
    #[error("unknown option {}; valid are {}", Quoted(name), List(valid))]
    UnknownOption {
        /// The name given.
        name: String,
        /// The valid names.
        valid: Vec<String>,
    },
    /// The value of an option is outside its range.
    #[error("option {}: expected {expected}{}", Quoted(name), Found(found))]
    OptionValue {
        /// The option.
        name: String,
        /// The given value as JSON; empty if it is not informative.
        found: String,
        /// What was expected.
        expected: Cow<'static, str>,
    },
    /// An option needs a column that was not given.
    #[error(
        "option {} = {} needs the column {}, which was not given",
        Quoted(option),
        Quoted(value),
        Quoted(column)
    )]
    OptionNeedsColumn {
        /// The option.
        option: String,
        /// Its value.
        value: String,
        /// The column it needs.
        column: String,
    },
    /// The dataset is not of the kind that the analysis reads.
    #[error("{analysis} reads {expected}, not {found}")]
    Dataset {
        /// The analysis.
        analysis: &'static str,
        /// The kind it reads.
        expected: &'static str,
        /// The kind it was given.
        found: &'static str,
    },
    /// A model has no parameters: neither a fit nor parameters were given.
    #[error("not fitted: {what}")]
    NotFitted {
        /// What is missing.
        what: Cow<'static, str>,
    },
    /// A fit did not converge.
    #[error("{model} did not converge: {reason}")]
    Convergence {
        /// The model.
        model: &'static str,
        /// The reason.
        reason: String,
    },
    /// The caller asked to stop.
    #[error("cancelled")]
    Cancelled,
    /// An allocation failed.
    #[error("out of memory: {bytes} bytes for {what}")]
    OutOfMemory {
        /// What the memory was for.
        what: &'static str,
        /// The number of bytes requested.
        bytes: usize,
    },
    /// The caller's byte budget is exceeded.
    #[error("over the memory budget: {what} needs {bytes} bytes, {left} are left")]
    Budget {
        /// What the memory was for.
        what: &'static str,
        /// The number of bytes requested.
        bytes: usize,
        /// The number of bytes left.
        left: usize,
    },
    /// A defect of this library.
    #[error("internal error, please report it: {what}")]
    Internal {
        /// The violated invariant.
        what: Cow<'static, str>,
    },
}

/// The family of an error, which the bindings turn into status codes and exceptions. Numbers are
/// never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(i32)]
#[non_exhaustive]
pub enum ErrorCode {
    /// Columns: missing, of a wrong type, of different lengths, malformed.
    Schema = 10,
    /// Rows: a value, a pair of rows, a sum.
    Data = 11,
    /// Options: names and values.
    Option = 12,
    /// A model without parameters.
    NotFitted = 13,
    /// A fit that did not converge.
    Convergence = 14,
    /// Stopped by the caller.
    Cancelled = 15,
    /// Out of memory.
    OutOfMemory = 16,
    /// The byte budget is exceeded.
    Budget = 17,
    /// A defect of this library.
    Internal = 18,
}

impl Error {
    /// The family this error belongs to.
    pub fn code(&self) -> ErrorCode {
        use Error as E;
        match self {
            E::MissingColumn { .. }
            | E::ColumnType { .. }
            | E::ColumnLength { .. }
            | E::Malformed { .. } => ErrorCode::Schema,
            E::Null { .. }
            | E::Value { .. }
            | E::UnknownWord { .. }
            | E::Conflict { .. }
            | E::Ambiguous { .. }
            | E::MixedCurrency { .. }
            | E::Overflow { .. }
            | E::State { .. }
            | E::Insufficient { .. } => ErrorCode::Data,
            E::UnknownAnalysis { .. }
            | E::UnknownOption { .. }
            | E::OptionValue { .. }
            | E::OptionNeedsColumn { .. }
            | E::Dataset { .. } => ErrorCode::Option,
            E::NotFitted { .. } => ErrorCode::NotFitted,
            E::Convergence { .. } => ErrorCode::Convergence,
            E::Cancelled => ErrorCode::Cancelled,
            E::OutOfMemory { .. } => ErrorCode::OutOfMemory,
            E::Budget { .. } => ErrorCode::Budget,
            E::Internal { .. } => ErrorCode::Internal,
        }
    }

    /// The column of the error, if there is one.
    pub fn column(&self) -> Option<&str> {
        use Error as E;
        match self {
            E::MissingColumn { column, .. }
            | E::ColumnType { column, .. }
            | E::ColumnLength { column, .. }
            | E::Malformed { column, .. }
            | E::Null { column, .. }
            | E::Value { column, .. }
            | E::UnknownWord { column, .. }
            | E::Conflict { column, .. }
            | E::Ambiguous { column, .. }
            | E::MixedCurrency { column, .. }
            | E::Overflow { column, .. }
            | E::OptionNeedsColumn { column, .. } => Some(column),
            _ => None,
        }
    }

    /// The option of the error, if there is one.
    pub fn option_name(&self) -> Option<&str> {
        match self {
            Error::UnknownOption { name, .. } | Error::OptionValue { name, .. } => Some(name),
            Error::OptionNeedsColumn { option, .. } => Some(option),
            Error::Ambiguous { option, .. } => Some(option),
            _ => None,
        }
    }

    /// The row of the error in the caller's order, counted from 0, if there is one.
    pub fn row(&self) -> Option<u64> {
        use Error as E;
        match self {
            E::Null { row, .. }
            | E::Value { row, .. }
            | E::UnknownWord { row, .. }
            | E::Conflict { row, .. }
            | E::MixedCurrency { row, .. } => Some(*row),
            _ => None,
        }
    }

    /// What the caller can do about it, if the message does not say it already.
    pub fn hint(&self) -> Option<String> {
        use Error as E;
        match self {
            E::MissingColumn {
                meant: Some(meant), ..
            } => Some(format!("did you mean {}?", Quoted(meant))),
            E::UnknownAnalysis { name, valid } | E::UnknownOption { name, valid } => {
                nearest(name, valid).map(|meant| format!("did you mean {}?", Quoted(meant)))
            }
            E::OptionValue {
                found, expected, ..
            } => meant(found, expected),
            E::UnknownWord { allowed, meant, .. } => {
                let map = match allowed.first().map(String::as_str) {
                    Some("completed") => "status_map",
                    Some("one_off") => "kind_map",
                    _ => "line_kind_map",
                };
                let meant = meant.as_deref().map(|meant| format!("did you mean {}? ", Quoted(meant)));
                let meant = meant.unwrap_or_default();
                Some(format!("{meant}{map} translates the shop's own words"))
            }
            E::ColumnType {
                found, expected, ..
            } if found.contains("int") && expected.contains("timestamp") => Some(
                "date_format=\"epoch_s\", \"epoch_ms\", \"epoch_us\", \"excel\" or \"%Y%m%d\" reads \
                 whole numbers as dates"
                    .into(),
            ),
            E::ColumnType {
                found, expected, ..
            } if found == "float64" && expected.contains("timestamp") => Some(
                "date_format=\"excel\" reads the serial numbers of a spreadsheet as dates".into(),
            ),
            E::Ambiguous {
                option, readings, ..
            } => {
                let values: Vec<String> = readings
                    .iter()
                    .map(|(value, _)| format!("{option}=\"{value}\""))
                    .collect();
                Some(format!("{} says which", values.join(" or ")))
            }
            E::Value { expected, .. } if expected.contains("round_amounts") => Some(
                "round_amounts=True rounds them, half to even, and counts them; 32-bit floats hold \
                 hardly any decimals exactly"
                    .into(),
            ),
            E::Conflict { problem, .. } if problem.starts_with("two customers under") => Some(
                "shop=\"...\" names the column that tells shops apart whose orders have the same numbers; \
                 bad_rows=\"drop\" leaves the later rows out and counts them"
                    .into(),
            ),
            E::Conflict { problem, .. } if problem.contains("for one order") => {
                Some("bad_rows=\"drop\" leaves the later rows out and counts them".into())
            }
            E::Conflict { problem, .. } if problem.starts_with("the order is there") => Some(
                "on_repeat=\"replace\" puts the new order in its place, on_repeat=\"first\" leaves the new rows out"
                    .into(),
            ),
            E::Conflict { problem, .. } if problem.starts_with("the row repeats") => Some(
                "repeated_rows=\"drop\" counts such rows once, repeated_rows=\"keep\" each time".into(),
            ),
            // The message already names the option that allows rows without a customer.
            E::Null { expected, .. } if expected.contains("guests") => None,
            E::Null {
                droppable: true, ..
            }
            | E::Value {
                droppable: true, ..
            } => Some("bad_rows=\"drop\" leaves such rows out and counts them".into()),
            E::NotFitted { .. } => Some(
                "clv_fit, gamma_gamma_fit, sbg_fit and bgbb_fit put the fit into the notes of their table"
                    .into(),
            ),
            E::Dataset {
                expected: "orders", ..
            } => Some(
                "make orders of the data first: crm.Orders(...), crm_orders_from_arrow(...)".into(),
            ),
            E::Dataset {
                expected: "events", ..
            } => Some(
                "make events of the data first: crm.Events(...), crm_events_from_arrow(...)".into(),
            ),
            _ => None,
        }
    }

    /// The same error with another row number, for parts of an input that count from their own
    /// start.
    #[must_use]
    pub fn at_row(mut self, at: u64) -> Self {
        use Error as E;
        match &mut self {
            E::Null { row, .. }
            | E::Value { row, .. }
            | E::UnknownWord { row, .. }
            | E::Conflict { row, .. }
            | E::MixedCurrency { row, .. } => *row = at,
            _ => {}
        }
        self
    }

    /// The same error for an option inside of another option.
    #[must_use]
    pub(crate) fn inside(mut self, outer: &str) -> Self {
        if let Error::OptionValue { name, .. } = &mut self {
            *name = format!("{outer}.{name}");
        }
        self
    }

    /// The same error for orders or events, where `bad_rows` can leave the row out.
    #[must_use]
    pub(crate) fn of_bad_row(mut self) -> Self {
        if let Error::Null { droppable, .. } | Error::Value { droppable, .. } = &mut self {
            *droppable = true;
        }
        self
    }

    /// The value of an option is outside its range; `found` is shown as JSON.
    pub fn option(
        name: impl Into<String>,
        found: impl fmt::Display,
        expected: impl Into<Cow<'static, str>>,
    ) -> Self {
        Error::OptionValue {
            name: name.into(),
            found: found.to_string(),
            expected: expected.into(),
        }
    }

    /// A cell is null.
    pub fn null(
        column: impl Into<String>,
        row: usize,
        expected: impl Into<Cow<'static, str>>,
    ) -> Self {
        Error::Null {
            column: column.into(),
            row: row as u64,
            expected: expected.into(),
            droppable: false,
        }
    }

    /// A cell is outside its column's range.
    pub fn value(
        column: impl Into<String>,
        row: usize,
        expected: impl Into<Cow<'static, str>>,
    ) -> Self {
        Error::Value {
            column: column.into(),
            row: row as u64,
            expected: expected.into(),
            droppable: false,
        }
    }

    /// A cell has a word that is not in `allowed`.
    pub(crate) fn word(column: &str, row: u64, word: &str, allowed: Vec<String>) -> Self {
        Error::UnknownWord {
            column: column.into(),
            row,
            found: described(word),
            meant: nearest(word, &allowed).map(str::to_owned),
            allowed,
        }
    }

    /// An invariant was violated.
    pub fn internal(what: impl Into<Cow<'static, str>>) -> Self {
        Error::Internal { what: what.into() }
    }
}
