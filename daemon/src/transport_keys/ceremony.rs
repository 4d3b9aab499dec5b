//! Key ceremonies: a transport key from components that different officers type, each for
//! themselves.
//!
//! What was entered lies in the store as a sum that only the HSM can read, under a key that is
//! destroyed with the ceremony. Whoever typed one component learns nothing of the others. Each
//! component's check value is shown, and compared with the printed one; so is that of the whole.
//!
//! Not responsible for: making the key at the end (`finish`), the arithmetic (the HSM worker).

mod finish;

use ring::rand::{SecureRandom as _, SystemRandom};
use warifu_api::key::{
    Ceremony, CeremonyList, CeremonyRequest, CeremonyState as State, ComponentEntry,
    ComponentRequest, KcvMethod, KeyShape,
};
use warifu_core::{
    event::{Action, Event},
    ident::{Institution, Name},
};
use warifu_keys::hsm::{Component, ComponentOrder, HsmError, SecretBytes, TransportShape};
use warifu_store::{
    Commit, Expect, Space, Step, Unit, Version, Write,
    record::{self, CeremonyEntry, CeremonyRecord, CeremonyState, Record as _},
};
use zeroize::Zeroizing;

use super::{kcv, label_in_hsm, of_hsm};
use crate::{
    ask::{Ask, Kept},
    failure::Failure,
    service::{Moment, Service},
    wire,
};

/// Names a ceremony.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct CeremonyId([u8; 16]);

impl CeremonyId {
    /// Reads the hexadecimal form.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        hex::decode(text).ok()?.try_into().ok().map(Self)
    }
}

/// A ceremony as read.
struct Found {
    record: CeremonyRecord,
    version: Version,
}

impl Service {
    /// Opens a ceremony.
    pub(crate) async fn open_ceremony(
        &self,
        ask: &Ask,
        request: CeremonyRequest,
    ) -> Result<Kept<Ceremony>, Failure> {
        if let Some(answer) = self.recall(ask).await? {
            return Ok(Kept::Replayed(answer));
        }
        let moment = self.moment()?;
        let record = self.new_ceremony(ask, &request, moment)?;
        if let Some((key, _)) = self.find_key(ask.institution(), &record.label).await?
            && key.destroyed_ms.is_none()
        {
            return Err(Failure::Conflict("there is a key of this name already"));
        }
        self.has_room(ask.institution(), &record.label, moment.ms).await?;
        self.hsm.open_ceremony(record.id).await.map_err(of_hsm)?;
        let event = ceremony_event(ask, &record, moment.ms, "opened");
        let kept =
            self.settle_ceremony(ask, &record, Expect::Absent, Vec::new(), event, moment).await;
        if !matches!(kept, Ok(Kept::Fresh(_))) {
            // Nobody was told of this one.
            self.close_ceremony(&record).await;
        }
        kept
    }

    fn new_ceremony(
        &self,
        ask: &Ask,
        request: &CeremonyRequest,
        moment: Moment,
    ) -> Result<CeremonyRecord, Failure> {
        let label = crate::approval::label(&request.label)?;
        label_in_hsm(ask.institution(), &label)?;
        if !(2..=5).contains(&request.components) {
            return Err(Failure::Field { field: "components", rule: "2 to 5" });
        }
        shape(request.shape)?;
        let method = request.kcv_method.unwrap_or(KcvMethod::Ecb);
        let expected = request.kcv.as_deref().map(|text| kcv::parse(text, method)).transpose()?;
        let mut id = [0; 16];
        SystemRandom::new().fill(&mut id).map_err(|_| Failure::Randomness)?;
        let rules = self.approval(ask.institution())?;
        Ok(CeremonyRecord {
            id,
            institution: ask.institution().clone(),
            label,
            shape: request.shape.word().to_owned(),
            components: request.components,
            method: method.word().to_owned(),
            expected,
            key_use: "opens seed files".to_owned(),
            opener: ask.caller.name.clone(),
            entries: Vec::new(),
            partial: None,
            sum_kcv: None,
            state: CeremonyState::Open,
            created_ms: moment.ms,
            expires_ms: rules.expires_ms(moment.ms),
        })
    }

    /// Takes a component in. With the last one the key is made, if the check value of the whole was
    /// told at the beginning and is right.
    pub(crate) async fn enter_component(
        &self,
        ask: &Ask,
        id: CeremonyId,
        request: ComponentRequest,
    ) -> Result<Kept<Ceremony>, Failure> {
        if let Some(answer) = self.recall(ask).await? {
            return Ok(Kept::Replayed(answer));
        }
        let Found { mut record, version } = self.find_ceremony(ask.institution(), id).await?;
        let moment = self.moment()?;
        open_still(&record, moment.ms)?;
        if is_complete(&record) {
            return Err(Failure::Conflict("all components are there"));
        }
        self.is_not_in_it_yet(ask, &record)?;
        let (shape, method) = (shape_of(&record)?, method_of(&record)?);
        let printed = request.kcv.as_deref().map(|text| kcv::parse(text, method)).transpose()?;
        let component = component(&request, shape)?;
        let order = ComponentOrder {
            ceremony: record.id,
            shape,
            method: kcv::method(method),
            partial: record.partial.clone(),
            component,
        };
        let added = self.hsm.add_component(order).await.map_err(of_component)?;
        as_printed(printed.as_deref(), &added.kcv)?;
        take_in(&mut record, ask, added, moment.ms);
        self.after_component(ask, record, version, moment).await
    }

    /// Each component comes from another person.
    fn is_not_in_it_yet(&self, ask: &Ask, record: &CeremonyRecord) -> Result<(), Failure> {
        let rule = self.approval(ask.institution())?.keys;
        record.entries.iter().try_for_each(|entry| self.another_person(ask, &entry.officer, rule))
    }

    async fn after_component(
        &self,
        ask: &Ask,
        mut record: CeremonyRecord,
        version: Version,
        moment: Moment,
    ) -> Result<Kept<Ceremony>, Failure> {
        let event = ceremony_event(ask, &record, moment.ms, "component");
        let whole = is_complete(&record).then_some(record.expected.as_ref()).flatten();
        let Some(expected) = whole else {
            return self
                .settle_ceremony(ask, &record, Expect::At(version), Vec::new(), event, moment)
                .await;
        };
        if record.sum_kcv.as_ref() != Some(expected) {
            record.state = CeremonyState::Aborted;
            record.partial = None;
            self.close_ceremony(&record).await;
            let event = ceremony_event(ask, &record, moment.ms, "wrong_check_value");
            return self
                .settle_ceremony(ask, &record, Expect::At(version), Vec::new(), event, moment)
                .await;
        }
        // The component is durable before the key exists: an interruption leaves a ceremony that only
        // has to be confirmed.
        let steps = vec![put(&record, Expect::At(version))];
        let unit = Unit { steps, audit: vec![record::encode_event(&event)] };
        if matches!(self.store.commit(unit).await?, Commit::Conflict { .. }) {
            return Err(MEANWHILE);
        }
        let found = self.find_ceremony(ask.institution(), CeremonyId(record.id)).await?;
        self.finish_ceremony(ask, found, moment).await
    }

    /// Gives a ceremony up.
    pub(crate) async fn abort_ceremony(
        &self,
        ask: &Ask,
        id: CeremonyId,
    ) -> Result<Kept<Ceremony>, Failure> {
        if let Some(answer) = self.recall(ask).await? {
            return Ok(Kept::Replayed(answer));
        }
        let Found { mut record, version } = self.find_ceremony(ask.institution(), id).await?;
        let moment = self.moment()?;
        if record.state != CeremonyState::Open {
            return Err(Failure::Conflict("the ceremony has ended"));
        }
        self.close_ceremony(&record).await;
        record.state = CeremonyState::Aborted;
        record.partial = None;
        let event = ceremony_event(ask, &record, moment.ms, "aborted");
        self.settle_ceremony(ask, &record, Expect::At(version), Vec::new(), event, moment).await
    }

    /// Shows a ceremony.
    pub(crate) async fn show_ceremony(
        &self,
        institution: &Institution,
        id: CeremonyId,
    ) -> Result<Ceremony, Failure> {
        view(&self.find_ceremony(institution, id).await?.record, self.clock_ms())
    }

    /// All of them; there are few.
    pub(crate) async fn list_ceremonies(
        &self,
        institution: &Institution,
    ) -> Result<CeremonyList, Failure> {
        let mut all = self.ceremonies(institution).await?;
        all.sort_by_key(|record| record.created_ms);
        let now = self.clock_ms();
        let items = all.iter().map(|record| view(record, now)).collect::<Result<_, _>>()?;
        Ok(CeremonyList { items })
    }

    async fn ceremonies(&self, institution: &Institution) -> Result<Vec<CeremonyRecord>, Failure> {
        let prefix = record::ceremony_prefix(institution);
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let page = self.store.scan(Space::Ceremony, &prefix, after.as_deref(), PAGE).await?;
            for (key, found) in page.items {
                all.push(CeremonyRecord::decode(&found.bytes)?);
                after = Some(key);
            }
            if page.next.is_none() {
                return Ok(all);
            }
        }
    }

    /// One ceremony per key, and few at a time: each takes an object of the HSM.
    async fn has_room(
        &self,
        institution: &Institution,
        label: &Name,
        now_ms: u64,
    ) -> Result<(), Failure> {
        let mut open = self.ceremonies(institution).await?;
        open.retain(|one| open_still(one, now_ms).is_ok());
        if open.iter().any(|one| one.label == *label) {
            return Err(Failure::Conflict("a ceremony for a key of this name is open"));
        }
        if open.len() >= MOST_OPEN {
            return Err(Failure::Conflict("too many ceremonies are open; end some"));
        }
        Ok(())
    }

    /// The key under which the sum lies goes at once; what is kept of the sum is then of no use.
    async fn close_ceremony(&self, record: &CeremonyRecord) {
        if let Err(error) = self.hsm.close_ceremony(record.id).await {
            let id = hex::encode(record.id);
            tracing::warn!(ceremony = id, %error, "a ceremony's key was left in the HSM");
        }
    }

    /// Ends ceremonies that nobody ended in time. Runs now and then.
    pub(crate) async fn end_old_ceremonies(&self) -> Result<(), Failure> {
        let now = self.clock_ms();
        let mut after = None;
        loop {
            let page = self.store.scan(Space::Ceremony, &[], after.as_deref(), PAGE).await?;
            for (key, found) in page.items {
                let mut record = CeremonyRecord::decode(&found.bytes)?;
                if record.state == CeremonyState::Open && record.expires_ms <= now {
                    self.hsm.close_ceremony(record.id).await.map_err(of_hsm)?;
                    record.state = CeremonyState::Aborted;
                    record.partial = None;
                    let steps = vec![put(&record, Expect::At(found.version))];
                    let audit = vec![record::encode_event(&self.expired_event(&record))];
                    self.store.commit(Unit { steps, audit }).await?;
                }
                after = Some(key);
            }
            if page.next.is_none() {
                return Ok(());
            }
        }
    }

    fn expired_event(&self, record: &CeremonyRecord) -> Event {
        let mut event = self.own_event(Action::Ceremony, "expired", record.entries.len() as u64);
        event.institution = Some(record.institution.clone());
        event.note = Some(format!("{} {}", hex::encode(record.id), record.label));
        event
    }

    async fn find_ceremony(
        &self,
        institution: &Institution,
        id: CeremonyId,
    ) -> Result<Found, Failure> {
        let key = record::ceremony_key(institution, &id.0);
        let found = self.store.load(Space::Ceremony, &key).await?.ok_or(Failure::NotFound)?;
        Ok(Found { record: CeremonyRecord::decode(&found.bytes)?, version: found.version })
    }

    async fn settle_ceremony(
        &self,
        ask: &Ask,
        record: &CeremonyRecord,
        expect: Expect,
        extra: Vec<Step>,
        event: Event,
        moment: Moment,
    ) -> Result<Kept<Ceremony>, Failure> {
        let answer = view(record, moment.ms)?;
        let mut unit = Self::unit_without_token(ask, &answer, &event, moment)?;
        unit.steps.push(put(record, expect));
        unit.steps.extend(extra);
        match self.store.commit(unit).await? {
            Commit::Done { .. } => Ok(Kept::Fresh(answer)),
            Commit::Conflict { .. } => match self.recall(ask).await? {
                Some(answer) => Ok(Kept::Replayed(answer)),
                None => Err(MEANWHILE),
            },
        }
    }
}

fn take_in(record: &mut CeremonyRecord, ask: &Ask, added: Component, at_ms: u64) {
    record.entries.push(CeremonyEntry { officer: ask.caller.name.clone(), kcv: added.kcv, at_ms });
    record.partial = Some(added.partial);
    record.sum_kcv = is_complete(record).then_some(added.sum_kcv);
}

/// Whether all components are there.
fn is_complete(record: &CeremonyRecord) -> bool {
    record.entries.len() >= usize::from(record.components)
}

fn open_still(record: &CeremonyRecord, now_ms: u64) -> Result<(), Failure> {
    match record.state {
        CeremonyState::Open if record.expires_ms > now_ms => Ok(()),
        CeremonyState::Open => Err(Failure::Conflict("the ceremony has expired; open another")),
        _ => Err(Failure::Conflict("the ceremony has ended")),
    }
}

/// A mistyped component is told before anything of it is kept.
fn as_printed(printed: Option<&[u8]>, computed: &[u8]) -> Result<(), Failure> {
    let rule =
        "the component was mistyped, or the check value belongs to another one; nothing was kept";
    match printed {
        Some(printed) if printed != computed => Err(Failure::Field { field: "kcv", rule }),
        _ => Ok(()),
    }
}

fn component(request: &ComponentRequest, shape: TransportShape) -> Result<SecretBytes, Failure> {
    let typed = request.component.expose();
    let digits: Zeroizing<String> =
        Zeroizing::new(typed.chars().filter(|c| !c.is_ascii_whitespace()).collect());
    let bytes = SecretBytes::new(hex::decode(digits.as_bytes()).unwrap_or_default());
    let rule = "hexadecimal, as long as the key";
    if Some(bytes.expose().len()) == shape.length() {
        Ok(bytes)
    } else {
        Err(Failure::Field { field: "component", rule })
    }
}

/// What is wrong with a component is told to whoever typed it.
fn of_component(error: HsmError) -> Failure {
    match error {
        HsmError::Conflict(rule) => Failure::Detail { field: "component", rule },
        HsmError::NoSuchKey => NOT_OPEN,
        error => of_hsm(error),
    }
}

fn shape(shape: KeyShape) -> Result<TransportShape, Failure> {
    Ok(match shape {
        KeyShape::Aes128 => TransportShape::Aes { bits: 128 },
        KeyShape::Aes192 => TransportShape::Aes { bits: 192 },
        KeyShape::Aes256 => TransportShape::Aes { bits: 256 },
        KeyShape::TripleDes2 => TransportShape::TripleDes { bytes: 16 },
        KeyShape::TripleDes3 => TransportShape::TripleDes { bytes: 24 },
        KeyShape::Rsa2048 | KeyShape::Rsa3072 | KeyShape::Rsa4096 => {
            let rule = "AES or triple DES: a pair is made inside the HSM, not put together";
            return Err(Failure::Field { field: "shape", rule });
        }
    })
}

fn shape_of(record: &CeremonyRecord) -> Result<TransportShape, Failure> {
    shape(KeyShape::from_word(&record.shape).ok_or(Failure::Bug)?)
}

fn method_of(record: &CeremonyRecord) -> Result<KcvMethod, Failure> {
    KcvMethod::from_word(&record.method).ok_or(Failure::Bug)
}

fn ceremony_event(ask: &Ask, record: &CeremonyRecord, at_ms: u64, outcome: &'static str) -> Event {
    let mut event = ask.event(Action::Ceremony, None, at_ms, outcome);
    event.number = u64::try_from(record.entries.len()).ok();
    let last = record.entries.last().filter(|_| outcome == "component");
    let kcv = last.map(|entry| format!(" kcv {}", hex::encode(&entry.kcv))).unwrap_or_default();
    event.note = Some(format!("{} {}{kcv}", hex::encode(record.id), record.label));
    event
}

fn put(record: &CeremonyRecord, expect: Expect) -> Step {
    Step {
        space: Space::Ceremony,
        key: record::ceremony_key(&record.institution, &record.id),
        expect,
        write: Write::Put(record.encode()),
    }
}

fn view(record: &CeremonyRecord, now_ms: u64) -> Result<Ceremony, Failure> {
    let entry = |entry: &CeremonyEntry| ComponentEntry {
        officer: entry.officer.to_string(),
        kcv: hex::encode(&entry.kcv),
        at: wire::timestamp_ms(entry.at_ms),
    };
    Ok(Ceremony {
        id: hex::encode(record.id),
        label: record.label.to_string(),
        shape: KeyShape::from_word(&record.shape).ok_or(Failure::Bug)?,
        components: record.components,
        kcv_method: method_of(record)?,
        state: match record.state {
            CeremonyState::Done => State::Done,
            CeremonyState::Aborted => State::Aborted,
            CeremonyState::Open if record.expires_ms <= now_ms => State::Aborted,
            CeremonyState::Open if is_complete(record) => State::Confirming,
            CeremonyState::Open => State::Open,
        },
        opened_by: record.opener.to_string(),
        entries: record.entries.iter().map(entry).collect(),
        kcv: record.sum_kcv.as_ref().map(hex::encode),
        created_at: wire::timestamp_ms(record.created_ms),
        expires_at: wire::timestamp_ms(record.expires_ms),
    })
}

const PAGE: usize = 100;
/// Open ceremonies of an institution.
const MOST_OPEN: usize = 16;
const NOT_OPEN: Failure = Failure::Conflict("the ceremony is not open in the HSM; open another");
const MEANWHILE: Failure =
    Failure::Conflict("another officer entered something meanwhile; look at the ceremony again");
