//! PSKC as it was before its RFC: what drafts did another way, beside calling it otherwise.
//!
//! - Heads of the first drafts: one EncryptionMethod for all values, with the parameters of a
//!   password or a common IV, and a DigestMethod whose key is the encryption key.
//! - MACs that may be over the plaintext.
//! - Values in Value, integers big-endian in base64.
//! - Identifiers with `#`, or bare; dates as `month/day/year`; permissions as attributes of Usage.
//!
//! Read only where the officer names the format: an RFC 6030 reader must not take them for its own.
//! Not responsible for names of elements and attributes: see `dialect`.

use std::io::BufRead;

use jiff::civil::Date as Day;
use jiff::tz::Offset;
use warifu_core::time::UnixTime;

use super::PskcReader;
use super::dialect::Dialect;
use super::element::El;
use super::header;
use super::names::{self, PSKC};
use super::number::{self, Date};
use crate::seedfile::code::Code;
use crate::seedfile::crypto::{
    AesBits, Cipher, EncryptedValue, KeySource, MacHash, MacKey, MacMethod, Pbkdf2,
};
use crate::seedfile::options::ReadOptions;
use crate::seedfile::reader::Reader;
use crate::seedfile::record::KeyUsage;
use crate::seedfile::refusal::Refusal;

/// Opens a file of this format.
pub(in crate::seedfile) fn open<'a>(
    input: impl BufRead + Send + 'a,
    options: ReadOptions,
) -> Result<Box<dyn Reader + Send + 'a>, Refusal> {
    Ok(Box::new(PskcReader::open(input, options, Dialect::Draft)?))
}

/// How all values of a file are encrypted, said once in its head.
#[derive(Debug)]
pub(super) struct Common {
    pub(super) cipher: Cipher,
    /// In front of each value where there is none.
    iv: Vec<u8>,
}

impl Common {
    /// A value of such a file.
    pub(super) fn value(&self, el: El<'_>, mac: Option<El<'_>>) -> Result<EncryptedValue, Refusal> {
        let mut octets = self.iv.clone();
        octets.extend_from_slice(&el.base64()?);
        let mac = mac.map(|mac| mac.base64().map(|octets| octets.to_vec())).transpose()?;
        header::sealed(el, self.cipher, octets, mac)
    }
}

/// Reads EncryptionMethod; `None` where nothing is encrypted.
pub(super) fn encryption(el: El<'_>) -> Result<Option<(KeySource, Common)>, Refusal> {
    let written = el.attribute("Algorithm").unwrap_or_default();
    let parts = el.children(&[PSKC], &["PBESalt", "PBEIterationCount", "IV"], &[])?;
    if written.eq_ignore_ascii_case("NONE") {
        if parts.is_empty() {
            return Ok(None);
        }
        return Err(el.refuse(Code::Schema, "no encryption has no parameters"));
    }
    let name = written.strip_prefix("PBE-");
    let Some((cipher, key_len)) = cipher(name.unwrap_or(written)) else {
        let rule = "NONE, 3DES112-CBC, 3DES168-CBC, AES128-CBC or larger, PBE- of one of them, or \
                    an identifier of XML Encryption";
        return Err(el.refuse(Code::EncAlg, rule));
    };
    let iv = parts.get("IV").map(|iv| iv_of(iv, cipher)).transpose()?.unwrap_or_default();
    let key = if name.is_some() {
        let salt = header::salt(parts.need("PBESalt", Code::KdfParam)?)?;
        let count = parts.need("PBEIterationCount", Code::KdfParam)?;
        let iterations = number::long_of(count).map_err(Refusal::for_file)?;
        let iterations = header::limited(count, iterations)?;
        let kdf = Pbkdf2 { salt, iterations, key_len, prf: MacHash::Sha1 };
        KeySource::Password { name: None, kdf }
    } else {
        KeySource::PreShared { name: String::new() }
    };
    Ok(Some((key, Common { cipher, iv })))
}

fn iv_of(el: El<'_>, cipher: Cipher) -> Result<Vec<u8>, Refusal> {
    let octets = el.base64().map_err(Refusal::for_file)?.to_vec();
    if cipher.cbc_block() != Some(octets.len()) {
        return Err(el.refuse(Code::EncAlg, "the IV is one block of a CBC cipher"));
    }
    Ok(octets)
}

/// A cipher and the length of its key; triple DES has two keys or three.
fn cipher(name: &str) -> Option<(Cipher, usize)> {
    let aes = |bits: AesBits| (Cipher::AesCbc(bits), bits.key_len());
    Some(match name.to_ascii_uppercase().as_str() {
        "3DES112-CBC" => (Cipher::TripleDesCbc, 16),
        "3DES168-CBC" | "3DES-CBC" => (Cipher::TripleDesCbc, 24),
        "AES128-CBC" => aes(AesBits::B128),
        "AES192-CBC" => aes(AesBits::B192),
        "AES256-CBC" => aes(AesBits::B256),
        _ => match Cipher::from_uri(name)? {
            Cipher::AesCbc(bits) => aes(bits),
            Cipher::TripleDesCbc => (Cipher::TripleDesCbc, 24),
            _ => return None,
        },
    })
}

/// Reads DigestMethod or MACAlgorithm: a MAC whose key is the encryption key.
pub(super) fn mac(el: El<'_>) -> Result<MacMethod, Refusal> {
    let text = match el.attribute("Algorithm") {
        Some(written) => written.to_owned(),
        None => el.text()?.as_str().to_owned(),
    };
    let hash = mac_hash(&text).ok_or_else(|| {
        el.refuse(Code::MacAlg, "the MAC is HMAC-SHA1 or a registered HMAC of XML-DSig")
    })?;
    Ok(MacMethod { hash, key: MacKey::Encryption, may_cover_plaintext: true })
}

/// One writer put HMAC-SHA-1 beside its successors.
fn mac_hash(text: &str) -> Option<MacHash> {
    match text {
        "HMAC-SHA1" | "http://www.w3.org/2001/04/xmldsig-more#hmac-sha1" => Some(MacHash::Sha1),
        "HMAC-SHA256" => Some(MacHash::Sha256),
        "HMAC-SHA512" => Some(MacHash::Sha512),
        _ => MacHash::from_uri(text),
    }
}

/// The RFC's short name of an algorithm, and the suite where a draft put it into the identifier.
pub(super) fn algorithm(uri: &str) -> Option<(&'static str, Option<&str>)> {
    let name = match uri.split_once('#') {
        Some((space, name)) => names::DRAFT_ALGORITHMS.contains(&space).then_some(name)?,
        None => uri,
    };
    if name.starts_with("OCRA-1:") {
        return Some(("ocra", Some(name)));
    }
    let known = ["hotp", "totp", "ocra", "pin"];
    known.into_iter().find(|known| name.eq_ignore_ascii_case(known)).map(|known| (known, None))
}

/// Permissions as attributes of Usage.
pub(super) fn usage(el: El<'_>) -> Result<Vec<KeyUsage>, Refusal> {
    let known = [
        ("OTP", KeyUsage::Otp),
        ("CR", KeyUsage::Cr),
        ("Integrity", KeyUsage::Integrity),
        ("Encrypt", KeyUsage::Encrypt),
        ("Unlock", KeyUsage::Unlock),
    ];
    let mut found = Vec::new();
    for (name, usage) in known {
        if number::flag(el, name)? {
            found.push(usage);
        }
    }
    Ok(found)
}

/// What a text in the drafts' form of dates says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Reading {
    /// It is of another form.
    Another,
    /// No such day; or the day could be the month, and nothing says which is which.
    None,
    /// A day, which begins at midnight.
    Day(Date),
}

/// Reads `month/day/year`, as the first drafts' examples have it.
pub(super) fn date(text: &str) -> Reading {
    let Some([month, day, year]) = three(text) else { return Reading::Another };
    let day = (day > 12 || day == month).then(|| midnight(year, month, day));
    day.flatten().map_or(Reading::None, Reading::Day)
}

fn three(text: &str) -> Option<[u16; 3]> {
    let mut parts = text.split('/');
    let (first, second, year) = (parts.next()?, parts.next()?, parts.next()?);
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    let shape = first.len() == 2 && second.len() == 2 && year.len() == 4 && parts.next().is_none();
    if !shape || ![first, second, year].into_iter().all(digits) {
        return None;
    }
    Some([first.parse().ok()?, second.parse().ok()?, year.parse().ok()?])
}

fn midnight(year: u16, month: u16, day: u16) -> Option<Date> {
    let (month, day) = (i8::try_from(month).ok()?, i8::try_from(day).ok()?);
    let civil = Day::new(i16::try_from(year).ok()?, month, day).ok()?.at(0, 0, 0, 0);
    let at = Offset::UTC.to_timestamp(civil).ok()?.as_second();
    Some(Date { at: UnixTime(u64::try_from(at).ok()?), zone_assumed: true })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_of_drafts() {
        assert_eq!(algorithm("HOTP"), Some(("hotp", None)));
        assert_eq!(algorithm("http://www.ietf.org/keyprov/pskc#totp"), Some(("totp", None)));
        assert_eq!(algorithm("urn:ietf:params:xml:ns:keyprov:pskc#pin"), Some(("pin", None)));
        let suite = "OCRA-1:HOTP-SHA1-6:QN08";
        let uri = format!("urn:ietf:params:xml:ns:keyprov:pskc#{suite}");
        assert_eq!(algorithm(&uri), Some(("ocra", Some(suite))));
        for other in ["", "#hotp", "urn:x#hotp", "SecurID-AES", "http://www.ietf.org/keyprov/pskc#"]
        {
            assert_eq!(algorithm(other), None, "{other}");
        }
    }

    #[test]
    fn dates_that_could_be_two_are_neither() {
        let at = |text| match date(text) {
            Reading::Day(day) => Some(day.at.to_rfc3339()),
            Reading::Another | Reading::None => None,
        };
        assert_eq!(at("01/01/2008").as_deref(), Some("2008-01-01T00:00:00Z"));
        assert_eq!(at("12/31/2030").as_deref(), Some("2030-12-31T00:00:00Z"));
        for bad in ["01/02/2008", "31/12/2030", "02/30/2030", "13/13/2030"] {
            assert_eq!(date(bad), Reading::None, "{bad}");
        }
        for other in ["2008-01-01T00:00:00Z", "1/1/2008", "01/01/08", "01/01/2008/", "+1/01/2008"] {
            assert_eq!(date(other), Reading::Another, "{other}");
        }
    }
}
