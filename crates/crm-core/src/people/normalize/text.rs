//! What all texts have in common: forms of width and composition, hyphens between digits, variants of characters.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;
use unicode_normalization::UnicodeNormalization;

/// Texts longer than this are cut before they are compared: no name or address is longer.
pub(crate) const MAX_CHARS: usize = 256;

/// The version of the table of variants, its first line.
pub const ITAIJI_VERSION: &str = "itaiji 1";

/// The characters of the table that are in the block of usual characters, by their distance from its start; 0 elsewhere.
static USUAL: LazyLock<Vec<u16>> = LazyLock::new(|| {
    let mut to = vec![0; BLOCK.len()];
    for (from, standard) in ITAIJI
        .iter()
        .filter(|(from, _)| BLOCK.contains(&(**from as u32)))
    {
        to[(*from as u32 - BLOCK.start) as usize] = *standard as u16;
    }
    to
});

/// CJK unified ideographs.
const BLOCK: std::ops::Range<u32> = 0x4E00..0xA000;

static ITAIJI: LazyLock<HashMap<char, char>> = LazyLock::new(|| {
    let lines = include_str!("itaiji.txt").lines();
    let rows = lines.filter(|line| !line.starts_with('#'));
    let pairs = rows.filter_map(|row| row.split_once(' '));
    let each = |(to, from): (&'static str, &'static str)| {
        let to = to.chars().next();
        from.chars().filter_map(move |from| to.map(|to| (from, to)))
    };
    pairs.flat_map(each).collect()
});

/// The character that stands for all its variants (髙 → 高).
pub(crate) fn standard(c: char) -> char {
    match c as u32 {
        code if BLOCK.contains(&code) => match USUAL[(code - BLOCK.start) as usize] {
            0 => c,
            to => char::from_u32(to.into()).unwrap_or(c),
        },
        code if code < 0x2E80 => c,
        _ => ITAIJI.get(&c).copied().unwrap_or(c),
    }
}

/// Whether a character has no width and no meaning for comparing: variation selectors, joiners, marks of direction.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}' | '\u{200B}'..='\u{200F}'
        | '\u{2060}' | '\u{FEFF}' | '\u{00AD}' | '\u{180B}'..='\u{180D}' | '\u{202A}'..='\u{202E}')
}

/// Characters that NFKC leaves alone and that do not compose with what follows.
fn is_plain(c: char) -> bool {
    matches!(c, ' '..='~' | '\u{3041}'..='\u{3096}' | '\u{30A1}'..='\u{30FC}' | '\u{4E00}'..='\u{9FFF}')
}

/// NFKC without invisible characters; a wave dash is `~`, a run of white space one space, ends are trimmed;
/// (株) is 株式会社.
pub(crate) fn unify(text: &str) -> Cow<'_, str> {
    let cut = match text.len() > MAX_CHARS {
        true => text
            .char_indices()
            .nth(MAX_CHARS)
            .map_or(text.len(), |(at, _)| at),
        false => text.len(),
    };
    let text = text[..cut].trim();
    if text.chars().all(|c| is_plain(c) && c != '(') && !text.contains("  ") {
        return Cow::Borrowed(text);
    }
    let shown = text.chars().filter(|c| !is_invisible(*c));
    // NFKC would set a free-standing sound mark after a space.
    let joined = shown.map(|c| match c {
        '\u{309B}' => '\u{3099}',
        '\u{309C}' => '\u{309A}',
        other => other,
    });
    let mut out = String::new();
    for c in joined.nfkc() {
        match c {
            '\u{301C}' => out.push('~'),
            c if c.is_whitespace() || c.is_control() => {
                if !out.ends_with(' ') {
                    out.push(' ');
                }
            }
            c => out.push(c),
        }
    }
    let out = out.trim().to_owned();
    Cow::Owned(match out.contains('(') {
        true => out.replace("(株)", "株式会社").replace("(有)", "有限会社"),
        false => out,
    })
}

/// Whether a character is read as a hyphen where it is between digits.
pub(crate) fn is_hyphen(c: char) -> bool {
    matches!(
        c,
        '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{30FC}' | '\u{FF70}'
    )
}

/// Hyphens, minus signs and long vowel marks between digits as `-`; elsewhere they stay.
pub(crate) fn hyphens_between_digits(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|c| c != '-' && is_hyphen(c)) {
        return Cow::Borrowed(text);
    }
    let chars: Vec<char> = text.chars().collect();
    let digit = |at: Option<usize>| {
        at.and_then(|at| chars.get(at))
            .is_some_and(char::is_ascii_digit)
    };
    let each = chars.iter().enumerate().map(|(at, c)| {
        let between = is_hyphen(*c) && digit(at.checked_sub(1)) && digit(Some(at + 1));
        if between { '-' } else { *c }
    });
    Cow::Owned(each.collect())
}

/// Whether a character is a capital letter.
pub(crate) fn is_capital(c: char) -> bool {
    match c {
        // Kana and Chinese characters have none: nearly all characters of addresses and names.
        '\u{3041}'..='\u{9FFF}' => false,
        c if c.is_ascii() => c.is_ascii_uppercase(),
        c => c.is_uppercase(),
    }
}

/// A text in lower case.
pub(crate) fn lower(text: &str) -> Cow<'_, str> {
    match text.chars().any(is_capital) {
        true => Cow::Owned(text.chars().flat_map(char::to_lowercase).collect()),
        false => Cow::Borrowed(text),
    }
}

/// Latin letters without accents, in lower case; words in alphabetical order, so that their order does not count.
pub(crate) fn latin(text: &str) -> String {
    let bare = text
        .nfkd()
        .filter(|c| !matches!(c, '\u{0300}'..='\u{036F}' | '\'' | '\u{2019}' | '`'));
    let bare: String = bare.flat_map(char::to_lowercase).collect();
    let mut words: Vec<&str> = bare
        .split(|c: char| !c.is_alphanumeric())
        .filter(|w| !w.is_empty())
        .collect();
    words.sort_unstable();
    words.join(" ")
}

/// Whether all letters are Latin.
pub(crate) fn is_latin(text: &str) -> bool {
    let mut letters = text.chars().filter(|c| c.is_alphabetic()).peekable();
    letters.peek().is_some()
        && letters.all(|c| (c as u32) < 0x250 || matches!(c as u32, 0x1E00..=0x1EFF))
}
