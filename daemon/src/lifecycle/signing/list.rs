//! Camera tokens of a contract by their token codes, and how one is shown beside its user.
//!
//! Not responsible for: lists of all tokens (`crate::lifecycle::lists`).

use warifu_api::camera::{CameraBond, CameraTokenItem, CameraTokenPage, CameraTokenQuery};
use warifu_core::{
    ident::{ContractId, Serial, UserId},
    lifecycle::{Life, User},
    token::Moving,
};
use warifu_store::{
    Space,
    record::{self, Record as _, TokenCodeRecord, TokenRecord},
};

use crate::{
    ask::Ask,
    failure::Failure,
    lifecycle::{
        draft::Draft,
        lists::{cursor, tail},
    },
    service::Service,
    tokens::page_limit,
    wire,
};

impl Service {
    /// A page of the camera tokens that a user could share. Names those that are active only, so a
    /// page may hold fewer than asked for and still not be the last.
    pub(crate) async fn list_cameras(
        &self,
        ask: &Ask,
        contract: &ContractId,
        query: &CameraTokenQuery,
    ) -> Result<CameraTokenPage, Failure> {
        let limit = page_limit(query.limit)?;
        let found = self.load_contract(ask.institution(), contract).await?;
        let mut draft = self.draft_to_read(ask, contract, found.ok_or(Failure::NotFound)?)?;
        let prefix = record::token_code_prefix(ask.institution(), contract);
        let after = cursor(&prefix, query.cursor.as_deref())?;
        let page = self.store.scan(Space::TokenCode, &prefix, after.as_deref(), limit).await?;
        let mut items = Vec::with_capacity(page.items.len());
        for (_, found) in &page.items {
            let serial = TokenCodeRecord::decode(&found.bytes)?.serial;
            self.fetch_token(&mut draft, &serial).await?;
            let item = draft.token(&serial).and_then(|record| item(&draft, record));
            items.extend(item);
        }
        let next_cursor = page.next.as_deref().and_then(|key| tail(&prefix, key));
        Ok(CameraTokenPage { items, next_cursor })
    }

    /// Active camera tokens of the draft's contract, at most `most`.
    pub(in crate::lifecycle) async fn active_cameras(
        &self,
        draft: &Draft,
        most: usize,
    ) -> Result<Vec<Serial>, Failure> {
        let prefix = record::token_code_prefix(&draft.institution, &draft.contract_id);
        let generation = draft.contract.get().contract.generation();
        let (mut after, mut active) = (None, Vec::new());
        // A contract has some tokens, not thousands; what is not found here is named by its code.
        for _ in 0..PAGES {
            let page = self.store.scan(Space::TokenCode, &prefix, after.as_deref(), PAGE).await?;
            for (_, found) in &page.items {
                let serial = TokenCodeRecord::decode(&found.bytes)?.serial;
                let token = self.load_bare_token(&draft.token_id(&serial)).await?;
                let Some(mut record) = token.map(|loaded| loaded.record) else { continue };
                record.life = record.life.in_generation(generation);
                if is_shareable(draft, &record) {
                    active.push(serial);
                }
                if active.len() >= most {
                    return Ok(active);
                }
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        Ok(active)
    }
}

fn is_shareable(draft: &Draft, record: &TokenRecord) -> bool {
    let active = matches!(&record.token.moving, Moving::Camera(state) if state.active().is_some());
    active
        && matches!(record.life, Life::InService(_))
        && record.life.contract() == Some(&draft.contract_id)
        && record.token.status(draft.now()) == warifu_core::token::Status::Active
}

fn item(draft: &Draft, record: &TokenRecord) -> Option<CameraTokenItem> {
    let Moving::Camera(state) = &record.token.moving else { return None };
    let (Life::InService(held), Some(_), Some((owner, code))) =
        (&record.life, state.active(), &state.code)
    else {
        return None;
    };
    (held.contract() == &draft.contract_id && *owner == draft.contract_id).then(|| {
        CameraTokenItem {
            serial: record.serial.to_string(),
            token_code: code.as_str().to_owned(),
            users: held.users(),
            status: wire::status(record.token.status(draft.now())),
            expires_at: record.token.profile.expires_at.map(wire::timestamp),
        }
    })
}

/// The camera token beside a user of the draft.
pub(crate) fn bond(draft: &Draft, user: &UserId) -> Option<CameraBond> {
    bond_of(draft, &draft.user(user)?.user)
}

/// The same for any user of the contract; their camera token must be loaded.
pub(in crate::lifecycle) fn bond_of(draft: &Draft, user: &User) -> Option<CameraBond> {
    let signer = user.signer()?;
    let held = draft.held(&signer.serial)?;
    let generation = draft.contract.get().contract.generation();
    if !held.binds(signer, &draft.contract_id, generation) {
        return None;
    }
    let state = held.camera()?;
    Some(CameraBond {
        serial: signer.serial.to_string(),
        token_code: state.code.as_ref().map(|(_, code)| code.as_str().to_owned()),
        login_id: signer.login.as_str().to_owned(),
        since: wire::timestamp(signer.at),
        state: wire::camera_state(state),
    })
}

const PAGE: usize = 64;
const PAGES: usize = 4;
