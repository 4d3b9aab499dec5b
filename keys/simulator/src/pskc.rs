//! Writes a demo batch as RFC 6030 XML, one key at a time.
//!
//! Not responsible for reading: the parser under test is another package's, on purpose.

use std::io::Write;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::batch::{AesSize, BatchError, BatchSeed, MacKind, Protection};
use crate::sealing::Sealing;

/// One key of one token.
pub(crate) struct Entry {
    pub(crate) serial: String,
    /// Name of the key, unique in the file.
    pub(crate) id: String,
    /// URI of what it computes.
    pub(crate) algorithm: String,
    /// Inside of the AlgorithmParameters.
    pub(crate) parameters: String,
    pub(crate) secret: Zeroizing<Vec<u8>>,
    /// Inside of Data, behind the secret.
    pub(crate) data: String,
    /// KeyUsage of the policy; without one there is no policy.
    pub(crate) usage: Option<&'static str>,
}

/// A file under way.
pub(crate) struct Container<'a, W: Write> {
    manufacturer: &'a str,
    seed: &'a BatchSeed,
    sealing: Option<Sealing>,
    out: W,
}

/// Writes the head of a file.
pub(crate) fn begin<'a, W: Write>(
    manufacturer: &'a str,
    seed: &'a BatchSeed,
    protection: &Protection,
    mut out: W,
) -> Result<Container<'a, W>, BatchError> {
    let sealing = Sealing::new(seed, protection)?;
    out.write_all(HEAD.as_bytes())?;
    if let Some(sealing) = &sealing {
        write_protection(seed, protection, sealing, &mut out)?;
    }
    Ok(Container { manufacturer, seed, sealing, out })
}

impl<W: Write> Container<'_, W> {
    /// Writes one key.
    pub(crate) fn add(&mut self, entry: &Entry) -> Result<(), BatchError> {
        let secret = match &self.sealing {
            None => {
                format!("<pskc:PlainValue>{}</pskc:PlainValue>", STANDARD.encode(&*entry.secret))
            }
            Some(sealing) => {
                let (octets, mac) = sealing.seal(self.seed.iv(&entry.id), &entry.secret);
                format!(
                    "<pskc:EncryptedValue>{}</pskc:EncryptedValue><pskc:ValueMAC>{}</pskc:ValueMAC>",
                    encrypted(sealing.aes, &octets),
                    STANDARD.encode(mac)
                )
            }
        };
        let Entry { serial, id, algorithm, parameters, data, usage, .. } = entry;
        let maker = self.manufacturer;
        let policy = usage.map_or_else(String::new, |usage| {
            format!("\n   <pskc:Policy><pskc:KeyUsage>{usage}</pskc:KeyUsage></pskc:Policy>")
        });
        writeln!(
            self.out,
            r#" <pskc:KeyPackage>
  <pskc:DeviceInfo><pskc:Manufacturer>{maker}</pskc:Manufacturer><pskc:SerialNo>{serial}</pskc:SerialNo></pskc:DeviceInfo>
  <pskc:Key Id="{id}" Algorithm="{algorithm}"><pskc:Issuer>Demo</pskc:Issuer>
   <pskc:AlgorithmParameters>{parameters}</pskc:AlgorithmParameters>
   <pskc:Data><pskc:Secret>{secret}</pskc:Secret>{data}</pskc:Data>{policy}
  </pskc:Key>
 </pskc:KeyPackage>"#
        )?;
        Ok(())
    }

    /// Writes the foot of the file.
    pub(crate) fn end(mut self) -> Result<(), BatchError> {
        self.out.write_all(b"</pskc:KeyContainer>\n")?;
        self.out.flush()?;
        Ok(())
    }
}

const HEAD: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<pskc:KeyContainer Version="1.0" xmlns:pskc="urn:ietf:params:xml:ns:keyprov:pskc" xmlns:ds="http://www.w3.org/2000/09/xmldsig#" xmlns:xenc="http://www.w3.org/2001/04/xmlenc#" xmlns:xenc11="http://www.w3.org/2009/xmlenc11#">
"#;

/// The form of a code.
pub(crate) fn response(digits: u8) -> String {
    format!(r#"<pskc:ResponseFormat Length="{digits}" Encoding="DECIMAL"/>"#)
}

/// A plain number of Data.
pub(crate) fn element(name: &str, value: &str) -> String {
    format!("<pskc:{name}><pskc:PlainValue>{value}</pskc:PlainValue></pskc:{name}>")
}

fn write_protection(
    seed: &BatchSeed,
    protection: &Protection,
    sealing: &Sealing,
    out: &mut impl Write,
) -> Result<(), BatchError> {
    match protection {
        Protection::Plain => {}
        Protection::PreShared { name, .. } => {
            let name = escape(name);
            writeln!(
                out,
                " <pskc:EncryptionKey><ds:KeyName>{name}</ds:KeyName></pskc:EncryptionKey>"
            )?;
        }
        Protection::Password { iterations, aes, mac, .. } => writeln!(
            out,
            r#" <pskc:EncryptionKey><xenc11:DerivedKey><xenc11:KeyDerivationMethod Algorithm="http://www.w3.org/2009/xmlenc11#pbkdf2"><xenc11:PBKDF2-params><xenc11:Salt><xenc11:Specified>{}</xenc11:Specified></xenc11:Salt><xenc11:IterationCount>{iterations}</xenc11:IterationCount><xenc11:KeyLength>{}</xenc11:KeyLength><xenc11:PRF Algorithm="{}"/></xenc11:PBKDF2-params></xenc11:KeyDerivationMethod><xenc11:MasterKeyName>demo</xenc11:MasterKeyName></xenc11:DerivedKey></pskc:EncryptionKey>"#,
            STANDARD.encode(seed.salt()),
            aes.key_len(),
            mac_uri(*mac),
        )?,
    }
    let key = encrypted(sealing.aes, &sealing.sealed_mac_key(seed));
    let uri = mac_uri(sealing.mac);
    writeln!(
        out,
        r#" <pskc:MACMethod Algorithm="{uri}"><pskc:MACKey>{key}</pskc:MACKey></pskc:MACMethod>"#
    )?;
    Ok(())
}

fn encrypted(aes: AesSize, octets: &[u8]) -> String {
    let bits = aes.key_len().saturating_mul(8);
    let octets = STANDARD.encode(octets);
    format!(
        r#"<xenc:EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc#aes{bits}-cbc"/><xenc:CipherData><xenc:CipherValue>{octets}</xenc:CipherValue></xenc:CipherData>"#
    )
}

const fn mac_uri(mac: MacKind) -> &'static str {
    match mac {
        MacKind::Sha1 => "http://www.w3.org/2000/09/xmldsig#hmac-sha1",
        MacKind::Sha256 => "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256",
        MacKind::Sha512 => "http://www.w3.org/2001/04/xmldsig-more#hmac-sha512",
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
