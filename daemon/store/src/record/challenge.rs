//! A challenge: what a user was asked to sign, and how it stands.
//!
//! Not responsible for: what may be asked and answered (`warifu_core::challenge`), or for removing
//! those whose time is up. A backup does not hold challenges: one that was answered meanwhile would
//! be open again.

use minicbor::{
    Decode, Encode,
    bytes::{ByteArray, ByteVec},
};
use warifu_core::{
    camera::LoginName,
    challenge::{Challenge, ChallengeId, Form, Purpose, State},
    ident::{ContractId, Institution, Serial, TokenId, UserId},
    lifecycle::Denial,
    time::UnixTime,
};

use super::envelope::{Record, SIGNING, damaged, open, seal_as};
use crate::port::{Key, StoreError};

/// A challenge as it is stored.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ChallengeRecord {
    /// The bank.
    pub institution: Institution,
    /// The token that is to answer.
    pub serial: Serial,
    /// Which of that token's challenges.
    pub id: ChallengeId,
    /// Who is asked, and how it stands.
    pub challenge: Challenge,
    /// What follows from the right answer.
    pub purpose: Purpose,
    /// How the token is asked.
    pub form: Form,
    /// How the token will call the user, for [`Purpose::Share`].
    pub login: Option<LoginName>,
    /// Id of the last request that changed this record: settles an indeterminate commit.
    pub last_request: Option<[u8; 16]>,
}

impl ChallengeRecord {
    /// The token that is to answer.
    pub fn token(&self) -> TokenId {
        TokenId { institution: self.institution.clone(), serial: self.serial.clone() }
    }

    /// What it lies under.
    pub fn key(&self) -> Key {
        super::challenge_key(&self.token(), &self.id)
    }
}

#[derive(Decode, Encode)]
#[cbor(map)]
struct StateWire {
    /// 1 open, 2 verified, 3 ended.
    #[n(1)]
    kind: u8,
    #[n(2)]
    at: Option<u64>,
    #[n(3)]
    denial: Option<String>,
}

#[derive(Decode, Default, Encode)]
#[cbor(map)]
struct FormWire {
    /// 1 display, 2 keypad.
    #[n(1)]
    kind: u8,
    #[n(2)]
    message: Option<ByteVec>,
    #[n(3)]
    content: Option<ByteVec>,
    /// The driver's, of a display.
    #[n(4)]
    digest: Option<ByteVec>,
    #[n(5)]
    suite: Option<String>,
    /// What is typed into a keypad.
    #[n(6)]
    typed: Option<String>,
}

#[derive(Decode, Encode)]
#[cbor(map)]
struct Wire {
    #[n(1)]
    institution: String,
    #[n(2)]
    serial: String,
    #[n(3)]
    id: ByteArray<12>,
    #[n(4)]
    contract: String,
    #[n(5)]
    user: String,
    #[n(6)]
    session: ByteArray<16>,
    #[n(7)]
    issued: u64,
    #[n(8)]
    lifetime_s: u16,
    #[n(9)]
    wrong: u8,
    #[n(10)]
    activation: u32,
    #[n(11)]
    state: StateWire,
    #[n(12)]
    purpose: String,
    #[n(13)]
    form: FormWire,
    #[n(14)]
    login: Option<String>,
    #[n(15)]
    last_request: Option<ByteArray<16>>,
}

impl Record for ChallengeRecord {
    const KIND: &'static str = "challenge";

    fn encode(&self) -> Vec<u8> {
        let Challenge { contract, user, session, issued, lifetime_s, wrong, activation, state } =
            &self.challenge;
        seal_as(
            SIGNING,
            &Wire {
                institution: self.institution.as_str().to_owned(),
                serial: self.serial.as_str().to_owned(),
                id: self.id.into(),
                contract: contract.as_str().to_owned(),
                user: user.as_str().to_owned(),
                session: (*session).into(),
                issued: issued.0,
                lifetime_s: *lifetime_s,
                wrong: *wrong,
                activation: *activation,
                state: StateWire::of(*state),
                purpose: self.purpose.word().to_owned(),
                form: FormWire::of(&self.form),
                login: self.login.as_ref().map(|login| login.as_str().to_owned()),
                last_request: self.last_request.map(ByteArray::from),
            },
        )
    }

    fn decode(bytes: &[u8]) -> Result<Self, StoreError> {
        let wire: Wire = open(Self::KIND, bytes)?;
        wire.record().map_err(|what| damaged(Self::KIND, &what))
    }
}

impl Wire {
    fn record(self) -> Result<ChallengeRecord, &'static str> {
        let login = self.login.map(|login| LoginName::parse(&login).ok_or("login name"));
        Ok(ChallengeRecord {
            institution: Institution::parse(&self.institution).map_err(|_| "institution")?,
            serial: Serial::parse(&self.serial).map_err(|_| "serial")?,
            id: self.id.into(),
            challenge: Challenge {
                contract: ContractId::parse(&self.contract).map_err(|_| "contract")?,
                user: UserId::parse(&self.user).map_err(|_| "user")?,
                session: self.session.into(),
                issued: UnixTime(self.issued),
                lifetime_s: self.lifetime_s,
                wrong: self.wrong,
                activation: self.activation,
                state: self.state.value()?,
            },
            purpose: Purpose::from_word(&self.purpose).ok_or("unknown purpose")?,
            form: self.form.value()?,
            login: login.transpose()?,
            last_request: self.last_request.map(Into::into),
        })
    }
}

impl StateWire {
    fn of(state: State) -> Self {
        match state {
            State::Open => Self { kind: 1, at: None, denial: None },
            State::Verified { at } => Self { kind: 2, at: Some(at.0), denial: None },
            State::Ended(why) => Self { kind: 3, at: None, denial: Some(why.word().to_owned()) },
        }
    }

    /// Whatever is not understood is damage, never an open challenge.
    fn value(self) -> Result<State, &'static str> {
        match (self.kind, self.at, self.denial) {
            (1, None, None) => Ok(State::Open),
            (2, Some(at), None) => Ok(State::Verified { at: UnixTime(at) }),
            (3, None, Some(word)) => {
                Denial::from_word(&word).map(State::Ended).ok_or("unknown reason of its end")
            }
            _ => Err("parts of its state do not fit together"),
        }
    }
}

impl FormWire {
    fn of(form: &Form) -> Self {
        let bytes = |bytes: &[u8]| ByteVec::from(bytes.to_vec());
        match form {
            Form::Display { message, content, question } => Self {
                kind: 1,
                message: Some(bytes(message)),
                content: Some(bytes(content)),
                digest: Some(bytes(question)),
                ..Self::default()
            },
            Form::Keypad { suite, question, content } => Self {
                kind: 2,
                content: content.as_deref().map(bytes),
                suite: Some(suite.clone()),
                typed: Some(question.clone()),
                ..Self::default()
            },
        }
    }

    fn value(self) -> Result<Form, &'static str> {
        let Self { kind, message, content, digest, suite, typed } = self;
        match (kind, message, digest, suite, typed) {
            (1, Some(message), Some(digest), None, None) => Ok(Form::Display {
                message: message.into(),
                content: content.ok_or("no content")?.into(),
                question: digest.into(),
            }),
            (2, None, None, Some(suite), Some(question)) => {
                Ok(Form::Keypad { suite, question, content: content.map(Into::into) })
            }
            _ => Err("parts of its form do not fit together"),
        }
    }
}

#[cfg(test)]
#[path = "challenge_tests.rs"]
mod tests;
