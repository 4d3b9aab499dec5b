//! Orders by users; issue, recall and loss by the bank.
//!
//! Not responsible for: printing and mailing.

use std::sync::Arc;

use warifu_api::action::ActionAnswer;
use warifu_core::{
    event::Action,
    ident::{ContractId, Serial, TokenId, UserId},
    lifecycle::{
        Denial, Life, Refused, TokenKind, User,
        issue::{self, Issue},
        leave,
        signing::is_signer,
        user::Binding,
    },
};

use super::{
    acting::{Acting, StepUp, staff_given, token_note},
    draft::{Begun, Draft},
    leave::admit_one,
    view,
};
use crate::{
    ask::{Ask, Kept},
    failure::Failure,
    service::{Committed, Service},
};

impl Service {
    /// A user orders a token (トークン発行申込).
    pub(crate) async fn order(
        &self,
        ask: &Ask,
        contract: &ContractId,
        user: &UserId,
        kind: TokenKind,
        acting: &Acting,
    ) -> Result<Kept<ActionAnswer>, Failure> {
        acting.check(ask)?;
        loop {
            let mut draft = match self.begin_for(ask, contract, user).await? {
                Begun::Replayed(answer) => return Ok(Kept::Replayed(answer)),
                Begun::Draft(draft) => *draft,
            };
            self.fetch_actor_in_turn(ask, &mut draft, acting).await?;
            self.catch_up(&mut draft, user).await?;
            self.fetch_held(&mut draft, user).await?;
            let answer = self.try_order(ask, &mut draft, user, kind, acting).await?;
            if let Some(kept) = self.finish(ask, draft, answer).await? {
                return Ok(kept);
            }
        }
    }

    /// Brings a user's record up to date with what became of the token that it names: a lost one must
    /// not stand in the way of the next.
    async fn catch_up(&self, draft: &mut Draft, user: &UserId) -> Result<(), Failure> {
        let Some(record) = draft.user(user) else { return Ok(()) };
        let generation = draft.contract.get().contract.generation();
        let (Binding::InService { serial, .. } | Binding::Issued { serial, .. }) =
            record.user.binding(generation).clone()
        else {
            return Ok(());
        };
        self.fetch_token(draft, &serial).await?;
        let mut holder = record_of(draft, user)?;
        let Some(token) = draft.held(&serial) else { return Ok(()) };
        let contract = (&draft.contract_id, &draft.contract.get().contract);
        if leave::catch_up(&draft.rules, contract, (user, &mut holder), token)
            && let Some(cell) = draft.user_cell(user)
        {
            cell.edit().user = holder;
            draft.hint_holder(&serial, user, false);
        }
        Ok(())
    }

    async fn try_order(
        &self,
        ask: &Ask,
        draft: &mut Draft,
        user: &UserId,
        kind: TokenKind,
        acting: &Acting,
    ) -> Result<ActionAnswer, Failure> {
        let rules = Arc::clone(&draft.rules);
        let gate = &rules.issue.order;
        let (outcome, answer) = match admit_one(draft, acting, gate, user, None) {
            Err(denial) => (denial.word(), view::refused(draft, denial.into())),
            Ok(()) => match self.step_up(ask, draft, acting, gate).await? {
                StepUp::Rejected(told) => (told.reason.word(), view::rejected(told)),
                StepUp::Passed => match order(draft, user, kind) {
                    Ok(()) => ("done", view::done(draft, user, None)),
                    Err(refused) => (refused.denial.word(), view::refused(draft, refused)),
                },
            },
        };
        let event = acting.event(ask, draft, Action::Order, (Some(user), None), outcome);
        draft.push(event);
        if outcome == "done" {
            view::note_user(ask, draft, user, Action::Order, None, acting);
        }
        Ok(answer)
    }

    /// トークン発行: the bank hands a token to a contract, and to one of its users where named.
    pub(crate) async fn issue(
        &self,
        ask: &Ask,
        serial: &Serial,
        to: (&ContractId, Option<&UserId>),
        acting: &Acting,
    ) -> Result<Kept<ActionAnswer>, Failure> {
        let (contract, user) = to;
        acting.check(ask)?;
        loop {
            let mut draft = match self.begin(ask, contract).await? {
                Begun::Replayed(answer) => return Ok(Kept::Replayed(answer)),
                Begun::Draft(draft) => *draft,
            };
            if !self.fetch_token(&mut draft, serial).await? {
                return Err(Failure::NotFound);
            }
            if let Some(user) = user {
                if !self.fetch_user(&mut draft, user).await? {
                    return Err(Failure::NotFound);
                }
                self.catch_up(&mut draft, user).await?;
                self.fetch_held(&mut draft, user).await?;
            }
            let end = match staff_given(&draft.rules, acting) {
                Ok(()) => hand_out(&mut draft, serial, user),
                Err(denial) => Err(denial.into()),
            };
            let answer = issued(ask, &mut draft, serial, user, acting, end);
            if let Some(kept) = self.finish(ask, draft, answer).await? {
                return Ok(kept);
            }
        }
    }

    /// Takes an issued token back to the stock.
    pub(crate) async fn recall_token(
        &self,
        ask: &Ask,
        serial: &Serial,
        acting: &Acting,
    ) -> Result<Kept<ActionAnswer>, Failure> {
        acting.check(ask)?;
        let id = TokenId { institution: ask.institution().clone(), serial: serial.clone() };
        loop {
            if let Some(answer) = self.recall(ask).await? {
                return Ok(Kept::Replayed(answer));
            }
            let token = self.load_token(&id).await?.ok_or(Failure::NotFound)?;
            let Some(contract) = token.record.life.contract().cloned() else {
                return Err(Failure::Conflict("the token is in stock already"));
            };
            let mut draft = match self.begin(ask, &contract).await? {
                Begun::Replayed(answer) => return Ok(Kept::Replayed(answer)),
                Begun::Draft(draft) => *draft,
            };
            self.fetch_token(&mut draft, serial).await?;
            let owner = draft.token(serial).and_then(|record| record.life.contract());
            if owner != Some(&contract) {
                self.again::<ActionAnswer>(ask).await?;
                continue; // it went elsewhere in between
            }
            let addressee = draft.token(serial).and_then(addressee);
            if let Some(user) = &addressee {
                self.fetch_user(&mut draft, user).await?;
            }
            let end = match staff_given(&draft.rules, acting) {
                Ok(()) => take_back(&mut draft, serial, addressee.as_ref()),
                Err(denial) => Err(denial.into()),
            };
            let (outcome, answer) = match end {
                Ok(()) => ("done", view::token_done(&draft, serial)),
                Err(refused) => (refused.denial.word(), view::refused(&draft, refused)),
            };
            let subject = (addressee.as_ref(), Some(serial));
            let event = acting.event(ask, &draft, Action::Recall, subject, outcome);
            draft.push(event);
            if outcome == "done" {
                view::note_token(ask, &mut draft, serial, Action::Recall, addressee.as_ref());
            }
            if let Some(kept) = self.finish(ask, draft, answer).await? {
                return Ok(kept);
            }
        }
    }

    /// 紛失: final, whoever holds the token.
    pub(crate) async fn report_lost(
        &self,
        ask: &Ask,
        serial: Serial,
        acting: &Acting,
    ) -> Result<Kept<ActionAnswer>, Failure> {
        acting.check(ask)?;
        let id = TokenId { institution: ask.institution().clone(), serial };
        loop {
            if let Some(answer) = self.recall(ask).await? {
                return Ok(Kept::Replayed(answer));
            }
            let moment = self.moment()?;
            let rules = self.rules(&id.institution)?;
            let mut loaded = self.load_token(&id).await?.ok_or(Failure::NotFound)?;
            let given = staff_given(&rules, acting);
            let before = loaded.record.life.clone();
            if given.is_ok() {
                loaded.record.life = before.clone().lost(moment.now());
                loaded.changed = loaded.record.life != before;
            }
            let outcome = match given {
                Err(denial) => denial.word(),
                Ok(()) if loaded.changed => "done",
                Ok(()) => "unchanged",
            };
            if loaded.changed {
                let note = token_note(ask, Action::Lost, outcome, None, None, moment.ms);
                loaded.record.push(note);
            }
            let answer = view::lost(&loaded.record, given.err(), loaded.changed);
            let mut event = ask.event(Action::Lost, Some(&id.serial), moment.ms, outcome);
            event.note.clone_from(&acting.reason);
            event.parties.contract = loaded.record.life.contract().cloned();
            event.parties.reference.clone_from(&acting.reference);
            let unit = Self::unit(ask, &loaded, &answer, &event, moment)?;
            if self.commit(ask, &id, unit).await? == Committed::Done {
                return Ok(Kept::Fresh(answer));
            }
            self.again::<ActionAnswer>(ask).await?;
        }
    }
}

fn record_of(draft: &Draft, user: &UserId) -> Result<User, Failure> {
    draft.user(user).map(|record| record.user.clone()).ok_or(Failure::Bug)
}

fn order(draft: &mut Draft, user: &UserId, kind: TokenKind) -> Result<(), Refused> {
    let (rules, now) = (Arc::clone(&draft.rules), draft.now());
    let contract = draft.contract.get().contract.clone();
    let cell = draft.user_cell(user).ok_or(Denial::UnknownUser)?;
    let mut changed = cell.get().user.clone();
    issue::order(&rules, &contract, &mut changed, kind, now)?;
    cell.edit().user = changed;
    Ok(())
}

fn hand_out(draft: &mut Draft, serial: &Serial, user: Option<&UserId>) -> Result<(), Refused> {
    let (rules, now) = (Arc::clone(&draft.rules), draft.now());
    let contract = draft.contract.get().contract.clone();
    let contract_id = draft.contract_id.clone();
    let record = draft.token(serial).ok_or(Denial::NotThisContract)?;
    let issue = Issue {
        rules: &rules,
        contract_id: &contract_id,
        contract: &contract,
        serial,
        kind: record.kind,
        expired: record.token.is_expired(now),
        now,
    };
    let (before, mut life) = (record.life.clone(), record.life.clone());
    let mut holder = user.and_then(|id| draft.user(id)).map(|record| record.user.clone());
    issue::issue(&issue, &mut life, user.zip(holder.as_mut()))?;
    if let Some(old) = before.contract().filter(|old| **old != contract_id) {
        draft.hint_owned(old, serial, false);
    }
    draft.hint_owned(&contract_id, serial, true);
    if let Some(cell) = draft.token_cell(serial).filter(|_| life != before) {
        cell.edit().life = life;
    }
    if let (Some(id), Some(holder)) = (user, holder)
        && let Some(cell) = draft.user_cell(id)
    {
        cell.edit().user = holder;
    }
    Ok(())
}

fn issued(
    ask: &Ask,
    draft: &mut Draft,
    serial: &Serial,
    user: Option<&UserId>,
    acting: &Acting,
    end: Result<(), Refused>,
) -> ActionAnswer {
    let (outcome, answer) = match end {
        Ok(()) => (
            "done",
            // A camera token stands beside what lists show of the user.
            user.filter(|_| !draft.token(serial).is_some_and(|one| is_signer(one.kind)))
                .map_or_else(
                    || view::token_done(draft, serial),
                    |user| view::done(draft, user, Some(serial)),
                ),
        ),
        Err(refused) => (refused.denial.word(), view::refused(draft, refused)),
    };
    let event = acting.event(ask, draft, Action::Issue, (user, Some(serial)), outcome);
    draft.push(event);
    if outcome == "done" {
        if let Some(user) = user {
            view::note_user(ask, draft, user, Action::Issue, Some(serial), acting);
        }
        view::note_token(ask, draft, serial, Action::Issue, user);
    }
    answer
}

fn take_back(
    draft: &mut Draft,
    serial: &Serial,
    addressee: Option<&UserId>,
) -> Result<(), Refused> {
    let contract_id = draft.contract_id.clone();
    let mut life = draft.token(serial).ok_or(Denial::NotThisContract)?.life.clone();
    let mut holder = addressee.and_then(|id| draft.user(id)).map(|record| record.user.clone());
    issue::recall(serial, &mut life, holder.as_mut())?;
    if let Some(cell) = draft.token_cell(serial) {
        cell.edit().life = life;
    }
    if let (Some(id), Some(holder)) = (addressee, holder)
        && let Some(cell) = draft.user_cell(id)
    {
        cell.edit().user = holder;
    }
    draft.hint_owned(&contract_id, serial, false);
    Ok(())
}

fn addressee(record: &warifu_store::record::TokenRecord) -> Option<UserId> {
    match &record.life {
        Life::Issued(issued) => issued.to().cloned(),
        _ => None,
    }
}
