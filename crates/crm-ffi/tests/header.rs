//! The headers and the list of symbols are generated from the source, checked in, and compared
//! here. `CRM_BLESS=1 cargo test -p crm-ffi --test header` writes them.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn generate(configure: impl FnOnce(&mut cbindgen::Config)) -> String {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut config = cbindgen::Config::from_file(here.join("cbindgen.toml")).unwrap();
    let [major, minor, patch] = ["MAJOR", "MINOR", "PATCH"]
        .iter()
        .zip(env!("CARGO_PKG_VERSION").split('.'))
        .map(|(part, number)| format!("#define CRM_VERSION_{part} {number}\n"))
        .collect::<Vec<_>>()
        .try_into()
        .unwrap();
    let versions = format!(
        "\n/* The version of this header; crm_version() is that of the library that was loaded. */\n\
         {major}{minor}{patch}"
    );
    let after = config.after_includes.take().unwrap_or_default();
    config.after_includes = Some(after.replacen(
        "#include <stdint.h>\n",
        &format!("#include <stdint.h>\n{versions}"),
        1,
    ));
    configure(&mut config);
    let bindings = cbindgen::Builder::new()
        .with_config(config)
        .with_src(here.join("src/lib.rs"))
        .generate()
        .unwrap();
    let mut header = Vec::new();
    bindings.write(&mut header);
    String::from_utf8(header).unwrap()
}

fn compare(path: &str, made: &str) {
    let path = root().join(path);
    if std::env::var_os("CRM_BLESS").is_some() {
        fs::write(&path, made).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    let differs = found.lines().zip(made.lines()).position(|(a, b)| a != b);
    assert!(
        found == made,
        "{} is not what the source says (first at line {:?}); CRM_BLESS=1 writes it",
        path.display(),
        differs.map(|line| line + 1),
    );
}

/// Declarations only: PHP's parser takes no preprocessor, no `extern "C"`, no inline code.
fn plain() -> String {
    let made = generate(|config| {
        config.cpp_compat = false;
        config.include_guard = None;
        config.documentation = false;
        config.header = Some(
            "/* Declarations of crm.h for FFI parsers without a preprocessor. Do not edit. */"
                .into(),
        );
        config.after_includes = Some("struct ArrowArrayStream;".into());
    });
    let constant = |line: &str| {
        let (name, value) = line.strip_prefix("#define ")?.split_once(' ')?;
        Some(format!("enum {{ {name} = {value} }};"))
    };
    let lines = made
        .lines()
        .map(|line| constant(line).unwrap_or_else(|| line.to_owned()));
    lines.map(|line| line + "\n").collect()
}

/// The names of the functions that a header declares.
fn functions(header: &str) -> Vec<&str> {
    let mut names: Vec<&str> = header
        .lines()
        .filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()))
        .filter_map(|line| line.split_once('(').map(|(head, _)| head))
        .filter_map(|head| head.split([' ', '*']).next_back())
        .filter(|name| name.starts_with("crm_"))
        .collect();
    names.sort_unstable();
    names
}

/// For every function and each of its pointers, a C call in which only that pointer is NULL.
fn nulls(header: &str) -> String {
    let mut calls = String::from("/* Made from crm.h by crates/crm-ffi/tests/header.rs. */\n");
    let declarations = header.split("\ncrm_status_t crm_").skip(1);
    for declaration in declarations {
        let (name, rest) = declaration.split_once('(').unwrap();
        let (list, _) = rest.split_once(");").unwrap();
        let parameters: Vec<(String, &str)> = list
            .split(',')
            .map(|parameter| {
                let (ty, name) = parameter.trim().rsplit_once([' ', '*']).unwrap();
                let stars = parameter.matches('*').count();
                let ty = ty
                    .trim_end_matches(['*', ' '])
                    .trim()
                    .replace("struct ", "");
                (ty + &"*".repeat(stars), name)
            })
            .collect();
        for (at, (ty, parameter)) in parameters.iter().enumerate() {
            if !ty.ends_with('*') || *parameter == "error" {
                continue;
            }
            let arguments = parameters
                .iter()
                .enumerate()
                .map(|(i, (ty, name))| match i == at {
                    true => "NULL".to_owned(),
                    false => argument(ty, name),
                });
            let arguments: Vec<String> = arguments.collect();
            calls += &format!("REFUSES_NULL(crm_{name}({}));\n", arguments.join(", "));
        }
    }
    calls
}

/// A good argument of a C type, from the fixture of tests/c/abuse.c.
fn argument(ty: &str, name: &str) -> String {
    match ty {
        "crm_error*" => "&error".into(),
        "const char*" => "\"{}\"".into(),
        "char*" => "fixture.out_char".into(),
        "int64_t" if name.ends_with("size") => "-1".into(),
        "size_t" if matches!(name, "n_columns" | "capacity") => "1".into(),
        "uint64_t" if name == "size" => "2".into(),
        "int64_t" | "size_t" | "uint64_t" | "int32_t" | "uint32_t" | "double" => "0".into(),
        "const crm_column*" => "&fixture.column".into(),
        "ArrowArrayStream*" => "&fixture.stream".into(),
        "size_t*" => "&fixture.out_size".into(),
        "uint64_t*" => "&fixture.out_u64".into(),
        "int32_t*" => "&fixture.out_i32".into(),
        "const int32_t**" => "&fixture.out_i32s".into(),
        "const int64_t**" => "&fixture.out_i64s".into(),
        "const uint64_t**" => "&fixture.out_u64s".into(),
        "const double**" => "&fixture.out_f64s".into(),
        "const uint8_t**" => "&fixture.out_u8s".into(),
        other => match other.strip_prefix("crm_").unwrap() {
            "orders" if name == "more" => "fixture.orders".into(),
            kind if kind.ends_with('*') => format!("&fixture.out_{}", kind.trim_end_matches('*')),
            kind => format!("fixture.{kind}"),
        },
    }
}

#[test]
fn the_calls_with_null_cover_every_pointer_of_the_header() {
    let header = generate(|_| ());
    let made = nulls(&header);
    assert!(made.lines().count() > 50);
    compare("tests/c/nulls.h", &made);
}

#[test]
fn the_header_is_what_the_source_says() {
    compare("include/crm.h", &generate(|_| ()));
}

#[test]
fn the_plain_header_has_declarations_only() {
    let made = plain();
    compare("include/crm.cdef", &made);
    assert!(!made.contains('#') && !made.contains("extern"));
    assert_eq!(functions(&made), functions(&generate(|_| ())));
}

#[test]
fn the_list_of_symbols_is_what_the_header_declares() {
    let header = generate(|_| ());
    let names = functions(&header);
    assert!(names.len() > 40, "{names:?}");
    let list: String = names.iter().map(|name| format!("{name}\n")).collect();
    compare("include/symbols.txt", &list);
}

/// A function without the guard would let a panic into the host.
#[test]
fn every_exported_function_goes_through_the_guard() {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let to = if path.is_dir() {
                &mut folders
            } else {
                &mut files
            };
            to.push(path);
        }
    }
    let mut exported = 0;
    for file in files {
        let text = fs::read_to_string(file).unwrap();
        for function in text.split("#[unsafe(no_mangle)]").skip(1) {
            let (_, function) = function.split_once("fn ").unwrap();
            let (name, _) = function.split_once('(').unwrap();
            if name.starts_with("crm_test_") {
                continue;
            }
            exported += 1;
            let (_, body) = function.split_once("{\n").unwrap();
            let body = &body[..body.find("\n}\n").unwrap()];
            let guards = body.matches("guard!(").count();
            let last = body.trim_end();
            assert!(
                guards == 1 && last.ends_with(')'),
                "{name} is not one guard"
            );
        }
    }
    assert_eq!(exported, functions(&generate(|_| ())).len());
}
