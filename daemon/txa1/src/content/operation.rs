//! What a user can sign, and which fields each operation has: exactly these, as a token shows every
//! one of them.
//!
//! Not responsible for: who may do an operation.

use super::tlv::{
    AMOUNT, COUNT, DATE, HASH, ISSUED, LOGIN_ID, NAME, OPERATION, PAYEE, PAYER, TEXT, TOTAL, TTL,
};
use crate::frame::Kind;

/// What is signed.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[repr(u8)]
pub enum Operation {
    /// One transfer (振込).
    Transfer = 0x01,
    /// A batch of transfers (総合振込).
    BatchTransfer = 0x02,
    /// A batch of salaries (給与振込).
    Salary = 0x03,
    /// A batch of bonuses (賞与振込).
    Bonus = 0x04,
    /// A payee is added to the list of known ones (振込先登録).
    PayeeRegistration = 0x06,
    /// Anything else that is told in words (管理操作).
    Admin = 0x07,
    /// A second user joins the token (トークン共有登録).
    Share = 0x08,
    /// The token forgets its activation (トークン初期化).
    Deactivate = 0x0A,
}

impl Operation {
    const ALL: [Self; 8] = [
        Self::Transfer,
        Self::BatchTransfer,
        Self::Salary,
        Self::Bonus,
        Self::PayeeRegistration,
        Self::Admin,
        Self::Share,
        Self::Deactivate,
    ];

    /// The byte in a content.
    pub const fn byte(self) -> u8 {
        self as u8
    }

    /// Reads [`Self::byte`].
    pub fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|operation| operation.byte() == byte)
    }

    /// The only kind of message that may carry it, so that nobody signs one thing for another.
    pub const fn kind(self) -> Kind {
        match self {
            Self::Share => Kind::Share,
            Self::Deactivate => Kind::Deactivate,
            Self::Transfer
            | Self::BatchTransfer
            | Self::Salary
            | Self::Bonus
            | Self::PayeeRegistration
            | Self::Admin => Kind::Transaction,
        }
    }

    /// The first line on the token's screen.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Transfer => "【振込】",
            Self::BatchTransfer => "【総合振込】",
            Self::Salary => "【給与振込】",
            Self::Bonus => "【賞与振込】",
            Self::PayeeRegistration => "【振込先登録】",
            Self::Admin => "【管理操作】",
            Self::Share => "【トークン共有登録】",
            Self::Deactivate => "【トークン初期化】",
        }
    }

    /// Whether items may follow.
    pub(super) const fn has_items(self) -> bool {
        matches!(self, Self::BatchTransfer | Self::Salary | Self::Bonus)
    }

    /// The fields it must have, in order.
    pub(super) const fn fields(self) -> &'static [u8] {
        match self {
            Self::Transfer => &[OPERATION, ISSUED, TTL, LOGIN_ID, PAYER, PAYEE, NAME, AMOUNT, DATE],
            Self::BatchTransfer | Self::Salary | Self::Bonus => {
                &[OPERATION, ISSUED, TTL, LOGIN_ID, PAYER, DATE, COUNT, TOTAL, HASH]
            }
            Self::PayeeRegistration => &[OPERATION, ISSUED, TTL, LOGIN_ID, PAYEE, NAME],
            Self::Admin => &[OPERATION, ISSUED, TTL, LOGIN_ID, TEXT],
            Self::Share | Self::Deactivate => &[OPERATION, ISSUED, TTL, LOGIN_ID],
        }
    }
}
