//! `docs/pkcs11.md` lists every number of our own and every return value, as the code has them: a
//! program is written by that page.
//!
//! Not responsible for: the functions (`docs/pkcs11-functions.md`), nor for whether a sentence is true.
#![forbid(unsafe_code)]

use std::{collections::BTreeMap, fs};

use warifu_pkcs11::{Rv, vendor};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/pkcs11.md");
const VENDOR: &str = include_str!("../src/vendor.rs");

macro_rules! numbers {
    ($($name:ident)+) => { [$((stringify!($name), vendor::$name)),+] };
}

/// All of [`vendor`]; the first test sees to that.
fn own_numbers() -> BTreeMap<String, u64> {
    let all = numbers! {
        CKM_WARIFU_TOTP CKM_WARIFU_OCRA CKM_WARIFU_TXA1
        CKK_WARIFU_TXA1 CKK_WARIFU_OCRA
        CKO_WARIFU_CHALLENGE
        CKA_WARIFU_HASH CKA_WARIFU_SUITES CKA_WARIFU_MANUFACTURER CKA_WARIFU_KIND CKA_WARIFU_IMPORT
        CKA_WARIFU_FINGERPRINT CKA_WARIFU_STATE CKA_WARIFU_CONTRACT CKA_WARIFU_USER CKA_WARIFU_ORDER
        CKA_WARIFU_CHALLENGE CKA_WARIFU_QUESTION CKA_WARIFU_IMAGE CKA_WARIFU_DISPLAY
        CKA_WARIFU_SUITE CKA_WARIFU_EXPIRES
    };
    all.map(|(name, number)| (name.to_owned(), number)).into()
}

/// Name and number of each row of a chapter's table: `| `NAME` | `0x..` | .. |`. None is there twice.
fn rows(heading: &str) -> BTreeMap<String, u64> {
    let page = fs::read_to_string(PAGE).expect("the page is in the repository");
    let after = page.split_once(&format!("\n## {heading}\n")).expect("the chapter is there").1;
    let chapter = after.split("\n## ").next().unwrap_or_default();
    let mut found = BTreeMap::new();
    for line in chapter.lines().filter(|line| line.starts_with("| `CK")) {
        let mut cells = line.split('|').skip(1).map(|cell| cell.trim().trim_matches('`'));
        let mut cell = || cells.next().expect("a row has three cells");
        let (name, number, meaning) = (cell(), cell(), cell());
        let digits = number.strip_prefix("0x").expect("numbers are hexadecimal");
        let number = u64::from_str_radix(digits, 16).expect("numbers are hexadecimal");
        assert!(!meaning.is_empty(), "{name} has no meaning");
        assert_eq!(found.insert(name.to_owned(), number), None, "{name} is there twice");
    }
    found
}

#[test]
fn no_number_of_our_own_is_left_out_here() {
    let named = VENDOR.lines().filter_map(|line| line.strip_prefix("pub const "));
    let named: Vec<_> =
        named.filter_map(|rest| rest.split_once(':')).map(|(name, _)| name).collect();
    let own = own_numbers();
    assert_eq!(named.len(), own.len());
    assert!(named.iter().all(|name| own.contains_key(*name)), "{named:?}");
}

#[test]
fn the_page_has_every_number_of_our_own() {
    assert_eq!(rows("Numbers of our own"), own_numbers());
}

#[test]
fn the_page_has_every_return_value() {
    let all = Rv::ALL.iter().map(|rv| (rv.name().to_owned(), rv.code()));
    assert_eq!(rows("Return values"), all.collect());
}
