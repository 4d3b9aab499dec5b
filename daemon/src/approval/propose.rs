//! Proposing, looking at proposals, and taking one's own back.
//!
//! Not responsible for: deciding (`decide`).

use ring::rand::{SecureRandom as _, SystemRandom};
use warifu_api::approval::{Proposal, ProposalPage, ProposalQuery, ProposalRequest};
use warifu_core::{event::Action, ident::Institution};
use warifu_store::{
    Commit, Expect, Space, Step, Unit, Version, Write,
    record::{self, ProposalRecord, ProposalState, Record as _},
};

use super::{parse::Work, view};
use crate::{
    ask::{Ask, Kept},
    failure::Failure,
    service::Service,
    tls::Role,
};

/// Names a proposal.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct ProposalId(pub(crate) [u8; 12]);

impl ProposalId {
    /// Reads the hexadecimal form.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        hex::decode(text).ok()?.try_into().ok().map(Self)
    }

    fn random() -> Result<Self, Failure> {
        let mut bytes = [0; 12];
        SystemRandom::new().fill(&mut bytes).map_err(|_| Failure::Randomness)?;
        Ok(Self(bytes))
    }
}

/// A proposal as read.
pub(super) struct Found {
    pub(super) record: ProposalRecord,
    pub(super) version: Version,
}

impl Service {
    /// Puts an operation to a second person.
    pub(crate) async fn propose(
        &self,
        ask: &Ask,
        request: ProposalRequest,
    ) -> Result<Kept<Proposal>, Failure> {
        if let Some(answer) = self.recall(ask).await? {
            return Ok(Kept::Replayed(answer));
        }
        let work = Work::parse(&request.operation)?;
        self.may_take_part(ask, &work)?;
        let moment = self.moment()?;
        let rules = self.approval(ask.institution())?;
        let operation = serde_json::to_string(&request.operation).map_err(|_| Failure::Bug)?;
        if operation.len() > ProposalRecord::MAX_PROPOSED {
            let rule = "fewer users: a proposal has to fit into one record";
            return Err(Failure::Field { field: "users", rule });
        }
        let id = ProposalId::random()?;
        let proposal = ProposalRecord {
            id: id.0,
            institution: ask.institution().clone(),
            operation,
            kind: request.operation.word().to_owned(),
            proposer: ask.caller.name.clone(),
            reason: None,
            reference: None,
            created_ms: moment.ms,
            expires_ms: rules.expires_ms(moment.ms),
            state: ProposalState::Open,
            decider: None,
            decided_ms: None,
            note: None,
            outcome: None,
        };
        let answer = view::proposal(&proposal, moment.ms)?;
        let mut event = ask.event(Action::Propose, work.serial(), moment.ms, "open");
        event.note = Some(note_of(&proposal));
        let mut unit = Self::unit_without_token(ask, &answer, &event, moment)?;
        unit.steps.push(put(&proposal, Expect::Absent));
        self.settle_proposal(ask, unit, answer).await
    }

    /// Takes one's own proposal back.
    pub(crate) async fn withdraw(
        &self,
        ask: &Ask,
        id: ProposalId,
    ) -> Result<Kept<Proposal>, Failure> {
        if let Some(answer) = self.recall(ask).await? {
            return Ok(Kept::Replayed(answer));
        }
        let Found { mut record, version } = self.find_proposal(ask.institution(), id).await?;
        let work = Work::parse(&view::operation(&record)?)?;
        self.may_take_part(ask, &work)?;
        if !self.four_eyes.is_one_person(ask.institution(), &record.proposer, &ask.caller.name) {
            return Err(Failure::Conflict("somebody else's proposal is rejected, not withdrawn"));
        }
        let moment = self.moment()?;
        open_still(&record, moment.ms)?;
        record.state = ProposalState::Withdrawn;
        record.decider = Some(ask.caller.name.clone());
        record.decided_ms = Some(moment.ms);
        let answer = view::proposal(&record, moment.ms)?;
        let mut event = ask.event(Action::Withdraw, work.serial(), moment.ms, "done");
        event.note = Some(note_of(&record));
        let mut unit = Self::unit_without_token(ask, &answer, &event, moment)?;
        unit.steps.push(put(&record, Expect::At(version)));
        self.settle_proposal(ask, unit, answer).await
    }

    /// Shows a proposal.
    pub(crate) async fn show_proposal(
        &self,
        institution: &Institution,
        id: ProposalId,
    ) -> Result<Proposal, Failure> {
        let found = self.find_proposal(institution, id).await?;
        view::proposal(&found.record, self.clock_ms())
    }

    /// Lists proposals.
    pub(crate) async fn list_proposals(
        &self,
        institution: &Institution,
        query: &ProposalQuery,
    ) -> Result<ProposalPage, Failure> {
        let limit = match query.limit.unwrap_or(100) {
            limit @ 1..=1_000 => limit as usize,
            _ => return Err(Failure::Field { field: "limit", rule: "1 to 1000" }),
        };
        let cursor = query.cursor.as_deref().map(|text| {
            let rule = "`next_cursor` of the page before";
            ProposalId::parse(text).ok_or(Failure::Field { field: "cursor", rule })
        });
        let mut after = cursor.transpose()?.map(|id| record::proposal_key(institution, &id.0));
        let prefix = record::proposal_prefix(institution);
        let (now, mut items) = (self.clock_ms(), Vec::new());
        loop {
            let page = self.store.scan(Space::Proposal, &prefix, after.as_deref(), limit).await?;
            for (key, found) in page.items {
                let record = ProposalRecord::decode(&found.bytes)?;
                if query.state.is_none_or(|state| view::state(&record, now) == state) {
                    items.push(view::proposal(&record, now)?);
                }
                after = Some(key);
                if items.len() == limit {
                    let next_cursor = items.last().map(|last| last.id.clone());
                    return Ok(ProposalPage { items, next_cursor });
                }
            }
            if page.next.is_none() {
                return Ok(ProposalPage { items, next_cursor: None });
            }
        }
    }

    /// Whether the caller's role takes part in such operations at all.
    pub(super) fn may_take_part(&self, ask: &Ask, work: &Work) -> Result<(), Failure> {
        let is_house = *ask.institution() == self.facts.house;
        let may = ask.caller.roles.contains(work.role()) && (is_house || !work.is_of_the_house());
        if may { Ok(()) } else { Err(Failure::Forbidden) }
    }

    pub(super) async fn find_proposal(
        &self,
        institution: &Institution,
        id: ProposalId,
    ) -> Result<Found, Failure> {
        let key = record::proposal_key(institution, &id.0);
        let found = self.store.load(Space::Proposal, &key).await?.ok_or(Failure::NotFound)?;
        Ok(Found { record: ProposalRecord::decode(&found.bytes)?, version: found.version })
    }

    /// Writes a proposal down with its answer.
    pub(super) async fn settle_proposal(
        &self,
        ask: &Ask,
        unit: Unit,
        answer: Proposal,
    ) -> Result<Kept<Proposal>, Failure> {
        match self.store.commit(unit).await? {
            Commit::Done { .. } => Ok(Kept::Fresh(answer)),
            // Another decision was first, or the same request.
            Commit::Conflict { .. } => match self.recall(ask).await? {
                Some(answer) => Ok(Kept::Replayed(answer)),
                None => Err(DECIDED),
            },
        }
    }
}

/// Whether there is still something to decide.
pub(super) fn open_still(record: &ProposalRecord, now_ms: u64) -> Result<(), Failure> {
    match record.state {
        ProposalState::Open if record.expires_ms <= now_ms => {
            Err(Failure::Conflict("the proposal has expired; propose it again"))
        }
        ProposalState::Open => Ok(()),
        _ => Err(DECIDED),
    }
}

/// What the audit chain says of a proposal: its name and what it is about.
pub(super) fn note_of(record: &ProposalRecord) -> String {
    format!("{} {} by {}", hex::encode(record.id), record.kind, record.proposer)
}

pub(super) fn put(record: &ProposalRecord, expect: Expect) -> Step {
    Step {
        space: Space::Proposal,
        key: record::proposal_key(&record.institution, &record.id),
        expect,
        write: Write::Put(record.encode()),
    }
}

/// Roles that take part in proposals of any kind.
pub(crate) const ROLES: &[Role] = &[Role::Officer, Role::Operator];

const DECIDED: Failure = Failure::Conflict("the proposal was decided already");
