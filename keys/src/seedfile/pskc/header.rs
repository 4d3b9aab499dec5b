//! The head of a container: root element, EncryptionKey, MACMethod, and encrypted values.
//!
//! Not responsible for opening anything.

use x509_parser::prelude::{FromDer as _, X509Certificate};
use x509_parser::public_key::PublicKey;

use super::element::{Children, El};
use super::names::{self, DS, KDF_SPACES, PSKC, XENC, XENC11};
use super::number;
use crate::seedfile::code::Code;
use crate::seedfile::crypto::{
    Cipher, EncryptedValue, KeySource, MacHash, MacKey, MacMethod, Pbkdf2,
};
use crate::seedfile::refusal::Refusal;

/// Checks name, namespace and version of the root; whether its minor version is a later one.
pub(super) fn check_root(root: El<'_>) -> Result<bool, Refusal> {
    if root.namespace() != PSKC && matches!(root.name(), "KeyContainer" | "SecretContainer") {
        let rule = "the namespace is that of RFC 6030; a draft's is read only with the format \
                    pskc-draft named";
        return Err(root.refuse(Code::Namespace, rule));
    }
    if !root.is(PSKC, "KeyContainer") {
        return Err(root.refuse(Code::Root, "the root element is an RFC 6030 KeyContainer"));
    }
    let written = root.attribute("Version");
    if root.is_draft() && matches!(written, None | Some("1" | "1.2")) {
        // Drafts counted their versions on their own, and some files have none.
        return Ok(false);
    }
    // RFC 6030 s.1.2: major and minor are integers, leading zeros do not count, and a receiver
    // ignores a higher minor number.
    let version = written.and_then(|text| {
        let (major, minor) = text.split_once('.')?;
        let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        let both = digits(major) && digits(minor);
        both.then(|| Some((number::long(major)?, number::long(minor)?)))?
    });
    match version {
        Some((1, minor)) => Ok(minor > 0),
        _ => Err(root.refuse_field(Code::Version, "Version", "the version is 1.0")),
    }
}

/// Reads EncryptionKey.
pub(super) fn encryption_key(el: El<'_>) -> Result<KeySource, Refusal> {
    let names = ["KeyName", "DerivedKey", "X509Data", "EncryptedKey"];
    let parts = el.children(&[DS, XENC, XENC11], &names, &[])?;
    let part = |name, space| parts.get(name).filter(|el: &El<'_>| el.is(space, name));
    let name = part("KeyName", DS);
    let derived = part("DerivedKey", XENC11);
    let certificate = part("X509Data", DS);
    match (name, derived, certificate, part("EncryptedKey", XENC)) {
        (Some(el), None, None, None) => {
            let rule = "a pre-shared key has a name (RFC 6030 s.6.1)";
            let name = el.label()?.ok_or_else(|| el.refuse(Code::Schema, rule))?;
            Ok(KeySource::PreShared { name })
        }
        (None, Some(derived), None, None) => derived_key(derived),
        (name, None, Some(data), None) => {
            let name = name.map(El::label).transpose()?.flatten();
            Ok(KeySource::Certificate { name, certificate: x509(data)?, session: None })
        }
        (None, None, None, Some(key)) => session_key(key),
        _ => Err(el.refuse(Code::Schema, "EncryptionKey names exactly one key")),
    }
}

/// A key of this file, under the key of a certificate (XML Encryption s.3.5.1).
fn session_key(el: El<'_>) -> Result<KeySource, Refusal> {
    let once = ["EncryptionMethod", "KeyInfo", "CipherData", "CarriedKeyName", "ReferenceList"];
    let parts = el.children(&[DS, XENC], &once, &[])?;
    let info = parts.need("KeyInfo", Code::Schema)?;
    let inner = info.children(&[DS], &["KeyName", "X509Data"], &[])?;
    let name = inner.get("KeyName").map(El::label).transpose()?.flatten();
    let certificate = inner.get("X509Data").map(x509).transpose()?.unwrap_or_default();
    if name.is_none() && certificate.is_empty() {
        return Err(info.refuse(Code::Schema, "KeyInfo names a key or holds a certificate"));
    }
    let session = value(&parts, None).map_err(Refusal::for_file)?;
    if !session.cipher.is_rsa() {
        let rule = "an EncryptedKey is under an RSA key";
        return Err(el.refuse_field(Code::EncAlg, "EncryptionMethod", rule));
    }
    Ok(KeySource::Certificate { name, certificate, session: Some(session) })
}

/// The certificate of an RSA key in DER.
fn x509(el: El<'_>) -> Result<Vec<u8>, Refusal> {
    let once = ["X509Certificate", "X509IssuerSerial", "X509SKI", "X509SubjectName"];
    let parts = el.children(&[DS], &once, &[])?;
    let el = parts.need("X509Certificate", Code::Cert)?;
    let rule = "the certificate of an RSA key, whole and in base64";
    let refuse = || el.refuse(Code::Cert, rule).for_file();
    let octets = el.base64().map_err(|mut refusal| {
        if refusal.code == Code::Base64 {
            refusal.code = Code::Cert;
        }
        refusal.for_file()
    })?;
    match X509Certificate::from_der(&octets) {
        Ok(([], certificate)) => match certificate.public_key().parsed() {
            Ok(PublicKey::RSA(_)) => Ok(octets.to_vec()),
            _ => Err(refuse()),
        },
        _ => Err(refuse()),
    }
}

fn derived_key(el: El<'_>) -> Result<KeySource, Refusal> {
    let parts = el.children(
        &[XENC, XENC11],
        &["KeyDerivationMethod", "ReferenceList", "DerivedKeyName", "MasterKeyName"],
        &[],
    )?;
    let method = parts.need("KeyDerivationMethod", Code::KdfParam)?;
    let algorithm = method.attribute("Algorithm").unwrap_or_default();
    if !names::PBKDF2.contains(&algorithm) {
        return Err(method.refuse(Code::KdfAlg, "the key derivation is PBKDF2"));
    }
    let params = method.children(KDF_SPACES, &["PBKDF2-params"], &[])?;
    let kdf = pbkdf2(params.need("PBKDF2-params", Code::KdfParam)?)?;
    let name = parts.get("MasterKeyName").map(El::label).transpose()?.flatten();
    Ok(KeySource::Password { name, kdf })
}

fn pbkdf2(el: El<'_>) -> Result<Pbkdf2, Refusal> {
    let parts = el.children(KDF_SPACES, &["Salt", "IterationCount", "KeyLength", "PRF"], &[])?;
    let outer = parts.need("Salt", Code::KdfParam)?;
    let specified = outer
        .children(KDF_SPACES, &["Specified"], &[])
        .map_err(|_| outer.refuse(Code::KdfParam, "the salt is given in the file"))?
        .need("Specified", Code::KdfParam)?;
    let salt = salt(specified)?;
    let count = parts.need("IterationCount", Code::KdfParam)?;
    let iterations = number::long_of(count).map_err(Refusal::for_file)?;
    let length = parts.need("KeyLength", Code::KdfParam)?;
    let key_len = number::long_of(length).map_err(Refusal::for_file)?;
    let iterations = limited(count, iterations)?;
    let key_len = match key_len {
        16 | 24 | 32 => usize::try_from(key_len).unwrap_or_default(),
        65.. => return Err(length.refuse(Code::KdfLimit, "KeyLength is 16, 24 or 32")),
        _ => return Err(length.refuse(Code::KdfParam, "KeyLength is 16, 24 or 32")),
    };
    let prf = parts.get("PRF").map_or(Ok(MacHash::Sha1), prf)?;
    Ok(Pbkdf2 { salt, iterations, key_len, prf })
}

/// Few iterations protect nothing, many only cost time.
pub(super) fn limited(count: El<'_>, iterations: i64) -> Result<u32, Refusal> {
    let in_range = |n: &u32| (Pbkdf2::MIN_ITERATIONS..=Pbkdf2::MAX_ITERATIONS).contains(n);
    let iterations = u32::try_from(iterations).ok().filter(in_range);
    iterations
        .ok_or_else(|| count.refuse(Code::KdfLimit, "PBKDF2 has 1000 to 10,000,000 iterations"))
}

/// The salt of PBKDF2.
pub(super) fn salt(el: El<'_>) -> Result<Vec<u8>, Refusal> {
    let octets = el.base64().map_err(Refusal::for_file)?.to_vec();
    if !(8..=1024).contains(&octets.len()) {
        return Err(el.refuse(Code::KdfParam, "the salt has 8 to 1024 octets"));
    }
    Ok(octets)
}

/// An absent algorithm is HMAC-SHA-1, the default of PKCS #5; an unknown one is refused.
fn prf(el: El<'_>) -> Result<MacHash, Refusal> {
    el.attribute("Algorithm").map_or(Ok(MacHash::Sha1), |uri| {
        MacHash::from_uri(uri).ok_or_else(|| el.refuse(Code::KdfAlg, "the PRF is an HMAC"))
    })
}

/// Reads MACMethod.
pub(super) fn mac_method(el: El<'_>) -> Result<MacMethod, Refusal> {
    let hash = el
        .attribute("Algorithm")
        .and_then(MacHash::from_uri)
        .ok_or_else(|| el.refuse(Code::MacAlg, "the MAC is a registered HMAC of XML-DSig"))?;
    let parts = el.children(&[PSKC], &["MACKey", "MACKeyReference"], &[])?;
    let key = match (parts.get("MACKey"), parts.get("MACKeyReference")) {
        (Some(key), None) => MacKey::Carried(encrypted(key, None).map_err(Refusal::for_file)?),
        (None, Some(name)) => {
            let rule = "a MAC key agreed beforehand has a name";
            let text = name.label().map_err(Refusal::for_file)?;
            MacKey::Agreed(text.ok_or_else(|| name.refuse(Code::MacKey, rule))?)
        }
        (Some(_), Some(_)) => {
            return Err(el.refuse(Code::Schema, "MACMethod has one key or names one"));
        }
        (None, None) => {
            let rule = "the MAC key comes encrypted in the file, and is a key of its own";
            return Err(el.refuse(Code::MacKey, rule));
        }
    };
    Ok(MacMethod { hash, key, may_cover_plaintext: false })
}

/// Reads an xenc:EncryptedDataType; `mac` is its ValueMAC.
pub(super) fn encrypted(el: El<'_>, mac: Option<El<'_>>) -> Result<EncryptedValue, Refusal> {
    if !el.is_draft() {
        let parts = el.children(&[XENC], &["EncryptionMethod", "CipherData"], &[])?;
        return value(&parts, mac);
    }
    // One draft had the MAC inside.
    let parts = el.children(&[XENC, PSKC], &["EncryptionMethod", "CipherData", "ValueMAC"], &[])?;
    value(&parts, mac.or(parts.get("ValueMAC")))
}

fn value(parts: &Children<'_>, mac: Option<El<'_>>) -> Result<EncryptedValue, Refusal> {
    let method = parts.need("EncryptionMethod", Code::EncAlg)?;
    let cipher = cipher(method)?;
    let data = parts.need("CipherData", Code::Schema)?;
    let held = data.children(&[XENC], &["CipherValue"], &[])?.need("CipherValue", Code::Schema)?;
    let octets = held.base64()?.to_vec();
    let mac = mac.map(|mac| mac.base64().map(|octets| octets.to_vec())).transpose()?;
    sealed(held, cipher, octets, mac)
}

/// An encrypted value of a length that its cipher can make.
pub(super) fn sealed(
    el: El<'_>,
    cipher: Cipher,
    octets: Vec<u8>,
    mac: Option<Vec<u8>>,
) -> Result<EncryptedValue, Refusal> {
    if !cipher.plausible_len(octets.len()) {
        return Err(el.refuse(Code::Decrypt, "the value has a length that its cipher can make"));
    }
    Ok(EncryptedValue { cipher, octets, mac })
}

/// The algorithm of an EncryptionMethod, with parameters that are read only to be sure of them.
fn cipher(method: El<'_>) -> Result<Cipher, Refusal> {
    let names = ["KeySize", "OAEPparams", "DigestMethod", "MGF", "EncryptionScheme"];
    let parts = method.children(&[XENC, XENC11, DS], &names, &[])?;
    // One draft wrapped the cipher into the scheme of PKCS #5.
    let scheme = parts.get("EncryptionScheme").filter(|_| method.is_draft());
    let cipher = scheme.unwrap_or(method).attribute("Algorithm").and_then(Cipher::from_uri).ok_or_else(|| {
        let rule = "values are encrypted with AES, Camellia or triple DES, by CBC, GCM or key wrap, \
                    or with RSA";
        method.refuse(Code::EncAlg, rule)
    })?;
    if cipher == Cipher::RsaOaep {
        oaep(method, &parts)?;
    }
    Ok(cipher)
}

/// OAEP with SHA-1 throughout and no label: what HSMs have in common.
fn oaep(method: El<'_>, parts: &Children<'_>) -> Result<(), Refusal> {
    let is = |name, uris: &[&str]| {
        let uri = parts.get(name).map(|el| el.attribute("Algorithm").unwrap_or_default());
        uri.is_none_or(|uri| uris.contains(&uri))
    };
    let label = parts.get("OAEPparams").is_some_and(|el| !el.is_blank());
    let digest = is("DigestMethod", &["http://www.w3.org/2000/09/xmldsig#sha1"]);
    let mask = is("MGF", &["http://www.w3.org/2009/xmlenc11#mgf1sha1"]);
    // xmlenc11#rsa-oaep without a digest is SHA-1 too (XML Encryption 1.1 s.5.5.2).
    if label || !digest || !mask {
        return Err(method.refuse(Code::EncAlg, "RSA-OAEP is with SHA-1, MGF1 of it and no label"));
    }
    Ok(())
}
