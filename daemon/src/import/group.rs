//! The keys of a seed file, token by token: a keypad token has one for each of its suites, a camera
//! token up to three, and they stand one after the other.
//!
//! Bounded: whoever repeats one serial without end fills no memory. Not responsible for: what the
//! keys of one token have to have in common (check).

use warifu_core::keypad::Keypad;
use warifu_keys::seedfile::{
    Algorithm, ContainerCrypto, Record, Refusal, SecretValue, SeedFile, Warning,
};

/// All keys of one token.
#[derive(Debug)]
pub(super) struct Group {
    first: Record,
    others: Vec<Record>,
}

/// A seed file, read token by token.
pub(super) struct Groups {
    file: SeedFile<'static>,
    /// Read already, and not of the token before.
    ahead: Option<Result<Record, Refusal>>,
}

impl Group {
    /// Keys of one group; one more than any token has, so that too many are noticed.
    const MOST: usize = Keypad::MOST_SUITES + 1;

    /// The first key; says what is the same for all of them.
    pub(super) const fn first(&self) -> &Record {
        &self.first
    }

    /// The keys, in the order of the file.
    pub(super) fn records(&self) -> impl Iterator<Item = &Record> + Clone {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// The same, to be sealed.
    pub(super) fn into_records(self) -> impl Iterator<Item = Record> {
        std::iter::once(self.first).chain(self.others)
    }

    /// How many keys.
    pub(super) const fn len(&self) -> usize {
        1 + self.others.len()
    }

    /// Whether some keys that should be equal could not be compared, because the HSM alone opens them.
    pub(super) fn is_taken_on_trust(&self) -> bool {
        self.first.algorithm == Algorithm::Ocra
            && self.others.iter().any(|one| matches!(one.secret, SecretValue::Encrypted(_)))
    }

    fn takes(&self, record: &Record) -> bool {
        let same_way = match (self.first.algorithm, record.algorithm) {
            (Algorithm::Ocra, Algorithm::Ocra) | (Algorithm::Txa1(_), Algorithm::Txa1(_)) => true,
            // Tokens for codes have one key each; a second one is told as what it is, a duplicate.
            _ => false,
        };
        same_way
            && self.len() < Self::MOST
            && self.first.serial == record.serial
            && self.first.manufacturer == record.manufacturer
    }
}

impl From<Record> for Group {
    fn from(first: Record) -> Self {
        Self { first, others: Vec::new() }
    }
}

impl Groups {
    /// From the beginning of a file.
    pub(super) const fn new(file: SeedFile<'static>) -> Self {
        Self { file, ahead: None }
    }

    /// What protects the values.
    pub(super) fn crypto(&self) -> Option<&ContainerCrypto> {
        self.file.crypto()
    }

    /// Warnings about the file as a whole, once the iterator has ended.
    pub(super) fn warnings(&self) -> &[Warning] {
        self.file.warnings()
    }
}

impl Iterator for Groups {
    type Item = Result<Group, Refusal>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut group = match self.ahead.take().or_else(|| self.file.next())? {
            Ok(record) => Group::from(record),
            Err(refusal) => return Some(Err(refusal)),
        };
        loop {
            match self.file.next() {
                Some(Ok(record)) if group.takes(&record) => group.others.push(record),
                next => {
                    self.ahead = next;
                    return Some(Ok(group));
                }
            }
        }
    }
}
