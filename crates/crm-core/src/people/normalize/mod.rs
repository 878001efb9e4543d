//! Texts of people for comparing (名寄せの正規化). The original is never changed: these forms only decide whether two texts
//! say the same.
//!
//! All forms begin with NFKC (full-width letters, half-width kana), without variation selectors. The table of variants of
//! characters is `itaiji.txt`, [`ITAIJI_VERSION`].

mod address;
mod contact;
mod name;
mod text;
#[cfg(test)]
mod vectors;

pub(crate) use address::normalize_street;
pub use address::{Address, Level, normalize_address};
pub use contact::{
    EmailForm, normalize_birth_date, normalize_email, normalize_phone, normalize_sex, normalize_zip,
};
pub(crate) use name::is_kana;
pub use name::{normalize_name, normalize_reading};
pub use text::ITAIJI_VERSION;
pub(crate) use text::{is_latin, unify};
