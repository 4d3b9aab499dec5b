//! URIs of tokens and of the OTP keys in them (RFC 7512). `type` is left away: the standard's list has no
//! word for OTP keys.
//!
//! Not responsible for finding keys, which the program does that is given the URI.

use std::fmt::Write as _;

use warifu_pkcs11::{Config, MANUFACTURER, MODEL, SlotConfig};

use crate::End;

const SCHEME: &str = "pkcs11:";

pub(crate) fn print(config: &Config, label: &str, serial: Option<&str>) -> End {
    let Some(slot) = config.slots.iter().find(|slot| slot.label == label) else {
        return End::Usage(format!("--slot: no slot has the label {label:?}"));
    };
    if serial == Some("") {
        return End::Usage("--serial: is empty".to_owned());
    }
    End::Shown { text: uri(slot, serial) + "\n", well: true }
}

pub(crate) fn parse(config: &Config, uri: &str) -> End {
    let wanted = match Wanted::read(uri) {
        Ok(wanted) => wanted,
        Err(why) => return End::Usage(format!("--parse: {why}")),
    };
    let mut text = String::new();
    for slot in config.slots.iter().filter(|slot| wanted.fits(slot)) {
        // Writing to a String does not fail.
        let _ = writeln!(text, "slot {}: {}", slot.id, slot.label);
    }
    if text.is_empty() {
        text.push_str("no slot\n");
    }
    let keys = wanted.serial.map(|serial| format!("serial: {serial}\n"));
    text.push_str(keys.as_deref().unwrap_or("all OTP tokens in it\n"));
    End::Shown { text, well: true }
}

fn uri(slot: &SlotConfig, serial: Option<&str>) -> String {
    let serial_of_token = slot.token_serial();
    let mut uri = format!(
        "{SCHEME}manufacturer={};model={};serial={};token={}",
        escaped(MANUFACTURER),
        escaped(MODEL),
        escaped(&serial_of_token),
        escaped(&slot.label)
    );
    if let Some(serial) = serial {
        uri.push_str(";object=");
        uri.push_str(&escaped(serial));
    }
    uri
}

/// What a URI asks for.
#[derive(Debug, Default, Eq, PartialEq)]
struct Wanted {
    /// Attributes of slot and token: name and value.
    token: Vec<(String, String)>,
    /// `object` or `id`, which are the serial for our keys.
    serial: Option<String>,
}

impl Wanted {
    /// What comes after the question mark (PINs, modules) selects nothing.
    fn read(uri: &str) -> Result<Self, &'static str> {
        let rest = uri.strip_prefix(SCHEME).ok_or("does not begin with pkcs11:")?;
        let path = rest.split_once('?').map_or(rest, |(path, _)| path);
        let mut wanted = Self::default();
        let mut seen = Vec::new();
        for attribute in path.split(';').filter(|attribute| !attribute.is_empty()) {
            let (name, value) = attribute.split_once('=').ok_or("has an attribute without =")?;
            let value = unescaped(value).ok_or("has a wrong percent-encoding")?;
            if seen.contains(&name) {
                return Err("has an attribute twice"); // RFC 7512 s.2.3
            }
            seen.push(name);
            match name {
                "object" | "id" if wanted.serial.as_ref().is_none_or(|one| *one == value) => {
                    wanted.serial = Some(value);
                }
                "object" | "id" => return Err("has an object and an id that differ"),
                _ => wanted.token.push((name.to_owned(), value)),
            }
        }
        Ok(wanted)
    }

    /// RFC 7512 s.2.3: an attribute that is not known selects nothing.
    fn fits(&self, slot: &SlotConfig) -> bool {
        self.token.iter().all(|(name, value)| match name.as_str() {
            "manufacturer" | "library-manufacturer" | "slot-manufacturer" => value == MANUFACTURER,
            "model" => value == MODEL,
            "serial" => *value == slot.token_serial(),
            "token" => *value == slot.label,
            "slot-id" => *value == slot.id.to_string(),
            _ => false,
        })
    }
}

/// RFC 7512 s.2.3, pk11-pchar: unreserved characters, and those of the reserved ones that a path takes.
fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:[]@!$'()*+,=&".contains(&byte);
    let one = |byte| if plain(byte) { char::from(byte).into() } else { format!("%{byte:02X}") };
    text.bytes().map(one).collect()
}

fn unescaped(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || char::from(rest.next()?).to_digit(16);
        let (high, low) = (digit()?, digit()?);
        bytes.push(u8::try_from(high * 16 + low).ok()?);
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn slot(id: u64, label: &str) -> SlotConfig {
        SlotConfig {
            id,
            label: label.to_owned(),
            servers: Vec::new(),
            ca: "/none".into(),
            certificate: "/none".into(),
            key: "/none".into(),
            deadline: Duration::ZERO,
            connect_timeout: Duration::ZERO,
            import_deadline: Duration::ZERO,
        }
    }

    #[test]
    fn a_uri_survives_being_read_whatever_the_label() {
        for label in ["Warifu", "a;b?c=d/e#f%g h", "割符", "\"<>\\^`{|}"] {
            let slot = slot(1, label);
            let uri = uri(&slot, Some("00/12;x"));
            assert!(uri.is_ascii() && !uri.contains([' ', '?', '#', '"']), "{uri}");
            let wanted = Wanted::read(&uri).unwrap();
            assert!(wanted.fits(&slot), "{uri}");
            assert_eq!(wanted.serial.as_deref(), Some("00/12;x"));
        }
        assert!(uri(&slot(1, "My Token"), None).ends_with(";token=My%20Token"));
    }

    #[test]
    fn a_uri_selects_by_all_of_its_attributes() {
        let fits = |uri: &str| Wanted::read(uri).unwrap().fits(&slot(7, "Warifu"));
        assert!(fits("pkcs11:"));
        assert!(fits("pkcs11:token=Warifu;slot-id=7?pin-value=1234"));
        assert!(fits("pkcs11:model=Warifu%20OTP;id=%30%31"));
        assert!(!fits("pkcs11:token=Warifu;slot-id=8"));
        assert!(!fits("pkcs11:token=warifu"));
        assert!(!fits("pkcs11:type=cert"));
    }

    #[test]
    fn a_wrong_uri_is_told() {
        for wrong in [
            "token=x",
            "pkcs11:token",
            "pkcs11:token=%4",
            "pkcs11:token=%ff",
            "pkcs11:token=a;token=b",
            "pkcs11:id=a;object=b",
        ] {
            assert!(Wanted::read(wrong).is_err(), "{wrong}");
        }
        assert_eq!(Wanted::read("pkcs11:id=%30;object=0").unwrap().serial.as_deref(), Some("0"));
    }
}
