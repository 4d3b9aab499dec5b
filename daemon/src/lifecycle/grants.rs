//! Grants: one code for a run of operations.
//!
//! Not responsible for: when a session ends; the front end says so.

use ring::rand::{SecureRandom as _, SystemRandom};
use warifu_api::grant::{Grant as WireGrant, GrantAnswer, GrantOutcome};
use warifu_core::{
    event::{Action, Parties},
    ident::{ContractId, UserId},
    lifecycle::grant::{Grant, GrantEnd},
    rules::OperationClass,
};
use warifu_store::{
    Expect, Space, Step, Unit, Version, Write,
    record::{self, GrantRecord, Record as _},
};

use super::{
    acting::Acting,
    draft::{Begun, Draft},
    view,
};
use crate::{
    ask::{Ask, Kept},
    failure::Failure,
    service::Service,
    wire,
};

/// A wish to use a grant once.
#[derive(Debug)]
pub(crate) struct GrantAsk {
    pub(crate) contract: ContractId,
    pub(crate) user: UserId,
    pub(crate) session: warifu_api::SecretText,
    pub(crate) class: OperationClass,
}

/// Name of a grant: its place in the store, unguessable.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GrantId(pub(crate) [u8; 16]);

impl GrantId {
    /// As in paths: 32 hexadecimal digits.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut id = [0; 16];
        hex::decode_to_slice(text, &mut id).ok()?;
        (text == hex::encode(id)).then_some(Self(id))
    }

    fn key(self) -> Vec<u8> {
        self.0.to_vec()
    }
}

impl Service {
    /// Covers one more operation, or says why not.
    pub(crate) async fn use_grant(
        &self,
        ask: &Ask,
        id: GrantId,
        wish: &GrantAsk,
    ) -> Result<Kept<GrantAnswer>, Failure> {
        loop {
            let mut draft = match self.begin_for(ask, &wish.contract, &wish.user).await? {
                Begun::Replayed(answer) => return Ok(Kept::Replayed(answer)),
                Begun::Draft(draft) => *draft,
            };
            self.fetch_held(&mut draft, &wish.user).await?;
            let answer = match self.load_grant(&draft, id, wish).await? {
                Some((record, version)) => {
                    self.use_once(ask, &mut draft, (id, version), record, wish)
                }
                None => no_such_grant(ask, &mut draft, wish),
            };
            if let Some(kept) = self.finish(ask, draft, answer).await? {
                return Ok(kept);
            }
        }
    }

    /// The grant, if it is this user's.
    async fn load_grant(
        &self,
        draft: &Draft,
        id: GrantId,
        wish: &GrantAsk,
    ) -> Result<Option<(GrantRecord, Version)>, Failure> {
        let Some(found) = self.store.load(Space::Grant, &id.key()).await? else {
            return Ok(None);
        };
        let record = GrantRecord::decode(&found.bytes)?;
        let theirs = record.institution == draft.institution
            && record.grant.contract == wish.contract
            && record.grant.user == wish.user;
        Ok(theirs.then_some((record, found.version)))
    }

    /// A grant that did not cover an operation is over, except for another session's try.
    fn use_once(
        &self,
        ask: &Ask,
        draft: &mut Draft,
        found: (GrantId, Version),
        mut record: GrantRecord,
        wish: &GrantAsk,
    ) -> GrantAnswer {
        let (id, version) = found;
        let end = self.spend(ask, draft, wish, &mut record.grant);
        let write = match end {
            Err(GrantEnd::OtherSession) => Write::Keep,
            Err(_) => Write::Delete,
            Ok(()) => Write::Put(record.encode()),
        };
        let expect = Expect::At(version);
        draft.step(Step { space: Space::Grant, key: id.key(), expect, write });
        let outcome = end.map_or_else(GrantEnd::word, |()| "covered");
        note(ask, draft, &record.grant, Action::GrantUse, outcome);
        told(&record.grant, end)
    }

    fn spend(
        &self,
        ask: &Ask,
        draft: &Draft,
        wish: &GrantAsk,
        grant: &mut Grant,
    ) -> Result<(), GrantEnd> {
        let session = session_digest(self, ask, wish.session.expose());
        let Some(user) = draft.user(&wish.user) else { return Err(GrantEnd::TokenChanged) };
        let contract = &draft.contract.get().contract;
        let holder = (contract, &user.user, draft.held_by(&wish.user));
        grant.spend(session, wish.class, holder, draft.now())
    }

    /// Ends a grant, as at logout. One that is over already is no error.
    pub(crate) async fn end_grant(
        &self,
        ask: &Ask,
        id: GrantId,
    ) -> Result<Kept<GrantAnswer>, Failure> {
        loop {
            if let Some(answer) = self.recall(ask).await? {
                return Ok(Kept::Replayed(answer));
            }
            let moment = self.moment()?;
            let found = self.store.load(Space::Grant, &id.key()).await?;
            let record =
                found.as_ref().map(|found| GrantRecord::decode(&found.bytes)).transpose()?;
            let record = record.filter(|record| record.institution == *ask.institution());
            let (Some(found), Some(record)) = (found, record) else {
                return Ok(Kept::Fresh(ended(GrantOutcome::Unchanged)));
            };
            let answer = ended(GrantOutcome::Ended);
            let mut event =
                ask.event(Action::GrantEnd, Some(&record.grant.serial), moment.ms, "done");
            event.parties = Parties {
                contract: Some(record.grant.contract.clone()),
                user: Some(record.grant.user.clone()),
                ..Parties::default()
            };
            let expect = Expect::At(found.version);
            let mut steps =
                vec![Step { space: Space::Grant, key: id.key(), expect, write: Write::Delete }];
            steps.extend(Self::remember(ask, &answer, moment)?);
            let unit = Unit { steps, audit: vec![record::encode_event(&event)] };
            if let warifu_store::Commit::Done { .. } = self.store.commit(unit).await? {
                return Ok(Kept::Fresh(answer));
            }
            self.again::<GrantAnswer>(ask).await?;
        }
    }

    /// Removes grants whose time is up.
    pub(crate) async fn forget_old_grants(&self) -> Result<u64, Failure> {
        let now = self.moment()?.now();
        let limit = record::grant_key(record::grant_bucket(now).saturating_sub(1), &[0; 12]);
        self.forget_below(Space::Grant, &limit).await
    }
}

/// The step that keeps a new grant, and what the front end is told of it.
pub(super) fn new_grant(draft: &mut Draft, grant: Grant) -> Result<WireGrant, Failure> {
    let mut random = [0; 12];
    SystemRandom::new().fill(&mut random).map_err(|_| Failure::Randomness)?;
    let key = record::grant_key(record::grant_bucket(grant.expires_at), &random);
    let answer = WireGrant {
        id: hex::encode(&key),
        class: view::class(grant.class),
        uses: grant.uses_left,
        expires_at: wire::timestamp(grant.expires_at),
    };
    let institution = draft.institution.clone();
    let record = GrantRecord { institution, grant };
    let write = Write::Put(record.encode());
    draft.step(Step { space: Space::Grant, key, expect: Expect::Absent, write });
    Ok(answer)
}

/// A session is known by a keyed digest: its name may be as good as a cookie.
pub(super) fn session_digest(service: &Service, ask: &Ask, session: &str) -> [u8; 16] {
    let mut context = ring::hmac::Context::with_key(service.fingerprints.key());
    context.update(b"session\0");
    context.update(ask.institution().as_str().as_bytes());
    context.update(b"\0");
    context.update(session.as_bytes());
    let mut digest = [0; 16];
    digest.copy_from_slice(&context.sign().as_ref()[..16]);
    digest
}

fn note(ask: &Ask, draft: &mut Draft, grant: &Grant, action: Action, outcome: &'static str) {
    let subject = (Some(&grant.user), Some(&grant.serial));
    let mut event = Acting::default().event(ask, draft, action, subject, outcome);
    event.number = Some(grant.uses_left.into());
    event.note = Some(grant.class.word().to_owned());
    draft.push(event);
}

/// One that is over, was never there, or is somebody else's: which of these is not told, and the
/// front end asks for a code.
fn no_such_grant(ask: &Ask, draft: &mut Draft, wish: &GrantAsk) -> GrantAnswer {
    let end = GrantEnd::Expired;
    let subject = (Some(&wish.user), None);
    let mut event = Acting::default().event(ask, draft, Action::GrantUse, subject, end.word());
    event.note = Some(wish.class.word().to_owned());
    draft.push(event);
    refused(end)
}

fn refused(end: GrantEnd) -> GrantAnswer {
    GrantAnswer { reason: Some(view::grant_end(end)), ..ended(GrantOutcome::Refused) }
}

fn told(grant: &Grant, end: Result<(), GrantEnd>) -> GrantAnswer {
    match end {
        Ok(()) => GrantAnswer {
            uses_left: Some(grant.uses_left),
            expires_at: Some(wire::timestamp(grant.expires_at)),
            ..ended(GrantOutcome::Covered)
        },
        Err(end) => refused(end),
    }
}

const fn ended(outcome: GrantOutcome) -> GrantAnswer {
    GrantAnswer { outcome, reason: None, uses_left: None, expires_at: None, text: None }
}
