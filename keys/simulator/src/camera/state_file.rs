//! The file that a device lives in: its keys, its memory and its screen, mode 0600.
//!
//! The file is held by one process at a time (`flock`), and replaced whole or not at all. Not
//! responsible for: protecting the keys of a real token. Whoever reads the file has the device.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;
use thiserror::Error;
use zeroize::Zeroizing;

use super::device::Device;
use super::form::DeviceForm;

/// Format of the file.
const VERSION: u32 = 1;
/// No state is longer.
const MAX_BYTES: u64 = 64 << 10;
/// So often the file may be replaced between being opened and being locked.
const ATTEMPTS: usize = 8;

/// Why a device can not be used.
#[derive(Debug, Error)]
pub enum StateError {
    /// Look at path and permissions.
    #[error("the state file can not be used")]
    Io(#[from] io::Error),
    /// Set mode 0600 and make it your own file.
    #[error("the state file must belong to you and be readable by nobody else (mode 0600)")]
    Permissions,
    /// Wait for the other process, or end it.
    #[error("another process holds this token")]
    Busy,
    /// Make the token again; the server must then initialise it.
    #[error("the file is no virtual camera token of this version, or it is damaged")]
    Damaged,
}

/// A device in its file. No other process gets hold of it until this is dropped.
#[derive(Debug)]
pub struct StateFile {
    /// The device; [`Self::save`] writes it.
    pub device: Device,
    path: PathBuf,
    /// Holds the lock.
    file: File,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Form {
    warifu_camera_token: u32,
    /// SHA-256 of the form with this field empty: a damaged file is no other device.
    check: String,
    device: DeviceForm,
}

impl StateFile {
    /// Makes a file; one that exists is never replaced.
    pub fn create(path: &Path, device: Device) -> Result<Self, StateError> {
        let text = write(&device)?;
        let mut file =
            OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path)?;
        lock(&file)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        let path = fs::canonicalize(path)?;
        sync_folder(&path)?;
        Ok(Self { device, path, file })
    }

    /// Reads a file, which must be the caller's own and private, and holds it.
    pub fn open(path: &Path) -> Result<Self, StateError> {
        let path = fs::canonicalize(path)?;
        let file = hold(&path)?;
        let facts = file.metadata()?;
        if facts.mode() & 0o077 != 0 || facts.uid() != rustix::process::geteuid().as_raw() {
            return Err(StateError::Permissions);
        }
        let mut text = Zeroizing::new(String::with_capacity(4096));
        match (&file).take(MAX_BYTES).read_to_string(&mut text) {
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                return Err(StateError::Damaged);
            }
            read => read?,
        };
        let device = read(&text).ok_or(StateError::Damaged)?;
        Ok(Self { device, path, file })
    }

    /// Writes the device as it is now, beside the old file and then over it.
    pub fn save(&mut self) -> Result<(), StateError> {
        let text = write(&self.device)?;
        let folder = self.path.parent().unwrap_or(Path::new("/"));
        let mut next = NamedTempFile::with_prefix_in(".warifu-token-", folder)?;
        // Locked before it has its name, so that nobody else comes first.
        lock(next.as_file())?;
        next.write_all(text.as_bytes())?;
        next.as_file().sync_all()?;
        self.file = next.persist(&self.path).map_err(|error| error.error)?;
        sync_folder(&self.path)?;
        Ok(())
    }
}

/// Opens and locks the file that has this name now, not one that was just replaced.
fn hold(path: &Path) -> Result<File, StateError> {
    for _ in 0..ATTEMPTS {
        let file = File::open(path)?;
        lock(&file)?;
        let (held, named) = (file.metadata()?, fs::metadata(path)?);
        if (held.dev(), held.ino()) == (named.dev(), named.ino()) {
            return Ok(file);
        }
    }
    Err(StateError::Busy)
}

fn lock(file: &File) -> Result<(), StateError> {
    match flock(file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(()),
        Err(Errno::WOULDBLOCK) => Err(StateError::Busy),
        Err(error) => Err(io::Error::from(error).into()),
    }
}

/// A new name is durable only when its folder is.
fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path.parent().unwrap_or(Path::new("/")))?.sync_all()
}

fn write(device: &Device) -> Result<Zeroizing<String>, StateError> {
    let device = DeviceForm::of(device);
    let mut form = Form { warifu_camera_token: VERSION, check: String::new(), device };
    form.check = check(&form).ok_or(StateError::Damaged)?;
    let text = serde_json::to_string_pretty(&form).map_err(|_| StateError::Damaged)?;
    Ok(Zeroizing::new(text + "\n"))
}

fn read(text: &str) -> Option<Device> {
    let mut form: Form = serde_json::from_str(text).ok()?;
    let written = std::mem::take(&mut form.check);
    let sound = form.warifu_camera_token == VERSION && check(&form)? == written;
    sound.then(|| form.device.device())?
}

/// What [`Form::check`] must be.
fn check(form: &Form) -> Option<String> {
    let text = Zeroizing::new(serde_json::to_vec(form).ok()?);
    Some(hex::encode(Sha256::digest(text.as_slice())))
}
