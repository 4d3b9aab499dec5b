//! The values of Data: plain or encrypted, a secret or an integer.
//!
//! Keeps what must be equal over the whole file (one cipher, all plain or all encrypted). Not
//! responsible for what a number means.

use super::draft::Common;
use super::element::El;
use super::header;
use super::names::PSKC;
use super::number;
use crate::secret::Secret;
use crate::seedfile::code::Code;
use crate::seedfile::crypto::{ContainerCrypto, EncryptedValue};
use crate::seedfile::options::{IntegerEncoding, ReadOptions};
use crate::seedfile::quality;
use crate::seedfile::record::SecretValue;
use crate::seedfile::refusal::{Refusal, Warning};
use crate::seedfile::unwrap::Opener;

/// Reads the values of one container.
#[derive(Debug, Default)]
pub(super) struct Values {
    /// Header of an encrypted container.
    pub(super) crypto: Option<ContainerCrypto>,
    /// Whether a secret in the clear was read.
    pub(super) any_plain: bool,
    /// Whether an encrypted value was read.
    pub(super) any_encrypted: bool,
    /// What the head of a draft says of all values.
    pub(super) common: Option<Common>,
    opener: Option<Opener>,
}

/// A number and whether it was encrypted.
pub(super) struct Number {
    pub(super) value: i64,
    pub(super) was_encrypted: bool,
}

/// What a value element holds.
enum Held<'a> {
    Plain(El<'a>),
    /// In base64, which for a number is big-endian then.
    Octets(El<'a>),
    Encrypted(EncryptedValue),
    Nothing,
}

impl Values {
    /// Reads Secret.
    pub(super) fn secret(
        &mut self,
        el: El<'_>,
        options: &ReadOptions,
    ) -> Result<(SecretValue, Vec<Warning>), Refusal> {
        let mut warnings = Vec::new();
        let secret = match self.held(el)? {
            Held::Nothing => return Err(el.refuse(Code::NoSecret, "a secret has a value")),
            Held::Plain(plain) | Held::Octets(plain) => {
                self.any_plain = true;
                if self.crypto.is_some() {
                    let rule = "in an encrypted container every secret is encrypted";
                    return Err(el.refuse(Code::MixedPlaintext, rule));
                }
                if quality::is_hex_text(&plain.text()?) {
                    warnings.push(Warning::new(Code::WSuspectEncoding, "Secret"));
                }
                Secret::new(plain.base64()?.to_vec())
            }
            Held::Encrypted(value) => match self.open(el, &value, options)? {
                Some(secret) => secret,
                None if value.cipher.max_plain_len(value.octets.len())
                    < *quality::SECRET_LEN.start() =>
                {
                    return Err(el.refuse(Code::SecretLen, SECRET_RULE));
                }
                None => return Ok((SecretValue::Encrypted(value), warnings)),
            },
        };
        if !quality::SECRET_LEN.contains(&secret.len()) {
            return Err(el.refuse(Code::SecretLen, SECRET_RULE));
        }
        let found = quality::suspicions(&secret);
        warnings.extend(found.into_iter().map(|code| Warning::new(code, "Secret")));
        Ok((SecretValue::Plain(secret), warnings))
    }

    /// Reads Counter, Time, TimeInterval or TimeDrift.
    pub(super) fn number(&mut self, el: El<'_>, options: &ReadOptions) -> Result<Number, Refusal> {
        match self.held(el)? {
            Held::Nothing => {
                Err(el.refuse(Code::Schema, "the element has a PlainValue").for_token())
            }
            Held::Plain(plain) => {
                let value = number::long(&plain.text()?);
                let rule = "a decimal integer of at most 64 bits";
                let value = value.ok_or_else(|| el.refuse(Code::Int, rule))?;
                Ok(Number { value, was_encrypted: false })
            }
            Held::Octets(octets) => {
                let octets = octets.base64()?;
                let rule = "an integer of one to eight octets in base64";
                let value = decode(IntegerEncoding::BigEndian, &octets);
                let value = value.ok_or_else(|| el.refuse(Code::Int, rule))?;
                Ok(Number { value, was_encrypted: false })
            }
            Held::Encrypted(value) => {
                let opened = self.open(el, &value, options)?;
                let (Some(encoding), Some(opened)) = (options.encrypted_integers, opened) else {
                    let rule = "an encrypted integer is read only with the key, and with its encoding stated: decimal text or big-endian";
                    return Err(el.refuse(Code::WEncInt, rule));
                };
                let value = decode(encoding, opened.expose());
                let rule = "the decrypted octets are an integer in the encoding stated";
                let value = value.ok_or_else(|| el.refuse(Code::Int, rule))?;
                Ok(Number { value, was_encrypted: true })
            }
        }
    }

    fn held<'a>(&mut self, el: El<'a>) -> Result<Held<'a>, Refusal> {
        let once = ["PlainValue", "EncryptedValue", "ValueMAC", "Value"];
        let known = if el.is_draft() { 4 } else { 3 };
        let parts = el.children(&[PSKC], once.get(..known).unwrap_or(&once), &[])?;
        let mac = parts.get("ValueMAC");
        if let Some(value) = parts.get("Value") {
            if parts.get("PlainValue").or(parts.get("EncryptedValue")).is_some() {
                return Err(el.refuse(Code::Schema, "a value is given once"));
            }
            return self.held_in_draft(el, value, mac);
        }
        match (parts.get("PlainValue"), parts.get("EncryptedValue")) {
            (Some(_), Some(_)) => {
                Err(el.refuse(Code::Schema, "a value is either plain or encrypted"))
            }
            (Some(_), None) if mac.is_some() => {
                Err(el.refuse(Code::Schema, "a ValueMAC belongs to an encrypted value"))
            }
            (Some(plain), None) => Ok(Held::Plain(plain)),
            (None, Some(encrypted)) => {
                let value = header::encrypted(encrypted, mac)?;
                self.check(el, &value)?;
                Ok(Held::Encrypted(value))
            }
            (None, None) => Ok(Held::Nothing),
        }
    }

    /// Secrets are encrypted where the head says how; of the numbers those that have a MAC.
    fn held_in_draft<'a>(
        &mut self,
        el: El<'a>,
        value: El<'a>,
        mac: Option<El<'a>>,
    ) -> Result<Held<'a>, Refusal> {
        let Some(common) = &self.common else { return Ok(Held::Octets(value)) };
        if mac.is_none() && el.name() != "Secret" {
            return Ok(Held::Octets(value));
        }
        let value = common.value(value, mac)?;
        self.check(el, &value)?;
        Ok(Held::Encrypted(value))
    }

    /// The rules that hold with or without the key.
    fn check(&mut self, el: El<'_>, value: &EncryptedValue) -> Result<(), Refusal> {
        self.any_encrypted = true;
        let Some(crypto) = &mut self.crypto else {
            let rule = "an encrypted value needs an EncryptionKey in the container";
            return Err(el.refuse(Code::Schema, rule));
        };
        crypto.settle(value.cipher).map_err(|(code, rule)| el.refuse(code, rule))?;
        if value.cipher.needs_mac() && value.mac.is_none() {
            return Err(el.refuse_field(
                Code::MacMissing,
                "ValueMAC",
                "every value of a CBC cipher has a ValueMAC",
            ));
        }
        if value.mac.is_some() && crypto.mac.is_none() {
            return Err(el.refuse_field(
                Code::MacMethod,
                "MACMethod",
                "a ValueMAC needs a MACMethod",
            ));
        }
        Ok(())
    }

    /// Opens a value where the caller gave a key.
    fn open(
        &mut self,
        el: El<'_>,
        value: &EncryptedValue,
        options: &ReadOptions,
    ) -> Result<Option<Secret>, Refusal> {
        let (Some(unlock), Some(crypto)) = (&options.unlock, &self.crypto) else {
            return Ok(None);
        };
        let located = |refusal: Refusal| refusal.at(el.position());
        let opener = if let Some(opener) = self.opener.take() {
            opener
        } else {
            let agreed = options.mac_key.as_ref();
            Opener::new(crypto, value.cipher, unlock, agreed).map_err(located)?
        };
        let plain = opener.open(value).map_err(located)?;
        self.opener = Some(opener);
        Ok(Some(plain))
    }
}

const SECRET_RULE: &str = "a secret has 16 to 64 octets";

fn decode(encoding: IntegerEncoding, octets: &[u8]) -> Option<i64> {
    match encoding {
        IntegerEncoding::Ascii => number::long(std::str::from_utf8(octets).ok()?),
        IntegerEncoding::BigEndian => {
            let fits = (1..=8).contains(&octets.len());
            let value = octets.iter().fold(0_u64, |sum, octet| (sum << 8) | u64::from(*octet));
            fits.then(|| i64::try_from(value).ok()).flatten()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_octets_are_two_numbers() {
        assert_eq!(decode(IntegerEncoding::Ascii, b"12345678"), Some(12_345_678));
        assert_eq!(
            decode(IntegerEncoding::BigEndian, b"12345678"),
            Some(3_544_952_156_018_063_160)
        );
        assert_eq!(decode(IntegerEncoding::BigEndian, &[0x1e]), Some(30));
        assert_eq!(decode(IntegerEncoding::BigEndian, &[]), None);
        assert_eq!(decode(IntegerEncoding::BigEndian, &[0xFF; 8]), None);
        assert_eq!(decode(IntegerEncoding::BigEndian, &[0; 9]), None);
    }
}
