//! What a bank decides about its tokens and users: one value per institution. No bank's rule is code.
//!
//! Plain data with the few questions that one value answers about itself. Not responsible for:
//! reading profiles or telling their faults (`warifu-profiles`), or for what follows from a rule
//! (`lifecycle`).

mod approval;
mod class;
mod gate;
mod serial;
mod signing;
mod window;

use jiff::tz::TimeZone;

pub use self::{
    approval::{ApprovalRules, Person, SamePerson, SeedExposure, may_decide},
    class::{Factor, OperationClass, OperationRule, Stage, WithoutToken},
    gate::{Demand, Gate, Holding, Permit, RoleSet},
    serial::{CheckDigit, SerialFault, SerialFormat, mod_11_10, mod_11_10_digit},
    signing::{AlarmRules, CameraRules, ChallengeRules, RetireOtp},
    window::{ClosingWindow, WindowRule, local_minute, start_of_day, start_of_next_day},
};
use crate::{
    lifecycle::{Denial, TokenKind, UsageMode},
    policy::VerificationPolicy,
};

/// Everything that differs between banks.
#[derive(Clone, Debug, PartialEq)]
pub struct Rules {
    /// Where the institution's days begin and end.
    pub zone: TimeZone,
    /// How codes are compared, and when a token locks.
    pub verification: VerificationPolicy,
    /// How serials look that people type.
    pub serial: SerialFormat,
    /// Which tokens a code is checked for by serial alone.
    pub serial_verification: SerialVerification,
    /// How tokens reach users.
    pub issue: IssueRules,
    /// How a user takes a token into service.
    pub registration: RegistrationRules,
    /// Which usage modes (利用形態) a contract may have.
    pub usage: UsageRules,
    /// For how many days, that of the start included, protected operations work unregistered; 0: none.
    pub grace_days: u16,
    /// Whether the registration screen may be passed over (登録の省略).
    pub skip: bool,
    /// What each class of operation needs. One entry per class, see [`Rules::operation`].
    pub operations: Vec<(OperationClass, OperationRule)>,
    /// Yen that a user without a token may transfer per day (at most, inclusive), where such users
    /// may transfer at all.
    pub limit_without_token_yen: Option<u64>,
    /// What a login needs, and what forbids it.
    pub login: LoginRules,
    /// Who lifts a lock (利用停止解除).
    pub unlock: Gate,
    /// Who withdraws a user's token (失効), and what follows.
    pub revocation: RevocationRules,
    /// Who gives up their own token (利用解除), and what follows.
    pub deactivation: DeactivationRules,
    /// Changing from one kind of token to another.
    pub kind_change: KindChange,
    /// One code for a run of operations; `None`: never.
    pub grant: Option<GrantRules>,
    /// Camera tokens.
    pub camera: CameraRules,
    /// Challenges of tokens that sign.
    pub challenge: ChallengeRules,
    /// When too many codes fail at once; `None`: no alarm.
    pub alarm: Option<AlarmRules>,
    /// What the bank's own staff must give.
    pub staff: StaffRules,
    /// What needs two people.
    pub approval: ApprovalRules,
    /// Neither tell whether the password or the code was wrong, nor whether the serial or the code was.
    pub hide_which: bool,
}

/// Which tokens a code is checked for by serial alone, without naming a user.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SerialVerification {
    /// Those in service with a user: the safe side.
    InService,
    /// Also those that nobody owns: for banks whose own systems know who holds which token.
    Unassigned,
}

/// How tokens reach users.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct IssueRules {
    /// Who may order a token online; staff always may issue one.
    pub order: Gate,
    /// Kinds that can be ordered online; empty: paper only.
    pub kinds: Vec<TokenKind>,
    /// Kinds whose token may be issued again with the same seed after it was given up.
    pub reissuable: Vec<TokenKind>,
}

/// How a user takes a token into service (利用開始登録).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RegistrationRules {
    /// Who registers, and what they must give besides serial and code.
    pub gate: Gate,
    /// TOTP: how far to either side the first code is looked for: a new token's clock is unknown.
    pub window_steps: u32,
    /// HOTP: how far ahead the first code is looked for: buttons are pressed on the way.
    pub look_ahead: u32,
}

/// Which usage modes a contract may have.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UsageRules {
    /// That of a new contract.
    pub initial: UsageMode,
    /// Those that may be changed to; empty: no change.
    pub allowed: Vec<UsageMode>,
    /// Who changes it.
    pub gate: Gate,
}

/// From when on a registered token is asked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Effective {
    /// At once, also in sessions that are open already.
    AtOnce,
    /// In sessions that begin after the registration.
    NextLogin,
}

/// What a login needs.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LoginRules {
    /// From when on a new registration counts.
    pub effective: Effective,
    /// A locked token keeps its users from logging in.
    pub locked_blocks: bool,
}

/// Revocation.
#[derive(Clone, Debug, PartialEq)]
pub struct RevocationRules {
    /// Who.
    pub gate: Gate,
    /// Minutes until the user may register again.
    pub cool_down_min: u32,
    /// Times of day: what is revoked within one of them opens at its end.
    pub windows: Vec<ClosingWindow>,
    /// Which of cool-down and window counts where both apply.
    pub window_rule: WindowRule,
    /// The same token may be registered again without being issued anew.
    pub reusable: bool,
    /// The user may not log in until then.
    pub blocks_login: bool,
}

/// Deactivation by the user.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DeactivationRules {
    /// Who.
    pub gate: Gate,
    /// The same token may be registered again without being issued anew.
    pub reusable: bool,
}

/// Changing the kind of token.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KindChange {
    /// Allowed changes, from and to.
    pub allowed: Vec<(TokenKind, TokenKind)>,
    /// Possible only from the institution's next calendar day on.
    pub next_day: bool,
}

/// One code for a run of operations.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct GrantRules {
    /// Classes it may be asked for.
    pub classes: Vec<OperationClass>,
    /// Seconds it lives.
    pub lifetime_s: u32,
    /// Further operations it allows.
    pub uses: u32,
}

/// What the bank's own staff must give when they act for a customer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct StaffRules {
    /// A reason.
    pub reason: bool,
    /// The reference of an application, a call or a check of identity.
    pub reference: bool,
}

impl StaffRules {
    /// Whether what staff gave is enough.
    pub const fn check(self, reason: bool, reference: bool) -> Result<(), Denial> {
        if self.reason && !reason {
            return Err(Denial::ReasonRequired);
        }
        if self.reference && !reference {
            return Err(Denial::ReferenceRequired);
        }
        Ok(())
    }
}

impl Rules {
    /// The rule of a class. A class that a profile forgot needs a code at every stage: the safe side.
    pub fn operation(&self, class: OperationClass) -> OperationRule {
        let found = self.operations.iter().find(|(one, _)| *one == class);
        found.map_or_else(OperationRule::strictest, |(_, rule)| rule.clone())
    }
}
