//! Why one customer gets a message or not (配信判定の理由): every question that `decide` asks about each candidate.
//!
//! The table and the rules are those of [`decide`](super::decide); the candidates of all customers are decided, because a
//! budget is shared, and the rows are those of one. Of each candidate they have the questions in the order in which
//! they are asked, up to the first that is true, which decides. If all are false the message is sent.
//!
//! | number | is it true that |
//! |---|---|
//! | 1 to 3 | the key was sent; was held out; another candidate has it |
//! | 4 to 7 | it has expired; its trigger has no rule; a reason excludes; the customer bought recently |
//! | 8 | it is not due yet |
//! | 9, 10 | no channel reaches the customer; all that do are opted out of |
//! | 11 to 15 | a cap, a group, the budget, the holdout, the quiet hours are against it |

use super::decide::{Decide, REASONS};
use super::fields::{CHANNEL, DECIDED_BY, DECISION, DEDUPE_KEY, SEND_AT, TRIGGER};
use super::input::OPTIONAL;
use crate::analysis::Analysis;
use crate::context::{Context, collect, push};
use crate::error::{Error, Result};
use crate::table::{CUSTOMER_ID, Cell, Column, Field, Table, Values, columns};
use crate::time::Moment;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Options of [`Why`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// The customer, by the id of the table: a text or a number. Required. Default: none.
    pub customer: Value,
    /// The instant of the decision, or a date for its end. Required. Default: none.
    pub now: Option<Moment>,
    /// The rules of `decide`. Default: `{}`, at most 1 message a day and 3 in 7 days.
    pub rules: Value,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            customer: Value::Null,
            now: None,
            rules: json!({}),
        }
    }
}

/// The places among [`REASONS`] in the order of the questions: `unreachable` comes before `opted_out`.
const QUESTIONS: [u8; 15] = [0, 1, 2, 3, 4, 5, 6, 7, 9, 8, 10, 11, 12, 13, 14];

/// The analysis `why`.
#[derive(Debug, Clone, Copy)]
pub struct Why;

impl Analysis for Why {
    const NAME: &'static str = "why";
    const SUMMARY: &'static str = "Every question that decides whether the messages of one customer are sent, with its answer";
    const JA: &'static str = "配信判定の理由";
    const COLUMNS: &'static [Field] = &columns! {
        CUSTOMER_ID;
        TRIGGER;
        DEDUPE_KEY;
        "number": Int, "", "順番", "The place of the question, from 1.";
        "asked": Category, "", "確認項目", "The question, by the reason that it would be.";
        "is_true": Bool, "", "該当", "Whether it is true; then it decides.";
        DECISION;
        DECIDED_BY, "The rule or the column that decided; null where the question is not true.";
        SEND_AT;
        CHANNEL;
    };
    const OPTIONAL: &'static [&'static str] = OPTIONAL;
    type Data = Table;
    type Options = Options;

    fn check(data: &Table, options: &Options) -> Result<()> {
        if !(options.customer.is_string() || options.customer.is_number()) {
            return Err(Error::option("customer", "", "the id of one customer"));
        }
        Decide::check(data, &decided(options))
    }

    fn run(data: &Table, _: &(), options: &Options, context: &Context) -> Result<Table> {
        let decided = Decide::run(data, &(), &decided(options), context)?;
        let none = || Error::option("customer", "", "a customer who has a candidate");
        let Some(Values::Id { ids, codes }) = decided.column("customer_id").map(Column::values)
        else {
            return Err(Error::internal("decisions without customers"));
        };
        let customer = ids.find(&options.customer)?.ok_or_else(none)?;
        let reasons = match decided.column("reason_code") {
            Some(column) => column,
            None => return Err(Error::internal("decisions without reasons")),
        };
        // A row of the decisions for each question, its step, and whether it is true.
        let (mut rows, mut steps, mut is_true) = (Vec::new(), Vec::new(), Vec::new());
        for row in (0..decided.len()).filter(|row| codes[*row] == customer) {
            let reason = match reasons.cell(row) {
                Cell::Label(label) => Some(label.code),
                _ => None,
            };
            for (at, question) in QUESTIONS.iter().enumerate() {
                let decides = reason == Some(REASONS[usize::from(*question)].code);
                push(&mut rows, row, "decisions")?;
                push(&mut steps, at, "decisions")?;
                push(&mut is_true, decides, "decisions")?;
                if decides {
                    break;
                }
            }
        }
        if rows.is_empty() {
            return Err(none());
        }
        let f = Self::COLUMNS;
        let taken = decided.take(&rows)?;
        let of = |name: &str| match taken.column(name) {
            Some(column) => Ok(column.clone()),
            None => Err(Error::internal("decisions without a column")),
        };
        let path = of("decided_by")?.with_validity(collect(is_true.iter().copied(), "decisions")?);
        let questions = steps.iter().map(|step| Some(QUESTIONS[*step]));
        Ok(Table::new(vec![
            of("customer_id")?,
            of("trigger")?,
            of("dedupe_key")?,
            Column::ints(&f[3], steps.iter().map(|step| Some(*step as i32 + 1)))?,
            Column::words(&f[4], REASONS, questions)?,
            Column::new(&f[5], Values::Bool(is_true)),
            of("decision")?,
            path,
            of("send_at")?,
            of("channel")?,
        ]))
    }
}

fn decided(options: &Options) -> super::decide::Options {
    super::decide::Options {
        now: options.now,
        rules: options.rules.clone(),
    }
}
