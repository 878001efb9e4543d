//! Declarations of columns, and the macros in which analyses declare them.

/// The type of a column, as documented in the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[allow(missing_docs)]
pub enum Type {
    /// An id, of the type in the input.
    Id,
    Int,
    Float,
    Bool,
    Date,
    /// An instant, UTC microseconds.
    Instant,
    /// Minor units with the currency's exponent.
    Money,
    /// A word of a closed list.
    Category,
    Text,
}

impl Type {
    /// The type's name in the catalogue.
    pub const fn name(self) -> &'static str {
        match self {
            Type::Id => "id",
            Type::Int => "int",
            Type::Float => "float",
            Type::Bool => "bool",
            Type::Date => "date",
            Type::Instant => "instant",
            Type::Money => "money",
            Type::Category => "category",
            Type::Text => "text",
        }
    }
}

/// The declaration of a column of an analysis: name, type, unit, headings and meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Field {
    /// The name for programs.
    pub name: &'static str,
    /// The type.
    pub ty: Type,
    /// The unit: `days`, `orders`; empty if there is none.
    pub unit: &'static str,
    /// The Japanese heading.
    pub ja: &'static str,
    /// The meaning.
    pub doc: &'static str,
}

impl Field {
    /// A field; see its members.
    pub const fn new(
        name: &'static str,
        ty: Type,
        unit: &'static str,
        ja: &'static str,
        doc: &'static str,
    ) -> Self {
        Field {
            name,
            ty,
            unit,
            ja,
            doc,
        }
    }

    /// The same column with its meaning in one analysis.
    #[must_use]
    pub const fn meaning(self, doc: &'static str) -> Self {
        Field { doc, ..self }
    }
}

/// Columns of several analyses, declared once:
/// `CUSTOMERS = "customers", Int, "customers", "顧客数", "Customers.";` is name, type, unit, Japanese
/// heading, meaning.
macro_rules! fields {
    ($($vis:vis $const:ident = $name:literal, $ty:ident, $unit:literal, $ja:literal, $doc:literal;)*) => {$(
        #[doc = $doc]
        $vis const $const: $crate::table::Field =
            $crate::table::Field::new($name, $crate::table::Type::$ty, $unit, $ja, $doc);
    )*};
}
pub(crate) use fields;

/// The columns of one analysis, in order. A row declares a column of this analysis only
/// (`"decile": Int, "", "デシル", "Group.";`), names a shared column (`CUSTOMERS;`), or names a shared
/// column with its meaning here (`CUSTOMERS, "Customers of the group.";`).
macro_rules! columns {
    (@ $name:literal: $ty:ident, $unit:literal, $ja:literal, $doc:literal) => {
        $crate::table::Field::new($name, $crate::table::Type::$ty, $unit, $ja, $doc)
    };
    (@ $shared:ident $([$at:literal])?) => { $shared $([$at])? };
    (@ $shared:ident $([$at:literal])?, $doc:literal) => { $shared $([$at])?.meaning($doc) };
    ($($head:tt $([$at:literal])? $(: $ty:ident, $unit:literal, $ja:literal)? $(, $doc:literal)?;)*) => {
        [$($crate::table::columns!(@ $head $([$at])? $(: $ty, $unit, $ja)? $(, $doc)?)),*]
    };
}
pub(crate) use columns;

/// The labels of a closed list, in the order of their codes. A row is word, English and Japanese
/// (`"late", "Late", "遅れ";`), or names a label of another list (`ORDERED;`).
macro_rules! labels {
    (@ $code:literal, $en:literal, $ja:literal) => {
        $crate::table::Label { code: $code, en: $en, ja: $ja }
    };
    (@ $shared:ident) => { $shared };
    ($($head:tt $(, $en:literal, $ja:literal)?;)*) => {
        &[$($crate::table::labels!(@ $head $(, $en, $ja)?)),*]
    };
}
pub(crate) use labels;

/// A closed list that tables show and no request names: an enum with its labels. The lists that
/// requests name are made by `words!`.
macro_rules! categories {
    ($(#[$doc:meta])* $vis:vis $name:ident {
        $($(#[$of:meta])* $variant:ident = $code:literal, $en:literal, $ja:literal;)*
    }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
        #[repr(u8)]
        #[non_exhaustive]
        $vis enum $name { $($(#[$of])* #[serde(rename = $code)] $variant,)* }

        impl $name {
            /// Labels shown to people, by discriminant.
            $vis const LABELS: &'static [$crate::table::Label] =
                $crate::table::labels! { $($code, $en, $ja;)* };
        }

        $crate::table::text_of_words! { $name: $($variant = $code),* }
    };
}
pub(crate) use categories;

/// `FromStr` and `Display` of a closed list, by the codes of its words.
macro_rules! text_of_words {
    ($name:ident: $($variant:ident = $code:literal),*) => {
        impl std::str::FromStr for $name {
            type Err = $crate::error::Error;

            fn from_str(word: &str) -> Result<Self, $crate::error::Error> {
                match word {
                    $($code => Ok($name::$variant),)*
                    _ => {
                        let expected = format!("one of {}", [$($code),*].join(", "));
                        Err($crate::error::Error::option("word", format_args!("{word:?}"), expected))
                    }
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(match self { $($name::$variant => $code),* })
            }
        }
    };
}
pub(crate) use text_of_words;

fields! {
    pub CUSTOMER_ID = "customer_id", Id, "", "会員ID", "The customer, by the id of the input.";
}
