//! Formats that are lines of text: what they share, and how they are told apart.
//!
//! Not responsible for any one format: each has a file of its own below this one.

pub(super) mod batch;
pub(super) mod column;
pub(super) mod dpw;
pub(super) mod encoding;
pub(super) mod entra;
pub(super) mod etoken_dat;
pub(super) mod feitian;
mod fields;
mod lines;
pub(super) mod migration;
pub(super) mod multiotp;
pub(super) mod oath;
pub(super) mod otpauth;
pub(super) mod pingid;
pub(super) mod rcdevs;
pub(super) mod row;
mod rows;
pub(super) mod ykksm;
pub(super) mod yubico;
pub(super) mod yubico_traditional;

use super::code::Code;
use super::format::{Detected, Format};
use super::refusal::Refusal;

/// Tells by the first line that is not blank. `text` is the head of the file without byte order mark.
pub(super) fn detect(text: &[u8]) -> Result<Detected, Refusal> {
    let line = text.split(|b| *b == b'\n').map(<[u8]>::trim_ascii).find(|line| !line.is_empty());
    let Some(_line) = line else {
        return Err(Refusal::new(Code::Empty, "file", "the file holds something"));
    };
    if text.starts_with(b"otpauth://") {
        return Ok(Detected::with(Format::Otpauth, "its first line is an otpauth URI"));
    }
    Err(Refusal::new(Code::Format, "file", "the file is in one of the known formats"))
}
