//! An analysis: a name, its columns, its options, and a pure function of one dataset at one date.
//!
//! How a scope is carried out on each kind of dataset is in `on_orders`, `on_events` and `on_table`.
//! A family lists its analyses as [`Entry`]s; [`register`](crate::register) joins the lists.

mod on_events;
mod on_orders;
mod on_table;

pub(crate) use on_orders::WITHOUT_OCCASION;

use crate::context::Context;
use crate::data::{Events, Orders};
use crate::definition::Definition;
use crate::error::{Error, Result};
use crate::request::{as_object, distinct, read_object, unknown};
use crate::scope::{AsOf, Occasion, Scope};
use crate::table::{Field, Table, fields};
use crate::time::Day;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

/// What an analysis reads.
#[derive(Debug, Clone, Copy)]
pub enum Dataset<'a> {
    /// Orders.
    Orders(&'a Orders),
    /// Events of a site or an app.
    Events(&'a Events),
    /// A table, such as a `clv_summary` that a model is fitted on.
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

/// A kind of dataset, and how a scope is carried out on it before an analysis sees it.
pub trait Input: Sized {
    /// Its name in messages and in the catalogue.
    const KIND: &'static str;
    /// The keys of a [`Scope`] that can be carried out on it.
    const SCOPE: &'static [&'static str];

    /// The dataset as this kind.
    fn of<'a>(data: &Dataset<'a>) -> Option<&'a Self>;

    /// Runs an analysis under the whole scope: filters, dates and breakdowns are carried out here,
    /// once for all analyses. Returns the table and the scope as it was resolved.
    ///
    /// # Errors
    ///
    /// Those of the scope and of the analysis.
    fn run_scoped<A: Analysis<Data = Self>>(
        &self,
        scope: &Scope,
        options: &A::Options,
        context: &Context,
    ) -> Result<(Table, Value)>;
}

/// An analysis: a name, what it puts out, its options, and a pure function.
pub trait Analysis: 'static {
    /// The name in requests.
    const NAME: &'static str;
    /// One line for the catalogue.
    const SUMMARY: &'static str;
    /// The Japanese term.
    const JA: &'static str;
    /// The columns it can put out, in order; which of them appear may depend on the options.
    const COLUMNS: &'static [Field];
    /// Whether `as_of` must be given, because a default would be a guess.
    const NEEDS_AS_OF: bool = false;
    /// The keys of a [`Scope`] that mean something to it; others are refused.
    const SCOPE: &'static [&'static str] = <Self::Data as Input>::SCOPE;
    /// The scope's `churn_days` where the request leaves them out.
    const CHURN_DAYS: u32 = Scope::CHURN_DAYS;
    /// The scope's `occasion` where the request leaves it out: orders for counts, days for gaps and
    /// repeat purchases. None where parts differ.
    const OCCASION: Option<Occasion> = Some(Occasion::Order);
    /// The columns of a table that it reads where they are there; nothing of other kinds of data.
    const OPTIONAL: &'static [&'static str] = &[];
    /// What it reads.
    type Data: Input;
    /// Its options.
    type Options: Clone + Default + Send + Sync + Serialize + DeserializeOwned + JsonSchema;

    /// What is left to a default that depends on other options or on the data, written out: the
    /// analysis runs with it, and the definition says it.
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

    /// Refuses options that nothing in the whole dataset answers to, before the scope chooses from it.
    ///
    /// # Errors
    ///
    /// Those options.
    fn check(_whole: &Self::Data, _options: &Self::Options) -> Result<()> {
        Ok(())
    }

    /// Computes the table. `scope` is down to one date and no breakdown, and its filters are
    /// already carried out on `data`.
    ///
    /// # Errors
    ///
    /// Options that contradict each other or the data, and those of the computation.
    fn run(
        data: &Self::Data,
        scope: &Scope,
        options: &Self::Options,
        context: &Context,
    ) -> Result<Table>;
}

/// An analysis in the list of its family, and so in the register.
pub struct Entry {
    /// The name in requests.
    pub name: &'static str,
    /// One line for the catalogue.
    pub summary: &'static str,
    /// The Japanese term.
    pub ja: &'static str,
    /// The columns it can put out.
    pub columns: &'static [Field],
    /// What it reads: `orders`, `events` or `table`.
    pub reads: &'static str,
    /// Whether `as_of` must be given.
    pub needs_as_of: bool,
    /// The keys of the scope that it takes.
    pub scope: &'static [&'static str],
    pub(crate) schema: fn() -> Value,
    pub(crate) defaults: fn() -> Value,
    pub(crate) run: fn(&Dataset, &Scope, &Map<String, Value>, &Context) -> Result<Table>,
}

impl Entry {
    /// The entry of an analysis.
    pub(crate) const fn of<A: Analysis>() -> Entry {
        Entry {
            name: A::NAME,
            summary: A::SUMMARY,
            ja: A::JA,
            columns: A::COLUMNS,
            reads: A::Data::KIND,
            needs_as_of: A::NEEDS_AS_OF,
            scope: A::SCOPE,
            schema: || schemars::schema_for!(A::Options).to_value(),
            defaults: || serde_json::to_value(A::Options::default()).unwrap_or_default(),
            run: run_parsed::<A>,
        }
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

/// Runs an analysis known by its type.
///
/// # Errors
///
/// Those of the scope, the options and the analysis.
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

/// The scope of a definition: those of its keys that the analysis takes.
fn resolved<A: Analysis>(scope: &Scope) -> Value {
    let mut keys = as_object(scope);
    keys.retain(|key, _| A::SCOPE.contains(&key.as_str()));
    keys.into()
}

fields! {
    AS_OF = "as_of", Date, "", "基準日", "The date the row is as of.";
}

/// With more than this many days between the last order and its date a table has a note of it: the data may
/// be incomplete, and customers only look inactive. The gaps of a shop with few orders and of a late nightly
/// import are shorter.
const PAST_THE_DATA: i32 = 30;

/// The table, whose notes say how many days before its date the data end where that is long.
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
