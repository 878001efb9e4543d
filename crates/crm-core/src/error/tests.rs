//! Every error once: message, code, column, option, row and hint, written by hand.

use super::{Error, ErrorCode, Result};
use ErrorCode as C;

#[test]
fn texts_from_outside_are_cut_and_tamed() {
    let error = Error::MissingColumn {
        column: format!("line\nbreak {}", "é".repeat(60)),
        available: Vec::new(),
        meant: None,
    };
    let message = error.to_string();
    assert!(message.contains("`line\u{fffd}break"), "{message}");
    assert!(message.contains("…`") && message.len() < 120, "{message}");
}

/// What an error says of itself: code, column, option, row.
type Facts<'a> = (C, Option<&'a str>, Option<&'a str>, Option<u64>);

fn check(error: &Error, message: &str, facts: Facts<'_>, hint: Option<&str>) {
    let found = (
        error.code(),
        error.column(),
        error.option_name(),
        error.row(),
    );
    assert_eq!(error.to_string(), message);
    assert_eq!(found, facts, "{message}");
    assert_eq!(error.hint().as_deref(), hint, "{message}");
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn errors_about_columns() {
    let schema = |column| (C::Schema, Some(column), None, None);
    let missing = |meant: Option<&str>| Error::MissingColumn {
        column: "amont".into(),
        available: names(&["amount", "at"]),
        meant: meant.map(str::to_owned),
    };
    let message = "column `amont` was not found; the input has amount, at";
    check(&missing(None), message, schema("amont"), None);
    let hint = "did you mean `amount`?";
    check(
        &missing(Some("amount")),
        message,
        schema("amont"),
        Some(hint),
    );

    let typed = |found: &str, expected: &str| Error::ColumnType {
        column: "at".into(),
        found: found.into(),
        expected: expected.into(),
    };
    let whole = "date_format=\"epoch_s\", \"epoch_ms\", \"epoch_us\", \"excel\" or \"%Y%m%d\" reads \
        whole numbers as dates";
    let serial = "date_format=\"excel\" reads the serial numbers of a spreadsheet as dates";
    for (found, expected, hint) in [
        ("int64", "a timestamp", Some(whole)),
        ("uint32", "a timestamp", Some(whole)),
        ("float64", "a timestamp", Some(serial)),
        ("float32", "a timestamp", None),
        ("bool", "a timestamp", None),
        ("int64", "texts", None),
        ("float64", "texts", None),
    ] {
        let message = format!("column `at` is of type {found}, expected {expected}");
        check(&typed(found, expected), &message, schema("at"), hint);
    }

    let length = Error::ColumnLength {
        column: "at".into(),
        found: 2,
        expected: 3,
    };
    let message = "column `at` has 2 rows where the others have 3";
    check(&length, message, schema("at"), None);
    let malformed = Error::Malformed {
        column: "at".into(),
        problem: "it ends early".into(),
    };
    check(&malformed, "column `at`: it ends early", schema("at"), None);
}

#[test]
fn errors_about_cells() {
    let data = |column, row| (C::Data, Some(column), None, row);
    let drop = Some("bad_rows=\"drop\" leaves such rows out and counts them");
    let null = Error::null("id", 4, "an id");
    let message = "column `id`, row 4: no value, expected an id";
    check(&null, message, data("id", Some(4)), None);
    check(&null.of_bad_row(), message, data("id", Some(4)), drop);
    let guest = Error::null("id", 4, "an id; guests=\"drop\" counts them").of_bad_row();
    let message = "column `id`, row 4: no value, expected an id; guests=\"drop\" counts them";
    check(&guest, message, data("id", Some(4)), None);

    let value = Error::value("amount", 0, "a number");
    let message = "column `amount`, row 0: expected a number";
    check(&value, message, data("amount", Some(0)), None);
    check(&value.of_bad_row(), message, data("amount", Some(0)), drop);
    let cents = Error::value("amount", 0, "cents; round_amounts rounds").of_bad_row();
    let message = "column `amount`, row 0: expected cents; round_amounts rounds";
    let hint = "round_amounts=True rounds them, half to even, and counts them; 32-bit floats hold \
        hardly any decimals exactly";
    check(&cents, message, data("amount", Some(0)), Some(hint));

    for (allowed, word, hint) in [
        (
            ["completed", "pending"],
            "penting",
            "did you mean `pending`? status_map translates the shop's own words",
        ),
        (
            ["completed", "pending"],
            "x9 !",
            "status_map translates the shop's own words",
        ),
        (
            ["one_off", "sub_first"],
            "abo",
            "kind_map translates the shop's own words",
        ),
        (
            ["item", "shipping"],
            "gift wrap",
            "line_kind_map translates the shop's own words",
        ),
    ] {
        let error = Error::word("w", 7, word, names(&allowed));
        let found = super::described(word);
        let [a, b] = allowed;
        let message = format!("column `w`, row 7: unknown word ({found}); expected {a}, {b}");
        check(&error, &message, data("w", Some(7)), Some(hint));
    }

    let conflict = |problem: &'static str| Error::Conflict {
        column: "id".into(),
        row: 5,
        other_row: 2,
        problem: problem.into(),
    };
    let later = "bad_rows=\"drop\" leaves the later rows out and counts them";
    let shop = format!(
        "shop=\"...\" names the column that tells shops apart whose orders have the same numbers; {later}"
    );
    let repeated = "repeated_rows=\"drop\" counts such rows once, repeated_rows=\"keep\" each time";
    for (problem, hint) in [
        ("two customers under one order", Some(shop.as_str())),
        ("two statuses for one order", Some(later)),
        ("the row repeats another", Some(repeated)),
        ("two currencies", None),
    ] {
        let message = format!("column `id`, row 5: {problem} (see row 2)");
        check(&conflict(problem), &message, data("id", Some(5)), hint);
    }

    let ambiguous = Error::Ambiguous {
        column: "at".into(),
        option: "date_format",
        readings: vec![
            ("%d/%m".into(), "day first"),
            ("%m/%d".into(), "month first"),
        ],
    };
    check(
        &ambiguous,
        "column `at`: day first (%d/%m) or month first (%m/%d)? No value of the column decides",
        (C::Data, Some("at"), Some("date_format"), None),
        Some("date_format=\"%d/%m\" or date_format=\"%m/%d\" says which"),
    );
    let mixed = Error::MixedCurrency {
        column: "amount".into(),
        row: 3,
        found: "dollars".into(),
        expected: "JPY".into(),
    };
    let message = "column `amount`, row 3: dollars where the orders are in `JPY`";
    check(&mixed, message, data("amount", Some(3)), None);
    let state = Error::State {
        problem: "it ends".into(),
    };
    check(
        &state,
        "saved state: it ends",
        (C::Data, None, None, None),
        None,
    );
    let overflow = Error::Overflow {
        column: "amount".into(),
        what: "the sum",
    };
    let message = "column `amount`: the sum is too large to be held exactly";
    check(&overflow, message, data("amount", None), None);
    let few = Error::Insufficient {
        what: "customers",
        needed: 2,
        found: 1,
    };
    let message = "needs at least 2 customers, found 1";
    check(&few, message, (C::Data, None, None, None), None);
}

#[test]
fn errors_about_requests() {
    let none = (C::Option, None, None, None);
    let of = |name| (C::Option, None, Some(name), None);
    let near = Some("did you mean `rfm`?");
    for (name, hint) in [("rfn", near), ("weather", None)] {
        let valid = names(&["rfm", "decile"]);
        let analysis = Error::UnknownAnalysis {
            name: name.into(),
            valid: valid.clone(),
        };
        let message = format!("unknown analysis `{name}`; there are rfm, decile");
        check(&analysis, &message, none, hint);
        let option = Error::UnknownOption {
            name: name.into(),
            valid,
        };
        let message = format!("unknown option `{name}`; valid are rfm, decile");
        check(&option, &message, of(name), hint);
    }
    let level = Error::option("levels", 0, "2 to 10");
    let message = "option `levels`: expected 2 to 10, found 0";
    check(&level, message, of("levels"), None);
    let nothing = Error::option("levels", "", "2 to 10");
    let message = "option `levels`: expected 2 to 10";
    check(&nothing, message, of("levels"), None);
    let needs = Error::OptionNeedsColumn {
        option: "basis".into(),
        value: "margin".into(),
        column: "cost".into(),
    };
    let message = "option `basis` = `margin` needs the column `cost`, which was not given";
    check(
        &needs,
        message,
        (C::Option, Some("cost"), Some("basis"), None),
        None,
    );
    for (expected, hint) in [
        (
            "orders",
            Some("make orders of the data first: crm.Orders(...), crm_orders_from_arrow(...)"),
        ),
        (
            "events",
            Some("make events of the data first: crm.Events(...), crm_events_from_arrow(...)"),
        ),
        ("table", None),
    ] {
        let error = Error::Dataset {
            analysis: "rfm",
            expected,
            found: "stone",
        };
        check(
            &error,
            &format!("rfm reads {expected}, not stone"),
            none,
            hint,
        );
    }
}

#[test]
fn errors_about_the_run() {
    let facts = |code| (code, None, None, None);
    let fit = Error::NotFitted {
        what: "no fit".into(),
    };
    let hint =
        "clv_fit, gamma_gamma_fit, sbg_fit and bgbb_fit put the fit into the notes of their table";
    check(&fit, "not fitted: no fit", facts(C::NotFitted), Some(hint));
    let search = Error::Convergence {
        model: "bg_nbd",
        reason: "no maximum".into(),
    };
    let message = "bg_nbd did not converge: no maximum";
    check(&search, message, facts(C::Convergence), None);
    check(&Error::Cancelled, "cancelled", facts(C::Cancelled), None);
    let memory = Error::OutOfMemory {
        what: "ids",
        bytes: 8,
    };
    let message = "out of memory: 8 bytes for ids";
    check(&memory, message, facts(C::OutOfMemory), None);
    let budget = Error::Budget {
        what: "ids",
        bytes: 8,
        left: 7,
    };
    let message = "over the memory budget: ids needs 8 bytes, 7 are left";
    check(&budget, message, facts(C::Budget), None);
    let message = "internal error, please report it: a hole";
    check(
        &Error::internal("a hole"),
        message,
        facts(C::Internal),
        None,
    );
}

/// A row changes where there is one, and nothing else does.
#[test]
fn rows_can_be_moved() {
    let conflict = Error::Conflict {
        column: "id".into(),
        row: 5,
        other_row: 2,
        problem: "two".into(),
    };
    let mixed = Error::MixedCurrency {
        column: "id".into(),
        row: 5,
        found: "dollars".into(),
        expected: "JPY".into(),
    };
    for error in [
        Error::null("id", 5, "an id"),
        Error::value("id", 5, "an id"),
        Error::word("id", 5, "x", names(&["item"])),
        conflict,
        mixed,
    ] {
        let moved = error.clone().at_row(70);
        assert_eq!(moved.row(), Some(70));
        assert_eq!(moved.at_row(5), error);
    }
    assert_eq!(Error::Cancelled.at_row(70), Error::Cancelled);
    let option = Error::option("a", 1, "2").inside("fit");
    assert_eq!(option, Error::option("fit.a", 1, "2"));
    assert_eq!(Error::Cancelled.inside("fit"), Error::Cancelled);
    let of_bad_row: Result<()> = Err(Error::Cancelled.of_bad_row());
    assert_eq!(of_bad_row, Err(Error::Cancelled));
}
