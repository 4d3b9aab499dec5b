//! Files to read: an example with two payments, made field by field, and what is changed in it.

use serde_json::Value;
use warifu_core::{
    kana,
    zengin::{Batch, Fault, NameSet, parse},
};

#[derive(Clone)]
pub(crate) struct File(Vec<Vec<u8>>);

impl File {
    pub(crate) fn of_vector(vector: &Value) -> Self {
        let records = vector["records"].as_array().unwrap();
        Self(records.iter().map(|record| unhex(record.as_str().unwrap())).collect())
    }

    /// 1,000 yen and 250,000 yen.
    pub(crate) fn example() -> Self {
        Self::paying(&[1000, 250_000])
    }

    pub(crate) fn paying(amounts: &[u64]) -> Self {
        let mut records = vec![format!(
            "1210{:010}{:40}1128{:04}{:15}{:03}{:15}1{:07}{:17}",
            1_234_567_890, "ﾐﾎﾝｼﾖｳｼﾞ(ｶ", 144, "ﾎｸﾘｸ", 11, "ﾎﾝﾃﾝ", 12_345, ""
        )];
        for (place, amount) in amounts.iter().enumerate() {
            records.push(format!(
                "2{:04}{:15}{:03}{:15}{:04}1{:07}{:30}{amount:010}0{:20}7{:8}",
                138,
                "ﾖｺﾊﾏ",
                201,
                "",
                0,
                1_234_567 + place,
                "ｶ)ｱｵｿﾗｼﾖｳｶｲ",
                "",
                ""
            ));
        }
        let total: u64 = amounts.iter().sum();
        records.push(format!("8{:06}{total:012}{:101}", amounts.len(), ""));
        Self(records.iter().map(|record| kana::to_jis(record).unwrap()).collect())
    }

    pub(crate) fn push_end(&mut self) {
        self.0.push(format!("9{:119}", "").into_bytes());
    }

    /// Writes over a record, from a column counted from 0.
    pub(crate) fn with(mut self, record: usize, column: usize, text: &str) -> Self {
        let bytes = kana::to_jis(text).unwrap();
        self.0[record][column..column + bytes.len()].copy_from_slice(&bytes);
        self
    }

    pub(crate) fn with_byte(mut self, record: usize, column: usize, byte: u8) -> Self {
        self.0[record][column] = byte;
        self
    }

    pub(crate) fn without_bank_names(self) -> Self {
        let blank = " ".repeat(15);
        let file = self.with(0, 62, &blank).with(0, 80, &blank);
        (1..file.0.len() - 1).fold(file, |file, record| file.with(record, 5, &blank))
    }

    pub(crate) fn records(&mut self) -> &mut Vec<Vec<u8>> {
        &mut self.0
    }

    pub(crate) fn joined(&self, separator: &str) -> Vec<u8> {
        self.0.join(separator.as_bytes())
    }

    pub(crate) fn parse(&self) -> Result<Batch, Fault> {
        parse(&self.joined(""), &NameSet::default())
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
