//! What one operation has read and changed, until it is committed as a whole.
//!
//! A record that was read and not changed becomes a condition of the unit, so that a decision never
//! outlives what it was based on; a conflict sends the operation back to its beginning.
//!
//! Not responsible for: decisions.

mod fetch;

use std::{collections::BTreeMap, sync::Arc};

use serde::{Serialize, de::DeserializeOwned};
use warifu_core::{
    challenge::ChallengeId,
    event::Event,
    ident::{ContractId, Institution, Serial, TokenId, UserId},
    lifecycle::{Held, signing},
    rules::Rules,
    time::UnixTime,
};
use warifu_store::{
    Commit, Expect, Space, Step, StoreError, Unit, Version, Write,
    record::{self, ChallengeRecord, ContractRecord, HintRecord, Record, TokenRecord, UserRecord},
};

use crate::{
    ask::{Ask, Kept},
    failure::Failure,
    service::{Moment, Service},
    turn::Turn,
};

/// A record as read, and what became of it.
#[derive(Debug)]
pub(super) struct Cell<R> {
    record: R,
    /// `None`: there is no such record yet.
    version: Option<Version>,
    changed: bool,
}

/// See the module.
pub(super) struct Draft {
    pub(super) institution: Institution,
    pub(super) contract_id: ContractId,
    pub(super) rules: Arc<Rules>,
    pub(super) moment: Moment,
    pub(super) contract: Cell<ContractRecord>,
    users: BTreeMap<UserId, Cell<UserRecord>>,
    tokens: BTreeMap<Serial, Cell<TokenRecord>>,
    challenges: BTreeMap<(Serial, ChallengeId), Cell<ChallengeRecord>>,
    steps: Vec<Step>,
    events: Vec<Event>,
    /// Outcomes of the codes that were checked, counted once they are durable.
    codes: Vec<&'static str>,
    /// Held until the draft is gone: nobody else evaluates a code of these tokens.
    turns: Vec<Turn>,
}

/// A record that says which request changed it last: that settles an unclear commit.
pub(super) trait Stamped: Record {
    fn stamp(&mut self, request: [u8; 16]);
    fn stamped(&self) -> Option<[u8; 16]>;
}

macro_rules! stamped {
    ($($record:ty),+) => {$(
        impl Stamped for $record {
            fn stamp(&mut self, request: [u8; 16]) {
                self.last_request = Some(request);
            }

            fn stamped(&self) -> Option<[u8; 16]> {
                self.last_request
            }
        }
    )+};
}
stamped!(ChallengeRecord, ContractRecord, TokenRecord, UserRecord);

impl<R: Record> Cell<R> {
    pub(super) const fn new(record: R) -> Self {
        Self { record, version: None, changed: true }
    }

    const fn read(record: R, version: Version) -> Self {
        Self { record, version: Some(version), changed: false }
    }

    pub(super) const fn get(&self) -> &R {
        &self.record
    }

    pub(super) const fn is_changed(&self) -> bool {
        self.changed
    }

    pub(super) const fn is_new(&self) -> bool {
        self.version.is_none()
    }

    /// For work that may change nothing; whoever does change it calls [`Cell::edit`] as well.
    pub(super) const fn loan(&mut self) -> &mut R {
        &mut self.record
    }

    pub(super) const fn edit(&mut self) -> &mut R {
        self.changed = true;
        &mut self.record
    }
}

impl<R: Stamped> Cell<R> {
    fn step(&mut self, space: Space, key: Vec<u8>, request: [u8; 16]) -> Step {
        let write = if self.changed {
            self.record.stamp(request);
            Write::Put(self.record.encode())
        } else {
            Write::Keep
        };
        Step { space, key, expect: self.version.map_or(Expect::Absent, Expect::At), write }
    }
}

impl Draft {
    pub(super) const fn now(&self) -> UnixTime {
        self.moment.now()
    }

    pub(super) fn token_id(&self, serial: &Serial) -> TokenId {
        TokenId { institution: self.institution.clone(), serial: serial.clone() }
    }

    /// A user that was loaded.
    pub(super) fn user(&self, id: &UserId) -> Option<&UserRecord> {
        self.users.get(id).map(Cell::get)
    }

    /// A token that was loaded.
    pub(super) fn token(&self, serial: &Serial) -> Option<&TokenRecord> {
        self.tokens.get(serial).map(Cell::get)
    }

    pub(super) fn user_cell(&mut self, id: &UserId) -> Option<&mut Cell<UserRecord>> {
        self.users.get_mut(id)
    }

    pub(super) fn token_cell(&mut self, serial: &Serial) -> Option<&mut Cell<TokenRecord>> {
        self.tokens.get_mut(serial)
    }

    /// Contract, user and token at once, to change any of them.
    pub(super) fn trio(
        &mut self,
        user: &UserId,
        serial: &Serial,
    ) -> Option<(&mut Cell<ContractRecord>, &mut Cell<UserRecord>, &mut Cell<TokenRecord>)> {
        let user = self.users.get_mut(user)?;
        let token = self.tokens.get_mut(serial)?;
        Some((&mut self.contract, user, token))
    }

    /// A token that was loaded, as the core looks at it.
    pub(super) fn held<'a>(&'a self, serial: &'a Serial) -> Option<Held<'a>> {
        self.token(serial).map(|record| held(record))
    }

    /// The serial that this user's codes come from.
    pub(super) fn serial_of(&self, user: &UserId) -> Option<&Serial> {
        let user = &self.user(user)?.user;
        self.contract.get().contract.holding(user).map(|(serial, _)| serial)
    }

    /// The token that this user holds, if it was loaded. Its own record has the last word about
    /// whose it is: no record of a user reaches into another contract.
    pub(super) fn held_by(&self, user: &UserId) -> Option<Held<'_>> {
        let held = self.serial_of(user).and_then(|serial| self.held(serial))?;
        (held.life.contract() == Some(&self.contract_id)).then_some(held)
    }

    /// The camera token that this user's record names.
    pub(super) fn signer_of(&self, user: &UserId) -> Option<&Serial> {
        self.user(user)?.user.signer().map(|signer| &signer.serial)
    }

    /// The token that this user signs with, if it was loaded and the bond still counts.
    pub(super) fn signs(&self, user: &UserId) -> Option<Held<'_>> {
        let record = &self.user(user)?.user;
        let camera = record.signer().and_then(|signer| self.held(&signer.serial));
        let contract = (&self.contract_id, &self.contract.get().contract);
        signing::signs(contract, record, camera, self.held_by(user))
    }

    /// A challenge that was loaded.
    pub(super) fn challenge(&self, serial: &Serial, id: &ChallengeId) -> Option<&ChallengeRecord> {
        self.challenges.get(&(serial.clone(), *id)).map(Cell::get)
    }

    pub(super) fn challenge_cell(
        &mut self,
        serial: &Serial,
        id: &ChallengeId,
    ) -> Option<&mut Cell<ChallengeRecord>> {
        self.challenges.get_mut(&(serial.clone(), *id))
    }

    /// A new challenge. Its nonce must not have been used for this token before.
    pub(super) fn add_challenge(&mut self, record: ChallengeRecord) {
        self.challenges.insert((record.serial.clone(), record.id), Cell::new(record));
    }

    pub(super) fn add_user(&mut self, record: UserRecord) {
        self.users.insert(record.id.clone(), Cell::new(record));
    }

    /// The user's record goes with the unit, instead of being a condition.
    pub(super) fn drop_user(&mut self, id: &UserId) {
        let Some(cell) = self.users.remove(id) else { return };
        self.steps.push(Step {
            space: Space::User,
            key: record::user_key(&self.institution, &self.contract_id, id),
            expect: cell.version.map_or(Expect::Absent, Expect::At),
            write: Write::Delete,
        });
    }

    pub(super) fn push(&mut self, event: Event) {
        self.events.push(event);
    }

    /// A code was checked, and this came of it.
    pub(super) fn count(&mut self, outcome: &'static str) {
        self.codes.push(outcome);
    }

    pub(super) fn step(&mut self, step: Step) {
        self.steps.push(step);
    }

    /// Remembers, or forgets, that this user takes part in that token. A hint for lists only.
    pub(super) fn hint_holder(&mut self, serial: &Serial, user: &UserId, holds: bool) {
        let id = self.token_id(serial);
        let key = record::holder_key(&id, &self.contract_id, user);
        self.hint(Space::Holder, key, holds);
    }

    /// Remembers, or forgets, that this token belongs to that contract. A hint for lists only.
    pub(super) fn hint_owned(&mut self, contract: &ContractId, serial: &Serial, owned: bool) {
        let key = record::owned_key(&self.institution, contract, serial);
        self.hint(Space::Owned, key, owned);
    }

    /// The last word about a key counts: no unit may name a key twice.
    fn hint(&mut self, space: Space, key: Vec<u8>, present: bool) {
        let write = if present { Write::Put(HintRecord.encode()) } else { Write::Delete };
        self.steps.retain(|step| step.space != space || step.key != key);
        self.steps.push(Step { space, key, expect: Expect::Any, write });
    }

    fn unit<T: Serialize>(&mut self, ask: &Ask, answer: &T) -> Result<Unit, Failure> {
        let request = ask.id.0;
        let mut steps = Vec::with_capacity(self.steps.len() + self.users.len() + 4);
        let key = record::contract_key(&self.institution, &self.contract_id);
        steps.push(self.contract.step(Space::Contract, key, request));
        for (id, cell) in &mut self.users {
            let key = record::user_key(&self.institution, &self.contract_id, id);
            steps.push(cell.step(Space::User, key, request));
        }
        for (serial, cell) in &mut self.tokens {
            let id = TokenId { institution: self.institution.clone(), serial: serial.clone() };
            steps.push(cell.step(Space::Token, record::token_key(&id), request));
        }
        for cell in self.challenges.values_mut() {
            let key = cell.get().key();
            steps.push(cell.step(Space::Challenge, key, request));
        }
        steps.append(&mut self.steps);
        steps.extend(Service::remember(ask, answer, self.moment)?);
        let audit = self.events.iter().map(record::encode_event).collect();
        Ok(Unit { steps, audit })
    }
}

/// A token as the core looks at it. Its life must be in the contract's generation already.
pub(super) fn held(record: &TokenRecord) -> Held<'_> {
    Held { serial: &record.serial, kind: record.kind, life: &record.life, token: &record.token }
}

/// What an operation starts with.
pub(super) enum Begun<T> {
    /// It was carried out already.
    Replayed(T),
    /// The contract is loaded; go on.
    Draft(Box<Draft>),
}

impl Service {
    /// Recalls the answer, or loads the contract.
    pub(super) async fn begin<T: DeserializeOwned>(
        &self,
        ask: &Ask,
        contract: &ContractId,
    ) -> Result<Begun<T>, Failure> {
        if let Some(answer) = self.recall(ask).await? {
            return Ok(Begun::Replayed(answer));
        }
        let loaded = self.load_contract(ask.institution(), contract).await?;
        let cell = loaded.ok_or(Failure::NotFound)?;
        Ok(Begun::Draft(Box::new(self.draft(ask, contract, cell)?)))
    }

    /// The same, with a user of the contract.
    pub(super) async fn begin_for<T: DeserializeOwned>(
        &self,
        ask: &Ask,
        contract: &ContractId,
        user: &UserId,
    ) -> Result<Begun<T>, Failure> {
        let mut begun = self.begin(ask, contract).await?;
        if let Begun::Draft(draft) = &mut begun
            && !self.fetch_user(draft, user).await?
        {
            return Err(Failure::NotFound);
        }
        Ok(begun)
    }

    pub(super) fn draft(
        &self,
        ask: &Ask,
        contract_id: &ContractId,
        contract: Cell<ContractRecord>,
    ) -> Result<Draft, Failure> {
        let moment = self.moment()?;
        self.draft_at(ask, contract_id, contract, moment)
    }

    /// For reading only: lists are shown also while the clock is not trusted.
    pub(super) fn draft_to_read(
        &self,
        ask: &Ask,
        contract_id: &ContractId,
        contract: Cell<ContractRecord>,
    ) -> Result<Draft, Failure> {
        self.draft_at(ask, contract_id, contract, Moment { ms: self.clock_ms() })
    }

    fn draft_at(
        &self,
        ask: &Ask,
        contract_id: &ContractId,
        contract: Cell<ContractRecord>,
        moment: Moment,
    ) -> Result<Draft, Failure> {
        Ok(Draft {
            institution: ask.institution().clone(),
            contract_id: contract_id.clone(),
            rules: self.rules(ask.institution())?,
            moment,
            contract,
            users: BTreeMap::new(),
            tokens: BTreeMap::new(),
            challenges: BTreeMap::new(),
            steps: Vec::new(),
            events: Vec::new(),
            codes: Vec::new(),
            turns: Vec::new(),
        })
    }

    /// Commits the draft with its answer. `None`: somebody else was first, start over.
    pub(super) async fn finish<T: Serialize>(
        &self,
        ask: &Ask,
        mut draft: Draft,
        answer: T,
    ) -> Result<Option<Kept<T>>, Failure> {
        if !draft.tokens.values().any(|cell| cell.changed) {
            draft.turns.clear(); // no token will be written, so nobody has to wait for this answer
        }
        let unit = draft.unit(ask, &answer)?;
        match self.store.commit(unit).await {
            Ok(Commit::Done { .. }) => {}
            Ok(Commit::Conflict { .. }) => return self.again(ask).await,
            Err(StoreError::Indeterminate) if self.was_ours(ask, &draft).await? => {}
            Err(error) => return Err(error.into()),
        }
        for outcome in draft.codes {
            self.count_code(&draft.institution, outcome);
        }
        Ok(Some(Kept::Fresh(answer)))
    }

    /// Starting over ends with the request's time.
    pub(super) async fn again<T>(&self, ask: &Ask) -> Result<Option<Kept<T>>, Failure> {
        tokio::task::yield_now().await;
        if tokio::time::Instant::now() >= ask.deadline {
            return Err(Failure::Crowded);
        }
        Ok(None)
    }

    /// Whether a record that the draft changed carries this request's id now.
    async fn was_ours(&self, ask: &Ask, draft: &Draft) -> Result<bool, Failure> {
        let ours = Some(ask.id.0);
        if draft.contract.changed {
            let now = self.load_contract(&draft.institution, &draft.contract_id).await?;
            return Ok(now.is_some_and(|cell| cell.record.stamped() == ours));
        }
        if let Some((id, _)) = draft.users.iter().find(|(_, cell)| cell.changed) {
            let key = record::user_key(&draft.institution, &draft.contract_id, id);
            let now = self.store.load(Space::User, &key).await?;
            let now = now.map(|found| UserRecord::decode(&found.bytes)).transpose()?;
            return Ok(now.is_some_and(|record| record.stamped() == ours));
        }
        if let Some(cell) = draft.challenges.values().find(|cell| cell.changed) {
            let now = self.store.load(Space::Challenge, &cell.get().key()).await?;
            let now = now.map(|found| ChallengeRecord::decode(&found.bytes)).transpose()?;
            return Ok(now.is_some_and(|record| record.stamped() == ours));
        }
        if let Some((serial, _)) = draft.tokens.iter().find(|(_, cell)| cell.changed) {
            let now = self.load_token(&draft.token_id(serial)).await?;
            return Ok(now.is_some_and(|now| now.record.stamped() == ours));
        }
        Ok(false)
    }
}
