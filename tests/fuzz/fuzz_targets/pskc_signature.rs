//! Signed seed files: nobody but the holder of a key that was thrown away can make another file that
//! counts as signed, and the reader does not panic over the attempts.
#![no_main]

use std::io::{BufRead, BufReader};

use libfuzzer_sys::fuzz_target;
use warifu_core::time::UnixTime;
use warifu_keys::seedfile::{Code, Format, Limits, ReadOptions, Refusal, Signatures, Trust, open};

/// The root under which the seeds are signed.
const ROOT: &[u8] = include_bytes!("../pskc_signature.der");
/// A time at which its certificates are valid, in seconds since 1970.
const NOW: UnixTime = UnixTime(1_800_000_000);
/// What was signed.
const SERIALS: &[&str] = &["S-1", "S-2"];

fuzz_target!(|data: &[u8]| {
    let whole = read(data);
    let in_drops = read(BufReader::with_capacity(7, data));
    assert_eq!(whole, in_drops, "the verdict depends on how the bytes arrive");
    if let Ok(serials) = whole {
        assert_eq!(serials, SERIALS, "a forged signature was taken");
    }
});

/// The serials of a file that is taken whole, as a signed one.
fn read<'a>(input: impl BufRead + Send + 'a) -> Result<Vec<String>, Option<Refusal>> {
    let trust = Trust { roots: vec![ROOT.to_vec()], allow_sha1: false };
    let limits = Limits { keys: 64, ..Limits::default() };
    let options = ReadOptions {
        format: Some(Format::Pskc),
        now: Some(NOW),
        limits,
        signatures: Signatures::Require,
        trust,
        ..ReadOptions::default()
    };
    let mut file = open(input, options).map_err(Some)?;
    let records: Result<Vec<_>, _> = file.by_ref().collect();
    let serials =
        records.map_err(Some)?.iter().map(|record| record.serial.as_str().to_owned()).collect();
    let is_unsigned = file.warnings().iter().any(|warning| warning.code == Code::WUnsigned);
    if is_unsigned { Err(None) } else { Ok(serials) }
}
