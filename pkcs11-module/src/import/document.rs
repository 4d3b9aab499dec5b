//! Writes a seed as the daemon takes it: a PSKC document (RFC 6030) with one key.
//!
//! Not responsible for what is in it, see [`super::order`], nor for sending it.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use cryptoki_sys::{CK_MECHANISM_TYPE, CKM_HOTP};
use warifu_api::token::Hash;
use zeroize::Zeroizing;

use crate::vendor::CKM_WARIFU_TOTP;

/// A key in the words of RFC 6030.
pub(super) struct Document<'a> {
    pub(super) serial: &'a str,
    pub(super) manufacturer: Option<&'a str>,
    pub(super) digits: u8,
    pub(super) hash: Hash,
    pub(super) moving: Moving,
    pub(super) secret: Secret<'a>,
}

/// What changes from code to code.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Moving {
    /// HOTP: the next counter.
    Counter(u64),
    /// TOTP: seconds per time step.
    TimeStep(u32),
}

impl Moving {
    /// The mechanism that codes of such a token are verified with.
    pub(super) const fn mechanism(self) -> CK_MECHANISM_TYPE {
        match self {
            Self::Counter(_) => CKM_HOTP,
            Self::TimeStep(_) => CKM_WARIFU_TOTP,
        }
    }
}

/// The seed.
pub(super) enum Secret<'a> {
    Plain(&'a [u8]),
    Wrapped { under: &'a str, cipher: Cipher, octets: &'a [u8] },
}

/// How a seed is wrapped.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Cipher {
    /// RFC 3394, and the key's bits.
    KeyWrap(u16),
    /// RFC 5649, and the key's bits.
    KeyWrapPad(u16),
    /// RFC 8017 s.7.1 with SHA-1, MGF1 of it and no label: the only form that the daemon reads.
    RsaOaep,
}

impl Cipher {
    /// RFC 5649 has no identifier in RFC 6030; XML Encryption 1.1 does without the second dash, but
    /// this is what writers of PSKC agree on.
    fn uri(self) -> String {
        match self {
            Self::KeyWrap(bits) => format!("http://www.w3.org/2001/04/xmlenc#kw-aes{bits}"),
            Self::KeyWrapPad(bits) => format!("http://www.w3.org/2009/xmlenc11#kw-aes-{bits}-pad"),
            Self::RsaOaep => "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p".to_owned(),
        }
    }
}

/// More than any document has: a seed must not stay behind in memory that a growing text has left.
const ROOM: usize = 8 << 10;

const ROOT: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
    <KeyContainer xmlns=\"urn:ietf:params:xml:ns:keyprov:pskc\"\
    \n              xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"\
    \n              xmlns:xenc=\"http://www.w3.org/2001/04/xmlenc#\" Version=\"1.0\">\n";

impl Document<'_> {
    /// The document, in UTF-8.
    pub(super) fn render(&self) -> Zeroizing<Vec<u8>> {
        let mut xml = Zeroizing::new(String::with_capacity(ROOM));
        xml.push_str(ROOT);
        self.encryption_key(&mut xml);
        xml.push_str("  <KeyPackage>\n");
        self.device(&mut xml);
        self.key(&mut xml);
        xml.push_str("  </KeyPackage>\n</KeyContainer>\n");
        Zeroizing::new(std::mem::take(&mut *xml).into_bytes())
    }

    /// RFC 6030 s.6.1: a key that both sides have is named.
    fn encryption_key(&self, xml: &mut String) {
        if let Secret::Wrapped { under, .. } = &self.secret {
            xml.push_str("  <EncryptionKey><ds:KeyName>");
            escape(under, xml);
            xml.push_str("</ds:KeyName></EncryptionKey>\n");
        }
    }

    fn device(&self, xml: &mut String) {
        xml.push_str("    <DeviceInfo>\n");
        if let Some(manufacturer) = self.manufacturer {
            xml.push_str("      <Manufacturer>");
            escape(manufacturer, xml);
            xml.push_str("</Manufacturer>\n");
        }
        xml.push_str("      <SerialNo>");
        escape(self.serial, xml);
        xml.push_str("</SerialNo>\n    </DeviceInfo>\n");
    }

    /// The device has one key, so that its serial serves as the key's name.
    fn key(&self, xml: &mut String) {
        let algorithm = match self.moving {
            Moving::Counter(_) => "hotp",
            Moving::TimeStep(_) => "totp",
        };
        xml.push_str("    <Key Id=\"");
        escape(self.serial, xml);
        xml.push_str("\" Algorithm=\"urn:ietf:params:xml:ns:keyprov:pskc:");
        xml.push_str(algorithm);
        xml.push_str("\">\n      <AlgorithmParameters>\n");
        self.suite(xml);
        xml.push_str("        <ResponseFormat Length=\"");
        xml.push_str(&self.digits.to_string());
        xml.push_str("\" Encoding=\"DECIMAL\"/>\n      </AlgorithmParameters>\n      <Data>\n");
        self.secret(xml);
        let moving = match self.moving {
            Moving::Counter(next) => {
                format!("<Counter><PlainValue>{next}</PlainValue></Counter>")
            }
            Moving::TimeStep(step_s) => {
                format!("<TimeInterval><PlainValue>{step_s}</PlainValue></TimeInterval>")
            }
        };
        for piece in ["        ", &moving, "\n"] {
            xml.push_str(piece);
        }
        xml.push_str("      </Data>\n    </Key>\n");
    }

    /// SHA-1 is what goes without saying (RFC 4226 s.5.2, RFC 6238 s.1.2).
    fn suite(&self, xml: &mut String) {
        let name = match self.hash {
            Hash::Sha1 => return,
            Hash::Sha256 => "HMAC-SHA256",
            Hash::Sha512 => "HMAC-SHA512",
        };
        for piece in ["        <Suite>", name, "</Suite>\n"] {
            xml.push_str(piece);
        }
    }

    fn secret(&self, xml: &mut String) {
        xml.push_str("        <Secret>");
        match &self.secret {
            Secret::Plain(octets) => {
                xml.push_str("<PlainValue>");
                STANDARD.encode_string(octets, xml);
                xml.push_str("</PlainValue>");
            }
            Secret::Wrapped { cipher, octets, .. } => {
                xml.push_str("<EncryptedValue><xenc:EncryptionMethod Algorithm=\"");
                xml.push_str(&cipher.uri());
                xml.push_str("\"/><xenc:CipherData><xenc:CipherValue>");
                STANDARD.encode_string(octets, xml);
                xml.push_str("</xenc:CipherValue></xenc:CipherData></EncryptedValue>");
            }
        }
        xml.push_str("</Secret>\n");
    }
}

/// Writes a text so that no part of it is markup, in an element as in an attribute (XML 1.0 s.2.4).
/// Characters that XML does not have are not let in before.
fn escape(text: &str, xml: &mut String) {
    for c in text.chars() {
        match c {
            '&' => xml.push_str("&amp;"),
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            '"' => xml.push_str("&quot;"),
            '\'' => xml.push_str("&apos;"),
            c => xml.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The published seeds of RFC 4226 and RFC 6238.
    const SHORT: &[u8] = b"12345678901234567890";
    const LONG: &[u8] = b"12345678901234567890123456789012";
    /// [`LONG`] under the AES key 00 01 .. 0F (RFC 3394), and [`SHORT`] under 00 01 .. 1F (RFC 5649),
    /// by another implementation (Python's cryptography).
    const KW: &str = "NyiMy879mNDRyMBYp35U/9ZZa08o2c/7MFibf8VJJE7+0noR3PpBVg==";
    const KWP: &str = "X3D7zxE1N/zMVnqeZpq20K3IoEfdU2O5z0XyD5IvssM=";

    fn text(document: &Document<'_>) -> String {
        String::from_utf8(document.render().to_vec()).unwrap()
    }

    fn hotp() -> Document<'static> {
        Document {
            serial: "SAMPLE-HOTP",
            manufacturer: Some("oath.ZZ"),
            digits: 6,
            hash: Hash::Sha1,
            moving: Moving::Counter(7),
            secret: Secret::Plain(SHORT),
        }
    }

    /// `keys/tests/pkcs11_samples.rs` has the daemon's reader read the same files.
    #[test]
    fn documents_are_the_samples_that_the_reader_is_tried_with() {
        assert_eq!(text(&hotp()), include_str!("../../tests/samples/hotp-plain.xml"));
        let octets = STANDARD.decode(KW).unwrap();
        let totp = Document {
            serial: "SAMPLE.TOTP:1",
            manufacturer: None,
            digits: 8,
            hash: Hash::Sha256,
            moving: Moving::TimeStep(60),
            secret: Secret::Wrapped {
                under: "acme",
                cipher: Cipher::KeyWrap(128),
                octets: &octets,
            },
        };
        assert_eq!(text(&totp), include_str!("../../tests/samples/totp-kw.xml"));
        let octets = STANDARD.decode(KWP).unwrap();
        let cipher = Cipher::KeyWrapPad(256);
        let padded = Document {
            serial: "SAMPLE-512",
            manufacturer: Some("A&B <\"Tokens\"> 'KK'"),
            hash: Hash::Sha512,
            moving: Moving::Counter(0),
            secret: Secret::Wrapped { under: "acme@2026", cipher, octets: &octets },
            ..hotp()
        };
        assert_eq!(text(&padded), include_str!("../../tests/samples/hotp-kwp.xml"));
        let octets: Vec<u8> = (0..=255).collect();
        let oaep = Document {
            secret: Secret::Wrapped { under: "pair", cipher: Cipher::RsaOaep, octets: &octets },
            ..hotp()
        };
        assert_eq!(text(&oaep), include_str!("../../tests/samples/hotp-oaep.xml"));
        assert_eq!(LONG.len() + 8, STANDARD.decode(KW).unwrap().len());
    }

    #[test]
    fn no_document_outgrows_its_room() {
        let manufacturer = "'".repeat(super::super::order::LONGEST_MANUFACTURER);
        let octets = [0xFF; 512];
        let largest = Document {
            serial: &"9".repeat(40),
            manufacturer: Some(&manufacturer),
            digits: 9,
            hash: Hash::Sha512,
            moving: Moving::Counter(u64::MAX),
            secret: Secret::Wrapped {
                under: &"k".repeat(64),
                cipher: Cipher::RsaOaep,
                octets: &octets,
            },
        };
        assert!(largest.render().len() < ROOM);
    }
}
