//! The order of the modules of the core, and the test that holds the sources to it.
//!
//! A module may name those before it in [`TOWER`]. Families do not name each other. No files import each
//! other in a circle; a file `x.rs` and the folder `x/` are one here. ARCHITECTURE.md shows the list.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

const CORE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/crm-core/src");
const ARCHITECTURE: &str = include_str!("../ARCHITECTURE.md");

/// The modules, lowest first, a layer a line.
const TOWER: &str = "\
error money sha256 definition context time num turn bytes | the ground: knows nothing of customers
request columns ids table words scope document     | a request, what comes in, what goes out
data/blocks data/text data/input data/state        | cells and columns as they came
data/customers data/filter data/orders data/events | datasets and their views
analysis                                           | the trait; a scope carried out on each dataset
summary                                            | numbers of each customer, which families share
season                                             | factors of demand and the time that runs at their pace
segmentation retention survival clv cycle behavior | families: they do not name each other
experiments feedback goods people                  | families: did it work, what do people say, what goes with what, who is who?
forecast backtest shop_model customer_card perks   | above the families: they read or judge several
families                                           | the lists of all families
segments decisions                                 | they run analyses by name: what to do today
register                                           | every analysis by name
";

/// A path of modules and names from the root of the crate.
type Names = Vec<String>;

/// What the sources name, by module.
struct Sources {
    files: BTreeMap<Names, PathBuf>,
    /// Paths as they are written in each module, without its tests.
    named: BTreeMap<Names, Vec<Names>>,
    /// What `pub use` gives another name to.
    exports: BTreeMap<(Names, String), Names>,
}

impl Sources {
    fn read() -> Sources {
        let mut files = BTreeMap::new();
        let mut folders = vec![PathBuf::from(CORE)];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                match path.is_dir() {
                    true => folders.push(path),
                    // Tests may name anything; files of data name nothing.
                    false if path.to_str().unwrap().ends_with("tests.rs") => {}
                    false if path.extension().is_none_or(|end| end != "rs") => {}
                    false => drop(files.insert(module_of(&path), path)),
                }
            }
        }
        let texts = files
            .iter()
            .map(|(module, path)| (module.clone(), fs::read_to_string(path).unwrap()));
        let texts: Vec<_> = texts.collect();
        Sources::of(files, &texts)
    }

    fn of(files: BTreeMap<Names, PathBuf>, texts: &[(Names, String)]) -> Sources {
        let mut sources = Sources {
            files,
            named: BTreeMap::new(),
            exports: BTreeMap::new(),
        };
        let mut exported = Vec::new();
        for (module, text) in texts {
            let mut paths = Paths::default();
            paths.read(TokenStream::from_str(text).unwrap());
            exported.push((module.clone(), paths.exports));
            sources.named.insert(module.clone(), paths.named);
        }
        for (module, exports) in exported {
            for (name, path) in exports {
                if let Some(path) = sources.absolute(&module, &path) {
                    sources.exports.insert((module.clone(), name), path);
                }
            }
        }
        sources
    }

    /// A path from the root; none of another crate or of a local name.
    fn absolute(&self, module: &Names, path: &Names) -> Option<Names> {
        let mut base = match path[0].as_str() {
            "crate" => Vec::new(),
            "self" | "super" => module.clone(),
            child => {
                let own = [module.as_slice(), &[child.to_owned()]].concat();
                return self
                    .files
                    .contains_key(&own)
                    .then(|| [&own, &path[1..]].concat());
            }
        };
        let mut rest = &path[..];
        while let Some((first, others)) = rest.split_first() {
            match first.as_str() {
                "super" => drop(base.pop()),
                "crate" | "self" => {}
                _ => break,
            }
            rest = others;
        }
        Some([&base, rest].concat())
    }

    /// The module that defines what a path names.
    fn defining(&self, path: &Names) -> Names {
        let (mut module, mut rest) = (Vec::new(), path.clone());
        while !rest.is_empty() {
            let name = rest.remove(0);
            let inner = [module.as_slice(), std::slice::from_ref(&name)].concat();
            if self.files.contains_key(&inner) {
                module = inner;
            } else if let Some(target) = self.exports.get(&(module.clone(), name)) {
                rest.splice(..0, target.iter().cloned());
                module.clear();
            } else {
                break;
            }
        }
        module
    }

    /// The other modules that each module names.
    fn arrows(&self) -> BTreeMap<Names, BTreeSet<Names>> {
        let of = |(module, named): (&Names, &Vec<Names>)| {
            let paths = named.iter().filter_map(|path| self.absolute(module, path));
            let found = paths.map(|path| self.defining(&path));
            (
                module.clone(),
                found.filter(|other| other != module).collect(),
            )
        };
        self.named.iter().map(of).collect()
    }
}

fn module_of(path: &Path) -> Names {
    let inner = path.strip_prefix(CORE).unwrap().with_extension("");
    let mut names: Names = inner
        .iter()
        .map(|n| n.to_str().unwrap().to_owned())
        .collect();
    if ["mod", "lib"].contains(&names.last().unwrap().as_str()) {
        names.pop();
    }
    names
}

/// The paths in a stream of tokens. What stands under `#[cfg(test)]` is left out.
#[derive(Default)]
struct Paths {
    named: Vec<Names>,
    exports: Vec<(String, Names)>,
}

impl Paths {
    fn read(&mut self, stream: TokenStream) {
        let tokens: Vec<TokenTree> = stream.into_iter().collect();
        let mut at = 0;
        let mut is_pub = false;
        while at < tokens.len() {
            match &tokens[at] {
                TokenTree::Group(group) if group.to_string().replace(' ', "") == "[cfg(test)]" => {
                    let ends = |t: &TokenTree| match t {
                        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
                        token => token.to_string() == ";",
                    };
                    at += tokens[at..].iter().position(ends).unwrap_or(0);
                }
                // `pub(crate)` is public enough.
                TokenTree::Group(group) => {
                    self.read(group.stream());
                    is_pub &= group.delimiter() == Delimiter::Parenthesis;
                }
                TokenTree::Ident(word) if word == "use" => {
                    let end = tokens[at..].iter().position(|t| t.to_string() == ";");
                    let end = at + end.unwrap_or(tokens.len() - at);
                    self.tree(&tokens[at + 1..end], &Vec::new(), is_pub);
                    at = end;
                    is_pub = false;
                }
                TokenTree::Ident(word) => {
                    is_pub = word == "pub";
                    let (path, next) = path_at(&tokens, at);
                    if path.len() > 1 {
                        self.named.push(path);
                    }
                    at = next - 1;
                }
                _ => is_pub = false,
            }
            at += 1;
        }
    }

    /// The paths of a tree of imports.
    fn tree(&mut self, tokens: &[TokenTree], before: &Names, is_pub: bool) {
        for part in tokens
            .split(|t| t.to_string() == ",")
            .filter(|part| !part.is_empty())
        {
            let (path, next) = path_at(part, 0);
            let path = [before.as_slice(), &path].concat();
            match part.get(next..) {
                Some([.., TokenTree::Group(group)]) => {
                    let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                    self.tree(&inner, &path, is_pub);
                }
                rest => {
                    let own = path.last().filter(|name| *name != "self");
                    let path = match own {
                        Some(_) => path.clone(),
                        None => before.clone(),
                    };
                    // `name as other`.
                    let other = rest.and_then(|rest| Some(rest.get(1)?.to_string()));
                    let name = other.or(path.last().cloned()).unwrap_or_default();
                    if is_pub {
                        self.exports.push((name, path.clone()));
                    }
                    self.named.push(path);
                }
            }
        }
    }
}

/// The path that begins at a token, and where it ends: behind its last name, or behind the `::` of a group.
fn path_at(tokens: &[TokenTree], mut at: usize) -> (Names, usize) {
    let mut path = Vec::new();
    let is_colon =
        |at: usize| matches!(tokens.get(at), Some(TokenTree::Punct(p)) if p.as_char() == ':');
    while let Some(TokenTree::Ident(name)) = tokens.get(at) {
        path.push(name.to_string());
        at += 1;
        if !(is_colon(at) && is_colon(at + 1)) {
            break;
        }
        at += 2;
    }
    (path, at)
}

/// The layers of [`TOWER`]: modules and a description.
fn layers() -> Vec<(Vec<Names>, &'static str)> {
    let layer = |line: &'static str| {
        let (modules, description) = line.split_once('|').unwrap();
        let modules = modules.split_whitespace();
        let modules = modules.map(|m| m.split('/').map(str::to_owned).collect());
        (modules.collect(), description.trim())
    };
    TOWER.lines().map(layer).collect()
}

/// Arrows that point up, or from one family to another.
fn upward(arrows: &BTreeMap<Names, BTreeSet<Names>>) -> Vec<String> {
    let layers = layers();
    let modules = layers
        .iter()
        .flat_map(|(modules, what)| modules.iter().map(move |m| (m, what)));
    let modules: Vec<_> = modules.collect();
    let place = |file: &Names| {
        modules
            .iter()
            .position(|(module, _)| file.starts_with(module))
    };
    let mut wrong = Vec::new();
    for (file, others) in arrows {
        let Some(own) = place(file) else {
            // The crate's and the datasets' lists of what is public.
            let lists = ["", "data"].contains(&file.join("::").as_str());
            wrong.extend((!lists).then(|| format!("{} is in no layer", file.join("::"))));
            continue;
        };
        for other in others {
            let blind = |at: usize| modules[at].1.starts_with("families");
            let fine = match place(other) {
                Some(to) if blind(to) && blind(own) => to == own,
                Some(to) => to <= own,
                None => false,
            };
            if !fine {
                wrong.push(format!("{} names {}", file.join("::"), other.join("::")));
            }
        }
    }
    wrong
}

/// Names that a module takes from `lib.rs` and not from the module that defines them: such an arrow does not say
/// where it points.
fn by_the_list(sources: &Sources) -> Vec<String> {
    let mut wrong = Vec::new();
    for (module, named) in sources.named.iter().filter(|(m, _)| !m.is_empty()) {
        for path in named
            .iter()
            .filter_map(|path| sources.absolute(module, path))
        {
            let is_exported = |name: &String| {
                let file = sources.files.contains_key(std::slice::from_ref(name));
                !file && sources.exports.contains_key(&(Vec::new(), name.clone()))
            };
            if let Some(name) = path.first().filter(|name| is_exported(name)) {
                wrong.push(format!("{} names crate::{name}", module.join("::")));
            }
        }
    }
    wrong
}

/// Where modules name what a pure function has no use for: files, the environment, the clock, output.
fn of_the_machine(sources: &Sources) -> Vec<String> {
    let outside = ["env", "fs", "io", "net", "process", "time"];
    let mut wrong = Vec::new();
    for (module, named) in &sources.named {
        let of_std = |path: &&Names| {
            path[0] == "std" && path.get(1).is_some_and(|n| outside.contains(&n.as_str()))
        };
        let line = |path: &Names| format!("{} names {}", module.join("::"), path.join("::"));
        wrong.extend(named.iter().filter(of_std).map(line));
    }
    wrong
}

/// Groups of files that import each other, each as the names of its files.
fn circles(sources: &Sources) -> Vec<String> {
    // A file `x.rs` stands for its folder, too.
    let unit = |module: &Names| {
        let lengths = 1..=module.len();
        let is_file = |n: &usize| {
            let path = sources.files.get(&module[..*n]);
            path.is_some_and(|path| !path.ends_with("mod.rs"))
        };
        let first = lengths.into_iter().find(is_file).unwrap_or(module.len());
        module[..first].to_vec()
    };
    let mut arrows: BTreeMap<Names, BTreeSet<Names>> = BTreeMap::new();
    for (module, others) in sources.arrows() {
        let own = arrows.entry(unit(&module)).or_default();
        own.extend(others.iter().map(unit));
    }
    let reach = |from: &Names| {
        let mut seen = BTreeSet::new();
        let mut open = vec![from];
        while let Some(next) = open.pop() {
            for other in arrows
                .get(next)
                .into_iter()
                .flatten()
                .filter(|other| *other != next)
            {
                if seen.insert(other) {
                    open.push(other);
                }
            }
        }
        seen
    };
    let reached: BTreeMap<&Names, BTreeSet<&Names>> =
        arrows.keys().map(|m| (m, reach(m))).collect();
    let mut found = BTreeSet::new();
    for (module, seen) in reached
        .iter()
        .filter(|(module, seen)| seen.contains(*module))
    {
        let back = seen
            .iter()
            .filter(|other| reached.get(**other).is_some_and(|s| s.contains(*module)));
        let files: Vec<String> = back.map(|m| m.join("::")).collect();
        found.insert(files.join(" "));
    }
    found.into_iter().collect()
}

#[test]
fn arrows_point_down() {
    let none: [String; 0] = [];
    assert_eq!(upward(&Sources::read().arrows()), none);
}

#[test]
fn names_come_from_the_module_that_defines_them() {
    assert_eq!(by_the_list(&Sources::read()), [""; 0]);
}

#[test]
fn no_files_import_each_other() {
    assert_eq!(circles(&Sources::read()), [""; 0]);
}

#[test]
fn the_core_asks_nothing_of_the_machine() {
    // A child of `fork` has another id than the owner of a lock.
    let wrong = of_the_machine(&Sources::read());
    assert_eq!(wrong, ["turn names std::process::id"]);
}

#[test]
fn the_map_shows_the_tower() {
    let shown: String = TOWER.lines().map(|line| format!("{line}\n")).collect();
    assert!(
        ARCHITECTURE.contains(&format!("```text\n{shown}```")),
        "ARCHITECTURE.md shows\n{shown}"
    );
}

/// Sources of these texts, by the path of their file.
fn planted(texts: &[(&str, &str)]) -> Sources {
    let path = |path: &str| Path::new(CORE).join(path);
    let files = texts
        .iter()
        .map(|(file, _)| (module_of(&path(file)), path(file)));
    let texts: Vec<_> = (texts.iter())
        .map(|(file, text)| (module_of(&path(file)), (*text).to_owned()))
        .collect();
    Sources::of(files.collect(), &texts)
}

#[test]
fn what_the_sources_may_not_do_is_seen() {
    let sources = planted(&[
        (
            "error.rs",
            "fn f() { let x = crate::table::Table::new(vec![]); }",
        ),
        (
            "table.rs",
            "// crate::register\nconst TEXT: &str = \"crate::register\";",
        ),
        (
            "clv.rs",
            "use crate::{error::Error, cycle::{self, fit as f}};",
        ),
        (
            "cycle.rs",
            "mod fit { } #[cfg(test)] mod tests { use crate::clv::Fit; }",
        ),
        ("register.rs", "use crate::clv::Fit;"),
    ]);
    let wrong = upward(&sources.arrows());
    assert_eq!(wrong, ["clv names cycle", "error names table"]);

    let sources = planted(&[
        ("lib.rs", "pub mod error;\npub use error::Error;"),
        ("error.rs", ""),
        ("table.rs", "use crate::error::Error;"),
        ("clv.rs", "fn f() -> crate::Error { todo!() }"),
    ]);
    assert_eq!(by_the_list(&sources), ["clv names crate::Error"]);

    let sources = planted(&[
        ("num/mod.rs", "mod a;"),
        ("num/a.rs", "pub use super::b::{B, C as D};"),
        ("num/b.rs", "macro_rules! m { () => { super::c::f() } }"),
        ("num/c.rs", "use crate::num::a::D;"),
        ("num/d.rs", "use super::a::B;\npub(crate) mod e;"),
        ("num/d/e.rs", "use super::X;"),
    ]);
    // `c` names what `b` defines, by the name that `a` gives it.
    assert_eq!(circles(&sources), ["num::b num::c"]);

    let sources = planted(&[
        (
            "num/a.rs",
            "use std::{fmt, env::var}; fn f() { std::fs::read(x) }",
        ),
        (
            "num/b.rs",
            "#[cfg(test)] mod tests { use std::env; }\nuse std::iter;",
        ),
    ]);
    let wrong = of_the_machine(&sources);
    assert_eq!(
        wrong,
        ["num::a names std::env::var", "num::a names std::fs::read"]
    );
}
