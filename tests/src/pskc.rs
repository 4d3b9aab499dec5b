//! Seed files: plain ones written here with every policy field, encrypted ones by `csv2pskc`
//! (Debian package pskc-utils), a part that we did not write.
//!
//! Not responsible for: large batches; those come from `warifu token batch`.

use std::{fmt::Write as _, path::Path, process::Command};

use aes::{
    Aes256,
    cipher::{BlockEncrypt as _, KeyInit as _},
};
use base64::Engine as _;

use crate::{
    process::{run, write_private},
    token::{Hash, Kind, TestToken},
};

const HOTP: &str = "urn:ietf:params:xml:ns:keyprov:pskc:hotp";
const TOTP: &str = "urn:ietf:params:xml:ns:keyprov:pskc:totp";

const NAMED_KEY: &str = "<pskc:EncryptionKey>\
    <ds:KeyName xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">acme</ds:KeyName>\
    </pskc:EncryptionKey>";

/// Maker of every token in the tests.
pub const MANUFACTURER: &str = "Acme Tokens";

/// What protects the values that `csv2pskc` writes.
#[derive(Clone, Debug)]
pub enum Protection {
    /// A key of 16 bytes, AES-128-CBC with a MAC.
    Key(Vec<u8>),
    /// A password, PBKDF2.
    Password(String),
}

/// A file with plain values.
pub fn plain(tokens: &[TestToken]) -> Vec<u8> {
    let mut xml = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <KeyContainer xmlns=\"urn:ietf:params:xml:ns:keyprov:pskc\" Version=\"1.0\">\n",
    );
    for token in tokens {
        xml.push_str(&package(token));
    }
    xml.push_str("</KeyContainer>\n");
    xml.into_bytes()
}

/// One `KeyPackage` with a plain value.
pub fn package(token: &TestToken) -> String {
    let mut xml = String::new();
    let serial = &token.serial;
    let (algorithm, moving) = moving(token);
    let seed = base64::engine::general_purpose::STANDARD.encode(&token.seed);
    let suite = match token.hash {
        Hash::Sha1 => String::new(),
        other => format!("<Suite>HMAC-{}</Suite>", other.name()),
    };
    let drift = token.drift.map_or_else(String::new, |d| {
        format!("<TimeDrift><PlainValue>{d}</PlainValue></TimeDrift>")
    });
    let policy = if token.policy.is_empty() {
        String::new()
    } else {
        format!("\n   <Policy>{}</Policy>", token.policy)
    };
    write!(
        xml,
        " <KeyPackage>
  <DeviceInfo><Manufacturer>{MANUFACTURER}</Manufacturer><SerialNo>{serial}</SerialNo></DeviceInfo>
  <Key Id=\"{serial}\" Algorithm=\"{algorithm}\">
   <AlgorithmParameters>{suite}<ResponseFormat Length=\"{}\" Encoding=\"DECIMAL\"/></AlgorithmParameters>
   <Data><Secret><PlainValue>{seed}</PlainValue></Secret>{moving}{drift}</Data>{policy}
  </Key>
 </KeyPackage>
",
        token.digits,
    )
    .expect("a String takes any text");
    xml
}

fn moving(token: &TestToken) -> (&'static str, String) {
    match token.kind {
        Kind::Hotp(n) => (HOTP, format!("<Counter><PlainValue>{n}</PlainValue></Counter>")),
        Kind::Totp(s) => (
            TOTP,
            format!(
                "<Time><PlainValue>0</PlainValue></Time>\
                 <TimeInterval><PlainValue>{s}</PlainValue></TimeInterval>"
            ),
        ),
    }
}

/// A file with encrypted values, by `csv2pskc`. SHA-1 tokens of one kind only: that tool writes no suite.
pub fn encrypted(folder: &Path, tokens: &[TestToken], protection: &Protection) -> Vec<u8> {
    let mut csv = String::new();
    for token in tokens {
        assert_eq!(token.hash, Hash::Sha1, "csv2pskc writes no suite");
        let (algorithm, counter, interval) = match token.kind {
            Kind::Hotp(n) => (HOTP, n.to_string(), String::new()),
            Kind::Totp(s) => (TOTP, String::new(), s.to_string()),
        };
        let TestToken { serial, seed, digits, .. } = token;
        let seed = hex::encode(seed);
        writeln!(csv, "{serial},{seed},{algorithm},{digits},{counter}{interval}")
            .expect("a String takes any text");
    }
    let moving = match tokens.first().map(|t| t.kind) {
        Some(Kind::Totp(_)) => "time_interval",
        _ => "counter",
    };
    let source = write_private(&folder.join("seeds.csv"), csv.as_bytes());
    let mut tool = Command::new("csv2pskc");
    tool.arg("--skip-rows=0").arg("--columns");
    tool.arg(format!("id+serial,secret,algorithm,response_length,{moving}"));
    tool.args(["--set", &format!("manufacturer={MANUFACTURER}")]);
    tool.args(["--set", "response_encoding=DECIMAL"]);
    match protection {
        Protection::Key(key) => tool.args(["--secret", &hex::encode(key)]),
        Protection::Password(password) => tool.args(["--password", password]),
    };
    let output = run(tool.arg(&source)).stdout;
    std::fs::remove_file(source).expect("our own file");
    // That tool leaves the key without a name, which the schema of RFC 6030 does not allow.
    let text = String::from_utf8(output).expect("XML in UTF-8");
    text.replace("<pskc:EncryptionKey/>", NAMED_KEY).into_bytes()
}

/// Number of keys that `pskctool` (a second part that we did not write) reads in a file.
pub fn keys_seen_by_pskctool(file: &Path) -> usize {
    let output = run(Command::new("pskctool").arg("--info").arg(file)).stdout;
    String::from_utf8_lossy(&output).matches("KeyPackage ").count()
}

/// A file with plain values, changed to values under AES key wrap (RFC 3394) with a key of 32 bytes
/// named `acme`: a form that needs no MAC, and that an HSM can open inside.
pub fn key_wrapped(file: &[u8], key: &[u8; 32]) -> Vec<u8> {
    let text = std::str::from_utf8(file).expect("XML in UTF-8");
    let mut parts = text.split("<pskc:Secret><pskc:PlainValue>");
    let head = parts.next().expect("a text has a beginning");
    let (xml, root) = head.split_once("<pskc:KeyContainer").expect("a container");
    let (root, rest) = root.split_once('>').expect("an open tag");
    let mut out = format!("{xml}<pskc:KeyContainer{root}>{NAMED_KEY}{rest}");
    for part in parts {
        let (value, rest) = part.split_once("</pskc:PlainValue>").expect("a closed value");
        let engine = &base64::engine::general_purpose::STANDARD;
        let wrapped = wrap(key, &engine.decode(value).expect("base64"));
        write!(
            out,
            "<pskc:Secret><pskc:EncryptedValue><xenc:EncryptionMethod \
             Algorithm=\"http://www.w3.org/2001/04/xmlenc#kw-aes256\"/><xenc:CipherData>\
             <xenc:CipherValue>{}</xenc:CipherValue></xenc:CipherData></pskc:EncryptedValue>{rest}",
            engine.encode(wrapped)
        )
        .expect("a String takes any text");
    }
    out.into_bytes()
}

/// RFC 3394 s.2.2.1.
fn wrap(key: &[u8; 32], plain: &[u8]) -> Vec<u8> {
    let cipher = Aes256::new(key.into());
    let mut check = [0xA6; 8];
    let mut blocks: Vec<[u8; 8]> =
        plain.chunks_exact(8).map(|one| one.try_into().expect("eight bytes")).collect();
    let mut step = 0_u64;
    for _ in 0..6 {
        for block in &mut blocks {
            step += 1;
            let mut both = [check, *block].concat();
            cipher.encrypt_block(both.as_mut_slice().into());
            let high = u64::from_be_bytes(both[..8].try_into().expect("eight bytes"));
            check = (high ^ step).to_be_bytes();
            block.copy_from_slice(&both[8..]);
        }
    }
    [vec![check], blocks].concat().concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 3394 s.4.6.
    #[test]
    fn wrapping_is_that_of_the_standard() {
        let key = hex::decode("000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F");
        let plain = hex::decode("00112233445566778899AABBCCDDEEFF000102030405060708090A0B0C0D0E0F");
        let wrapped = wrap(&key.unwrap().try_into().unwrap(), &plain.unwrap());
        assert_eq!(
            hex::encode_upper(wrapped),
            "28C9F404C4B810F4CBCCB35CFB87F8263F5786E2D80ED326CBC7F0E71A99F43BFB988B9B7A02DD21"
        );
    }
}
