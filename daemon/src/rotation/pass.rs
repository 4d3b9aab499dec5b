//! One page of either pass over all tokens.
//!
//! A token is changed by compare-and-set, so that a code accepted meanwhile is never lost; where it
//! was first, the token is read again. Not responsible for: what begins or ends a rotation.

use futures_util::future::join_all;
use warifu_core::custody::SealedSeed;
use warifu_keys::{
    custody::{self, KeyRole},
    hsm::{HsmError, RewrapOrder},
};
use warifu_store::{
    Commit, Expect, Space, Step, Unit, Version, Write,
    record::{Record as _, RotationState, TokenRecord},
};

use super::Found;
use crate::{failure::Failure, service::Service};

/// A token on its way.
struct Item {
    key: Vec<u8>,
    version: Version,
    token: TokenRecord,
}

/// How a token came out.
enum End {
    /// All of its seals are under the new key.
    Rewrapped(u64),
    /// Somebody changed it meanwhile.
    Again(Vec<u8>),
    /// It can not be wrapped anew.
    Failed,
    /// The old key lets nothing out.
    Pinned(String),
}

impl Service {
    /// Wraps one page of tokens anew.
    pub(super) async fn rewrap_page(&self, mut found: Found) -> Result<(), Failure> {
        let after = found.record.phase_cursor.clone();
        let page = self.store.scan(Space::Token, &[], after.as_deref(), PAGE).await?;
        let is_last = page.next.is_none();
        let seen = page.items.len() as u64;
        if let Some((key, _)) = page.items.last() {
            found.record.phase_cursor = Some(key.clone());
        }
        let mut items = Vec::new();
        for (key, value) in page.items {
            let token = TokenRecord::decode(&value.bytes)?;
            items.push(Item { key, version: value.version, token });
        }
        for _ in 0..TRIES {
            items.retain(|item| !is_under(&item.token, found.record.to));
            if items.is_empty() {
                break;
            }
            let mut again = Vec::new();
            for end in self.rewrap_items(std::mem::take(&mut items), found.record.to).await? {
                match end {
                    End::Rewrapped(seals) => found.record.rewrapped += seals,
                    End::Again(key) => again.push(key),
                    End::Failed => found.record.failed += 1,
                    End::Pinned(why) => {
                        found.record.state = RotationState::Stopped;
                        found.record.note = Some(why);
                        return self.keep_rotation(found, Some("stopped")).await;
                    }
                }
            }
            items = self.read_again(again).await?;
        }
        found.record.done += seen;
        if is_last {
            found.record.state = RotationState::Checking;
            found.record.phase_cursor = None;
            (found.record.checked, found.record.remaining) = (0, 0);
        }
        self.keep_rotation(found, None).await
    }

    /// All seals of all items in one batch, then all items into the store at once.
    async fn rewrap_items(&self, items: Vec<Item>, to: u32) -> Result<Vec<End>, Failure> {
        let mut orders = Vec::new();
        let mut counts = Vec::with_capacity(items.len());
        for item in &items {
            let mine = orders_of(&item.token, to);
            counts.push(mine.len());
            orders.extend(mine);
        }
        let mut results = self.hsm.rewrap(orders).await.into_iter();
        let mut commits = Vec::with_capacity(items.len());
        for (item, count) in items.into_iter().zip(counts) {
            let seals: Result<Vec<SealedSeed>, HsmError> = results.by_ref().take(count).collect();
            commits.push(self.keep_item(item, seals));
        }
        join_all(commits).await.into_iter().collect()
    }

    async fn keep_item(
        &self,
        item: Item,
        seals: Result<Vec<SealedSeed>, HsmError>,
    ) -> Result<End, Failure> {
        let Item { key, version, mut token } = item;
        let seals = match seals {
            Ok(seals) => seals,
            Err(HsmError::Unsupported(why)) => return Ok(End::Pinned(why)),
            Err(error @ (HsmError::Unavailable | HsmError::Timeout)) => return Err(error.into()),
            Err(error) => {
                tracing::error!(token = %token.id(), %error, "a seed could not be wrapped anew");
                return Ok(End::Failed);
            }
        };
        let count = seals.len() as u64;
        replace(&mut token, seals);
        let step = Step {
            space: Space::Token,
            key: key.clone(),
            expect: Expect::At(version),
            write: Write::Put(token.encode()),
        };
        let unit = Unit { steps: vec![step], audit: Vec::new() };
        Ok(match self.store.commit(unit).await? {
            Commit::Done { .. } => End::Rewrapped(count),
            Commit::Conflict { .. } => End::Again(key),
        })
    }

    async fn read_again(&self, keys: Vec<Vec<u8>>) -> Result<Vec<Item>, Failure> {
        let mut items = Vec::new();
        for key in keys {
            // Removed meanwhile: an import was given up.
            let Some(found) = self.store.load(Space::Token, &key).await? else { continue };
            let token = TokenRecord::decode(&found.bytes)?;
            items.push(Item { key, version: found.version, token });
        }
        Ok(items)
    }

    /// Looks at one page again.
    pub(super) async fn check_page(&self, mut found: Found) -> Result<(), Failure> {
        let after = found.record.phase_cursor.clone();
        let page = self.store.scan(Space::Token, &[], after.as_deref(), PAGE).await?;
        for (_, value) in &page.items {
            let token = TokenRecord::decode(&value.bytes)?;
            found.record.checked += 1;
            found.record.remaining += u64::from(!is_under(&token, found.record.to));
        }
        if let Some((key, _)) = page.items.last() {
            found.record.phase_cursor = Some(key.clone());
        }
        if page.next.is_some() {
            return self.keep_rotation(found, None).await;
        }
        let outcome = end_of_check(&mut found, self.record_ms());
        self.keep_rotation(found, outcome).await
    }
}

/// Done where nothing is left; stopped where what is left can not be wrapped; else once more.
fn end_of_check(found: &mut Found, now_ms: u64) -> Option<&'static str> {
    let record = &mut found.record;
    record.phase_cursor = None;
    if record.remaining == 0 {
        record.state = RotationState::Done;
        record.finished_ms = Some(now_ms);
        return Some("done");
    }
    if record.remaining <= record.failed {
        record.state = RotationState::Stopped;
        record.note = Some("some seeds could not be wrapped anew; the log names them".to_owned());
        return Some("stopped");
    }
    record.state = RotationState::Rewrapping;
    (record.done, record.failed) = (0, 0);
    None
}

/// Whether every seal of the token is under this key, or in the HSM as an object.
pub(super) fn is_under(token: &TokenRecord, to: u32) -> bool {
    seals(token).iter().all(|(_, _, seal)| generation(seal).is_none_or(|kek| kek >= to))
}

fn generation(seal: &SealedSeed) -> Option<u32> {
    match seal {
        SealedSeed::Wrapped { kek, .. } => Some(*kek),
        SealedSeed::Resident { .. } => None,
    }
}

type Named<'a> = (Vec<u8>, warifu_keys::hsm::KeyKind, &'a SealedSeed);

/// The token's seals with what binds each, the one that makes codes last.
fn seals(token: &TokenRecord) -> Vec<Named<'_>> {
    let id = token.id();
    let Some(keys) = &token.camera_keys else {
        let kind = custody::hmac(token.token.profile.hash);
        return vec![(custody::record_name(&id), kind, &token.seal)];
    };
    let seals = [&keys.encryption, &keys.device_code, &token.seal];
    let named =
        |(role, seal): (KeyRole, _)| (custody::key_record_name(&id, role), role.kind(), seal);
    KeyRole::ALL.into_iter().zip(seals).map(named).collect()
}

fn orders_of(token: &TokenRecord, to: u32) -> Vec<RewrapOrder> {
    let old = |(_, _, seal): &Named<'_>| generation(seal).is_some_and(|kek| kek < to);
    let order =
        |(record, kind, seal): Named<'_>| RewrapOrder { record, kind, seal: seal.clone(), to };
    seals(token).into_iter().filter(old).map(order).collect()
}

/// Puts new seals where the old ones were, in the order of [`orders_of`].
fn replace(token: &mut TokenRecord, new: Vec<SealedSeed>) {
    let Some(to) = new.iter().filter_map(generation).max() else { return };
    let mut new = new.into_iter();
    let keys = token.camera_keys.as_mut();
    let first = keys.map(|keys| [&mut keys.encryption, &mut keys.device_code]);
    for seal in first.into_iter().flatten().chain([&mut token.seal]) {
        if generation(seal).is_some_and(|kek| kek < to)
            && let Some(next) = new.next()
        {
            *seal = next;
        }
    }
}

/// Tokens per page: one batch of the HSM, one group of commits.
const PAGE: usize = 256;
/// How often a page is tried again for tokens that were changed meanwhile; the second pass finds
/// what is left.
const TRIES: usize = 4;
