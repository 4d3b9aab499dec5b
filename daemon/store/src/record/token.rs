//! A token: what it is, where its seed lies, where its moving factor stands.
//!
//! Not responsible for: changing any of it (see `warifu_core`), or opening the sealed seed.

use minicbor::{
    Decode, Encode,
    bytes::{ByteArray, ByteVec},
};
use warifu_core::{
    custody::{SealedSeed, WrapMechanism},
    drift::Drift,
    ident::{Institution, Name, Serial, TokenId},
    lifecycle::{Life, TokenKind},
    oath::{Digits, HashAlgorithm},
    time::UnixTime,
    token::{Fingerprint, Guard, Moving, Profile, Refused, Switch, Token},
};

use super::{
    envelope::{LIFE_CYCLE, Record, damaged, open, seal, seal_as},
    life::LifeWire,
    note::{TokenNote, TokenNoteWire, notes, push, wires},
};
use crate::port::StoreError;

/// A token as it is stored.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TokenRecord {
    /// The bank.
    pub institution: Institution,
    /// The serial.
    pub serial: Serial,
    /// Maker, as the seed file names it.
    pub manufacturer: String,
    /// The maker's id of the key.
    pub key_id: String,
    /// Model, where the seed file names one.
    pub model: Option<String>,
    /// Batch it came with; the token is visible only while that batch is active.
    pub batch: Name,
    /// Verification state.
    pub token: Token,
    /// The seed, useless without the HSM.
    pub seal: SealedSeed,
    /// When it was imported, in milliseconds since the epoch.
    pub created_ms: u64,
    /// When a code was last accepted.
    pub last_accepted_ms: Option<u64>,
    /// Id of the last request that changed this record: settles an indeterminate commit.
    pub last_request: Option<[u8; 16]>,
    /// Of which kind it is, as the customer sees it.
    pub kind: TokenKind,
    /// Where it stands between stock and bin. Read it as [`Life::in_generation`].
    pub life: Life,
    /// What happened to it lately, newest last, at most [`TokenNote::KEPT`].
    pub recent: Vec<TokenNote>,
}

impl TokenRecord {
    /// What it is found by.
    pub fn id(&self) -> TokenId {
        TokenId { institution: self.institution.clone(), serial: self.serial.clone() }
    }

    /// Whether the latest note tells anything else than this.
    pub fn is_news(&self, action: &str, outcome: &str) -> bool {
        let known = |note: &TokenNote| note.action == action && note.outcome == outcome;
        !self.recent.last().is_some_and(known)
    }

    /// Adds a note; the oldest ones beyond [`TokenNote::KEPT`] go.
    pub fn push(&mut self, note: TokenNote) {
        push(&mut self.recent, note);
    }
}

#[derive(Decode, Encode)]
#[cbor(map)]
struct RefusedWire {
    #[n(1)]
    fingerprint: ByteArray<8>,
    #[n(2)]
    window_end: u64,
}

#[derive(Decode, Encode)]
#[cbor(map)]
struct MovingWire {
    /// 1 event, 2 time.
    #[n(1)]
    kind: u8,
    #[n(2)]
    next: Option<u64>,
    #[n(3)]
    resync_required: Option<bool>,
    #[n(4)]
    step_s: Option<u32>,
    #[n(5)]
    t0: Option<u64>,
    #[n(6)]
    floor: Option<u64>,
    #[n(7)]
    drift: Option<i32>,
}

#[derive(Decode, Encode)]
#[cbor(map)]
struct SealWire {
    /// 1 resident, 2 wrapped.
    #[n(1)]
    kind: u8,
    #[n(2)]
    object_id: Option<ByteArray<16>>,
    #[n(3)]
    kek: Option<u32>,
    /// 1 RFC 3394, 2 RFC 5649.
    #[n(4)]
    mechanism: Option<u8>,
    #[n(5)]
    blob: Option<ByteVec>,
    #[n(6)]
    binding: ByteArray<32>,
}

#[derive(Decode, Encode)]
#[cbor(map)]
struct Wire {
    #[n(1)]
    institution: String,
    #[n(2)]
    serial: String,
    #[n(3)]
    manufacturer: String,
    #[n(4)]
    key_id: String,
    #[n(5)]
    model: Option<String>,
    #[n(6)]
    batch: String,
    #[n(7)]
    hash: u8,
    #[n(8)]
    digits: u8,
    #[n(9)]
    valid_from: Option<u64>,
    #[n(10)]
    expires_at: Option<u64>,
    #[n(11)]
    moving: MovingWire,
    #[n(12)]
    enabled: bool,
    #[n(13)]
    failures: u32,
    #[n(14)]
    locked_at: Option<u64>,
    #[n(15)]
    refused: Vec<RefusedWire>,
    #[n(16)]
    seal: SealWire,
    #[n(17)]
    created_ms: u64,
    #[n(18)]
    last_accepted_ms: Option<u64>,
    #[n(19)]
    last_request: Option<ByteArray<16>>,
    /// Absent: hard.
    #[n(20)]
    kind: Option<String>,
    /// Absent: in stock.
    #[n(21)]
    life: Option<LifeWire>,
    #[n(22)]
    recent: Option<Vec<TokenNoteWire>>,
}

impl Record for TokenRecord {
    const KIND: &'static str = "token";

    fn encode(&self) -> Vec<u8> {
        let wire = Wire::of(self);
        // Tokens that nobody was given say nothing that an older build could lose to harm.
        if wire.life.is_none() { seal(&wire) } else { seal_as(LIFE_CYCLE, &wire) }
    }

    fn decode(bytes: &[u8]) -> Result<Self, StoreError> {
        let wire: Wire = open(Self::KIND, bytes)?;
        wire.record().map_err(|what| damaged(Self::KIND, &what))
    }
}

impl Wire {
    fn of(record: &TokenRecord) -> Self {
        let Token { profile, moving, switch, guard } = &record.token;
        Self {
            institution: record.institution.as_str().to_owned(),
            serial: record.serial.as_str().to_owned(),
            manufacturer: record.manufacturer.clone(),
            key_id: record.key_id.clone(),
            model: record.model.clone(),
            batch: record.batch.as_str().to_owned(),
            hash: match profile.hash {
                HashAlgorithm::Sha1 => 1,
                HashAlgorithm::Sha256 => 2,
                HashAlgorithm::Sha512 => 3,
            },
            digits: profile.digits.get(),
            valid_from: profile.valid_from.map(|t| t.0),
            expires_at: profile.expires_at.map(|t| t.0),
            moving: MovingWire::of(moving),
            enabled: *switch == Switch::Enabled,
            failures: guard.failures,
            locked_at: guard.locked_at.map(|t| t.0),
            refused: guard.refused.iter().map(RefusedWire::of).collect(),
            seal: SealWire::of(&record.seal),
            created_ms: record.created_ms,
            last_accepted_ms: record.last_accepted_ms,
            last_request: record.last_request.map(ByteArray::from),
            kind: (record.kind != TokenKind::Hard).then(|| record.kind.word().to_owned()),
            life: LifeWire::of(&record.life),
            recent: wires(&record.recent),
        }
    }

    fn record(self) -> Result<TokenRecord, &'static str> {
        Ok(TokenRecord {
            institution: Institution::parse(&self.institution).map_err(|_| "institution")?,
            serial: Serial::parse(&self.serial).map_err(|_| "serial")?,
            manufacturer: self.manufacturer,
            key_id: self.key_id,
            model: self.model,
            batch: Name::parse(&self.batch).map_err(|_| "batch")?,
            token: Token {
                profile: Profile {
                    hash: match self.hash {
                        1 => HashAlgorithm::Sha1,
                        2 => HashAlgorithm::Sha256,
                        3 => HashAlgorithm::Sha512,
                        _ => return Err("unknown hash"),
                    },
                    digits: Digits::new(self.digits).ok_or("number of digits")?,
                    valid_from: self.valid_from.map(UnixTime),
                    expires_at: self.expires_at.map(UnixTime),
                },
                moving: self.moving.value()?,
                switch: if self.enabled { Switch::Enabled } else { Switch::Disabled },
                guard: Guard {
                    failures: self.failures,
                    locked_at: self.locked_at.map(UnixTime),
                    refused: self.refused.into_iter().map(RefusedWire::value).collect(),
                },
            },
            seal: self.seal.value()?,
            created_ms: self.created_ms,
            last_accepted_ms: self.last_accepted_ms,
            last_request: self.last_request.map(Into::into),
            kind: match self.kind {
                None => TokenKind::Hard,
                Some(word) => TokenKind::from_word(&word).ok_or("unknown kind")?,
            },
            life: self.life.map_or(Ok(Life::stock()), LifeWire::value)?,
            recent: notes(self.recent)?,
        })
    }
}

impl RefusedWire {
    fn of(refused: &Refused) -> Self {
        Self { fingerprint: refused.fingerprint.0.into(), window_end: refused.window_end }
    }

    fn value(self) -> Refused {
        Refused { fingerprint: Fingerprint(self.fingerprint.into()), window_end: self.window_end }
    }
}

impl MovingWire {
    fn of(moving: &Moving) -> Self {
        let none = Self {
            kind: 0,
            next: None,
            resync_required: None,
            step_s: None,
            t0: None,
            floor: None,
            drift: None,
        };
        match moving {
            Moving::Event { next, resync_required } => {
                Self { kind: 1, next: Some(*next), resync_required: Some(*resync_required), ..none }
            }
            Moving::Time { step_s, t0, floor, drift } => Self {
                kind: 2,
                step_s: Some(*step_s),
                t0: Some(t0.0),
                floor: *floor,
                drift: Some(drift.raw()),
                ..none
            },
        }
    }

    /// A missing counter, flag or step is damage, never a zero: a zero would open used codes.
    fn value(self) -> Result<Moving, &'static str> {
        match self.kind {
            1 => Ok(Moving::Event {
                next: self.next.ok_or("no counter")?,
                resync_required: self.resync_required.ok_or("no resynchronisation flag")?,
            }),
            2 => Ok(Moving::Time {
                step_s: self.step_s.filter(|s| *s > 0).ok_or("no step length")?,
                t0: self.t0.map(UnixTime).ok_or("no start of steps")?,
                floor: self.floor,
                drift: self.drift.map(Drift::from_raw).ok_or("no drift")?,
            }),
            _ => Err("unknown kind of moving factor"),
        }
    }
}

impl SealWire {
    fn of(seal: &SealedSeed) -> Self {
        match seal {
            SealedSeed::Resident { object_id, binding } => Self {
                kind: 1,
                object_id: Some((*object_id).into()),
                kek: None,
                mechanism: None,
                blob: None,
                binding: (*binding).into(),
            },
            SealedSeed::Wrapped { kek, mechanism, blob, binding } => Self {
                kind: 2,
                object_id: None,
                kek: Some(*kek),
                mechanism: Some(match mechanism {
                    WrapMechanism::AesKeyWrap => 1,
                    WrapMechanism::AesKeyWrapPad => 2,
                }),
                blob: Some(blob.clone().into()),
                binding: (*binding).into(),
            },
        }
    }

    fn value(self) -> Result<SealedSeed, &'static str> {
        match self.kind {
            1 => Ok(SealedSeed::Resident {
                object_id: self.object_id.ok_or("no object id")?.into(),
                binding: self.binding.into(),
            }),
            2 => Ok(SealedSeed::Wrapped {
                kek: self.kek.ok_or("no key generation")?,
                mechanism: match self.mechanism {
                    Some(1) => WrapMechanism::AesKeyWrap,
                    Some(2) => WrapMechanism::AesKeyWrapPad,
                    _ => return Err("unknown wrap mechanism"),
                },
                blob: self.blob.ok_or("no blob")?.into(),
                binding: self.binding.into(),
            }),
            _ => Err("unknown kind of seal"),
        }
    }
}

#[cfg(test)]
#[path = "token_tests.rs"]
mod tests;
