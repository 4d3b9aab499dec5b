//! Seed files: no bytes make the reader panic, and how they arrive makes no difference.
#![no_main]

use std::io::{BufRead, BufReader};

use libfuzzer_sys::fuzz_target;
use warifu_keys::{
    secret::Secret,
    seedfile::{
        Format, IntegerEncoding, Lenience, Limits, ReadOptions, Unlock,
        inspect::{Outcome, inspect},
    },
};

fuzz_target!(|data: &[u8]| {
    let Some((choice, file)) = data.split_first() else { return };
    let whole = read(file, *choice);
    let in_drops = read(BufReader::with_capacity(7, file), *choice);
    assert_eq!(whole, in_drops, "the report depends on how the bytes arrive");
});

fn read<'a>(input: impl BufRead + Send + 'a, choice: u8) -> (Vec<String>, Outcome) {
    let mut inspection = inspect(input, options(choice));
    let lines: Vec<_> = inspection
        .by_ref()
        .map(|line| serde_json::to_string(&line).expect("a line of the report is JSON"))
        .collect();
    (lines, inspection.outcome())
}

/// The first byte picks what the officer would give, and whether the file is read as a draft.
fn options(choice: u8) -> ReadOptions {
    let unlock = match choice % 4 {
        0 => None,
        1 => Some(Unlock::Key(Secret::new(vec![0x11; 16]))),
        2 => Some(Unlock::Key(Secret::new(vec![0x22; 32]))),
        _ => Some(Unlock::Password(Secret::new(b"fuzzing".to_vec()))),
    };
    let limits = Limits { keys: 64, ..Limits::default() };
    let is_draft = choice & 0x10 != 0;
    ReadOptions {
        format: is_draft.then_some(Format::PskcDraft),
        encrypted_integers: is_draft.then_some(IntegerEncoding::BigEndian),
        lenience: Lenience { mac_over_plaintext: choice & 0x20 != 0 },
        mac_key: (choice & 0x20 != 0).then(|| Secret::new(vec![0x33; 20])),
        unlock,
        limits,
        ..ReadOptions::default()
    }
}
