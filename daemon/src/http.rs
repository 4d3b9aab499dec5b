//! The HTTP surface: from bytes to domain types, and back.
//!
//! One file per resource. A handler parses, calls one method of the service, and renders; it decides
//! nothing. Who may call what is one table ([`authz`]); what a failure looks like is one `match`
//! ([`problem`]).
//!
//! Not responsible for: connections, TLS, rate limits (server), the rules of anything.

mod acting;
mod activations;
mod audit;
pub(crate) mod authz;
mod cameras;
mod challenges;
mod contracts;
mod extract;
mod grants;
mod imports;
mod keys;
mod picture;
mod problem;
mod proposals;
mod system;
mod tokens;
mod users;

use std::sync::Arc;

use axum::{
    Extension, Router,
    extract::DefaultBodyLimit,
    middleware,
    routing::{MethodFilter, MethodRouter, on},
};
use warifu_api::operation::{Method, Operation};

pub(crate) use self::acting::{printable, reference, users};
pub(crate) use self::tokens::note as reason;
use crate::service::Service;

/// What handlers get.
pub(crate) type Shared = Arc<Service>;

/// The whole surface. `request_bytes` bounds every body but a seed file's.
pub(crate) fn router(service: Shared, limits: Limits) -> Router {
    let mut router = Router::new();
    for operation in Operation::ALL {
        let guarded = handler(operation)
            .route_layer(middleware::from_fn_with_state(Arc::clone(&service), authz::check))
            .route_layer(Extension(operation));
        router = router.route(operation.path(), guarded);
    }
    router
        .fallback(problem::no_such_path)
        .method_not_allowed_fallback(problem::no_such_method)
        .layer(DefaultBodyLimit::disable())
        .layer(middleware::from_fn_with_state(Arc::clone(&service), extract::begin))
        .layer(Extension(limits))
        .with_state(service)
}

/// Sizes and times of one request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Largest body, in bytes.
    pub(crate) request_bytes: usize,
    /// Largest seed file, in bytes.
    pub(crate) import_bytes: u64,
    /// Longest time from the headers to the answer.
    pub(crate) deadline: std::time::Duration,
}

/// Which handler serves which operation. Exhaustive: an operation without one does not compile.
#[expect(clippy::too_many_lines, reason = "one table, to be read as one")]
fn handler(operation: Operation) -> MethodRouter<Shared> {
    let method = filter(operation.method());
    match operation {
        Operation::ActivationConfirm => on(method, activations::confirm),
        Operation::ActivationDeviceCode => on(method, activations::device_code),
        Operation::ActivationShow => on(method, activations::show),
        Operation::ActivationStart => on(method, activations::start),
        Operation::AuditExport => on(method, audit::export),
        Operation::AuditPublicKey => on(method, audit::public_key),
        Operation::BackupCreate => on(method, audit::backup),
        Operation::CameraDeactivate => on(method, cameras::deactivate),
        Operation::CameraInitialise => on(method, cameras::initialise),
        Operation::CameraRevoke => on(method, cameras::revoke),
        Operation::CameraTokens => on(method, cameras::list),
        Operation::CeremonyAbort => on(method, keys::abort),
        Operation::CeremonyComponent => on(method, keys::component),
        Operation::CeremonyConfirm => on(method, keys::confirm),
        Operation::CeremonyList => on(method, keys::ceremonies),
        Operation::CeremonyOpen => on(method, keys::open),
        Operation::CeremonyShow => on(method, keys::show),
        Operation::ChallengeCancel => on(method, challenges::cancel),
        Operation::ChallengeCreate => on(method, challenges::create),
        Operation::ChallengeShow => on(method, challenges::show),
        Operation::ChallengeVerify => on(method, challenges::verify),
        Operation::ContractRevocations => on(method, contracts::revocations),
        Operation::ContractSet => on(method, contracts::set),
        Operation::ContractShow => on(method, contracts::show),
        Operation::ContractTokens => on(method, contracts::tokens),
        Operation::ContractUnlocks => on(method, contracts::unlocks),
        Operation::ContractUsage => on(method, contracts::usage),
        Operation::ContractUsers => on(method, contracts::users),
        Operation::GrantEnd => on(method, grants::end),
        Operation::GrantUse => on(method, grants::spend),
        Operation::Health => on(method, system::health),
        Operation::ImportApprove => on(method, imports::approve),
        Operation::ImportCancel => on(method, imports::cancel),
        Operation::ImportContent => on(method, imports::content),
        Operation::ImportCreate => on(method, imports::create),
        Operation::ImportList => on(method, imports::list),
        Operation::ImportReject => on(method, imports::reject),
        Operation::ImportShow => on(method, imports::show),
        Operation::KeyList => on(method, keys::list),
        Operation::KeyPublic => on(method, keys::public),
        Operation::OpenApi => on(method, system::openapi),
        Operation::ProposalApprove => on(method, proposals::approve),
        Operation::ProposalCreate => on(method, proposals::create),
        Operation::ProposalList => on(method, proposals::list),
        Operation::ProposalReject => on(method, proposals::reject),
        Operation::ProposalShow => on(method, proposals::show),
        Operation::ProposalWithdraw => on(method, proposals::withdraw),
        Operation::Ready => on(method, system::ready),
        Operation::Status => on(method, system::status),
        Operation::TokenDisable => on(method, tokens::disable),
        Operation::TokenEnable => on(method, tokens::enable),
        Operation::TokenExpiry => on(method, tokens::expiry),
        Operation::TokenHistory => on(method, tokens::history),
        Operation::TokenIssue => on(method, tokens::issue),
        Operation::TokenList => on(method, tokens::list),
        Operation::TokenLost => on(method, tokens::lost),
        Operation::TokenRecall => on(method, tokens::take_back),
        Operation::TokenResync => on(method, tokens::resync),
        Operation::TokenFacts => on(method, tokens::facts),
        Operation::TokenShow => on(method, tokens::show),
        Operation::TokenUnlock => on(method, tokens::unlock),
        Operation::TokenVerify => on(method, tokens::verify),
        Operation::UserAuthorize => on(method, users::authorize),
        Operation::UserDeactivate => on(method, users::deactivate),
        Operation::UserOrder => on(method, users::order),
        Operation::UserRegister => on(method, users::register),
        Operation::UserRemove => on(method, users::remove),
        Operation::UserSet => on(method, users::set),
        Operation::UserShow => on(method, users::show),
        Operation::UserSkip => on(method, users::skip),
        Operation::UserStatus => on(method, users::status),
        Operation::UserVerify => on(method, users::verify),
        Operation::WrappingKeys => on(method, keys::wrapping_keys),
    }
}

const fn filter(method: Method) -> MethodFilter {
    match method {
        Method::Delete => MethodFilter::DELETE,
        Method::Get => MethodFilter::GET,
        Method::Post => MethodFilter::POST,
        Method::Put => MethodFilter::PUT,
    }
}
