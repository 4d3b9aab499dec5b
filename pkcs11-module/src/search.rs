//! `C_FindObjects`: tokens by serial without listing any, or all of them page by page.
//!
//! Not responsible for what an object's attributes are.

mod listing;
mod plan;

use std::{collections::VecDeque, sync::Arc};

use warifu_api::{ProblemType, client::Client, facts::TokenFacts};

use self::{
    listing::Page,
    plan::{Plan, Tokens},
};
use crate::{
    attributes,
    config::Level,
    fault::Outcome,
    handle::ObjectHandle,
    import,
    objects::{Object, What},
    provider::Provider,
    remote::{Trouble, concerning},
    rv::Rv,
    session::Session,
    template::Template,
};

/// A search under way.
pub(crate) struct Search {
    wanted: Arc<Template>,
    /// Found and not yet told.
    found: VecDeque<Found>,
    /// The page of tokens that comes next; none at the end.
    rest: Option<Arc<Page>>,
}

/// Tokens get their handle when they are told, so that a page does not push out what the program
/// knows already.
enum Found {
    Known(ObjectHandle),
    New(What),
}

/// `C_FindObjectsInit`. Without a login nothing is found: all objects here are private.
pub(crate) fn begin(provider: &Provider, session: &Session, wanted: &Template) -> Outcome<()> {
    if session.under_way().search.is_some() {
        return Err(Rv::OperationActive.into());
    }
    let mut search =
        Search { wanted: Arc::new(wanted.clone()), found: VecDeque::new(), rest: None };
    if session.logged_in().is_ok() {
        search.gather(provider, session)?;
    }
    let mut under_way = session.under_way();
    if under_way.search.is_some() {
        return Err(Rv::OperationActive.into());
    }
    under_way.search = Some(search);
    Ok(())
}

/// `C_FindObjects`. Programs take fewer than `most` for the end, so fewer are told only there. A fault
/// ends nothing and loses nothing: the next call goes on where this one stopped.
pub(crate) fn next(
    provider: &Provider,
    session: &Session,
    most: usize,
) -> Outcome<Vec<ObjectHandle>> {
    let deadline = session.slot.remote.deadline();
    loop {
        match step(session, most)? {
            Step::Tell(told) => {
                return Ok(told
                    .into_iter()
                    .map(|found| handle(provider, session, found))
                    .collect());
            }
            Step::Turn(page, wanted) => {
                let (tokens, rest) = page.fetch(provider, session, deadline)?;
                let fitting = tokens.into_iter().map(What::Token);
                let fitting = fitting.filter(|what| attributes::fits(what, &wanted));
                turned(session, &page, fitting.map(Found::New).collect(), rest);
            }
        }
    }
}

/// What a call does next. No lock is held while it does.
enum Step {
    Tell(VecDeque<Found>),
    Turn(Arc<Page>, Arc<Template>),
}

fn step(session: &Session, most: usize) -> Outcome<Step> {
    let mut under_way = session.under_way();
    let search = under_way.search.as_mut().ok_or(Rv::OperationNotInitialized)?;
    Ok(match &search.rest {
        Some(page) if search.found.len() < most => {
            Step::Turn(Arc::clone(page), Arc::clone(&search.wanted))
        }
        Some(_) | None => Step::Tell(search.tell(most)),
    })
}

/// Another thread may have turned the same page meanwhile, or begun another search: then this one
/// changes nothing.
fn turned(session: &Session, page: &Arc<Page>, found: Vec<Found>, rest: Option<Page>) {
    let mut under_way = session.under_way();
    let search = under_way.search.as_mut();
    let waits = |search: &&mut Search| search.rest.as_ref().is_some_and(|it| Arc::ptr_eq(it, page));
    if let Some(search) = search.filter(waits) {
        search.found.extend(found);
        search.rest = rest.map(Arc::new);
    }
}

/// `C_FindObjectsFinal`.
pub(crate) fn end(session: &Session) -> Outcome<()> {
    let ended = session.under_way().search.take();
    ended.map(drop).ok_or_else(|| Rv::OperationNotInitialized.into())
}

fn handle(provider: &Provider, session: &Session, found: Found) -> ObjectHandle {
    match found {
        Found::Known(handle) => handle,
        Found::New(what) => {
            provider.objects.put(Object { slot: session.slot.id, session: None, what })
        }
    }
}

impl Search {
    /// All that is found at once, and where the rest is.
    fn gather(&mut self, provider: &Provider, session: &Session) -> Outcome<()> {
        let plan = Plan::of(&self.wanted);
        match plan.tokens {
            Tokens::None => {}
            Tokens::One(serial) => {
                let token = one_token(provider, session, &serial)?;
                self.add(token.map(What::Token));
            }
            Tokens::All { manufacturer } => {
                self.rest = Some(Arc::new(Page::first(manufacturer)));
            }
        }
        if plan.unlisted {
            let unlisted = provider.objects.unlisted(session.slot.id, session.handle);
            let fits = |what| attributes::fits(what, &self.wanted);
            let fitting = unlisted.iter().filter(|(_, object)| fits(&object.what));
            self.found.extend(fitting.map(|(handle, _)| Found::Known(*handle)));
        }
        if plan.transport_keys && (self.found.is_empty() || !plan.is_named) {
            let keys = import::transport_keys(provider, session)?;
            self.add(keys.into_iter().map(What::TransportKey));
        }
        Ok(())
    }

    fn add(&mut self, objects: impl IntoIterator<Item = What>) {
        let fitting = objects.into_iter().filter(|what| attributes::fits(what, &self.wanted));
        self.found.extend(fitting.map(Found::New));
    }

    fn tell(&mut self, most: usize) -> VecDeque<Found> {
        let later = self.found.split_off(most.min(self.found.len()));
        std::mem::replace(&mut self.found, later)
    }
}

/// One request, however many tokens there are.
fn one_token(provider: &Provider, session: &Session, serial: &str) -> Outcome<Option<TokenFacts>> {
    let remote = &session.slot.remote;
    let question = async |client: &Client| {
        concerning(client.token_facts(serial).await?, serial, |facts| &facts.serial)
    };
    allowed(provider, remote.ask(None, remote.deadline(), question))
}

/// What there is not, and what the caller may not see, is not found.
fn allowed<T>(provider: &Provider, asked: Result<T, Trouble>) -> Outcome<Option<T>> {
    match asked {
        Ok(found) => Ok(Some(found)),
        Err(
            Trouble::Unsendable
            | Trouble::Problem(ProblemType::NotFound | ProblemType::InvalidField),
        ) => Ok(None),
        Err(Trouble::Problem(ProblemType::Forbidden)) => {
            provider.log.event(Level::Info, "a search found less than there is: not our role");
            Ok(None)
        }
        Err(trouble) => Err(trouble.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search(count: u64) -> Search {
        let wanted = Arc::new(Template::new(Vec::new()).unwrap());
        let found = (0..count).map(|_| Found::Known(ObjectHandle::fresh())).collect();
        Search { wanted, found, rest: None }
    }

    #[test]
    fn what_is_found_is_told_once_and_in_its_order() {
        let mut search = search(3);
        assert_eq!(search.tell(0).len(), 0);
        let handles = |told: VecDeque<Found>| -> Vec<_> {
            let known = |found| match found {
                Found::Known(handle) => handle,
                Found::New(_) => panic!("it has a handle"),
            };
            told.into_iter().map(known).collect()
        };
        let (first, second) = (handles(search.tell(2)), handles(search.tell(2)));
        assert_eq!((first.len(), second.len()), (2, 1));
        assert!(first[0] < first[1] && first[1] < second[0]);
        assert!(search.tell(1).is_empty());
    }
}
