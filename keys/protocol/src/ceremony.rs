//! Shapes of transport keys and methods of their check values, in the words of key ceremonies.
//!
//! Not responsible for: components and sums, which are jobs (`message.rs`).

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A symmetric transport key that comes from outside.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub enum TransportShape {
    /// AES.
    Aes {
        /// 128, 192, 256.
        bits: u16,
    },
    /// Triple DES.
    TripleDes {
        /// 16 for two keys, 24 for three.
        bytes: u8,
    },
}

impl TransportShape {
    /// Length of the key and of each component, in bytes. `None` where there is no such key.
    pub const fn length(self) -> Option<usize> {
        match self {
            Self::Aes { bits: 128 } | Self::TripleDes { bytes: 16 } => Some(16),
            Self::Aes { bits: 192 } | Self::TripleDes { bytes: 24 } => Some(24),
            Self::Aes { bits: 256 } => Some(32),
            Self::Aes { .. } | Self::TripleDes { .. } => None,
        }
    }
}

/// How a key check value is made. Only the vendor knows which one a form shows.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub enum KcvMethod {
    /// First 3 bytes of the block cipher over a zero block.
    Ecb,
    /// First 5 bytes of CMAC over a zero block (ANSI X9.24-1:2017, annex A).
    Cmac,
}

impl KcvMethod {
    /// Length of the check value, in bytes.
    pub const fn length(self) -> usize {
        match self {
            Self::Ecb => 3,
            Self::Cmac => 5,
        }
    }
}

/// What kind of transport key lies in the HSM; as text `aes-256`, `3des`, `rsa-3072`.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(into = "String", try_from = "String")]
pub enum KeyShape {
    /// AES with that many bits.
    Aes(u16),
    /// Triple DES.
    TripleDes,
    /// An RSA key pair with a modulus of that many bits.
    Rsa(u16),
}

impl KeyShape {
    /// Bits of the key as its name has them; a triple DES key of two halves is kept as one of three.
    pub const fn bits(self) -> u16 {
        match self {
            Self::Aes(bits) | Self::Rsa(bits) => bits,
            Self::TripleDes => 192,
        }
    }
}

impl fmt::Display for KeyShape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Aes(bits) => write!(f, "aes-{bits}"),
            Self::TripleDes => f.write_str("3des"),
            Self::Rsa(bits) => write!(f, "rsa-{bits}"),
        }
    }
}

/// A text that names no shape of key.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("no shape of a transport key")]
pub struct UnknownShape;

impl FromStr for KeyShape {
    type Err = UnknownShape;

    fn from_str(text: &str) -> Result<Self, UnknownShape> {
        let bits = |bits: &str| bits.parse().map_err(|_| UnknownShape);
        match text.split_once('-') {
            None if text == "3des" => Ok(Self::TripleDes),
            Some(("aes", size)) => bits(size).map(Self::Aes),
            Some(("rsa", size)) => bits(size).map(Self::Rsa),
            _ => Err(UnknownShape),
        }
    }
}

impl From<KeyShape> for String {
    fn from(shape: KeyShape) -> Self {
        shape.to_string()
    }
}

impl TryFrom<String> for KeyShape {
    type Error = UnknownShape;

    fn try_from(text: String) -> Result<Self, UnknownShape> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_have_the_lengths_of_their_keys() {
        let lengths = [
            (TransportShape::Aes { bits: 128 }, Some(16)),
            (TransportShape::Aes { bits: 192 }, Some(24)),
            (TransportShape::Aes { bits: 256 }, Some(32)),
            (TransportShape::Aes { bits: 160 }, None),
            (TransportShape::TripleDes { bytes: 16 }, Some(16)),
            (TransportShape::TripleDes { bytes: 24 }, Some(24)),
            (TransportShape::TripleDes { bytes: 8 }, None),
        ];
        for (shape, length) in lengths {
            assert_eq!(shape.length(), length, "{shape:?}");
        }
    }

    #[test]
    fn shapes_are_read_as_they_are_written() {
        for shape in [KeyShape::Aes(192), KeyShape::TripleDes, KeyShape::Rsa(3072)] {
            assert_eq!(shape.to_string().parse(), Ok(shape));
        }
        assert_eq!("des".parse::<KeyShape>(), Err(UnknownShape));
    }
}
