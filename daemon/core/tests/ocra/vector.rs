//! One row of `tests/vectors/ocra.json`, and the software HMAC that stands in for the HSM.

use hmac::{Hmac, Mac as _};
use serde_json::Value;
use sha1::Sha1;
use sha2::{Sha256, Sha512};
use warifu_core::{
    oath::HashAlgorithm,
    ocra::{InputFault, Inputs, Question, Suite},
};

const FILE: &str = include_str!("../../../../tests/vectors/ocra.json");

#[derive(Clone, Debug)]
pub(crate) struct Vector(Value);

impl Vector {
    pub(crate) fn read(part: &str) -> Vec<Self> {
        let file: Value = serde_json::from_str(FILE).unwrap();
        file[part].as_array().unwrap().iter().cloned().map(Self).collect()
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str()
    }

    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        self.0.get(name)?.as_u64()
    }

    pub(crate) fn set(&mut self, name: &str, text: &str) {
        self.0[name] = text.into();
    }

    pub(crate) fn replace_mutual_by(&mut self, question: &str) {
        let row = self.0.as_object_mut().unwrap();
        row.remove("other");
        row.remove("own");
        self.set("question", question);
    }

    pub(crate) fn suite(&self) -> Suite {
        let text = self.text("suite").unwrap();
        let suite = Suite::parse(text).unwrap();
        assert_eq!(suite.text(), text);
        suite
    }

    pub(crate) fn question(&self) -> Question<'_> {
        self.text("question").map_or_else(
            || Question::Mutual(self.text("other").unwrap(), self.text("own").unwrap()),
            Question::One,
        )
    }

    pub(crate) fn data_input(&self) -> Result<Vec<u8>, InputFault> {
        let pin_hash = self.text("pin_hash").map(unhex);
        let session = self.text("session").map(unhex);
        self.suite().data_input(&Inputs {
            counter: self.number("counter"),
            question: self.question(),
            pin_hash: pin_hash.as_deref(),
            session: session.as_deref(),
            time_steps: self.number("time_steps"),
        })
    }

    pub(crate) fn assert_computes(&self) {
        let suite = self.suite();
        let key = unhex(self.text("key").unwrap());
        let mac = mac(suite.hash(), &key, &self.data_input().unwrap());
        if let Some(right) = self.text("mac") {
            assert_eq!(hex(&mac), right, "{self:?}");
        }
        let code = self.text("code").unwrap();
        let response = suite.response(&mac).unwrap();
        assert_eq!(response.expose(), code, "{self:?}");
        assert!(response.matches(code) && !response.matches("0") && !response.matches(""));
    }
}

pub(crate) fn mac(hash: HashAlgorithm, key: &[u8], data: &[u8]) -> Vec<u8> {
    macro_rules! run {
        ($hash:ty) => {
            Hmac::<$hash>::new_from_slice(key)
                .unwrap()
                .chain_update(data)
                .finalize()
                .into_bytes()
                .to_vec()
        };
    }
    match hash {
        HashAlgorithm::Sha1 => run!(Sha1),
        HashAlgorithm::Sha256 => run!(Sha256),
        HashAlgorithm::Sha512 => run!(Sha512),
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    let nibbles = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0x0F]);
    nibbles.filter_map(|nibble| char::from_digit(nibble.into(), 16)).collect()
}

pub(crate) fn unhex(text: &str) -> Vec<u8> {
    let nibble = |c: u8| char::from(c).to_digit(16).unwrap();
    let byte = |pair: &[u8]| u8::try_from(nibble(pair[0]) * 16 + nibble(pair[1])).unwrap();
    text.as_bytes().chunks(2).map(byte).collect()
}
