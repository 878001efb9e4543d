//! `docs/reference.md` is made from the register, so it agrees with the library.
//!
//! `CRM_BLESS=1 cargo test -p crm-tests --test reference` writes it; without, it is compared.

use crm_core::analysis::{self, Input};
use crm_core::data::{CustomersSpec, EventsSpec, OrdersSpec};
use crm_core::register;
use crm_core::table::{Label, Type};
use crm_core::{Events, Orders, Scope, segmentation};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fmt::Write;

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/reference.md");

#[test]
fn the_reference_is_that_of_the_register() {
    let made = reference();
    if std::env::var_os("CRM_BLESS").is_some() {
        std::fs::create_dir_all(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs")).unwrap();
        std::fs::write(PATH, &made).unwrap();
    }
    let found = std::fs::read_to_string(PATH).unwrap_or_default();
    let mut lines = made.lines().zip(found.lines()).enumerate();
    let place = match lines.find(|(_, (made, found))| made != found) {
        Some((at, (made, found))) => format!("line {}:\n  made  {made}\n  found {found}", at + 1),
        None => "one is the beginning of the other".into(),
    };
    assert!(
        made == found,
        "docs/reference.md differs from the register.\n{place}\n\
         CRM_BLESS=1 cargo test -p crm-tests --test reference writes it."
    );
}

/// Columns whose name has another meaning elsewhere: analysis and name. `k` is the field's letter for the ordinal
/// of a purchase and for the length of a list; an expectation has the unit of what the table expects; `n`, `conversions` and `median_days` are of whatever a table
/// is about; the channel of a message is that by which it is sent.
const OTHERWISE: &[(&str, &str)] = &[
    ("attribution", "conversions"),
    ("attribution_paths", "conversions"),
    ("attribution_paths", "median_days"),
    ("backtest_alerts", "k"),
    ("backtest_recommend", "k"),
    ("base_forecast", "active"),
    ("base_forecast", "expected_orders"),
    ("before_after", "before"),
    ("campaign_effect", "cost"),
    ("campaign_rates", "converted"),
    ("candidates", "reason_code"),
    ("candidates", "value"),
    ("clv", "expected_high"),
    ("clv", "expected_low"),
    ("cross", "expected"),
    ("best_time", "channel"),
    ("decide", "channel"),
    ("decide", "decided_by"),
    ("demand", "expected"),
    ("experiment", "n"),
    ("identify", "confidence"),
    ("itemsets", "n"),
    ("learn", "name"),
    ("recommend", "score"),
    ("rules", "n"),
    ("segment_history", "entered"),
    ("simulate_rules", "held_out"),
    ("simulate_rules", "sent"),
    ("shop_forecast", "orders"),
    ("shop_forecast", "revenue"),
    ("similar_items", "n"),
    ("similar_items", "score"),
    ("why", "channel"),
    ("why", "decided_by"),
];

/// A name means one thing in all tables: it has one unit and one Japanese heading. Within a family it is
/// declared once, so it has one meaning, which an analysis may say more closely.
#[test]
fn a_name_of_a_column_has_one_unit_and_one_heading() {
    let mut known = BTreeMap::new();
    let mut compared = 0;
    let mut otherwise = OTHERWISE.to_vec();
    for entry in register::all() {
        for field in entry.columns {
            let named = (entry.name, field.name);
            if let Some(at) = otherwise.iter().position(|other| *other == named) {
                otherwise.remove(at);
                continue;
            }
            let (unit, ja, first) = *known
                .entry(field.name)
                .or_insert((field.unit, field.ja, entry.name));
            compared += usize::from(first != entry.name);
            assert_eq!(
                (field.unit, field.ja),
                (unit, ja),
                "{} of {} and of {first}",
                field.name,
                entry.name
            );
        }
    }
    assert!(compared > 50, "{compared} columns are in several tables");
    assert!(otherwise.is_empty(), "not there: {otherwise:?}");
}

/// Tables for people show shares in percent by this unit, so each column that lies between 0 and 1 by its name
/// has it.
#[test]
fn rates_shares_and_probabilities_have_the_unit_share() {
    let of_a_share = |part: &str| ["rate", "share", "probability", "coverage"].contains(&part);
    let mut found = 0;
    for entry in register::all() {
        for field in entry.columns.iter().filter(|field| field.ty == Type::Float) {
            if field.name.split('_').any(of_a_share) {
                assert_eq!(field.unit, "share", "{} of {}", field.name, entry.name);
                found += 1;
            }
        }
    }
    assert!(found > 100, "{found} columns");
}

/// Options of several analyses that are one option: they have one description and one default.
const SHARED: &[(&str, &[&str])] = &[
    ("annual_discount_rate", &["clv", "clv_predict"]),
    ("bad_rows", &["clv", "clv_predict", "expected_spend"]),
    ("compounding", &["clv", "clv_predict"]),
    (
        "confidence",
        &[
            "kaplan_meier",
            "gap_fits",
            "clv_fit",
            "repeat_rate",
            "cohorts",
            "acquisition",
        ],
    ),
    ("draws", &["clv", "clv_predict"]),
    ("fit", &["clv_predict", "clv_new_customers", "clv_simulate"]),
    ("interval", &["clv", "clv_predict"]),
    (
        "interval",
        &["base_forecast", "shop_forecast", "backtest_clv"],
    ),
    ("learned", &["cycle", "alerts", "likely_buyers"]),
    ("lost_by_churn_days", &["cycle", "alerts"]),
    (
        "origins",
        &[
            "backtest",
            "backtest_calibration",
            "backtest_alerts",
            "backtest_clv",
        ],
    ),
    ("per", &["cycle", "alerts", "likely_buyers"]),
    (
        "seasonality",
        &[
            "cycle",
            "alerts",
            "likely_buyers",
            "threshold_sweep",
            "backtest_alerts",
            "backtest_clv",
        ],
    ),
    (
        "seed",
        &["clv", "clv_predict", "clv_simulate", "base_forecast"],
    ),
    (
        "step",
        &[
            "backtest",
            "backtest_calibration",
            "backtest_alerts",
            "backtest_clv",
        ],
    ),
    ("seasonality", &["clv_fit", "compare_models"]),
    ("unit", &["clv", "clv_predict", "compare_models"]),
    ("within", &["cycle", "customer"]),
];

#[test]
fn an_option_of_several_analyses_has_one_description_and_one_default() {
    for (option, analyses) in SHARED {
        let of = |name: &str| {
            let described = register::describe(name).unwrap();
            let about = described["options"]["properties"][*option].clone();
            assert!(about.is_object(), "{name} has no {option}");
            (about["description"].clone(), about["default"].clone())
        };
        let first = of(analyses[0]);
        for name in &analyses[1..] {
            assert_eq!(of(name), first, "{option} of {name} and of {}", analyses[0]);
        }
    }
}

/// Every option and every column has a description; a missing one would be a gap in the reference.
#[test]
fn nothing_is_undocumented() {
    let schemas = register::all().map(|entry| {
        let described = register::describe(entry.name).unwrap();
        (entry.name, described["options"].clone())
    });
    let schemas = schemas.chain([
        ("scope", schemars::schema_for!(Scope).to_value()),
        ("orders", schemars::schema_for!(OrdersSpec).to_value()),
        ("customers", schemars::schema_for!(CustomersSpec).to_value()),
        ("events", schemars::schema_for!(EventsSpec).to_value()),
    ]);
    for (name, schema) in schemas {
        for (option, about) in object(&schema["properties"]) {
            let doc = text(&about["description"]);
            assert!(doc.ends_with(['.', '`', ')']), "{name}.{option}: {doc:?}");
        }
    }
    for entry in register::all() {
        assert!(
            !entry.summary.is_empty() && !entry.ja.is_empty(),
            "{}",
            entry.name
        );
        for field in entry.columns {
            let about = (entry.name, field.name, field.doc);
            assert!(
                field.doc.ends_with(['.', ')']) && !field.ja.is_empty(),
                "{about:?}"
            );
        }
    }
}

fn reference() -> String {
    let mut page = Page::default();
    page.line("# Reference");
    page.line("");
    page.line(
        "Made from the register; a test compares it. The same names serve Python, C, Rust and",
    );
    page.line("the command line: `crm.describe(\"rfm\")`, `crm_describe(\"rfm\", …)` and `crm describe rfm`");
    page.line("return the same for the installed version.");
    page.line("");
    page.line("| analysis | term | result |");
    page.line("|---|---|---|");
    for entry in register::all() {
        let (name, ja) = (entry.name, entry.ja);
        page.line(&format!(
            "| [`{name}`](#{name}) | {ja} | {} |",
            cell(&sentence(entry.summary))
        ));
    }

    page.section(
        "Orders",
        "The columns of orders, and how they are read. The option names are the same in every language.",
    );
    page.options(&schemars::schema_for!(OrdersSpec).to_value());
    page.section(
        "Customers",
        "The shop's own table of customers, which makes prospects (見込み客) visible.",
    );
    page.options(&schemars::schema_for!(CustomersSpec).to_value());
    page.section(
        "Events",
        "The columns of events of a site or an app (行動ログ), and how they are read. Kinds are free \
         text; `kinds` maps them to the meanings that analyses of carts and sessions need.",
    );
    page.options(&schemars::schema_for!(EventsSpec).to_value());
    let of_events = <Events as Input>::SCOPE
        .iter()
        .map(|key| format!("`{key}`"));
    let of_events: Vec<String> = of_events.collect();
    page.section(
        "Scope",
        &format!(
            "Options that analyses of orders share. They are in the same flat object as an analysis's \
             own options.\nAnalyses of events take {} of them, analyses of a table none.",
            of_events.join(", ")
        ),
    );
    page.options(&schemars::schema_for!(Scope).to_value());

    for entry in register::all() {
        let described = register::describe(entry.name).unwrap();
        page.line("");
        page.line(&format!("## {}", entry.name));
        page.line("");
        let date = match entry.needs_as_of {
            true => " `as_of` must be given.",
            false => "",
        };
        let all = match entry.reads {
            "orders" => <Orders as Input>::SCOPE,
            "events" => <Events as Input>::SCOPE,
            _ => &[],
        };
        let refused = all.iter().filter(|key| !entry.scope.contains(key));
        let refused: String = refused
            .map(|key| format!(" Does not take `{key}`."))
            .collect();
        let or = match entry.also_reads() {
            Some("table") => " or a table",
            Some("events") => " or events",
            Some(other) => panic!("{other}"),
            None => "",
        };
        let end = if entry.summary.ends_with(['.', '?']) {
            ""
        } else {
            "."
        };
        page.line(
            &format!(
                "{} ({}){end} Reads {}{or}.{date}{refused}",
                sentence(&plain(entry.summary)).trim_end_matches('.'),
                entry.ja,
                if entry.reads == "table" {
                    "a table"
                } else {
                    entry.reads
                }
            )
            .replace("?)", ")?"),
        );
        match object(&described["options"]["properties"]).next() {
            Some(_) => page.options(&described["options"]),
            None => page.line("\nThere are no options besides the scope."),
        }
        page.line("");
        page.line("| column | type | unit | 見出し | meaning |");
        page.line("|---|---|---|---|---|");
        for field in entry.columns {
            page.line(&format!(
                "| `{}` | {} | {} | {} | {} |",
                field.name,
                field.ty.name(),
                field.unit,
                cell(field.ja),
                cell(field.doc)
            ));
        }
    }
    page.objects();
    page.words("Segments of RFM", segmentation::rfm::Segment::LABELS);
    page.words("Segments of CPM", segmentation::cpm::Segment::LABELS);
    page.words("States of CPM", segmentation::cpm::State::LABELS);
    page.text
}

#[derive(Default)]
struct Page {
    text: String,
    /// Objects that options refer to, with the definitions around them; described at the end.
    objects: BTreeMap<String, (Value, Value)>,
}

impl Page {
    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn section(&mut self, title: &str, about: &str) {
        self.line(&format!("\n## {title}\n\n{about}"));
    }

    /// The properties of an object as a table, then the words that they choose among.
    fn options(&mut self, schema: &Value) {
        let defs = schema["$defs"].clone();
        self.properties(schema, &defs);
    }

    fn properties(&mut self, schema: &Value, defs: &Value) {
        let required: Vec<&str> = schema["required"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        self.line("\n| option | type | default | meaning |\n|---|---|---|---|");
        let mut words = String::new();
        for (name, about) in object(&schema["properties"]) {
            let ty = self.ty(about, defs);
            let default = match &about["default"] {
                Value::Null if required.contains(&name.as_str()) => "required".into(),
                Value::Null => "–".into(),
                Value::Object(map) if map.is_empty() => "–".into(),
                Value::Object(_) => "its defaults".into(),
                Value::Array(list) if list.is_empty() => "–".into(),
                other => format!("`{other}`"),
            };
            let doc = cell(&plain(&text(&about["description"])));
            self.line(&format!(
                "| `{name}` | {} | {} | {doc} |",
                cell(&ty),
                cell(&default)
            ));
            let choices = choices(about, defs);
            if choices.iter().any(|(_, doc)| !doc.is_empty()) {
                let told = choices
                    .iter()
                    .map(|(word, doc)| format!("`{word}`: {}", plain(doc)));
                let told: Vec<String> = told.collect();
                let _ = writeln!(words, "- `{name}`. {}", told.join(" "));
            }
        }
        if !words.is_empty() {
            self.line(&format!("\n{}", words.trim_end()));
        }
    }

    fn objects(&mut self) {
        self.section(
            "Objects",
            "What options are made of that are more than a number or a word.",
        );
        let mut told = Vec::new();
        // Telling one may name others.
        while let Some(name) = self
            .objects
            .keys()
            .find(|name| !told.contains(*name))
            .cloned()
        {
            let (schema, defs) = self.objects[&name].clone();
            told.push(name.clone());
            self.line(&format!(
                "\n### {name}\n\n{}",
                first(&text(&schema["description"]))
            ));
            self.properties(&schema, &defs);
        }
    }

    fn words(&mut self, title: &str, labels: &[Label]) {
        self.section(
            title,
            "The value that programs compare, and what people read.",
        );
        self.line("\n| value | English | 日本語 |\n|---|---|---|");
        for label in labels {
            self.line(&format!(
                "| `{}` | {} | {} |",
                label.code, label.en, label.ja
            ));
        }
    }

    /// A type in words.
    fn ty(&mut self, schema: &Value, defs: &Value) -> String {
        if let Some(name) = schema["$ref"].as_str() {
            let name = name.trim_start_matches("#/$defs/");
            return self.named(name, &defs[name], defs);
        }
        for key in ["anyOf", "oneOf", "allOf"] {
            if let Some(several) = schema[key].as_array() {
                let mut types: Vec<String> = several
                    .iter()
                    .filter(|one| one["type"] != "null")
                    .map(|one| self.ty(one, defs))
                    .collect();
                types.dedup();
                return types.join(" or ");
            }
        }
        if let Some(word) = schema.get("const") {
            return format!("`{word}`");
        }
        if let Some(several) = schema["enum"].as_array() {
            let words: Vec<String> = several
                .iter()
                .filter(|w| !w.is_null())
                .map(|word| format!("`{word}`"))
                .collect();
            return words.join(" or ");
        }
        let kinds: Vec<&str> = match &schema["type"] {
            Value::String(one) => vec![one],
            Value::Array(several) => several
                .iter()
                .filter_map(Value::as_str)
                .filter(|kind| *kind != "null")
                .collect(),
            _ => return "any value".into(),
        };
        let kinds: Vec<String> = kinds
            .into_iter()
            .map(|kind| self.kind(kind, schema, defs))
            .collect();
        kinds.join(" or ")
    }

    fn kind(&mut self, kind: &str, schema: &Value, defs: &Value) -> String {
        match kind {
            "array" if schema["prefixItems"].is_array() => {
                let items: Vec<String> = schema["prefixItems"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(|one| self.ty(one, defs))
                    .collect();
                format!("[{}]", items.join(", "))
            }
            "array" => {
                let nullable = schema["items"]["type"]
                    .as_array()
                    .is_some_and(|kinds| kinds.contains(&"null".into()));
                let or_null = if nullable { " or null" } else { "" };
                format!("list of {}{or_null}", self.ty(&schema["items"], defs))
            }
            "object" if schema["properties"].is_object() => {
                let parts: Vec<String> = object(&schema["properties"])
                    .map(|(name, one)| format!("`{name}`: {}", self.ty(one, defs)))
                    .collect();
                format!("{{{}}}", parts.join(", "))
            }
            "object" => format!(
                "object from text to {}",
                self.ty(&schema["additionalProperties"], defs)
            ),
            "string" if schema["format"] == "date" => "date".into(),
            "string" => "text".into(),
            "boolean" => "bool".into(),
            // The bounds of a machine's integers are nobody's business.
            "integer" => match (schema["minimum"].as_i64(), schema["maximum"].as_i64()) {
                (Some(low), Some(high)) if high != 255 && high != 65_535 => {
                    format!("integer {low} to {high}")
                }
                (Some(low), _) if low > 0 => format!("integer from {low}"),
                _ => "integer".into(),
            },
            "number" => {
                let above = &schema["exclusiveMinimum"];
                let below = &schema["exclusiveMaximum"];
                match (above, below, &schema["minimum"], &schema["maximum"]) {
                    (Value::Null, Value::Null, Value::Null, Value::Null) => "number".into(),
                    (low, Value::Null, Value::Null, Value::Null) => format!("number above {low}"),
                    (Value::Null, Value::Null, low, high) => format!("number {low} to {high}"),
                    (low, high, Value::Null, Value::Null) => {
                        format!("number between {low} and {high}")
                    }
                    (low, _, _, high) => format!("number above {low}, up to {high}"),
                }
            }
            other => other.into(),
        }
    }

    /// A named definition: an object is described in its own section, anything else here.
    fn named(&mut self, name: &str, schema: &Value, defs: &Value) -> String {
        if name == "Condition" {
            let range = self.named("RangeCondition", &defs["RangeCondition"], defs);
            return format!("a value, a list of values or {range}");
        }
        if schema["type"] != "object" || !schema["properties"].is_object() {
            return self.ty(schema, defs);
        }
        let name = name.trim_end_matches(|c: char| c.is_ascii_digit());
        if name == "Options" {
            let same = |entry: &&analysis::Entry| {
                let described = register::describe(entry.name).unwrap();
                described["options"]["description"] == schema["description"]
                    && keys(&described["options"]) == keys(schema)
            };
            if let Some(entry) = register::all().find(same) {
                return format!("[options of `{0}`](#{0})", entry.name);
            }
        }
        let mut title = name.to_owned();
        while let Some((known, _)) = self.objects.get(&title) {
            if keys(known) == keys(schema) && known["description"] == schema["description"] {
                break;
            }
            title.push('2');
        }
        self.objects
            .entry(title.clone())
            .or_insert_with(|| (schema.clone(), defs.clone()));
        format!("[{title}](#{})", title.to_lowercase())
    }
}

/// The words that a property chooses among, with what they mean.
fn choices(schema: &Value, defs: &Value) -> Vec<(String, String)> {
    if let Some(name) = schema["$ref"].as_str() {
        return choices(&defs[name.trim_start_matches("#/$defs/")], defs);
    }
    if schema["type"] == "array" || schema["type"] == serde_json::json!(["array", "null"]) {
        return choices(&schema["items"], defs);
    }
    if schema["type"] == "object" && schema["additionalProperties"].is_object() {
        return choices(&schema["additionalProperties"], defs);
    }
    let mut found = Vec::new();
    for key in ["anyOf", "oneOf"] {
        for one in schema[key].as_array().into_iter().flatten() {
            match one["const"].as_str() {
                Some(word) => found.push((word.to_owned(), first(&text(&one["description"])))),
                None => found.extend(choices(one, defs)),
            }
        }
    }
    found
}

/// With a capital first letter, unless the word is a name.
fn sentence(text: &str) -> String {
    match text.split([' ', ',']).next() {
        // The article is no column, although `pairs` has one of its name.
        Some(word)
            if word != "a" && register::all().any(|e| e.columns.iter().any(|f| f.name == word)) =>
        {
            text.to_owned()
        }
        _ => text
            .char_indices()
            .map(|(at, c)| if at == 0 { c.to_ascii_uppercase() } else { c })
            .collect(),
    }
}

fn object(value: &Value) -> serde_json::map::Iter<'_> {
    static EMPTY: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
    value.as_object().unwrap_or(&EMPTY).iter()
}

fn keys(schema: &Value) -> Vec<&String> {
    object(&schema["properties"]).map(|(key, _)| key).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or("").to_owned()
}

/// The first paragraph on one line.
fn first(doc: &str) -> String {
    plain(doc.split("\n\n").next().unwrap_or(""))
}

/// Doc text up to its first example, on one line, links between items as the items' names.
fn plain(doc: &str) -> String {
    let doc = doc.split("```").next().unwrap_or("").trim();
    let mut out = String::new();
    let mut rest = doc;
    while let Some(at) = rest.find("[`") {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let Some(end) = rest.find("`]") else { break };
        out.push_str(&rest[..=end]);
        rest = &rest[end + 2..];
        if rest.starts_with('(') {
            rest = rest.split_once(')').map_or(rest, |(_, after)| after);
        }
    }
    out.push_str(rest);
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Text in a cell of a table.
fn cell(text: &str) -> String {
    text.split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .replace('|', "\\|")
}
