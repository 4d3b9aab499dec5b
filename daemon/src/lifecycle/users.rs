//! Users: make, change, show, and what to show them at login.
//!
//! Not responsible for: lists (`lists`), tokens.

use warifu_api::user::{UserDetail, UserEvent, UserStatusAnswer};
use warifu_core::{
    event::Action,
    ident::{ContractId, UserId},
    lifecycle::{
        Role, User,
        authorize::{Holdings, reopens},
        standing, status,
    },
    rules::{OperationClass, local_minute},
};
use warifu_store::record::{UserNote, UserRecord};

use super::{
    acting::Acting,
    draft::{Begun, Draft},
    signing::bond,
    view,
};
use crate::{
    ask::{Ask, Kept},
    failure::Failure,
    service::Service,
    wire,
};

impl Service {
    /// Makes a user, or changes their role.
    pub(crate) async fn set_user(
        &self,
        ask: &Ask,
        contract: &ContractId,
        user: &UserId,
        role: Role,
    ) -> Result<Kept<UserDetail>, Failure> {
        loop {
            let mut draft = match self.begin(ask, contract).await? {
                Begun::Replayed(detail) => return Ok(Kept::Replayed(detail)),
                Begun::Draft(draft) => *draft,
            };
            let known = self.fetch_user(&mut draft, user).await?;
            if !known {
                draft.add_user(UserRecord {
                    institution: draft.institution.clone(),
                    contract: contract.clone(),
                    id: user.clone(),
                    user: User::new(role),
                    recent: Vec::new(),
                    created_ms: draft.moment.ms,
                    last_request: None,
                });
            }
            if let Some(cell) = draft.user_cell(user).filter(|cell| cell.get().user.role != role) {
                cell.edit().user.role = role;
            }
            self.fetch_shown(&mut draft, user).await?;
            let outcome = if known { "done" } else { "created" };
            let acting = Acting::default();
            let mut event = acting.event(ask, &draft, Action::UserSet, (Some(user), None), outcome);
            event.note = Some(role.word().to_owned());
            draft.push(event);
            let detail = detail(&draft, user).ok_or(Failure::Bug)?;
            if let Some(kept) = self.finish(ask, draft, detail).await? {
                return Ok(kept);
            }
        }
    }

    /// One user.
    pub(crate) async fn show_user(
        &self,
        ask: &Ask,
        contract: &ContractId,
        user: &UserId,
    ) -> Result<UserDetail, Failure> {
        let draft = self.look_at(ask, contract, user).await?;
        detail(&draft, user).ok_or(Failure::Bug)
    }

    /// What to show a user who is logging in. `rights`: what the front end lets them do.
    pub(crate) async fn user_status(
        &self,
        ask: &Ask,
        contract: &ContractId,
        user: &UserId,
        rights: &[OperationClass],
    ) -> Result<UserStatusAnswer, Failure> {
        // Whether a login goes on is a decision, and waits for a clock that can be trusted.
        self.moment()?;
        let draft = self.look_at(ask, contract, user).await?;
        let record = draft.user(user).ok_or(Failure::Bug)?;
        let contract = &draft.contract.get().contract;
        let token = view::shown_token(&draft, user);
        let now = draft.now();
        let holdings = Holdings { otp: token, signer: draft.signs(user) };
        let others = self.active_cameras(&draft, 1).await?;
        let login = status::Login { rights, shareable: !others.is_empty() };
        let answer = status::status(&draft.rules, contract, &record.user, holdings, login, now);
        let expires = token.and_then(|held| held.token.profile.expires_at);
        Ok(UserStatusAnswer {
            screen: view::screen(answer.screen),
            camera_screen: view::camera_screen(answer.camera),
            login_allowed: answer.login_blocked.is_none(),
            login_blocked: answer.login_blocked.map(view::cause),
            state: view::state(standing::listed(contract, &record.user, token, now)),
            authentication: view::authentication(standing::authentication(token)),
            serial: token.map(|held| held.serial.to_string()),
            expires_local: expires.and_then(|at| local_minute(at, &draft.rules.zone)),
            not_before: answer.not_before.map(wire::timestamp),
            grace_until: answer.grace_until.map(wire::timestamp),
            limit_yen_per_day: answer.limit_yen_per_day,
            text: None,
        })
    }

    /// A user with the token that lists show, for reading only.
    pub(super) async fn look_at(
        &self,
        ask: &Ask,
        contract: &ContractId,
        user: &UserId,
    ) -> Result<Draft, Failure> {
        let found = self.load_contract(ask.institution(), contract).await?;
        let mut draft = self.draft_to_read(ask, contract, found.ok_or(Failure::NotFound)?)?;
        if !self.fetch_user(&mut draft, user).await? {
            return Err(Failure::NotFound);
        }
        self.fetch_shown(&mut draft, user).await?;
        self.fetch_signer(&mut draft, user).await?;
        Ok(draft)
    }

    pub(super) async fn fetch_shown(
        &self,
        draft: &mut Draft,
        user: &UserId,
    ) -> Result<(), Failure> {
        if let Some(serial) = view::shown(draft, user).cloned() {
            self.fetch_token(draft, &serial).await?;
        }
        Ok(())
    }
}

fn detail(draft: &Draft, user: &UserId) -> Option<UserDetail> {
    let record = draft.user(user)?;
    let contract = &draft.contract.get().contract;
    let token = view::shown_token(draft, user);
    let now = draft.now();
    let expires = token.and_then(|held| held.token.profile.expires_at);
    let registered = contract.holding(&record.user).map(|(_, at)| at);
    let opens = reopens(&draft.rules, &record.user, token).filter(|opens| now < *opens);
    let ordered = record.user.ordered();
    Some(UserDetail {
        user: user.to_string(),
        contract: draft.contract_id.to_string(),
        role: view::role(record.user.role),
        state: view::state(standing::listed(contract, &record.user, token, now)),
        authentication: view::authentication(standing::authentication(token)),
        serial: view::shown(draft, user).map(ToString::to_string),
        kind: token.map(|held| view::kind(held.kind)),
        expires_at: expires.map(wire::timestamp),
        expires_local: expires.and_then(|at| local_minute(at, &draft.rules.zone)),
        registered_at: registered.map(wire::timestamp),
        not_before: opens.map(wire::timestamp),
        ordered: ordered.map(|(kind, _)| view::kind(kind)),
        ordered_at: ordered.map(|(_, at)| wire::timestamp(at)),
        camera: bond(draft, user),
        recent: record.recent.iter().rev().map(event).collect(),
    })
}

fn event(note: &UserNote) -> UserEvent {
    UserEvent {
        at: wire::timestamp_ms(note.at_ms),
        action: note.action.clone(),
        outcome: note.outcome.clone(),
        serial: note.serial.as_ref().map(ToString::to_string),
        by: Some(note.by.to_string()),
        acting: note.acting.as_ref().map(ToString::to_string),
    }
}
