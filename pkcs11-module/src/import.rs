//! Seeds on their way in: staged at the daemon for another officer's approval.
//!
//! A program gives one seed, in the clear or wrapped under a manufacturer's key; the daemon gets it as
//! a seed file with one token. Where the institution wants four eyes, the token is staged, and nothing
//! of it is in service until another officer approves.
//!
//! Not responsible for the approval, which is never given through this module.

mod document;
mod order;
mod rules;
#[cfg(test)]
mod samples;
mod staged;
mod staging;
mod transport;
mod verdict;

use warifu_api::{
    ProblemType,
    client::Client,
    import::{ImportJob, ImportState},
};

use self::{
    document::{Document, Secret},
    order::{Order, Way},
    staging::Staging,
};
pub(crate) use self::{
    staged::{Staged, state},
    transport::{TransportKey, transport_keys},
};
use crate::{
    config::Level,
    fault::{Fault, Outcome},
    handle::ObjectHandle,
    mechanism::Mechanism,
    objects::{Object, What},
    provider::Provider,
    remote::{self, Trouble, concerning},
    rv::Rv,
    session::Session,
    template::Template,
};

/// `C_CreateObject` of an OTP key: its seed is in the template.
pub(crate) fn create(
    provider: &Provider,
    session: &Session,
    template: &Template,
) -> Outcome<ObjectHandle> {
    session.read_write()?;
    let order = Order::read(template, Way::Create)?;
    // `Order::read` gives one for this way.
    let seed = order.seed.ok_or(Rv::TemplateIncomplete)?;
    let document = document(&order, Secret::Plain(seed));
    let staging = Staging {
        remote: &session.slot.remote,
        document: document.render(),
        key_label: None,
        kind: order.kind,
    };
    conclude(provider, session, &order, &staging.run()?, Way::Create)
}

/// `C_UnwrapKey`: its seed stays wrapped under a transport key until it is inside the HSM.
pub(crate) fn unwrap(
    provider: &Provider,
    session: &Session,
    mechanism: &Mechanism,
    key: ObjectHandle,
    wrapped: &[u8],
    template: &Template,
) -> Outcome<ObjectHandle> {
    session.read_write()?;
    let found = provider.objects.find(session.slot.id, key);
    let Some(What::TransportKey(key)) = found.as_deref().map(|object| &object.what) else {
        return Err(Rv::UnwrappingKeyHandleInvalid.into());
    };
    let cipher = key.cipher(mechanism)?;
    let order = Order::read(template, Way::Unwrap)?;
    key.check_len(cipher, wrapped.len(), order.seed_len)?;
    let secret = Secret::Wrapped { under: key.label(), cipher, octets: wrapped };
    let staging = Staging {
        remote: &session.slot.remote,
        document: document(&order, secret).render(),
        key_label: Some(key.label()),
        kind: order.kind,
    };
    conclude(provider, session, &order, &staging.run()?, Way::Unwrap)
}

/// `C_DestroyObject` of a staged seed: cancels the import. One that is gone already is as good as
/// cancelled.
pub(crate) fn cancel(session: &Session, staged: &Staged) -> Outcome<()> {
    session.logged_in()?;
    session.read_write()?;
    let remote = &session.slot.remote;
    let key = remote::intent()?;
    let asked = remote
        .ask(Some(&key), remote.deadline(), async |client| client.cancel_import(&staged.id).await);
    match asked {
        Ok(_) | Err(Trouble::Problem(ProblemType::NotFound)) => Ok(()),
        Err(Trouble::Problem(ProblemType::Conflict)) => {
            let why = "another officer has decided about the import already";
            Err(Fault::new(Rv::ActionProhibited, why))
        }
        Err(trouble) => Err(staging::refused(trouble)),
    }
}

fn document<'a>(order: &Order<'a>, secret: Secret<'a>) -> Document<'a> {
    Document {
        serial: order.serial,
        manufacturer: order.manufacturer,
        digits: order.digits,
        hash: order.hash,
        moving: order.moving,
        secret,
    }
}

/// An object of what came of it: a seed that waits or, where one officer imports alone, a token.
fn conclude(
    provider: &Provider,
    session: &Session,
    order: &Order<'_>,
    job: &ImportJob,
    way: Way,
) -> Outcome<ObjectHandle> {
    if let Some(fault) = verdict::why_not(job, way) {
        return Err(fault);
    }
    provider.log.event(Level::Info, &format!("import {} is {}", job.id, job.state));
    let what = if job.state == ImportState::Done {
        token(session, order.serial)?
    } else {
        What::Staged(Staged::new(order, job))
    };
    // It outlives the session, as CKA_TOKEN says; only the handle goes with the login.
    Ok(provider.objects.put(Object { slot: session.slot.id, session: None, what }))
}

fn token(session: &Session, serial: &str) -> Outcome<What> {
    let remote = &session.slot.remote;
    let facts = remote.ask(None, remote.deadline(), async |client: &Client| {
        concerning(client.token_facts(serial).await?, serial, |facts| &facts.serial)
    });
    facts.map(What::Token).map_err(|trouble| {
        let why = format!("the token is in service, but is not shown ({trouble:?}): look for it");
        Fault::new(Rv::FunctionFailed, why)
    })
}
