//! Files too big to keep, made by the generator that stands in the folder of hostile files.
//!
//! They come through a pipe, so that nothing of them lies on disk. By default they are a fraction of
//! their size, enough to show that memory and time do not grow as they should not; the variable
//! `WARIFU_CORPUS_BIG` makes them whole. Not responsible for the files of the lists.

use std::collections::BTreeMap;
use std::env;
use std::io::{BufReader, stdin};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use warifu_core::time::UnixTime;
use warifu_keys::seedfile::{ReadOptions, Unlock, open};

use crate::child::{self, Allowance, Task};

/// What must come of a giant.
#[derive(Clone, Copy)]
enum Wanted {
    /// All keys and no refusal.
    Taken,
    /// The file is refused with one of these classes.
    Refused(&'static [&'static str]),
}

struct Giant {
    mode: &'static str,
    /// Its small size, in what the generator counts.
    small: u64,
    wanted: Wanted,
}

const fn giant(mode: &'static str, small: u64, wanted: Wanted) -> Giant {
    Giant { mode, small, wanted }
}

const TOO_LONG: Wanted = Wanted::Refused(&["E_LIMIT_TEXT", "E_LIMIT_SIZE"]);

const GIANTS: [Giant; 17] = [
    giant("pskc-plain", 20_000, Wanted::Taken),
    giant("pskc-200mb", 8, Wanted::Taken),
    giant("pskc-enc", 5_000, Wanted::Taken),
    giant("csv", 100_000, Wanted::Taken),
    giant("csv-dup", 100_000, Wanted::Refused(&["E_DUPLICATE"])),
    giant("pskc-dup-last", 10_000, Wanted::Refused(&["E_DUPLICATE"])),
    giant("pskc-bad-last", 5_000, Wanted::Refused(&["E_MAC_MISMATCH"])),
    giant("pskc-trunc-last", 10_000, Wanted::Refused(&["E_TRUNCATED", "E_XML_SYNTAX"])),
    giant("long-line", 100, TOO_LONG),
    giant("long-text", 100, TOO_LONG),
    giant("long-attr", 100, TOO_LONG),
    giant("long-comment", 100, TOO_LONG),
    giant("attr-flood", 200_000, Wanted::Refused(&["E_LIMIT_ATTRS", "E_LIMIT_SIZE"])),
    giant("ns-flood", 200_000, Wanted::Refused(&["E_LIMIT_ATTRS", "E_LIMIT_SIZE"])),
    giant("deep", 500_000, Wanted::Refused(&["E_LIMIT_DEPTH", "E_LIMIT_SIZE"])),
    giant("whitespace", 100, Wanted::Refused(&["E_LIMIT_SIZE", "E_LIMIT_TEXT"])),
    giant("charrefs", 2_000_000, TOO_LONG),
];

/// Octets of nothing: not a text, and no format begins so.
const ZEROS: Giant = giant("zeros", 50, Wanted::Refused(&["E_FORMAT", "E_NUL"]));

/// Makes and reads each of them.
pub(crate) fn run(folder: &Path) -> Vec<String> {
    let is_whole = env::var_os("WARIFU_CORPUS_BIG").is_some();
    let mut problems = Vec::new();
    for giant in GIANTS.iter().chain([&ZEROS]) {
        let mut python = Command::new("python3");
        python.arg(folder.join("gen_big.py")).arg(giant.mode);
        if !is_whole {
            python.arg(giant.small.to_string());
        }
        // Where reading stops early, the generator finds nobody at the other end, and says so.
        python.stdin(Stdio::null()).stderr(Stdio::null()).stdout(Stdio::piped());
        let mut generator = python.spawn().unwrap();
        let input = Stdio::from(generator.stdout.take().unwrap());
        let processor = Duration::from_secs(if is_whole { 600 } else { 20 });
        let task = Task::Giant(giant.mode.to_owned());
        problems.extend(child::run_task(giant.mode, &task, input, &Allowance::giant(processor)));
        generator.kill().unwrap();
        generator.wait().unwrap();
    }
    problems
}

/// Reads the giant that comes in.
pub(crate) fn problems(mode: &str) -> Vec<String> {
    let giant = GIANTS.iter().chain([&ZEROS]).find(|giant| giant.mode == mode).unwrap();
    let (keys, refusals) = count(mode);
    let classes: Vec<&str> = refusals.keys().copied().collect();
    let is_right = match giant.wanted {
        Wanted::Taken => refusals.is_empty() && keys > 0,
        Wanted::Refused(any) => classes.iter().any(|class| any.contains(class)),
    };
    // One bad value of many, or one repetition, is no reason for a flood of refusals.
    if is_right && refusals.values().sum::<u64>() <= 2 {
        return Vec::new();
    }
    vec![format!("{mode}: {keys} keys, refused {refusals:?}")]
}

/// How many keys came, and how many refusals of each class.
fn count(mode: &str) -> (u64, BTreeMap<&'static str, u64>) {
    let is_encrypted = matches!(mode, "pskc-enc" | "pskc-bad-last");
    let key = "12345678901234567890123456789012";
    let options = ReadOptions {
        now: Some(UnixTime::from_rfc3339("2026-11-21T00:00:00Z").unwrap()),
        unlock: is_encrypted.then(|| Unlock::key_from_hex(key).unwrap()),
        ..ReadOptions::default()
    };
    let (mut keys, mut refusals) = (0, BTreeMap::new());
    match open(BufReader::new(stdin()), options) {
        Ok(file) => {
            for item in file {
                match item {
                    Ok(_) => keys += 1,
                    Err(refusal) => *refusals.entry(refusal.code.as_str()).or_default() += 1,
                }
            }
        }
        Err(refusal) => *refusals.entry(refusal.code.as_str()).or_default() += 1,
    }
    (keys, refusals)
}
