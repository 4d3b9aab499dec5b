//! One KeyPackage: device, key, data, policy -> a record, or everything that is wrong with it.
//!
//! Not responsible for other packages (duplicates) nor for the container.

use warifu_core::ident::Serial;
use warifu_core::oath::HashAlgorithm;
use warifu_core::time::UnixTime;

use super::device::{self, Device};
use super::draft;
use super::element::{Children, El};
use super::moving::{Moving, Source};
use super::names::PSKC;
use super::number;
use super::parameters;
use super::policy::{self, Dates};
use super::values::Values;
use crate::seedfile::code::Code;
use crate::seedfile::options::ReadOptions;
use crate::seedfile::record::{Algorithm, CameraPart, KeyPolicy, Record, SecretValue};
use crate::seedfile::refusal::{Faults, Refusal, Warning};
use crate::seedfile::suite::Ocra;

/// Children of Key; those behind the seventh are of drafts.
const KEY_CHILDREN: [&str; 15] = [
    "Issuer",
    "AlgorithmParameters",
    "KeyProfileId",
    "KeyReference",
    "Data",
    "UserId",
    "Policy",
    "PINPolicy",
    "StartDate",
    "ExpiryDate",
    "Secret",
    "Counter",
    "Time",
    "TimeInterval",
    "TimeDrift",
];
const RFC_CHILDREN: usize = 7;
/// Children of Data.
const VALUES: [&str; 5] = ["Secret", "Counter", "Time", "TimeInterval", "TimeDrift"];

/// What a package holds.
pub(super) struct Package {
    /// Manufacturer, serial and key id, where serial and id could be read.
    pub(super) identity: Option<[String; 3]>,
    /// The key, or its faults.
    pub(super) key: Result<Record, Vec<Refusal>>,
}

/// Reads a KeyPackage: no key or one, in drafts many. An error refuses the file.
pub(super) fn read(
    el: El<'_>,
    values: &mut Values,
    options: &ReadOptions,
) -> Result<Vec<Package>, Refusal> {
    let once: &[&str] = &["DeviceInfo", "CryptoModuleInfo", "Key"];
    let parts = if el.is_draft() {
        el.children(&[PSKC], once.get(..2).unwrap_or(once), &["Key", "Extensions"])?
    } else {
        el.children(&[PSKC], once, &["Extensions"])?
    };
    let device = parts.get("DeviceInfo");
    parts.all("Key").map(|key| one(el, device, key, values, options)).collect()
}

fn one<'a>(
    package: El<'a>,
    device: Option<El<'a>>,
    key: El<'a>,
    values: &mut Values,
    options: &ReadOptions,
) -> Result<Package, Refusal> {
    let mut faults = Faults::default();
    let device = device::read(package, device, &mut faults)?;
    let id = faults.keep(key_id(key))?;
    let serial = device.serial.as_ref().map(Serial::to_string);
    let identity = serial
        .clone()
        .zip(id.clone())
        .map(|(serial, id)| [device.manufacturer.clone().unwrap_or_default(), serial, id]);
    let reading = Reading { package, key, values, options, faults, warnings: Vec::new() };
    let key = reading.run(device, id)?.map_err(|mut found| {
        for refusal in &mut found {
            refusal.serial.clone_from(&serial);
        }
        found
    });
    Ok(Package { identity, key })
}

fn key_id(key: El<'_>) -> Result<String, Refusal> {
    let id = key
        .attribute("Id")
        .filter(|id| !id.is_empty())
        .ok_or_else(|| key.refuse_field(Code::Schema, "Id", "a key has an Id").for_token())?;
    key.check_label(id, Some("Id")).map_err(Refusal::for_token)?;
    Ok(id.to_owned())
}

/// The checked children of a Key or of KeyProperties. FriendlyName may come once per language.
fn children(key: El<'_>) -> Result<Children<'_>, Refusal> {
    let known = if key.is_draft() { KEY_CHILDREN.len() } else { RFC_CHILDREN };
    let once = KEY_CHILDREN.get(..known).unwrap_or(&KEY_CHILDREN);
    key.children(&[PSKC], once, &["FriendlyName", "Extensions"])
}

/// The reading of one Key.
struct Reading<'a, 'v> {
    package: El<'a>,
    key: El<'a>,
    values: &'v mut Values,
    options: &'v ReadOptions,
    faults: Faults,
    warnings: Vec<Warning>,
}

impl<'a> Reading<'a, '_> {
    fn run(
        mut self,
        device: Device,
        id: Option<String>,
    ) -> Result<Result<Record, Vec<Refusal>>, Refusal> {
        let properties = self.properties()?;
        let mut parts = children(self.key)?;
        if let Some(properties) = properties {
            parts = parts.or(children(properties)?);
        }
        let uri = self.key.attribute("Algorithm");
        let uri = uri.or_else(|| properties?.attribute("Algorithm")).unwrap_or_default();
        let written = parts.get("AlgorithmParameters");
        let named = match parameters::algorithm(self.key, uri, written) {
            // Nothing else can be judged of a key of which this is not known.
            Err(refusal) if matches!(refusal.code, Code::Usage | Code::Suite) => {
                self.faults.push(refusal);
                return Ok(Err(self.faults.into_vec()));
            }
            other => self.faults.keep(other)?,
        };
        let issuer = parts.get("Issuer").map(El::label).transpose()?.flatten();
        let algorithm = named.as_ref().map(|named| named.algorithm);
        if named.as_ref().is_some_and(|named| named.is_draft) {
            self.warnings.push(Warning::new(Code::WAlgDraft, "Algorithm"));
        }
        let found = parameters::read(self.key, written, named.as_ref(), &mut self.faults)?;
        self.warnings.extend(found.warnings);
        let (moving, secret) = self.data(&parts, algorithm, found.ocra)?;
        if let Some(Algorithm::Txa1(part)) = algorithm {
            self.camera(part, device.serial.as_ref(), id.as_deref(), secret.as_ref());
        }
        let (policy, dates) = self.policy(&parts, algorithm)?;
        let own = self.own_dates(&parts)?;
        let (starts_at, expires_at) = self.validity(&[device.dates, dates, own]);
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
        key: &Children<'_>,
        algorithm: Option<Algorithm>,
        ocra: Option<Ocra>,
    ) -> Result<(Moving, Option<SecretValue>), Refusal> {
        let no_secret = "a key has a secret in Data";
        let data = key.get("Data");
        let own = data.map(|data| data.children(&[PSKC], &VALUES, &["Extensions"])).transpose()?;
        // The first drafts have the values in Key itself.
        let parts = own.as_ref().unwrap_or(key);
        if data.is_none() && VALUES.iter().all(|name| key.get(name).is_none()) {
            self.faults.push(self.key.refuse_field(Code::NoSecret, "Secret", no_secret));
            return Ok((Moving::default(), None));
        }
        let data = data.unwrap_or(self.key);
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
        let moving = source.moving(parts, algorithm, ocra)?;
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
        let written = parts.get("Policy");
        let read = written.map_or_else(|| Ok(Default::default()), policy::read);
        let Some((mut policy, dates)) = self.faults.keep(read)? else {
            return Ok(Default::default());
        };
        if self.key.is_draft() {
            self.draft_policy(parts, &mut policy)?;
        }
        let el = written.unwrap_or(self.key);
        if algorithm.is_some_and(|algorithm| !policy::permits(&policy, algorithm)) {
            let rule = "the key may be used for what its algorithm does";
            self.faults.push(el.refuse_field(Code::Usage, "KeyUsage", rule));
        }
        if policy.pin.is_some() || policy.transactions.is_some() {
            self.warnings.push(Warning::new(Code::WPolicy, "Policy"));
        }
        Ok((policy, dates))
    }

    /// Drafts have permissions as attributes of Usage, and the PIN policy beside the Policy.
    fn draft_policy(
        &mut self,
        parts: &Children<'_>,
        policy: &mut KeyPolicy,
    ) -> Result<(), Refusal> {
        if let Some(el) = parts.get("AlgorithmParameters") {
            policy.usage.extend(self.faults.keep(draft::usage(el))?.into_iter().flatten());
        }
        if let Some(el) = parts.get("PINPolicy") {
            let pin = self.faults.keep(policy::pin(el))?;
            if policy.pin.is_some() {
                self.faults.push(el.refuse(Code::Policy, "one PIN policy"));
            }
            policy.pin = pin;
        }
        Ok(())
    }

    /// Dates in Key itself, where drafts have them.
    fn own_dates(&mut self, parts: &Children<'_>) -> Result<Dates, Refusal> {
        let mut date = |name| {
            let read = parts.get(name).map(number::date_of).transpose();
            Ok(self.faults.keep(read)?.flatten())
        };
        Ok(Dates { start: date("StartDate")?, expiry: date("ExpiryDate")? })
    }

    /// The KeyProperties that a key of a draft refers to; they stand behind its package.
    fn properties(&self) -> Result<Option<El<'a>>, Refusal> {
        let Some(id) = self.key.attribute("KeyPropertiesId") else { return Ok(None) };
        let rule = "the key refers to properties that the container has before";
        let mut all = self.package.siblings();
        let found = all.find(|el| el.attribute("KeyPropertiesId") == Some(id));
        match found.filter(|_| self.key.is_draft()) {
            Some(el) => Ok(Some(el)),
            None => Err(self.key.refuse_field(Code::Schema, "KeyPropertiesId", rule)),
        }
    }

    /// The latest start and the earliest end of device and key; both days count in full as written.
    fn validity(&mut self, all: &[Dates]) -> (Option<UnixTime>, Option<UnixTime>) {
        let (starts, ends) = (all.iter().map(|d| d.start), all.iter().map(|d| d.expiry));
        if starts.clone().chain(ends.clone()).flatten().any(|date| date.zone_assumed) {
            self.warnings.push(Warning::new(Code::WDateTz, "ExpiryDate"));
        }
        let starts = starts.flatten().map(|d| d.at).max();
        let expires = ends.flatten().map(|d| d.at).min();
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
