//! What a second person compares with tokens in hand: how many of each kind, and a few of them,
//! spread over the file however long it is.
//!
//! Not responsible for: secrets, of which nothing is here.

use std::collections::BTreeMap;

use warifu_api::import::{KindCount, Sample};
use warifu_keys::seedfile::{Algorithm, Record};

use super::group::Group;
use crate::wire;

/// Collects.
#[derive(Debug)]
pub(super) struct Samples {
    kept: Vec<Sample>,
    last: Option<Sample>,
    /// Every so-manyth token is kept; doubles when there are too many.
    stride: u64,
    seen: u64,
    kinds: BTreeMap<String, u64>,
}

impl Default for Samples {
    fn default() -> Self {
        Self { kept: Vec::new(), last: None, stride: 1, seen: 0, kinds: BTreeMap::new() }
    }
}

impl Samples {
    /// One more token.
    pub(super) fn add(&mut self, group: &Group) {
        let record = group.first();
        let profile = profile(record);
        let other = self.kinds.len() >= MOST_KINDS && !self.kinds.contains_key(&profile);
        let kind = if other { "others".to_owned() } else { profile.clone() };
        *self.kinds.entry(kind).or_default() += 1;
        let sample = Sample {
            line: record.at.line,
            serial: record.serial.to_string(),
            profile,
            manufacturer: record.manufacturer.clone(),
            expires_at: record.expires_at.map(wire::timestamp),
        };
        if self.seen.is_multiple_of(self.stride) {
            self.keep(sample.clone());
        }
        self.seen += 1;
        self.last = Some(sample);
    }

    fn keep(&mut self, sample: Sample) {
        if self.kept.len() == MOST {
            let mut at = 0;
            self.kept.retain(|_| {
                at += 1;
                at % 2 == 1
            });
            self.stride = self.stride.saturating_mul(2);
            if !self.seen.is_multiple_of(self.stride) {
                return;
            }
        }
        self.kept.push(sample);
    }

    /// The samples: from the beginning, spread, and the last one.
    pub(super) fn samples(&self) -> Vec<Sample> {
        let mut samples = self.kept.clone();
        if let Some(last) = &self.last
            && samples.last() != Some(last)
        {
            samples.push(last.clone());
        }
        samples
    }

    /// How many of each kind.
    pub(super) fn kinds(&self) -> Vec<KindCount> {
        let kind = |(profile, count): (&String, &u64)| KindCount {
            profile: profile.clone(),
            count: *count,
        };
        self.kinds.iter().map(kind).collect()
    }
}

/// `TOTP SHA1 6 digits 30 s`.
fn profile(record: &Record) -> String {
    let (name, hash, digits) = (record.algorithm.name(), record.hash.name(), record.digits);
    match record.algorithm {
        Algorithm::Txa1(_) => name.to_owned(),
        Algorithm::Ocra => record.suite.clone().unwrap_or_else(|| name.to_owned()),
        Algorithm::Hotp => format!("{name} {hash} {digits} digits"),
        Algorithm::Totp => {
            format!("{name} {hash} {digits} digits {} s", record.time_step_s.unwrap_or(0))
        }
    }
}

/// Samples kept beside the last.
const MOST: usize = 8;
/// Kinds told one by one.
const MOST_KINDS: usize = 12;
