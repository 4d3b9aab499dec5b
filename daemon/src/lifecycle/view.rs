//! Between the core's life cycle and the wire's: one place, so that neither can drift from the other.
//!
//! Not responsible for: texts for people (`warifu_api::text`), which are added at the edge.

use warifu_api::{
    action::{ActionAnswer, ActionOutcome},
    actor::Confirmation as WireConfirmation,
    authorize::{
        Cause as WireCause, Factor as WireFactor, OperationClass as WireClass, Stage as WireStage,
    },
    camera::CameraScreen as WireCameraScreen,
    contract::{TargetResult, TargetsAnswer, UsageMode as WireMode, UsageModeAnswer, UsageOutcome},
    denial::DenialReason,
    grant::GrantEnd as WireGrantEnd,
    token::{TokenKind as WireKind, TokenLife},
    user::{
        Authentication as WireAuthentication, ListedState as WireState, Role as WireRole,
        Screen as WireScreen,
    },
};
use warifu_core::{
    event::Action,
    ident::{Serial, UserId},
    lifecycle::{
        Authentication, Confirmation, Denial, Held, ListedState, Refused, Role, Stage, TokenKind,
        UsageMode,
        authorize::Cause,
        grant::GrantEnd,
        standing,
        status::{CameraScreen, Screen},
    },
    rules::{Factor, OperationClass, SerialFault, Stage as OperationStage, local_minute},
    settle::Reason,
};
use warifu_store::record::{TokenRecord, UserNote};

use super::{
    acting::{Acting, Told, token_note},
    draft::Draft,
};
use crate::{ask::Ask, wire};

macro_rules! same_words {
    (
        $(#[$doc:meta])* $name:ident, $core:ident, $wire:ident, $($variant:ident),+
        $(; $($other:ident as $told:ident),+)?
    ) => {
        $(#[$doc])*
        pub(crate) const fn $name(value: $core) -> $wire {
            match value {
                $($core::$variant => $wire::$variant,)+
                $($($core::$other => $wire::$told,)+)?
            }
        }
    };
}

same_words!(mode, UsageMode, WireMode, Individual, Common, Shared);
same_words!(kind, TokenKind, WireKind, Hard, Soft, Camera);
same_words!(role, Role, WireRole, Master, Administrator, General);
same_words!(life, Stage, TokenLife, Stock, Issued, InService, Withdrawn, Lost);
same_words!(state, ListedState, WireState, Unregistered, Issued, InService, Revoked, Expired);
same_words!(authentication, Authentication, WireAuthentication, Available, Stopped);
same_words!(
    denial,
    Denial,
    DenialReason,
    AlreadyIssued,
    AlreadyRegistered,
    ActorNotAllowed,
    ActorNeedsToken,
    ActorNeedsOtherToken,
    CodeRequired,
    CodeRejected,
    CommonTokenOnly,
    ConfirmationRequired,
    KindChangeNotAllowed,
    KindNotAllowed,
    ModeNotAllowed,
    NeedsIssue,
    NewSeedRequired,
    NotAccepted,
    NotBefore,
    NotIssuedToUser,
    NotThisContract,
    NotRegistered,
    ReasonRequired,
    ReferenceRequired,
    SerialInUse,
    SkipNotAllowed,
    TokenExpired,
    TokenLost,
    TokenLocked,
    TokenUnusable,
    UnknownUser,
    ActivationOpen,
    AlreadyUsed,
    ApprovalRightRequired,
    BadCode,
    InitRequired,
    Limit,
    NoChallenge,
    NotBound,
    NotInitialisable,
    NotSignable,
    NothingToInitialise,
    Reused,
    SignatureRequired,
    TooManyNewPayees,
    Typo,
    WrongKindOfCode;
    ChallengeExpired as Expired
);

same_words!(screen, Screen, WireScreen, Nothing, MaySkip, MustRegister, Locked, Revoked, Expired);
same_words!(camera_screen, CameraScreen, WireCameraScreen, Nothing, First, Choose);
same_words!(cause, Cause, WireCause, RegistrationRequired, Locked, Revoked, Expired, TokenUnusable);
same_words!(
    grant_end,
    GrantEnd,
    WireGrantEnd,
    Expired,
    UsedUp,
    OtherClass,
    OtherSession,
    TokenChanged
);
same_words!(
    class,
    OperationClass,
    WireClass,
    BatchApprove,
    CustomerData,
    Login,
    Payeasy,
    TokenAdmin,
    TransferSingle,
    Unprotected,
    UserAdmin
);
same_words!(
    core_class,
    WireClass,
    OperationClass,
    BatchApprove,
    CustomerData,
    Login,
    Payeasy,
    TokenAdmin,
    TransferSingle,
    Unprotected,
    UserAdmin
);
same_words!(
    core_stage,
    WireStage,
    OperationStage,
    Entry,
    Execution,
    FirstApproval,
    Approval,
    FinalApproval
);
same_words!(core_mode, WireMode, UsageMode, Individual, Common, Shared);
same_words!(core_kind, WireKind, TokenKind, Hard, Soft, Camera);
same_words!(core_role, WireRole, Role, Master, Administrator, General);
same_words!(core_confirmation, WireConfirmation, Confirmation, NotChecked, Right, Wrong);

/// What a decision asks for; nothing where it asks for nothing.
pub(super) const fn factor(factor: Factor) -> Option<WireFactor> {
    match factor {
        Factor::None => None,
        Factor::Otp => Some(WireFactor::Otp),
        Factor::TransactionSignature => Some(WireFactor::TransactionSignature),
    }
}

const fn rejection(reason: Reason) -> DenialReason {
    match reason {
        Reason::ConfirmationWrong => DenialReason::ConfirmationRequired,
        Reason::Disabled => DenialReason::Disabled,
        Reason::Expired => DenialReason::Expired,
        Reason::Length => DenialReason::Length,
        Reason::Locked => DenialReason::Locked,
        Reason::NotAccepted => DenialReason::NotAccepted,
        Reason::NotInService | Reason::NotRegistered | Reason::Revoked => {
            DenialReason::NotRegistered
        }
        Reason::NotYetValid => DenialReason::NotYetValid,
        Reason::ResyncRequired => DenialReason::ResyncRequired,
        Reason::Reused => DenialReason::Reused,
        Reason::Wrong => DenialReason::Wrong,
        Reason::WrongKindOfCode => DenialReason::WrongKindOfCode,
    }
}

/// The rule that a typed serial breaks.
pub(crate) const fn serial_rule(fault: SerialFault) -> &'static str {
    match fault {
        SerialFault::Length => "has the wrong number of digits for this institution",
        SerialFault::Character => "digits only",
        SerialFault::CheckDigit => "is mistyped: its check digit does not fit",
        SerialFault::Twice => "must be entered twice, the same both times",
    }
}

/// The state that a list shows of a user of the draft.
pub(super) fn listed(draft: &Draft, user: &UserId) -> Option<ListedState> {
    let record = draft.user(user)?;
    let contract = &draft.contract.get().contract;
    let token = shown_token(draft, user);
    Some(standing::listed(contract, &record.user, token, draft.now()))
}

/// The serial that a list shows beside a user: the one held, else the one on its way or taken away.
pub(super) fn shown<'a>(draft: &'a Draft, user: &UserId) -> Option<&'a Serial> {
    let record = draft.user(user)?;
    draft.contract.get().contract.shown_serial(&record.user)
}

/// The token beside a user, while it is this contract's: one that went to another customer since
/// says nothing about this one.
pub(super) fn shown_token<'a>(draft: &'a Draft, user: &UserId) -> Option<Held<'a>> {
    let token = shown(draft, user).and_then(|serial| draft.held(serial))?;
    let ours = token.life.contract().is_none_or(|owner| *owner == draft.contract_id);
    ours.then_some(token)
}

pub(super) fn done(draft: &Draft, user: &UserId, serial: Option<&Serial>) -> ActionAnswer {
    let answer = ActionAnswer {
        state: listed(draft, user).map(state),
        ..ActionAnswer::new(ActionOutcome::Done)
    };
    with_token(answer, draft, serial)
}

pub(super) fn token_done(draft: &Draft, serial: &Serial) -> ActionAnswer {
    with_token(ActionAnswer::new(ActionOutcome::Done), draft, Some(serial))
}

fn with_token(answer: ActionAnswer, draft: &Draft, serial: Option<&Serial>) -> ActionAnswer {
    let Some(record) = serial.and_then(|serial| draft.token(serial)) else { return answer };
    let expires = record.token.profile.expires_at;
    ActionAnswer {
        serial: Some(record.serial.to_string()),
        kind: Some(kind(record.kind)),
        expires_at: expires.map(wire::timestamp),
        expires_local: expires.and_then(|at| local_minute(at, &draft.rules.zone)),
        ..answer
    }
}

/// A refusal. One that hides what was wrong looks like a rejected code.
pub(super) fn refused(_: &Draft, refused: Refused) -> ActionAnswer {
    let hidden = refused.denial == Denial::NotAccepted;
    let outcome = if hidden { ActionOutcome::Rejected } else { ActionOutcome::Refused };
    ActionAnswer {
        reason: Some(denial(refused.denial)),
        not_before: refused.not_before.map(wire::timestamp),
        ..ActionAnswer::new(outcome)
    }
}

pub(super) fn rejected(told: Told) -> ActionAnswer {
    ActionAnswer {
        reason: Some(rejection(told.reason)),
        remaining_attempts: told.remaining,
        ..ActionAnswer::new(ActionOutcome::Rejected)
    }
}

/// A reported loss.
pub(super) fn lost(record: &TokenRecord, why_not: Option<Denial>, changed: bool) -> ActionAnswer {
    let outcome = match why_not {
        Some(_) => ActionOutcome::Refused,
        None if changed => ActionOutcome::Done,
        None => ActionOutcome::Unchanged,
    };
    ActionAnswer {
        reason: why_not.map(denial),
        serial: Some(record.serial.to_string()),
        kind: Some(kind(record.kind)),
        ..ActionAnswer::new(outcome)
    }
}

pub(super) fn target(
    user: &UserId,
    outcome: ActionOutcome,
    serial: Option<&Serial>,
) -> TargetResult {
    TargetResult {
        user: user.to_string(),
        outcome,
        reason: None,
        serial: serial.map(ToString::to_string),
        not_before: None,
        affected_users: None,
        affected_more: None,
        text: None,
    }
}

/// A target of a call that was refused as a whole; `None`: nothing is wrong with this one.
pub(super) fn target_refused(user: &UserId, why: Option<Denial>) -> TargetResult {
    let outcome = if why.is_some() { ActionOutcome::Refused } else { ActionOutcome::Unchanged };
    TargetResult { reason: why.map(denial), ..target(user, outcome, None) }
}

pub(super) fn targets_done(results: Vec<TargetResult>) -> TargetsAnswer {
    TargetsAnswer {
        outcome: ActionOutcome::Done,
        reason: None,
        remaining_attempts: None,
        results,
        text: None,
    }
}

pub(super) fn targets_refused(why: Option<Denial>, results: Vec<TargetResult>) -> TargetsAnswer {
    TargetsAnswer {
        outcome: ActionOutcome::Refused,
        reason: why.map(denial),
        ..targets_done(results)
    }
}

pub(super) fn targets_rejected(told: Told) -> TargetsAnswer {
    TargetsAnswer {
        outcome: ActionOutcome::Rejected,
        reason: Some(rejection(told.reason)),
        remaining_attempts: told.remaining,
        ..targets_done(Vec::new())
    }
}

/// The modes are filled in by the caller.
pub(super) const fn mode_answer(outcome: UsageOutcome, users: u64, tokens: u64) -> UsageModeAnswer {
    UsageModeAnswer {
        outcome,
        reason: None,
        remaining_attempts: None,
        usage_mode: WireMode::Individual,
        new_usage_mode: WireMode::Individual,
        users,
        tokens,
        text: None,
    }
}

pub(super) fn mode_refused(why: Denial) -> UsageModeAnswer {
    let answer = mode_answer(UsageOutcome::Refused, 0, 0);
    UsageModeAnswer { reason: Some(denial(why)), ..answer }
}

pub(super) fn mode_rejected(told: Told) -> UsageModeAnswer {
    let answer = mode_answer(UsageOutcome::Rejected, 0, 0);
    let reason = Some(rejection(told.reason));
    UsageModeAnswer { reason, remaining_attempts: told.remaining, ..answer }
}

/// For the token's own short history.
pub(super) fn note_token(
    ask: &Ask,
    draft: &mut Draft,
    serial: &Serial,
    action: Action,
    user: Option<&UserId>,
) {
    let note = token_note(ask, action, "done", None, user, draft.moment.ms);
    if let Some(cell) = draft.token_cell(serial) {
        cell.edit().push(note);
    }
}

/// For the user's own short history.
pub(super) fn note_user(
    ask: &Ask,
    draft: &mut Draft,
    user: &UserId,
    action: Action,
    serial: Option<&Serial>,
    acting: &Acting,
) {
    let at_ms = draft.moment.ms;
    let Some(cell) = draft.user_cell(user) else { return };
    cell.edit().push(UserNote {
        at_ms,
        action: action.word().to_owned(),
        outcome: "done".to_owned(),
        serial: serial.cloned(),
        by: ask.caller.name.clone(),
        acting: acting.user.clone(),
    });
}
