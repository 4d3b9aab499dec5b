//! Drivers: one per way in which tokens make codes.
//!
//! A driver turns what the server wants of a token (an activation, a message, a verdict over a code)
//! into work for the HSM, and back. The states of a token are not its business: those are the
//! core's, the same for all makers. A maker's licensed library becomes another implementation of
//! [`Driver`], and has to pass the same suite ([`contract`]); docs/drivers.md says how it is added.
//!
//! Not responsible for: states, tries and locks (`warifu_core`), storage, pictures of messages.

pub mod contract;
mod keypad;
mod oath;
mod txa1;

use std::{collections::HashMap, pin::Pin, sync::Arc, time::Instant};

use thiserror::Error;
use warifu_core::{
    camera::{Active, LoginName, Material, Session, TokenCode},
    code::Code,
    custody::{CameraKeys, SealedSeed},
    ident::TokenId,
    lifecycle::Denial,
    oath::{Digits, HashAlgorithm, MovingFactor},
    ocra::Suite,
    time::UnixTime,
};
use warifu_txa1::content::Body;

pub use self::{keypad::Keypad, oath::Oath, txa1::Txa1};
use crate::hsm::HsmError;

/// What a driver answers, some time.
pub type Work<'a, T> = Pin<Box<dyn Future<Output = Result<T, DriverError>> + Send + 'a>>;

/// Why there is no answer. By what the caller does next.
#[derive(Debug, Error)]
pub enum DriverError {
    /// Nothing was decided; the HSM says why. Never counts against the token.
    #[error(transparent)]
    Hsm(#[from] HsmError),
    /// What was typed can not be such a code, or what was asked can not be put to such a token. Costs
    /// no try.
    #[error("not possible: {}", .0.word())]
    Denied(Denial),
    /// The record is not one that this driver wrote.
    #[error("the token's record is not of this driver")]
    Damaged,
}

impl From<Denial> for DriverError {
    fn from(denial: Denial) -> Self {
        Self::Denied(denial)
    }
}

/// A token and its sealed keys.
#[derive(Clone, Copy, Debug)]
pub struct TokenKeys<'a> {
    /// Whose.
    pub id: &'a TokenId,
    /// Hash of the key that makes codes.
    pub hash: HashAlgorithm,
    /// The key that makes codes.
    pub seal: &'a SealedSeed,
    /// The others, where the token has them.
    pub camera: Option<&'a CameraKeys>,
    /// Nobody waits longer.
    pub deadline: Instant,
}

/// What an activation's messages say.
#[derive(Clone, Copy, Debug)]
pub struct Activation<'a> {
    /// 金融機関コード.
    pub bank: &'a str,
    /// How the token will call its user.
    pub login: &'a LoginName,
    /// When.
    pub now: UnixTime,
    /// For how long the message holds.
    pub lifetime_s: u32,
    /// Which of the two.
    pub stage: Stage<'a>,
}

/// Which message of an activation.
#[derive(Clone, Copy, Debug)]
pub enum Stage<'a> {
    /// The first.
    First {
        /// The token may give up an activation that it has.
        may_replace: bool,
    },
    /// The second, after the device showed its code.
    Second {
        /// What the first left behind.
        session: &'a Session,
        /// The device's own counter, out of its code.
        counter: u16,
        /// By which users pick the token.
        code: &'a TokenCode,
        /// Number of this activation, from 1.
        activation: u32,
    },
}

/// A message to a token.
#[derive(Clone, Debug)]
pub struct Message {
    /// The bytes to be shown as a picture.
    pub bytes: Vec<u8>,
    /// Names it: never used twice for a token.
    pub nonce: [u8; 12],
}

/// A message of an activation.
#[derive(Clone, Debug)]
pub struct ActivationMessage {
    /// To be shown.
    pub message: Message,
    /// To be kept.
    pub material: Material,
}

/// A message that asks for a signature.
#[derive(Clone, Debug)]
pub struct ChallengeMessage {
    /// To be shown.
    pub message: Message,
    /// What it says, in the protocol's own bytes.
    pub content: Vec<u8>,
    /// What the code is checked with besides the token's state.
    pub question: Vec<u8>,
}

/// What is to be shown and signed.
#[derive(Clone, Copy, Debug)]
pub struct Wish<'a> {
    /// How the token calls the user.
    pub login: &'a LoginName,
    /// When.
    pub now: UnixTime,
    /// For how long it holds.
    pub lifetime_s: u16,
    /// What.
    pub body: &'a Body,
}

/// What a code may be the answer to.
#[derive(Clone, Copy, Debug)]
pub enum Question<'a> {
    /// A one-time password: these moving factors, in this order.
    Factors {
        /// Length of a code.
        digits: Digits,
        /// The moving factors.
        factors: &'a [MovingFactor],
    },
    /// OCRA: these data inputs, in this order.
    Inputs {
        /// What the token computes.
        suite: &'a Suite,
        /// The data inputs.
        inputs: &'a [Vec<u8>],
    },
    /// The last code of an activation.
    Confirmation(&'a Session),
    /// A signature.
    Signature {
        /// Of [`ChallengeMessage::question`].
        question: &'a [u8],
        /// The message as it was sent.
        message: &'a [u8],
        /// Of [`ChallengeMessage::content`]. Where the code is not over this there is no verdict:
        /// it is what will be carried out, and it lay in the store.
        content: &'a [u8],
        /// The token's state.
        active: &'a Active,
        /// Number of the activation, from 1.
        activation: u32,
    },
}

/// One way in which tokens make codes. What is not said here otherwise is what a token without a
/// camera answers.
pub trait Driver: Send + Sync {
    /// In the token's record: which driver wrote it.
    fn name(&self) -> &'static str;

    /// Makes a message of an activation.
    fn activation_message<'a>(
        &'a self,
        _: TokenKeys<'a>,
        _: Activation<'a>,
    ) -> Work<'a, ActivationMessage> {
        reads_nothing()
    }

    /// Checks the code that the device showed after the first message. Answers the device's counter
    /// where it was right.
    fn check_device_code<'a>(
        &'a self,
        _: TokenKeys<'a>,
        _: &'a Session,
        _: &'a str,
    ) -> Work<'a, Option<u16>> {
        reads_nothing()
    }

    /// Binds an activation's material to its token.
    fn bind<'a>(&'a self, _: TokenKeys<'a>, _: &'a Material, _: u32) -> Work<'a, [u8; 32]> {
        reads_nothing()
    }

    /// Makes a message that asks for a signature.
    fn message<'a>(
        &'a self,
        _: TokenKeys<'a>,
        _: &'a Active,
        _: u32,
        _: Wish<'a>,
    ) -> Work<'a, ChallengeMessage> {
        reads_nothing()
    }

    /// Which of the possible questions the code answers.
    fn check_code<'a>(
        &'a self,
        keys: TokenKeys<'a>,
        question: Question<'a>,
        code: &'a Code,
    ) -> Work<'a, Option<usize>>;

    /// The text of a message's picture; also what is pasted where there is no camera.
    fn text(&self, _: &[u8]) -> Option<String> {
        None
    }
}

/// Tokens that read no messages answer so.
fn reads_nothing<'a, T>() -> Work<'a, T> {
    Box::pin(async { Err(DriverError::Denied(Denial::NotSignable)) })
}

/// The drivers of a daemon, by name.
#[derive(Clone)]
pub struct Drivers(HashMap<&'static str, Arc<dyn Driver>>);

impl Drivers {
    /// A later driver replaces an earlier one of its name.
    pub fn new(drivers: impl IntoIterator<Item = Arc<dyn Driver>>) -> Self {
        Self(drivers.into_iter().map(|driver| (driver.name(), driver)).collect())
    }

    /// The driver that wrote a record.
    pub fn get(&self, name: &str) -> Option<&dyn Driver> {
        self.0.get(name).map(AsRef::as_ref)
    }
}
