//! Seed files of every format that has no target of its own: no bytes make a reader panic, how they
//! arrive makes no difference, and a refusal of the file is the last that is said.
//!
//! `WARIFU_FUZZ_FORMAT` names the format: one program for all of them is built in a fraction of the
//! time. Not responsible for telling formats apart (`seedfile_detect`).
#![no_main]

use std::{
    io::{BufRead, BufReader},
    sync::LazyLock,
};

use libfuzzer_sys::fuzz_target;
use warifu_core::oath::HashAlgorithm;
use warifu_keys::{
    secret::Secret,
    seedfile::{
        Declared, Format, Limits, OneTime, ReadOptions, SecretEncoding, Unlock,
        inspect::{Outcome, inspect},
        open,
    },
};

static FORMAT: LazyLock<Format> = LazyLock::new(|| {
    let word = std::env::var("WARIFU_FUZZ_FORMAT").expect("WARIFU_FUZZ_FORMAT names a format");
    Format::from_word(&word).expect("WARIFU_FUZZ_FORMAT is the word of a format")
});

fuzz_target!(|data: &[u8]| run(*FORMAT, data));

/// The first byte picks what the officer would give; the rest is the file.
fn run(format: Format, data: &[u8]) {
    let Some((choice, file)) = data.split_first() else { return };
    let whole = report(file, options(format, *choice));
    let in_drops = report(BufReader::with_capacity(7, file), options(format, *choice));
    assert_eq!(whole, in_drops, "the report depends on how the bytes arrive");
    if let Ok(read) = open(file, options(format, *choice)) {
        let mut is_over = false;
        for item in read {
            assert!(!is_over, "something follows the refusal of the file");
            is_over = item.is_err_and(|refusal| refusal.is_for_file());
        }
    }
}

fn report<'a>(input: impl BufRead + Send + 'a, options: ReadOptions) -> (Vec<String>, Outcome) {
    let mut inspection = inspect(input, options);
    let lines: Vec<_> = inspection
        .by_ref()
        .map(|line| serde_json::to_string(&line).expect("a line of the report is JSON"))
        .collect();
    (lines, inspection.outcome())
}

fn options(format: Format, choice: u8) -> ReadOptions {
    let declared = match choice % 4 {
        0 => Declared::default(),
        1 => Declared {
            algorithm: Some(OneTime::Hotp),
            hash: Some(HashAlgorithm::Sha256),
            digits: Some(8),
            counter: Some(7),
            encoding: Some(SecretEncoding::Hex),
            ..Declared::default()
        },
        2 => Declared {
            algorithm: Some(OneTime::Totp),
            hash: Some(HashAlgorithm::Sha1),
            digits: Some(6),
            time_step_s: Some(60),
            encoding: Some(SecretEncoding::Base32),
            manufacturer: Some("fuzz".to_owned()),
            ..Declared::default()
        },
        _ => Declared { encoding: Some(SecretEncoding::Base64), ..Declared::default() },
    };
    let password = || Unlock::Password(Secret::new(b"open sesame".to_vec()));
    ReadOptions {
        format: Some(format),
        limits: Limits { keys: 64, ..Limits::default() },
        unlock: (choice & 0x10 != 0).then(password),
        declared,
        ..ReadOptions::default()
    }
}
