//! Lists per contract: users with their five states, tokens, and who takes part in a token.
//!
//! A page costs what it shows, not what the contract holds. Indexes are hints: what they name is
//! looked up and checked before it is told.
//!
//! Not responsible for: lists of the institution's tokens (tokens).

use std::collections::BTreeSet;

use warifu_api::contract::{
    ContractToken, ContractTokenPage, ContractTokenQuery, UserPage, UserQuery,
};
use warifu_api::user::UserSummary;
use warifu_core::{
    ident::{ContractId, Serial, TokenId, UserId},
    lifecycle::{Contract, Held, Life, standing},
    rules::local_minute,
};
use warifu_store::{
    Space, Versioned,
    record::{self, Record as _, TokenRecord, UserRecord},
};

use super::{
    draft::{Draft, held},
    signing::bond_of,
    view,
};
use crate::{ask::Ask, failure::Failure, service::Service, tokens::page_limit, wire};

impl Service {
    /// A page of a contract's users. Looks at no more than a fixed number of records, so a page may
    /// hold fewer users than asked for and still not be the last.
    pub(crate) async fn list_users(
        &self,
        ask: &Ask,
        contract: &ContractId,
        query: &UserQuery,
    ) -> Result<UserPage, Failure> {
        let limit = page_limit(query.limit)?;
        let found = self.load_contract(ask.institution(), contract).await?;
        let mut draft = self.draft_to_read(ask, contract, found.ok_or(Failure::NotFound)?)?;
        let prefix = record::user_prefix(ask.institution(), contract);
        let mut after = cursor(&prefix, query.cursor.as_deref())?;
        let (mut items, mut seen) = (Vec::new(), 0);
        while items.len() < limit {
            let rest = limit - items.len();
            let filtered = query.state.is_some() || query.authentication.is_some();
            let take = if filtered { rest.max(64) } else { rest };
            let page = self.store.scan(Space::User, &prefix, after.as_deref(), take).await?;
            for (key, found) in page.items {
                seen += 1;
                after = Some(key);
                let user = self.summary(&mut draft, &found).await?;
                if matches(query, &user) {
                    items.push(user);
                }
                if items.len() == limit {
                    break;
                }
            }
            if page.next.is_none() && items.len() < limit {
                return Ok(UserPage { items, next_cursor: None });
            }
            if seen >= SCAN_BUDGET {
                break;
            }
        }
        let next_cursor = after.as_deref().and_then(|key| tail(&prefix, key));
        Ok(UserPage { items, next_cursor })
    }

    async fn summary(&self, draft: &mut Draft, found: &Versioned) -> Result<UserSummary, Failure> {
        let user = UserRecord::decode(&found.bytes)?;
        let contract = draft.contract.get().contract.clone();
        let serial = contract.shown_serial(&user.user).cloned();
        if let Some(serial) = &serial {
            self.fetch_token(draft, serial).await?;
        }
        if let Some(signer) = user.user.signer() {
            self.fetch_token(draft, &signer.serial).await?;
        }
        let ours = |held: &Held<'_>| held.life.contract().is_none_or(|it| *it == draft.contract_id);
        let token = serial.as_ref().and_then(|serial| draft.held(serial)).filter(ours);
        let expires = token.and_then(|held| held.token.profile.expires_at);
        Ok(UserSummary {
            user: user.id.to_string(),
            role: view::role(user.user.role),
            state: view::state(standing::listed(&contract, &user.user, token, draft.now())),
            authentication: view::authentication(standing::authentication(token)),
            serial: serial.as_ref().map(ToString::to_string),
            kind: token.map(|held| view::kind(held.kind)),
            expires_at: expires.map(wire::timestamp),
            expires_local: expires.and_then(|at| local_minute(at, &draft.rules.zone)),
            camera: bond_of(draft, &user.user),
        })
    }

    /// A page of the tokens that were issued to a contract.
    pub(crate) async fn list_contract_tokens(
        &self,
        ask: &Ask,
        contract: &ContractId,
        query: &ContractTokenQuery,
    ) -> Result<ContractTokenPage, Failure> {
        let limit = page_limit(query.limit)?;
        let found = self.load_contract(ask.institution(), contract).await?;
        let mut draft = self.draft_to_read(ask, contract, found.ok_or(Failure::NotFound)?)?;
        let prefix = record::owned_prefix(ask.institution(), contract);
        let after = cursor(&prefix, query.cursor.as_deref())?;
        let page = self.store.scan(Space::Owned, &prefix, after.as_deref(), limit).await?;
        let mut items = Vec::with_capacity(page.items.len());
        for (key, _) in &page.items {
            let Some(serial) = record::parse_owned_key(key) else { continue };
            self.fetch_token(&mut draft, &serial).await?;
            let owned = draft.token(&serial).filter(|one| one.life.contract() == Some(contract));
            items.extend(owned.map(|record| contract_token(&draft, record)));
        }
        let next_cursor = page.next.as_deref().and_then(|key| tail(&prefix, key));
        Ok(ContractTokenPage { items, next_cursor })
    }

    /// Users who take part in a token, at most [`NAMED`], and whether there are more.
    pub(super) async fn users_of(
        &self,
        token: &TokenId,
        contract: (&ContractId, &Contract),
    ) -> Result<(Vec<UserId>, bool), Failure> {
        let (id, contract) = contract;
        let common = contract.common().is_some_and(|common| common.serial == token.serial);
        let (space, prefix) = if common {
            (Space::User, record::user_prefix(&token.institution, id))
        } else {
            (Space::Holder, record::holder_prefix(token))
        };
        let page = self.store.scan(space, &prefix, None, SCAN_BUDGET).await?;
        let mut users = Vec::new();
        for (key, _) in &page.items {
            let user = if common {
                record::parse_user_key(key)
            } else {
                record::parse_holder_key(key).filter(|(of, _)| of == id).map(|(_, user)| user)
            };
            let Some(user) = user else { continue };
            if self.holds(token, id, contract, &user).await? {
                if users.len() == NAMED {
                    return Ok((users, true));
                }
                users.push(user);
            }
        }
        Ok((users, page.next.is_some()))
    }

    async fn holds(
        &self,
        token: &TokenId,
        id: &ContractId,
        contract: &Contract,
        user: &UserId,
    ) -> Result<bool, Failure> {
        let key = record::user_key(&token.institution, id, user);
        let Some(found) = self.store.load(Space::User, &key).await? else { return Ok(false) };
        let record = UserRecord::decode(&found.bytes)?;
        let signs = record.user.signer().is_some_and(|signer| {
            signer.serial == token.serial && signer.generation == contract.generation()
        });
        let holds = contract.holding(&record.user);
        Ok(signs || holds.is_some_and(|(serial, _)| *serial == token.serial))
    }

    /// Users who hold a token, and tokens that are in service: what a change of the usage mode frees.
    pub(super) async fn count_registered(
        &self,
        ask: &Ask,
        draft: &Draft,
    ) -> Result<(u64, u64), Failure> {
        let contract = &draft.contract.get().contract;
        let prefix = record::user_prefix(&draft.institution, &draft.contract_id);
        let (mut users, mut tokens) = (0, BTreeSet::<Serial>::new());
        let mut after = None;
        loop {
            let page = self.store.scan(Space::User, &prefix, after.as_deref(), COUNT_PAGE).await?;
            for (_, found) in &page.items {
                let record = UserRecord::decode(&found.bytes)?;
                let held = contract.holding(&record.user).map(|(serial, _)| serial);
                let signer = record.user.signer();
                let signer = signer.filter(|one| one.generation == contract.generation());
                let signer = signer.map(|one| &one.serial);
                users += u64::from(held.is_some() || signer.is_some());
                tokens.extend(held.into_iter().chain(signer).cloned());
            }
            after = page.next;
            if after.is_none() {
                return Ok((users, tokens.len() as u64));
            }
            if tokio::time::Instant::now() >= ask.deadline {
                return Err(Failure::Deadline); // nobody waits for the answer any more
            }
        }
    }
}

fn contract_token(draft: &Draft, record: &TokenRecord) -> ContractToken {
    let (users, issued_to) = match &record.life {
        Life::InService(one) => (one.users(), None),
        Life::Issued(one) => (0, one.to().map(ToString::to_string)),
        Life::Stock(_) | Life::Withdrawn(_) | Life::Lost(_) => (0, None),
    };
    let held = held(record);
    ContractToken {
        serial: record.serial.to_string(),
        kind: view::kind(record.kind),
        life: view::life(record.life.stage()),
        status: wire::status(held.token.status(draft.now())),
        users,
        issued_to,
        expires_at: record.token.profile.expires_at.map(wire::timestamp),
    }
}

fn matches(query: &UserQuery, user: &UserSummary) -> bool {
    query.state.is_none_or(|state| state == user.state)
        && query.authentication.is_none_or(|one| one == user.authentication)
}

/// A cursor is the end of a key: hex, so that it is opaque and safe in a query.
pub(super) fn cursor(prefix: &[u8], text: Option<&str>) -> Result<Option<Vec<u8>>, Failure> {
    let Some(text) = text else { return Ok(None) };
    let tail = hex::decode(text).ok().filter(|tail| tail.len() <= Serial::MAX);
    let tail = tail.ok_or(Failure::Field { field: "cursor", rule: "next_cursor of a page" })?;
    Ok(Some([prefix, &tail].concat()))
}

pub(super) fn tail(prefix: &[u8], key: &[u8]) -> Option<String> {
    key.strip_prefix(prefix).map(hex::encode)
}

/// Most users named in one answer.
const NAMED: usize = 100;
/// Most records looked at for one page.
const SCAN_BUDGET: usize = 5_000;
const COUNT_PAGE: usize = 500;
