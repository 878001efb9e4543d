//! Telephone numbers, e-mail addresses, postal codes, dates of birth, sex.

use super::text::{hyphens_between_digits, is_hyphen, lower, unify};

/// A Japanese telephone number as 10 or 11 digits; none if it is unusable.
///
/// `+81` and `0081` are the leading 0, a `(0)` after them is left out. Numbers that begin 050, 070, 080 and 090 have
/// 11 digits, all others 10.
///
/// ```
/// use crm_core::people::normalize::normalize_phone;
/// assert_eq!(normalize_phone("+81 (0)90-1234-5678").as_deref(), Some("09012345678"));
/// assert_eq!(normalize_phone("090-1234-567"), None);
/// ```
pub fn normalize_phone(text: &str) -> Option<String> {
    let text = unify(text);
    let mut digits = String::new();
    let abroad = text.starts_with('+');
    for c in text.chars() {
        match c {
            '0'..='9' => digits.push(c),
            ' ' | '(' | ')' | '.' | '/' | '+' => {}
            c if is_hyphen(c) || c == '~' => {}
            _ => return None,
        }
    }
    let national = match () {
        () if abroad => Some(digits.strip_prefix("81")?),
        () => digits.strip_prefix("0081"),
    };
    let digits = match national {
        Some(rest) => format!("0{}", rest.strip_prefix('0').unwrap_or(rest)),
        None => digits,
    };
    let bytes = digits.as_bytes();
    let mobile = matches!(bytes, [b'0', b'5' | b'7' | b'8' | b'9', b'0', ..]);
    let fits = bytes.len() == if mobile { 11 } else { 10 };
    (fits && bytes[0] == b'0' && bytes[1] != b'0').then_some(digits)
}

/// How e-mail addresses are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EmailForm {
    /// Whether the local part is put into lower case.
    pub lower_local: bool,
    /// Whether `+tag` at the end of the local part is left out.
    pub drop_tag: bool,
    /// Whether dots in the local part of gmail.com do not count.
    pub gmail_dots: bool,
}

impl Default for EmailForm {
    /// All three: mail to each spelling arrives in one mailbox.
    fn default() -> Self {
        EmailForm {
            lower_local: true,
            drop_tag: true,
            gmail_dots: true,
        }
    }
}

/// An e-mail address for comparing; none if it is not one. Local parts with two dots in a row or a dot at the end, which
/// Japanese carriers gave out, are valid.
///
/// ```
/// use crm_core::people::normalize::{EmailForm, normalize_email};
/// let form = EmailForm::default();
/// assert_eq!(normalize_email(" Taro.Y+shop@GMAIL.com", form).as_deref(), Some("taroy@gmail.com"));
/// assert_eq!(normalize_email("a..b.@docomo.ne.jp", form).as_deref(), Some("a..b.@docomo.ne.jp"));
/// assert_eq!(normalize_email("none", form), None);
/// ```
pub fn normalize_email(text: &str, form: EmailForm) -> Option<String> {
    let text = unify(text);
    let text = text.strip_prefix("mailto:").unwrap_or(&text);
    let (local, domain) = text.rsplit_once('@')?;
    let local = local.trim().trim_matches('"');
    let domain = lower(domain.trim());
    let domain = domain.trim_end_matches('.');
    let bad =
        |c: char| c.is_whitespace() || c.is_control() || matches!(c, '@' | '<' | '>' | ',' | ';');
    let named = domain.split('.').count() >= 2 && domain.split('.').all(|part| !part.is_empty());
    if local.is_empty() || !named || local.contains(bad) || domain.contains(bad) {
        return None;
    }
    let mut local = match form.lower_local {
        true => lower(local).into_owned(),
        false => local.to_owned(),
    };
    if form.drop_tag
        && let Some(at) = local.find('+').filter(|at| *at > 0)
    {
        local.truncate(at);
    }
    let gmail = form.gmail_dots && matches!(domain, "gmail.com" | "googlemail.com");
    if gmail {
        local.retain(|c| c != '.');
    }
    let domain = if gmail { "gmail.com" } else { domain };
    if local.is_empty() {
        return None;
    }
    local.push('@');
    local.push_str(domain);
    Some(local)
}

/// A Japanese postal code as 7 digits; none if it is not one.
pub fn normalize_zip(text: &str) -> Option<String> {
    let text = unify(text);
    let text = text.trim_start_matches('〒');
    let other = |c: char| !c.is_ascii_digit() && !is_hyphen(c) && c != ' ';
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    (digits.len() == 7 && !text.contains(other)).then_some(digits)
}

/// A date of birth as year, month and day: `1980-01-02`, `1980/1/2`, `19800102`, 1980年1月2日, 昭和55年1月2日, S55.1.2. None if
/// it is none, before 1901 or after 2100: 1900-01-01 stands for no date in many systems.
pub fn normalize_birth_date(text: &str) -> Option<(i32, u8, u8)> {
    let text = unify(text);
    let text = hyphens_between_digits(&text);
    let text = text.split([' ', 'T']).next().unwrap_or("");
    let eras = [
        ("明治", 1867),
        ("大正", 1911),
        ("昭和", 1925),
        ("平成", 1988),
        ("令和", 2018),
        ("M", 1867),
        ("T", 1911),
        ("S", 1925),
        ("H", 1988),
        ("R", 2018),
    ];
    let era = eras
        .iter()
        .find_map(|(name, before)| Some((text.strip_prefix(name)?, *before)));
    let (rest, before) = era.unwrap_or((text, 0));
    let rest = rest.replace("元年", "1年");
    let mut parts: Vec<u32> = Vec::new();
    for part in rest
        .split(['-', '/', '.', '年', '月', '日'])
        .filter(|part| !part.is_empty())
    {
        match part.len() <= 8 && part.bytes().all(|b| b.is_ascii_digit()) {
            true => parts.push(part.parse().ok()?),
            false => return None,
        }
    }
    let (year, month, day) = match parts[..] {
        [whole] if era.is_none() && rest.len() == 8 => {
            (whole / 10_000, whole / 100 % 100, whole % 100)
        }
        [year, month, day] => (year, month, day),
        _ => return None,
    };
    let year = i32::try_from(year).ok()?.checked_add(before)?;
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    let known = (1901..=2100).contains(&year) && (1..=last).contains(&day);
    known.then_some((year, month as u8, day as u8))
}

/// `m` or `f`; none for other words.
pub fn normalize_sex(text: &str) -> Option<char> {
    match lower(&unify(text)).as_ref() {
        "m" | "male" | "man" | "男" | "男性" | "1" => Some('m'),
        "f" | "female" | "woman" | "女" | "女性" | "2" => Some('f'),
        _ => None,
    }
}
