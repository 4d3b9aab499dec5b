//! Keys in parts as they are printed on sheets of paper, with the check values that `openssl` computes.
//!
//! Not responsible for: who types which.

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use e2e::token::random;
use serde_json::{Value, json};

/// A kind of key as the API and as `openssl` call it.
pub(super) struct Shape {
    pub(super) word: &'static str,
    length: usize,
    ecb: &'static str,
    cbc: &'static str,
    block: usize,
}

pub(super) const AES_128: Shape =
    Shape { word: "aes-128", length: 16, ecb: "-aes-128-ecb", cbc: "aes-128-cbc", block: 16 };
pub(super) const AES_256: Shape =
    Shape { word: "aes-256", length: 32, ecb: "-aes-256-ecb", cbc: "aes-256-cbc", block: 16 };
pub(super) const DES_2: Shape =
    Shape { word: "3des-2key", length: 16, ecb: "-des-ede3", cbc: "des-ede3-cbc", block: 8 };
pub(super) const DES_3: Shape =
    Shape { word: "3des-3key", length: 24, ecb: "-des-ede3", cbc: "des-ede3-cbc", block: 8 };

impl Shape {
    /// The check value of a key or a component.
    pub(super) fn kcv(&self, method: &str, key: &[u8]) -> String {
        let zeros = vec![0; self.block];
        let mut whole = key.to_vec();
        if self.word == DES_2.word {
            whole.extend_from_slice(&key[..8]);
        }
        let hex_key = hex::encode(whole);
        let tool = &mut Command::new("openssl");
        if method == "ecb" {
            tool.args(["enc", self.ecb, "-K", &hex_key, "-nopad"]);
            return hex::encode(&piped(tool, &zeros)[..3]);
        }
        tool.args(["mac", "-binary", "-cipher", self.cbc, "-macopt"]);
        tool.arg(format!("hexkey:{hex_key}")).arg("CMAC");
        hex::encode(&piped(tool, &zeros)[..5])
    }
}

fn piped(tool: &mut Command, input: &[u8]) -> Vec<u8> {
    let mut child =
        tool.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("openssl can be started");
    let mut stdin = child.stdin.take().expect("stdin is piped");
    stdin.write_all(input).expect("openssl reads what it is given");
    drop(stdin);
    let output = child.wait_with_output().expect("our own child");
    assert!(output.status.success(), "{tool:?}");
    output.stdout
}

/// A key in parts: what is printed on each officer's sheet of paper.
pub(super) struct Sheets {
    pub(super) shape: &'static Shape,
    method: &'static str,
    pub(super) components: Vec<Vec<u8>>,
}

impl Sheets {
    pub(super) fn new(shape: &'static Shape, method: &'static str, count: usize) -> Self {
        Self { shape, method, components: (0..count).map(|_| random(shape.length)).collect() }
    }

    pub(super) fn key(&self) -> Vec<u8> {
        let mut key = vec![0; self.shape.length];
        for component in &self.components {
            key.iter_mut().zip(component).for_each(|(sum, byte)| *sum ^= byte);
        }
        key
    }

    /// Check value of the whole.
    pub(super) fn kcv(&self) -> String {
        self.shape.kcv(self.method, &self.key())
    }

    /// What the officer of a sheet types.
    pub(super) fn entry(&self, index: usize) -> Value {
        let component = &self.components[index];
        json!({
            "component": hex::encode_upper(component),
            "kcv": self.shape.kcv(self.method, component),
        })
    }

    pub(super) fn request(&self, label: &str) -> Value {
        json!({
            "label": label,
            "shape": self.shape.word,
            "components": self.components.len(),
            "kcv_method": self.method,
        })
    }

    /// The same with the check value of the whole as the manufacturer states it.
    pub(super) fn request_with_kcv(&self, label: &str) -> Value {
        let mut request = self.request(label);
        request["kcv"] = json!(self.kcv());
        request
    }
}
