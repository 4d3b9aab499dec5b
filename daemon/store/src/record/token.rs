//! A token: what it is, where its seed lies, where its moving factor stands.
//!
//! Not responsible for: changing any of it (see `warifu_core`), or opening the sealed seed.

use minicbor::{Decode, Encode, bytes::ByteArray};
use warifu_core::{
    custody::{CameraKeys, SealedSeed},
    ident::{Institution, Name, Serial, TokenId},
    lifecycle::{Life, TokenKind},
    oath::{Digits, HashAlgorithm},
    time::UnixTime,
    token::{Fingerprint, Guard, Moving, Profile, Refused, Switch, Token},
};

use super::{
    envelope::{FIRST, LIFE_CYCLE, Record, SIGNING, damaged, open, seal_as},
    life::LifeWire,
    moving::MovingWire,
    note::{TokenNote, TokenNoteWire, notes, push, wires},
    seal::{CameraKeysWire, SealWire},
};
use crate::port::{MAX_VALUE, StoreError};

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
    /// The seed, useless without the HSM; of a camera token the key that signs.
    pub seal: SealedSeed,
    /// The other keys of a camera token; there exactly when [`Moving::Camera`] is.
    pub camera_keys: Option<CameraKeys>,
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

    /// What a build must know to rewrite it. Tokens that nobody was given say nothing that an
    /// older build could lose to harm.
    fn schema(&self) -> u16 {
        match (&self.token.moving, &self.life) {
            (Moving::Keypad(_) | Moving::Camera(_), _) => SIGNING,
            (Moving::Event { .. } | Moving::Time { .. }, Life::Stock(_)) => FIRST,
            (Moving::Event { .. } | Moving::Time { .. }, _) => LIFE_CYCLE,
        }
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
    #[n(23)]
    camera_keys: Option<CameraKeysWire>,
}

impl Record for TokenRecord {
    const KIND: &'static str = "token";

    fn encode(&self) -> Vec<u8> {
        let mut wire = Wire::of(self);
        loop {
            let bytes = seal_as(self.schema(), &wire);
            // What a token is must be stored; what happened to it lately is told as far as there
            // is room.
            if bytes.len() <= MAX_VALUE || !wire.forget_oldest() {
                return bytes;
            }
        }
    }

    fn decode(bytes: &[u8]) -> Result<Self, StoreError> {
        if bytes.len() > MAX_VALUE {
            return Err(damaged(Self::KIND, &"longer than a value can be"));
        }
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
            camera_keys: record.camera_keys.as_ref().map(CameraKeysWire::of),
        }
    }

    /// Makes room. `false` where nothing can go.
    fn forget_oldest(&mut self) -> bool {
        let Some(recent) = self.recent.as_mut().filter(|recent| !recent.is_empty()) else {
            return false;
        };
        recent.remove(0);
        true
    }

    fn record(self) -> Result<TokenRecord, &'static str> {
        let moving = self.moving.value()?;
        if matches!(moving, Moving::Camera(_)) != self.camera_keys.is_some() {
            return Err("keys and kind of the token do not fit together");
        }
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
                moving,
                switch: if self.enabled { Switch::Enabled } else { Switch::Disabled },
                guard: Guard {
                    failures: self.failures,
                    locked_at: self.locked_at.map(UnixTime),
                    refused: self.refused.into_iter().map(RefusedWire::value).collect(),
                },
            },
            seal: self.seal.value()?,
            camera_keys: self.camera_keys.map(CameraKeysWire::value).transpose()?,
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

#[cfg(test)]
#[path = "token_tests.rs"]
mod tests;
