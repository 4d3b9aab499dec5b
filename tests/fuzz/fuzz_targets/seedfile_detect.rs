//! Seed files of any format: telling them apart neither panics nor depends on what comes later.
//!
//! Not responsible for the readers: each has a target of its own.
#![no_main]

use libfuzzer_sys::fuzz_target;
use warifu_keys::seedfile::{ReadOptions, explain, open};

fuzz_target!(|data: &[u8]| {
    let told = explain(data, None);
    if let Ok(detected) = &told {
        assert!(!detected.because.is_empty() && !detected.is_forced);
    }
    if let Ok(file) = open(data, ReadOptions::default()) {
        assert!(file.count() <= 8 * (data.len() + 1), "more is said than there is to say");
    }
});
