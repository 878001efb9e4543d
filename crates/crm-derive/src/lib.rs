//! The derive macros of crm-core.
//!
//! # `#[derive(Setters)]`
//!
//! A struct of options gets `new()`, its defaults, and for each field a method
//! that gives it another value.
//!
//! ```
//! #[derive(Default, crm_derive::Setters)]
//! pub struct Options {
//!     /// Groups.
//!     pub groups: u8,
//!     /// The column. Default: none.
//!     pub column: Option<String>,
//! }
//! let options = Options::new().groups(4).column("channel".to_owned());
//! assert_eq!((options.groups, options.column.as_deref()), (4, Some("channel")));
//! ```
//!
//! Structs of options are `non_exhaustive`, so that a new option breaks no program. Such a struct cannot be
//! written as a literal in another crate; these methods take the literal's place. A field of type `T` takes
//! a `T`; `Option<T>` takes a `T`, too, and `String` a `&str`. A field with `#[setter(skip)]` has no method.
//!
//! # `#[derive(Word)]`
//!
//! An enum whose variants serde writes in `snake_case` is read and written as a text by `FromStr` and
//! `Display`, too. An unknown word is an error of the option of the type's name; it names the words.
//!
//! The macros read the few tokens they need by themselves: crm-core needs no further parser.

use proc_macro::{Delimiter, TokenStream, TokenTree};
use std::iter::Peekable;

/// See the crate.
#[proc_macro_derive(Setters, attributes(setter))]
pub fn setters(item: TokenStream) -> TokenStream {
    let Some((name, fields)) = parts(item) else {
        return "compile_error!(\"Setters: a struct with named fields and without generics\");"
            .parse()
            .unwrap_or_default();
    };
    let methods: String = fields
        .iter()
        .filter(|field| !field.skip)
        .map(Field::method)
        .collect();
    format!(
        "impl {name} {{
            /// The defaults.
            #[must_use]
            pub fn new() -> Self {{ Self::default() }}
            {methods}
        }}"
    )
    .parse()
    .unwrap_or_default()
}

/// See the crate.
#[proc_macro_derive(Word)]
pub fn word(item: TokenStream) -> TokenStream {
    let Some((name, variants)) = words(item) else {
        return "compile_error!(\"Word: an enum whose variants have no fields\");"
            .parse()
            .unwrap_or_default();
    };
    let each = |line: &dyn Fn(&str, &str) -> String| -> String {
        let lines = variants
            .iter()
            .map(|variant| line(variant, &snake(variant)));
        lines.collect()
    };
    let read = each(&|variant, word| format!("{word:?} => Ok({name}::{variant}),"));
    let write = each(&|variant, word| format!("{name}::{variant} => {word:?},"));
    let list: Vec<String> = variants.iter().map(|variant| snake(variant)).collect();
    let (option, list) = (snake(&name), list.join(", "));
    format!(
        "impl std::str::FromStr for {name} {{
            type Err = crate::error::Error;

            fn from_str(word: &str) -> Result<Self, crate::error::Error> {{
                match word {{
                    {read}
                    _ => Err(crate::error::Error::option(
                        {option:?}, format_args!(\"{{word:?}}\"), \"one of {list}\",
                    )),
                }}
            }}
        }}

        impl std::fmt::Display for {name} {{
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {{
                f.pad(match self {{ {write} }})
            }}
        }}"
    )
    .parse()
    .unwrap_or_default()
}

/// The name of the enum, and its variants.
fn words(item: TokenStream) -> Option<(String, Vec<String>)> {
    let mut tokens = item.into_iter();
    tokens.find(|token| token.to_string() == "enum")?;
    let name = tokens.next()?.to_string();
    let TokenTree::Group(body) = tokens.next()? else {
        return None;
    };
    let mut tokens = body.stream().into_iter().peekable();
    let mut variants = Vec::new();
    while tokens.peek().is_some() {
        attributes(&mut tokens)?;
        variants.push(tokens.next()?.to_string());
        // A discriminant may follow; fields may not.
        for token in tokens.by_ref() {
            match token {
                TokenTree::Group(_) => return None,
                token if token.to_string() == "," => break,
                _ => {}
            }
        }
    }
    Some((name, variants))
}

/// As serde's `snake_case`.
fn snake(name: &str) -> String {
    let mut snake = String::new();
    for (at, letter) in name.char_indices() {
        if at > 0 && letter.is_uppercase() {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    snake
}

struct Field {
    /// Its doc comments, as attributes.
    docs: String,
    skip: bool,
    name: String,
    ty: String,
}

impl Field {
    fn method(&self) -> String {
        let Field { docs, name, ty, .. } = self;
        // A type parameter would leave the type of a number open.
        let (takes, value) = match ty.starts_with("Option") || ty == "String" {
            true => (format!("impl Into<{ty}>"), format!("{name}.into()")),
            false => (ty.clone(), name.clone()),
        };
        format!(
            "{docs}
            #[must_use]
            pub fn {name}(mut self, {name}: {takes}) -> Self {{
                self.{name} = {value};
                self
            }}"
        )
    }
}

/// The name of the struct, and its fields.
fn parts(item: TokenStream) -> Option<(String, Vec<Field>)> {
    let mut tokens = item.into_iter();
    tokens.find(|token| token.to_string() == "struct")?;
    let name = tokens.next()?.to_string();
    match tokens.next()? {
        TokenTree::Group(body) if body.delimiter() == Delimiter::Brace => {
            Some((name, fields(body.stream())?))
        }
        _ => None,
    }
}

fn fields(body: TokenStream) -> Option<Vec<Field>> {
    let mut tokens = body.into_iter().peekable();
    let mut fields = Vec::new();
    while tokens.peek().is_some() {
        let (docs, skip) = attributes(&mut tokens)?;
        let name = name(&mut tokens)?;
        let ty = ty(&mut tokens);
        fields.push(Field {
            docs,
            skip,
            name,
            ty,
        });
    }
    Some(fields)
}

type Tokens = Peekable<proc_macro::token_stream::IntoIter>;

/// The doc comments before a field, and whether it is to be skipped.
fn attributes(tokens: &mut Tokens) -> Option<(String, bool)> {
    let (mut docs, mut skip) = (String::new(), false);
    while tokens.next_if(|token| token.to_string() == "#").is_some() {
        let attribute = tokens.next()?.to_string();
        if attribute.starts_with("[doc") {
            docs += &format!("#{attribute}");
        }
        skip |= attribute.replace(' ', "") == "[setter(skip)]";
    }
    Some((docs, skip))
}

/// The name of a field, after its visibility and before the colon.
fn name(tokens: &mut Tokens) -> Option<String> {
    let mut name = tokens.next()?;
    if name.to_string() == "pub" {
        // pub(super) has a group behind it.
        tokens.next_if(|token| matches!(token, TokenTree::Group(_)));
        name = tokens.next()?;
    }
    tokens.next_if(|token| token.to_string() == ":")?;
    Some(name.to_string())
}

/// The type of a field up to the comma that ends it: commas between angle brackets belong to the type.
fn ty(tokens: &mut Tokens) -> String {
    let (mut ty, mut depth) = (String::new(), 0);
    for token in tokens {
        match token.to_string().as_str() {
            "," if depth == 0 => break,
            "<" => depth += 1,
            ">" => depth -= 1,
            _ => {}
        }
        ty += &token.to_string();
        // A space is wrong nowhere but between the colons of a path.
        if !matches!(token, TokenTree::Punct(_)) {
            ty.push(' ');
        }
    }
    ty.trim_end().to_owned()
}
