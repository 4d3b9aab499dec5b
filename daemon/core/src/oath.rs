//! HOTP (RFC 4226) and TOTP (RFC 6238): truncation and the search over candidate moving factors.
//!
//! The MAC itself is a closure: in production it is an HSM key inside the worker process, in the
//! vector tests a software HMAC.

use crate::code::Code;

/// Hash of the HMAC.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum HashAlgorithm {
    /// HMAC-SHA-1, 20 bytes.
    Sha1,
    /// HMAC-SHA-256, 32 bytes.
    Sha256,
    /// HMAC-SHA-512, 64 bytes.
    Sha512,
}

impl HashAlgorithm {
    /// Bytes of the MAC.
    pub const fn mac_len(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }

    /// `SHA1`, `SHA256`, `SHA512`, as in OCRA suites and otpauth URIs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
            Self::Sha512 => "SHA512",
        }
    }

    /// Reads [`Self::name`], case-insensitively.
    pub fn from_name(text: &str) -> Option<Self> {
        [Self::Sha1, Self::Sha256, Self::Sha512]
            .into_iter()
            .find(|h| h.name().eq_ignore_ascii_case(text))
    }
}

/// Number of digits a token shows: 6 to 10 (RFC 4226 s.5.3 demands at least 6).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Digits(u8);

impl Digits {
    /// `None` outside 6..=10.
    pub const fn new(n: u8) -> Option<Self> {
        if n >= 6 && n <= 10 { Some(Self(n)) } else { None }
    }

    /// The number.
    pub const fn get(self) -> u8 {
        self.0
    }
}

/// Counter (HOTP) or number of time steps (TOTP).
pub type MovingFactor = u64;

/// Dynamic truncation (RFC 4226 s.5.3). The offset is the low nibble of the *last* byte, which for
/// SHA-256 and SHA-512 is not byte 19. `None` where the MAC is shorter than 20 bytes.
pub fn truncate(mac: &[u8], digits: Digits) -> Option<Code> {
    Some(Code::from_number(truncated(mac)?, digits.get()))
}

/// The number that [`truncate`] takes the last digits of: 31 bits of the MAC.
pub fn truncated(mac: &[u8]) -> Option<u64> {
    if mac.len() < HashAlgorithm::Sha1.mac_len() {
        return None;
    }
    let offset = usize::from(mac.last()? & 0x0F);
    let word: [u8; 4] = mac.get(offset..)?.get(..4)?.try_into().ok()?;
    Some(u64::from(u32::from_be_bytes(word) & 0x7FFF_FFFF))
}

/// Tries the candidates in order and stops at the first whose code matches.
///
/// Returns the index of the match. `mac` may fail (an HSM can); the failure ends the search and is
/// not a verdict.
pub fn search<E>(
    code: &Code,
    digits: Digits,
    candidates: impl IntoIterator<Item = MovingFactor>,
    mut mac: impl FnMut(MovingFactor, &mut dyn FnMut(&[u8])) -> Result<(), E>,
) -> Result<Option<usize>, E> {
    for (index, factor) in candidates.into_iter().enumerate() {
        let mut found = false;
        mac(factor, &mut |bytes| {
            found = truncate(bytes, digits).is_some_and(|right| right.matches(code));
        })?;
        if found {
            return Ok(Some(index));
        }
    }
    Ok(None)
}
