//! What goes into the audit chain: who did what to whom, when, and how it ended. Never a code.

use crate::{
    ident::{ContractId, Institution, Name, Serial, UserId},
    time::UnixTime,
};

/// One entry, before it is chained.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Event {
    /// Wall time of the decision, in milliseconds since the epoch.
    pub at_ms: u64,
    /// The tenant; `None` for what the daemon does to itself (start, checkpoint, restore).
    pub institution: Option<Institution>,
    /// Name of the caller's certificate, or `warifud`.
    pub actor: Name,
    /// What was done.
    pub action: Action,
    /// The token, where there is one.
    pub serial: Option<Serial>,
    /// How it ended: a stable word such as `accepted`, `wrong`, `done`.
    pub outcome: &'static str,
    /// The matched moving factor, a count, or another number that explains the outcome.
    pub number: Option<u64>,
    /// A reason that a person gave (at most 200 printable characters, after a word of ours where the
    /// action has one), or the name of a batch.
    pub note: Option<String>,
    /// The life cycle's part, where the event has one.
    pub parties: Parties,
}

/// Whose life cycle it is, who acts in it, and what the front end vouched for.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Parties {
    /// The contract.
    pub contract: Option<ContractId>,
    /// The user concerned.
    pub user: Option<UserId>,
    /// The user who acts, where it is not the bank's staff.
    pub acting: Option<UserId>,
    /// What the front end asserted, as `key=value` pairs; printable, at most 300 characters.
    pub assertions: Option<String>,
    /// Reference of an application, a call or a check of identity; printable, at most 100 characters.
    pub reference: Option<String>,
}

/// What can happen, alphabetical. The words are stable.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Action {
    /// A camera token was taken through a step of its activation.
    Activate,
    /// Too many codes of an institution failed, or no longer do.
    Alarm,
    /// Somebody agreed to what another proposed.
    Approve,
    /// It was decided what an operation needs.
    Authorize,
    /// A backup was taken.
    Backup,
    /// A key ceremony was opened, given a component, ended or abandoned.
    Ceremony,
    /// A user was asked to sign something, or no longer is.
    Challenge,
    /// A contract was made or changed.
    ContractSet,
    /// A user gave up their token (利用解除).
    Deactivate,
    /// A token was put out of use.
    Disable,
    /// A token was put in use.
    Enable,
    /// A grant was ended.
    GrantEnd,
    /// A grant covered an operation, or did not.
    GrantUse,
    /// A batch was imported, refused or abandoned.
    Import,
    /// The store was created.
    Init,
    /// A camera token was made ready for another activation (初期化).
    Initialise,
    /// A token was handed out (トークン発行).
    Issue,
    /// A key of the HSM was destroyed.
    KeyDestroy,
    /// A key came into being in the HSM.
    KeyMake,
    /// A token was reported lost (紛失).
    Lost,
    /// A user ordered a token.
    Order,
    /// Something was put to a second person.
    Propose,
    /// An issued token was taken back to the stock.
    Recall,
    /// A user took a token into service (利用開始登録).
    Register,
    /// Somebody refused what another proposed, or a batch.
    Reject,
    /// The store was made from a backup.
    Restore,
    /// Two consecutive codes were checked.
    Resync,
    /// A user's token was taken away (失効).
    Revoke,
    /// The wrapping key was changed, and tokens wrapped anew.
    Rotate,
    /// A token's expiry was changed.
    SetExpiry,
    /// A user took part in a camera token (共有登録).
    Share,
    /// The answer to a challenge was checked.
    Sign,
    /// A user passed over the registration (登録の省略).
    Skip,
    /// The daemon started.
    Start,
    /// The daemon stopped in order.
    Stop,
    /// A lock was lifted.
    Unlock,
    /// A contract's usage mode was changed (利用形態).
    UsageMode,
    /// A user was removed.
    UserRemove,
    /// A user was made or changed.
    UserSet,
    /// A code was checked.
    Verify,
    /// A proposal was taken back by who made it.
    Withdraw,
}

impl Action {
    /// All of them, in the order of the enum.
    pub const ALL: [Self; 41] = [
        Self::Activate,
        Self::Alarm,
        Self::Approve,
        Self::Authorize,
        Self::Backup,
        Self::Ceremony,
        Self::Challenge,
        Self::ContractSet,
        Self::Deactivate,
        Self::Disable,
        Self::Enable,
        Self::GrantEnd,
        Self::GrantUse,
        Self::Import,
        Self::Init,
        Self::Initialise,
        Self::Issue,
        Self::KeyDestroy,
        Self::KeyMake,
        Self::Lost,
        Self::Order,
        Self::Propose,
        Self::Recall,
        Self::Register,
        Self::Reject,
        Self::Restore,
        Self::Resync,
        Self::Revoke,
        Self::Rotate,
        Self::SetExpiry,
        Self::Share,
        Self::Sign,
        Self::Skip,
        Self::Start,
        Self::Stop,
        Self::Unlock,
        Self::UsageMode,
        Self::UserRemove,
        Self::UserSet,
        Self::Verify,
        Self::Withdraw,
    ];

    /// The stable word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Activate => "activate",
            Self::Alarm => "alarm",
            Self::Approve => "approve",
            Self::Authorize => "authorize",
            Self::Backup => "backup",
            Self::Ceremony => "ceremony",
            Self::Challenge => "challenge",
            Self::ContractSet => "contract_set",
            Self::Deactivate => "deactivate",
            Self::Disable => "disable",
            Self::Enable => "enable",
            Self::GrantEnd => "grant_end",
            Self::GrantUse => "grant_use",
            Self::Import => "import",
            Self::Init => "init",
            Self::Initialise => "initialise",
            Self::Issue => "issue",
            Self::KeyDestroy => "key_destroy",
            Self::KeyMake => "key_make",
            Self::Lost => "lost",
            Self::Order => "order",
            Self::Propose => "propose",
            Self::Recall => "recall",
            Self::Register => "register",
            Self::Reject => "reject",
            Self::Restore => "restore",
            Self::Resync => "resync",
            Self::Revoke => "revoke",
            Self::Rotate => "rotate",
            Self::SetExpiry => "set_expiry",
            Self::Share => "share",
            Self::Sign => "sign",
            Self::Skip => "skip",
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Unlock => "unlock",
            Self::UsageMode => "usage_mode",
            Self::UserRemove => "user_remove",
            Self::UserSet => "user_set",
            Self::Verify => "verify",
            Self::Withdraw => "withdraw",
        }
    }
}

impl Event {
    /// The second of [`Event::at_ms`].
    pub const fn at(&self) -> UnixTime {
        UnixTime(self.at_ms / 1_000)
    }
}
