//! One Latin spelling of a name, so that a romanised name meets its reading.
//!
//! The spelling is that of Kunrei without long vowels, in which small kana are large ones: キョウコ, Kyoko, KYOUKO and Kyohko
//! are `kiyoko`.

const ROWS: [(&str, &str); 15] = [
    ("", "アイウエオ"),
    ("k", "カキクケコ"),
    ("s", "サシスセソ"),
    ("t", "タチツテト"),
    ("n", "ナニヌネノ"),
    ("h", "ハヒフヘホ"),
    ("m", "マミムメモ"),
    ("y", "ヤ＿ユ＿ヨ"),
    ("r", "ラリルレロ"),
    ("w", "ワ＿＿＿＿"),
    ("g", "ガギグゲゴ"),
    ("z", "ザジズゼゾ"),
    ("d", "ダ＿＿デド"),
    ("b", "バビブベボ"),
    ("p", "パピプペポ"),
];

/// The spelling of a normalised reading; none if it is not all katakana.
pub(super) fn of_kana(kana: &str) -> Option<String> {
    let mut out = String::with_capacity(kana.len());
    for c in kana.chars() {
        if c == 'ン' {
            out.push('n');
            continue;
        }
        let found = ROWS
            .iter()
            .find_map(|(consonant, row)| Some((consonant, row.chars().position(|k| k == c)?)));
        let (consonant, vowel) = found?;
        out.push_str(consonant);
        out.push(['a', 'i', 'u', 'e', 'o'][vowel]);
    }
    Some(short(&out))
}

/// The spelling of a normalised name in Latin letters.
pub(super) fn of_latin(name: &str) -> String {
    let letters: Vec<char> = name.chars().filter(char::is_ascii_alphanumeric).collect();
    let mut out = String::with_capacity(2 * letters.len());
    let is_vowel = |c: Option<&char>| matches!(c, Some('a' | 'i' | 'u' | 'e' | 'o'));
    let mut at = 0;
    while at < letters.len() {
        let next = letters.get(at + 1);
        let vowel_after = |n: usize| is_vowel(letters.get(at + n));
        let (part, length) = match (letters[at], next) {
            ('s', Some('h')) if letters.get(at + 2) == Some(&'i') => ("s", 2),
            ('s', Some('h')) if vowel_after(2) => ("siy", 2),
            ('c', Some('h')) if letters.get(at + 2) == Some(&'i') => ("t", 2),
            ('c', Some('h')) if vowel_after(2) => ("tiy", 2),
            ('t', Some('c')) => ("tu", 1),
            ('t', Some('s')) => ("t", 2),
            ('j', Some('i')) => ("z", 1),
            ('j', Some('y')) => ("ziy", 2),
            ('j', _) if vowel_after(1) => ("ziy", 1),
            ('f', Some('u')) => ("h", 1),
            ('f', _) if vowel_after(1) => ("hu", 1),
            ('m', Some('b' | 'p' | 'm')) => ("n", 1),
            ('o', Some('h')) if !vowel_after(2) => ("o", 2),
            (c, Some('y'))
                if c.is_ascii_alphabetic() && !is_vowel(Some(&c)) && c != 'y' && vowel_after(2) =>
            {
                out.push(c);
                ("iy", 2)
            }
            (c, Some(d)) if c == *d && !is_vowel(Some(&c)) && c != 'n' => ("tu", 1),
            (c, _) => {
                out.push(c);
                ("", 1)
            }
        };
        out.push_str(part);
        at += length;
    }
    short(&out)
}

/// Without long vowels.
fn short(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match (out.chars().next_back(), c) {
            (Some('o'), 'u' | 'o') | (Some('u'), 'u') => {}
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people::normalize::{normalize_name, normalize_reading};

    #[test]
    fn spellings_of_one_name_meet() {
        for (kana, names) in [
            ("キョウコ", &["Kyoko", "KYOUKO", "Kyohko", "kyouko"][..]),
            ("ショウヘイ", &["Shohei", "Syouhei", "Shouhei"]),
            ("ジュンイチ", &["Junichi", "Jun'ichi", "Zyuniti"]),
            ("オオノ", &["Ono", "Ohno", "Oono"]),
            ("サイトウ", &["Saito", "Saitoh", "Saitou"]),
            ("イッペイ", &["Ippei"]),
            ("エッチュウ", &["Etchu"]),
            ("ツジ", &["Tsuji", "Tuzi"]),
            ("フジワラ", &["Fujiwara", "Huziwara"]),
            ("ナンバ", &["Namba", "Nanba"]),
            ("チヅル", &["Chizuru"]),
        ] {
            let kana = of_kana(&normalize_reading(kana));
            for name in names {
                assert_eq!(Some(of_latin(&normalize_name(name))), kana, "{name}");
            }
        }
        assert_eq!(of_kana("山田"), None);
    }
}
