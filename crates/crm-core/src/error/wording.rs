//! How messages quote, cut and describe texts, and which name was meant.

use std::fmt;

/// Describes the text of a cell without showing it: the number of its characters and their sort.
pub(crate) fn described(text: &str) -> String {
    let count = text.chars().count();
    type IsOfSort = fn(char) -> bool;
    let sorts: [(&str, IsOfSort); 4] = [
        ("letters", char::is_alphabetic),
        ("digits", char::is_numeric),
        ("spaces", char::is_whitespace),
        ("other signs", |c| {
            !c.is_alphanumeric() && !c.is_whitespace()
        }),
    ];
    let held = sorts.iter().filter(|(_, is)| text.chars().any(is));
    let held: Vec<&str> = held.map(|(name, _)| *name).collect();
    let s = if count == 1 { "" } else { "s" };
    format!("{count} character{s}: {}", held.join(", "))
}

/// The name nearest to `name` by edit distance, if it is near.
pub fn nearest<'a>(name: &str, names: &'a [String]) -> Option<&'a str> {
    // An arbitrary name may be very long; a misspelt one is not.
    let name: String = name.chars().take(64).flat_map(char::to_lowercase).collect();
    names
        .iter()
        .filter(|candidate| candidate.len() <= 256 && !opposite(&name, &candidate.to_lowercase()))
        .map(|candidate| (distance(&name, &candidate.to_lowercase()), candidate))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, candidate)| *distance <= 1 + candidate.chars().count() / 3)
        .map(|(_, candidate)| candidate.as_str())
}

/// Whether one of two words is the negation of the other: `paid` and `unpaid` are near and mean the
/// opposite.
fn opposite(a: &str, b: &str) -> bool {
    const NO: [&str; 13] = [
        "un", "un_", "not", "not_", "non", "non_", "no", "no_", "in", "im", "dis", "未", "不",
    ];
    let says_no = |long: &str, short: &str| {
        let before = long.strip_suffix(short);
        !short.is_empty() && before.is_some_and(|before| NO.contains(&before))
    };
    says_no(a, b) || says_no(b, a)
}

/// The nearest of the words in backticks in `expected`, for a given value or a word inside of it.
pub(super) fn meant(found: &str, expected: &str) -> Option<String> {
    let found: serde_json::Value = serde_json::from_str(found).ok()?;
    let words = expected.split('`').skip(1).step_by(2).map(str::to_owned);
    let words: Vec<String> = words.collect();
    let (mut open, mut near) = (vec![&found], None);
    while let (Some(value), None) = (open.pop(), near) {
        match value {
            serde_json::Value::String(text) if !words.contains(text) => {
                near = nearest(text, &words);
            }
            serde_json::Value::Array(several) => open.extend(several),
            serde_json::Value::Object(several) => open.extend(several.values()),
            _ => {}
        }
    }
    near.map(|meant| format!("did you mean {}?", Quoted(meant)))
}

/// Levenshtein distance in characters.
pub(crate) fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

/// At most 40 bytes of a text that came from outside, cut at a character, control characters
/// replaced.
pub(super) struct Cut<'a>(pub(super) &'a str);

impl fmt::Display for Cut<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut length = 0;
        for c in self.0.chars() {
            length += c.len_utf8();
            if length > 40 {
                return f.write_str("…");
            }
            fmt::Write::write_char(f, if c.is_control() { '\u{fffd}' } else { c })?;
        }
        Ok(())
    }
}

pub(super) struct Quoted<'a>(pub(super) &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", Cut(self.0))
    }
}

pub(super) struct List<'a>(pub(super) &'a [String]);

impl fmt::Display for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MOST: usize = 40;
        if self.0.is_empty() {
            return f.write_str("none");
        }
        for (i, name) in self.0.iter().take(MOST).enumerate() {
            let comma = if i == 0 { "" } else { ", " };
            write!(f, "{comma}{}", Cut(name))?;
        }
        if self.0.len() > MOST {
            write!(f, " and {} more", self.0.len() - MOST)?;
        }
        Ok(())
    }
}

pub(super) struct Readings<'a>(pub(super) &'a [(String, &'static str)]);

impl fmt::Display for Readings<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (value, meaning)) in self.0.iter().enumerate() {
            let or = if i == 0 { "" } else { " or " };
            write!(f, "{or}{meaning} ({value})")?;
        }
        Ok(())
    }
}

pub(super) struct Found<'a>(pub(super) &'a str);

impl fmt::Display for Found<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            "" => Ok(()),
            found => write!(f, ", found {}", Cut(found)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_cells_are_described() {
        assert_eq!(described("発送済"), "3 characters: letters");
        assert_eq!(described("7"), "1 character: digits");
        assert_eq!(
            described("taro 1@x.jp"),
            "11 characters: letters, digits, spaces, other signs"
        );
    }

    #[test]
    fn a_near_name_is_guessed_and_a_far_one_is_not() {
        let names = ["customer_id".to_string(), "amount".to_string()];
        assert_eq!(nearest("Customer_ID", &names), Some("customer_id"));
        assert_eq!(nearest("custmer_id", &names), Some("customer_id"));
        assert_eq!(nearest("weather", &names), None);
        assert_eq!(nearest("", &[]), None);
        // Near, but the opposite.
        let names = ["unpaid".to_string(), "inactive".to_string()];
        assert_eq!(nearest("paid", &names), None);
        assert_eq!(nearest("active", &names), None);
        assert_eq!(nearest("unpayd", &names), Some("unpaid"));
    }

    /// The distance by the recursion that defines it.
    fn slow_distance(a: &[char], b: &[char]) -> usize {
        match (a, b) {
            ([], rest) | (rest, []) => rest.len(),
            ([x, a_rest @ ..], [y, b_rest @ ..]) => {
                let substituted = slow_distance(a_rest, b_rest) + usize::from(x != y);
                let shorter = slow_distance(a_rest, b).min(slow_distance(a, b_rest));
                substituted.min(shorter + 1)
            }
        }
    }

    #[test]
    fn the_distance_is_the_least_number_of_edits() {
        let texts = [
            "", "a", "b", "ab", "ba", "abc", "acb", "aabb", "bbaa", "日本", "日没",
        ];
        for a in texts {
            for b in texts {
                let chars = |text: &str| text.chars().collect::<Vec<_>>();
                let expected = slow_distance(&chars(a), &chars(b));
                assert_eq!(distance(a, b), expected, "{a} {b}");
            }
        }
        assert_eq!(distance("kitten", "sitting"), 3);
    }

    /// One edit, and one more for every three letters of the name that may be meant.
    #[test]
    fn a_guess_is_as_far_as_a_third_of_the_name() {
        for (name, candidate, guessed) in [
            ("ax", "ab", true),
            ("xy", "ab", false),
            ("xyc", "abc", true),
            ("xyz", "abc", false),
            ("xyzdef", "abcdef", true),
            ("xyzwef", "abcdef", false),
        ] {
            let names = [candidate.to_owned()];
            let expected = guessed.then_some(candidate);
            assert_eq!(nearest(name, &names), expected, "{name} for {candidate}");
        }
        // The nearest, and of equally near ones the first.
        let names = ["grass", "gross", "gloss"].map(str::to_owned);
        assert_eq!(nearest("glossy", &names), Some("gloss"));
        assert_eq!(nearest("gruss", &names), Some("grass"));
        // Of a long name the first 64 characters are compared.
        let long = ["a".repeat(64)];
        let and_more = |n: usize| format!("{}{}", "a".repeat(n), "z".repeat(200));
        assert_eq!(nearest(&and_more(64), &long), Some(&*long[0]));
        assert_eq!(nearest(&and_more(64 - 22), &long), Some(&*long[0]));
        assert_eq!(nearest(&and_more(64 - 23), &long), None);
    }

    #[test]
    fn opposites_are_no_guess() {
        for (a, b) in [
            ("paid", "unpaid"),
            ("not_paid", "paid"),
            ("dispatched", "disdispatched"),
            ("存", "不存"),
        ] {
            assert!(opposite(a, b) && opposite(b, a), "{a} {b}");
        }
        for (a, b) in [("paid", "paid"), ("un", ""), ("paid", "prepaid")] {
            assert!(!opposite(a, b) && !opposite(b, a), "{a} {b}");
        }
    }

    #[test]
    fn the_word_that_was_meant_may_be_inside_of_a_value() {
        let expected = "`lower` or `upper`";
        for (found, meant_word) in [
            (r#""lowr""#, Some("lower")),
            (r#"["lower", "uper"]"#, Some("upper")),
            (r#"{"a": {"b": ["uppr"]}}"#, Some("upper")),
            (r#""lower""#, None),
            (r#""weather""#, None),
            (r#"["weather", 7]"#, None),
            // Words outside of the quotes are not offered.
            (r#""o""#, None),
            ("lowr", None),
            ("7", None),
        ] {
            let expected_hint = meant_word.map(|word| format!("did you mean `{word}`?"));
            assert_eq!(meant(found, expected), expected_hint, "{found}");
        }
    }

    #[test]
    fn lists_and_texts_are_cut_where_they_say() {
        let of = |n: usize| (0..n).map(|i| format!("c{i}")).collect::<Vec<_>>();
        assert_eq!(List(&[]).to_string(), "none");
        assert_eq!(List(&of(2)).to_string(), "c0, c1");
        assert!(List(&of(40)).to_string().ends_with("c38, c39"));
        assert!(List(&of(42)).to_string().ends_with("c38, c39 and 2 more"));
        // 40 bytes stay whole; of more the characters that fit in 40 bytes stay.
        assert_eq!(Cut(&"x".repeat(40)).to_string(), "x".repeat(40));
        assert_eq!(Cut(&"x".repeat(41)).to_string(), "x".repeat(40) + "…");
        assert_eq!(Cut(&"é".repeat(21)).to_string(), "é".repeat(20) + "…");
        assert_eq!(Cut("a\tb\u{7f}").to_string(), "a\u{fffd}b\u{fffd}");
        assert_eq!(Quoted("a").to_string(), "`a`");
        assert_eq!(Found("").to_string(), "");
        assert_eq!(Found("7").to_string(), ", found 7");
        let readings = [("1".to_owned(), "a day"), ("2".to_owned(), "a month")];
        assert_eq!(Readings(&readings).to_string(), "a day (1) or a month (2)");
    }
}
