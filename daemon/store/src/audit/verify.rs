//! Checking an export offline: every record, every signature, and that nothing is missing, not
//! even at the end. Reads line by line in bounded memory.
//!
//! Not responsible for: whose the public key is. Without a trusted one the answer only says that the
//! export is consistent with the key it names itself.

use std::io::{BufRead, Read};

use sha2::{Digest, Sha256};
use thiserror::Error;
use warifu_core::{ident::Name, time::UnixTime};

use super::{
    chain::{AuditRecord, ZERO_HASH, link},
    line::{
        CheckpointLine, FORMAT, HeaderLine, Line, OLDEST, RecordLine, TrailerLine, VERSION, unhex,
        unhex_any,
    },
    statement::{Closing, Head, Purpose, verify_signature},
};
use crate::record::{DecodedEvent, Segment};

/// Longest line: the longest body twice (hex and readable), hashes, names.
const MAX_LINE: u64 = 32 * 1024;

/// The first thing that is wrong with an export, and where.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("line {line}: {what}")]
pub struct Fault {
    /// Line, from 1.
    pub line: u64,
    /// What is wrong.
    pub what: String,
}

/// What a sound export says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Summary {
    /// Whose chain, in hex.
    pub store_id: String,
    /// Number of records; the last one has this sequence number.
    pub records: u64,
    /// Number of signed heads inside, beside the one at the end.
    pub checkpoints: u64,
    /// The head that the last line signs.
    pub head: Head,
    /// When the first record was written, in milliseconds since the epoch.
    pub first_at_ms: Option<u64>,
    /// When the last record was written.
    pub last_at_ms: Option<u64>,
    /// The key that all signatures are by.
    pub public_key: Vec<u8>,
    /// Whether that is the key the caller trusts; `false` where none was given.
    pub key_trusted: bool,
}

/// Checks an export. `trusted`: the public key that the auditor knows from elsewhere.
pub fn verify_export(reader: impl BufRead, trusted: Option<&[u8]>) -> Result<Summary, Fault> {
    walk_export(reader, trusted, |_, _, _| {})
}

/// The same, and shows every record with its hash and its event on the way. What was shown counts
/// only if the whole export turns out sound.
pub fn walk_export(
    mut reader: impl BufRead,
    trusted: Option<&[u8]>,
    mut visit: impl FnMut(&AuditRecord, &[u8; 32], &DecodedEvent),
) -> Result<Summary, Fault> {
    let mut number = 1;
    let fault = |line, what: &str| Fault { line, what: what.to_owned() };
    let first = read_line(&mut reader, number)?.ok_or_else(|| fault(1, "the export is empty"))?;
    let mut walk = match parse(&first, number)? {
        Line::Header(header) => Walk::begin(header, trusted).map_err(|what| fault(1, what))?,
        _ => return Err(fault(1, "the first line is not a header")),
    };
    walk.stream.update(&first);
    loop {
        number += 1;
        let text = read_line(&mut reader, number)?
            .ok_or_else(|| fault(number, "the export ends without its signed last line"))?;
        let done = match parse(&text, number)? {
            Line::Header(_) => Err("a second header"),
            Line::Record(line) => walk.record(&line, &mut visit).map(|()| None),
            Line::Checkpoint(line) => walk.checkpoint(&line).map(|()| None),
            Line::Trailer(line) => walk.trailer(&line).map(Some),
        };
        if let Some(summary) = done.map_err(|what| fault(number, what))? {
            return match read_line(&mut reader, number + 1)? {
                None => Ok(summary),
                Some(_) => Err(fault(number + 1, "something follows the signed last line")),
            };
        }
        walk.stream.update(&text);
    }
}

fn read_line(reader: &mut impl BufRead, number: u64) -> Result<Option<Vec<u8>>, Fault> {
    let mut text = Vec::new();
    match reader.take(MAX_LINE).read_until(b'\n', &mut text) {
        Ok(0) => Ok(None),
        Ok(_) if text.ends_with(b"\n") => Ok(Some(text)),
        Ok(_) => Err(Fault { line: number, what: "the line is cut off or too long".to_owned() }),
        Err(error) => Err(Fault { line: number, what: format!("reading failed: {error}") }),
    }
}

fn parse(text: &[u8], number: u64) -> Result<Line, Fault> {
    Line::parse(text.strip_suffix(b"\n").unwrap_or(text))
        .ok_or_else(|| Fault { line: number, what: "not a line of an audit export".to_owned() })
}

type Step<T> = Result<T, &'static str>;

/// Where the check stands.
struct Walk {
    store_id: String,
    segments: Vec<Segment>,
    public_key: Vec<u8>,
    key_trusted: bool,
    stream: Sha256,
    seq: u64,
    hash: [u8; 32],
    checkpoints: u64,
    first_at_ms: Option<u64>,
    last_at_ms: Option<u64>,
}

impl Walk {
    fn begin(header: HeaderLine, trusted: Option<&[u8]>) -> Step<Self> {
        if header.format != FORMAT || !(OLDEST..=VERSION).contains(&header.version) {
            return Err("another format or version of export");
        }
        unhex::<16>(&header.store_id).ok_or("the store's id is no 16 bytes")?;
        let public_key = unhex_any(&header.public_key).ok_or("the public key is no hex")?;
        if trusted.is_some_and(|key| key != public_key) {
            return Err("signed by another key than the trusted one");
        }
        let mut segments = Vec::with_capacity(header.segments.len());
        for line in &header.segments {
            let instance = Name::parse(&line.instance).map_err(|_| "an instance has no name")?;
            segments.push(Segment { first_seq: line.first_seq, instance });
        }
        let ascending = segments.windows(2).all(|pair| pair[0].first_seq < pair[1].first_seq);
        if !ascending || segments.first().is_none_or(|segment| segment.first_seq != 1) {
            return Err("the instances are out of order");
        }
        Ok(Self {
            store_id: header.store_id,
            segments,
            public_key,
            key_trusted: trusted.is_some(),
            stream: Sha256::new(),
            seq: 0,
            hash: ZERO_HASH,
            checkpoints: 0,
            first_at_ms: None,
            last_at_ms: None,
        })
    }

    fn instance(&self, seq: u64) -> Step<&Name> {
        let segment = self.segments.iter().rfind(|segment| segment.first_seq <= seq.max(1));
        segment.map(|segment| &segment.instance).ok_or("no instance wrote this record")
    }

    fn record(
        &mut self,
        line: &RecordLine,
        visit: &mut impl FnMut(&AuditRecord, &[u8; 32], &DecodedEvent),
    ) -> Step<()> {
        let expected = self.seq.saturating_add(1);
        if line.seq != expected {
            return Err("the sequence number is not the next one: records are missing or moved");
        }
        let prev = unhex(&line.prev).ok_or("the previous hash is no hash")?;
        if prev != self.hash {
            return Err("it does not follow the record before it");
        }
        let body = unhex_any(&line.body).ok_or("the body is no hex")?;
        let hash = link(self.instance(line.seq)?, line.seq, &prev, &body);
        if unhex(&line.hash) != Some(hash) {
            return Err("the hash does not belong to the record");
        }
        let event = DecodedEvent::decode(&body).map_err(|_| "the body can not be read")?;
        if event != line.event {
            return Err("the readable fields are not those of the hashed body");
        }
        visit(&AuditRecord { seq: line.seq, prev, body }, &hash, &event);
        (self.seq, self.hash) = (line.seq, hash);
        self.first_at_ms = self.first_at_ms.or(Some(event.at_ms));
        self.last_at_ms = Some(event.at_ms);
        Ok(())
    }

    fn checkpoint(&mut self, line: &CheckpointLine) -> Step<()> {
        let head = self.head_of((&line.instance, line.seq, &line.hash), line.at_ms, &line.at)?;
        let signature = unhex::<64>(&line.signature).ok_or("the signature is no signature")?;
        if !verify_signature(&self.public_key, &head.message(), &signature) {
            return Err("the checkpoint's signature is wrong");
        }
        self.checkpoints = self.checkpoints.saturating_add(1);
        Ok(())
    }

    fn trailer(&self, line: &TrailerLine) -> Step<Summary> {
        let head = self.head_of((&line.instance, line.seq, &line.hash), line.at_ms, &line.at)?;
        if (line.records, line.checkpoints) != (self.seq, self.checkpoints) {
            return Err("the numbers of records and checkpoints are not those of the export");
        }
        let stream: [u8; 32] = self.stream.clone().finalize().into();
        if unhex(&line.stream) != Some(stream) {
            return Err("a line before this one was changed, removed or added");
        }
        let signature = unhex::<64>(&line.signature).ok_or("the signature is no signature")?;
        let purpose = Purpose::AuditExport;
        let closing = Closing { purpose, stream, count: self.seq, head: head.clone() };
        if !verify_signature(&self.public_key, &closing.message(), &signature) {
            return Err("the last line's signature is wrong");
        }
        Ok(Summary {
            store_id: self.store_id.clone(),
            records: self.seq,
            checkpoints: self.checkpoints,
            head,
            first_at_ms: self.first_at_ms,
            last_at_ms: self.last_at_ms,
            public_key: self.public_key.clone(),
            key_trusted: self.key_trusted,
        })
    }

    /// The head that a line claims, where it is the one reached.
    fn head_of(&self, claim: (&str, u64, &str), at_ms: u64, at: &str) -> Step<Head> {
        let (instance, seq, hash) = claim;
        if seq != self.seq || unhex(hash) != Some(self.hash) {
            return Err("it speaks of another record than the one before it");
        }
        let expected = self.instance(seq)?;
        if expected.as_str() != instance {
            return Err("it speaks of another instance");
        }
        if UnixTime(at_ms / 1_000).to_rfc3339() != at {
            return Err("its two times differ");
        }
        Ok(Head { instance: expected.clone(), seq, hash: self.hash, at_ms })
    }
}
