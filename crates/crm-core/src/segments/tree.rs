//! A tree of conditions, read from JSON and evaluated for one customer at a time.
//!
//! A node is `{"all": [...]}`, `{"any": [...]}`, `{"not": node}` or a leaf. A leaf has a field, one operator, and
//! for some fields `days`, `where` or `options`:
//!
//! ```text
//! {"field": "orders.count", "days": 90, "where": {"channel": "web"}, "ge": 2}
//! {"field": "cycle.probability_within", "options": {"within": 14}, "ge": 0.3}
//! {"field": "summary.revenue", "ge": {"quantile": 0.8}}
//! ```
//!
//! An empty `all` holds for everyone, an empty `any` for no one. Nodes are evaluated from left to right, and no
//! further than needed; the leaf that is evaluated last decides.

use crate::context::push;
use crate::error::{Error, Result};
use crate::scope::Filter;
use serde_json::{Map, Value, json};

/// The operators of a leaf.
pub(super) const OPERATORS: &[&str] = &[
    "eq", "ne", "lt", "le", "gt", "ge", "between", "in", "null", "starts", "contains",
];

/// The maximum nesting of a tree, which bounds the recursion. A request of JSON text is not deeper anyway.
const DEEPEST: usize = 24;

/// A tree of conditions and its leaves, in the order in which they are written.
#[derive(Debug)]
pub(crate) struct Tree {
    root: Node,
    pub(super) leaves: Vec<Leaf>,
}

#[derive(Debug)]
enum Node {
    All(Vec<Node>),
    Any(Vec<Node>),
    Not(Box<Node>),
    /// A place among the leaves.
    Leaf(usize),
}

/// A condition on one field.
#[derive(Debug)]
pub(super) struct Leaf {
    /// Where it stands in the request: `where.all.0`.
    pub(super) path: String,
    pub(super) field: Field,
    pub(super) test: Test,
}

/// A field, with what its values depend on.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Field {
    /// `rfm.segment`.
    pub(super) name: String,
    /// Orders of this many last days, the date included; only of `orders.`.
    pub(super) days: Option<u32>,
    /// Which orders; only of `orders.`.
    pub(super) filter: Filter,
    /// The request of the analysis that the field names, without its date.
    pub(super) options: Map<String, Value>,
}

/// What a value must meet. A field without a value meets only `null`.
#[derive(Debug)]
pub(super) enum Test {
    Equal(Value),
    Unequal(Value),
    Less(Bound),
    AtMost(Bound),
    Greater(Bound),
    AtLeast(Bound),
    Between(Bound, Bound),
    In(Vec<Value>),
    Null(bool),
    Starts(String),
    Contains(String),
}

/// An end of a range: a value, or a quantile of the field over all customers who have a value.
#[derive(Debug, Clone)]
pub(super) enum Bound {
    Value(Value),
    Quantile(f64),
}

impl Tree {
    /// The tree of a JSON value; `path` is the option that it is the value of.
    pub(crate) fn new(value: &Value, path: &str) -> Result<Tree> {
        let mut leaves = Vec::new();
        let root = node(value, path, 0, &mut leaves)?;
        Ok(Tree { root, leaves })
    }

    /// Whether the tree holds, given which leaves hold, and the leaf that decided: none of a tree without leaves.
    pub(super) fn holds(&self, leaf: impl Fn(usize) -> bool) -> (bool, Option<usize>) {
        let mut last = None;
        let holds = self.root.holds(&mut |at| {
            last = Some(at);
            leaf(at)
        });
        (holds, last)
    }
}

impl Node {
    fn holds(&self, leaf: &mut impl FnMut(usize) -> bool) -> bool {
        match self {
            Node::All(nodes) => nodes.iter().all(|node| node.holds(leaf)),
            Node::Any(nodes) => nodes.iter().any(|node| node.holds(leaf)),
            Node::Not(node) => !node.holds(leaf),
            Node::Leaf(at) => leaf(*at),
        }
    }
}

fn node(value: &Value, path: &str, depth: usize, leaves: &mut Vec<Leaf>) -> Result<Node> {
    let expected = "an object with `all`, `any`, `not` or `field`";
    let Value::Object(object) = value else {
        return Err(Error::option(path, value, expected));
    };
    if depth > DEEPEST {
        let expected = format!("conditions nested at most {DEEPEST} deep");
        return Err(Error::option(path, "", expected));
    }
    if object.contains_key("field") {
        let leaf = leaf(object, path)?;
        push(leaves, leaf, "conditions")?;
        return Ok(Node::Leaf(leaves.len() - 1));
    }
    let (key, inner) = match object.iter().next() {
        Some(only) if object.len() == 1 => only,
        _ => {
            let keys: Vec<&String> = object.keys().collect();
            return Err(Error::option(path, json!(keys), expected));
        }
    };
    let path = format!("{path}.{key}");
    match key.as_str() {
        "not" => Ok(Node::Not(Box::new(node(inner, &path, depth + 1, leaves)?))),
        "all" | "any" => {
            let Value::Array(items) = inner else {
                return Err(Error::option(path, inner, "a list of conditions"));
            };
            let mut nodes = Vec::new();
            for (at, item) in items.iter().enumerate() {
                let inner = node(item, &format!("{path}.{at}"), depth + 1, leaves)?;
                push(&mut nodes, inner, "conditions")?;
            }
            Ok(match key.as_str() {
                "all" => Node::All(nodes),
                _ => Node::Any(nodes),
            })
        }
        _ => Err(Error::option(path, json!(key), expected)),
    }
}

fn leaf(object: &Map<String, Value>, path: &str) -> Result<Leaf> {
    let at = |key: &str| format!("{path}.{key}");
    let name = match &object["field"] {
        Value::String(name) => name.clone(),
        other => return Err(Error::option(at("field"), other, "the name of a field")),
    };
    let of_orders = name.starts_with("orders.");
    let of_analysis = !of_orders && !name.starts_with("customers.");
    let mut field = Field {
        name,
        days: None,
        filter: Filter::default(),
        options: Map::new(),
    };
    let mut test = None;
    for (key, value) in object {
        match key.as_str() {
            "field" => {}
            "days" if of_orders => {
                let days = value.as_u64().and_then(|days| u32::try_from(days).ok());
                let days = days.filter(|days| *days > 0);
                let expected = "a whole number of days, 1 or more";
                field.days = Some(days.ok_or_else(|| Error::option(at(key), value, expected))?);
            }
            "where" if of_orders => {
                let filter = serde_json::from_value(value.clone());
                let expected = "conditions on columns of orders";
                field.filter = filter.map_err(|_| Error::option(at(key), value, expected))?;
            }
            "options" if of_analysis => match value {
                Value::Object(options) => field.options = options.clone(),
                _ => return Err(Error::option(at(key), value, "an object of options")),
            },
            _ if OPERATORS.contains(&key.as_str()) && test.is_none() => {
                test = Some(self::test(key, value, &at(key))?);
            }
            _ => {
                return Err(Error::option(
                    path,
                    json!(key),
                    only(of_orders, of_analysis),
                ));
            }
        }
    }
    match test {
        Some(test) => Ok(Leaf {
            path: path.to_owned(),
            field,
            test,
        }),
        None => Err(Error::option(path, "", only(of_orders, of_analysis))),
    }
}

/// The keys that a leaf may have.
fn only(of_orders: bool, of_analysis: bool) -> String {
    let operators: Vec<String> = OPERATORS.iter().map(|o| format!("`{o}`")).collect();
    let further = match (of_orders, of_analysis) {
        (true, _) => "; besides it `field`, `days` and `where`",
        (_, true) => "; besides it `field` and `options`",
        _ => "; besides it `field`",
    };
    format!("one operator of {}{further}", operators.join(", "))
}

fn test(operator: &str, value: &Value, path: &str) -> Result<Test> {
    let wrong = |expected: &'static str| Error::option(path, value, expected);
    let scalar = |value: &Value| value.is_number() || value.is_string() || value.is_boolean();
    let one = || match scalar(value) {
        true => Ok(value.clone()),
        false => Err(wrong("a number, a text, or true or false")),
    };
    let text = || match value {
        Value::String(text) => Ok(text.clone()),
        _ => Err(wrong("a text")),
    };
    Ok(match operator {
        "eq" => Test::Equal(one()?),
        "ne" => Test::Unequal(one()?),
        "lt" => Test::Less(bound(value, path)?),
        "le" => Test::AtMost(bound(value, path)?),
        "gt" => Test::Greater(bound(value, path)?),
        "ge" => Test::AtLeast(bound(value, path)?),
        "between" => match value.as_array().map(Vec::as_slice) {
            Some([low, high]) => Test::Between(bound(low, path)?, bound(high, path)?),
            _ => return Err(wrong("a list of two: the least and the greatest value")),
        },
        "in" => match value {
            Value::Array(values) if !values.is_empty() && values.iter().all(scalar) => {
                Test::In(values.clone())
            }
            _ => return Err(wrong("a list of at least one value")),
        },
        "null" => Test::Null(value.as_bool().ok_or_else(|| wrong("true or false"))?),
        "starts" => Test::Starts(text()?),
        _ => Test::Contains(text()?),
    })
}

fn bound(value: &Value, path: &str) -> Result<Bound> {
    match value {
        Value::Number(_) | Value::String(_) => Ok(Bound::Value(value.clone())),
        Value::Object(object) if object.len() == 1 => {
            let share = object.get("quantile").and_then(Value::as_f64);
            match share.filter(|share| (0.0..=1.0).contains(share)) {
                Some(share) => Ok(Bound::Quantile(share)),
                None => Err(Error::option(
                    path,
                    value,
                    "a quantile from 0 to 1: {\"quantile\": 0.8}",
                )),
            }
        }
        _ => Err(Error::option(
            path,
            value,
            "a number, a date, or {\"quantile\": 0.8}",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(value: Value) -> Tree {
        Tree::new(&value, "where").unwrap()
    }

    fn leaf(name: &str) -> Value {
        json!({"field": name, "eq": 1})
    }

    #[test]
    fn nodes_are_evaluated_from_left_to_right_until_one_decides() {
        let all =
            tree(json!({"all": [leaf("rfm.r"), {"any": [leaf("rfm.f"), {"not": leaf("rfm.m")}]}]}));
        let paths: Vec<&str> = all.leaves.iter().map(|leaf| leaf.path.as_str()).collect();
        assert_eq!(
            paths,
            ["where.all.0", "where.all.1.any.0", "where.all.1.any.1.not"]
        );
        for (leaves, holds, last) in [
            ([false, true, true], false, 0),
            ([true, true, true], true, 1),
            ([true, false, true], false, 2),
            ([true, false, false], true, 2),
        ] {
            assert_eq!(
                all.holds(|at| leaves[at]),
                (holds, Some(last)),
                "{leaves:?}"
            );
        }
        assert_eq!(tree(json!({"all": []})).holds(|_| false), (true, None));
        assert_eq!(tree(json!({"any": []})).holds(|_| true), (false, None));
    }

    #[test]
    fn what_is_no_tree_is_refused_with_its_path() {
        let deep = (0..30).fold(leaf("rfm.r"), |inner, _| json!({ "not": inner }));
        for (value, path, says) in [
            (json!([]), "where", "`all`, `any`, `not` or `field`"),
            (json!({}), "where", "`all`, `any`, `not` or `field`"),
            (
                json!({"al": []}),
                "where.al",
                "`all`, `any`, `not` or `field`",
            ),
            (json!({"all": [], "any": []}), "where", "an object with"),
            (json!({"all": {}}), "where.all", "a list of conditions"),
            (
                json!({"all": [leaf("rfm.r"), 3]}),
                "where.all.1",
                "an object with",
            ),
            (
                json!({"not": {"field": 1, "eq": 1}}),
                "where.not.field",
                "the name of a field",
            ),
            (json!({"field": "rfm.r"}), "where", "one operator of `eq`"),
            (
                json!({"field": "rfm.r", "ge": 1, "le": 2}),
                "where",
                "one operator of `eq`",
            ),
            (
                json!({"field": "rfm.r", "eq": 1, "days": 9}),
                "where",
                "`field` and `options`",
            ),
            (
                json!({"field": "orders.count", "eq": 1, "options": {}}),
                "where",
                "`days` and `where`",
            ),
            (
                json!({"field": "orders.count", "eq": 1, "days": 0}),
                "where.days",
                "1 or more",
            ),
            (
                json!({"field": "orders.count", "eq": 1, "where": 3}),
                "where.where",
                "columns of orders",
            ),
            (
                json!({"field": "rfm.r", "eq": [1]}),
                "where.eq",
                "a number, a text",
            ),
            (
                json!({"field": "rfm.r", "ge": {"quantile": 2}}),
                "where.ge",
                "from 0 to 1",
            ),
            (
                json!({"field": "rfm.r", "ge": true}),
                "where.ge",
                "a number, a date",
            ),
            (
                json!({"field": "rfm.r", "between": [1]}),
                "where.between",
                "a list of two",
            ),
            (
                json!({"field": "rfm.r", "in": []}),
                "where.in",
                "at least one value",
            ),
            (
                json!({"field": "rfm.r", "null": 1}),
                "where.null",
                "true or false",
            ),
            (
                json!({"field": "rfm.r", "starts": 1}),
                "where.starts",
                "a text",
            ),
        ] {
            let error = Tree::new(&value, "where").unwrap_err();
            assert_eq!(error.option_name(), Some(path), "{value}");
            assert!(error.to_string().contains(says), "{value}: {error}");
        }
        assert!(
            Tree::new(&deep, "where")
                .unwrap_err()
                .to_string()
                .contains("24 deep")
        );
    }
}
