//! The frame of a message from the server to a token: who it is for, in the clear and authenticated,
//! and what is sealed for them.
//!
//! ```text
//! offset 0   1     2        7          8         10      22
//!        01  kind  serial   instance   counter   nonce   ciphertext | 16-byte tag
//! ```
//!
//! Not responsible for: sealing and opening (AES-256-GCM, by the HSM and by the token), or whether
//! the instance and counter are the ones that the token is at.

use thiserror::Error;
use zeroize::Zeroizing;

use crate::serial::DeviceSerial;

/// Bytes of the authenticated header.
pub const HEADER_LEN: usize = 10;
/// Bytes of the nonce, from the HSM's generator.
pub const NONCE_LEN: usize = 12;
/// Bytes of the tag at the end of what is sealed.
pub const TAG_LEN: usize = 16;
/// Longest message: its QR code has version 15 at level M.
pub const MAX_MESSAGE: usize = 396;
/// Longest plaintext of a message.
pub const MAX_PLAINTEXT: usize = MAX_MESSAGE - HEADER_LEN - NONCE_LEN - TAG_LEN;
/// Highest activation counter of a token: the device code has three digits for it.
pub const MAX_COUNTER: u16 = 999;

const VERSION: u8 = 1;

/// What a message is for.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[repr(u8)]
pub enum Kind {
    /// First activation message: brings NS.
    Am1 = 0x11,
    /// Second activation message: brings NI and who the user is.
    Am2 = 0x12,
    /// Something to be signed.
    Transaction = 0x21,
    /// A second user joins the token.
    Share = 0x22,
    /// The token forgets its activation.
    Deactivate = 0x23,
}

impl Kind {
    const ALL: [Self; 5] = [Self::Am1, Self::Am2, Self::Transaction, Self::Share, Self::Deactivate];

    /// The byte in the header.
    pub const fn byte(self) -> u8 {
        self as u8
    }

    /// Reads [`Self::byte`].
    pub fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.byte() == byte)
    }
}

/// Why bytes are no frame. Nothing of them was used.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum FrameFault {
    /// Shorter than a frame with one byte of content, or longer than [`MAX_MESSAGE`].
    #[error("has a length that no message has")]
    Length,
    /// Another version of the protocol: the token or the server is too old.
    #[error("is of another version of the protocol")]
    Version,
    /// A kind that version 1 does not have.
    #[error("is of an unknown kind")]
    Kind,
    /// The serial is not decimal digits.
    #[error("has a serial that is not decimal")]
    Serial,
    /// A first activation message with an instance or a counter: it has none yet.
    #[error("is a first activation message of an activation that exists already")]
    Activation,
    /// Another message without instance or counter: it belongs to no activation.
    #[error("belongs to no activation")]
    NoActivation,
    /// A counter above [`MAX_COUNTER`].
    #[error("has an activation counter above 999")]
    Counter,
}

impl FrameFault {
    /// A stable word for screens, logs and tests.
    pub const fn word(self) -> &'static str {
        match self {
            Self::NoActivation => "no_activation",
            Self::Length
            | Self::Version
            | Self::Kind
            | Self::Serial
            | Self::Activation
            | Self::Counter => "bad_field",
        }
    }
}

/// The first ten bytes: for whom and for which activation a message is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Header {
    kind: Kind,
    serial: DeviceSerial,
    instance: u8,
    counter: u16,
}

impl Header {
    /// The header of a first activation message, which belongs to no activation yet.
    pub const fn first(serial: DeviceSerial) -> Self {
        Self { kind: Kind::Am1, serial, instance: 0, counter: 0 }
    }

    /// Instance and counter are 0 in AM1; elsewhere 1..=255, and 1..=999.
    pub const fn new(
        kind: Kind,
        serial: DeviceSerial,
        instance: u8,
        counter: u16,
    ) -> Result<Self, FrameFault> {
        match (kind, instance, counter) {
            (Kind::Am1, 0, 0) => Ok(Self::first(serial)),
            (Kind::Am1, _, _) => Err(FrameFault::Activation),
            (_, 0, _) | (_, _, 0) => Err(FrameFault::NoActivation),
            (_, _, 1..=MAX_COUNTER) => Ok(Self { kind, serial, instance, counter }),
            _ => Err(FrameFault::Counter),
        }
    }

    /// What the message is for.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// Whom it is for.
    pub const fn serial(&self) -> DeviceSerial {
        self.serial
    }

    /// Which activation, as the server counts.
    pub const fn instance(&self) -> u8 {
        self.instance
    }

    /// Which activation, as the token counts.
    pub const fn counter(&self) -> u16 {
        self.counter
    }

    /// As they stand in the message and in a signature's question.
    pub fn bytes(&self) -> [u8; HEADER_LEN] {
        let [high, low] = self.counter.to_be_bytes();
        let mut bytes = [VERSION, self.kind.byte(), 0, 0, 0, 0, 0, self.instance, high, low];
        let [_, _, serial @ .., _, _, _] = &mut bytes;
        *serial = *self.serial.bytes();
        bytes
    }

    /// What AES-GCM authenticates besides the ciphertext. `bound` is known to both sides and never
    /// sent: nothing for AM1, NS for AM2, NS and NI ([`crate::secret::both`]) for the others.
    pub fn aad(&self, bound: &[u8]) -> Zeroizing<Vec<u8>> {
        let mut aad = Zeroizing::new(Vec::with_capacity(HEADER_LEN + bound.len()));
        aad.extend_from_slice(&self.bytes());
        aad.extend_from_slice(bound);
        aad
    }

    fn parse(bytes: &[u8; HEADER_LEN]) -> Result<Self, FrameFault> {
        let [version, kind, serial @ .., instance, high, low] = *bytes;
        if version != VERSION {
            return Err(FrameFault::Version);
        }
        let kind = Kind::from_byte(kind).ok_or(FrameFault::Kind)?;
        let serial = DeviceSerial::from_bytes(serial).ok_or(FrameFault::Serial)?;
        Self::new(kind, serial, instance, u16::from_be_bytes([high, low]))
    }
}

/// A whole message.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Frame {
    header: Header,
    nonce: [u8; NONCE_LEN],
    sealed: Vec<u8>,
}

impl Frame {
    /// Puts a message together. `sealed` is ciphertext and tag; its length is the only thing that
    /// can be wrong.
    pub fn new(
        header: Header,
        nonce: [u8; NONCE_LEN],
        sealed: Vec<u8>,
    ) -> Result<Self, FrameFault> {
        let fits = (TAG_LEN + 1..=TAG_LEN + MAX_PLAINTEXT).contains(&sealed.len());
        if fits { Ok(Self { header, nonce, sealed }) } else { Err(FrameFault::Length) }
    }

    /// Reads a message; what [`Self::encode`] would not write is refused.
    pub fn parse(message: &[u8]) -> Result<Self, FrameFault> {
        let (header, rest) = message.split_first_chunk().ok_or(FrameFault::Length)?;
        let (nonce, sealed) = rest.split_first_chunk().ok_or(FrameFault::Length)?;
        Self::new(Header::parse(header)?, *nonce, sealed.to_vec())
    }

    /// The bytes of the message.
    pub fn encode(&self) -> Vec<u8> {
        [self.header.bytes().as_slice(), self.nonce.as_slice(), self.sealed.as_slice()].concat()
    }

    /// For whom and for which activation.
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// The nonce of AES-GCM; also part of a signature's question.
    pub const fn nonce(&self) -> &[u8; NONCE_LEN] {
        &self.nonce
    }

    /// Ciphertext and tag.
    pub fn sealed(&self) -> &[u8] {
        &self.sealed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn serial() -> DeviceSerial {
        DeviceSerial::from_text("0112345679").unwrap()
    }

    fn message(kind: u8, instance: u8, counter: u16, sealed: usize) -> Vec<u8> {
        let mut bytes = vec![1, kind, 0x01, 0x12, 0x34, 0x56, 0x79, instance];
        bytes.extend(counter.to_be_bytes());
        bytes.resize(HEADER_LEN + NONCE_LEN + sealed, 0xA5);
        bytes
    }

    fn fault(message: &[u8]) -> Option<FrameFault> {
        Frame::parse(message).err()
    }

    #[test]
    fn each_kind_is_read_back() {
        for kind in Kind::ALL {
            let number = u8::from(kind != Kind::Am1);
            let message = message(kind.byte(), number, number.into(), 40);
            let frame = Frame::parse(&message).unwrap();
            assert_eq!(frame.header().kind(), kind);
            assert_eq!(frame.header().serial(), serial());
            assert_eq!(frame.encode(), message);
        }
    }

    #[test]
    fn only_a_first_message_is_without_an_activation() {
        assert_eq!(fault(&message(0x11, 1, 0, 37)), Some(FrameFault::Activation));
        assert_eq!(fault(&message(0x11, 0, 1, 37)), Some(FrameFault::Activation));
        assert_eq!(fault(&message(0x21, 0, 1, 37)), Some(FrameFault::NoActivation));
        assert_eq!(fault(&message(0x12, 1, 0, 37)), Some(FrameFault::NoActivation));
        assert_eq!(fault(&message(0x12, 255, 999, 37)), None);
        assert_eq!(fault(&message(0x12, 255, 1000, 37)), Some(FrameFault::Counter));
    }

    #[test]
    fn other_versions_kinds_and_serials_are_refused() {
        let right = message(0x21, 1, 1, 37);
        for (place, wrong, expected) in [
            (0, 2, FrameFault::Version),
            (1, 0x24, FrameFault::Kind),
            (4, 0x3A, FrameFault::Serial),
        ] {
            let mut message = right.clone();
            message[place] = wrong;
            assert_eq!(fault(&message), Some(expected));
        }
    }

    #[test]
    fn a_message_fits_into_one_qr_code() {
        assert_eq!(fault(&message(0x21, 1, 1, TAG_LEN + 1)), None);
        assert_eq!(fault(&message(0x21, 1, 1, TAG_LEN)), Some(FrameFault::Length));
        assert_eq!(fault(&message(0x21, 1, 1, TAG_LEN + MAX_PLAINTEXT)), None);
        assert_eq!(
            fault(&message(0x21, 1, 1, TAG_LEN + MAX_PLAINTEXT + 1)),
            Some(FrameFault::Length)
        );
        assert_eq!(fault(&[]), Some(FrameFault::Length));
    }
}
