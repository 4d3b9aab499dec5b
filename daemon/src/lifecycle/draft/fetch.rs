//! Loads records into a draft.
//!
//! Not responsible for: what is done with them.

use warifu_core::{
    challenge::ChallengeId,
    ident::{ContractId, Institution, Serial, UserId},
};
use warifu_store::{
    Space, Versioned,
    record::{self, ChallengeRecord, ContractRecord, Record as _, UserRecord},
};

use super::{Cell, Draft};
use crate::{ask::Ask, failure::Failure, service::Service};

impl Service {
    pub(in crate::lifecycle) async fn load_contract(
        &self,
        institution: &Institution,
        contract: &ContractId,
    ) -> Result<Option<Cell<ContractRecord>>, Failure> {
        let key = record::contract_key(institution, contract);
        let found = self.store.load(Space::Contract, &key).await?;
        let cell =
            |found: Versioned| Ok(Cell::read(ContractRecord::decode(&found.bytes)?, found.version));
        found.map(cell).transpose()
    }

    /// Loads a user into the draft; `false` where there is none.
    pub(in crate::lifecycle) async fn fetch_user(
        &self,
        draft: &mut Draft,
        id: &UserId,
    ) -> Result<bool, Failure> {
        if draft.users.contains_key(id) {
            return Ok(true);
        }
        let key = record::user_key(&draft.institution, &draft.contract_id, id);
        let Some(found) = self.store.load(Space::User, &key).await? else { return Ok(false) };
        let cell = Cell::read(UserRecord::decode(&found.bytes)?, found.version);
        draft.users.insert(id.clone(), cell);
        Ok(true)
    }

    /// Loads a token into the draft; `false` where there is none. Its life comes in the contract's
    /// present generation.
    pub(in crate::lifecycle) async fn fetch_token(
        &self,
        draft: &mut Draft,
        serial: &Serial,
    ) -> Result<bool, Failure> {
        if draft.tokens.contains_key(serial) {
            return Ok(true);
        }
        let Some(loaded) = self.load_bare_token(&draft.token_id(serial)).await? else {
            return Ok(false);
        };
        let mut record = loaded.record;
        if record.life.contract() == Some(&draft.contract_id) {
            let generation = draft.contract.get().contract.generation();
            record.life = std::mem::take(&mut record.life).in_generation(generation);
        }
        draft.tokens.insert(serial.clone(), Cell::read(record, loaded.version));
        Ok(true)
    }

    /// Loads the token that a user holds, if they hold one.
    pub(in crate::lifecycle) async fn fetch_held(
        &self,
        draft: &mut Draft,
        user: &UserId,
    ) -> Result<(), Failure> {
        if let Some(serial) = draft.serial_of(user).cloned() {
            self.fetch_token(draft, &serial).await?;
        }
        Ok(())
    }

    /// Loads the camera token that a user's record names, if it names one.
    pub(in crate::lifecycle) async fn fetch_signer(
        &self,
        draft: &mut Draft,
        user: &UserId,
    ) -> Result<(), Failure> {
        if let Some(serial) = draft.signer_of(user).cloned() {
            self.fetch_token(draft, &serial).await?;
        }
        Ok(())
    }

    /// Loads a challenge into the draft; `false` where there is none.
    pub(in crate::lifecycle) async fn fetch_challenge(
        &self,
        draft: &mut Draft,
        serial: &Serial,
        id: &ChallengeId,
    ) -> Result<bool, Failure> {
        if draft.challenge(serial, id).is_some() {
            return Ok(true);
        }
        let key = record::challenge_key(&draft.token_id(serial), id);
        let Some(found) = self.store.load(Space::Challenge, &key).await? else { return Ok(false) };
        let cell = Cell::read(ChallengeRecord::decode(&found.bytes)?, found.version);
        draft.challenges.insert((serial.clone(), *id), cell);
        Ok(true)
    }

    /// Takes the turns of tokens whose codes are going to be evaluated, before they are loaded. In
    /// one order for everybody, so that no two requests wait for each other.
    pub(in crate::lifecycle) async fn take_turns(
        &self,
        ask: &Ask,
        draft: &mut Draft,
        mut serials: Vec<Serial>,
    ) -> Result<(), Failure> {
        serials.sort();
        serials.dedup();
        for serial in serials {
            let turn = self.turns.take(&draft.token_id(&serial), ask.deadline).await?;
            draft.turns.push(turn);
        }
        // Whoever had to wait decides at the end of the wait.
        draft.moment = self.moment()?;
        Ok(())
    }
}
