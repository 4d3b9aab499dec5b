//! The banks' 106 rules, and where each of them is proven: in a step of a scenario that carries its
//! number, or in a test whose name begins with it. A rule that nothing carries fails here.
//!
//! Not responsible for: whether a step proves what it says.
#![forbid(unsafe_code)]

use std::{collections::BTreeSet, fs};

use e2e::binaries::repository;

use self::Carrier::{FrontEnd, Tests};

/// Who keeps a rule.
#[derive(Clone, Copy, Debug)]
enum Carrier {
    /// All of these files of this folder, by their paths without `.rs`, have a step or a test for it.
    Tests(&'static str),
    /// The bank's front end, because of this.
    FrontEnd(&'static str),
}

/// Rules that a file's steps and test names carry.
fn carried(source: &str) -> BTreeSet<u8> {
    let steps = source.split('"').skip(1).flat_map(|text| numbers(text, " ", "R"));
    let names = source.split("fn ").skip(1).flat_map(|rest| {
        let name = rest.split('(').next().unwrap_or_default();
        let end = name.split('_').take_while(|word| number(word, "r").is_some()).count();
        name.split('_').take(end).filter_map(|word| number(word, "r")).collect::<Vec<_>>()
    });
    steps.chain(names).collect()
}

/// The numbers of a text that is nothing but numbers such as `R20 R27`.
fn numbers(text: &str, between: &str, letter: &str) -> Vec<u8> {
    let words = text.split(between).map(|word| number(word, letter));
    words.collect::<Option<_>>().unwrap_or_default()
}

fn number(word: &str, letter: &str) -> Option<u8> {
    word.strip_prefix(letter)?.parse().ok()
}

fn source(file: &str) -> String {
    let path = repository().join("tests").join(file).with_extension("rs");
    fs::read_to_string(&path)
        .unwrap_or_else(|e| e2e::process::fail(&format!("{}: {e}", path.display())))
}

#[test]
fn every_rule_has_its_line_in_order() {
    let listed: Vec<_> = RULES.iter().map(|(number, _)| *number).collect();
    assert_eq!(listed, (1..=106).collect::<Vec<u8>>());
    for (number, carrier) in RULES {
        let (Tests(said) | FrontEnd(said)) = carrier;
        assert!(!said.is_empty(), "R{number}: {carrier:?}");
    }
}

#[test]
fn every_rule_is_carried_by_the_files_that_its_line_names() {
    let mut missing = Vec::new();
    for (number, carrier) in RULES {
        let Tests(files) = carrier else { continue };
        for file in files.split(' ') {
            if !carried(&source(file)).contains(number) {
                missing.push(format!("R{number}: {file}.rs has no step and no test for it"));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

/// Once a test carries a rule that was left to others, its line says so.
#[test]
fn what_is_left_to_others_is_carried_by_no_test() {
    let folder = fs::read_dir(repository().join("tests")).expect("the tests' folder is readable");
    let names = folder.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    let files = names.filter_map(|name| name.strip_suffix(".rs").map(str::to_owned));
    let mut stale = Vec::new();
    for file in files.filter(|file| file != "rules") {
        let found = carried(&source(&file));
        let others = RULES.iter().filter(|(_, carrier)| !matches!(carrier, Tests(_)));
        let both = others.filter(|(number, _)| found.contains(number));
        stale.extend(both.map(|(number, _)| format!("R{number} is in {file}.rs")));
    }
    assert!(stale.is_empty(), "{stale:#?}");
}

#[test]
fn rules_are_found_in_steps_and_in_test_names_and_nowhere_else() {
    let source = concat!(
        "//! R1 is in a comment.\n",
        "steps.step(\"R20 R27\", \"R3 利用\");\n",
        "fn r63_r64_windows() {}\nfn not_r7_here() {}\nlet x = \"R5x\";\n",
    );
    assert_eq!(carried(source), BTreeSet::from([20, 27, 63, 64]));
}

const RULES: &[(u8, Carrier)] = &[
    (1, Tests("bank_002 bank_003")),
    (2, Tests("bank_004")),
    (3, Tests("bank_000/signing bank_003 bank_004")),
    (4, Tests("bank_004")),
    (5, Tests("bank_002 bank_003 bank_004")),
    (6, Tests("bank_000 bank_000/activation")),
    (7, Tests("bank_002 bank_003 bank_004 lifecycle_edges")),
    (8, Tests("bank_001 bank_003")),
    (9, Tests("bank_000/signing")),
    (10, Tests("bank_000/activation")),
    (11, Tests("bank_000/signing bank_000/leaving")),
    (12, Tests("bank_000/activation")),
    (13, Tests("bank_000/activation")),
    (14, Tests("bank_000/activation")),
    (15, Tests("bank_001 bank_002")),
    (16, Tests("bank_003")),
    (17, Tests("bank_003")),
    (18, Tests("bank_003")),
    (19, Tests("bank_002 bank_004")),
    (20, Tests("bank_001 bank_002 bank_003 bank_004")),
    (21, Tests("bank_001")),
    (22, Tests("bank_004")),
    (23, Tests("bank_000 bank_004")),
    (24, Tests("bank_003")),
    (25, Tests("bank_002")),
    (26, Tests("bank_001")),
    (27, Tests("bank_001 bank_003 bank_004")),
    (28, Tests("bank_001")),
    (29, Tests("bank_001")),
    (30, Tests("bank_001")),
    (31, Tests("bank_001 bank_003")),
    (32, Tests("bank_004")),
    (33, Tests("bank_004")),
    (34, Tests("bank_004")),
    (35, Tests("bank_004")),
    (36, Tests("bank_000")),
    (37, Tests("bank_002")),
    (38, Tests("bank_004")),
    (39, Tests("bank_004")),
    (40, Tests("bank_000 bank_000/signing bank_004")),
    (41, Tests("bank_004")),
    (42, Tests("bank_002 bank_003 bank_004")),
    (43, Tests("bank_002 bank_003")),
    (44, Tests("bank_004")),
    (45, Tests("bank_004")),
    (46, Tests("bank_002")),
    (47, Tests("bank_002")),
    (48, Tests("bank_004")),
    (49, Tests("bank_004")),
    (50, Tests("bank_003")),
    (51, Tests("bank_002 bank_004")),
    (52, Tests("bank_004")),
    (53, Tests("bank_002 lifecycle_scale")),
    (54, Tests("bank_002")),
    (55, Tests("bank_001 bank_002 bank_003 bank_004")),
    (56, Tests("bank_002")),
    (57, Tests("bank_004")),
    (58, Tests("bank_004")),
    (59, Tests("bank_002")),
    (60, Tests("bank_004")),
    (61, Tests("bank_002 bank_004")),
    (62, Tests("bank_002 bank_004")),
    (63, Tests("bank_002 lifecycle_edges")),
    (64, Tests("bank_004 lifecycle_edges")),
    (65, Tests("bank_004")),
    (66, Tests("bank_003")),
    (67, Tests("bank_003")),
    (68, Tests("bank_003")),
    (69, Tests("bank_003")),
    (70, Tests("bank_003")),
    (71, Tests("bank_003")),
    (72, Tests("bank_002 bank_004")),
    (73, Tests("bank_002 bank_003")),
    (74, Tests("bank_003")),
    (75, Tests("bank_002 lifecycle_scale")),
    (76, Tests("bank_000 bank_000/sharing bank_002 bank_004")),
    (77, Tests("bank_001")),
    (78, Tests("bank_001 lifecycle_scale")),
    (79, Tests("bank_001 lifecycle_scale")),
    (80, Tests("bank_001 lifecycle_scale")),
    (81, Tests("bank_000/activation bank_000/sharing")),
    (82, Tests("bank_000/activation bank_000/sharing")),
    (83, Tests("bank_000/activation bank_000/sharing")),
    (84, Tests("bank_000/unfinished")),
    (85, Tests("bank_000/activation")),
    (86, Tests("bank_000/activation")),
    (87, Tests("bank_000/activation")),
    (88, Tests("bank_000/activation")),
    (89, Tests("bank_000/activation")),
    (90, Tests("bank_000/activation bank_000/unfinished")),
    (91, Tests("bank_000/activation bank_000/unfinished")),
    (92, Tests("bank_000/activation")),
    (93, Tests("bank_000/activation bank_000/unfinished")),
    (94, Tests("bank_000/unfinished")),
    (95, Tests("bank_000/activation")),
    (96, Tests("bank_000/activation bank_000/leaving")),
    (97, Tests("bank_000/sharing")),
    (98, Tests("bank_000/unfinished")),
    (99, Tests("bank_000/activation bank_000/leaving")),
    (100, Tests("bank_000/signing bank_000/sharing")),
    (101, Tests("bank_000 bank_000/leaving bank_001 bank_004")),
    (102, Tests("bank_001 bank_002 bank_003 bank_004")),
    (103, Tests("bank_001")),
    (104, Tests("bank_002 bank_003 lifecycle_edges")),
    (105, FrontEnd("an aid for typing on the bank's own page; nothing of it reaches the daemon")),
    (106, Tests("bank_002 bank_004")),
];
