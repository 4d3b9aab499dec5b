//! One KeyPackage: device, key, data, policy -> a record, or everything that is wrong with it.
//!
//! Not responsible for other packages (duplicates) nor for the container.

use warifu_core::ident::Serial;
use warifu_core::oath::HashAlgorithm;
use warifu_core::time::UnixTime;

use super::device::{self, Device};
use super::element::{Children, El};
use super::moving::{Moving, Source};
use super::names::PSKC;
use super::parameters;
use super::policy::{self, Dates};
use super::values::Values;
use crate::seedfile::code::Code;
use crate::seedfile::options::ReadOptions;
use crate::seedfile::record::{Algorithm, CameraPart, KeyPolicy, Record, SecretValue};
use crate::seedfile::refusal::{Faults, Refusal, Warning};
use crate::seedfile::suite::Ocra;

const KEY_CHILDREN: &[&str] =
    &["Issuer", "AlgorithmParameters", "KeyProfileId", "KeyReference", "Data", "UserId", "Policy"];

/// What a package holds.
pub(super) struct Package {
    /// Manufacturer, serial and key id, where serial and id could be read.
    pub(super) identity: Option<[String; 3]>,
    /// The key, or its faults.
    pub(super) key: Result<Record, Vec<Refusal>>,
}

/// Reads a KeyPackage; `None` where it holds no key. An error refuses the file.
pub(super) fn read(
    el: El<'_>,
    values: &mut Values,
    options: &ReadOptions,
) -> Result<Option<Package>, Refusal> {
    let parts =
        el.children(&[PSKC], &["DeviceInfo", "CryptoModuleInfo", "Key"], &["Extensions"])?;
    let Some(key) = parts.get("Key") else { return Ok(None) };
    let mut faults = Faults::default();
    let device = device::read(el, parts.get("DeviceInfo"), &mut faults)?;
    let id = faults.keep(key_id(key))?;
    let serial = device.serial.as_ref().map(Serial::to_string);
    let identity = serial
        .clone()
        .zip(id.clone())
        .map(|(serial, id)| [device.manufacturer.clone().unwrap_or_default(), serial, id]);
    let reading = Reading { key, values, options, faults, warnings: Vec::new() };
    let key = reading.run(device, id)?.map_err(|mut found| {
        for refusal in &mut found {
            refusal.serial.clone_from(&serial);
        }
        found
    });
    Ok(Some(Package { identity, key }))
}

fn key_id(key: El<'_>) -> Result<String, Refusal> {
    let id = key
        .attribute("Id")
        .filter(|id| !id.is_empty())
        .ok_or_else(|| key.refuse_field(Code::Schema, "Id", "a key has an Id").for_token())?;
    key.check_label(id, Some("Id")).map_err(Refusal::for_token)?;
    Ok(id.to_owned())
}

/// The reading of one Key.
struct Reading<'a, 'v> {
    key: El<'a>,
    values: &'v mut Values,
    options: &'v ReadOptions,
    faults: Faults,
    warnings: Vec<Warning>,
}

impl Reading<'_, '_> {
    fn run(
        mut self,
        device: Device,
        id: Option<String>,
    ) -> Result<Result<Record, Vec<Refusal>>, Refusal> {
        // FriendlyName may come once per language.
        let parts = self.key.children(&[PSKC], KEY_CHILDREN, &["FriendlyName", "Extensions"])?;
        let written = parts.get("AlgorithmParameters");
        let algorithm = match parameters::algorithm(self.key, written) {
            // Nothing else can be judged of a key of which this is not known.
            Err(refusal) if matches!(refusal.code, Code::Usage | Code::Suite) => {
                self.faults.push(refusal);
                return Ok(Err(self.faults.into_vec()));
            }
            other => self.faults.keep(other)?,
        };
        let issuer = parts.get("Issuer").map(El::label).transpose()?.flatten();
        let found = parameters::read(self.key, written, algorithm, &mut self.faults)?;
        self.warnings.extend(found.warnings);
        let (moving, secret) = self.data(parts.get("Data"), algorithm, found.ocra)?;
        if let Some(Algorithm::Txa1(part)) = algorithm {
            self.camera(part, device.serial.as_ref(), id.as_deref(), secret.as_ref());
        }
        let (policy, dates) = self.policy(&parts, algorithm)?;
        let (starts_at, expires_at) = self.validity(&device.dates, &dates);
        if device.manufacturer.is_none() {
            self.warnings.push(Warning::new(Code::WManufacturer, "Manufacturer"));
        }
        let needed = (device.serial, id, algorithm, found.digits, secret);
        let (Some(serial), Some(key_id), Some(algorithm), Some(digits), Some(secret), true) =
            (needed.0, needed.1, needed.2, needed.3, needed.4, self.faults.is_empty())
        else {
            return Ok(Err(self.faults.into_vec()));
        };
        Ok(Ok(Record {
            at: self.key.position(),
            manufacturer: device.manufacturer,
            serial,
            key_id,
            issuer,
            algorithm,
            hash: found.hash.unwrap_or(HashAlgorithm::Sha1),
            digits,
            time_step_s: moving.time_step_s,
            counter: moving.counter,
            time_drift: moving.time_drift,
            time_offset: moving.time_offset,
            starts_at,
            expires_at,
            policy,
            suite: found.suite,
            secret,
            warnings: self.warnings,
        }))
    }

    fn data(
        &mut self,
        data: Option<El<'_>>,
        algorithm: Option<Algorithm>,
        ocra: Option<Ocra>,
    ) -> Result<(Moving, Option<SecretValue>), Refusal> {
        let no_secret = "a key has a secret in Data";
        let Some(data) = data else {
            self.faults.push(self.key.refuse_field(Code::NoSecret, "Secret", no_secret));
            return Ok((Moving::default(), None));
        };
        let once = ["Secret", "Counter", "Time", "TimeInterval", "TimeDrift"];
        let parts = data.children(&[PSKC], &once, &["Extensions"])?;
        let secret = match parts.get("Secret") {
            Some(el) => self.values.secret(el, self.options),
            None => Err(data.refuse_field(Code::NoSecret, "Secret", no_secret)),
        };
        let secret = self.faults.keep(secret)?;
        let secret = secret.map(|(secret, warnings)| {
            self.warnings.extend(warnings);
            secret
        });
        let mut source = Source {
            key: self.key,
            values: &mut *self.values,
            options: self.options,
            faults: &mut self.faults,
            warnings: &mut self.warnings,
        };
        let moving = source.moving(&parts, algorithm, ocra)?;
        Ok((moving, secret))
    }

    /// What all keys of camera tokens have in common.
    fn camera(
        &mut self,
        part: CameraPart,
        serial: Option<&Serial>,
        id: Option<&str>,
        secret: Option<&SecretValue>,
    ) {
        if let Some((serial, id)) = serial.zip(id)
            && id != format!("{serial}-{}", part.label())
        {
            let rule = "the id of a camera token's key is serial, dash and suite";
            self.faults.push(self.key.refuse_field(Code::Schema, "Id", rule).for_token());
        }
        if secret.is_some_and(|secret| !secret.may_have(CameraPart::LEN)) {
            let rule = "seed and keys of a camera token have 32 octets";
            self.faults.push(self.key.refuse_field(Code::SecretLen, "Secret", rule));
        }
    }

    fn policy(
        &mut self,
        parts: &Children<'_>,
        algorithm: Option<Algorithm>,
    ) -> Result<(KeyPolicy, Dates), Refusal> {
        let Some(el) = parts.get("Policy") else { return Ok(Default::default()) };
        let Some((policy, dates)) = self.faults.keep(policy::read(el))? else {
            return Ok(Default::default());
        };
        if algorithm.is_some_and(|algorithm| !policy::permits(&policy, algorithm)) {
            let rule = "the key may be used for what its algorithm does";
            self.faults.push(el.refuse_field(Code::Usage, "KeyUsage", rule));
        }
        if policy.pin.is_some() || policy.transactions.is_some() {
            self.warnings.push(Warning::new(Code::WPolicy, "Policy"));
        }
        Ok((policy, dates))
    }

    /// The later start and the earlier end of device and key; both days count in full as written.
    fn validity(&mut self, device: &Dates, key: &Dates) -> (Option<UnixTime>, Option<UnixTime>) {
        let all = [device.start, device.expiry, key.start, key.expiry];
        if all.iter().flatten().any(|date| date.zone_assumed) {
            self.warnings.push(Warning::new(Code::WDateTz, "ExpiryDate"));
        }
        let starts = [device.start, key.start].into_iter().flatten().map(|d| d.at).max();
        let expires = [device.expiry, key.expiry].into_iter().flatten().map(|d| d.at).min();
        if starts.zip(expires).is_some_and(|(start, end)| end < start) {
            let rule = "the validity begins before it ends";
            self.faults.push(self.key.refuse_field(Code::Date, "ExpiryDate", rule));
        }
        if let Some(now) = self.options.now {
            if expires.is_some_and(|end| end < now) {
                self.warnings.push(Warning::new(Code::WExpired, "ExpiryDate"));
            }
            if starts.is_some_and(|start| start > now) {
                self.warnings.push(Warning::new(Code::WNotYetValid, "StartDate"));
            }
        }
        (starts, expires)
    }
}
