//! The message as octets: armor taken off, packets counted and measured, nothing behind them.
//!
//! The lengths of the outer packets are followed here before the library sees them, so that a
//! message that is cut, goes on with something else, or has no integrity protection is told so, and
//! is not decrypted. Not responsible for what packets hold.

use std::io::{self, BufRead, Read as _};

use pgp::armor::{BlockType, Dearmor};

use super::MESSAGE;
use crate::seedfile::code::Code;
use crate::seedfile::refusal::Refusal;

/// Session keys of one message: recipients and passwords. Each costs a decryption to try.
const MOST_SESSION_KEYS: usize = 32;

/// Most packets outside an encrypted one; a signed message has two for each of its signatures.
const MOST_PACKETS: usize = 64;

/// Reads a message of at most `most` octets, armored or not.
pub(super) fn read(mut input: impl BufRead, most: usize) -> Result<Vec<u8>, Refusal> {
    let first = input.fill_buf().map_err(|_| io_refusal())?.first().copied();
    let message = if first.is_some_and(|octet| octet & 0x80 != 0) {
        read_limited(&mut input, most)?
    } else {
        dearmor(input, most, BlockType::Message)?
    };
    check(&message)?;
    Ok(message)
}

fn read_limited(input: &mut impl BufRead, most: usize) -> Result<Vec<u8>, Refusal> {
    let mut octets = Vec::new();
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    match input.take(limit).read_to_end(&mut octets) {
        Ok(len) if len > most => Err(too_long()),
        Ok(_) => Ok(octets),
        Err(_) => Err(io_refusal()),
    }
}

/// Takes the armor off (RFC 9580 s.6). Its checksum is not looked at, as s.6.1 has it: the packets
/// carry a better one.
pub(super) fn dearmor(
    input: impl BufRead,
    most: usize,
    kind: BlockType,
) -> Result<Vec<u8>, Refusal> {
    let mut armor = Dearmor::new(input);
    let rule = "the text is an OpenPGP message in ASCII armor";
    armor.read_header().map_err(|_| refuse(Code::Format, rule))?;
    if armor.typ != Some(kind) {
        return Err(refuse(Code::Format, "a message is no key, no signature and no part of one"));
    }
    let mut octets = Vec::new();
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    let rule = "the armor is whole, down to its last line";
    match armor.by_ref().take(limit).read_to_end(&mut octets) {
        Ok(len) if len > most => return Err(too_long()),
        Ok(_) => {}
        Err(_) => return Err(refuse(Code::PgpIntegrity, rule)),
    }
    // The end of the armor is read with the end of its content.
    let mut end = [0];
    if !matches!(armor.read(&mut end), Ok(0)) {
        return Err(refuse(Code::PgpIntegrity, rule));
    }
    let (.., mut behind) = armor.into_parts();
    if has_more(&mut behind).map_err(|_| io_refusal())? {
        return Err(refuse(Code::Format, "nothing stands behind the message"));
    }
    Ok(octets)
}

/// Whether anything but blanks follows.
fn has_more(input: &mut impl BufRead) -> io::Result<bool> {
    loop {
        let chunk = input.fill_buf()?;
        if chunk.is_empty() {
            return Ok(false);
        }
        if !chunk.trim_ascii().is_empty() {
            return Ok(true);
        }
        let len = chunk.len();
        input.consume(len);
    }
}

/// Follows the packets of RFC 9580 s.10.3: session keys and one encrypted packet with integrity
/// protection, or a message that is not encrypted.
fn check(message: &[u8]) -> Result<(), Refusal> {
    let mut rest = message;
    let (mut packets, mut session_keys, mut is_over) = (0_usize, 0_usize, false);
    while !rest.is_empty() {
        let (kind, behind) = skip(rest)
            .ok_or_else(|| refuse(Code::PgpIntegrity, "the message is whole, no octet missing"))?;
        rest = behind;
        packets = packets.saturating_add(1);
        match kind {
            // 10 marker, 21 padding: to be ignored wherever they stand.
            10 | 21 => {}
            _ if is_over => {
                return Err(refuse(Code::Format, "nothing stands behind the message"));
            }
            1 | 3 => session_keys = session_keys.saturating_add(1),
            // 18 and, of GnuPG, 20: both with integrity protection.
            18 | 20 => is_over = true,
            9 => {
                let rule = "encrypted data has integrity protection (RFC 9580 s.5.7)";
                return Err(refuse(Code::PgpIntegrity, rule));
            }
            // 2 signature, 4 one-pass signature, 8 compressed, 11 literal.
            2 | 4 | 8 | 11 if session_keys == 0 => {}
            _ => return Err(refuse(Code::Format, "the packets are those of a message")),
        }
        if session_keys > MOST_SESSION_KEYS || packets > MOST_PACKETS {
            return Err(refuse(Code::LimitSize, "a message has few packets and recipients"));
        }
    }
    if session_keys > 0 && !is_over {
        return Err(refuse(Code::PgpIntegrity, "the message is whole, no octet missing"));
    }
    Ok(())
}

/// Type of the first packet, and what follows it; `None` where it is cut (RFC 9580 s.4.2).
fn skip(octets: &[u8]) -> Option<(u8, &[u8])> {
    let (&tag, rest) = octets.split_first()?;
    match tag {
        0xC0..=0xFF => Some((tag & 0x3F, skip_new(rest)?)),
        0x80..=0xBF => Some(((tag >> 2) & 0x0F, skip_old(tag & 0x03, rest)?)),
        // No packet begins so: a kind that no message has.
        _ => Some((0, &[])),
    }
}

/// Lengths of s.4.2.1, partial ones included.
fn skip_new(mut rest: &[u8]) -> Option<&[u8]> {
    loop {
        let (&first, behind) = rest.split_first()?;
        let value = usize::from(first);
        match first {
            0..=191 => return behind.get(value..),
            192..=223 => {
                let (&second, behind) = behind.split_first()?;
                let len = ((value - 192) << 8) + usize::from(second) + 192;
                return behind.get(len..);
            }
            224..=254 => rest = behind.get(1_usize << (first & 0x1F)..)?,
            255 => return skip_counted(behind, 4),
        }
    }
}

/// Lengths of s.4.2.2; the fourth kind means to the end.
fn skip_old(kind: u8, rest: &[u8]) -> Option<&[u8]> {
    match kind {
        0 => skip_counted(rest, 1),
        1 => skip_counted(rest, 2),
        2 => skip_counted(rest, 4),
        _ => Some(&[]),
    }
}

fn skip_counted(rest: &[u8], octets: usize) -> Option<&[u8]> {
    let (len, body) = rest.split_at_checked(octets)?;
    let len = len.iter().fold(0_usize, |sum, octet| (sum << 8) | usize::from(*octet));
    body.get(len..)
}

fn refuse(code: Code, rule: &'static str) -> Refusal {
    Refusal::new(code, MESSAGE, rule).for_file()
}

fn too_long() -> Refusal {
    refuse(Code::LimitSize, "the message is no longer than the limit")
}

fn io_refusal() -> Refusal {
    refuse(Code::Io, "the file can be read to its end")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(octets: &[u8]) -> Option<Code> {
        read(octets, 1 << 20).err().map(|refusal| refusal.code)
    }

    #[test]
    fn packets_follow_each_other_as_in_a_message() {
        assert_eq!(code(&[0xC1, 1, 3, 0xD2, 2, 1, 0]), None);
        assert_eq!(code(&[0x84, 1, 3, 0xD2, 0xE1, 1, 0, 1, 0]), None);
        assert_eq!(code(&[0xCA, 3, b'P', b'G', b'P', 0xD2, 0]), None);
    }

    #[test]
    fn a_message_that_is_cut_is_told_so() {
        for cut in [&[0xC1][..], &[0xC1, 2, 3], &[0xC1, 1, 3], &[0xD2, 0xE9, 0], &[0xD2, 255, 0]] {
            assert_eq!(code(cut), Some(Code::PgpIntegrity), "{cut:?}");
        }
    }

    #[test]
    fn what_is_no_single_protected_message_is_refused() {
        assert_eq!(code(&[0xC9, 1, 0]), Some(Code::PgpIntegrity));
        assert_eq!(code(&[0xC1, 1, 3, 0xC9, 1, 0]), Some(Code::PgpIntegrity));
        assert_eq!(code(&[0xD2, 1, 0, 0xD2, 1, 0]), Some(Code::Format));
        assert_eq!(code(&[0xD2, 1, 0, b'x']), Some(Code::Format));
        assert_eq!(code(&[0x99, 0, 1, 4]), Some(Code::Format));
        assert_eq!(code(&[0xC1, 0].repeat(40)), Some(Code::LimitSize));
        assert_eq!(code(&[0xCA, 0].repeat(80)), Some(Code::LimitSize));
        assert_eq!(read(&[0xD2; 64][..], 8).unwrap_err().code, Code::LimitSize);
    }

    #[test]
    fn armor_holds_one_message_and_nothing_else() {
        let armored = |kind: &str, behind: &str| {
            format!("-----BEGIN PGP {kind}-----\n\n0gEA\n-----END PGP {kind}-----\n{behind}")
        };
        assert_eq!(code(armored("MESSAGE", " \n\n").as_bytes()), None);
        assert_eq!(code(armored("MESSAGE", "\nmore").as_bytes()), Some(Code::Format));
        assert_eq!(code(armored("PUBLIC KEY BLOCK", "").as_bytes()), Some(Code::Format));
        let whole = armored("MESSAGE", "");
        let cut = whole.split("-----END").next().unwrap();
        assert_eq!(code(cut.as_bytes()), Some(Code::PgpIntegrity));
    }
}
