//! TXA1, the open protocol between a bank and its camera tokens, byte by byte: what stands in a QR
//! code, what the user types back, and what a signature is over. Server and virtual token both use
//! this package, so that there is one reading of every byte.
//!
//! Not responsible for: encryption and HMAC (the HSM has the keys on one side, the token on the
//! other), states, time limits, pictures of QR codes. Nothing here does I/O.
//!
//! In the order in which a token meets them: [`expansion`] at the factory, [`qr_text`] and [`frame`]
//! when it scans, [`activation`] when it is taken into service, [`content`], [`display`] and
//! [`question`] when it signs.
#![forbid(unsafe_code)]

pub mod activation;
pub mod base45;
mod bcd;
pub mod content;
pub mod display;
pub mod expansion;
pub mod field;
pub mod frame;
pub mod qr_text;
pub mod question;
pub mod secret;
pub mod serial;

use warifu_core::code::Code;

/// The first 8 bytes of a MAC as a big-endian number, reduced to `digits` decimal digits.
///
/// 64 bits leave no bias worth naming, where the truncation of RFC 4226 s.5.3 has 31. `None` where
/// the MAC is shorter than 8 bytes, or where a [`Code`] can not have so many digits.
pub fn dec64(mac: &[u8], digits: u8) -> Option<Code> {
    let fits = (Code::MIN..=Code::MAX).contains(&usize::from(digits));
    Some(Code::from_number(leading64(mac).filter(|_| fits)?, digits))
}

/// The number that [`dec64`] reduces.
pub fn leading64(mac: &[u8]) -> Option<u64> {
    mac.first_chunk().map(|bytes| u64::from_be_bytes(*bytes))
}
