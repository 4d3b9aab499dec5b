//! Every encryption that a container may have. The values were made with another implementation
//! (Python's cryptography); the secret is one of two.

use warifu_keys::secret::Secret;
use warifu_keys::seedfile::crypto::{Cipher, KeySource};
use warifu_keys::seedfile::{Code, Lenience, ReadOptions, SecretValue, Unlock, open};

use super::{ROOT, SIX, STEP, all, package};

struct Sample {
    uri: &'static str,
    key: &'static str,
    value: &'static str,
    /// Encrypted MAC key, and HMAC-SHA-256 over the value.
    mac: Option<(&'static str, &'static str)>,
}

/// Of 20 octets, and of 24 where the cipher fills nothing up.
const SECRETS: [&str; 2] = [
    "5b0d0af4881d26d9606386aedd7357cc0c56ea2f",
    "cd5111fe53f86386b5a74aa1e0dfb9c399419fdfc86a470f",
];

const SAMPLES: &[Sample] = &[
    Sample {
        uri: "http://www.w3.org/2001/04/xmlenc#aes128-cbc",
        key: "929439b92cbe5ac63eb8a6bd12c7b2ca",
        value: "AfTTVKcG5JV18TjhsaPM+2Op5ajWf3gxdQXt/U1JGqSOUjp4DKGQzGI6ck9LLYnI",
        mac: Some((
            "ukOllL40bUIXJlI4p+RrUOa0rORTPr3DsYQeq0dp51LptYPLyi1fjxx/8GrdD6SR",
            "Li29YF48BTKPbpGd3kSIEDPEA5nlU82khhCcFzx6BoY=",
        )),
    },
    Sample {
        uri: "http://www.w3.org/2001/04/xmldsig-more#camellia128-cbc",
        key: "3e26e0037dc9404b8ac3e6ad78eeb677",
        value: "CBdV4JKJM8ILiR+q2s60VW4oEtzjoqmsv5f5T7WjmsvaTHl/78wk1HUccgqjsj06",
        mac: Some((
            "M1LZ7rTVYH3EPZReElvtPaomagKfnw3LY+7DvnvjKM1lKcEz1vkVnQH5OAOyQwhe",
            "xwN/X9SQ4ipLZ4mWur7kPUA2TeCs9mjwQ/V80rjM238=",
        )),
    },
    Sample {
        uri: "http://www.w3.org/2009/xmlenc11#aes128-gcm",
        key: "83aba274496fb4367c73ee183735af70",
        value: "ChoHsg3UQ1ndgdFZlh/T+JC5U7mkdHAwkc8JRQBYAKjtqBav9fpIpOJEiUYg+1MN",
        mac: None,
    },
    Sample {
        uri: "http://www.w3.org/2001/04/xmlenc#kw-aes128",
        key: "52dd5e56d173f35e5e3cb35ab08f1625",
        value: "4M1SM1c2SeTASaJRVuEV2qX3ExPQrSEXeaNh+y/Tvec=",
        mac: None,
    },
    Sample {
        uri: "http://www.w3.org/2009/xmlenc11#kw-aes-128-pad",
        key: "4c6448a515d2dadc917c50d519b8ce92",
        value: "wGiGo9QMcqjl+Rgo3EwNG0l5WA+X3G4xNKSOJuB3IhI=",
        mac: None,
    },
    Sample {
        uri: "http://www.w3.org/2001/04/xmldsig-more#kw-camellia128",
        key: "a63361ff48aee1fa3614e3ecac1d0572",
        value: "x3VjVF4PU7AOo1rrtMtzlEfIvsnAMA1FR9ADCgH1BBw=",
        mac: None,
    },
    Sample {
        uri: "http://www.w3.org/2001/04/xmlenc#aes192-cbc",
        key: "867ae7334b32667cc6cbb5c1791a4c1d4910c51c919d4daa",
        value: "AfTTVKcG5JV18TjhsaPM+xoI0WzNJSjIsR41Abt6fK3ARKqWHM4j4y9GL1xeUgAD",
        mac: Some((
            "ukOllL40bUIXJlI4p+RrUMHd1TS6dkHnfcPDJz1RffTK13tzjPC7nvxftL3b4/9m",
            "iIRu2xV6V+RAwtLcJrJ2x4DTzS0tA+sP0jEl7P3nYlY=",
        )),
    },
    Sample {
        uri: "http://www.w3.org/2001/04/xmldsig-more#camellia192-cbc",
        key: "a506e098a743f8c7d6fd6cf8c61a451973083852f844e2f6",
        value: "CBdV4JKJM8ILiR+q2s60VXg51P0wQ/Vo6Kh5m7SkgIty9mYsLatGJYrMUFp5UtFS",
        mac: Some((
            "M1LZ7rTVYH3EPZReElvtPcFZehOsZOnF8Gf0//oCfhTh6NvbXvjLQuV71vbZKnIq",
            "eMeTw0jqmrmr9ddwZc5xNlBc7FLrf7tMiS4AObtR/zQ=",
        )),
    },
    Sample {
        uri: "http://www.w3.org/2009/xmlenc11#aes192-gcm",
        key: "7dad3c51b8e77182d598c037b5fc8452e7d882db63d0da7b",
        value: "ChoHsg3UQ1ndgdFZ9KMOaSNSbmUZnsVUGjEOCq3479mlTt1uNRoAJnadgxlAf0eC",
        mac: None,
    },
    Sample {
        uri: "http://www.w3.org/2001/04/xmlenc#kw-aes192",
        key: "dd706650ae2c16296f2a4a1cd2dca2630252816a30ee6326",
        value: "45JD+v0Eiu8hINs+RXDICLB0PLe6Z9IMU73cM8dmuog=",
        mac: None,
    },
    Sample {
        uri: "http://www.w3.org/2009/xmlenc11#kw-aes-192-pad",
        key: "72190fffe27e179806a5b46f5394cded98066e73d5d8acff",
        value: "fqWvkW5R4NNxwJbdofAvB+cqZN5U8lL+LfAx7F3NS+M=",
        mac: None,
    },
    Sample {
        uri: "http://www.w3.org/2001/04/xmldsig-more#kw-camellia192",
        key: "21c725f60e7a6a22bce5469b2b012c826fc810568052f92b",
        value: "47C0FQU2baVU4t4BxSl5FkslEBtf+Sc1K/1wftF3mH0=",
        mac: None,
    },
    Sample {
        uri: "http://www.w3.org/2001/04/xmlenc#aes256-cbc",
        key: "ac7901a25da719eeda0675f79a5b2c76afbd2aa0e523ad94346e3b94af993ee1",
        value: "AfTTVKcG5JV18TjhsaPM+8NoLNIktk8VsLFDZknFOom5I+XvD8Yz5aZTANRijF6f",
        mac: Some((
            "ukOllL40bUIXJlI4p+RrUJpUixP03SvAn1Md3Xkt6VJfLDPap9vSvYRMhTM5gPoL",
            "1lAaYzs/87S4NJR4mRWzk/yPI4ItU4LGGs/l3sw1J/4=",
        )),
    },
    Sample {
        uri: "http://www.w3.org/2001/04/xmldsig-more#camellia256-cbc",
        key: "45993ab060c305e13538d71f35e709d87b6cf50041f10da852785c00e570b2e8",
        value: "CBdV4JKJM8ILiR+q2s60VQXjMmP5T6WMyTB2IOKaYBD0XrFyjnT2zk6ox6tMiv5u",
        mac: Some((
            "M1LZ7rTVYH3EPZReElvtPU5QVn7L8Y9j+kqorVNlq8zh+hDZt8lbLLfbhzi9thUC",
            "wU3edkw/72QAUIbM+M80kA7JUy+Jerl6byWpAJs6PpE=",
        )),
    },
    Sample {
        uri: "http://www.w3.org/2009/xmlenc11#aes256-gcm",
        key: "13d23b5e105e5746efa7183a46f0f368f194876878bddcb38350772f0d79cf62",
        value: "ChoHsg3UQ1ndgdFZQKH3N4753t+8GnoN7oQWDnWat0mPnC98UyxSvm1CvwByyuWO",
        mac: None,
    },
    Sample {
        uri: "http://www.w3.org/2001/04/xmlenc#kw-aes256",
        key: "c550bb9e0736858d6b676aea9331ff900b797bcafdf5c122ba7022ceab92c0f2",
        value: "aOIKiNXgoiYu+kA9AG+fw+imlzn/ON6qcsSxUUSokNE=",
        mac: None,
    },
    Sample {
        uri: "http://www.w3.org/2009/xmlenc11#kw-aes-256-pad",
        key: "cc2f151dac6335faa8b4ae873d7a005c1e0091bc15b65839056c46961ed261a4",
        value: "fnooaWm7NqGhiTfzKIyKFagJCJcVhpKuILEExh3aseE=",
        mac: None,
    },
    Sample {
        uri: "http://www.w3.org/2001/04/xmldsig-more#kw-camellia256",
        key: "01b7ee714572f80028c5e6f45a1a9b077e9a76e8080e9048c544980eb94dae2e",
        value: "CU7DiLs2l4Od+bd78nAo+62wXDtugIvNJxz9ARUy9hU=",
        mac: None,
    },
    Sample {
        uri: "http://www.w3.org/2001/04/xmlenc#tripledes-cbc",
        key: "c77f4a99be36663ed19b2a7de3b4eb47",
        value: "fYIPv3ZP0JhUW3HCIEcdaOV8Ddw2j90cZyFrC7qywlo=",
        mac: Some((
            "0gaLxZ3MiuZ/IOS8ozzFvyG1EsM6cZi24NEOeTaARgI=",
            "aPK358v6U7H1+s2KNDP4l0jl8tvz9mJyXpdr4/m57E0=",
        )),
    },
    Sample {
        uri: "http://www.w3.org/2001/04/xmlenc#kw-tripledes",
        key: "c77f4a99be36663ed19b2a7de3b4eb47",
        value: "ZRYgtS1xd4cvk3TtYQsy85alVLSXQhV7OsXzjbA6hyWfc3vAKYuotA==",
        mac: None,
    },
    Sample {
        uri: "http://www.w3.org/2001/04/xmlenc#tripledes-cbc",
        key: "1f13b8aa980abff17a34cf04bc85d1a8bfa83b2561f7d486",
        value: "fYIPv3ZP0JgKfcCWOvpJvniJTDlj5tkuXnkzfNQ8zGw=",
        mac: Some((
            "0gaLxZ3Miub6VLVp1cywtIGBI/sIgFQLGx2a2sU1I7A=",
            "Gj0CQ2TjZr6xwo+gvlPUbqyihI8lZ5d4V7HiRwdXYRs=",
        )),
    },
    Sample {
        uri: "http://www.w3.org/2001/04/xmlenc#kw-tripledes",
        key: "1f13b8aa980abff17a34cf04bc85d1a8bfa83b2561f7d486",
        value: "qM9C9Tz1dr3WV7TeanOu6YV2dwzaUcPha6RAI3a0qZFH31oyp2VQCg==",
        mac: None,
    },
];

fn encrypted(uri: &str, value: &str) -> String {
    format!(
        r#"<xenc:EncryptionMethod Algorithm="{uri}"/><xenc:CipherData><xenc:CipherValue>{value}</xenc:CipherValue></xenc:CipherData>"#
    )
}

fn secret(uri: &str, value: &str, mac: Option<&str>) -> String {
    let mac = mac.map(|mac| format!("<ValueMAC>{mac}</ValueMAC>")).unwrap_or_default();
    let value = encrypted(uri, value);
    format!("<Secret><EncryptedValue>{value}</EncryptedValue>{mac}</Secret>")
}

fn file(key: &str, method: &str, secret: &str) -> String {
    let one = package("1", SIX, &format!("{secret}{STEP}"), "");
    format!("{ROOT}<EncryptionKey>{key}</EncryptionKey>{method}{one}</KeyContainer>")
}

const NAMED: &str = "<ds:KeyName>transport</ds:KeyName>";

impl Sample {
    fn file(&self, key: &str) -> String {
        let method = self.mac.map(|(key, _)| {
            let key = encrypted(self.uri, key);
            let uri = "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256";
            format!(r#"<MACMethod Algorithm="{uri}"><MACKey>{key}</MACKey></MACMethod>"#)
        });
        let mac = self.mac.map(|(_, mac)| mac);
        file(key, &method.unwrap_or_default(), &secret(self.uri, self.value, mac))
    }
}

fn with_key(hex: &str) -> ReadOptions {
    ReadOptions { unlock: Some(Unlock::key_from_hex(hex).unwrap()), ..ReadOptions::default() }
}

fn code(text: &str, options: ReadOptions) -> Code {
    all(text.as_bytes(), options).1[0].code
}

fn code_of(text: &str) -> Code {
    code(text, ReadOptions::default())
}

#[test]
fn every_cipher_is_opened() {
    for sample in SAMPLES {
        let (records, refusals) = all(sample.file(NAMED).as_bytes(), with_key(sample.key));
        assert_eq!(refusals, [], "{}", sample.uri);
        let SecretValue::Plain(secret) = &records[0].secret else { panic!("still encrypted") };
        let found = hex::encode(secret.expose());
        assert!(SECRETS.contains(&found.as_str()), "{} {found}", sample.uri);
    }
}

#[test]
fn another_key_opens_none() {
    for sample in SAMPLES {
        let text = sample.file(NAMED);
        let other = "5a".repeat(sample.key.len() / 2);
        let found = code(&text, with_key(&other));
        assert!(matches!(found, Code::Decrypt | Code::MacMismatch), "{} {found}", sample.uri);
        assert_eq!(code(&text, with_key("5a5a5a5a5a5a5a5a5a5a")), Code::KeyLength);
    }
}

#[test]
fn a_changed_value_is_noticed_whatever_the_cipher() {
    for sample in SAMPLES {
        let at = sample.value.len() / 2;
        let (start, rest) = sample.value.split_at(at);
        let letter = if rest.starts_with('A') { 'B' } else { 'A' };
        let changed = format!("{start}{letter}{}", &rest[1..]);
        let text = sample.file(NAMED).replace(sample.value, &changed);
        let found = code(&text, with_key(sample.key));
        assert!(matches!(found, Code::Decrypt | Code::MacMismatch), "{} {found}", sample.uri);
    }
}

#[test]
fn a_cipher_without_integrity_needs_its_mac() {
    for sample in SAMPLES {
        let Some((_, mac)) = sample.mac else { continue };
        let text = sample.file(NAMED);
        let bare = text.replace(&format!("<ValueMAC>{mac}</ValueMAC>"), "");
        assert_eq!(code(&bare, with_key(sample.key)), Code::MacMissing, "{}", sample.uri);
        let without = file(NAMED, "", &secret(sample.uri, sample.value, None));
        assert_eq!(code(&without, with_key(sample.key)), Code::MacMethod, "{}", sample.uri);
    }
}

const PKCS1: &str = "http://www.w3.org/2001/04/xmlenc#rsa-1_5";
const OAEP: &str = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p";
const CBC: &str = "http://www.w3.org/2001/04/xmlenc#aes128-cbc";
const RSA_CERTIFICATE: &str = "MIICoTCCAYmgAwIBAgIBBzANBgkqhkiG9w0BAQsFADAUMRIwEAYDVQQDDAl0cmFuc3BvcnQwHhcNMjYwMTAxMDAwMDAwWhcNMzYwMTAxMDAwMDAwWjAUMRIwEAYDVQQDDAl0cmFuc3BvcnQwggEiMA0GCSqGSIb3DQEBAQUAA4IBDwAwggEKAoIBAQC4ckezvSlt8418uGh+OkF8d/+fZhtOe3L2FZ6eWuygYPSeAzCEZqUO2QYfWCIc6h1+1frnmN8BvFJO5SHdsnJCrPWbpXzeasQz5yvIYsuOMgkFwHO+ToNX/BOf7JJEVth8mw8ip6g1WJTtyTByv92f/uCypCRFexOUHAG/F4Zj+C8NZJ/yjB6OGL7pWZNmiQLq5cDhulj5P0duFwXA6PUZemi15WLLxAvPdnC6L3assYkI9o+pWPKqvOojFGNxs3IQMo7OO3mYpT+aOmqV0wKNv7MHBgtvr3TlRfuxT1fAahA+G0IbcD7NIUNgjwtjsuRUvf4PxTwXkRiF+bdFJ4J1AgMBAAEwDQYJKoZIhvcNAQELBQADggEBAIS6UqwagSFBsb3Y+Te5EyrzJ1FziG03t7fhax3V1JCAnsFGpIs9vDL41QfpWkS1XruZDsdLkRpCrp8NBMhNc1jL6okFHtEXmBGF70y8/EARwl7tOMxUXDY4AxZN+S2AYQqHgHvCZmXoFIpnxVIZxB4GbBwwRlCSAaG5de6+ZHZ/0QdAr3gfPu7s+91PysxDt0KCjWaKn8PQM/RJYXd6idT9tSFEdCbmwocRYvxVtCK4xTROXZB9t9/uiflif60K0x0Wd0fQvZihvAoUHUnH5Z9Pwx3OT0lwAAWDOskum5ukCNU9dulW1TQ8hgL3h25Y+lRh+YEZgn5HvoEXboo8Xgs=";
const EC_CERTIFICATE: &str = "MIIBFDCBu6ADAgECAgEHMAoGCCqGSM49BAMCMBQxEjAQBgNVBAMMCXRyYW5zcG9ydDAeFw0yNjAxMDEwMDAwMDBaFw0zNjAxMDEwMDAwMDBaMBQxEjAQBgNVBAMMCXRyYW5zcG9ydDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABA3X07N5wDfD4jr6w9NtkvaC6F6p539CdT39UpX7sMhnD4omVWJbziTyUENg+xQIA6kqV60mHXkUSXJmttC/iL0wCgYIKoZIzj0EAwIDSAAwRQIgLBUxQ2jFvJdi8kffgxGxYLwTpyLbIJfi+bQfu+/SV0ECIQCeo8evFa2V7rNUAfXhLjVp0tFTOIadK6SwWWQ6x8AANw==";

fn certificate(der: &str) -> String {
    format!("<ds:X509Data><ds:X509Certificate>{der}</ds:X509Certificate></ds:X509Data>")
}

/// As long as RSA of 2048 bits makes it.
fn rsa_value() -> String {
    format!("{}A==", "A".repeat(341))
}

#[test]
fn values_under_a_certificate_stay_encrypted_for_the_hsm() {
    for uri in [PKCS1, OAEP] {
        let text = file(&certificate(RSA_CERTIFICATE), "", &secret(uri, &rsa_value(), None));
        let mut reader = open(text.as_bytes(), ReadOptions::default()).unwrap();
        let record = reader.next().unwrap().unwrap();
        let SecretValue::Encrypted(value) = &record.secret else { panic!("opened") };
        assert!(value.cipher.is_rsa() && record.secret.may_have(20));
        let KeySource::Certificate { certificate, session: None, .. } =
            &reader.crypto().unwrap().key
        else {
            panic!("no certificate")
        };
        assert!(certificate.len() > 500);
        assert_eq!(code(&text, with_key("00")), Code::KeyRequired);
    }
}

#[test]
fn a_name_alone_may_be_that_of_an_rsa_key() {
    let text = file(NAMED, "", &secret(PKCS1, &rsa_value(), None));
    let mut reader = open(text.as_bytes(), ReadOptions::default()).unwrap();
    assert!(reader.next().unwrap().is_ok());
    let crypto = reader.crypto().unwrap();
    assert!(
        matches!(&crypto.key, KeySource::Certificate { certificate, .. } if certificate.is_empty())
    );
    assert_eq!((crypto.key.name(), crypto.cipher), (Some("transport"), Some(Cipher::RsaPkcs1)));
}

#[test]
fn a_session_key_comes_under_a_certificate() {
    let sample = SAMPLES.iter().find(|sample| sample.uri == CBC).unwrap();
    let key = encrypted(OAEP, &rsa_value());
    let (method, data) = key.split_once("<xenc:CipherData>").unwrap();
    let info = certificate(RSA_CERTIFICATE);
    let key = format!(
        "<xenc:EncryptedKey>{method}<ds:KeyInfo>{info}</ds:KeyInfo><xenc:CipherData>{data}</xenc:EncryptedKey>"
    );
    let text = sample.file(&key);
    let mut reader = open(text.as_bytes(), ReadOptions::default()).unwrap();
    let KeySource::Certificate { session: Some(session), .. } = &reader.crypto().unwrap().key
    else {
        panic!("no session key")
    };
    assert_eq!(session.cipher, Cipher::RsaOaep);
    let record = reader.next().unwrap().unwrap();
    assert!(matches!(record.secret, SecretValue::Encrypted(value) if value.mac.is_some()));
    let aes = text.replacen(OAEP, "http://www.w3.org/2001/04/xmlenc#kw-aes128", 1);
    assert_eq!(code_of(&aes), Code::EncAlg, "only RSA wraps a session key");
}

#[test]
fn certificates_and_their_use_are_checked() {
    let rsa = secret(PKCS1, &rsa_value(), None);
    let cut = &RSA_CERTIFICATE[..400];
    for bad in ["", "AAAA", "not base64!", cut, EC_CERTIFICATE] {
        assert_eq!(code_of(&file(&certificate(bad), "", &rsa)), Code::Cert, "{bad}");
    }
    let short = secret(PKCS1, "AAAA", None);
    assert_eq!(code_of(&file(&certificate(RSA_CERTIFICATE), "", &short)), Code::Decrypt);
    let kw = "http://www.w3.org/2001/04/xmlenc#kw-aes128";
    let aes = secret(kw, "4M1SM1c2SeTASaJRVuEV2qX3ExPQrSEXeaNh+y/Tvec=", None);
    assert_eq!(code_of(&file(&certificate(RSA_CERTIFICATE), "", &aes)), Code::EncAlg);
    let digest = r#"<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>"#;
    let sha256 = secret(OAEP, &rsa_value(), None)
        .replace("mgf1p\"/>", &format!("mgf1p\">{digest}</xenc:EncryptionMethod>"));
    assert_eq!(code_of(&file(&certificate(RSA_CERTIFICATE), "", &sha256)), Code::EncAlg);
    let both = format!("{}<xenc:EncryptedKey/>", certificate(RSA_CERTIFICATE));
    assert_eq!(code_of(&file(&both, "", &rsa)), Code::Schema);
}

const AGREED: (&str, &str) =
    ("b944dcfbad3c2d0e63c589642864926d", "201d5244d04065fe8a504c533f1beb0d4025a320");
const AGREED_VALUE: &str = "bHN18d2XdrJ+hhc/G9/8jvmkYgoxjZQNmyRQiZ7liIu3u8WcmES+QfmnN3VKGLpO";
const AGREED_MAC: &str = "OFTAteGKJFupzpUdtXcRA9f1dH0=";
const MAC_OVER_PLAINTEXT: &str = "IkDmo2vgeMdOoa3P4YnE6dzp+TI=";

fn agreed(mac: &str) -> String {
    let method = r#"<MACMethod Algorithm="http://www.w3.org/2000/09/xmldsig#hmac-sha1"><MACKeyReference>mac-1</MACKeyReference></MACMethod>"#;
    file(NAMED, method, &secret(CBC, AGREED_VALUE, Some(mac)))
}

fn with_both(mac_over_plaintext: bool) -> ReadOptions {
    let mac_key = Some(Secret::new(hex::decode(AGREED.1).unwrap()));
    let lenience = Lenience { mac_over_plaintext };
    ReadOptions { mac_key, lenience, ..with_key(AGREED.0) }
}

#[test]
fn a_mac_key_may_be_agreed_beforehand() {
    let (records, refusals) = all(agreed(AGREED_MAC).as_bytes(), with_both(false));
    assert_eq!((records.len(), refusals), (1, vec![]));
    let missing = all(agreed(AGREED_MAC).as_bytes(), with_key(AGREED.0)).1;
    assert_eq!((missing[0].code, missing[0].field.as_ref()), (Code::MacKey, "MACKeyReference"));
    let wrong = ReadOptions { mac_key: Some(Secret::new(vec![0; 20])), ..with_key(AGREED.0) };
    assert_eq!(code(&agreed(AGREED_MAC), wrong), Code::MacMismatch);
    let short = ReadOptions { mac_key: Some(Secret::new(vec![0; 4])), ..with_key(AGREED.0) };
    assert_eq!(code(&agreed(AGREED_MAC), short), Code::MacKey);
}

#[test]
fn a_mac_over_the_plaintext_is_taken_only_where_allowed() {
    let text = agreed(MAC_OVER_PLAINTEXT);
    assert_eq!(code(&text, with_both(false)), Code::MacMismatch);
    assert_eq!(all(text.as_bytes(), with_both(true)).1, []);
    assert_eq!(all(agreed(AGREED_MAC).as_bytes(), with_both(true)).1, []);
    assert_eq!(code(&agreed("AAAAAAAAAAAAAAAAAAAAAAAAAAA="), with_both(true)), Code::MacMismatch);
}

#[test]
fn a_password_is_taken_as_typed() {
    // The e with an accent as one character, and as two: other octets, another key.
    let kdf = r#"<xenc11:DerivedKey xmlns:xenc11="http://www.w3.org/2009/xmlenc11#"><xenc11:KeyDerivationMethod Algorithm="http://www.w3.org/2009/xmlenc11#pbkdf2"><xenc11:PBKDF2-params><xenc11:Salt><xenc11:Specified>AAECAwQFBgc=</xenc11:Specified></xenc11:Salt><xenc11:IterationCount>1000</xenc11:IterationCount><xenc11:KeyLength>16</xenc11:KeyLength></xenc11:PBKDF2-params></xenc11:KeyDerivationMethod></xenc11:DerivedKey>"#;
    let sample = SAMPLES.iter().find(|sample| sample.uri.ends_with("#kw-aes128")).unwrap();
    let text = sample.file(kdf);
    for words in ["caf\u{e9}", "cafe\u{301}"] {
        let unlock = Some(Unlock::Password(Secret::new(words.as_bytes().to_vec())));
        assert_eq!(code(&text, ReadOptions { unlock, ..ReadOptions::default() }), Code::Decrypt);
    }
    let longer = text.replace(">16<", ">24<");
    assert_eq!(code_of(&longer), Code::KdfParam, "KeyLength is that of the cipher");
}
