//! Policy profiles: what each bank decides about its tokens and users, as files that people write.
//!
//! A profile is read whole or refused with all its faults at once, each with file and line. The five
//! banks' profiles and two general ones are part of the program. `docs/profiles.md` is the manual.
//!
//! Not responsible for: what follows from a rule (`warifu_core::lifecycle`), nor for which
//! institution uses which profile (`warifud`'s configuration).
#![forbid(unsafe_code)]

mod check;
mod explain;
mod fault;
mod overrides;
mod read;
mod section;
mod tree;
mod words;

use std::{fs, path::Path, sync::Arc};

use warifu_core::rules::Rules;

pub use crate::{
    explain::{Chapter, Language},
    fault::Fault,
    overrides::{BANK_CODE, Overrides, lay_bank_code},
};
use crate::{
    fault::{Faults, Place},
    section::Section,
    tree::{Node, Value},
};

/// A bank's rules under a name.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// The built-in name, or that of the file without folder and ending.
    pub name: String,
    /// What it is called, in English.
    pub title_en: String,
    /// What it is called, in Japanese.
    pub title_ja: String,
    /// Name of the time zone of [`Rules::zone`] in the IANA database.
    pub zone: String,
    /// The built-in profile that supplies what the file does not say.
    pub base: Option<String>,
    /// The rules.
    pub rules: Rules,
}

/// A profile that is part of the program.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct BuiltIn {
    /// What configurations call it.
    pub name: &'static str,
    /// Its text, to read and to copy from.
    pub text: &'static str,
}

/// The profile of institutions that name none: the safe side wherever the banks' manuals differ.
pub const DEFAULT: &str = "default";

/// Profiles that are part of the program.
pub const BUILT_IN: [BuiltIn; 7] = [
    BuiltIn { name: DEFAULT, text: include_str!("../default.toml") },
    BuiltIn { name: "standalone", text: include_str!("../standalone.toml") },
    BuiltIn { name: "bank-000", text: include_str!("../bank-000.toml") },
    BuiltIn { name: "bank-001", text: include_str!("../bank-001.toml") },
    BuiltIn { name: "bank-002", text: include_str!("../bank-002.toml") },
    BuiltIn { name: "bank-003", text: include_str!("../bank-003.toml") },
    BuiltIn { name: "bank-004", text: include_str!("../bank-004.toml") },
];

/// Bases of bases; the shipped ones are two deep.
const DEEPEST: usize = 4;

/// The built-in profile of that name.
pub fn built_in(name: &str) -> Option<BuiltIn> {
    BUILT_IN.into_iter().find(|one| one.name == name)
}

/// What a configuration or a command line names: a built-in name, or else a file. A name without
/// `/` and `.` is never a file, so that a mistyped name is not taken for one.
pub fn find(name_or_path: &str) -> Result<Profile, Vec<Fault>> {
    if let Some(one) = built_in(name_or_path) {
        return parse(one.text, &origin_of_built_in(name_or_path), name_or_path.to_owned());
    }
    if name_or_path.contains(['/', '.']) {
        return Profile::load(Path::new(name_or_path));
    }
    let names = BUILT_IN.map(|one| one.name).join(", ");
    let rule =
        format!("there is no profile {name_or_path:?}; there are {names}, and paths of files");
    Err(vec![whole_file(name_or_path, rule)])
}

impl Profile {
    /// Reads a text. `origin` is the file as faults shall name it.
    pub fn parse(text: &str, origin: &str) -> Result<Self, Vec<Fault>> {
        let stem = Path::new(origin).file_stem().unwrap_or_default();
        parse(text, origin, stem.to_string_lossy().into_owned())
    }

    /// Reads a file.
    pub fn load(path: &Path) -> Result<Self, Vec<Fault>> {
        let shown = path.display().to_string();
        match fs::read_to_string(path) {
            Ok(text) => Self::parse(&text, &shown),
            Err(error) => Err(vec![whole_file(&shown, format!("can not be read: {error}"))]),
        }
    }
}

fn whole_file(file: &str, rule: String) -> Fault {
    Fault { file: file.into(), line: None, key: String::new(), rule, example: String::new() }
}

fn origin_of_built_in(name: &str) -> String {
    format!("built-in {name}")
}

fn parse(text: &str, origin: &str, name: String) -> Result<Profile, Vec<Fault>> {
    let faults = Faults::default();
    let own = Node::parse(text, &Arc::from(origin), &faults);
    if faults.any() {
        // Half a tree would have half of everything missing.
        return Err(faults.into_sorted());
    }
    let base = base_of(&own);
    let tree = with_bases(own, 0, &faults);
    if faults.any() {
        return Err(faults.into_sorted());
    }
    let root = Section::of(&tree, String::new(), &faults);
    let (titles, rules) = read::profile(&root);
    check::check(&rules, &tree, &faults);
    if faults.any() {
        return Err(faults.into_sorted());
    }
    let base = base.map(|(name, _)| name);
    let (title_en, title_ja, zone) = (titles.en, titles.ja, titles.zone);
    Ok(Profile { name, title_en, title_ja, zone, base, rules })
}

fn base_of(node: &Node) -> Option<(String, Place)> {
    let Value::Table(keys) = &node.value else { return None };
    let base = keys.get("base")?;
    match &base.value {
        Value::Text(name) => Some((name.clone(), base.place.clone())),
        _ => None,
    }
}

/// Lays a profile over its base, that over its own, and so on.
fn with_bases(node: Node, depth: usize, faults: &Faults) -> Node {
    let Some((name, place)) = base_of(&node) else { return node };
    let Some(base) = built_in(&name).filter(|_| depth < DEEPEST) else {
        let names = BUILT_IN.map(|one| one.name).join(", ");
        let rule = format!("{name:?} can not be a base; the built-in profiles can: {names}");
        faults.add(&place, "base", rule, "base = \"default\"");
        return node;
    };
    let below = Node::parse(base.text, &Arc::from(origin_of_built_in(&name)), faults);
    node.over(with_bases(below, depth + 1, faults))
}
