//! Key lists inside an OpenPGP message (RFC 9580): opened whole, checked whole, then read as the
//! format that is inside.
//!
//! Nothing of a message is parsed as a key list before its integrity and its signature hold. That
//! takes memory for the message and for its content, each limited; the content is wiped when
//! dropped. The copies that the OpenPGP library makes in between are freed without being wiped.
//! Not responsible for the formats inside, nor for whom an officer trusts.

use std::io::{BufRead, BufReader};

use zeroize::Zeroizing;

use super::crypto::ContainerCrypto;
use super::format::{Detected, Format};
use super::options::{OpenPgp, ReadOptions, Signatures};
use super::reader::Reader;
use super::record::Record;
use super::refusal::{Refusal, Warning};
use super::unwrap::Unlock;
use super::{PEEK, SeedFile};
use crate::seedfile::code::Code;
use content::Content;
use keys::Keys;
use layers::Seal;
use signer::Signers;

mod content;
mod envelope;
mod keyfile;
mod keys;
mod layers;
mod signer;
#[cfg(test)]
mod tests;

/// Field of a refusal that is about the message as a whole.
const MESSAGE: &str = "OpenPGP message";

/// Opens a message and the key list in it.
pub(in crate::seedfile) fn open<'a>(
    input: impl BufRead + Send + 'a,
    options: ReadOptions,
) -> Result<Box<dyn Reader + Send + 'a>, Refusal> {
    let policy = Policy::of(&options);
    let (content, seal, unlock) = unseal(input, &options.openpgp, options.unlock, &policy)?;
    let mut list = BufReader::new(content);
    let named = options.format.filter(|format| *format != Format::OpenPgp);
    refuse_another(&mut list, named)?;
    let signatures = match options.signatures {
        // The signature of the message is over the whole key list.
        Signatures::Require if seal.is_signed => Signatures::Check,
        other => other,
    };
    let inside =
        ReadOptions { format: named, openpgp: OpenPgp::default(), unlock, signatures, ..options };
    let inner = super::open(list, inside)?;
    Ok(Box::new(Enclosed { inner, seal, warnings: Vec::new() }))
}

/// What the officer decided about the message itself.
struct Policy {
    ignores_signatures: bool,
    requires_signature: bool,
    most_bytes: usize,
    now: Option<u64>,
}

impl Policy {
    fn of(options: &ReadOptions) -> Self {
        Self {
            // Where the installation names its makers, whoever brings the file can not waive them.
            ignores_signatures: options.signatures == Signatures::Ignore
                && !options.openpgp.require_signature,
            requires_signature: options.openpgp.require_signature,
            most_bytes: options.limits.message_bytes,
            now: options.now.map(|now| now.0),
        }
    }
}

/// Opens the message. A password that opened it is used up: it is not the one of a list inside.
fn unseal(
    input: impl BufRead,
    openpgp: &OpenPgp,
    unlock: Option<Unlock>,
    policy: &Policy,
) -> Result<(Content, Seal, Option<Unlock>), Refusal> {
    let message = envelope::read(input, policy.most_bytes)?;
    let signers = Signers::parse(&openpgp.signers)?;
    let keys = Keys::parse(openpgp, unlock.as_ref())?;
    let (content, seal) = layers::open(&message, &keys, &signers, policy)?;
    let unlock = if seal.used_password { None } else { unlock };
    Ok((content, seal, unlock))
}

/// Layers of messages serve nobody but who wants to hide something.
fn refuse_another(list: &mut BufReader<Content>, named: Option<Format>) -> Result<(), Refusal> {
    let mut first = Zeroizing::new(Vec::new());
    let peeked = list.fill_buf().map(|bytes| first.extend_from_slice(bytes));
    peeked.map_err(|_| Refusal::new(Code::Io, MESSAGE, "the content can be read"))?;
    let most = usize::try_from(PEEK).unwrap_or(usize::MAX);
    first.truncate(most);
    if super::explain(&first, named)?.format == Format::OpenPgp {
        let rule = "a message holds a key list, not another message";
        return Err(Refusal::new(Code::Format, MESSAGE, rule));
    }
    Ok(())
}

/// The reader of the list inside, with the warnings taken away that the message answers.
struct Enclosed<'a> {
    inner: SeedFile<'a>,
    seal: Seal,
    warnings: Vec<Warning>,
}

impl Iterator for Enclosed<'_> {
    type Item = Result<Record, Refusal>;

    fn next(&mut self) -> Option<Self::Item> {
        let item = self.inner.next();
        if item.is_none() {
            let seal = &self.seal;
            let still = |warning: &&Warning| match warning.code {
                Code::WPlaintext => !seal.is_encrypted,
                Code::WUnsigned => !seal.is_signed,
                _ => true,
            };
            self.warnings = self.inner.warnings().iter().filter(still).cloned().collect();
        }
        item
    }
}

impl Reader for Enclosed<'_> {
    fn crypto(&self) -> Option<&ContainerCrypto> {
        self.inner.crypto()
    }

    fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    fn inside(&self) -> Option<&Detected> {
        Some(self.inner.detected())
    }
}
