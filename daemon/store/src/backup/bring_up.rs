//! Bringing restored records up to what later audit records tell: tokens first, then the bonds of
//! users, then how many users a camera token has.
//!
//! Not responsible for: what the audit records tell (`later`, `bonds`).

use std::collections::{BTreeMap, BTreeSet};

use warifu_core::{
    ident::{ContractId, Institution, Serial, TokenId},
    lifecycle::{Contract, Held, Life, User},
    time::UnixTime,
    token::Moving,
};

use super::{
    bonds::{Bonds, End, Who, forget, forget_signer, serves},
    later::Later,
    restore::RestoreError,
};
use crate::{
    port::{Space, StoreError},
    record::{self, ContractRecord, Record, TokenRecord, UserRecord},
    sled_engine::Builder,
};

/// How many records changed.
#[derive(Debug, Default)]
pub(super) struct Changed {
    /// Tokens.
    pub(super) brought_up: u64,
    /// Bonds of users that ended.
    pub(super) ended: u64,
}

/// Camera tokens of each contract that users left or joined.
type Signed = BTreeMap<(Institution, ContractId), BTreeSet<Serial>>;

/// Brings everything up.
pub(super) fn bring_up(
    builder: &mut Builder,
    later: &Later,
    bonds: &Bonds,
    now: UnixTime,
) -> Result<Changed, RestoreError> {
    let mut changed = Changed::default();
    for id in later.ids() {
        let Some(mut token) = load_token(builder, id)? else { continue };
        if later.apply(id, &mut token) {
            store_token(builder, &token)?;
            changed.brought_up = changed.brought_up.saturating_add(1);
        }
    }
    let mut signed = Signed::new();
    for (who, ends) in bonds.all() {
        for end in ends {
            let ended = end_bond(builder, who, end, &mut signed)?;
            changed.ended = changed.ended.saturating_add(u64::from(ended));
        }
    }
    for (who, serial) in bonds.begun() {
        let ended = take_back(builder, who, serial, &mut signed)?;
        changed.ended = changed.ended.saturating_add(u64::from(ended));
    }
    for ((institution, contract), serials) in signed {
        count_again(builder, &institution, &contract, &serials, now)?;
    }
    Ok(changed)
}

/// Ends one bond of a restored user, where they still have it.
fn end_bond(
    builder: &mut Builder,
    who: &Who,
    end: &End,
    signed: &mut Signed,
) -> Result<bool, RestoreError> {
    let (institution, contract_id, user) = who;
    let id = TokenId { institution: institution.clone(), serial: end.serial.clone() };
    let user_key = record::user_key(institution, contract_id, user);
    let user: Option<UserRecord> = stored(builder, Space::User, &user_key)?;
    let token = load_token(builder, &id)?;
    let (Some(mut user), Some(mut token)) = (user, token) else { return Ok(false) };
    if is_camera(&token) {
        note_signed(signed, who, &end.serial);
        let ended = end.stop_signing(&mut user);
        if ended {
            builder.replace(Space::User, &user_key, &user.encode())?;
        }
        return Ok(ended);
    }
    let contract = load_contract(builder, institution, contract_id)?.map(|one| one.contract);
    let common = contract.filter(|one| one.common().is_some_and(|its| its.serial == end.serial));
    let common = common.map(|contract| contract.generation());
    if !end.apply(&mut user, &token, common) {
        return Ok(false);
    }
    builder.replace(Space::User, &user_key, &user.encode())?;
    if common.is_none() {
        end.leave(&mut token);
        store_token(builder, &token)?;
    }
    Ok(true)
}

/// Takes a registration back whose token was read before it: token, user and contract must not tell
/// different stories.
fn take_back(
    builder: &mut Builder,
    who: &Who,
    serial: &Serial,
    signed: &mut Signed,
) -> Result<bool, RestoreError> {
    let (institution, contract_id, user) = who;
    let id = TokenId { institution: institution.clone(), serial: serial.clone() };
    let token = load_token(builder, &id)?;
    let user_key = record::user_key(institution, contract_id, user);
    let holder: Option<UserRecord> = stored(builder, Space::User, &user_key)?;
    let owner = load_contract(builder, institution, contract_id)?;
    if let Some(token) = token.as_ref().filter(|token| is_camera(token)) {
        note_signed(signed, who, serial);
        let binds = |user: &User| signs(user, token, contract_id, owner.as_ref());
        let void = holder.filter(|holder| !binds(&holder.user));
        return drop_bond(builder, &user_key, void, |holder| forget_signer(holder, serial));
    }
    if token.is_none_or(|token| serves(&token, contract_id)) {
        return Ok(false);
    }
    let mut changed = drop_bond(builder, &user_key, holder, |holder| forget(holder, serial))?;
    let common = |one: &ContractRecord| one.contract.common().is_some_and(|c| c.serial == *serial);
    if let Some(mut owner) = owner.filter(common) {
        let Contract { service_start, .. } = owner.contract;
        let (mode, generation) = (owner.contract.mode(), owner.contract.generation());
        owner.contract = Contract::from_parts(service_start, mode, generation, None);
        builder.replace(Space::Contract, &owner.key(), &owner.encode())?;
        changed = true;
    }
    Ok(changed)
}

fn drop_bond(
    builder: &mut Builder,
    key: &[u8],
    holder: Option<UserRecord>,
    forget: impl FnOnce(&mut UserRecord) -> bool,
) -> Result<bool, RestoreError> {
    let Some(mut holder) = holder else { return Ok(false) };
    let changed = forget(&mut holder);
    if changed {
        builder.replace(Space::User, key, &holder.encode())?;
    }
    Ok(changed)
}

/// Counts the users of camera tokens: a token was read before its users, so its number may lack
/// whoever came or went in between. The users' own records say who signs with it.
fn count_again(
    builder: &mut Builder,
    institution: &Institution,
    contract_id: &ContractId,
    serials: &BTreeSet<Serial>,
    now: UnixTime,
) -> Result<(), RestoreError> {
    let owner = load_contract(builder, institution, contract_id)?;
    let mut tokens: BTreeMap<Serial, (TokenRecord, u32)> = BTreeMap::new();
    for serial in serials {
        let id = TokenId { institution: institution.clone(), serial: serial.clone() };
        if let Some(token) = load_token(builder, &id)?
            && token.life.contract() == Some(contract_id)
        {
            tokens.insert(serial.clone(), (token, 0));
        }
    }
    for found in builder.scan(Space::User, &record::user_prefix(institution, contract_id))? {
        let UserRecord { user, .. } = decoded(&found.bytes)?;
        let Some(signer) = user.signer() else { continue };
        let Some((token, users)) = tokens.get_mut(&signer.serial) else { continue };
        let counts = signs(&user, token, contract_id, owner.as_ref());
        *users = users.saturating_add(u32::from(counts));
    }
    for (mut token, users) in tokens.into_values() {
        if held_by(&mut token.life, users, now) {
            store_token(builder, &token)?;
        }
    }
    Ok(())
}

/// Sets the number of users; nobody's token is withdrawn. `false` where it was so.
fn held_by(life: &mut Life, users: u32, now: UnixTime) -> bool {
    let Life::InService(held) = &*life else { return false };
    if held.users() == users {
        return false;
    }
    let mut parts = life.parts();
    parts.users = users.max(1);
    let Some(Life::InService(held)) = Life::from_parts(parts) else { return false };
    *life = if users == 0 { held.leave(false, now) } else { Life::InService(held) };
    true
}

/// Whether this user signs with this token, by the word of all three records.
fn signs(
    user: &User,
    token: &TokenRecord,
    contract_id: &ContractId,
    contract: Option<&ContractRecord>,
) -> bool {
    let TokenRecord { serial, kind, life, token, .. } = token;
    let held = Held { serial, kind: *kind, life, token };
    let bond = user.signer().zip(contract);
    bond.is_some_and(|(signer, owner)| held.binds(signer, contract_id, owner.contract.generation()))
}

const fn is_camera(token: &TokenRecord) -> bool {
    matches!(token.token.moving, Moving::Camera(_))
}

fn note_signed(signed: &mut Signed, who: &Who, serial: &Serial) {
    let (institution, contract, _) = who;
    let key = (institution.clone(), contract.clone());
    signed.entry(key).or_default().insert(serial.clone());
}

fn load_token(builder: &mut Builder, id: &TokenId) -> Result<Option<TokenRecord>, RestoreError> {
    stored(builder, Space::Token, &record::token_key(id))
}

fn store_token(builder: &mut Builder, token: &TokenRecord) -> Result<(), RestoreError> {
    let key = record::token_key(&token.id());
    Ok(builder.replace(Space::Token, &key, &token.encode())?)
}

fn load_contract(
    builder: &mut Builder,
    institution: &Institution,
    contract: &ContractId,
) -> Result<Option<ContractRecord>, RestoreError> {
    stored(builder, Space::Contract, &record::contract_key(institution, contract))
}

/// Reads back what was stored.
fn stored<R: Record>(
    builder: &mut Builder,
    space: Space,
    key: &[u8],
) -> Result<Option<R>, RestoreError> {
    builder.load(space, key)?.map(|found| decoded(&found.bytes)).transpose()
}

fn decoded<R: Record>(bytes: &[u8]) -> Result<R, RestoreError> {
    R::decode(bytes)
        .map_err(|error: StoreError| RestoreError::Damaged { record: 0, what: error.to_string() })
}
