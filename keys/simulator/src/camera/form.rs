//! A device as it is written down: memory, and the stage by the messages it follows from.
//!
//! Not responsible for: the file (`state_file`). Messages are opened anew when a device is read, so a
//! written stage can not claim what its messages do not say.

use serde::{Deserialize, Serialize};
use warifu_core::time::UnixTime;
use warifu_txa1::field::{LoginId, TokenCode};
use warifu_txa1::secret::Salt;
use warifu_txa1::serial::DeviceSerial;
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::device::{self, Device};
use super::keys::{self, DeviceKeys};
use super::memory::{COUNTER_END, Instance, Memory};
use super::refusal::Refusal;
use super::registration::{Answered, Pending};
use super::stage::{Ending, Stage};
use super::task::Task;

/// The whole device.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DeviceForm {
    serial: String,
    keys: KeysForm,
    counter: u16,
    last_first: Option<String>,
    instance: Option<InstanceForm>,
    stage: StageForm,
    now: u64,
    lit: u64,
}

#[derive(Deserialize, Serialize, Zeroize, ZeroizeOnDrop)]
#[serde(deny_unknown_fields)]
struct KeysForm {
    encryption: String,
    device_code: String,
    signature: String,
}

#[derive(Deserialize, Serialize, Zeroize, ZeroizeOnDrop)]
#[serde(deny_unknown_fields)]
struct InstanceForm {
    number: u8,
    counter: u16,
    ns: String,
    ni: String,
    token_code: String,
    login_id: String,
}

#[derive(Deserialize, Serialize)]
#[serde(tag = "at", rename_all = "snake_case", deny_unknown_fields)]
enum StageForm {
    Off,
    Camera { first: Option<String> },
    DeviceCode { first: String },
    Accepted { first: String },
    Second { first: String },
    Confirm { first: String, second: String, until: u64 },
    Registered { first: String, second: String, until: u64, yes_until: u64 },
    Task { message: String, page: usize, until: Option<u64> },
    Erase { message: String, until: u64, yes_until: u64 },
    Activated,
    Deactivated,
    Info,
    Fault { refusal: String, first: Option<String> },
}

impl DeviceForm {
    /// Writes a device down.
    pub(super) fn of(device: &Device) -> Self {
        let memory = &device.memory;
        let [encryption, device_code, signature] = memory.keys.expose().map(hex::encode);
        Self {
            serial: memory.serial.to_string(),
            keys: KeysForm { encryption, device_code, signature },
            counter: memory.counter,
            last_first: memory.last_first.map(hex::encode),
            instance: memory.instance.as_ref().map(InstanceForm::of),
            stage: StageForm::of(&device.stage),
            now: device.now.0,
            lit: device.lit.0,
        }
    }

    /// Makes the device again; `None` where nothing of the kind was ever written.
    pub(super) fn device(&self) -> Option<Device> {
        let key = |text: &str| keys::key(text).ok();
        let keys = DeviceKeys::new(
            *key(&self.keys.encryption)?,
            *key(&self.keys.device_code)?,
            *key(&self.keys.signature)?,
        );
        let memory = Memory {
            serial: DeviceSerial::from_text(&self.serial)?,
            keys,
            counter: (self.counter <= COUNTER_END).then_some(self.counter)?,
            last_first: given(self.last_first.as_deref(), bytes).ok()?,
            instance: given(self.instance.as_ref(), InstanceForm::instance).ok()?,
        };
        let fits = memory.instance.as_ref().is_none_or(|known| known.counter <= memory.counter);
        let stage = fits.then(|| self.stage.stage(&memory))??;
        Some(Device { memory, stage, now: UnixTime(self.now), lit: UnixTime(self.lit) })
    }
}

impl InstanceForm {
    fn of(instance: &Instance) -> Self {
        Self {
            number: instance.number,
            counter: instance.counter,
            ns: hex::encode(instance.ns.expose()),
            ni: hex::encode(instance.ni.expose()),
            token_code: instance.token_code.to_string(),
            login_id: instance.login_id.to_string(),
        }
    }

    fn instance(&self) -> Option<Instance> {
        Some(Instance {
            number: (self.number > 0).then_some(self.number)?,
            counter: (self.counter > 0).then_some(self.counter)?,
            ns: Salt::new(bytes(&self.ns)?),
            ni: Salt::new(bytes(&self.ni)?),
            token_code: TokenCode::from_text(&self.token_code)?,
            login_id: LoginId::from_text(&self.login_id).ok()?,
        })
    }
}

impl StageForm {
    fn of(stage: &Stage) -> Self {
        let hex = |message: &Vec<u8>| hex::encode(message);
        let first = |pending: &Pending| hex(&pending.message);
        match stage {
            Stage::Off => Self::Off,
            Stage::Camera(pending) => Self::Camera { first: pending.as_ref().map(first) },
            Stage::DeviceCode(pending) => Self::DeviceCode { first: first(pending) },
            Stage::Accepted(pending) => Self::Accepted { first: first(pending) },
            Stage::Second(pending) => Self::Second { first: first(pending) },
            Stage::Confirm { pending, answered, until } => {
                let second = hex(&answered.message);
                Self::Confirm { first: first(pending), second, until: until.0 }
            }
            Stage::Registered { pending, answered, until, yes_until } => Self::Registered {
                first: first(pending),
                second: hex(&answered.message),
                until: until.0,
                yes_until: yes_until.0,
            },
            Stage::Task { task, page, until } => Self::Task {
                message: hex(&task.message),
                page: *page,
                until: until.map(|until| until.0),
            },
            Stage::Erase { task, until, yes_until } => {
                Self::Erase { message: hex(&task.message), until: until.0, yes_until: yes_until.0 }
            }
            Stage::Finished(Ending::Activated) => Self::Activated,
            Stage::Finished(Ending::Deactivated) => Self::Deactivated,
            Stage::Info => Self::Info,
            Stage::Fault { refusal, back } => {
                Self::Fault { refusal: refusal.word().to_owned(), first: back.as_ref().map(first) }
            }
        }
    }

    fn stage(&self, memory: &Memory) -> Option<Stage> {
        let first = |text: &String| pending(memory, text);
        Some(match self {
            Self::Off => Stage::Off,
            Self::Camera { first: text } => Stage::Camera(given(text.as_ref(), first).ok()?),
            Self::DeviceCode { first: text } => Stage::DeviceCode(first(text)?),
            Self::Accepted { first: text } => Stage::Accepted(first(text)?),
            Self::Second { first: text } => Stage::Second(first(text)?),
            Self::Confirm { first: text, second, until } => {
                let pending = first(text)?;
                let answered = answered(memory, &pending, second)?;
                Stage::Confirm { pending, answered, until: UnixTime(*until) }
            }
            Self::Registered { first: text, second, until, yes_until } => {
                let pending = first(text)?;
                let answered = answered(memory, &pending, second)?;
                let (until, yes_until) = (UnixTime(*until), UnixTime(*yes_until));
                Stage::Registered { pending, answered, until, yes_until }
            }
            Self::Task { message, page, until } => {
                let task = task(memory, message)?;
                let page = (*page <= task.pages.len()).then_some(*page)?;
                Stage::Task { task, page, until: until.map(UnixTime) }
            }
            Self::Erase { message, until, yes_until } => {
                let task = task(memory, message)?;
                let (until, yes_until) = (UnixTime(*until), UnixTime(*yes_until));
                Stage::Erase { task, until, yes_until }
            }
            Self::Activated => Stage::Finished(Ending::Activated),
            Self::Deactivated => Stage::Finished(Ending::Deactivated),
            Self::Info => Stage::Info,
            Self::Fault { refusal, first: text } => Stage::Fault {
                refusal: Refusal::from_word(refusal)?,
                back: given(text.as_ref(), first).ok()?,
            },
        })
    }
}

fn pending(memory: &Memory, text: &str) -> Option<Pending> {
    let message = hex::decode(text).ok()?;
    let frame = device::read_frame(&message).ok()?;
    let first = Pending::open(memory, &frame).ok()?;
    Pending::new(memory, &message, first)
}

fn answered(memory: &Memory, pending: &Pending, text: &str) -> Option<Answered> {
    let message = hex::decode(text).ok()?;
    let frame = device::read_frame(&message).ok()?;
    Answered::open(memory, pending, &frame, &message).ok()
}

fn task(memory: &Memory, text: &str) -> Option<Task> {
    let message = hex::decode(text).ok()?;
    let frame = device::read_frame(&message).ok()?;
    Task::open(memory, &frame, &message).ok()
}

/// Reads what may be absent, but not what is there and wrong.
fn given<T, V>(value: Option<T>, read: impl FnOnce(T) -> Option<V>) -> Result<Option<V>, Wrong> {
    value.map(|value| read(value).ok_or(Wrong)).transpose()
}

/// Something is there, but it is not what was written.
struct Wrong;

fn bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    hex::decode_to_slice(text, &mut bytes).ok().map(|()| bytes)
}
