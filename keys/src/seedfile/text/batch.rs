//! The keys of one file together: duplicates, the limit, warnings about the file, and the order in
//! which records and refusals come out.
//!
//! For formats whose values are in the clear. Not responsible for any one key (see `row`). Memory
//! grows by 20 bytes per key for identities and 16 for secrets.

use std::collections::{HashMap, VecDeque};

use super::row::{self, Row};
use crate::seedfile::code::Code;
use crate::seedfile::options::ReadOptions;
use crate::seedfile::record::{Record, SecretValue};
use crate::seedfile::refusal::{Refusal, Warning};
use crate::seedfile::seen::{self, AsIs, Seen};

/// Keys of a file as they are read.
pub(in crate::seedfile) struct Batch {
    limit: usize,
    keys: usize,
    identities: Identities,
    secrets: Seen,
    /// Shortest and longest of the serials that are digits only.
    lengths: Option<(usize, usize)>,
    ready: VecDeque<Result<Record, Refusal>>,
    warnings: Vec<Warning>,
}

impl Batch {
    /// Judges what does not depend on any key.
    pub(in crate::seedfile) fn new(options: &ReadOptions) -> Result<Self, Refusal> {
        row::check_declared(options)?;
        if options.unlock.is_some() {
            let rule = "a key or password is given for an encrypted file only";
            return Err(Refusal::new(Code::KeyUnused, "key", rule));
        }
        Ok(Self {
            limit: options.limits.keys,
            keys: 0,
            identities: Identities::default(),
            secrets: Seen::default(),
            lengths: None,
            ready: VecDeque::new(),
            warnings: Vec::new(),
        })
    }

    /// Takes a row in; an error refuses the file.
    pub(in crate::seedfile) fn take(&mut self, row: Row) -> Result<(), Refusal> {
        self.keys = self.keys.saturating_add(1);
        if self.keys > self.limit {
            let rule = "more keys than the limit for one file";
            return Err(Refusal::new(Code::LimitSize, "file", rule).at(row.at));
        }
        let mut is_collision = false;
        if let Some(identity) = row.identity() {
            let serial = identity[1];
            match self.identities.note(identity) {
                Known::New => {}
                Known::CaseOnly => is_collision = true,
                Known::Same => {
                    let rule = "a token occurs once in a file";
                    let mut refusal = Refusal::new(Code::Duplicate, "serial", rule);
                    refusal.serial = Some(serial.to_owned());
                    return Err(refusal.at(row.at));
                }
            }
            measure(&mut self.lengths, serial);
        }
        match row.key {
            Ok(mut record) => {
                if is_collision {
                    record.warnings.push(Warning::new(Code::WSerialCollision, "serial"));
                }
                if let SecretValue::Plain(secret) = &record.secret
                    && self.secrets.again(&[secret.expose()])
                {
                    record.warnings.push(Warning::new(Code::WDupSecret, "secret"));
                }
                self.ready.push_back(Ok(record));
            }
            Err(refused) => self.ready.extend(refused.faults.into_iter().map(Err)),
        }
        Ok(())
    }

    /// Queues a refusal behind what was read before it.
    pub(in crate::seedfile) fn refuse(&mut self, refusal: Refusal) {
        self.ready.push_back(Err(refusal));
    }

    /// The next record or refusal that is ready.
    pub(in crate::seedfile) fn pop(&mut self) -> Option<Result<Record, Refusal>> {
        self.ready.pop_front()
    }

    /// How many keys were read, the refused ones included.
    pub(in crate::seedfile) const fn keys(&self) -> usize {
        self.keys
    }

    /// What can be said only at the end.
    pub(in crate::seedfile) fn finish(&mut self) -> Result<(), Refusal> {
        if self.keys == 0 {
            return Err(Refusal::new(Code::NoTokens, "file", "a file holds at least one key"));
        }
        self.warnings.push(Warning::new(Code::WPlaintext, "secret"));
        self.warnings.push(Warning::new(Code::WUnsigned, "file"));
        if self.lengths.is_some_and(|(short, long)| short < long) {
            self.warnings.push(Warning::new(Code::WSerialLength, "serial"));
        }
        Ok(())
    }

    /// Warnings about the file as a whole.
    pub(in crate::seedfile) fn warnings(&self) -> &[Warning] {
        &self.warnings
    }
}

/// Keeps the shortest and longest serial of digits only.
fn measure(lengths: &mut Option<(usize, usize)>, serial: &str) {
    if serial.bytes().all(|b| b.is_ascii_digit()) {
        let (short, long) = lengths.unwrap_or((serial.len(), serial.len()));
        *lengths = Some((short.min(serial.len()), long.max(serial.len())));
    }
}

/// Which tokens were read: a digest of the identity in upper case, and a mark of how it was written.
#[derive(Default)]
struct Identities {
    known: HashMap<[u8; 16], u32, AsIs>,
    scratch: Vec<u8>,
}

enum Known {
    New,
    Same,
    /// Another token's identity but for upper and lower case.
    CaseOnly,
}

impl Identities {
    fn note(&mut self, identity: [&str; 3]) -> Known {
        let Self { known, scratch } = self;
        let [maker, serial, key_id] = identity;
        let is_lower = |text: &str| text.bytes().any(|b| b.is_ascii_lowercase());
        // Serials in digits and capitals, which is most of them, cost one digest.
        let (folded, mark) = if is_lower(serial) || is_lower(key_id) {
            let mark =
                digest(scratch, identity, b"").first_chunk::<4>().copied().map(u32::from_be_bytes);
            let upper = [serial, key_id].map(str::to_ascii_uppercase);
            (digest(scratch, [maker, &upper[0], &upper[1]], b""), mark.unwrap_or_default().max(1))
        } else {
            (digest(scratch, identity, b""), 0)
        };
        match known.get(&folded) {
            None => {
                known.insert(folded, mark);
                Known::New
            }
            Some(first) if *first == mark => Known::Same,
            // Every other way of writing it is remembered as it was written.
            Some(_) => match known.insert(digest(scratch, identity, b"as written"), mark) {
                None => Known::CaseOnly,
                Some(_) => Known::Same,
            },
        }
    }
}

/// All parts with their lengths in one piece, which is quicker than piece by piece.
fn digest(scratch: &mut Vec<u8>, identity: [&str; 3], kind: &[u8]) -> [u8; 16] {
    scratch.clear();
    let [maker, serial, key_id] = identity.map(str::as_bytes);
    for part in [maker, serial, key_id, kind] {
        scratch.extend_from_slice(&part.len().to_be_bytes());
        scratch.extend_from_slice(part);
    }
    seen::digest(&[scratch])
}
