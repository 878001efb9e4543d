//! Columns of every type: what their cells are, and what picking, appending and comparing keep.

use super::*;
use crate::columns::{ColumnValues, Strings};
use crate::context::Context;
use crate::ids::{IdKind, IdRef, Ids};
use crate::money::Currency;
use crate::time::{Day, Zone};
use serde_json::json;

static WORDS: [Label; 2] = [
    Label {
        code: "a",
        en: "A",
        ja: "あ",
    },
    Label {
        code: "b",
        en: "B",
        ja: "い",
    },
];

fn ids() -> Arc<Ids> {
    let texts = [b"x".as_slice(), b"y"].into_iter();
    let column = ColumnValues::Text(Strings::collect(texts).unwrap()).into();
    let mut ids = Ids::new(IdKind::Text, 0);
    ids.encode("id", &[&column], &mut Vec::new(), &Context::default())
        .unwrap();
    Arc::new(ids)
}

/// Three cells of each type, and how they look.
fn every_type(
    ids: &Arc<Ids>,
    texts: &Arc<Vec<String>>,
) -> Vec<(&'static str, Type, Values, [Cell<'static>; 3])> {
    let utc = Zone::parse("UTC").unwrap();
    let text = |text: &'static str| Cell::Id(IdRef::Text(text.into()));
    vec![
        (
            "id",
            Type::Id,
            Values::Id {
                ids: ids.clone(),
                codes: vec![1, 0, 1],
            },
            [text("y"), text("x"), text("y")],
        ),
        (
            "int",
            Type::Int,
            Values::I32(vec![1, -2, 3]),
            [Cell::Int(1), Cell::Int(-2), Cell::Int(3)],
        ),
        (
            "int",
            Type::Int,
            Values::I64(vec![1 << 40, -2, 3].into()),
            [Cell::Int(1 << 40), Cell::Int(-2), Cell::Int(3)],
        ),
        (
            "float",
            Type::Float,
            Values::F64(vec![0.5, -0.0, 2.0].into()),
            [Cell::Float(0.5), Cell::Float(-0.0), Cell::Float(2.0)],
        ),
        (
            "bool",
            Type::Bool,
            Values::Bool(vec![true, false, true]),
            [Cell::Bool(true), Cell::Bool(false), Cell::Bool(true)],
        ),
        (
            "date",
            Type::Date,
            Values::Date(vec![10, -20, 30]),
            [10, -20, 30].map(|day| Cell::Date(Day(day))),
        ),
        (
            "instant",
            Type::Instant,
            Values::Instant(vec![1, 2, 3].into(), utc),
            [1, 2, 3].map(Cell::Instant),
        ),
        (
            "money",
            Type::Money,
            Values::Money(vec![1, -2, 3].into(), Currency::USD),
            [1, -2, 3].map(|minor| Cell::Money(minor, Currency::USD)),
        ),
        (
            "category",
            Type::Category,
            Values::Category {
                codes: vec![1, 0, 1],
                labels: &WORDS,
            },
            [1, 0, 1].map(|code| Cell::Label(WORDS[code])),
        ),
        (
            "text",
            Type::Text,
            Values::Text {
                codes: vec![1, 0, 1],
                texts: texts.clone(),
            },
            [Cell::Text("q"), Cell::Text("p"), Cell::Text("q")],
        ),
    ]
}

fn texts() -> Arc<Vec<String>> {
    Arc::new(vec!["p".into(), "q".into()])
}

fn cells(table: &Table) -> Vec<Cell<'_>> {
    let column = &table.columns()[0];
    (0..table.len()).map(|row| column.cell(row)).collect()
}

#[test]
fn cells_are_picked_and_appended_in_every_type() {
    let (ids, texts) = (ids(), texts());
    for (name, ty, values, shown) in every_type(&ids, &texts) {
        assert_eq!((values.ty(), ty.name(), values.len()), (ty, name, 3));
        assert!(!values.is_empty() && values.take(&[]).unwrap().is_empty());
        let [a, b, c] = shown;
        let plain = || Table::new(vec![Column::named("x", values.clone())]);
        assert_eq!(cells(&plain()), [a.clone(), b.clone(), c.clone()]);
        assert!(plain().columns()[0].validity().is_none());
        let holed = |valid: [bool; 3]| {
            let column = Column::named("x", values.clone()).with_validity(valid.to_vec());
            Table::new(vec![column])
        };
        let second = holed([true, false, true]);
        assert_eq!(cells(&second), [a.clone(), Cell::Null, c.clone()]);
        assert!(holed([true; 3]).columns()[0].validity().is_none());

        let picked = second.take(&[2, 1, 0, 2]).unwrap();
        assert_eq!(
            cells(&picked),
            [c.clone(), Cell::Null, a.clone(), c.clone()]
        );
        let picked = plain().take(&[1]).unwrap();
        assert_eq!(cells(&picked), std::slice::from_ref(&b));

        // With and without nulls on either side.
        let (whole, null) = ([a.clone(), b.clone(), c.clone()], [a, Cell::Null, c]);
        for (first, before) in [(plain(), &whole), (second.clone(), &null)] {
            for (more, after) in [(plain(), &whole), (second.clone(), &null)] {
                let mut all = first.clone();
                all.append(more).unwrap();
                assert_eq!(
                    cells(&all),
                    [before.clone(), after.clone()].concat(),
                    "{name}"
                );
                let valid = all.columns()[0].validity();
                assert!(valid.is_none_or(|valid| valid.len() == 6));
            }
        }
    }
}

#[test]
fn tables_are_equal_when_all_they_show_is() {
    let (ids, texts) = (ids(), texts());
    for (i, (name, _, values, _)) in every_type(&ids, &texts).into_iter().enumerate() {
        let table = |values: &Values| Table::new(vec![Column::named("x", values.clone())]);
        assert_eq!(table(&values), table(&values), "{name}");
        assert_ne!(
            table(&values),
            table(&values.take(&[0, 1]).unwrap()),
            "{name}"
        );
        assert_ne!(
            table(&values),
            table(&values.take(&[0, 1, 1]).unwrap()),
            "{name}"
        );
        for (j, (other, _, others, _)) in every_type(&ids, &texts).into_iter().enumerate() {
            assert!(i == j || table(&values) != table(&others), "{name} {other}");
        }
        let renamed = Table::new(vec![Column::named("x", values.clone()).renamed("y".into())]);
        assert_ne!(table(&values), renamed, "{name}");
        assert_eq!(renamed.columns()[0].heading(Language::Ja), "y");
        let null = Column::named("x", values.clone()).with_validity(vec![true, true, false]);
        assert_ne!(table(&values), Table::new(vec![null]), "{name}");
        assert_ne!(table(&values), table(&values).with_note("n", json!(1)));
        let of = |n: i32| table(&values).with_definition(Definition::new(move || json!(n)));
        assert_eq!(of(1), of(1));
        assert_ne!(of(1), of(2));
        assert_ne!(of(1), table(&values));
    }
    let amount = |currency| Column::named("x", Values::Money(vec![1].into(), currency));
    let table = |columns: &[Column]| Table::new(columns.to_vec());
    assert_ne!(
        table(&[amount(Currency::USD)]),
        table(&[amount(Currency::EUR)])
    );
    assert_ne!(table(&[amount(Currency::USD)]), table(&[]));
    let two = [amount(Currency::USD), amount(Currency::USD)];
    assert_ne!(table(&two), table(&two[..1]));
    assert_ne!(Cell::Float(0.0), Cell::Float(-0.0));
    assert_ne!(Cell::Int(0), Cell::Null);
}

#[test]
fn columns_that_do_not_fit_are_refused() {
    let (ids, texts) = (ids(), texts());
    let all = every_type(&ids, &texts);
    for (i, (name, _, values, _)) in all.iter().enumerate() {
        for (j, (other, _, others, _)) in all.iter().enumerate() {
            let mut table = Table::new(vec![Column::named("x", values.clone())]);
            let more = Table::new(vec![Column::named("x", others.clone())]);
            assert_eq!(table.append(more).is_ok(), i == j, "{name} {other}");
        }
    }
    // The codes of another dictionary are other customers: each id stays what it is.
    let mut table = Table::new(vec![Column::named("x", all[0].2.clone())]);
    let strangers = every_type(&self::ids(), &texts).swap_remove(0).2;
    let strangers = Table::new(vec![Column::named("x", strangers)]);
    table.append(strangers.clone()).unwrap();
    let (before, more) = (all[0].2.len(), strangers.len());
    assert_eq!(table.len(), before + more);
    for row in 0..more {
        let cell = table.columns()[0].cell(before + row);
        assert_eq!(cell, strangers.columns()[0].cell(row));
    }
    // A column without any value has codes of nothing.
    let nothing = |texts: &[&str]| {
        let texts = Arc::new(texts.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>());
        let codes = vec![0; 2];
        let column = Column::named("t", Values::Text { codes, texts });
        Table::new(vec![column.with_validity(vec![false; 2])])
    };
    for (first, then) in [(&[][..], &["a"][..]), (&["a"], &[]), (&[], &[])] {
        let mut table = nothing(first);
        table.append(nothing(then)).unwrap();
        assert_eq!(table.len(), 4);
        assert_eq!(table.columns()[0].cell(3), Cell::Null);
    }
    let two = Table::new(vec![
        Column::named("x", all[0].2.clone()),
        Column::named("y", all[0].2.clone()),
    ]);
    assert!(table.append(two.clone()).is_err());
    let mut none = Table::default();
    assert!(none.is_empty() && none.columns().is_empty());
    none.append(two.clone()).unwrap();
    assert_eq!(none, two);
    assert!(two.column("y").is_some() && two.column("z").is_none());
    let named = |name: &str| vec![Column::named(name, all[1].2.clone())];
    let refused = two.clone().prepended(named("y")).unwrap_err();
    assert_eq!(refused.option_name(), Some("by"));
    let three = two.prepended(named("w")).unwrap();
    let names: Vec<&str> = three.columns().iter().map(Column::name).collect();
    assert_eq!(names, ["w", "x", "y"]);
}

#[test]
fn texts_of_two_parts_are_one_list() {
    let part = |words: &[&str], codes: &[u32]| {
        let texts = Arc::new(words.iter().map(|w| (*w).to_owned()).collect());
        let codes = codes.to_vec();
        Table::new(vec![Column::named("x", Values::Text { codes, texts })])
    };
    let mut all = part(&["p", "q"], &[1]);
    all.append(part(&["r", "q", "p"], &[0, 1, 2, 0])).unwrap();
    all.append(part(&["s"], &[0])).unwrap();
    let shown = ["q", "r", "q", "p", "r", "s"].map(Cell::Text);
    assert_eq!(cells(&all), shown);
}

#[test]
fn notes_stay_where_all_parts_say_the_same() {
    let part = |a: i32, b: i32| {
        let column = Column::named("x", Values::I32(vec![1]));
        let table = Table::new(vec![column]);
        table.with_note("a", json!(a)).with_note("b", json!(b))
    };
    let mut all = part(1, 2);
    all.append(part(1, 3)).unwrap();
    assert_eq!(json!(all.notes()), json!({"a": 1}));
    let taken = part(1, 2).with_definition(Definition::new(|| json!(7)));
    let taken = taken.take(&[0]).unwrap();
    assert_eq!(json!(taken.notes()), json!({"a": 1, "b": 2}));
    assert_eq!(taken.definition().map(Definition::json), Some("7"));
}

#[test]
fn columns_of_fields_have_their_name_unit_and_nulls() {
    const OF: fn(Type) -> Field = |ty| Field::new("n", ty, "days", "数", "A number.");
    let table = |column: Column| Table::new(vec![column]);
    let heads = |column: &Column| {
        let ja = column.heading(Language::Ja).to_owned();
        (column.name().to_owned(), column.unit().to_owned(), ja)
    };
    let [some, none] = [Some(2), None];
    let ints = Column::ints(&OF(Type::Int), [some, none].into_iter()).unwrap();
    assert_eq!(heads(&ints), ("n".into(), "days".into(), "数".into()));
    assert_eq!(ints.heading(Language::En), "n");
    assert_eq!(cells(&table(ints)), [Cell::Int(2), Cell::Null]);
    let dates = Column::ints(&OF(Type::Date), [some, none].into_iter()).unwrap();
    assert_eq!(cells(&table(dates)), [Cell::Date(Day(2)), Cell::Null]);
    let floats = [Some(0.5), None].into_iter();
    let floats = Column::floats(&OF(Type::Float), floats).unwrap();
    assert_eq!(cells(&table(floats)), [Cell::Float(0.5), Cell::Null]);
    for (given, shown) in [
        ([0.5, 1.0], [Cell::Float(0.5), Cell::Float(1.0)]),
        ([f64::NAN, 1.0], [Cell::Null, Cell::Float(1.0)]),
        ([0.5, f64::INFINITY], [Cell::Float(0.5), Cell::Null]),
    ] {
        let finite = Column::finite(&OF(Type::Float), given.to_vec()).unwrap();
        // What is under a null is 0 and no NaN.
        let Values::F64(stored) = finite.values() else {
            panic!("floats")
        };
        assert!(stored.iter().all(|cell| cell.is_finite()));
        assert_eq!(cells(&table(finite)), shown);
    }
    let words = Column::words(&OF(Type::Category), &WORDS, [Some(1), None].into_iter()).unwrap();
    assert_eq!(cells(&table(words)), [Cell::Label(WORDS[1]), Cell::Null]);
    let field = OF(Type::Int).meaning("Another.");
    assert_eq!((field.doc, field.name), ("Another.", "n"));
}
