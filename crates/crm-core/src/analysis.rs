//! The trait of analyses: a name, columns, options, and a pure function of one dataset at one date.
//!
//! `on_orders`, `on_events` and `on_table` apply a scope to each kind of dataset. Each family lists
//! its analyses as [`Entry`]s; [`register`](crate::register) joins the lists.

mod on_events;
mod on_orders;
mod on_table;

pub(crate) use on_orders::WITHOUT_OCCASION;

use crate::context::Context;
use crate::data::{Events, Orders};
use crate::definition::Definition;
use crate::error::{Error, Result};
use crate::request::{as_object, distinct, read_object, unknown};
use crate::scope::{AsOf, At, Occasion, Scope};
use crate::table::{Field, Table, fields};
use crate::time::Day;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

/// The dataset of a request.
#[derive(Debug, Clone, Copy)]
pub enum Dataset<'a> {
    /// Orders.
    Orders(&'a Orders),
    /// Events of a site or an app.
    Events(&'a Events),
    /// A table, such as a `clv_summary` to which a model is fitted.
    Table(&'a Table),
}

impl Dataset<'_> {
    fn kind(&self) -> &'static str {
        match self {
            Dataset::Orders(_) => Orders::KIND,
            Dataset::Events(_) => Events::KIND,
            Dataset::Table(_) => Table::KIND,
        }
    }
}

/// A kind of dataset, and how a scope is applied to it before an analysis runs.
pub trait Input: Sized {
    /// What an analysis sees of a [`Scope`] besides the dataset that the scope has chosen: [`At`]
    /// for orders. Events carry the instant at which they are seen, and a table was scoped when it
    /// was made, so there it is `()`.
    type At;
    /// Its name in messages and in the catalogue.
    const KIND: &'static str;
    /// The keys of a [`Scope`] that can be applied to it.
    const SCOPE: &'static [&'static str];

    /// The dataset as this kind.
    fn of<'a>(data: &Dataset<'a>) -> Option<&'a Self>;

    /// Runs an analysis with the whole scope: filters, dates and breakdowns are applied here, for
    /// all analyses. Returns the table and the resolved scope.
    ///
    /// # Errors
    ///
    /// Errors of the scope and of the analysis.
    fn run_scoped<A: Analysis<Data = Self>>(
        &self,
        scope: &Scope,
        options: &A::Options,
        context: &Context,
    ) -> Result<(Table, Value)>;
}

/// An analysis: a name, output columns, options, and a pure function.
pub trait Analysis: 'static {
    /// The name in requests.
    const NAME: &'static str;
    /// One line for the catalogue.
    const SUMMARY: &'static str;
    /// The Japanese term.
    const JA: &'static str;
    /// Its output columns, in order; which of them appear may depend on the options.
    const COLUMNS: &'static [Field];
    /// Whether `as_of` is required, because a default would be a guess.
    const NEEDS_AS_OF: bool = false;
    /// The keys of a [`Scope`] that it accepts; others are refused.
    const SCOPE: &'static [&'static str] = <Self::Data as Input>::SCOPE;
    /// The default of the scope's `churn_days`.
    const CHURN_DAYS: u32 = At::CHURN_DAYS;
    /// The default of the scope's `occasion`: orders for counts, days for gaps and repeat
    /// purchases. `None` if its parts have different defaults.
    const OCCASION: Option<Occasion> = Some(Occasion::Order);
    /// Whether it reads the visits of a log only: messages and assignments are left out and counted.
    const VISITS: bool = false;
    /// The optional columns of a table that it reads; empty for other kinds of data.
    const OPTIONAL: &'static [&'static str] = &[];
    /// The kind of dataset it reads.
    type Data: Input;
    /// Its options.
    type Options: Clone + Default + Send + Sync + Serialize + DeserializeOwned;

    /// Resolves defaults that depend on other options or on the data. The analysis runs with the
    /// result, and the definition contains it.
    ///
    /// # Errors
    ///
    /// Options that contradict each other or the scope.
    fn resolve(
        _: &Self::Data,
        scope: Scope,
        options: Self::Options,
    ) -> Result<(Scope, Self::Options)> {
        Ok((scope, options))
    }

    /// Refuses options that match nothing in the whole dataset, before the scope is applied.
    ///
    /// # Errors
    ///
    /// An error naming the option.
    fn check(_whole: &Self::Data, _options: &Self::Options) -> Result<()> {
        Ok(())
    }

    /// Computes the table at one date. The filters and the breakdown of the scope have already
    /// chosen `data`.
    ///
    /// # Errors
    ///
    /// Options that contradict each other or the data; errors of the computation.
    fn run(
        data: &Self::Data,
        at: &<Self::Data as Input>::At,
        options: &Self::Options,
        context: &Context,
    ) -> Result<Table>;
}

/// An analysis in the list of its family and in the register.
#[derive(Debug)]
pub struct Entry {
    /// The name in requests.
    pub name: &'static str,
    /// One line for the catalogue.
    pub summary: &'static str,
    /// The Japanese term.
    pub ja: &'static str,
    /// Its output columns.
    pub columns: &'static [Field],
    /// The kind of dataset: `orders`, `events` or `table`.
    pub reads: &'static str,
    /// Whether `as_of` is required.
    pub needs_as_of: bool,
    /// The keys of the scope that it accepts.
    pub scope: &'static [&'static str],
    pub(crate) schema: fn() -> Value,
    pub(crate) defaults: fn() -> Value,
    pub(crate) run: Run,
    /// The second kind of dataset that it reads, and how.
    pub(crate) or: Option<(&'static str, Run)>,
}

/// Options that the catalogue can describe: by the JSON schema of their type with the feature `schemars`, else
/// by their defaults.
pub(crate) trait Described {
    fn schema() -> Value;
}

#[cfg(feature = "schemars")]
impl<T: schemars::JsonSchema> Described for T {
    fn schema() -> Value {
        schemars::schema_for!(T).to_value()
    }
}

#[cfg(not(feature = "schemars"))]
impl<T: Default + Serialize> Described for T {
    fn schema() -> Value {
        with_defaults::<T>()
    }
}

/// A JSON schema that knows the names and defaults of options, and nothing else.
fn with_defaults<T: Default + Serialize>() -> Value {
    let defaults = as_object(&T::default()).into_iter();
    let properties = defaults.map(|(name, default)| (name, json!({ "default": default })));
    json!({"type": "object", "properties": properties.collect::<Map<_, _>>()})
}

/// Runs an analysis on a dataset.
pub(crate) type Run = fn(&Dataset, &Scope, &Map<String, Value>, &Context) -> Result<Table>;

impl Entry {
    /// The entry of an analysis of one's own, for [`Register::with`](crate::register::Register::with).
    /// [`describe`](crate::register::describe) shows the defaults of its options.
    pub const fn new<A: Analysis>() -> Entry {
        Entry {
            name: A::NAME,
            summary: A::SUMMARY,
            ja: A::JA,
            columns: A::COLUMNS,
            reads: A::Data::KIND,
            needs_as_of: A::NEEDS_AS_OF,
            scope: A::SCOPE,
            schema: with_defaults::<A::Options>,
            defaults: || serde_json::to_value(A::Options::default()).unwrap_or_default(),
            run: run_parsed::<A>,
            or: None,
        }
    }

    /// The same entry with a JSON schema of its options: their types, ranges and meanings.
    #[must_use]
    pub const fn with_schema(self, schema: fn() -> Value) -> Entry {
        Entry { schema, ..self }
    }

    /// The entry of an analysis of this crate.
    pub(crate) const fn of<A: Analysis<Options: Described>>() -> Entry {
        Entry::new::<A>().with_schema(A::Options::schema)
    }

    /// The same analysis, which reads a second kind of dataset as `B` does: with the same options and columns.
    pub(crate) const fn or<B: Analysis>(mut self) -> Entry {
        self.or = Some((B::Data::KIND, run_parsed::<B>));
        // A table has no scope of its own.
        if self.scope.is_empty() {
            self.scope = B::SCOPE;
        }
        self
    }

    /// How it runs on a dataset.
    pub(crate) fn run_of(&self, data: &Dataset) -> Run {
        match self.or {
            Some((kind, run)) if kind == data.kind() => run,
            _ => self.run,
        }
    }

    /// The second kind of dataset that it reads.
    pub fn also_reads(&self) -> Option<&'static str> {
        self.or.map(|(kind, _)| kind)
    }
}

fn run_parsed<A: Analysis>(
    data: &Dataset,
    scope: &Scope,
    options: &Map<String, Value>,
    context: &Context,
) -> Result<Table> {
    let input = A::Data::of(data).ok_or(Error::Dataset {
        analysis: A::NAME,
        expected: A::Data::KIND,
        found: data.kind(),
    })?;
    let options: A::Options = read_object(options)?;
    run_typed::<A>(input, scope, &options, context)
}

/// Runs an analysis given as a type.
///
/// # Errors
///
/// Errors of the scope, the options and the analysis.
pub fn run_typed<A: Analysis>(
    data: &A::Data,
    scope: &Scope,
    options: &A::Options,
    context: &Context,
) -> Result<Table> {
    if A::NEEDS_AS_OF && scope.as_of == AsOf::Last {
        return Err(Error::option(
            "as_of",
            "",
            "a date: this analysis asks about a given day",
        ));
    }
    if let Some(name) = scope.given().find(|key| !A::SCOPE.contains(key)) {
        let options = as_object(&A::Options::default());
        return Err(unknown(name.to_owned(), options.keys(), A::SCOPE));
    }
    distinct(&scope.by)?;
    A::check(data, options)?;
    let (scope, options) = A::resolve(data, scope.clone(), options.clone())?;
    let (table, scope) = data.run_scoped::<A>(&scope, &options, context)?;
    let definition = Definition::new(move || {
        json!({
            "version": env!("CARGO_PKG_VERSION"),
            "analysis": A::NAME,
            "scope": scope,
            "options": serde_json::to_value(&options).unwrap_or_default(),
        })
    });
    Ok(table.with_definition(definition))
}

/// The scope in a definition: the keys that the analysis accepts.
fn resolved<A: Analysis>(scope: &Scope) -> Value {
    let mut keys = as_object(scope);
    keys.retain(|key, _| A::SCOPE.contains(&key.as_str()));
    keys.into()
}

fields! {
    AS_OF = "as_of", Date, "", "基準日", "The date the row is as of.";
}

/// If the last order is more than this many days before `as_of`, a table has a note: the data may
/// be incomplete, and customers may only look inactive. Gaps of a shop with few orders or of a late
/// nightly import are shorter.
const PAST_THE_DATA: i32 = 30;

/// The table with the note `data_end`, if the data end long before its date.
fn noted_end(table: Table, last: Day, as_of: Day) -> Table {
    let days = as_of.0.saturating_sub(last.0);
    match days > PAST_THE_DATA {
        true => table.with_note(
            "data_end",
            json!({"last_date": last, "days_before_as_of": days}),
        ),
        false => table,
    }
}
