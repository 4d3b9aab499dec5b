//! What an object's attributes are.
//!
//! Not responsible for finding objects ([`crate::search`]), nor for what is known of staged seeds and of
//! keys to unwrap with ([`crate::import`]).

mod challenge;
mod token;

use cryptoki_sys::{CK_ATTRIBUTE_TYPE, CKA_OTP_COUNTER};
use warifu_api::{ProblemType, client::Client, facts::TokenFacts, token::Algorithm};

pub(crate) use self::{
    challenge::fixed as fixed_of_challenge,
    token::{flag as flag_of_token, mechanism},
};
use crate::{
    fault::{Fault, Outcome},
    handle::ObjectHandle,
    import,
    objects::What,
    provider::Provider,
    remote::{Trouble, concerning},
    rv::Rv,
    session::Session,
    template::{Reading, Template},
    vendor::CKA_WARIFU_STATE,
};

/// `C_GetAttributeValue`: an answer for each kind, in their order. All objects are private, so without
/// a login there is none (PKCS#11 v3.1 s.4.4).
pub(crate) fn read(
    provider: &Provider,
    session: &Session,
    object: ObjectHandle,
    kinds: &[CK_ATTRIBUTE_TYPE],
) -> Outcome<Vec<Reading>> {
    session.logged_in().map_err(|_| Rv::ObjectHandleInvalid)?;
    let found = provider.objects.find(session.slot.id, object).ok_or(Rv::ObjectHandleInvalid)?;
    let one = |kind: &CK_ATTRIBUTE_TYPE| match &found.what {
        What::Token(facts) if *kind == CKA_OTP_COUNTER => counter(session, facts),
        What::Staged(staged) if *kind == CKA_WARIFU_STATE => import::state(session, staged),
        what => Ok(reading(what, *kind)),
    };
    kinds.iter().map(one).collect()
}

/// An attribute, as far as it is known without asking the daemon.
pub(crate) fn reading(what: &What, kind: CK_ATTRIBUTE_TYPE) -> Reading {
    match what {
        What::Token(facts) => token::reading(facts, kind),
        What::Challenge(challenge) => challenge::reading(challenge, kind),
        What::Staged(staged) => staged.reading(kind),
        What::TransportKey(key) => key.reading(kind),
    }
}

/// Whether an object has all that a template says (PKCS#11 v3.1 s.5.7.7: byte for byte).
pub(crate) fn fits(what: &What, wanted: &Template) -> bool {
    wanted.iter().all(|attribute| match reading(what, attribute.kind) {
        Reading::Value(value) => value == attribute.value,
        Reading::Sensitive | Reading::Absent => false,
    })
}

/// The counter moves with every code, so the daemon is asked each time. It tells staff only.
fn counter(session: &Session, facts: &TokenFacts) -> Outcome<Reading> {
    if facts.algorithm != Algorithm::Hotp {
        return Ok(Reading::Absent);
    }
    let remote = &session.slot.remote;
    let question = async |client: &Client| {
        concerning(client.token(&facts.serial).await?, &facts.serial, |detail| &detail.serial)
    };
    match remote.ask(None, remote.deadline(), question) {
        Ok(detail) => Ok(detail.counter_next.map_or(Reading::Absent, token::counter)),
        Err(Trouble::Problem(ProblemType::Forbidden)) => Ok(Reading::Sensitive),
        Err(Trouble::Problem(ProblemType::NotFound)) => {
            Err(Fault::new(Rv::ObjectHandleInvalid, "the token is gone"))
        }
        Err(trouble) => Err(trouble.into()),
    }
}
