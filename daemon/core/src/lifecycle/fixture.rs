//! What the tests of the life cycle start from: a bank's rules in the middle of the road, one
//! contract, tokens in every state. Not a profile, and not responsible for any expectation.

use jiff::{civil::DateTime, tz::TimeZone};

use super::{Contract, Held, Life, Role, TokenKind, UsageMode, User, register};
use crate::{
    drift::Drift,
    ident::{ContractId, Serial, UserId},
    lifecycle::life::{LifeParts, Stage},
    oath::{Digits, HashAlgorithm},
    policy::VerificationPolicy,
    rules::{
        ApprovalRules, CameraRules, ChallengeRules, CheckDigit, DeactivationRules, Demand,
        Effective, Factor, Gate, GrantRules, IssueRules, KindChange, LoginRules, OperationClass,
        OperationRule, RegistrationRules, RevocationRules, Rules, SerialFormat, SerialVerification,
        StaffRules, UsageRules, WindowRule,
    },
    time::UnixTime,
    token::{Guard, Moving, Profile, Switch, Token},
};

/// 2026-04-01 10:00:00 in Tokyo, a Wednesday, the first day of service.
pub(crate) fn start() -> UnixTime {
    tokyo("2026-04-01T10:00:00")
}

pub(crate) fn tokyo(civil: &str) -> UnixTime {
    at(civil, "JST-9")
}

/// A moment by its civil time in a POSIX zone; of an hour that comes twice, the first.
pub(crate) fn at(civil: &str, zone: &str) -> UnixTime {
    let civil: DateTime = civil.parse().unwrap();
    let zoned = civil.to_zoned(TimeZone::posix(zone).unwrap()).unwrap();
    UnixTime(u64::try_from(zoned.timestamp().as_second()).unwrap())
}

pub(crate) fn after(moment: UnixTime, seconds: u64) -> UnixTime {
    UnixTime(moment.0 + seconds)
}

pub(crate) fn serial(text: &str) -> Serial {
    Serial::parse(text).unwrap()
}

pub(crate) fn user_id(text: &str) -> UserId {
    UserId::parse(text).unwrap()
}

pub(crate) fn contract_id() -> ContractId {
    ContractId::parse("C1").unwrap()
}

pub(crate) fn contract(mode: UsageMode) -> Contract {
    Contract::new(start(), mode)
}

pub(crate) fn gate() -> Gate {
    Gate { staff: true, own: true, others: Vec::new(), password: false, code: Demand::No }
}

pub(crate) fn rules() -> Rules {
    let operation = |class| match class {
        OperationClass::Unprotected | OperationClass::Login => (class, OperationRule::free()),
        _ => (class, OperationRule { grace: true, ..OperationRule::strictest() }),
    };
    Rules {
        zone: TimeZone::posix("JST-9").unwrap(),
        verification: VerificationPolicy::default(),
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
            order: gate(),
            kinds: TokenKind::ALL.to_vec(),
            reissuable: vec![TokenKind::Hard],
        },
        registration: RegistrationRules { gate: gate(), window_steps: 10, look_ahead: 20 },
        usage: UsageRules {
            initial: UsageMode::Individual,
            allowed: vec![UsageMode::Individual, UsageMode::Common],
            gate: gate(),
        },
        grace_days: 7,
        skip: true,
        operations: OperationClass::ALL.map(operation).to_vec(),
        limit_without_token_yen: None,
        login: LoginRules { effective: Effective::AtOnce, locked_blocks: true },
        unlock: gate(),
        revocation: RevocationRules {
            gate: gate(),
            cool_down_min: 30,
            windows: Vec::new(),
            window_rule: WindowRule::Later,
            reusable: false,
            blocks_login: true,
        },
        deactivation: DeactivationRules { gate: gate(), reusable: false },
        kind_change: KindChange {
            allowed: vec![(TokenKind::Soft, TokenKind::Hard)],
            next_day: true,
        },
        grant: Some(GrantRules {
            classes: vec![OperationClass::TransferSingle],
            lifetime_s: 600,
            uses: 2,
        }),
        camera: CameraRules::default(),
        challenge: ChallengeRules::default(),
        alarm: None,
        approval: ApprovalRules::default(),
        staff: StaffRules { reason: true, reference: false },
        hide_which: true,
    }
}

/// As [`rules`], with the rule of one class changed.
pub(crate) fn with_rule(class: OperationClass, change: impl FnOnce(&mut OperationRule)) -> Rules {
    let mut rules = rules();
    let (_, rule) = rules.operations.iter_mut().find(|(one, _)| *one == class).unwrap();
    rule.factor = Factor::Otp;
    change(rule);
    rules
}

/// A token of its own, to be borrowed as [`Held`].
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    pub(crate) serial: Serial,
    pub(crate) kind: TokenKind,
    pub(crate) life: Life,
    pub(crate) token: Token,
}

impl Sample {
    pub(crate) fn new(text: &str, life: Life) -> Self {
        let token = Token {
            profile: Profile {
                hash: HashAlgorithm::Sha1,
                digits: Digits::new(6).unwrap(),
                valid_from: None,
                expires_at: None,
            },
            moving: Moving::Time {
                step_s: 60,
                t0: UnixTime(0),
                floor: None,
                drift: Drift::default(),
            },
            switch: Switch::Enabled,
            guard: Guard::default(),
        };
        Self { serial: serial(text), kind: TokenKind::Hard, life, token }
    }

    pub(crate) fn held(&self) -> Held<'_> {
        Held { serial: &self.serial, kind: self.kind, life: &self.life, token: &self.token }
    }

    pub(crate) fn kind(mut self, kind: TokenKind) -> Self {
        self.kind = kind;
        self
    }

    pub(crate) fn locked(mut self) -> Self {
        self.token.guard.locked_at = Some(start());
        self
    }

    pub(crate) fn expires(mut self, at: UnixTime) -> Self {
        self.token.profile.expires_at = Some(at);
        self
    }

    pub(crate) fn lost(mut self, at: UnixTime) -> Self {
        self.life = self.life.lost(at);
        self
    }
}

/// A life of contract C1 in its first generation.
pub(crate) fn life(stage: Stage) -> Life {
    issued_to(stage, None)
}

pub(crate) fn issued_to(stage: Stage, to: Option<&str>) -> Life {
    let in_service = stage == Stage::InService;
    let stock = stage == Stage::Stock;
    let parts = LifeParts {
        stage,
        contract: (!stock).then(contract_id),
        to: to.map(user_id),
        at: if stock { 0 } else { start().0 },
        generation: u32::from(in_service),
        users: u32::from(in_service),
    };
    Life::from_parts(parts).unwrap()
}

/// What a registration looks at.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) rules: Rules,
    pub(crate) contract: Contract,
    pub(crate) user_id: UserId,
    pub(crate) user: User,
}

impl Desk {
    pub(crate) fn new(mode: UsageMode) -> Self {
        Self {
            rules: rules(),
            contract: contract(mode),
            user_id: user_id("U1"),
            user: User::new(Role::General),
        }
    }

    /// Whether the user may register `token`, holding `held` so far.
    pub(crate) fn check(
        &self,
        token: &Sample,
        held: Option<&Sample>,
        now: UnixTime,
    ) -> Result<register::Admission, super::Refused> {
        register::check(register::Registration {
            rules: &self.rules,
            contract_id: &contract_id(),
            contract: &self.contract,
            user_id: &self.user_id,
            user: &self.user,
            held: held.map(Sample::held),
            token: token.held(),
            now,
        })
    }

    /// Registers `token`; the code was right.
    pub(crate) fn register(&mut self, token: &mut Sample, held: Option<&Sample>, now: UnixTime) {
        let admission = self.check(token, held, now).unwrap();
        let place = (&token.serial, &mut token.life);
        register::apply(admission, &mut self.contract, &mut self.user, place, now);
    }
}
