//! The client's jobs for tokens that answer challenges: codes over whole inputs, messages to camera
//! tokens, their keys' expansion, tags of rows.
//!
//! Not responsible for: what the inputs and messages are (`warifu-core`, the drivers), what a row
//! holds (its owner).

use std::time::Instant;

use warifu_core::{
    code::Code,
    custody::{CustodyKind, SealedSeed},
    oath::HashAlgorithm,
};
use warifu_hsm_protocol::{
    Exposure, Job, KeyKind, MAX_INPUTS, MAX_TEXT, Reduction, Reply, Row, SecretBytes, SeedSource,
};

use super::{Answer, Hsm, MAX_SEED_VALUE, Repeat, error::HsmError, queue::Lane, receive, size};
use crate::custody;

/// A code, and what it may have been computed over.
#[derive(Debug)]
pub struct CheckOrder<'a> {
    /// Name of the key's record.
    pub record: &'a [u8],
    /// The key.
    pub seal: &'a SealedSeed,
    /// Its hash.
    pub hash: HashAlgorithm,
    /// How the MAC becomes a code.
    pub reduction: Reduction,
    /// What the user typed.
    pub code: &'a Code,
    /// At most [`MAX_INPUTS`], the likeliest first.
    pub inputs: Vec<Vec<u8>>,
    /// The token's row, where it is tagged.
    pub row: Option<Row>,
}

/// A message for a camera token.
#[derive(Debug)]
pub struct MessageOrder<'a> {
    /// Name of the encryption key's record.
    pub record: &'a [u8],
    /// The key.
    pub seal: &'a SealedSeed,
    /// From [`Hsm::random`], and never used under this key before.
    pub nonce: [u8; 12],
    /// Authenticated with the message.
    pub aad: Vec<u8>,
    /// The message.
    pub plaintext: SecretBytes,
    /// The token's row, where it is tagged.
    pub row: Option<Row>,
}

/// A seed of 32 bytes that becomes the three keys of a camera token.
#[derive(Debug)]
pub struct ExpandOrder {
    /// Names of the keys' records, in the order of [`custody::KeyRole::ALL`].
    pub records: [Vec<u8>; 3],
    /// What each key is the encryption of.
    pub data: [[u8; 32]; 3],
    /// How the keys are to be kept.
    pub custody: CustodyKind,
    /// The seed as the file gives it.
    pub source: SeedSource,
}

/// Three keys in custody.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Expanded {
    /// For the token's record, in the order of [`custody::KeyRole::ALL`].
    pub seals: [SealedSeed; 3],
    /// Where the seed was readable on its way; for the import report.
    pub exposure: Exposure,
}

impl Hsm {
    /// Makes the code of each input in order; the index of the first that matches.
    ///
    /// `BadRecord` where the row was changed since it was tagged.
    pub async fn check(
        &self,
        order: CheckOrder<'_>,
        deadline: Instant,
    ) -> Result<Option<usize>, HsmError> {
        let count = order.inputs.len();
        let fits = count <= MAX_INPUTS && order.inputs.iter().all(|input| input.len() <= MAX_TEXT);
        if !fits {
            return Err(HsmError::Malformed);
        }
        let job = Job::Check {
            key: custody::key_ref(order.record, custody::hmac(order.hash), order.seal),
            reduction: order.reduction,
            code: SecretBytes::new(order.code.expose().to_vec()),
            inputs: order.inputs,
            row: order.row,
        };
        match self.request(job, Repeat::Safe, deadline).await? {
            Reply::Verified(None) => Ok(None),
            Reply::Verified(Some(index)) if usize::from(index) < count => Ok(Some(index.into())),
            _ => Err(HsmError::Malformed),
        }
    }

    /// AES-256-GCM: the ciphertext and its tag of 16 bytes.
    ///
    /// `Unsupported` where the token has no wrapping key for encryption keys.
    pub async fn seal_message(
        &self,
        order: MessageOrder<'_>,
        deadline: Instant,
    ) -> Result<Vec<u8>, HsmError> {
        let length = order.plaintext.expose().len();
        let job = Job::SealMessage {
            key: custody::key_ref(order.record, KeyKind::Aes, order.seal),
            nonce: order.nonce,
            aad: order.aad,
            plaintext: order.plaintext,
            row: order.row,
        };
        match self.request(job, Repeat::Safe, deadline).await? {
            Reply::Message(sealed) if sealed.len() == length + 16 => Ok(sealed),
            _ => Err(HsmError::Malformed),
        }
    }

    /// The tag of a row: only who may ask this HSM can make it.
    pub async fn tag(&self, data: Vec<u8>, deadline: Instant) -> Result<[u8; 32], HsmError> {
        match self.request(Job::Tag { data }, Repeat::Safe, deadline).await? {
            Reply::Tag(tag) => Ok(tag),
            _ => Err(HsmError::Malformed),
        }
    }

    /// Expands seeds into the keys of camera tokens; one result per order, in order. Waits for room
    /// and shares its deadline as [`Self::seal`] does.
    ///
    /// `Unsupported` where the HSM can not derive: the maker has to deliver the keys themselves.
    pub async fn expand(&self, batch: Vec<ExpandOrder>) -> Vec<Result<Expanded, HsmError>> {
        let deadline = Instant::now() + self.shared.config.bulk_limit;
        let mut waiting = Vec::with_capacity(batch.len());
        for order in batch {
            waiting.push(self.order_expansion(order, deadline).await);
        }
        let mut results = Vec::with_capacity(waiting.len());
        for answer in waiting {
            results.push(match answer {
                Ok(answer) => receive(answer, deadline).await.and_then(expanded),
                Err(error) => Err(error),
            });
        }
        results
    }

    async fn order_expansion(
        &self,
        order: ExpandOrder,
        deadline: Instant,
    ) -> Result<Answer, HsmError> {
        let ExpandOrder { records, data, custody, source } = order;
        if size(&source) > MAX_SEED_VALUE {
            return Err(HsmError::BadValue);
        }
        let resident = custody == CustodyKind::Resident;
        let repeat = if resident { Repeat::Never } else { Repeat::Safe };
        let job = Job::Expand { records, data, resident, source };
        self.enqueue(job, Lane::Bulk, repeat, deadline).await
    }
}

fn expanded(reply: Reply) -> Result<Expanded, HsmError> {
    match reply {
        Reply::Expanded { seals, exposure } => {
            Ok(Expanded { seals: seals.map(custody::from_wire), exposure })
        }
        _ => Err(HsmError::Malformed),
    }
}
