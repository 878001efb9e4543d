//! ARCHITECTURE.md states that dependencies point down. This test checks the sources.

use std::fs;
use std::path::{Path, PathBuf};

const CORE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/crm-core/src");
const FAMILIES: [&str; 5] = ["segmentation", "retention", "clv", "cycle", "behavior"];
const ABOVE_THE_GROUND: [&str; 5] = ["analysis", "data", "scope", "summary", "table"];

/// The sources of a module: its file, or all in its folder.
fn sources(module: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(CORE).join(module)];
    let file = Path::new(CORE).join(format!("{module}.rs"));
    found.extend(file.exists().then_some(file));
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false => found.push(path),
            }
        }
    }
    found
}

/// Lines of code, without comments, doctests and the tests at the end of a file, that name a module of
/// the crate.
fn naming(module: &str, named: &[&str]) -> Vec<String> {
    let mut lines = Vec::new();
    for path in sources(module) {
        let text = fs::read_to_string(&path).unwrap();
        let (code, _) = text
            .split_once("\n#[cfg(test)]\nmod tests {")
            .unwrap_or((&text, ""));
        let code = code
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"));
        // Imports may go over several lines.
        let code = code.collect::<Vec<_>>().join("\n");
        for statement in code.split(';').filter(|s| s.contains("crate::")) {
            let after = statement.split("crate::").skip(1);
            let words = after.flat_map(|path| {
                let end = path.find(['(', ')', '=', '<']).unwrap_or(path.len());
                path[..end].split(|c: char| !(c.is_alphanumeric() || c == '_'))
            });
            lines.extend(
                words
                    .filter(|word| named.contains(word))
                    .map(|word| format!("{}: {word}", path.display())),
            );
        }
    }
    lines
}

#[test]
fn families_do_not_see_each_other() {
    for family in FAMILIES {
        let others: Vec<&str> = FAMILIES.into_iter().filter(|f| *f != family).collect();
        let none: [String; 0] = [];
        assert_eq!(naming(family, &others), none);
    }
    // Modules above them use several families, and only the register uses them.
    for module in FAMILIES.into_iter().chain(ABOVE_THE_GROUND) {
        let found = naming(module, &["forecast"]);
        assert!(found.is_empty(), "{module}: {found:?}");
    }
    assert!(!naming("forecast", &["clv"]).is_empty());
    // The register joins the lists of the families; nothing below knows it, the trait knows no family.
    assert_eq!(naming("register", &FAMILIES).len(), FAMILIES.len());
    let none: [String; 0] = [];
    assert_eq!(naming("analysis", &FAMILIES), none);
    for module in FAMILIES.into_iter().chain(ABOVE_THE_GROUND) {
        let found = naming(module, &["register"]);
        assert_eq!(found, none, "{module}");
    }
}

#[test]
fn the_ground_does_not_see_what_stands_on_it() {
    for module in [
        "error",
        "money",
        "time",
        "num",
        "turn",
        "context",
        "definition",
    ] {
        let none: [String; 0] = [];
        let above = [&FAMILIES[..], &ABOVE_THE_GROUND].concat();
        assert!(!sources(module).is_empty(), "{module}");
        assert_eq!(naming(module, &above), none);
    }
    for module in ["scope", "data", "table", "summary"] {
        let none: [String; 0] = [];
        assert_eq!(naming(module, &FAMILIES), none);
    }
}
