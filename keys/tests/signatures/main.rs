//! Signed seed files: signed by `xmlsec1` with certificates by `openssl`, read by us.
//!
//! Not responsible for the canonical form as such, which has tests of its own beside `xmllint`.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod chains;
mod pki;
mod policy;
mod tampering;

use std::fs;
use std::process::Command;

use warifu_core::time::UnixTime;
use warifu_keys::seedfile::{Code, ReadOptions, Record, Refusal, Signatures, Trust, open};

use pki::{Holder, Pki, run};

const ROOT: &str = r#"<KeyContainer Version="1.0" xmlns="urn:ietf:params:xml:ns:keyprov:pskc" xmlns:ds="http://www.w3.org/2000/09/xmldsig#" xmlns:unused="urn:unused">"#;
const MORE: &str = "http://www.w3.org/2001/04/xmldsig-more#";
const XENC: &str = "http://www.w3.org/2001/04/xmlenc#";
const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";

fn package(serial: &str, secret: &str) -> String {
    format!(
        r#"<KeyPackage><DeviceInfo><Manufacturer>oath.ZZ</Manufacturer><SerialNo>{serial}</SerialNo></DeviceInfo>
  <Key Id="k" Algorithm="urn:ietf:params:xml:ns:keyprov:pskc:totp"><AlgorithmParameters><ResponseFormat Encoding="DECIMAL" Length="6"/></AlgorithmParameters>
   <Data><Secret><PlainValue>{secret}</PlainValue></Secret><TimeInterval><PlainValue>30</PlainValue></TimeInterval></Data></Key></KeyPackage>"#
    )
}

fn two_packages() -> String {
    let (one, two) = ("jzwa0HteQpZt8Qs4x6klTmHY8LI=", "kzwa0HteQpZt8Qs4x6klTmHY8LI=");
    format!("\r\n {}\n\t{}\n ", package("A-1", one), package("A-2", two))
}

/// What a signature says of itself, to be filled in by `xmlsec1`.
struct Template<'a> {
    method: &'a str,
    digest: &'a str,
    reference: &'a str,
    transforms: &'a str,
}

impl Default for Template<'static> {
    fn default() -> Self {
        Self {
            method: "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
            digest: "http://www.w3.org/2001/04/xmlenc#sha256",
            reference: "URI=\"\"",
            transforms: concat!(
                "<ds:Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"/>",
                "<ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"/>"
            ),
        }
    }
}

impl Template<'_> {
    fn signature(&self) -> String {
        let Self { method, digest, reference, transforms } = self;
        format!(
            r#"<ds:Signature><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="{EXCLUSIVE}"/><ds:SignatureMethod Algorithm="{method}"/>
<ds:Reference {reference}><ds:Transforms>{transforms}</ds:Transforms><ds:DigestMethod Algorithm="{digest}"/><ds:DigestValue></ds:DigestValue></ds:Reference></ds:SignedInfo>
<ds:SignatureValue/><ds:KeyInfo><ds:X509Data/></ds:KeyInfo></ds:Signature>"#
        )
    }

    fn around(&self, packages: &str) -> String {
        let signature = self.signature();
        format!(
            "<?xml version=\"1.0\"?>\n<?before it?>\n{ROOT}{packages}{signature}\n</KeyContainer>\n<?behind?>"
        )
    }
}

/// Has a file signed by another hand.
fn sign(text: &str, holder: &Holder) -> String {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("in.xml"), folder.path().join("out.xml"));
    fs::write(&from, text).unwrap();
    let mut command = Command::new("xmlsec1");
    command.arg("--sign").arg("--privkey-pem").arg(holder.key_and_certificates());
    run(command.arg("--output").arg(&to).arg(&from));
    fs::read_to_string(to).unwrap()
}

fn signed(template: &Template<'_>, holder: &Holder) -> String {
    sign(&template.around(&two_packages()), holder)
}

struct Outcome {
    records: Vec<Record>,
    refusals: Vec<Refusal>,
    warnings: Vec<Code>,
}

impl Outcome {
    /// The class of the refusal of the file, if it is refused.
    fn code(&self) -> Option<Code> {
        self.refusals.last().filter(|refusal| refusal.is_for_file()).map(|refusal| refusal.code)
    }

    /// Whether all was taken, and serials count as authenticated.
    fn is_authentic(&self) -> bool {
        let unsigned = self.warnings.contains(&Code::WUnsigned);
        self.refusals.is_empty() && self.records.len() == 2 && !unsigned
    }
}

fn read(text: &[u8], options: ReadOptions) -> Outcome {
    let mut outcome = Outcome { records: Vec::new(), refusals: Vec::new(), warnings: Vec::new() };
    match open(text, options) {
        Err(refusal) => outcome.refusals.push(refusal),
        Ok(mut file) => {
            for item in file.by_ref() {
                match item {
                    Ok(record) => outcome.records.push(record),
                    Err(refusal) => outcome.refusals.push(refusal),
                }
            }
            outcome.warnings.extend(file.warnings().iter().map(|warning| warning.code));
        }
    }
    outcome
}

fn options(pki: &Pki) -> ReadOptions {
    let trust = Trust { roots: vec![pki.root.der()], allow_sha1: false };
    ReadOptions { now: Some(pki.now()), trust, ..ReadOptions::default() }
}

fn requiring(pki: &Pki) -> ReadOptions {
    ReadOptions { signatures: Signatures::Require, ..options(pki) }
}

fn later(pki: &Pki, days: u64) -> ReadOptions {
    ReadOptions { now: Some(UnixTime(pki.now().0 + days * 86400)), ..options(pki) }
}
