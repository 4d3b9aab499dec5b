//! What was written before RFC 6030: read where the officer says so, and never for an RFC 6030 file.

use warifu_core::time::UnixTime;
use warifu_keys::secret::Secret;
use warifu_keys::seedfile::{
    Algorithm, Code, Format, IntegerEncoding, ReadOptions, Record, Refusal, SecretValue, Unlock,
};

use super::{all, container, good};

const SECRET: &str = "5b0d0af4881d26d9606386aedd7357cc0c56ea2f";
const SECRET_BASE64: &str = "Ww0K9IgdJtlgY4au3XNXzAxW6i8=";

fn as_draft(unlock: Option<Unlock>) -> ReadOptions {
    let now = UnixTime::from_rfc3339("2026-11-21T00:00:00Z");
    ReadOptions { format: Some(Format::PskcDraft), now, unlock, ..ReadOptions::default() }
}

fn read(text: &str) -> (Vec<Record>, Vec<Refusal>) {
    all(text.as_bytes(), as_draft(None))
}

fn code(text: &str) -> Code {
    read(text).1[0].code
}

fn with_key(hex: &str) -> ReadOptions {
    as_draft(Some(Unlock::key_from_hex(hex).unwrap()))
}

fn secret_of(record: &Record) -> String {
    let SecretValue::Plain(secret) = &record.secret else { panic!("still encrypted") };
    hex::encode(secret.expose())
}

fn warned(record: &Record, code: Code) -> bool {
    record.warnings.iter().any(|warning| warning.code == code)
}

/// The first draft: one Data for each value, names and dates of its own.
fn first(encryption: &str, data: &str) -> String {
    format!(
        r#"<SecretContainer xmlns="http://www.openauthentication.org/OATH/2006/08/PSKC" version="1.2">
  {encryption}
  <DigestMethod algorithm="HMAC-SHA1"/>
  <Device>
    <DeviceId><Manufacturer>Maker</Manufacturer><SerialNo>4711</SerialNo><Expiry>12/31/2030</Expiry></DeviceId>
    <Secret SecretAlgorithm="HOTP" SecretId="k-1">
      <Issuer>Bank</Issuer>
      <Usage><ResponseFormat format="DECIMAL" length="6"/></Usage>
      <FriendlyName>One</FriendlyName>
      {data}
    </Secret>
  </Device>
</SecretContainer>"#
    )
}

fn plain() -> String {
    let data = format!(
        r#"<Data Name="SECRET"><Value>{SECRET_BASE64}</Value><ValueDigest>AAAA</ValueDigest></Data>
           <Data Name="COUNTER"><Value>AAAAAAAAASw=</Value></Data>"#
    );
    first(r#"<EncryptionMethod algorithm="NONE"/>"#, &data)
}

#[test]
fn the_first_draft_is_read() {
    let (records, refusals) = read(&plain());
    assert_eq!(refusals, []);
    let record = &records[0];
    assert_eq!((record.serial.as_str(), record.key_id.as_str()), ("4711", "k-1"));
    assert_eq!((record.algorithm, record.digits, record.counter), (Algorithm::Hotp, 6, Some(300)));
    assert_eq!(record.issuer.as_deref(), Some("Bank"));
    assert_eq!(record.expires_at, UnixTime::from_rfc3339("2030-12-31T00:00:00Z"));
    assert!(warned(record, Code::WAlgDraft) && warned(record, Code::WDateTz));
    assert_eq!(secret_of(record), SECRET);
    assert_eq!(record.at.element, "SecretContainer/KeyPackage[1]/Secret");
}

#[test]
fn the_second_draft_differs_by_names() {
    let text = plain()
        .replace("SecretContainer", "KeyContainer")
        .replace(
            "http://www.openauthentication.org/OATH/2006/08/PSKC",
            "urn:ietf:params:xml:ns:keyprov:container",
        )
        .replace("<Secret SecretAlgorithm=\"HOTP\" SecretId", "<Key KeyAlgorithm=\"HOTP\" KeyId")
        .replace("</Secret>", "</Key>")
        .replace(" version=\"1.2\"", "");
    let (records, refusals) = read(&text);
    assert_eq!(refusals, []);
    assert_eq!((secret_of(&records[0]).as_str(), records[0].counter), (SECRET, Some(300)));
}

#[test]
fn passwords_of_the_first_drafts() {
    let encryption = r#"<EncryptionMethod algorithm="PBE-3DES112-CBC"><PBESalt>Lj/Od8+MTHQ=</PBESalt><PBEIterationCount>1000</PBEIterationCount></EncryptionMethod>"#;
    let data = r#"<Data Name="SECRET"><Value>PuXZsdagfB9h96n4Q9DMzpTpkV7RJMz179Izp+Gd1xE=</Value><ValueDigest>YpLhUo9nE365dZjuDblquCFcfmI=</ValueDigest></Data>
        <Data Name="COUNTER"><Value>klBRZmPiZBCze+5nhSa5oRisIyC+nGwk</Value><ValueDigest>7vOqcr0aWZmG1s6ahTntWTARWHw=</ValueDigest></Data>"#;
    let text = first(encryption, data);
    let open = |words: &str| {
        let unlock = Some(Unlock::Password(Secret::new(words.as_bytes().to_vec())));
        let encrypted_integers = Some(IntegerEncoding::BigEndian);
        all(text.as_bytes(), ReadOptions { encrypted_integers, ..as_draft(unlock) })
    };
    let (records, refusals) = open("draft password");
    assert_eq!(refusals, []);
    assert_eq!((secret_of(&records[0]).as_str(), records[0].counter), (SECRET, Some(7)));
    assert!(matches!(open("another").1[0].code, Code::MacMismatch));
    assert_eq!(code(&text.replace(">1000<", ">999<")), Code::KdfLimit);
    assert_eq!(code(&text.replace("PBE-3DES112-CBC", "PBE-RC4")), Code::EncAlg);
    let bare = text.replace("<ValueDigest>YpLhUo9nE365dZjuDblquCFcfmI=</ValueDigest>", "");
    assert_eq!(code(&bare), Code::MacMissing, "what the head says is encrypted is never plain");
}

#[test]
fn a_common_iv_and_a_mac_over_the_plaintext() {
    let text = r#"<KeyContainer xmlns="urn:ietf:params:xml:ns:keyprov:container:1.0" version="1.0">
<EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc#aes128-cbc"><IV>FcFxVftbFhUPLAvuD40XWg==</IV></EncryptionMethod>
<DigestMethod Algorithm="http://www.w3.org/2000/09/xmldsig#hmac-sha1"/>
<Device><DeviceId><Manufacturer>Maker</Manufacturer><SerialNo>0950000001</SerialNo></DeviceId>
<Key KeyAlgorithm="http://www.ietf.org/keyprov/pskc#hotp" KeyId="0950000001"><Issuer>Maker</Issuer>
<Usage OTP="true"><ResponseFormat Format="DECIMAL" Length="8"/></Usage>
<Data Name="SECRET"><Value>EYz9dMJ+WVZIwnNVdlqBpjoxrYDp8GiwC4rWk5t+bF0=</Value><ValueDigest>DseLaCv3aPY9uSEjOp2y9ynUuGg=</ValueDigest></Data>
<Data Name="COUNTER"><Value>AAAAAAAAASw=</Value></Data></Key></Device></KeyContainer>"#;
    let open = |text: &str| all(text.as_bytes(), with_key("1e362854546ac8b4577a457ebec02b28"));
    let (records, refusals) = open(text);
    assert_eq!(refusals, []);
    assert_eq!((secret_of(&records[0]).as_str(), records[0].counter), (SECRET, Some(300)));
    assert_eq!(records[0].digits, 8);
    let other = text.replace("DseLaCv3aPY9uSEjOp2y9ynUuGg=", "AAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    assert_eq!(open(&other).1[0].code, Code::MacMismatch);
    let cut = text.replace("<IV>FcFxVftbFhUPLAvuD40XWg==</IV>", "<IV>AAAA</IV>");
    assert_eq!(open(&cut).1[0].code, Code::EncAlg);
}

/// A late draft, in the namespace that the RFC took over.
fn late(head: &str, properties: &str, key: &str, data: &str) -> String {
    format!(
        r#"<KeyContainer Version="1.0" xmlns="urn:ietf:params:xml:ns:keyprov:pskc" xmlns:ds="http://www.w3.org/2000/09/xmldsig#" xmlns:xenc="http://www.w3.org/2001/04/xmlenc#">{head}{properties}
<Device><DeviceInfo><Manufacturer>Maker</Manufacturer><SerialNo>42</SerialNo></DeviceInfo>
<Key KeyId="a" {key}>{data}</Key></Device></KeyContainer>"#
    )
}

const TOTP: &str = "KeyAlgorithm=\"urn:ietf:params:xml:ns:keyprov:pskc#totp\"";
const USAGE: &str = "<Usage><ResponseFormat Length=\"6\" Encoding=\"DECIMAL\"/></Usage>";

fn values() -> String {
    format!(
        "<Data><Secret><PlainValue>{SECRET_BASE64}</PlainValue></Secret><TimeInterval><PlainValue>30</PlainValue></TimeInterval></Data>"
    )
}

#[test]
fn late_drafts_in_either_namespace() {
    for space in ["urn:ietf:params:xml:ns:keyprov:pskc", "urn:ietf:params:xml:ns:keyprov:pskc:1.0"]
    {
        let text = late("", "", TOTP, &format!("{USAGE}{}", values())).replace(
            "xmlns=\"urn:ietf:params:xml:ns:keyprov:pskc\"",
            &format!("xmlns=\"{space}\""),
        );
        let (records, refusals) = read(&text);
        assert_eq!(refusals, []);
        assert_eq!((records[0].algorithm, records[0].time_step_s), (Algorithm::Totp, Some(30)));
        assert!(warned(&records[0], Code::WAlgDraft));
    }
}

#[test]
fn a_mac_with_the_encryption_key() {
    let head = "<EncryptionKey><ds:KeyName>k</ds:KeyName></EncryptionKey><MACAlgorithm>
        http://www.w3.org/2000/09/xmldsig#hmac-sha1 </MACAlgorithm>";
    let data = r#"<Data><Secret><EncryptedValue><xenc:EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc#aes128-cbc"/><xenc:CipherData><xenc:CipherValue>Lmg7O+GRps523GI6VJmBkbnJUzdjTxrmxUsrbhXF1Xsn9MLZAQSKBkxMDEzl4/I0</xenc:CipherValue></xenc:CipherData></EncryptedValue><ValueMAC>+1xQGLQ2xzBD2b7pA9/TCAw3YEs=</ValueMAC></Secret><TimeInterval><PlainValue>30</PlainValue></TimeInterval></Data>"#;
    let text = late(head, "", TOTP, &format!("{USAGE}{data}"));
    let (records, refusals) = all(text.as_bytes(), with_key("56098ab8dc6984241a029bfb576a963a"));
    assert_eq!(refusals, []);
    assert_eq!(secret_of(&records[0]), SECRET);
    let inside = text
        .replace("</EncryptedValue><ValueMAC>", "<ValueMAC>")
        .replace("</ValueMAC>", "</ValueMAC></EncryptedValue>");
    assert_eq!(all(inside.as_bytes(), with_key("56098ab8dc6984241a029bfb576a963a")).1, []);
}

#[test]
fn several_keys_of_one_device_and_their_policies() {
    let pin = r#"<Key KeyId="pin" KeyAlgorithm="urn:ietf:params:xml:ns:keyprov:pskc#pin"><Data><Secret><PlainValue>MTIzNA==</PlainValue></Secret></Data></Key>"#;
    let text = late("", "", TOTP, &format!("{USAGE}{}", values()))
        .replace("</Device>", &format!("{pin}</Device>"));
    let (records, refusals) = read(&text);
    assert_eq!((records.len(), refusals[0].code), (1, Code::Usage), "a PIN is no token");
    let only_cr = text.replace("<Usage>", "<Usage CR=\"true\">");
    assert_eq!(code(&only_cr), Code::Usage);
    let twice = text.replace(pin, &pin.replace("\"pin\"", "\"a\""));
    assert_eq!(read(&twice).1.last().unwrap().code, Code::Duplicate);
    let policy = r#"<PINPolicy MinLength="4" PINUsageMode="Local"/><ExpiryDate>2031-01-01T00:00:00Z</ExpiryDate>"#;
    let text = late("", "", TOTP, &format!("{USAGE}{}{policy}", values()));
    let (records, _) = read(&text);
    assert!(records[0].policy.pin.is_some() && records[0].expires_at.is_some());
}

#[test]
fn properties_are_shared_by_the_keys_that_name_them() {
    let properties = format!(
        "<KeyProperties KeyPropertiesId=\"p\" {TOTP}><Issuer>Bank</Issuer>{USAGE}</KeyProperties>"
    );
    let text = late("", &properties, "KeyPropertiesId=\"p\"", &values());
    let (records, refusals) = read(&text);
    assert_eq!(refusals, []);
    assert_eq!((records[0].issuer.as_deref(), records[0].digits), (Some("Bank"), 6));
    assert_eq!(
        code(
            &text.replace("KeyId=\"a\" KeyPropertiesId=\"p\"", "KeyId=\"a\" KeyPropertiesId=\"q\"")
        ),
        Code::Schema
    );
}

#[test]
fn a_suite_may_stand_in_the_identifier() {
    let ocra = "KeyAlgorithm=\"urn:ietf:params:xml:ns:keyprov:pskc#OCRA-1:HOTP-SHA256-8:QN08\"";
    let usage = "<Usage CR=\"true\"><ChallengeFormat Min=\"8\" Max=\"8\" Format=\"DECIMAL\"/><ResponseFormat Length=\"8\" Format=\"DECIMAL\"/></Usage>";
    let text = late("", "", ocra, &format!("{usage}{}", values()));
    let (records, refusals) = read(&text);
    assert_eq!(refusals, []);
    assert_eq!(records[0].suite.as_deref(), Some("OCRA-1:HOTP-SHA256-8:QN08"));
    assert_eq!(records[0].algorithm, Algorithm::Ocra);
}

#[test]
fn drafts_are_never_taken_for_the_rfc() {
    let strict = |text: &str| all(text.as_bytes(), ReadOptions::default()).1[0].clone();
    let found = strict(&plain());
    assert_eq!(found.code, Code::Namespace);
    assert!(found.rule.contains("pskc-draft"), "{}", found.rule);
    let late = late("", "", TOTP, &format!("{USAGE}{}", values()));
    let found = strict(&late);
    assert_eq!(found.code, Code::Schema);
    assert!(found.rule.contains("pskc-draft"), "{}", found.rule);
    let hash = container(&good("1")).replace("pskc:totp", "pskc#totp");
    let found = strict(&hash);
    assert_eq!(found.code, Code::Alg);
    assert!(found.rule.contains("pskc-draft"), "{}", found.rule);
    assert_eq!(read(&hash).1, [], "and the other way round a file of the RFC is read");
}

#[test]
fn what_is_no_draft_is_refused() {
    assert_eq!(code("<KeyContainer xmlns='urn:x'/>"), Code::Namespace);
    assert_eq!(code("<Keys/>"), Code::Root);
    assert_eq!(code(&plain().replace("version=\"1.2\"", "version=\"3.0\"")), Code::Version);
    assert_eq!(code(&plain().replace("HOTP", "SecurID")), Code::Alg);
    assert_eq!(code(&plain().replace("12/31/2030", "02/03/2030")), Code::Date);
    assert_eq!(code(&plain().replace("AAAAAAAAASw=", "AAAAAAAAAAAAASw=")), Code::Int);
    assert_eq!(code(&plain().replace("Name=\"COUNTER\"", "Name=\"SECRET\"")), Code::Schema);
    let head = plain().replace("</DigestMethod>", "");
    assert_eq!(
        code(&head.replace("<Device>", "<DigestMethod algorithm=\"HMAC-MD5\"/><Foo/><Device>")),
        Code::Schema
    );
}
