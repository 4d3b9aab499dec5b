//! The rules of the banks that the histories run at.
//!
//! Not responsible for: what the rules lead to (`bank`, `invariants`).

use jiff::{civil::Time, tz::TimeZone};
use warifu_core::{
    lifecycle::{Role, TokenKind, UsageMode},
    policy::VerificationPolicy,
    rules::{
        ApprovalRules, CameraRules, ChallengeRules, CheckDigit, ClosingWindow, DeactivationRules,
        Demand, Effective, Gate, Holding, IssueRules, KindChange, LoginRules, OperationClass,
        OperationRule, Permit, RegistrationRules, RevocationRules, RoleSet, Rules, SerialFormat,
        SerialVerification, StaffRules, UsageRules, WindowRule,
    },
};

/// What differs between the banks of one run.
#[derive(Clone, Debug)]
pub(crate) struct Variant {
    pub(crate) revoked_reusable: bool,
    pub(crate) given_up_reusable: bool,
    pub(crate) night: bool,
    pub(crate) kind_changes: Vec<(TokenKind, TokenKind)>,
    pub(crate) cool_down_min: u32,
    pub(crate) modes: [UsageMode; 2],
}

impl Variant {
    pub(crate) fn plain() -> Self {
        Self {
            revoked_reusable: false,
            given_up_reusable: false,
            night: false,
            kind_changes: every_kind_change(),
            cool_down_min: 30,
            modes: [UsageMode::Individual; 2],
        }
    }
}

/// From every kind to every other.
pub(crate) fn every_kind_change() -> Vec<(TokenKind, TokenKind)> {
    TokenKind::ALL.into_iter().flat_map(|from| TokenKind::ALL.map(|to| (from, to))).collect()
}

pub(crate) fn rules(variant: &Variant) -> Rules {
    let leaders: RoleSet = [Role::Master, Role::Administrator].into_iter().collect();
    let over_all = |holding| Permit { actors: leaders, subjects: RoleSet::ALL, holding };
    let gate = |own, others, code| Gate { staff: true, own, others, password: true, code };
    let night =
        ClosingWindow { from: Time::constant(20, 50, 0, 0), to: Time::constant(8, 10, 0, 0) };
    Rules {
        zone: TimeZone::posix("JST-9").unwrap(),
        verification: VerificationPolicy { lock_after: 3, ..VerificationPolicy::default() },
        serial: SerialFormat {
            min_digits: 8,
            max_digits: 12,
            groups: Vec::new(),
            twice: false,
            check_digit: CheckDigit::None,
            letters: false,
        },
        serial_verification: SerialVerification::InService,
        issue: IssueRules {
            order: gate(true, vec![], Demand::No),
            kinds: TokenKind::ALL.to_vec(),
            reissuable: vec![TokenKind::Hard, TokenKind::Camera],
        },
        registration: RegistrationRules {
            gate: gate(true, vec![over_all(Holding::Any)], Demand::No),
            window_steps: 10,
            look_ahead: 20,
        },
        usage: UsageRules {
            initial: UsageMode::Individual,
            allowed: UsageMode::ALL.to_vec(),
            gate: Gate::staff_only(),
        },
        grace_days: 7,
        skip: true,
        operations: OperationClass::ALL.map(|one| (one, OperationRule::strictest())).to_vec(),
        limit_without_token_yen: None,
        login: LoginRules { effective: Effective::AtOnce, locked_blocks: true },
        unlock: gate(false, vec![over_all(Holding::OtherLive)], Demand::No),
        revocation: RevocationRules {
            gate: gate(false, vec![over_all(Holding::Live)], Demand::Yes),
            cool_down_min: variant.cool_down_min,
            windows: if variant.night { vec![night] } else { vec![] },
            window_rule: WindowRule::Later,
            reusable: variant.revoked_reusable,
            blocks_login: true,
        },
        deactivation: DeactivationRules {
            gate: gate(true, vec![], Demand::IfAble),
            reusable: variant.given_up_reusable,
        },
        kind_change: KindChange { allowed: variant.kind_changes.clone(), next_day: true },
        grant: None,
        camera: CameraRules::default(),
        challenge: ChallengeRules::default(),
        alarm: None,
        approval: ApprovalRules::default(),
        staff: StaffRules { reason: true, reference: false },
        hide_which: true,
    }
}
