//! Every value that the register lists for an option runs, or its error names the other option it
//! needs; what it does not list is refused; and docs/reference.md lists the same.

use crm_core::{Context, Dataset, Error, ErrorCode, Table, register};
use crm_tests::reals;
use crm_tests::shelf::{Shelf, column, request};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// Where in a request a word is chosen.
#[derive(Debug, Clone, PartialEq)]
enum Place {
    Key(String),
    /// An entry of a list.
    Entry,
}

/// An option whose values are listed.
#[derive(Debug, Clone)]
struct Choice {
    analysis: &'static str,
    path: Vec<Place>,
    values: Vec<String>,
    /// The part of the reference that lists them.
    section: &'static str,
    /// Whether anything but a word is taken as well, such as a length of time or an object of factors.
    or_else: bool,
}

impl Choice {
    /// The request's option with a word in its place.
    fn option(&self, word: &str) -> (String, Value) {
        let places = self.path.iter().rev();
        let built = places.fold(json!(word), |inner, place| match place {
            Place::Key(name) => json!({ name: inner }),
            // Beside the first, which occurs in any shop.
            Place::Entry if inner == json!(word) && word != self.values[0] => {
                json!([inner, self.values[0]])
            }
            Place::Entry => json!([inner]),
        });
        let Value::Object(built) = built else {
            panic!("{:?}", self.path)
        };
        built.into_iter().next().unwrap()
    }

    /// The names on the way.
    fn keys(&self) -> impl Iterator<Item = &str> {
        self.path.iter().filter_map(|place| match place {
            Place::Key(name) => Some(name.as_str()),
            Place::Entry => None,
        })
    }

    /// The last of them: what the reference lists the values under.
    fn name(&self) -> &str {
        self.keys().last().unwrap()
    }

    fn run(&self, shelf: &Shelf, word: &str) -> crm_core::Result<Table> {
        let entry = register::all().find(|e| e.name == self.analysis).unwrap();
        let mut request = request(entry);
        let (name, value) = self.option(word);
        request[&name] = value;
        if ["clv", "clv_predict"].contains(&self.analysis) {
            request["draws"] = json!(10);
        }
        match (self.name(), word) {
            ("exclude_scope", "unit") => request["exclude"] = json!([{"kind": "remove"}]),
            ("step", "hour" | "week" | "month" | "quarter" | "year")
                if self.analysis != "segment_history" =>
            {
                request["up_to"] = json!(3);
            }
            // A model is asked about tables in its own unit.
            ("unit", word) if request["fit"].is_object() => request["fit"]["unit"] = json!(word),
            ("measure" | "review", _) if self.analysis == "entitlements" => {
                request["tiers"] = json!([{"name": "gold", "from": 1}]);
                let rules = request["rules"].as_array_mut().expect("rules");
                rules.push(json!({"name": "lounge", "tier": "gold"}));
            }
            _ if self.analysis == "movement" && name == "rfm" => request["scheme"] = json!("rfm"),
            _ => {}
        }
        let data = shelf.data(entry);
        register::run(
            self.analysis,
            &data,
            &request.to_string(),
            &Context::default(),
        )
    }
}

/// The choices of a schema.
fn choices(analysis: &'static str, schema: &Value, section: &'static str) -> Vec<Choice> {
    let mut found = Vec::new();
    let whole = Walk {
        analysis,
        section,
        defs: &schema["$defs"],
    };
    whole.properties(schema, &[], &mut found);
    found
}

struct Walk<'a> {
    analysis: &'static str,
    section: &'static str,
    defs: &'a Value,
}

impl Walk<'_> {
    fn properties(&self, schema: &Value, path: &[Place], found: &mut Vec<Choice>) {
        let Some(properties) = schema["properties"].as_object() else {
            return;
        };
        for (name, about) in properties {
            let path = [path, &[Place::Key(name.clone())]].concat();
            let (mut values, mut or_else) = (Vec::new(), false);
            self.option(about, &path, &mut values, &mut or_else, found);
            if !values.is_empty() {
                found.push(Choice {
                    analysis: self.analysis,
                    path,
                    values,
                    section: self.section,
                    or_else,
                });
            }
        }
    }

    /// The words of one option; what is within a list or an object is found on the way.
    fn option(
        &self,
        schema: &Value,
        path: &[Place],
        values: &mut Vec<String>,
        or_else: &mut bool,
        found: &mut Vec<Choice>,
    ) {
        if let Some(name) = schema["$ref"].as_str() {
            let name = name.trim_start_matches("#/$defs/");
            return self.option(&self.defs[name], path, values, or_else, found);
        }
        for key in ["anyOf", "oneOf", "allOf"] {
            for one in schema[key].as_array().into_iter().flatten() {
                self.option(one, path, values, or_else, found);
            }
        }
        if let Some(word) = schema["const"].as_str() {
            values.push(word.to_owned());
        } else if let Some(words) = schema["enum"].as_array() {
            values.extend(words.iter().filter_map(Value::as_str).map(str::to_owned));
        } else if schema["properties"].is_object() {
            self.properties(schema, path, found);
        } else if schema["items"].is_object() {
            let path = [path, &[Place::Entry]].concat();
            let mut listed = Vec::new();
            let mut other = false;
            self.option(&schema["items"], &path, &mut listed, &mut other, found);
            if !listed.is_empty() {
                found.push(Choice {
                    analysis: self.analysis,
                    path,
                    values: listed,
                    section: self.section,
                    or_else: other,
                });
            }
        } else if schema["type"].is_string() || schema["type"].is_array() {
            *or_else |= schema["type"] != "null";
        }
    }
}

/// All choices of all analyses, those of their scopes as well.
fn all() -> Vec<Choice> {
    let of_one = register::all().flat_map(|entry| {
        let about = register::describe(entry.name).unwrap();
        let mut found = choices(entry.name, &about["options"], entry.name);
        found.extend(choices(entry.name, &about["scope"], "scope"));
        found
    });
    of_one.collect()
}

/// Listed values that this shop, log or table cannot answer alone, and what the refusal names.
const REFUSED: &[(&str, &str, &str, &str)] = &[
    ("rfm", "mode", "threshold", "cuts, preset"),
    ("rfm", "mode", "frozen", "cuts"),
    ("rfm_segments", "mode", "threshold", "cuts, preset"),
    ("rfm_segments", "mode", "frozen", "cuts"),
    ("rfm_cross", "mode", "threshold", "cuts, preset"),
    ("rfm_cross", "mode", "frozen", "cuts"),
    ("movement", "mode", "threshold", "cuts, preset"),
    ("movement", "mode", "frozen", "cuts"),
    ("rfm_cross", "columns", "r", "rows"),
    ("candidates", "trigger", "birthday", "column"),
    ("simulate_rules", "trigger", "birthday", "column"),
    ("rfm_cross", "rows", "f", "columns"),
    // The log has neither.
    ("attribution", "of", "campaign", "campaign"),
    ("attribution", "of", "referrer", "referrer"),
    ("attribution_channels", "of", "campaign", "campaign"),
    ("attribution_channels", "of", "referrer", "referrer"),
    ("attribution_paths", "of", "campaign", "campaign"),
    ("attribution_paths", "of", "referrer", "referrer"),
    ("attribution_transitions", "of", "campaign", "campaign"),
    ("attribution_transitions", "of", "referrer", "referrer"),
    ("before_after", "measure", "conversion_rate", "events"),
    ("experiment", "per", "customer", "events"),
    ("experiment", "per", "visitor", "events"),
    ("experiment", "sequence", "msprt", "always_valid"),
    ("demand", "measure", "quantity", "quantity"),
    // Their default columns are of lines.
    (
        "purchase_flow",
        "refunds",
        "refund_date",
        "order_date, lines of one order differ",
    ),
    (
        "first_product",
        "refunds",
        "refund_date",
        "order_date, lines of one order differ",
    ),
];

/// The shelf, whose customers have the sums of logarithms that some models read.
fn shelf() -> Shelf {
    let mut shelf = Shelf::new();
    let of = |name: &str| reals(&shelf.customers, name).into_iter().flatten();
    let sums = of("frequency").zip(of("recency")).map(|(x, t_x)| match x {
        0.0 => 0.0,
        x => x * (t_x / x).ln(),
    });
    let sums = column("ln_gaps", sums.collect::<Vec<_>>());
    let columns = shelf.customers.columns().iter().cloned();
    shelf.customers = Table::new(columns.chain([sums]).collect());
    shelf
}

#[test]
fn every_listed_value_runs_or_names_what_it_needs() {
    let shelf = shelf();
    let all = all();
    assert!(all.len() > 100, "{}", all.len());
    // Two threads take every other choice.
    let wrong = std::thread::scope(|scope| {
        let (shelf, all) = (&shelf, &all);
        let halves = [0, 1]
            .map(|first| scope.spawn(move || wrong_of(shelf, all.iter().skip(first).step_by(2))));
        let found = halves.map(|half| half.join().unwrap());
        found.concat()
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What these choices do that they should not.
fn wrong_of<'a>(shelf: &Shelf, choices: impl Iterator<Item = &'a Choice>) -> Vec<String> {
    let mut wrong = Vec::new();
    for choice in choices {
        for word in &choice.values {
            let refused = REFUSED.iter().find(|(analysis, option, value, _)| {
                (*analysis, *option) == (choice.analysis, choice.name()) && value == word
            });
            let at = format!("{}.{} = {word:?}", choice.analysis, choice.name());
            match (choice.run(shelf, word), refused) {
                (Ok(_), None) => {}
                (Ok(_), Some(_)) => wrong.push(format!("{at} runs: it is no longer refused")),
                (Err(error), Some((_, _, _, says))) => {
                    let said = error.to_string();
                    if !says.split(", ").all(|part| said.contains(part)) {
                        wrong.push(format!("{at}: {said}"));
                    }
                    assert!(!matches!(error, Error::Internal { .. }), "{at}: {said}");
                }
                (Err(error), None) => wrong.push(format!("{at} [{:?}]: {error}", error.code())),
            }
        }
    }
    wrong
}

/// Words of other options and none at all: refused, and the message lists the values there are.
#[test]
fn a_value_that_is_not_listed_is_refused() {
    let shelf = shelf();
    let all = all();
    let words: BTreeSet<&str> = all
        .iter()
        .flat_map(|c| &c.values)
        .map(String::as_str)
        .collect();
    let more = ["", "day", "hour", "none", "Day", "MONTH", "no_such_word"];
    let mut wrong = Vec::new();
    for choice in &all {
        for word in words.iter().chain(&more) {
            if choice.values.iter().any(|value| value == word) {
                continue;
            }
            let at = format!("{}.{} = {word:?}", choice.analysis, choice.name());
            match choice.run(&shelf, word) {
                Ok(_) => wrong.push(format!("{at} runs")),
                Err(error) => {
                    let said = error.to_string();
                    let listed = choice
                        .values
                        .iter()
                        .all(|value| said.contains(value.as_str()));
                    if error.code() != ErrorCode::Option || !listed {
                        wrong.push(format!("{at} [{:?}]: {said}", error.code()));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// One letter too many, in words that are long enough to be distinct.
#[test]
fn a_slip_has_the_word_as_a_hint() {
    let shelf = shelf();
    let mut wrong = Vec::new();
    for choice in all() {
        for word in choice.values.iter().filter(|word| word.len() >= 4) {
            let slip = format!("{word}x");
            let at = format!("{}.{} = {slip:?}", choice.analysis, choice.name());
            match choice.run(&shelf, &slip) {
                Ok(_) => wrong.push(format!("{at} runs")),
                Err(error) => {
                    let hint = error.hint().unwrap_or_default();
                    if !hint.contains("did you mean") || !hint.contains(&format!("`{word}`")) {
                        wrong.push(format!("{at}: {error} (hint {hint:?})"));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The row of an option in the reference, in the section of its analysis or of the object it is in.
fn documented(reference: &str, section: &str, path: &[&str]) -> Option<String> {
    let (option, rest) = path.split_first()?;
    let heading = |line: &str| line.trim_start_matches('#').trim().to_lowercase() == section;
    let mut lines = reference.lines();
    lines.find(|line| line.starts_with('#') && heading(line))?;
    let row = format!("| `{option}` |");
    let mut own = lines.take_while(|line| !line.starts_with('#'));
    let row = own.find(|line| line.starts_with(&row))?;
    if rest.is_empty() {
        return Some(row.to_owned());
    }
    let (_, link) = row.split_once("](#")?;
    documented(reference, link.split(')').next()?, rest)
}

#[test]
fn the_reference_lists_these_values_and_no_others() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/reference.md");
    let reference = std::fs::read_to_string(path).unwrap();
    for choice in all() {
        let at = (choice.analysis, choice.name(), choice.section);
        let path: Vec<&str> = choice.keys().collect();
        let row = documented(&reference, choice.section, &path);
        let row = row.unwrap_or_else(|| panic!("{at:?} has no row"));
        let ty = row.replace("\\|", "/");
        let ty = ty.split('|').nth(2).unwrap();
        let told: BTreeSet<&str> = ty.split('"').skip(1).step_by(2).collect();
        let listed: BTreeSet<&str> = choice.values.iter().map(String::as_str).collect();
        assert_eq!(told, listed, "{at:?}");
        assert_eq!(
            choice.or_else,
            ty.contains("integer or text") || ty.contains("or object from"),
            "{at:?} {ty}"
        );
    }
}

/// What the rows of cohorts are is a text, for columns may be named as well: its words are in its text.
#[test]
fn the_words_of_an_option_of_text_are_those_that_run() {
    let shelf = shelf();
    let about = register::describe("cohorts").unwrap();
    let doc = about["options"]["properties"]["rows"]["description"]
        .as_str()
        .unwrap();
    for word in ["day", "week", "month", "quarter", "year", "all"] {
        assert!(doc.contains(&format!("`{word}`")), "{word}: {doc}");
        let mut request = Map::new();
        request.insert("rows".into(), json!(word));
        let request = Value::Object(request).to_string();
        let data = Dataset::Orders(&shelf.orders);
        register::run("cohorts", &data, &request, &Context::default()).unwrap();
    }
    let data = Dataset::Orders(&shelf.orders);
    let error = register::run("cohorts", &data, r#"{"rows": "mnth"}"#, &Context::default());
    assert_eq!(error.unwrap_err().code(), ErrorCode::Schema);
}
