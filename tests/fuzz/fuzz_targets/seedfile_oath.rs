//! Seed files, OATH CSV in its three dialects: see `shared/seedfile.rs`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use warifu_keys::seedfile::Format;

#[path = "shared/seedfile.rs"]
mod seedfile;

fuzz_target!(|data: &[u8]| {
    let format = match data.first().map(|choice| choice >> 6) {
        Some(1) => Format::OathCsvLinotp,
        Some(2) => Format::Netiq,
        _ => Format::OathCsv,
    };
    seedfile::run(format, data);
});
