//! Who acts, and the free texts of a change: from the wire to what the life cycle takes.
//!
//! Not responsible for: whether the actor may (`lifecycle::acting`).

use std::collections::HashSet;

use warifu_api::{SecretText, actor::Actor, contract::TargetsRequest};
use warifu_core::{
    code::{Code, CodeError},
    ident::UserId,
};

use super::tokens::note;
use crate::{
    failure::Failure,
    lifecycle::{Acting, ChallengeName, Targets, view},
};

/// Actor, reason and reference of a request.
pub(super) fn acting(
    actor: Option<Actor>,
    reason: Option<String>,
    reference: Option<String>,
) -> Result<Acting, Failure> {
    let actor = actor.unwrap_or_default();
    Ok(Acting {
        user: actor.user.as_deref().map(|text| user("actor.user", text)).transpose()?,
        confirmation: view::core_confirmation(actor.confirmation),
        login_method: actor.login_method.map(warifu_api::actor::LoginMethod::word),
        session: actor.session.map(|text| session("actor.session", text)).transpose()?,
        code: actor.code.map(|text| code("actor.code", text.expose())).transpose()?,
        signature: actor.challenge.as_deref().map(signature).transpose()?,
        reason: reason.map(note).transpose()?,
        reference: reference.map(self::reference).transpose()?,
    })
}

/// The challenge that an actor's own token answered.
fn signature(text: &str) -> Result<ChallengeName, Failure> {
    let rule = "`challenge` of the answer that put it";
    ChallengeName::parse(text).ok_or(Failure::Field { field: "actor.challenge", rule })
}

/// A front end's session.
pub(super) fn session(field: &'static str, text: SecretText) -> Result<SecretText, Failure> {
    let fits = (1..=MAX_SESSION).contains(&text.expose().len());
    if fits { Ok(text) } else { Err(Failure::Field { field, rule: "1 to 128 bytes" }) }
}

/// Users named together: some, not too many, none twice.
pub(super) fn targets(request: TargetsRequest) -> Result<Targets, Failure> {
    let TargetsRequest { actor, users, reason, reference } = request;
    let acting = acting(actor, reason, reference)?;
    Ok(Targets { acting, users: self::users(&users)? })
}

/// Some users, not too many, none twice.
pub(crate) fn users(texts: &[String]) -> Result<Vec<UserId>, Failure> {
    if texts.is_empty() || texts.len() > TargetsRequest::MAX {
        return Err(Failure::Field { field: "users", rule: "1 to 500 users" });
    }
    let users = texts.iter().map(|text| user("users", text)).collect::<Result<Vec<_>, _>>()?;
    let distinct: HashSet<_> = users.iter().collect();
    if distinct.len() < users.len() {
        return Err(Failure::Field { field: "users", rule: "each user once" });
    }
    Ok(users)
}

/// A user's name inside a body.
pub(super) fn user(field: &'static str, text: &str) -> Result<UserId, Failure> {
    UserId::parse(text).map_err(|_| Failure::Field {
        field,
        rule: "1 to 32 letters, digits, -, _, ., @; the first a letter or digit",
    })
}

/// A code that is none (letters, a blank) is a mistake of the form, not an attempt.
pub(super) fn code(field: &'static str, text: &str) -> Result<Code, Failure> {
    Code::parse(text).map_err(|error| {
        let rule = match error {
            CodeError::NotDecimal => "decimal digits only",
            CodeError::Length => "4 to 10 digits",
        };
        Failure::Field { field, rule }
    })
}

/// A reference of an application, a call or a check of identity.
pub(crate) fn reference(text: String) -> Result<String, Failure> {
    let fits = text.chars().count() <= MAX_REFERENCE && printable(&text);
    let rule = "at most 100 printable characters";
    if fits { Ok(text) } else { Err(Failure::Field { field: "reference", rule }) }
}

/// No control characters, and none that hides or turns round what stands beside it in a terminal.
pub(crate) fn printable(text: &str) -> bool {
    let hides = |c: char| matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}');
    !text.chars().any(|c| c.is_control() || hides(c))
}

const MAX_SESSION: usize = 128;
const MAX_REFERENCE: usize = 100;
