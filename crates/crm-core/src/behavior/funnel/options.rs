//! Options of a funnel.

use super::chain::Shape;
use crate::behavior::steps::{Exclusion, Per};
use crate::behavior::{sessions, steps};
use crate::error::{Error, Result};
use crate::scope::Condition;
use crate::time::{Day, Duration, Period};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// Options of the funnel. Build with `..Options::default()`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// The steps, 1 to 32: a kind, or conditions on columns of events.
    pub steps: Vec<Step>,
    /// Time from the first to the last event of a chain, inclusive. Default 7 days.
    pub window: Duration,
    /// The order of the steps.
    pub mode: Mode,
    /// The unit that takes the steps.
    pub per: Per,
    /// Events that are forbidden between steps.
    pub exclude: Vec<Exclusion>,
    /// What an excluded event ends: the chains it comes between, or the whole unit, which then is
    /// in no step and is counted in the note `excluded_units`.
    pub exclude_scope: ExcludeScope,
    /// Whether time must pass from step to step: events of one instant do not follow each other.
    /// Default: no. For `ordered` and `strict`, without `reuse`.
    pub strict_increase: bool,
    /// Whether one event may fill several steps. Default: no. For `ordered` and `strict`.
    pub reuse: bool,
    /// What is counted: each unit once, by its winning chain, or every episode of a unit.
    pub count: Count,
    /// The days on which a chain may start, both included; later steps may come after them. For modes
    /// with a first step. Default: any.
    pub entered: Option<Entered>,
    /// Counts by the period in which the (winning) chain started, in a first column `entered`.
    /// Default: all together.
    pub series: Option<Period>,
    /// Inactivity after which the next event opens a new session. Default 30 minutes.
    pub timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            steps: Vec::new(),
            window: Duration::days(7),
            mode: Mode::Ordered,
            per: Per::Visitor,
            exclude: Vec::new(),
            exclude_scope: ExcludeScope::Chain,
            strict_increase: false,
            reuse: false,
            count: Count::Units,
            entered: None,
            series: None,
            timeout: sessions::Options::default().timeout,
        }
    }
}

/// One step: `"add"`, or `{"kind": "view", "page": "/"}` with `name`, `optional`, `min_gap` and
/// `max_gap` beside the conditions, all of which an event must meet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(from = "StepForm")]
pub struct Step {
    /// The name in the table; default: the values of its conditions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether it may be skipped.
    pub optional: bool,
    /// The least time since the event of the step before. Default: none. For mode `ordered` without
    /// optional steps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_gap: Option<Duration>,
    /// The most time since the event of the step before, inclusive. Default: only `window` counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_gap: Option<Duration>,
    /// `{column: value | [values] | {"from", "to"}}`.
    #[serde(flatten)]
    pub conditions: BTreeMap<String, Condition>,
}

#[derive(Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(
    untagged,
    expecting = "a kind, or an object of conditions such as {\"kind\": \"view\", \"page\": \"/\"}"
)]
enum StepForm {
    Kind(String),
    Full {
        #[serde(default)]
        name: Option<String>,
        #[serde(default)]
        optional: bool,
        #[serde(default)]
        min_gap: Option<Duration>,
        #[serde(default)]
        max_gap: Option<Duration>,
        #[serde(flatten)]
        conditions: BTreeMap<String, Condition>,
    },
}

impl From<StepForm> for Step {
    fn from(form: StepForm) -> Step {
        match form {
            StepForm::Kind(kind) => Step::kind(&kind),
            StepForm::Full {
                name,
                optional,
                min_gap,
                max_gap,
                conditions,
            } => Step {
                name,
                optional,
                min_gap,
                max_gap,
                conditions,
            },
        }
    }
}

impl Step {
    /// Any event of a kind.
    pub fn kind(kind: &str) -> Step {
        let is = Condition::Is(kind.into());
        Step {
            name: None,
            optional: false,
            min_gap: None,
            max_gap: None,
            conditions: BTreeMap::from([("kind".to_owned(), is)]),
        }
    }

    pub(super) fn label(&self) -> String {
        match &self.name {
            Some(name) => name.clone(),
            None => label(&self.conditions),
        }
    }
}

/// The values of conditions as a name.
pub(super) fn label(conditions: &BTreeMap<String, Condition>) -> String {
    let word = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let parts = conditions.iter().map(|(column, c)| match c {
        Condition::Is(value) => word(value),
        Condition::In(values) => values.iter().map(word).collect::<Vec<_>>().join("|"),
        Condition::Range(_) => column.clone(),
    });
    parts.collect::<Vec<_>>().join(" ")
}

/// The order of the steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, crm_derive::Word)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Mode {
    /// In their order, with any events between.
    #[default]
    Ordered,
    /// In their order, with no event between.
    Strict,
    /// In any order.
    Unordered,
    /// The first step first, the other steps after it in any order.
    FirstThenAny,
    /// Any `k` of the steps in any order; the row of step `k` counts units that filled `k` steps.
    AnyK,
}

impl Mode {
    /// Whether the steps have a fixed order.
    pub(super) fn is_ordered(self) -> bool {
        matches!(self, Mode::Ordered | Mode::Strict)
    }

    /// Whether every chain starts with the first step.
    pub(super) fn has_first(self) -> bool {
        self.is_ordered() || self == Mode::FirstThenAny
    }
}

/// What an exclusion ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, crm_derive::Word)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ExcludeScope {
    /// The chains it comes between; other chains of the unit still count.
    #[default]
    Chain,
    /// The unit: it is in no step.
    Unit,
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, crm_derive::Word)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Count {
    /// Each unit once, by its winning chain.
    #[default]
    Units,
    /// Every episode of a unit: one begins with an event that can start a chain, and ends with the
    /// last step or the window; the next begins after it.
    Episodes,
}

/// Days on which chains may start.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Entered {
    /// The first day. Default: any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Day>,
    /// The last day. Default: any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<Day>,
}

/// Checks the options and makes the funnel's shape.
pub(super) fn shape(options: &Options) -> Result<Shape> {
    let n = options.steps.len();
    let refuse = |name: &str, expected: &'static str| Err(Error::option(name, "", expected));
    if options.window.micros() == 0 {
        return refuse("window", "a time longer than zero");
    }
    let conditions = options.steps.iter().map(|s| &s.conditions);
    steps::check(conditions, &options.exclude)?;
    fits(options)?;
    let optional = options.steps.iter().enumerate();
    Ok(Shape {
        n,
        mode: options.mode,
        reuse: options.reuse,
        once: options.count == Count::Episodes,
        gaps: gaps(options)?,
        adjacent: 0,
        window: options.window.micros(),
        optional: optional.fold(0, |bits, (i, s)| bits | u32::from(s.optional) << i),
        exclusions: steps::exclusions(&options.exclude, n)?,
    })
}

/// Refuses options that the mode does not know, or that contradict each other.
fn fits(options: &Options) -> Result<()> {
    let n = options.steps.len();
    let refuse = |name: &str, expected: &'static str| Err(Error::option(name, "", expected));
    if options.steps[0].optional || options.steps[n - 1].optional {
        return refuse("steps", "a first and a last step that are not optional");
    }
    let (mode, any_optional) = (options.mode, options.steps.iter().any(|s| s.optional));
    let unordered = !mode.is_ordered();
    if unordered && any_optional {
        return refuse(
            "steps",
            "optional steps only in the modes \"ordered\" and \"strict\"",
        );
    }
    if mode == Mode::Strict && !options.exclude.is_empty() {
        return refuse(
            "exclude",
            "no exclusions in mode \"strict\": it has nothing between",
        );
    }
    if options.exclude.is_empty() && options.exclude_scope != ExcludeScope::default() {
        return refuse("exclude_scope", "exclusions, which there are none of");
    }
    if unordered && options.strict_increase {
        return refuse("strict_increase", "the mode \"ordered\" or \"strict\"");
    }
    if options.reuse && (unordered || options.strict_increase) {
        return refuse(
            "reuse",
            "the mode \"ordered\" or \"strict\", without strict_increase",
        );
    }
    if options.entered.is_some() && !mode.has_first() {
        return refuse(
            "entered",
            "a mode in which chains start with the first step",
        );
    }
    if let Some(Entered {
        from: Some(from),
        to: Some(to),
    }) = &options.entered
        && from > to
    {
        return refuse("entered", "a day `from` up to the day `to`");
    }
    let bounded = |e: &Exclusion| e.after_step.is_some() || e.before_step.is_some();
    if unordered && options.exclude.iter().any(bounded) {
        return refuse(
            "exclude",
            "exclusions without after_step and before_step where steps have any order",
        );
    }
    Ok(())
}

/// The least and the most time of each step since the step before; empty if no step has one.
fn gaps(options: &Options) -> Result<Vec<(i64, i64)>> {
    let given = |step: &Step| step.min_gap.is_some() || step.max_gap.is_some();
    if !options.steps.iter().any(given) {
        return Ok(Vec::new());
    }
    let refuse = |name: &str, expected: &'static str| Err(Error::option(name, "", expected));
    if options.mode != Mode::Ordered || options.steps.iter().any(|s| s.optional) {
        return refuse(
            "steps",
            "min_gap and max_gap only in mode \"ordered\" without optional steps",
        );
    }
    if given(&options.steps[0]) {
        return refuse("steps", "no min_gap and max_gap at the first step");
    }
    let given = options.steps.iter().map(|s| (s.min_gap, s.max_gap));
    steps::gaps(given, options.window.micros())
}
