//! What the description says about the operations of the life cycle: bodies, answers, texts.
//!
//! Not responsible for: tokens that sign, see [`super::signing`]; keys and what two people do, see
//! [`super::keys`] and [`super::two_people`]; all other operations, and problems, see
//! [`super::operations`].

use utoipa::{
    IntoParams as _,
    openapi::{
        RefOr,
        path::{Parameter, ParameterIn},
        schema::Schema,
    },
};

use super::{
    collect, keys,
    operations::{Text, words},
    signing, two_people,
};
use crate::{action, authorize, contract, grant, history, operation::Operation as O, user};

/// Bodies and texts of one operation.
pub(super) struct Facts {
    /// Schema of the request's body, where it has one.
    pub(super) request: Option<&'static str>,
    /// Schema of the answer.
    pub(super) answer: &'static str,
    /// Texts.
    pub(super) text: Text,
}

impl Facts {
    /// Whether a code can come with it, so that the HSM is needed.
    pub(super) fn looks_at_codes(&self) -> bool {
        matches!(
            self.request,
            Some(
                "ActivationRequest"
                    | "CameraDeactivateRequest"
                    | "ChallengeRequest"
                    | "CodeRequest"
                    | "DeactivateRequest"
                    | "OrderRequest"
                    | "RegisterRequest"
                    | "TargetsRequest"
                    | "UsageModeRequest"
                    | "UserVerifyRequest"
            )
        )
    }
}

/// `None` for all operations that [`super::operations`] describes itself.
pub(super) fn facts(operation: O) -> Option<Facts> {
    contracts(operation)
        .or_else(|| users(operation))
        .or_else(|| changes_of_users(operation))
        .or_else(|| tokens_and_grants(operation))
        .or_else(|| signing::facts(operation))
        .or_else(|| keys::facts(operation))
        .or_else(|| two_people::facts(operation))
}

pub(super) const fn facts_of(request: &'static str, answer: &'static str, text: Text) -> Facts {
    Facts { request: Some(request), answer, text }
}

pub(super) const fn shown(answer: &'static str, text: Text) -> Facts {
    Facts { request: None, answer, text }
}

fn contracts(operation: O) -> Option<Facts> {
    let text = |summary, description| words("contracts", summary, description);
    Some(match operation {
        O::ContractRevocations => facts_of(
            "TargetsRequest",
            "TargetsAnswer",
            text(
                "Takes the tokens of users away (失効)",
                "All of them or none. A revocation ends the bond of one user and one token; other users of the same token keep theirs. `not_before` says from when on a user may register again.",
            ),
        ),
        O::ContractSet => facts_of(
            "ContractSetRequest",
            "ContractDetail",
            text(
                "Makes or changes a contract",
                "A contract is made by its first setting. Its usage mode is given then, or follows from the policy.",
            ),
        ),
        O::ContractShow => shown(
            "ContractDetail",
            text("Shows a contract", "Without its users and tokens, which are lists of their own."),
        ),
        O::ContractTokens => shown(
            "ContractTokenPage",
            text(
                "Lists the tokens of a contract, by ascending serial",
                "Follow `next_cursor` until it is absent; a page may be short, even empty, without being the last.",
            ),
        ),
        O::ContractUnlocks => facts_of(
            "TargetsRequest",
            "TargetsAnswer",
            text(
                "Lifts the locks of users' tokens (利用停止解除)",
                "All of them or none. A lock is the token's: lifting it concerns every user who shares it, see `affected_users`.",
            ),
        ),
        O::ContractUsage => facts_of(
            "UsageModeRequest",
            "UsageModeAnswer",
            text(
                "Changes a contract's usage mode (利用形態), or previews that",
                "In one step every registration of the contract ends and every token of it becomes free, also where the mode is the one that is set already. With `dry_run` nothing changes and the answer counts what would.",
            ),
        ),
        O::ContractUsers => shown(
            "UserPage",
            text(
                "Lists the users of a contract, by ascending name",
                "With the states that the bank's lists show. Follow `next_cursor` until it is absent; a page may be short, even empty, without being the last.",
            ),
        ),
        _ => return None,
    })
}

fn users(operation: O) -> Option<Facts> {
    let text = |summary, description| words("users", summary, description);
    Some(match operation {
        O::UserAuthorize => facts_of(
            "AuthorizeRequest",
            "AuthorizeAnswer",
            text(
                "Decides what an operation of a user needs",
                "Asked before the operation is carried out. Where the decision is `required` the front end asks for the factor and has it checked; where a daily limit is told, the front end enforces it.",
            ),
        ),
        O::UserSet => facts_of(
            "UserSetRequest",
            "UserDetail",
            text(
                "Makes or changes a user",
                "The role decides what the user may do to others. It is taken from this record, never from a request.",
            ),
        ),
        O::UserShow => shown(
            "UserDetail",
            text("Shows a user", "With the token that the user holds and what happened last."),
        ),
        O::UserStatus => shown(
            "UserStatusAnswer",
            text(
                "What to show a user who is logging in",
                "Asked right after the password. Says which screen to show, and whether the login goes on.",
            ),
        ),
        O::UserVerify => facts_of(
            "UserVerifyRequest",
            "UserVerifyAnswer",
            text(
                "Checks a code of the token that a user holds",
                "Answers once the outcome is durable. A code is accepted at most once, from whichever user of the token. A grant may be asked for along with it.",
            ),
        ),
        _ => return None,
    })
}

fn changes_of_users(operation: O) -> Option<Facts> {
    let text = |summary, description| words("users", summary, description);
    Some(match operation {
        O::UserDeactivate => facts_of(
            "DeactivateRequest",
            "ActionAnswer",
            text(
                "A user gives their token up (利用解除)",
                "The user is unregistered afterwards. Other users of the same token keep it.",
            ),
        ),
        O::UserOrder => facts_of(
            "OrderRequest",
            "ActionAnswer",
            text(
                "A user orders a token",
                "Noted for the bank, which hands a token out with an operation of its own.",
            ),
        ),
        O::UserRegister => facts_of(
            "RegisterRequest",
            "ActionAnswer",
            text(
                "A user takes a token into service (利用開始登録)",
                "Serial and code are checked and the registration is made in one step. A wrong code counts as an attempt on the token.",
            ),
        ),
        O::UserRemove => {
            shown("ActionAnswer", text("Removes a user", "Events in the audit chain stay."))
        }
        O::UserSkip => facts_of(
            "SkipRequest",
            "ActionAnswer",
            text(
                "A user passes over the registration (登録の省略)",
                "For this login only; the registration screen comes again at the next.",
            ),
        ),
        _ => return None,
    })
}

fn tokens_and_grants(operation: O) -> Option<Facts> {
    Some(match operation {
        O::GrantEnd => shown(
            "GrantAnswer",
            words(
                "grants",
                "Ends a grant",
                "Called at logout. A grant that does not exist (any more) is answered `unchanged`.",
            ),
        ),
        O::GrantUse => facts_of(
            "GrantUseRequest",
            "GrantAnswer",
            words(
                "grants",
                "Asks whether a grant covers one more operation",
                "Where it does, that use is spent. Where it does not, ask for a code.",
            ),
        ),
        O::TokenHistory => shown(
            "TokenHistory",
            words(
                "tokens",
                "Shows what was done with a token last",
                "For the help desk: the last events and, in words, why the last code was not accepted.",
            ),
        ),
        O::TokenIssue => facts_of(
            "IssueRequest",
            "ActionAnswer",
            words(
                "tokens",
                "Hands a token out (トークン発行)",
                "To a contract, or to one user of it. The token is in service once it is registered.",
            ),
        ),
        O::TokenLost => facts_of(
            "ReasonRequest",
            "ActionAnswer",
            words(
                "tokens",
                "Reports a token lost (紛失)",
                "Final: no code of it is accepted again. Its users may register another token once the policy lets them.",
            ),
        ),
        O::TokenRecall => facts_of(
            "ReasonRequest",
            "ActionAnswer",
            words(
                "tokens",
                "Takes an issued token back to the stock",
                "For a token that was handed out by mistake or was never registered.",
            ),
        ),
        _ => return None,
    })
}

pub(super) fn query(operation: O) -> Vec<Parameter> {
    let location = || Some(ParameterIn::Query);
    match operation {
        O::ContractTokens => contract::ContractTokenQuery::into_params(location),
        O::ContractUsers => contract::UserQuery::into_params(location),
        O::UserRemove => user::UserRemoveQuery::into_params(location),
        O::UserStatus => user::UserStatusQuery::into_params(location),
        O::ProposalList => two_people::query(),
        _ => signing::query(operation),
    }
}

/// The schemas of all bodies and answers above.
pub(super) fn schemas(all: &mut Vec<(String, RefOr<Schema>)>) {
    collect::<action::ActionAnswer>(all);
    collect::<action::DeactivateRequest>(all);
    collect::<action::IssueRequest>(all);
    collect::<action::OrderRequest>(all);
    collect::<action::ReasonRequest>(all);
    collect::<action::RegisterRequest>(all);
    collect::<action::SkipRequest>(all);
    collect::<authorize::AuthorizeAnswer>(all);
    collect::<authorize::AuthorizeRequest>(all);
    collect::<contract::ContractDetail>(all);
    collect::<contract::ContractSetRequest>(all);
    collect::<contract::ContractTokenPage>(all);
    collect::<contract::TargetsAnswer>(all);
    collect::<contract::TargetsRequest>(all);
    collect::<contract::UsageModeAnswer>(all);
    collect::<contract::UsageModeRequest>(all);
    collect::<contract::UserPage>(all);
    collect::<grant::GrantAnswer>(all);
    collect::<grant::GrantUseRequest>(all);
    collect::<history::TokenHistory>(all);
    collect::<user::UserDetail>(all);
    collect::<user::UserSetRequest>(all);
    collect::<user::UserStatusAnswer>(all);
    collect::<user::UserVerifyAnswer>(all);
    collect::<user::UserVerifyRequest>(all);
}
