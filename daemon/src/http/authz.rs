//! Who may do what: one table. What is not in it is forbidden.
//!
//! Not responsible for: who somebody is (tls), or for which institution's things they see: every
//! service method takes the institution from the caller, so there is nothing to check here.

use axum::{
    Extension,
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use warifu_api::{Operation, Problem, ProblemType};

use super::{Shared, extract::Begun, problem};
use crate::{
    approval::ROLES as PROPOSERS,
    tls::{Caller, Role},
};

/// The roles that may call an operation; empty: anybody with an accepted certificate.
#[expect(clippy::too_many_lines, reason = "one table, to be read as one")]
pub(crate) const fn allowed(operation: Operation) -> &'static [Role] {
    use Role::{Auditor, Officer, Operator, Validator};
    match operation {
        Operation::Health | Operation::OpenApi | Operation::Ready => &[],
        Operation::AuditExport => &[Auditor],
        Operation::AuditPublicKey
        | Operation::CeremonyList
        | Operation::CeremonyShow
        | Operation::ImportList
        | Operation::ImportShow
        | Operation::KeyList
        | Operation::KeyPublic
        | Operation::WrappingKeys => &[Auditor, Officer],
        Operation::BackupCreate
        | Operation::CeremonyAbort
        | Operation::CeremonyComponent
        | Operation::CeremonyConfirm
        | Operation::CeremonyOpen
        | Operation::ImportApprove
        | Operation::ImportCancel
        | Operation::ImportContent
        | Operation::ImportCreate
        | Operation::ImportReject => &[Officer],
        // What a proposal is about decides which of the two.
        Operation::ProposalApprove
        | Operation::ProposalCreate
        | Operation::ProposalReject
        | Operation::ProposalWithdraw => PROPOSERS,
        Operation::ProposalList
        | Operation::ProposalShow
        | Operation::Status
        | Operation::TokenList
        | Operation::TokenShow => &[Auditor, Officer, Operator],
        Operation::CameraTokens
        | Operation::ContractShow
        | Operation::ContractTokens
        | Operation::ContractUsers
        | Operation::UserShow => &[Auditor, Operator, Validator],
        Operation::TokenFacts => &[Auditor, Officer, Operator, Validator],
        Operation::TokenHistory => &[Auditor, Operator],
        Operation::TokenDisable
        | Operation::TokenEnable
        | Operation::TokenExpiry
        | Operation::TokenIssue
        | Operation::TokenLost
        | Operation::TokenRecall
        | Operation::TokenUnlock
        | Operation::UserRemove => &[Operator],
        // Staff help with activations and take tokens back; what is to be signed only a front end asks.
        Operation::ActivationConfirm
        | Operation::ActivationDeviceCode
        | Operation::ActivationShow
        | Operation::ActivationStart
        | Operation::CameraDeactivate
        | Operation::CameraInitialise
        | Operation::CameraRevoke
        | Operation::ContractRevocations
        | Operation::ContractSet
        | Operation::ContractUnlocks
        | Operation::ContractUsage
        | Operation::TokenResync
        | Operation::UserDeactivate
        | Operation::UserOrder
        | Operation::UserRegister
        | Operation::UserSet
        | Operation::UserStatus => &[Operator, Validator],
        Operation::ChallengeCancel
        | Operation::ChallengeCreate
        | Operation::ChallengeShow
        | Operation::ChallengeVerify
        | Operation::GrantEnd
        | Operation::GrantUse
        | Operation::TokenVerify
        | Operation::UserAuthorize
        | Operation::UserSkip
        | Operation::UserVerify => &[Validator],
    }
}

/// Runs before every handler.
pub(super) async fn check(
    State(service): State<Shared>,
    Extension(operation): Extension<Operation>,
    Extension(begun): Extension<Begun>,
    caller: Option<Extension<Caller>>,
    request: Request,
    next: Next,
) -> Response {
    // An institution that is not configured (any more) has no callers.
    let configured = |caller: &Caller| service.tenants.load().contains_key(&caller.institution);
    let caller = caller.map(|Extension(caller)| caller).filter(configured);
    let Some(caller) = caller else {
        return problem::response(Problem::new(ProblemType::Unauthenticated), &begun);
    };
    let roles = allowed(operation);
    if roles.is_empty() || roles.iter().any(|role| caller.roles.contains(*role)) {
        return next.run(request).await;
    }
    tracing::info!(
        caller = %caller.name, institution = %caller.institution, operation = operation.id(),
        "refused: the caller's roles do not allow this"
    );
    problem::response(Problem::new(ProblemType::Forbidden), &begun)
}
