//! How alike two texts are.

/// Texts longer than this are compared by their beginnings.
const MOST: usize = 64;

/// The similarity of Jaro and Winkler, from 0 to 1, with a prefix of up to four characters at 0.1 each.
///
/// Source: Winkler (1990), *String Comparator Metrics and Enhanced Decision Rules in the Fellegi-Sunter Model*.
pub(super) fn jaro_winkler(a: &str, b: &str) -> f64 {
    let (mut x, mut y) = (['\0'; MOST], ['\0'; MOST]);
    let (n, m) = (letters(a, &mut x), letters(b, &mut y));
    if n == 0 || m == 0 {
        return if n == m { 1.0 } else { 0.0 };
    }
    let (x, y) = (&x[..n], &y[..m]);
    let window = (n.max(m) / 2).saturating_sub(1);
    let (mut of_x, mut of_y) = (0_u64, 0_u64);
    for (i, c) in x.iter().enumerate() {
        let mut near = i.saturating_sub(window)..(i + window + 1).min(m);
        if let Some(j) = near.find(|j| of_y >> j & 1 == 0 && y[*j] == *c) {
            of_x |= 1 << i;
            of_y |= 1 << j;
        }
    }
    let matched = of_x.count_ones();
    if matched == 0 {
        return 0.0;
    }
    let left = x.iter().enumerate().filter(|(i, _)| of_x >> i & 1 == 1);
    let right = y.iter().enumerate().filter(|(j, _)| of_y >> j & 1 == 1);
    let moved = left.zip(right).filter(|((_, a), (_, b))| a != b).count() / 2;
    let matched = f64::from(matched);
    let jaro = (matched / n as f64 + matched / m as f64 + (matched - moved as f64) / matched) / 3.0;
    let prefix = x.iter().zip(y).take(4).take_while(|(a, b)| a == b).count();
    jaro + prefix as f64 * 0.1 * (1.0 - jaro)
}

fn letters(text: &str, to: &mut [char; MOST]) -> usize {
    let mut n = 0;
    for (place, c) in to.iter_mut().zip(text.chars()) {
        *place = c;
        n += 1;
    }
    n
}

/// Whether one character was changed, left out or added, or two neighbours were exchanged.
pub(super) fn one_edit(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len().abs_diff(b.len()) > 4 {
        return false;
    }
    let head = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[head..], &b[head..]);
    let tail = a
        .iter()
        .rev()
        .zip(b.iter().rev())
        .take_while(|(x, y)| x == y)
        .count();
    let (a, b) = (&a[..a.len() - tail], &b[..b.len() - tail]);
    match (a, b) {
        ([], [] | [_]) | ([_], [] | [_]) => true,
        ([x, y], [z, w]) => x == w && y == z,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_similarities() {
        // Winkler (1990), table of string comparators.
        for (a, b, expected) in [
            ("MARTHA", "MARHTA", 0.961),
            ("DWAYNE", "DUANE", 0.840),
            ("DIXON", "DICKSONX", 0.813),
            ("JONES", "JOHNSON", 0.832),
            ("ABROMS", "ABRAMS", 0.922),
        ] {
            assert!(
                (jaro_winkler(a, b) - expected).abs() < 5e-4,
                "{a} {b} {}",
                jaro_winkler(a, b)
            );
            assert_eq!(jaro_winkler(a, b), jaro_winkler(b, a));
        }
        assert_eq!(jaro_winkler("", ""), 1.0);
        assert_eq!(jaro_winkler("a", ""), 0.0);
        assert_eq!(jaro_winkler("ab", "cd"), 0.0);
    }

    #[test]
    fn edits_of_one_character() {
        for (a, b) in [
            ("abc", "abd"),
            ("abc", "ab"),
            ("abc", "acb"),
            ("", "a"),
            ("abc", "xabc"),
            ("09012345678", "09012345687"),
        ] {
            assert!(one_edit(a, b) && one_edit(b, a), "{a} {b}");
        }
        for (a, b) in [("abc", "ade"), ("abc", "bca"), ("", "ab"), ("abcd", "badc")] {
            assert!(!one_edit(a, b) && !one_edit(b, a), "{a} {b}");
        }
    }
}
