//! The register of analyses, and the one way to run a request.
//!
//! A request is a name and one flat JSON object: keys that are [`Scope`]'s go there, the rest are
//! the analysis's options, an unknown one is refused with the valid names of both. C, Python, the
//! reference and the conformance tests all go through here, so a new analysis is one file and one
//! line in [`ALL`].

use crate::data::{Events, Orders};
use crate::request::parse;
use crate::scope::{AsOf, Occasion};
use crate::table::Field;
use crate::{Context, Definition, Error, Result, Scope, Table};
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

/// One line of the register.
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
    schema: fn() -> Value,
    defaults: fn() -> Value,
    run: fn(&Dataset, &Scope, &Map<String, Value>, &Context) -> Result<Table>,
}

const fn entry<A: Analysis>() -> Entry {
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

/// Every analysis, in the order users see them.
pub static ALL: &[Entry] = &[
    entry::<crate::summary::customer::Summary>(),
    entry::<crate::summary::clv_summary::Summary>(),
    entry::<crate::summary::monthly::Monthly>(),
    entry::<crate::segmentation::rfm::Rfm>(),
    entry::<crate::segmentation::rfm_segments::RfmSegments>(),
    entry::<crate::segmentation::rfm_cross::RfmCross>(),
    entry::<crate::segmentation::cpm::Cpm>(),
    entry::<crate::segmentation::cpm_segments::CpmSegments>(),
    entry::<crate::segmentation::decile::Decile>(),
    entry::<crate::segmentation::abc::Abc>(),
    entry::<crate::segmentation::lorenz::Lorenz>(),
    entry::<crate::segmentation::movement::Movement>(),
    entry::<crate::retention::purchase_count::PurchaseCounts>(),
    entry::<crate::retention::repeat_rate::RepeatRate>(),
    entry::<crate::retention::lead_time::LeadTimes>(),
    entry::<crate::retention::lead_time::LeadTimeQuantiles>(),
    entry::<crate::retention::cohort::CohortMatrix>(),
    entry::<crate::retention::purchase_flow::PurchaseFlow>(),
    entry::<crate::retention::first_product::FirstProduct>(),
    entry::<crate::retention::acquisition::Acquisition>(),
    entry::<crate::clv::fit_tables::ClvFit>(),
    entry::<crate::clv::fit_tables::GammaGammaFit>(),
    entry::<crate::clv::fit_tables::ClvParameters>(),
    entry::<crate::clv::fit_tables::CompareModels>(),
    entry::<crate::clv::predict_tables::ClvPredict>(),
    entry::<crate::clv::predict_tables::ClvNewCustomers>(),
    entry::<crate::clv::predict_tables::ExpectedSpend>(),
    entry::<crate::clv::predict_tables::Clv>(),
    entry::<crate::clv::tracking_tables::ClvTracking>(),
    entry::<crate::clv::tracking_tables::AlivePath>(),
    entry::<crate::clv::count_tables::FrequencyHistogram>(),
    entry::<crate::clv::count_tables::ExpectedSurface>(),
    entry::<crate::clv::simulate_tables::ClvSimulate>(),
    entry::<crate::clv::sbg_tables::SbgFit>(),
    entry::<crate::clv::sbg_tables::SbgPredict>(),
    entry::<crate::clv::bgbb_tables::BgbbFit>(),
    entry::<crate::clv::bgbb_tables::BgbbPredict>(),
    entry::<crate::behavior::sessions::Sessions>(),
    entry::<crate::behavior::page_exits::PageExits>(),
    entry::<crate::behavior::funnel::Funnel>(),
    entry::<crate::behavior::cart_abandonment::CartAbandonment>(),
    entry::<crate::behavior::cart_follow_ups::CartFollowUps>(),
    entry::<crate::behavior::cart_follow_ups::CartItems>(),
    entry::<crate::behavior::browse_rates::BrowseRates>(),
    entry::<crate::behavior::browse::BrowseAbandonment>(),
    entry::<crate::behavior::transitions::Transitions>(),
    entry::<crate::behavior::top_paths::TopPaths>(),
    entry::<crate::behavior::page_influence::PageInfluence>(),
    entry::<crate::behavior::visits::VisitsAfterPurchase>(),
    entry::<crate::behavior::intent::Intent>(),
    entry::<crate::cycle::next_purchase::Cycle>(),
    entry::<crate::cycle::alerts::Alerts>(),
    entry::<crate::cycle::likely_buyers::LikelyBuyers>(),
    entry::<crate::taught::learn::Learn>(),
    entry::<crate::taught::customer::Customer>(),
    entry::<crate::cycle::backtest::Backtest>(),
    entry::<crate::cycle::backtest::BacktestCalibration>(),
    entry::<crate::cycle::backtest::BacktestAlerts>(),
    entry::<crate::clv::backtest::BacktestClv>(),
    entry::<crate::cycle::threshold_sweep::ThresholdSweep>(),
    entry::<crate::forecast::base::BaseForecast>(),
    entry::<crate::cycle::gap_curve::KaplanMeier>(),
    entry::<crate::cycle::gap_curve::GapFits>(),
    entry::<crate::cycle::survival_curve::SurvivalCurve>(),
];

/// The entry of a name.
///
/// # Errors
///
/// [`Error::UnknownAnalysis`] with the names there are.
pub fn find(name: &str) -> Result<&'static Entry> {
    ALL.iter()
        .find(|entry| entry.name == name)
        .ok_or_else(|| Error::UnknownAnalysis {
            name: name.to_owned(),
            valid: ALL.iter().map(|e| e.name.to_owned()).collect(),
        })
}

/// Runs a request given as JSON text; an empty text is no options.
///
/// ```
/// use crm_core::{Context, Currency, Dataset, Orders, Zone, analysis};
/// let orders = Orders::builder(Currency::JPY, Zone::UTC)
///     .order("c1", "2026-01-05T10:00:00", 5_000)
///     .order("c1", "2026-03-05T10:00:00", 7_000)
///     .order("c2", "2026-02-01T12:00:00", 2_000)
///     .build()?;
/// let table = analysis::run(
///     "rfm",
///     &Dataset::Orders(&orders),
///     r#"{"as_of": "2026-03-31", "levels": 3}"#,
///     &Context::default(),
/// )?;
/// assert_eq!(table.len(), 2);
/// # Ok::<(), crm_core::Error>(())
/// ```
///
/// # Errors
///
/// An unknown analysis or option, an option out of range, a dataset of another kind, and those of
/// the analysis.
pub fn run(name: &str, data: &Dataset, request: &str, context: &Context) -> Result<Table> {
    let entry = find(name)?;
    let (scope, options) = split(entry, parse(request)?)?;
    (entry.run)(data, &scope, &options, context)
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

/// The catalogue entry of an analysis as JSON: summary, scope and options with their JSON schema
/// and defaults, output columns with types and units.
///
/// # Errors
///
/// [`Error::UnknownAnalysis`].
pub fn describe(name: &str) -> Result<Value> {
    let entry = find(name)?;
    let columns = entry.columns.iter().map(|field| {
        json!({
            "name": field.name,
            "type": field.ty.name(),
            "unit": field.unit,
            "ja": field.ja,
            "doc": field.doc,
        })
    });
    Ok(json!({
        "name": entry.name,
        "summary": entry.summary,
        "ja": entry.ja,
        "reads": entry.reads,
        "needs_as_of": entry.needs_as_of,
        "columns": columns.collect::<Vec<_>>(),
        "options": (entry.schema)(),
        "scope": scope_schema(entry),
    }))
}

/// The schema of the scope's keys that an analysis takes and has no option of its own for.
fn scope_schema(entry: &Entry) -> Value {
    let mut schema = schemars::schema_for!(Scope).to_value();
    let defaults = (entry.defaults)();
    if let Some(keys) = schema["properties"].as_object_mut() {
        keys.retain(|key, _| entry.scope.contains(&key.as_str()) && defaults.get(key).is_none());
    }
    schema
}

/// The scope of a definition: those of its keys that the analysis takes.
pub(crate) fn resolved<A: Analysis>(scope: &Scope) -> Value {
    let mut keys = as_object(scope);
    keys.retain(|key, _| A::SCOPE.contains(&key.as_str()));
    keys.into()
}

/// Refuses a breakdown that names a column twice: the table would have two columns of one name.
pub(crate) fn distinct(by: &[String]) -> Result<()> {
    let mut names = by.iter().enumerate();
    match names.find(|(at, name)| by[..*at].contains(name)) {
        Some((_, name)) => Err(Error::option(
            "by",
            format_args!("{name:?} twice"),
            "each column once",
        )),
        None => Ok(()),
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

/// Parts a flat request into scope and options. A null is an option that was not given.
fn split(entry: &Entry, request: Map<String, Value>) -> Result<(Scope, Map<String, Value>)> {
    let defaults = as_object(&(entry.defaults)());
    let (mut scope, mut options) = (Map::new(), Map::new());
    for (key, value) in request {
        let of_scope = entry.scope.contains(&key.as_str());
        let part = match (defaults.contains_key(&key), of_scope) {
            (true, _) => &mut options,
            (_, true) => &mut scope,
            _ => return Err(unknown(key, defaults.keys(), entry.scope)),
        };
        if !value.is_null() {
            part.insert(key, value);
        }
    }
    Ok((read_object(&scope)?, options))
}

/// Options or a scope as a JSON object.
fn as_object(value: &impl Serialize) -> Map<String, Value> {
    match serde_json::to_value(value) {
        Ok(Value::Object(object)) => object,
        _ => Map::new(),
    }
}

/// A key that is none of the options' and none of the scope's.
fn unknown<'a>(name: String, options: impl Iterator<Item = &'a String>, scope: &[&str]) -> Error {
    let mut valid: Vec<String> = options.cloned().collect();
    for key in scope {
        if !valid.iter().any(|v| v == key) {
            valid.push((*key).to_owned());
        }
    }
    Error::UnknownOption { name, valid }
}

/// What would have been right, of serde's "invalid type: string \"five\", expected u8".
pub(crate) fn wanted(message: &str) -> String {
    let wanted = message
        .rsplit_once(", expected ")
        .map_or(message, |(_, end)| end);
    let wanted = wanted.strip_prefix("not ").unwrap_or(wanted);
    if let Some(field) = wanted.strip_prefix("missing field ") {
        return format!("an object with {field}");
    }
    match wanted {
        "u8" => "a whole number from 0 to 255",
        "u32" => "a whole number from 0 to 4,294,967,295",
        "u64" | "usize" => "a whole number of at least 0",
        "a nonzero u32" => "a whole number from 1 to 4,294,967,295",
        "i32" | "i64" => "a whole number",
        "f64" => "a number",
        "a boolean" => "true or false",
        "a string" => "a text",
        "a sequence" => "a list",
        "a map" => "an object",
        "string or map" => "a word",
        other => other,
    }
    .to_owned()
}

/// Reads an object; if that fails field by field, so that the error names its option.
pub(crate) fn read_object<T: DeserializeOwned + Default + Serialize>(
    object: &Map<String, Value>,
) -> Result<T> {
    let whole = match T::deserialize(object) {
        Ok(whole) => return Ok(whole),
        Err(problem) => Error::option("request", "", problem.to_string()),
    };
    for (key, value) in object {
        let one = Map::from_iter([(key.clone(), value.clone())]);
        if let Err(e) = serde_json::from_value::<T>(Value::Object(one)) {
            let message = e.to_string();
            if message.starts_with("unknown field") && message.contains(&format!("`{key}`")) {
                let known = serde_json::to_value(T::default()).unwrap_or_default();
                return Err(Error::UnknownOption {
                    name: key.clone(),
                    valid: known
                        .as_object()
                        .into_iter()
                        .flat_map(Map::keys)
                        .cloned()
                        .collect(),
                });
            }
            return Err(Error::option(key, value, wanted(&message)));
        }
    }
    Err(whole)
}
