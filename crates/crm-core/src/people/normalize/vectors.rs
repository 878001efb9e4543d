//! The table of texts and their forms, `vectors.txt`.

use super::*;

fn unescaped(text: &str) -> String {
    let mut parts = text.split("\\u{");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (number, rest) = part.split_once('}').expect("an escape");
        let number = u32::from_str_radix(number, 16).expect("hexadecimal");
        out.push(char::from_u32(number).expect("a character"));
        out += rest;
    }
    out
}

fn form(kind: &str, text: &str) -> String {
    match kind {
        "name" => normalize_name(text),
        "reading" => normalize_reading(text),
        "phone" => normalize_phone(text).unwrap_or_default(),
        "email" => normalize_email(text, EmailForm::default()).unwrap_or_default(),
        "zip" => normalize_zip(text).unwrap_or_default(),
        "birth" => match normalize_birth_date(text) {
            Some((year, month, day)) => format!("{year}-{month}-{day}"),
            None => String::new(),
        },
        "sex" => normalize_sex(text).map(String::from).unwrap_or_default(),
        "address" => {
            let a = normalize_address(text);
            [a.prefecture, a.city, a.street, a.building].join("/")
        }
        other => panic!("kind {other}"),
    }
}

#[test]
fn texts_have_the_forms_of_the_table() {
    let rows = include_str!("vectors.txt")
        .lines()
        .filter(|line| !line.starts_with('#'));
    let (mut count, mut wrong) = (0, Vec::new());
    for row in rows {
        let cells: Vec<&str> = row.split('|').collect();
        let (text, expected) = (unescaped(cells[1]), cells[2]);
        let found = form(cells[0], &text);
        if found != expected {
            wrong.push(format!("{row} found {found}"));
        }
        count += 1;
    }
    assert!(count >= 200, "{count}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_form_of_a_form_is_the_same_form() {
    let rows = include_str!("vectors.txt")
        .lines()
        .filter(|line| !line.starts_with('#'));
    for row in rows.filter(|row| !row.starts_with("address")) {
        let cells: Vec<&str> = row.split('|').collect();
        assert_eq!(form(cells[0], cells[2]), cells[2], "{row}");
    }
}

#[test]
fn options_of_email_addresses() {
    let as_typed = EmailForm {
        lower_local: false,
        drop_tag: false,
        gmail_dots: false,
    };
    assert_eq!(
        normalize_email("T.A+x@GMail.com", as_typed).as_deref(),
        Some("T.A+x@gmail.com")
    );
    let lower = EmailForm {
        lower_local: true,
        ..as_typed
    };
    assert_eq!(
        normalize_email("T.A+x@GMail.com", lower).as_deref(),
        Some("t.a+x@gmail.com")
    );
    let tag = EmailForm {
        drop_tag: true,
        ..as_typed
    };
    assert_eq!(
        normalize_email("T.A+x@GMail.com", tag).as_deref(),
        Some("T.A@gmail.com")
    );
    let dots = EmailForm {
        gmail_dots: true,
        ..as_typed
    };
    assert_eq!(
        normalize_email("T.A+x@GMail.com", dots).as_deref(),
        Some("TA+x@gmail.com")
    );
}

#[test]
fn an_address_says_how_far_it_was_read() {
    for (text, level) in [
        ("東京都港区六本木6-10-1", Level::Number),
        ("東京都港区六本木", Level::City),
        ("東京都", Level::Prefecture),
        ("どこか", Level::None),
    ] {
        assert_eq!(normalize_address(text).level, level, "{text}");
    }
}

#[test]
fn long_and_odd_texts_end() {
    let long = "一".repeat(10_000);
    for text in [
        long.as_str(),
        "\u{FFFD}\u{FFFD}",
        "\u{0}\u{1}",
        "番地番地番地",
        "----",
        "ーーー",
        "〒〒〒",
        "1-1-1-1-1-1-1-1",
    ] {
        for kind in [
            "name", "reading", "phone", "email", "zip", "birth", "sex", "address",
        ] {
            assert!(form(kind, text).chars().count() <= 2_000, "{kind}");
        }
    }
}
