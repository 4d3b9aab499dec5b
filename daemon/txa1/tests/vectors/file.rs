//! Reads `tests/vectors/txa1.json`.

use serde_json::Value;
use warifu_txa1::{frame::Kind, secret::Salt, serial::DeviceSerial};

const FILE: &str = include_str!("../../../../tests/vectors/txa1.json");

/// An object of the file.
#[derive(Clone, Debug)]
pub(crate) struct Row(Value);

impl Row {
    pub(crate) fn file() -> Self {
        Self(serde_json::from_str(FILE).unwrap())
    }

    pub(crate) fn all(part: &str) -> Vec<Self> {
        let rows: Vec<_> =
            Self::file().0[part].as_array().unwrap().iter().cloned().map(Self).collect();
        assert!(!rows.is_empty(), "{part}");
        rows
    }

    pub(crate) fn named(part: &str, name: &str) -> Self {
        Self::all(part).into_iter().find(|row| row.text("name") == name).unwrap()
    }

    pub(crate) fn row(&self, name: &str) -> Self {
        Self(self.0[name].clone())
    }

    pub(crate) fn text(&self, name: &str) -> &str {
        self.0[name].as_str().unwrap()
    }

    pub(crate) fn texts(&self, name: &str) -> Vec<&str> {
        self.0[name].as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect()
    }

    pub(crate) fn bytes(&self, name: &str) -> Vec<u8> {
        hex::decode(self.text(name)).unwrap()
    }

    pub(crate) fn array<const N: usize>(&self, name: &str) -> [u8; N] {
        self.bytes(name).try_into().unwrap()
    }

    pub(crate) fn salt(&self, name: &str) -> Salt {
        Salt::new(self.array(name))
    }

    pub(crate) fn optional<T: TryFrom<u64>>(&self, name: &str) -> Option<T> {
        T::try_from(self.0.get(name)?.as_u64()?).ok()
    }

    pub(crate) fn number<T: TryFrom<u64>>(&self, name: &str) -> T {
        self.optional(name).unwrap()
    }

    pub(crate) fn kind(&self) -> Kind {
        Kind::from_byte(self.number("kind")).unwrap()
    }
}

/// The only token of the file.
pub(crate) fn serial() -> DeviceSerial {
    DeviceSerial::from_text(Row::file().row("token").text("serial")).unwrap()
}
