//! A question that the server put, and its one answer: what a user is to sign, for which session,
//! until when, and how often it may be guessed at.
//!
//! Not responsible for: what the question looks like on a token (drivers), the token's own lock
//! (`settle`), which operations need one (`lifecycle::authorize`).

use crate::{
    ident::{ContractId, UserId},
    lifecycle::Denial,
    rules::ChallengeRules,
    time::UnixTime,
};

/// Names a challenge of a token: the nonce of its message, never used twice for that token.
pub type ChallengeId = [u8; 12];

/// How a challenge stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum State {
    /// Waits for its code.
    Open,
    /// The right code was given. Final.
    Verified {
        /// When.
        at: UnixTime,
    },
    /// Can not be answered any more. Final.
    Ended(Denial),
}

/// What follows from the right answer.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Purpose {
    /// The front end carries out what was signed.
    Sign,
    /// The user takes part in the camera token that signed.
    Share,
    /// The user takes the keypad token that answered into service.
    Register,
    /// The camera token has forgotten its activation.
    Deactivate,
    /// Nothing: keeps the nonce of an activation's message from being used again.
    Activate,
}

impl Purpose {
    /// All of them, in the order of the enum.
    pub const ALL: [Self; 5] =
        [Self::Sign, Self::Share, Self::Register, Self::Deactivate, Self::Activate];

    /// The stable word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Sign => "sign",
            Self::Share => "share",
            Self::Register => "register",
            Self::Deactivate => "deactivate",
            Self::Activate => "activate",
        }
    }

    /// Reads [`Self::word`].
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.word() == word)
    }
}

/// How the token is asked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Form {
    /// A camera token reads a message and shows what it says.
    Display {
        /// The message as it was sent, to be shown again.
        message: Vec<u8>,
        /// What it says, in the protocol's own bytes: what is carried out is rebuilt from these.
        content: Vec<u8>,
        /// The driver's: what its code is checked with besides the token's state.
        question: Vec<u8>,
    },
    /// A person types digits into a keypad token.
    Keypad {
        /// OCRA suite.
        suite: String,
        /// The whole question, in the order in which it is typed.
        question: String,
        /// What the question stands for, in the same bytes as for a camera token, where it is a
        /// transaction; the code covers only what the suite's question holds.
        content: Option<Vec<u8>>,
    },
}

/// Who is asked, and how it stands.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Challenge {
    /// The contract.
    pub contract: ContractId,
    /// The user who is to answer; nobody else can.
    pub user: UserId,
    /// Digest of the front end's session in which it was put.
    pub session: [u8; 16],
    /// When it was put.
    pub issued: UnixTime,
    /// Seconds it lives.
    pub lifetime_s: u16,
    /// Wrong codes.
    pub wrong: u8,
    /// The token's activation in which it was put; it ends with that.
    pub activation: u32,
    /// How it stands.
    pub state: State,
}

impl Challenge {
    /// First moment at which it can not be answered any more.
    pub fn ends(&self) -> UnixTime {
        UnixTime(self.issued.0.saturating_add(self.lifetime_s.into()))
    }

    /// Waits for a code at `now`.
    pub fn is_open(&self, activation: u32, now: UnixTime) -> bool {
        self.state == State::Open && self.activation == activation && now < self.ends()
    }

    /// Whether a code may be looked at.
    pub fn check(
        &self,
        who: (&ContractId, &UserId),
        session: &[u8; 16],
        activation: u32,
        now: UnixTime,
    ) -> Result<(), Denial> {
        if (&self.contract, &self.user) != who || self.session != *session {
            return Err(Denial::NotBound);
        }
        match self.state {
            State::Verified { .. } => Err(Denial::AlreadyUsed),
            State::Ended(why) => Err(why),
            State::Open if !self.is_open(activation, now) => Err(Denial::ChallengeExpired),
            State::Open => Ok(()),
        }
    }

    /// The right code was given.
    pub const fn accept(&mut self, now: UnixTime) {
        self.state = State::Verified { at: now };
    }

    /// A wrong code was given. Answers how many tries are left.
    pub fn miss(&mut self, rules: &ChallengeRules) -> u8 {
        self.wrong = self.wrong.saturating_add(1);
        let left = rules.tries.saturating_sub(self.wrong);
        if left == 0 {
            self.state = State::Ended(Denial::Limit);
        }
        left
    }

    /// The front end took it back.
    pub fn cancel(&mut self) -> bool {
        let open = self.state == State::Open;
        if open {
            self.state = State::Ended(Denial::NoChallenge);
        }
        open
    }
}

#[cfg(test)]
mod tests;
