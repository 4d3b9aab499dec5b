//! Seed files, multiOTP lists: see `shared/seedfile.rs`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use warifu_keys::seedfile::Format;

#[path = "shared/seedfile.rs"]
mod seedfile;

fuzz_target!(|data: &[u8]| seedfile::run(Format::MultiOtp, data));
