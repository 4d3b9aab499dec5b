//! Files of keys and certificates: what `gpg --export` writes, or a keyring as it lies on disk.
//!
//! Not responsible for whether a key may be used.

use pgp::armor::BlockType;
use pgp::composed::Deserializable;
use pgp::errors::Error;
use pgp::packet::{Packet, PacketParser};
use zeroize::Zeroizing;

use super::envelope;

/// Longest file of keys; a certificate with many signatures has some hundred kilobytes.
const MOST: usize = 4 << 20;

/// Reads all keys of a file; `None` where it is none, or holds no key of this kind.
pub(super) fn parse<T: Deserializable>(file: &[u8], kind: BlockType) -> Option<Vec<T>> {
    let is_binary = file.first()? & 0x80 != 0;
    let dearmored = if is_binary {
        None
    } else {
        Some(Zeroizing::new(envelope::dearmor(file, MOST, kind).ok()?))
    };
    let octets = dearmored.as_deref().map_or(file, Vec::as_slice);
    let packets = PacketParser::new(octets).filter(is_of_use);
    let keys: Vec<T> = T::from_packets(packets.peekable()).collect::<Result<_, _>>().ok()?;
    (!keys.is_empty()).then_some(keys)
}

/// Leaves out what RFC 9580 says is to be ignored, and the trust packets of a keyring (s.5.10), which
/// concern nobody but the program that wrote them.
fn is_of_use(packet: &Result<Packet, Error>) -> bool {
    match packet {
        Ok(packet) => !matches!(packet, Packet::Trust(_) | Packet::Marker(_) | Packet::Padding(_)),
        Err(Error::Unsupported { .. }) => false,
        Err(Error::InvalidPacketContent { source }) => {
            !matches!(**source, Error::Unsupported { .. })
        }
        Err(_) => true,
    }
}
