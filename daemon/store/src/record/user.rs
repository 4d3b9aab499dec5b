//! A user of a contract: role, bond to a token, what happened lately.
//!
//! Not responsible for: whether the bond still counts (that depends on the contract's generation).

use minicbor::{Decode, Encode, bytes::ByteArray};
use warifu_core::{
    camera::LoginName,
    ident::{ContractId, Institution, Serial, UserId},
    lifecycle::{Binding, GivenUp, Role, TokenKind, User, signing::Signer, user::UserParts},
    time::UnixTime,
};

use super::{
    envelope::{LIFE_CYCLE, Record, SIGNING, damaged, open, seal_as},
    note::{UserNote, UserNoteWire, notes, push, wires},
};
use crate::port::{Key, StoreError};

/// A user as they are stored.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UserRecord {
    /// The bank.
    pub institution: Institution,
    /// The customer they belong to.
    pub contract: ContractId,
    /// Who, as the bank names them; unique within the contract.
    pub id: UserId,
    /// Role, and what they hold.
    pub user: User,
    /// What happened to them lately, newest last, at most [`UserNote::KEPT`].
    pub recent: Vec<UserNote>,
    /// When the record was made, in milliseconds since the epoch.
    pub created_ms: u64,
    /// Id of the last request that changed this record: settles an indeterminate commit.
    pub last_request: Option<[u8; 16]>,
}

impl UserRecord {
    /// What it lies under.
    pub fn key(&self) -> Key {
        super::user_key(&self.institution, &self.contract, &self.id)
    }

    /// Adds a note; the oldest ones beyond [`UserNote::KEPT`] go.
    pub fn push(&mut self, note: UserNote) {
        push(&mut self.recent, note);
    }
}

#[derive(Decode, Encode)]
#[cbor(map)]
struct BindingWire {
    /// 1 issued, 2 in service, 3 revoked.
    #[n(1)]
    kind: u8,
    #[n(2)]
    serial: String,
    #[n(3)]
    at: u64,
    #[n(4)]
    generation: Option<u32>,
}

#[derive(Decode, Encode)]
#[cbor(map)]
struct OrderedWire {
    #[n(1)]
    kind: String,
    #[n(2)]
    at: u64,
}

#[derive(Decode, Encode)]
#[cbor(map)]
struct GivenUpWire {
    #[n(1)]
    serial: String,
    #[n(2)]
    kind: String,
    #[n(3)]
    at: u64,
    #[n(4)]
    reusable: bool,
}

#[derive(Decode, Encode)]
#[cbor(map)]
struct SignerWire {
    #[n(1)]
    serial: String,
    #[n(2)]
    login: String,
    #[n(3)]
    at: u64,
    #[n(4)]
    generation: u32,
    #[n(5)]
    activation: u32,
}

#[derive(Decode, Encode)]
#[cbor(map)]
struct Wire {
    #[n(1)]
    institution: String,
    #[n(2)]
    contract: String,
    #[n(3)]
    id: String,
    #[n(4)]
    role: String,
    /// Absent: unregistered.
    #[n(5)]
    binding: Option<BindingWire>,
    #[n(6)]
    ordered: Option<OrderedWire>,
    #[n(7)]
    wait_until: Option<u64>,
    #[n(8)]
    given_up: Option<GivenUpWire>,
    #[n(9)]
    recent: Option<Vec<UserNoteWire>>,
    #[n(10)]
    created_ms: u64,
    #[n(11)]
    last_request: Option<ByteArray<16>>,
    #[n(12)]
    signer: Option<SignerWire>,
    #[n(13)]
    signer_wait_until: Option<u64>,
}

impl Record for UserRecord {
    const KIND: &'static str = "user";

    fn encode(&self) -> Vec<u8> {
        let UserParts { role, binding, ordered, wait_until, given_up, signer, signer_wait_until } =
            self.user.parts();
        let signs = signer.is_some() || signer_wait_until.is_some();
        seal_as(
            if signs { SIGNING } else { LIFE_CYCLE },
            &Wire {
                institution: self.institution.as_str().to_owned(),
                contract: self.contract.as_str().to_owned(),
                id: self.id.as_str().to_owned(),
                role: role.word().to_owned(),
                binding: BindingWire::of(&binding),
                ordered: ordered
                    .map(|(kind, at)| OrderedWire { kind: kind.word().to_owned(), at: at.0 }),
                wait_until: wait_until.map(|at| at.0),
                given_up: given_up.as_ref().map(GivenUpWire::of),
                recent: wires(&self.recent),
                created_ms: self.created_ms,
                last_request: self.last_request.map(ByteArray::from),
                signer: signer.as_ref().map(SignerWire::of),
                signer_wait_until: signer_wait_until.map(|at| at.0),
            },
        )
    }

    fn decode(bytes: &[u8]) -> Result<Self, StoreError> {
        let wire: Wire = open(Self::KIND, bytes)?;
        wire.record().map_err(|what| damaged(Self::KIND, &what))
    }
}

impl Wire {
    fn record(self) -> Result<UserRecord, &'static str> {
        Ok(UserRecord {
            institution: Institution::parse(&self.institution).map_err(|_| "institution")?,
            contract: ContractId::parse(&self.contract).map_err(|_| "contract")?,
            id: UserId::parse(&self.id).map_err(|_| "id")?,
            user: User::from_parts(UserParts {
                role: Role::from_word(&self.role).ok_or("unknown role")?,
                binding: self.binding.map_or(Ok(Binding::Unregistered), BindingWire::value)?,
                ordered: self.ordered.map(OrderedWire::value).transpose()?,
                wait_until: self.wait_until.map(UnixTime),
                given_up: self.given_up.map(GivenUpWire::value).transpose()?,
                signer: self.signer.map(SignerWire::value).transpose()?,
                signer_wait_until: self.signer_wait_until.map(UnixTime),
            }),
            recent: notes(self.recent)?,
            created_ms: self.created_ms,
            last_request: self.last_request.map(Into::into),
        })
    }
}

impl BindingWire {
    fn of(binding: &Binding) -> Option<Self> {
        let (kind, serial, at, generation) = match binding {
            Binding::Unregistered => return None,
            Binding::Issued { serial, at } => (1, serial, at, None),
            Binding::InService { serial, at, generation } => (2, serial, at, Some(*generation)),
            Binding::Revoked { serial, at, generation } => (3, serial, at, Some(*generation)),
        };
        Some(Self { kind, serial: serial.as_str().to_owned(), at: at.0, generation })
    }

    /// A missing generation is damage: any number in its place might be the one that counts.
    fn value(self) -> Result<Binding, &'static str> {
        let (serial, at) = (serial(&self.serial)?, UnixTime(self.at));
        let generation = self.generation.ok_or("no generation of the contract");
        match self.kind {
            1 => Ok(Binding::Issued { serial, at }),
            2 => Ok(Binding::InService { serial, at, generation: generation? }),
            3 => Ok(Binding::Revoked { serial, at, generation: generation? }),
            _ => Err("unknown kind of bond"),
        }
    }
}

impl OrderedWire {
    fn value(self) -> Result<(TokenKind, UnixTime), &'static str> {
        Ok((kind(&self.kind)?, UnixTime(self.at)))
    }
}

impl GivenUpWire {
    fn of(old: &GivenUp) -> Self {
        Self {
            serial: old.serial.as_str().to_owned(),
            kind: old.kind.word().to_owned(),
            at: old.at.0,
            reusable: old.reusable,
        }
    }

    fn value(self) -> Result<GivenUp, &'static str> {
        Ok(GivenUp {
            serial: serial(&self.serial)?,
            kind: kind(&self.kind)?,
            at: UnixTime(self.at),
            reusable: self.reusable,
        })
    }
}

impl SignerWire {
    fn of(signer: &Signer) -> Self {
        Self {
            serial: signer.serial.as_str().to_owned(),
            login: signer.login.as_str().to_owned(),
            at: signer.at.0,
            generation: signer.generation,
            activation: signer.activation,
        }
    }

    fn value(self) -> Result<Signer, &'static str> {
        Ok(Signer {
            serial: serial(&self.serial)?,
            login: LoginName::parse(&self.login).ok_or("login name of a signer")?,
            at: UnixTime(self.at),
            generation: self.generation,
            activation: self.activation,
        })
    }
}

fn serial(text: &str) -> Result<Serial, &'static str> {
    Serial::parse(text).map_err(|_| "serial")
}

fn kind(word: &str) -> Result<TokenKind, &'static str> {
    TokenKind::from_word(word).ok_or("unknown kind of token")
}

#[cfg(test)]
#[path = "user_tests.rs"]
mod tests;
