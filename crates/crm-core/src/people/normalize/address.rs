//! Addresses, as far as they can be read without a list of all towns.

use super::text::{hyphens_between_digits, is_capital, is_hyphen, lower, standard, unify};
use std::borrow::Cow;

/// How far an address could be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub enum Level {
    /// Nothing: the whole text is in `street`.
    None,
    /// The prefecture.
    Prefecture,
    /// The city, ward, town or village.
    City,
    /// The city, and a number in the street.
    Number,
}

/// The parts of an address, for comparing.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Address {
    /// The prefecture (都道府県); empty if it is not there.
    pub prefecture: String,
    /// City, ward, district with town or village (市区町村); empty if it is not found.
    pub city: String,
    /// Town and number: `千代田1-1-1`.
    pub street: String,
    /// Building and room; empty if there is none.
    pub building: String,
    /// How far the address could be read.
    pub level: Level,
}

const PREFECTURES: &str = "北海道 青森県 岩手県 宮城県 秋田県 山形県 福島県 茨城県 栃木県 群馬県 埼玉県 千葉県 東京都 神奈川県 新潟県 \
富山県 石川県 福井県 山梨県 長野県 岐阜県 静岡県 愛知県 三重県 滋賀県 京都府 大阪府 兵庫県 奈良県 和歌山県 鳥取県 島根県 岡山県 広島県 \
山口県 徳島県 香川県 愛媛県 高知県 福岡県 佐賀県 長崎県 熊本県 大分県 宮崎県 鹿児島県 沖縄県";

/// Cities whose names have 市, 区, 町, 村 or 郡 before their end, so that the first such character does not end them.
const CITIES: &str = "四日市市 廿日市市 野々市市 八日市市 八日市場市 市川市 市原市 市川三郷町 町田市 大町市 十日町市 村山市 武蔵村山市 東村山市 村上市 \
田村市 羽村市 大村市 中村市 郡山市 大和郡山市 郡上市 蒲郡市 小郡市 余市郡余市町 高市郡高取町 高市郡明日香村 芳賀郡市貝町 \
中新川郡上市町 吉野郡下市町 杵島郡大町町 佐波郡玉村町 柴田郡村田町 西八代郡市川三郷町 神崎郡市川町 今市市 古市市 北村山郡大石田町 \
東村山郡山辺町 東村山郡中山町 西村山郡河北町 西村山郡西川町 西村山郡朝日町 西村山郡大江町 田村郡三春町 田村郡小野町";

/// An address for comparing: its parts, with kanji numerals before 丁目, 番, 番地 and 号 as digits, and these words as
/// hyphens. ヶ, ケ, が, ガ are one, as are ッ, ツ and ノ, の. The building is apart from the street.
///
/// ```
/// use crm_core::people::normalize::normalize_address;
/// let address = normalize_address("愛知県一宮市本町二丁目５番６号 メゾン本町301");
/// assert_eq!((address.city.as_str(), address.street.as_str()), ("一宮市", "本町2-5-6"));
/// assert_eq!(address.building, "メゾン本町301");
/// assert_eq!(normalize_address("一宮市本町2-5-6").street, address.street);
/// ```
pub fn normalize_address(text: &str) -> Address {
    let text = spelled(text);
    let text = without_zip(&text);
    let prefecture = prefecture_of(text);
    let rest = text[prefecture.len()..].trim_start();
    let city = city_of(rest);
    let rest = rest[city.len()..].trim_start();
    let (street, building) = street_of(&fold(&numbers(rest)));
    let level = match (prefecture, city) {
        (_, city) if !city.is_empty() && street.contains(|c: char| c.is_ascii_digit()) => {
            Level::Number
        }
        (_, city) if !city.is_empty() => Level::City,
        ("", _) => Level::None,
        _ => Level::Prefecture,
    };
    Address {
        prefecture: prefecture.to_owned(),
        city: fold(&city.replace(' ', "")).into_owned(),
        street,
        building,
        level,
    }
}

/// Street and building of a text that begins after the city: the parts of [`normalize_address`].
pub(crate) fn normalize_street(text: &str) -> (String, String) {
    street_of(&fold(&numbers(&spelled(text))))
}

/// The text in one form of width, variants and hyphens.
fn spelled(text: &str) -> Cow<'_, str> {
    let text = unify(text);
    let changes = |c: char| standard(c) != c || is_capital(c) || c != '-' && is_hyphen(c);
    if !text.chars().any(changes) {
        return text;
    }
    let text: String = text.chars().map(standard).collect();
    Cow::Owned(hyphens_between_digits(&lower(&text)).into_owned())
}

fn prefecture_of(text: &str) -> &'static str {
    PREFECTURES
        .split(' ')
        .find(|name| text.starts_with(name))
        .unwrap_or("")
}

/// The text after a postal code at its start: after 〒, or seven digits.
fn without_zip(text: &str) -> &str {
    let is_of_zip = |c: char| c.is_ascii_digit() || is_hyphen(c) || c == ' ';
    if let Some(rest) = text.strip_prefix('〒') {
        return rest.trim_start_matches(is_of_zip);
    }
    let head = text.len() - text.trim_start_matches(is_of_zip).len();
    let digits = text[..head].chars().filter(char::is_ascii_digit).count();
    match digits == 7 && head < text.len() {
        true => &text[head..],
        false => text,
    }
}

/// The city at the start of a text, with its district or ward.
fn city_of(text: &str) -> &str {
    if let Some(city) = CITIES
        .split(' ')
        .filter(|name| text.starts_with(name))
        .max_by_key(|name| name.len())
    {
        return city;
    }
    // The end of the first of these characters after at least one other, among the first ones.
    let end_of = |text: &str, ends: &[char], most: usize| {
        let mut chars = text.char_indices().enumerate().skip(1).take(most);
        let stop = |c: char| c.is_ascii_digit() || c == '-';
        let found = chars.find(|(_, (_, c))| ends.contains(c) || stop(*c));
        found
            .filter(|(_, (_, c))| !stop(*c))
            .map(|(_, (at, c))| at + c.len_utf8())
    };
    // 郡 with a town or village, 市 with a ward, or the first of the four.
    let first = |ends: &[char], most: usize| end_of(text, ends, most);
    let Some(end) = first(&['市', '区', '郡', '町', '村'], 7) else {
        return "";
    };
    match text[..end].chars().next_back() {
        Some('郡') => match end_of(&text[end..], &['町', '村'], 6) {
            Some(more) => &text[..end + more],
            None => &text[..end],
        },
        // A ward has a name of up to three characters: 大阪市中央区, 横浜市保土ケ谷区.
        Some('市') => match end_of(&text[end..], &['区', '町', '村', '丁'], 4) {
            Some(more) if text[end..end + more].ends_with('区') => &text[..end + more],
            _ => &text[..end],
        },
        _ => &text[..end],
    }
}

/// Kanji numerals before 丁目, 番地, 番 and 号 as digits; these words between numbers as hyphens.
fn numbers(text: &str) -> Cow<'_, str> {
    // Nearly all addresses: hyphens, each between digits, and none of the words.
    let mut before = ' ';
    let mut dangling = false;
    let plain = text.chars().all(|c| {
        let loose = dangling && !c.is_ascii_digit();
        dangling = c == '-';
        let fits = !loose && (c != '-' || before.is_ascii_digit());
        before = c;
        fits && (c == '-' || !is_hyphen(c)) && !matches!(c, '丁' | '番' | '号' | 'の' | 'ノ' | '条')
    });
    if plain && !dangling {
        return Cow::Borrowed(text);
    }
    let chars: Vec<char> = text.chars().filter(|c| *c != ' ').collect();
    // Where white space was: before the character of this place.
    let mut gaps = Vec::new();
    let mut at = 0;
    for c in text.chars() {
        match c {
            ' ' => gaps.push(at),
            _ => at += 1,
        }
    }
    let mut out = String::new();
    let mut at = 0;
    while at < chars.len() {
        if gaps.contains(&at) {
            out.push(' ');
        }
        let run = chars[at..].iter().take_while(|c| is_numeral(**c)).count();
        if run > 0
            && (unit(&chars[at + run..]).is_some() || avenue(&chars[at + run..], is_numeral) > 0)
            && let Some(number) = value(&chars[at..at + run])
        {
            out.push_str(&number.to_string());
            at += run;
            continue;
        }
        if out.ends_with(|c: char| c.is_ascii_digit())
            && let Some(length) = unit(&chars[at..])
        {
            out.push('-');
            at += length;
            // 5番地の3
            if chars.get(at) == Some(&'の') {
                at += 1;
            }
            continue;
        }
        let follows = chars.get(at + 1).is_some_and(char::is_ascii_digit);
        let joins = is_hyphen(chars[at]) || matches!(chars[at], 'の' | 'ノ');
        if joins && follows && out.ends_with(|c: char| c.is_ascii_digit() || c == '-') {
            if !out.ends_with('-') {
                out.push('-');
            }
        } else {
            out.push(chars[at]);
        }
        at += 1;
    }
    // A hyphen that no number follows.
    let chars: Vec<char> = out.chars().collect();
    let kept = chars.iter().enumerate().filter(|(at, c)| {
        let number = chars[at + 1..]
            .iter()
            .find(|c| **c != ' ')
            .is_some_and(char::is_ascii_digit);
        let before = *at > 0 && chars[at - 1].is_ascii_digit();
        **c != '-' || number || !before
    });
    Cow::Owned(kept.map(|(_, c)| *c).collect())
}

/// The length of 条 with a direction at the start, before a number: of 条西 in 北1条西2丁目, of 条通 in 4条通9丁目.
fn avenue(chars: &[char], is_number: impl Fn(char) -> bool) -> usize {
    if chars.first() != Some(&'条') {
        return 0;
    }
    let mut length = 1;
    if chars.get(length) == Some(&'通') {
        length += 1 + usize::from(matches!(chars.get(length + 1), Some('り')));
    }
    length += usize::from(matches!(chars.get(length), Some('東' | '西' | '南' | '北')));
    let next = chars.get(length);
    match next.is_some_and(|c| c.is_ascii_digit() || is_number(*c)) {
        true => length,
        false => 0,
    }
}

/// The length of 丁目, 番地, 番 or 号 at the start; 番町 and 番館 are no numbers.
fn unit(chars: &[char]) -> Option<usize> {
    match chars {
        ['丁', '目', ..] | ['番', '地', ..] => Some(2),
        ['番', '町' | '丁' | '館', ..] | ['号', '棟' | '室' | '館', ..] => None,
        ['番' | '号', ..] => Some(1),
        _ => None,
    }
}

fn is_numeral(c: char) -> bool {
    matches!(
        c,
        '〇' | '一' | '二' | '三' | '四' | '五' | '六' | '七' | '八' | '九' | '十' | '百' | '千'
    )
}

/// The value of kanji numerals: 二十三, 百二, 一〇五.
fn value(chars: &[char]) -> Option<u32> {
    let digit = |c: char| {
        "〇一二三四五六七八九"
            .chars()
            .position(|d| d == c)
            .map(|d| d as u32)
    };
    if chars.len() > 7 {
        return None;
    }
    if chars.iter().all(|c| digit(*c).is_some()) {
        return Some(chars.iter().fold(0, |n, c| 10 * n + digit(*c).unwrap_or(0)));
    }
    let (mut sum, mut one) = (0, None);
    for c in chars {
        match (digit(*c), c) {
            (Some(d), _) => one = Some(d),
            (None, '十') => sum += one.take().unwrap_or(1) * 10,
            (None, '百') => sum += one.take().unwrap_or(1) * 100,
            _ => sum += one.take().unwrap_or(1) * 1000,
        }
    }
    Some(sum + one.unwrap_or(0))
}

/// One spelling of ヶ, ケ, が, ガ, of ッ, ツ and of ノ, の.
fn fold(text: &str) -> Cow<'_, str> {
    let one = |c: char| match c {
        'ヶ' | 'ヵ' | 'が' | 'ガ' | 'ゖ' | 'ゕ' | 'け' => 'ケ',
        'ッ' | 'っ' | 'つ' => 'ツ',
        'の' => 'ノ',
        other => other,
    };
    match text.chars().any(|c| one(c) != c) {
        true => Cow::Owned(text.chars().map(one).collect()),
        false => Cow::Borrowed(text),
    }
}

/// Town with number, and building: what comes after the first number of up to three parts. Numbers of avenues in
/// Hokkaido are of the town: 北1条西2-3.
fn street_of(text: &str) -> (String, String) {
    let text = match text.contains("大字") {
        true => Cow::Owned(text.replace("大字", "")),
        false => Cow::Borrowed(text),
    };
    let bare = |text: &str| match text.contains(' ') {
        true => text.replace(' ', ""),
        false => text.to_owned(),
    };
    let is_digit = |c: char| c.is_ascii_digit();
    let Some(start) = text.find(|c: char| c.is_ascii_digit()) else {
        return match text.split_once(' ') {
            Some((town, building)) => (bare(town), bare(building)),
            None => (bare(&text), String::new()),
        };
    };
    let mut start = start;
    loop {
        let digits = text[start..].len() - text[start..].trim_start_matches(is_digit).len();
        let rest = &text[start + digits..];
        // Nearly no street has an avenue.
        let after: Vec<char> = match rest.starts_with('条') {
            true => rest.chars().take(5).collect(),
            false => Vec::new(),
        };
        match avenue(&after, |_| false) {
            0 => break,
            length => start += digits + after[..length].iter().map(|c| c.len_utf8()).sum::<usize>(),
        }
    }
    let number = &text[start..];
    let mut end = 0;
    let mut parts = 0;
    while parts < 3 {
        let from = match number[end..].strip_prefix('-') {
            Some(_) if parts > 0 => end + 1,
            None if parts == 0 => end,
            _ => break,
        };
        let skipped = from + (number[from..].len() - number[from..].trim_start().len());
        let digits = number[skipped..]
            .bytes()
            .take_while(u8::is_ascii_digit)
            .count();
        if digits == 0 {
            break;
        }
        end = skipped + digits;
        parts += 1;
    }
    // 月寒東1条, without another number.
    if let Some(rest) = number[end..].strip_prefix('条')
        && (rest.is_empty() || rest.starts_with(' '))
    {
        end += '条'.len_utf8();
    }
    let street = bare(&text[..start + end]);
    let building = number[end..].trim_start_matches(['-', ' ', ',', '、']);
    (street, bare(building))
}
