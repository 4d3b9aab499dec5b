//! Transport keys: made, brought in by ceremony, listed, destroyed.
//!
//! The HSM knows keys by label only. A key that officers made here bears its institution in front, so
//! that no institution opens files with another's key; one that was brought in at the machine
//! (`warifu hsm key`) has no such prefix and serves all of them. Dates and people are kept in the store.
//!
//! Not responsible for: components (`ceremony`), deciding who may (`crate::approval`).

mod ceremony;
mod kcv;
mod list;

use warifu_core::{
    event::{Action, Event},
    ident::{Institution, Name},
};
use warifu_keys::hsm::{HsmError, KeyInfo, KeyShape};
use warifu_store::{
    Commit, Expect, Space, Step, Unit, Version, Write,
    record::{self, KeyRecord, ProposalState, Record as _},
};

pub(crate) use self::ceremony::CeremonyId;
use crate::{ask::Ask, failure::Failure, service::Service};

/// Longest label that the HSM worker takes.
const LONGEST_LABEL: usize = 64;
/// Tries of writing down what is done already.
const TRIES: usize = 8;

/// What the officers of a proposal are told of a key that was made.
type Told = Result<(ProposalState, String), Failure>;

/// A key that is to be made inside the HSM.
#[derive(Clone, Copy)]
struct Ordered {
    origin: &'static str,
    shape: KeyShape,
}

impl Service {
    /// Makes an AES key inside the HSM.
    pub(crate) async fn make_key(
        &self,
        ask: &Ask,
        label: &Name,
        bits: u16,
        officers: &[Name],
    ) -> Told {
        let name = label_in_hsm(ask.institution(), label)?;
        let made = self.hsm.generate_transport_key(&name, bits).await;
        let ordered = Ordered { origin: "generated", shape: KeyShape::Aes(bits) };
        self.keep_key(ask, label, made, ordered, officers).await
    }

    /// Makes an RSA pair inside the HSM.
    pub(crate) async fn make_pair(
        &self,
        ask: &Ask,
        label: &Name,
        bits: u16,
        officers: &[Name],
    ) -> Told {
        let name = label_in_hsm(ask.institution(), label)?;
        let made = self.hsm.generate_transport_pair(&name, bits).await;
        let ordered = Ordered { origin: "pair", shape: KeyShape::Rsa(bits) };
        self.keep_key(ask, label, made, ordered, officers).await
    }

    async fn keep_key(
        &self,
        ask: &Ask,
        label: &Name,
        made: Result<KeyInfo, HsmError>,
        ordered: Ordered,
        officers: &[Name],
    ) -> Told {
        let kept = self.find_key(ask.institution(), label).await?;
        let info = match (made, &kept) {
            (Ok(info), _) => info,
            (Err(HsmError::Conflict(_)), Some((record, _))) if record.destroyed_ms.is_none() => {
                return Ok((ProposalState::Failed, format!("there is a key {label} already")));
            }
            // It was made before an interruption, and not written down.
            (Err(HsmError::Conflict(_)), _) => {
                let info = self.info_of(ask.institution(), label).await?;
                // What was brought in under this name, somebody outside may know.
                if !info.local || info.shape != ordered.shape {
                    let text = format!("another key {label} is in the HSM, which nobody made here");
                    return Ok((ProposalState::Failed, text));
                }
                info
            }
            (Err(error), _) => return Err(of_hsm(error)),
        };
        let record = self.new_key(ask, label, &info, ordered.origin, officers);
        let unit = Unit {
            steps: vec![put_key(&record, kept.map(|(_, version)| version))],
            audit: vec![record::encode_event(&self.key_event(ask, Action::KeyMake, &record))],
        };
        self.commit_key(unit).await?;
        Ok((ProposalState::Done, told(&record)))
    }

    /// Destroys a key. Files under it can not be opened any more.
    pub(crate) async fn destroy_key(&self, ask: &Ask, label: &Name, officers: &[Name]) -> Told {
        let name = label_in_hsm(ask.institution(), label)?;
        let Some((record, _)) = self.find_key(ask.institution(), label).await? else {
            return self.destroy_unlisted_key(ask, label, &name).await;
        };
        if record.destroyed_ms.is_some() {
            return Ok((ProposalState::Done, format!("{label} was destroyed already")));
        }
        self.hsm.destroy_transport_key(&name).await.map_err(of_hsm)?;
        self.keep_destruction(ask, label, officers).await
    }

    /// The key is gone: that is written down whoever writes to its record at the same time.
    async fn keep_destruction(&self, ask: &Ask, label: &Name, officers: &[Name]) -> Told {
        for _ in 0..TRIES {
            let found = self.find_key(ask.institution(), label).await?;
            let (mut record, version) = found.ok_or(Failure::NotFound)?;
            record.destroyed_ms = Some(self.record_ms());
            record.destroyed_by = officers.to_vec();
            let event = self.key_event(ask, Action::KeyDestroy, &record);
            let unit = Unit {
                steps: vec![put_key(&record, Some(version))],
                audit: vec![record::encode_event(&event)],
            };
            if matches!(self.store.commit(unit).await?, Commit::Done { .. }) {
                return Ok((ProposalState::Done, told(&record)));
            }
        }
        // What was approved can be approved again.
        Err(Failure::Crowded)
    }

    /// A key without a record: of an institution, one whose making was cut off; of all, one that was
    /// brought in at the machine.
    async fn destroy_unlisted_key(&self, ask: &Ask, label: &Name, name: &str) -> Told {
        let is_own = self.hsm.destroy_transport_key(name).await.map_err(of_hsm)?;
        let is_gone = is_own
            || *ask.institution() == self.facts.house
                && self.hsm.destroy_transport_key(label.as_str()).await.map_err(of_hsm)?;
        if !is_gone {
            return Err(Failure::NotFound);
        }
        let whence = if is_own { "never written down" } else { "brought in at the machine" };
        let mut event = ask.event(Action::KeyDestroy, None, self.record_ms(), "done");
        event.note = Some(format!("{label}, {whence}"));
        let audit = vec![record::encode_event(&event)];
        self.store.commit(Unit { steps: Vec::new(), audit }).await?;
        Ok((ProposalState::Done, format!("{label} was destroyed")))
    }

    /// Under which label the HSM has the key that officers call `label`.
    pub(crate) async fn transport_label(
        &self,
        institution: &Institution,
        label: &Name,
    ) -> Result<Option<String>, Failure> {
        Ok(match self.find_key(institution, label).await? {
            Some((record, _)) if record.destroyed_ms.is_some() => None,
            Some(_) => Some(label_in_hsm(institution, label)?),
            None => Some(label.to_string()),
        })
    }

    /// Writes down that a file was opened with it. Best effort.
    pub(crate) async fn note_key_used(&self, institution: &Institution, label: &Name) {
        if let Ok(Some((mut record, version))) = self.find_key(institution, label).await {
            record.last_used_ms = Some(self.record_ms());
            let steps = vec![put_key(&record, Some(version))];
            if let Err(error) = self.store.commit(Unit { steps, audit: Vec::new() }).await {
                tracing::warn!(%label, %error, "the use of a transport key could not be noted");
            }
        }
    }

    async fn find_key(
        &self,
        institution: &Institution,
        label: &Name,
    ) -> Result<Option<(KeyRecord, Version)>, Failure> {
        let key = record::managed_key_key(institution, label);
        let Some(found) = self.store.load(Space::Key, &key).await? else { return Ok(None) };
        Ok(Some((KeyRecord::decode(&found.bytes)?, found.version)))
    }

    async fn info_of(&self, institution: &Institution, label: &Name) -> Result<KeyInfo, Failure> {
        let name = label_in_hsm(institution, label)?;
        let keys = self.hsm.list_transport_keys().await.map_err(of_hsm)?;
        keys.into_iter().find(|key| key.label == name).ok_or(Failure::NotFound)
    }

    fn new_key(
        &self,
        ask: &Ask,
        label: &Name,
        info: &KeyInfo,
        origin: &str,
        officers: &[Name],
    ) -> KeyRecord {
        let mut people = officers.to_vec();
        people.dedup();
        KeyRecord {
            institution: ask.institution().clone(),
            label: label.clone(),
            shape: info.shape.to_string(),
            key_use: "opens seed files".to_owned(),
            origin: origin.to_owned(),
            kcv: hex::decode(&info.kcv).unwrap_or_default(),
            officers: people,
            created_ms: self.record_ms(),
            last_used_ms: None,
            destroyed_ms: None,
            destroyed_by: Vec::new(),
        }
    }

    fn key_event(&self, ask: &Ask, action: Action, record: &KeyRecord) -> Event {
        let mut event = ask.event(action, None, self.record_ms(), "done");
        event.note = Some(told(record));
        event
    }

    async fn commit_key(&self, unit: Unit) -> Result<(), Failure> {
        match self.store.commit(unit).await? {
            Commit::Done { .. } => Ok(()),
            Commit::Conflict { .. } => {
                Err(Failure::Conflict("the key was changed by somebody else meanwhile"))
            }
        }
    }
}

/// The institution in front; no name contains the slash.
fn label_in_hsm(institution: &Institution, label: &Name) -> Result<String, Failure> {
    let name = format!("{institution}/{label}");
    let rule = "shorter: institution and label together have at most 63 characters";
    if name.len() > LONGEST_LABEL { Err(Failure::Field { field: "label", rule }) } else { Ok(name) }
}

fn put_key(record: &KeyRecord, version: Option<Version>) -> Step {
    Step {
        space: Space::Key,
        key: record::managed_key_key(&record.institution, &record.label),
        expect: version.map_or(Expect::Absent, Expect::At),
        write: Write::Put(record.encode()),
    }
}

/// A key in one line, for the audit chain and for proposals.
fn told(record: &KeyRecord) -> String {
    let KeyRecord { label, shape, origin, .. } = record;
    format!("{label} {shape} {origin} kcv {}", hex::encode(&record.kcv))
}

/// What the HSM says about keys is for the officer; only outages are not.
pub(crate) fn of_hsm(error: HsmError) -> Failure {
    match error {
        HsmError::Conflict(rule) | HsmError::Unsupported(rule) => {
            Failure::Detail { field: "key", rule }
        }
        HsmError::NoSuchKey => Failure::NotFound,
        error => Failure::Hsm(error),
    }
}
