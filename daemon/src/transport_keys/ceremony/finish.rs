//! The end of a key ceremony: the check value of the whole is right, and the key is made.
//!
//! Not responsible for: taking components in.

use warifu_api::key::{Ceremony, ConfirmRequest, KcvMethod};
use warifu_core::{event::Action, ident::Name};
use warifu_keys::hsm::{FinishOrder, HsmError, KeyInfo};
use warifu_store::{
    Expect,
    record::{CeremonyRecord, CeremonyState},
};

use super::{
    super::{kcv, label_in_hsm, of_hsm, put_key},
    CeremonyId, Found, NOT_OPEN, is_complete, method_of, open_still, shape_of,
};
use crate::{
    ask::{Ask, Kept},
    failure::Failure,
    service::{Moment, Service},
};

impl Service {
    /// Confirms the check value of the whole, and makes the key.
    pub(crate) async fn confirm_ceremony(
        &self,
        ask: &Ask,
        id: CeremonyId,
        request: ConfirmRequest,
    ) -> Result<Kept<Ceremony>, Failure> {
        if let Some(answer) = self.recall(ask).await? {
            return Ok(Kept::Replayed(answer));
        }
        let found = self.find_ceremony(ask.institution(), id).await?;
        let moment = self.moment()?;
        open_still(&found.record, moment.ms)?;
        if !is_complete(&found.record) {
            return Err(Failure::Conflict("components are missing"));
        }
        let told = kcv::parse(&request.kcv, method_of(&found.record)?)?;
        if found.record.sum_kcv.as_ref() != Some(&told) {
            let rule = "is not the check value of the whole key; compare with the manufacturer's form, \
                        and give the ceremony up if they differ";
            return Err(Failure::Field { field: "kcv", rule });
        }
        self.finish_ceremony(ask, found, moment).await
    }

    pub(super) async fn finish_ceremony(
        &self,
        ask: &Ask,
        found: Found,
        moment: Moment,
    ) -> Result<Kept<Ceremony>, Failure> {
        let Found { mut record, version } = found;
        let old = self.find_key(ask.institution(), &record.label).await?;
        if old.as_ref().is_some_and(|(key, _)| key.destroyed_ms.is_none()) {
            return Err(Failure::Conflict("there is a key of this name already"));
        }
        let info = self.key_of_ceremony(ask, &record).await?;
        record.state = CeremonyState::Done;
        record.partial = None;
        let officers: Vec<Name> = record.entries.iter().map(|one| one.officer.clone()).collect();
        let mut key = self.new_key(ask, &record.label, &info, "ceremony", &officers);
        record.shape.clone_into(&mut key.shape);
        let extra = vec![put_key(&key, old.map(|(_, version)| version))];
        let made = self.key_event(ask, Action::KeyMake, &key);
        self.settle_ceremony(ask, &record, Expect::At(version), extra, made, moment).await
    }

    /// Makes the key in the HSM, or finds it where it was made before an interruption.
    async fn key_of_ceremony(
        &self,
        ask: &Ask,
        record: &CeremonyRecord,
    ) -> Result<KeyInfo, Failure> {
        let order = FinishOrder {
            ceremony: record.id,
            shape: shape_of(record)?,
            method: kcv::method(method_of(record)?),
            partial: record.partial.clone().ok_or(Failure::Bug)?,
            label: label_in_hsm(ask.institution(), &record.label)?,
            count: record.components,
        };
        let refused = match self.hsm.finish_ceremony(order).await {
            Ok(info) => return Ok(info),
            Err(error @ (HsmError::Conflict(_) | HsmError::NoSuchKey)) => error,
            Err(error) => return Err(of_hsm(error)),
        };
        match self.info_of(ask.institution(), &record.label).await {
            Ok(info) if is_its_key(record, &info)? => Ok(info),
            Ok(_) => Err(Failure::Conflict("another key of this name is in the HSM")),
            Err(Failure::NotFound) if refused == HsmError::NoSuchKey => Err(NOT_OPEN),
            Err(Failure::NotFound) => Err(of_hsm(refused)),
            Err(failure) => Err(failure),
        }
    }
}

/// Whether a key is what the components add up to, as far as can be told: a check value by CMAC is
/// not the one that keys are listed with.
fn is_its_key(record: &CeremonyRecord, info: &KeyInfo) -> Result<bool, Failure> {
    let is_alike = match method_of(record)? {
        KcvMethod::Ecb => record.sum_kcv.as_ref().is_some_and(|kcv| hex::encode(kcv) == info.kcv),
        KcvMethod::Cmac => true,
    };
    Ok(is_alike && record.shape.starts_with(&info.shape.to_string()))
}
