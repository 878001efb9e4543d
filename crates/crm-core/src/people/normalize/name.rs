//! Names and their readings.

use std::borrow::Cow;

use super::text::{is_latin, latin, lower, standard, unify};

/// A name for comparing: NFKC, variants of characters replaced (髙 → 高), without spaces and middle dots. A name in
/// Latin letters is in lower case, without accents, its words in alphabetical order.
///
/// ```
/// use crm_core::people::normalize::normalize_name;
/// assert_eq!(normalize_name("渡邉　眞弓"), "渡辺真弓");
/// assert_eq!(normalize_name("Müller, José"), normalize_name("JOSE MULLER"));
/// ```
pub fn normalize_name(text: &str) -> String {
    let text = unify(text);
    if is_latin(&text) {
        return latin(&text);
    }
    let kept = text
        .chars()
        .filter(|c| !matches!(c, ' ' | '・' | '=' | ',' | '、' | '.'));
    let kept: String = kept.map(standard).collect();
    match lower(&kept) {
        Cow::Borrowed(_) => kept,
        Cow::Owned(lower) => lower,
    }
}

/// A reading for comparing, in katakana: without spaces, small kana as large ones, ヂ and ヅ as ジ and ズ, and one
/// spelling of long vowels (オオノ, オーノ and オウノ are one). A reading in Latin letters is treated as a name.
///
/// ```
/// use crm_core::people::normalize::normalize_reading;
/// assert_eq!(normalize_reading("ｵｵﾀ ｼｭｳﾍｲ"), normalize_reading("おーた しゅーへー"));
/// assert_ne!(normalize_reading("ユキ"), normalize_reading("ユウキ"));
/// ```
pub fn normalize_reading(text: &str) -> String {
    let text = unify(text);
    if is_latin(&text) {
        return latin(&text);
    }
    let mut out = String::with_capacity(text.len());
    // The vowel of the last kana.
    let mut vowel = None;
    for c in text
        .chars()
        .filter(|c| !matches!(c, ' ' | '・' | '=' | ',' | '、' | '.'))
    {
        let kana = large(katakana(c));
        let kana = match (kana, vowel) {
            ('ー' | '-' | '~', Some(vowel)) => match vowel {
                'オ' => 'ウ',
                'エ' => 'イ',
                other => other,
            },
            ('オ', Some('オ')) => 'ウ',
            ('エ', Some('エ')) => 'イ',
            _ => kana,
        };
        if kana == 'ヴ' {
            out.push('ブ');
        } else {
            out.extend(kana.to_lowercase());
        }
        vowel = match kana {
            'ー' => vowel,
            // The vowel of キョ is that of ヨ, which is its own kana here.
            kana => vowel_of(kana),
        };
    }
    out
}

/// Whether a normalised name is written in kana, so that it is its own reading.
pub(crate) fn is_kana(text: &str) -> bool {
    !text.is_empty()
        && text
            .chars()
            .all(|c| matches!(c, '\u{3041}'..='\u{3096}' | '\u{30A1}'..='\u{30FC}'))
}

fn katakana(c: char) -> char {
    match c {
        '\u{3041}'..='\u{3096}' => char::from_u32(c as u32 + 0x60).unwrap_or(c),
        other => other,
    }
}

fn large(c: char) -> char {
    match c {
        'ァ' => 'ア',
        'ィ' => 'イ',
        'ゥ' => 'ウ',
        'ェ' => 'エ',
        'ォ' => 'オ',
        'ッ' => 'ツ',
        'ャ' => 'ヤ',
        'ュ' => 'ユ',
        'ョ' => 'ヨ',
        'ヮ' => 'ワ',
        'ヵ' => 'カ',
        'ヶ' => 'ケ',
        'ヂ' => 'ジ',
        'ヅ' => 'ズ',
        'ヰ' => 'イ',
        'ヱ' => 'エ',
        'ヲ' => 'オ',
        other => other,
    }
}

/// The vowel of a katakana.
fn vowel_of(c: char) -> Option<char> {
    let rows = [
        ('ア', "アカサタナハマヤラワガザダバパ"),
        ('イ', "イキシチニヒミリギジビピ"),
        ('ウ', "ウクスツヌフムユルグズブプヴ"),
        ('エ', "エケセテネヘメレゲゼデベペ"),
        ('オ', "オコソトノホモヨロゴゾドボポ"),
    ];
    rows.iter()
        .find(|(_, row)| row.contains(c))
        .map(|(vowel, _)| *vowel)
}
