//! Records of people as codes of their normalised texts, in an order that does not depend on the order of rows.

use super::normalize::{
    EmailForm, is_kana, is_latin, normalize_address, normalize_birth_date, normalize_email,
    normalize_name, normalize_phone, normalize_reading, normalize_sex, normalize_street,
    normalize_zip, unify,
};
use super::roman;
use super::words::{NONE, Words};
use crate::context::{collect, filled, push};
use crate::error::Result;
use std::collections::BTreeMap;

/// A column of texts: a code for each row ([`NONE`] where it is blank), and the text of each code.
pub(super) struct Texts {
    pub(super) codes: Vec<u32>,
    pub(super) texts: Vec<String>,
}

/// The columns of people as they came; absent columns are `None`.
#[derive(Default)]
pub(super) struct Typed {
    pub(super) account: Option<Texts>,
    pub(super) email: Option<Texts>,
    pub(super) phone: Option<Texts>,
    pub(super) family_name: Option<Texts>,
    pub(super) given_name: Option<Texts>,
    pub(super) family_kana: Option<Texts>,
    pub(super) given_kana: Option<Texts>,
    pub(super) birth_date: Option<Texts>,
    pub(super) sex: Option<Texts>,
    pub(super) zip: Option<Texts>,
    pub(super) prefecture: Option<Texts>,
    pub(super) city: Option<Texts>,
    pub(super) street: Option<Texts>,
    pub(super) building: Option<Texts>,
}

/// One half of a name, of all records.
#[derive(Default)]
pub(super) struct Name {
    /// As written, in characters.
    pub(super) written: Vec<u32>,
    /// Its reading in katakana.
    pub(super) kana: Vec<u32>,
    /// Its reading in Latin letters.
    pub(super) roman: Vec<u32>,
}

/// Records as codes, [`NONE`] where a value is missing.
pub(super) struct Records {
    pub(super) len: usize,
    pub(super) account: Vec<u32>,
    pub(super) email: Vec<u32>,
    pub(super) phone: Vec<u32>,
    pub(super) family: Name,
    pub(super) given: Name,
    pub(super) birth: Vec<u32>,
    pub(super) sex: Vec<u32>,
    pub(super) zip: Vec<u32>,
    /// City, town and number.
    pub(super) street: Vec<u32>,
    pub(super) building: Vec<u32>,
    pub(super) emails: Words,
    pub(super) phones: Words,
    /// Written names of both halves.
    pub(super) names: Words,
    pub(super) kana: Words,
    pub(super) roman: Words,
    pub(super) births: Words,
    pub(super) streets: Words,
    /// Whether texts are hashes, which are equal or not.
    pub(super) hashed: bool,
}

/// How texts are read.
#[derive(Clone, Copy)]
pub(super) struct Form {
    pub(super) hashed: bool,
    pub(super) email: EmailForm,
    pub(super) seed: u64,
}

impl Records {
    /// The records in the given order of rows.
    pub(super) fn read(typed: &Typed, order: &[u32], form: Form) -> Result<Records> {
        let words = || Words::new(form.seed);
        let (mut accounts, mut emails, mut phones, mut births) =
            (words(), words(), words(), words());
        let (mut zips, mut sexes, mut streets, mut buildings) =
            (words(), words(), words(), words());
        let (mut names, mut kana, mut roman) = (words(), words(), words());
        let plain = |text: &str| Some(text.trim().to_owned());
        let typed_or_hash = |usual: fn(&str) -> Option<String>| match form.hashed {
            true => plain,
            false => usual,
        };
        let mail = |text: &str| match form.hashed {
            true => plain(text),
            false => normalize_email(text, form.email),
        };
        let birth = |text: &str| {
            let (year, month, day) = normalize_birth_date(text)?;
            Some(format!("{year:04}{month:02}{day:02}"))
        };
        let sex = |text: &str| normalize_sex(text).map(String::from);
        let account = coded(typed.account.as_ref(), order, plain, &mut accounts)?;
        let email = coded(typed.email.as_ref(), order, mail, &mut emails)?;
        let phone = coded(
            typed.phone.as_ref(),
            order,
            typed_or_hash(normalize_phone),
            &mut phones,
        )?;
        let zip = coded(
            typed.zip.as_ref(),
            order,
            typed_or_hash(normalize_zip),
            &mut zips,
        )?;
        let birth = coded(
            typed.birth_date.as_ref(),
            order,
            typed_or_hash(birth),
            &mut births,
        )?;
        let sex = coded(typed.sex.as_ref(), order, typed_or_hash(sex), &mut sexes)?;
        let mut of_names = Names {
            names: &mut names,
            kana: &mut kana,
            roman: &mut roman,
            hashed: form.hashed,
        };
        let (family, given) = of_names.read(typed, order)?;
        let (street, building) =
            addresses(typed, order, form.hashed, &mut streets, &mut buildings)?;
        let hashed = form.hashed;
        Ok(Records {
            len: order.len(),
            account,
            email,
            phone,
            family,
            given,
            birth,
            sex,
            zip,
            street,
            building,
            emails,
            phones,
            names,
            kana,
            roman,
            births,
            streets,
            hashed,
        })
    }
}

/// A column in the given order of rows, each distinct text in its form.
fn coded(
    column: Option<&Texts>,
    order: &[u32],
    form: impl Fn(&str) -> Option<String>,
    words: &mut Words,
) -> Result<Vec<u32>> {
    let Some(column) = column else {
        return filled(order.len(), NONE, "records");
    };
    let mut of_text = filled(column.texts.len(), NONE, "records")?;
    for (code, text) in of_text.iter_mut().zip(&column.texts) {
        if let Some(text) = form(text) {
            *code = words.code(&text)?;
        }
    }
    ordered(&column.codes, order, &of_text)
}

fn ordered(codes: &[u32], order: &[u32], of_text: &[u32]) -> Result<Vec<u32>> {
    let each = order.iter().map(|row| match codes[*row as usize] {
        NONE => NONE,
        code => of_text[code as usize],
    });
    collect(each, "records")
}

/// The codes of one name: as written, in kana, in Latin letters.
type Forms = [u32; 3];

struct Names<'a> {
    names: &'a mut Words,
    kana: &'a mut Words,
    roman: &'a mut Words,
    hashed: bool,
}

impl Names<'_> {
    fn read(&mut self, typed: &Typed, order: &[u32]) -> Result<(Name, Name)> {
        // A family name with a space, where the given name is blank, has both.
        let mut halves: [Vec<Forms>; 2] = [Vec::new(), Vec::new()];
        let mut whole = Vec::new();
        if let Some(column) = &typed.family_name {
            for text in &column.texts {
                let unified = unify(text);
                let parts = unified.split_once(' ').filter(|_| !self.hashed);
                let (family, given) = parts.unwrap_or((text, ""));
                push(&mut whole, self.name(text)?, "records")?;
                push(&mut halves[0], self.name(family)?, "records")?;
                push(&mut halves[1], self.name(given)?, "records")?;
            }
        }
        let given = match &typed.given_name {
            Some(column) => {
                let mut forms = Vec::new();
                for text in &column.texts {
                    push(&mut forms, self.name(text)?, "records")?;
                }
                forms
            }
            None => Vec::new(),
        };
        let family_kana = self.readings(typed.family_kana.as_ref())?;
        let given_kana = self.readings(typed.given_kana.as_ref())?;
        let mut out = [Name::default(), Name::default()];
        for name in &mut out {
            for column in [&mut name.written, &mut name.kana, &mut name.roman] {
                crate::context::grow(column, order.len(), "records")?;
            }
        }
        let missing: Forms = [NONE; 3];
        let of = |column: Option<&Texts>, forms: &[Forms], row: u32| {
            let code = column.map_or(NONE, |c| c.codes[row as usize]);
            if code == NONE {
                missing
            } else {
                forms[code as usize]
            }
        };
        for row in order {
            let mut second = of(typed.given_name.as_ref(), &given, *row);
            let first = if second == missing {
                second = of(typed.family_name.as_ref(), &halves[1], *row);
                of(typed.family_name.as_ref(), &halves[0], *row)
            } else {
                of(typed.family_name.as_ref(), &whole, *row)
            };
            let readings = [
                of(typed.family_kana.as_ref(), &family_kana, *row),
                of(typed.given_kana.as_ref(), &given_kana, *row),
            ];
            for ((name, forms), reading) in out.iter_mut().zip([first, second]).zip(readings) {
                let chosen = |at: usize| {
                    if reading[at] == NONE {
                        forms[at]
                    } else {
                        reading[at]
                    }
                };
                name.written.push(forms[0]);
                name.kana.push(chosen(1));
                name.roman.push(chosen(2));
            }
        }
        let [family, given] = out;
        Ok((family, given))
    }

    /// A name: in Latin letters, in kana (which is its reading), or in other characters.
    fn name(&mut self, text: &str) -> Result<Forms> {
        if self.hashed {
            return Ok([self.names.code(text.trim())?, NONE, NONE]);
        }
        let name = normalize_name(text);
        if is_latin(&name) {
            return Ok([NONE, NONE, self.roman.code(&roman::of_latin(&name))?]);
        }
        match is_kana(&name) {
            true => self.reading(&name),
            false => Ok([self.names.code(&name)?, NONE, NONE]),
        }
    }

    fn readings(&mut self, column: Option<&Texts>) -> Result<Vec<Forms>> {
        let mut forms = Vec::new();
        for text in column.map_or(&[][..], |column| &column.texts) {
            push(&mut forms, self.reading(text)?, "records")?;
        }
        Ok(forms)
    }

    /// A reading, in kana or in Latin letters.
    fn reading(&mut self, text: &str) -> Result<Forms> {
        if self.hashed {
            return Ok([NONE, self.kana.code(text.trim())?, NONE]);
        }
        let reading = normalize_reading(text);
        if is_latin(&reading) {
            return Ok([NONE, NONE, self.roman.code(&roman::of_latin(&reading))?]);
        }
        match roman::of_kana(&reading) {
            Some(roman) => Ok([NONE, self.kana.code(&reading)?, self.roman.code(&roman)?]),
            None => Ok([NONE; 3]),
        }
    }
}

/// The text of a row; empty where it is blank.
fn text_of(column: &Option<Texts>, row: u32) -> &str {
    let Some(Texts { codes, texts }) = column else {
        return "";
    };
    match codes[row as usize] {
        NONE => "",
        code => &texts[code as usize],
    }
}

/// The codes of prefecture and city of a row.
fn head_of(typed: &Typed, row: u32) -> (u32, u32) {
    let code = |column: &Option<Texts>| {
        column
            .as_ref()
            .map_or(NONE, |column| column.codes[row as usize])
    };
    (code(&typed.prefecture), code(&typed.city))
}

/// The city of each pair of prefecture and city that occurs; none if the two are not exactly a prefecture and a city.
fn heads(
    typed: &Typed,
    order: &[u32],
    hashed: bool,
) -> Result<BTreeMap<(u32, u32), Option<String>>> {
    let mut heads = BTreeMap::new();
    if hashed || typed.city.is_none() {
        return Ok(heads);
    }
    for row in order {
        let key = head_of(typed, *row);
        heads.entry(key).or_insert_with(|| {
            let text = [text_of(&typed.prefecture, *row), text_of(&typed.city, *row)].concat();
            let address = normalize_address(&text);
            let whole = address.street.is_empty()
                && address.building.is_empty()
                && !address.city.is_empty();
            whole.then_some(address.city)
        });
    }
    Ok(heads)
}

/// The street (city, town, number) and the building of each record. Prefectures are read and left out: many records have none.
fn addresses(
    typed: &Typed,
    order: &[u32],
    hashed: bool,
    streets: &mut Words,
    buildings: &mut Words,
) -> Result<(Vec<u32>, Vec<u32>)> {
    let mut street = filled(order.len(), NONE, "records")?;
    let mut building = filled(order.len(), NONE, "records")?;
    let heads = heads(typed, order, hashed)?;
    let (mut whole, mut key) = (String::new(), String::new());
    for (at, row) in order.iter().enumerate() {
        let (line, named) = (text_of(&typed.street, *row), text_of(&typed.building, *row));
        if hashed {
            whole.clear();
            [&typed.prefecture, &typed.city]
                .iter()
                .for_each(|part| whole.push_str(text_of(part, *row)));
            whole.push_str(line);
            street[at] = streets.code(whole.trim())?;
            building[at] = buildings.code(named.trim())?;
            continue;
        }
        if line.is_empty() {
            continue;
        }
        let head = heads.get(&head_of(typed, *row));
        let (city, (line, mut house)) = match head {
            Some(Some(city)) => (city.as_str(), normalize_street(line)),
            _ => {
                whole.clear();
                [&typed.prefecture, &typed.city]
                    .iter()
                    .for_each(|part| whole.push_str(text_of(part, *row)));
                whole.push_str(line);
                let address = normalize_address(&whole);
                whole.clear();
                whole.push_str(&address.city);
                (whole.as_str(), (address.street, address.building))
            }
        };
        // A city alone is no address.
        if line.is_empty() {
            continue;
        }
        if !named.is_empty() {
            let (first, rest) = normalize_street(named);
            house.push_str(&first);
            house.push_str(&rest);
        }
        key.clear();
        key.push_str(city);
        key.push(' ');
        key.push_str(&line);
        street[at] = streets.code(&key)?;
        building[at] = buildings.code(&house)?;
    }
    Ok((street, building))
}
