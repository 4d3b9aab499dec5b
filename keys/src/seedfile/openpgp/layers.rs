//! Encryption, compression and signature of a message, taken off in this order.
//!
//! Each layer is in memory, and of limited length, before the next one is looked at: neither a
//! compressed nor a nested message makes work without end. Other orders, and a layer twice, are
//! refused; nobody who ships keys writes them. Not responsible for keys nor for trust.

use std::io::Read as _;

use flate2::read::{DeflateDecoder, ZlibDecoder};
use pgp::composed::{DecryptionOptions, Message, PlainSessionKey, TheRing};
use pgp::types::Seipdv1ReadMode;

use super::content::{Content, TakeError};
use super::keys::{Found, Keys, opens};
use super::signer::Signers;
use super::{MESSAGE, Policy};
use crate::seedfile::code::Code;
use crate::seedfile::refusal::Refusal;

/// What protected the content.
#[derive(Debug, Default)]
pub(super) struct Seal {
    pub(super) is_encrypted: bool,
    /// By one of the trusted signers.
    pub(super) is_signed: bool,
    pub(super) used_password: bool,
}

/// Opens a message that was measured before.
pub(super) fn open(
    octets: &[u8],
    keys: &Keys,
    signers: &Signers,
    policy: &Policy,
) -> Result<(Content, Seal), Refusal> {
    let mut seal = Seal::default();
    let mut message = parse(octets)?;
    if let Message::Encrypted { esk, .. } = &message {
        let found = keys.find(esk)?;
        seal.is_encrypted = true;
        seal.used_password = found.by_password;
        message = decrypt(octets, &found, policy.most_bytes)?;
    } else if keys.has_own() {
        let rule = "a secret key is given for an encrypted message only";
        return Err(refuse(Code::KeyUnused, rule));
    }
    let content = match message {
        Message::Compressed { .. } => {
            let inflated = inflate(message, &seal, policy)?;
            let rule = "what was compressed is a message";
            let message = Message::from_bytes(inflated).map_err(|_| refuse(Code::Format, rule))?;
            signed_or_literal(message, &mut seal, signers, policy)?
        }
        other => signed_or_literal(other, &mut seal, signers, policy)?,
    };
    Ok((content, seal))
}

fn parse(octets: &[u8]) -> Result<Message<'_>, Refusal> {
    Message::from_bytes(octets)
        .map_err(|_| refuse(Code::Format, "the packets are those of a message"))
}

/// Opens the encrypted packet. With one of version 1 the library decrypts and checks all of it
/// before it hands out an octet; with the others it does so chunk by chunk.
fn decrypt<'a>(octets: &'a [u8], found: &Found, most: usize) -> Result<Message<'a>, Refusal> {
    for session_key in &found.session_keys {
        if let Some(message) = try_decrypt(octets, session_key, most)? {
            return Ok(message);
        }
    }
    if found.by_password {
        // A wrong password and a changed message look the same.
        return Err(opens());
    }
    Err(refuse(Code::PgpIntegrity, "the message is as it was encrypted"))
}

fn try_decrypt<'a>(
    octets: &'a [u8],
    session_key: &PlainSessionKey,
    most: usize,
) -> Result<Option<Message<'a>>, Refusal> {
    let options = DecryptionOptions::new()
        .enable_gnupg_aead()
        .set_seipdv1_read_mode(Seipdv1ReadMode::CheckFirst { max_message_size: most });
    let ring = TheRing {
        session_keys: vec![session_key.clone()],
        decrypt_options: options,
        ..TheRing::default()
    };
    Ok(parse(octets)?.decrypt_the_ring(ring, true).ok().map(|(message, _)| message))
}

/// RFC 9580 s.5.6 and 9.4. What is behind the compressed stream in its packet is ignored there too.
fn inflate(mut message: Message<'_>, seal: &Seal, policy: &Policy) -> Result<Content, Refusal> {
    let mut packed = Content::take_all(&mut message, policy.most_bytes)
        .map_err(|error| refuse_take(&error, seal))?;
    let mut algorithm = [0];
    let rule = "the compressed data is whole";
    packed.read_exact(&mut algorithm).map_err(|_| refuse(Code::Format, rule))?;
    let most = policy.most_bytes;
    let inflated = match algorithm {
        [0] => Content::take_all(packed, most),
        [1] => Content::take_all(DeflateDecoder::new(packed), most),
        [2] => Content::take_all(ZlibDecoder::new(packed), most),
        _ => {
            let rule = "the message is compressed with ZIP or ZLIB, or not at all";
            return Err(refuse(Code::Format, rule));
        }
    };
    inflated.map_err(|error| match error {
        TakeError::TooLong => too_long(),
        TakeError::Source => refuse(Code::Format, rule),
    })
}

fn signed_or_literal(
    mut message: Message<'_>,
    seal: &mut Seal,
    signers: &Signers,
    policy: &Policy,
) -> Result<Content, Refusal> {
    if let Message::Signed { reader, .. } = &message {
        Signers::check_count(reader.num_signatures())?;
        if !reader.get_ref().is_literal() {
            return Err(refuse_order());
        }
    } else if !message.is_literal() {
        return Err(refuse_order());
    }
    let content = Content::take_all(&mut message, policy.most_bytes)
        .map_err(|error| refuse_take(&error, seal))?;
    if message.is_signed() && !policy.ignores_signatures {
        signers.judge(&message, policy.now)?;
        seal.is_signed = true;
    }
    if policy.requires_signature && !message.is_signed() {
        return Err(refuse(Code::SigMissing, "the message is signed"));
    }
    Ok(content)
}

fn refuse_take(error: &TakeError, seal: &Seal) -> Refusal {
    match error {
        TakeError::TooLong => too_long(),
        TakeError::Source if seal.is_encrypted => {
            refuse(Code::PgpIntegrity, "the message is as it was encrypted")
        }
        TakeError::Source => refuse(Code::Format, "the packets are those of one message"),
    }
}

fn refuse_order() -> Refusal {
    let rule = "a message is encrypted, in it compressed, in it signed, each once or not at all";
    refuse(Code::Format, rule)
}

fn too_long() -> Refusal {
    refuse(Code::LimitSize, "the content is no longer than the limit")
}

fn refuse(code: Code, rule: &'static str) -> Refusal {
    Refusal::new(code, MESSAGE, rule).for_file()
}
