//! OpenPGP messages: no bytes make the reader panic, with a key, with a password, or with neither.
//! How they arrive makes no difference.
#![no_main]

use std::io::{BufRead, BufReader};

use libfuzzer_sys::fuzz_target;
use warifu_core::time::UnixTime;
use warifu_keys::{
    secret::Secret,
    seedfile::{Format, Limits, OpenPgp, ReadOptions, Unlock, inspect::inspect},
};

/// Of the project's own making; the seeds are encrypted to it and signed by the other.
const BANK: &[u8] = include_bytes!("../../../keys/src/seedfile/openpgp/samples/bank.secret.asc");
const MAKER: &[u8] = include_bytes!("../../../keys/src/seedfile/openpgp/samples/maker.asc");

fuzz_target!(|data: &[u8]| {
    let Some((choice, file)) = data.split_first() else { return };
    let whole = read(file, *choice);
    let in_drops = read(BufReader::with_capacity(7, file), *choice);
    assert_eq!(whole, in_drops, "the report depends on how the bytes arrive");
});

fn read<'a>(input: impl BufRead + Send + 'a, choice: u8) -> Vec<String> {
    let lines = inspect(input, options(choice));
    lines.map(|line| serde_json::to_string(&line).expect("a line of the report is JSON")).collect()
}

/// The first byte picks what the officer would give.
fn options(choice: u8) -> ReadOptions {
    let bank = choice & 1 != 0;
    let password = || Unlock::Password(Secret::new(b"example password".to_vec()));
    ReadOptions {
        format: Some(Format::OpenPgp),
        now: Some(UnixTime(1_780_000_000)),
        limits: Limits { message_bytes: 1 << 20, ..Limits::default() },
        unlock: (choice & 2 != 0).then(password),
        openpgp: OpenPgp {
            secret_keys: bank.then(|| Secret::new(BANK.to_vec())).into_iter().collect(),
            signers: vec![MAKER.to_vec()],
            require_signature: choice & 4 != 0,
            ..OpenPgp::default()
        },
        ..ReadOptions::default()
    }
}
