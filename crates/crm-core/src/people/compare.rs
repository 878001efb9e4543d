//! How far the fields of two records agree.

use super::records::{Name, Records};
use super::similar::{jaro_winkler, one_edit};
use super::words::{NONE, Words};

/// How far a field of two records agrees. The numbers are the places in tables of weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Agreement {
    Differ = 0,
    Close = 1,
    Agree = 2,
    Missing = 3,
}

use Agreement::{Agree, Close, Differ, Missing};

/// The fields that are compared, in the order of a [`Pattern`].
pub(super) const FIELDS: usize = 7;
pub(super) const FAMILY: usize = 0;
pub(super) const GIVEN: usize = 1;
pub(super) const BIRTH: usize = 2;
pub(super) const SEX: usize = 3;
pub(super) const EMAIL: usize = 4;
pub(super) const PHONE: usize = 5;
pub(super) const ADDRESS: usize = 6;

/// The agreement of all fields, two bits each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pattern(pub(super) u16);

/// The number of patterns.
pub(super) const PATTERNS: usize = 1 << (2 * FIELDS);

impl Pattern {
    pub(super) fn of(fields: [Agreement; FIELDS]) -> Self {
        let bits = fields
            .iter()
            .enumerate()
            .map(|(at, level)| (*level as u16) << (2 * at));
        Pattern(bits.fold(0, |all, bits| all | bits))
    }

    pub(super) fn field(self, at: usize) -> Agreement {
        [Differ, Close, Agree, Missing][usize::from(self.0 >> (2 * at) & 3)]
    }

    /// Whether the two are never one person: the given name differs, and the date of birth or the sex too; or the given
    /// name is only close and the date of birth differs. In a family all other fields may agree.
    pub(super) fn is_forbidden(self) -> bool {
        match self.field(GIVEN) {
            Differ => matches!(self.field(BIRTH), Differ | Close) || self.field(SEX) == Differ,
            Close => self.field(BIRTH) == Differ,
            _ => false,
        }
    }

    /// The greatest possible weight of the pair, in bits: where the fields that agree are those that a family or a
    /// coincidence explains as well, the two are not joined. The given name differs (twins), or the family name
    /// differs and no contact agrees: hardly. The person has no given name and no equal date of birth, or both are
    /// only close: one half, so that a human may decide.
    pub(super) fn most(self) -> Option<f64> {
        let same = |at| self.field(at) == Agree;
        let contact = same(EMAIL) || same(PHONE) || same(ADDRESS);
        // A name changed by marriage; without a contact it is one of many with this given name and birthday.
        let stranger = !matches!(self.field(FAMILY), Agree | Close) && !contact;
        match (self.field(GIVEN), self.field(BIRTH)) {
            (Differ, _) => Some(-3.0),
            _ if stranger => Some(-3.0),
            (Missing, birth) if birth != Agree => Some(0.0),
            (Close, Close) => Some(0.0),
            _ => None,
        }
    }

    /// Whether two people live or buy together: the family name, and the address, e-mail or telephone number.
    pub(super) fn is_household(self) -> bool {
        let same = |at| self.field(at) == Agree;
        matches!(self.field(FAMILY), Agree | Close) && (same(ADDRESS) || same(EMAIL) || same(PHONE))
    }
}

impl Records {
    /// How far two records agree.
    pub(super) fn compare(&self, a: usize, b: usize) -> Pattern {
        let (mut family, mut given) = (self.name(&self.family, a, b), self.name(&self.given, a, b));
        if family == Differ && given == Differ && self.exchanged(a, b) {
            (family, given) = (Agree, Agree);
        }
        let birth = self.birth(a, b);
        let sex = plain(&self.sex, a, b);
        let early = Pattern::of([family, given, birth, sex, Missing, Missing, Missing]);
        // Far the most pairs that are compared; the rest would only tell households, for which equal codes suffice.
        let never = early.is_forbidden();
        let email = plain(&self.email, a, b);
        let email = if email == Differ && !never {
            self.emails(a, b)
        } else {
            email
        };
        let phone = plain(&self.phone, a, b);
        let near =
            |words: &Words, column: &[u32]| one_edit(words.text(column[a]), words.text(column[b]));
        let phone = match phone {
            Differ if !never && !self.hashed && near(&self.phones, &self.phone) => Close,
            other => other,
        };
        let address = self.address(a, b, never);
        Pattern::of([family, given, birth, sex, email, phone, address])
    }

    /// The pattern of the fields of the person alone, of two records that need not share a key.
    pub(super) fn forbids(&self, a: usize, b: usize) -> bool {
        let (mut family, mut given) = (Missing, self.name(&self.given, a, b));
        if given == Differ {
            family = self.name(&self.family, a, b);
            if family == Differ && self.exchanged(a, b) {
                given = Agree;
            }
        }
        let rest = [self.birth(a, b), plain(&self.sex, a, b)];
        let pattern = Pattern::of([family, given, rest[0], rest[1], Missing, Missing, Missing]);
        // Two given names are two people, even where nothing else is known.
        pattern.is_forbidden() || given == Differ
    }

    fn name(&self, name: &Name, a: usize, b: usize) -> Agreement {
        let written = plain(&name.written, a, b);
        let kana = plain(&name.kana, a, b);
        match (written, kana) {
            (Agree, _) => Agree,
            (Missing, Agree) => Agree,
            (Differ, Agree) => Close,
            (Differ, _) if self.hashed => Differ,
            (Differ, _) => alike(&self.names, &name.written, a, b),
            (_, Differ) if self.hashed => Differ,
            (_, Differ) => alike(&self.kana, &name.kana, a, b),
            // One is written in Latin letters, or has no reading.
            _ => match plain(&name.roman, a, b) {
                Differ => alike(&self.roman, &name.roman, a, b),
                other => other,
            },
        }
    }

    /// Whether family and given name are exchanged.
    fn exchanged(&self, a: usize, b: usize) -> bool {
        let crossed = |of: fn(&Name) -> &Vec<u32>| {
            let (f, g) = (of(&self.family), of(&self.given));
            f[a] != NONE && g[a] != NONE && f[a] == g[b] && g[a] == f[b]
        };
        crossed(|name| &name.written) || crossed(|name| &name.roman)
    }

    fn birth(&self, a: usize, b: usize) -> Agreement {
        match plain(&self.birth, a, b) {
            Differ if !self.hashed => {
                let (x, y) = (
                    self.births.text(self.birth[a]),
                    self.births.text(self.birth[b]),
                );
                let exchanged = x[..4] == y[..4] && x[4..6] == y[6..] && x[6..] == y[4..6];
                // Texts of 8 digits.
                if exchanged || one_edit(x, y) {
                    Close
                } else {
                    Differ
                }
            }
            other => other,
        }
    }

    fn emails(&self, a: usize, b: usize) -> Agreement {
        if self.hashed {
            return Differ;
        }
        let (x, y) = (
            self.emails.text(self.email[a]),
            self.emails.text(self.email[b]),
        );
        let halves = x.rsplit_once('@').zip(y.rsplit_once('@'));
        match halves {
            Some(((x, at_x), (y, at_y))) if at_x == at_y => {
                // One letter of a short name is another name.
                if x.len() > 4 && one_edit(x, y) {
                    Close
                } else {
                    Differ
                }
            }
            Some(((x, at_x), (y, at_y))) if x == y && one_edit(at_x, at_y) => Close,
            _ => Differ,
        }
    }

    fn address(&self, a: usize, b: usize, quick: bool) -> Agreement {
        let (zip, street) = (plain(&self.zip, a, b), plain(&self.street, a, b));
        match street {
            Agree if plain(&self.building, a, b) == Differ => Close,
            Agree => Agree,
            Differ if quick || self.hashed => Differ,
            Differ if zip == Agree => alike(&self.streets, &self.street, a, b),
            Differ => Differ,
            _ => match zip {
                Agree => Close,
                other => other,
            },
        }
    }
}

fn plain(column: &[u32], a: usize, b: usize) -> Agreement {
    match (column[a], column[b]) {
        (NONE, _) | (_, NONE) => Missing,
        (a, b) if a == b => Agree,
        _ => Differ,
    }
}

/// Texts that differ: close from a similarity of 0.9.
fn alike(words: &Words, column: &[u32], a: usize, b: usize) -> Agreement {
    match jaro_winkler(words.text(column[a]), words.text(column[b])) >= 0.9 {
        true => Close,
        false => Differ,
    }
}
