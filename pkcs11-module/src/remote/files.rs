//! Reads files of certificates and keys: bounded, never a pipe or a device, and a key in the clear only
//! where nobody else may read it.
//!
//! Not responsible for what is in them.

use std::{
    fs::{File, Metadata, OpenOptions},
    io::{self, Read as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::Path,
};

use rustix::{fs::OFlags, process::geteuid};
use zeroize::Zeroizing;

/// Largest file that is read.
const MOST_BYTES: u64 = 1 << 20;

/// A file as it was read.
pub(super) struct Content {
    pub(super) bytes: Zeroizing<Vec<u8>>,
    metadata: Metadata,
}

/// What tells a replaced file from the one before.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Stamp {
    device: u64,
    inode: u64,
    length: u64,
    changed: (i64, i64),
    modified: (i64, i64),
}

/// The whole file.
pub(super) fn read(path: &Path) -> io::Result<Content> {
    let file = open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() || metadata.len() > MOST_BYTES {
        return Err(io::Error::other("is not a regular file of a certificate's or a key's size"));
    }
    // With room for all of it, so that no copy of a key stays behind where the buffer was.
    let room = usize::try_from(metadata.len()).unwrap_or(0).saturating_add(1);
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    file.take(metadata.len()).read_to_end(&mut bytes)?;
    Ok(Content { bytes, metadata })
}

/// What the file is now, without reading it.
pub(super) fn stamp(path: &Path) -> Option<Stamp> {
    path.metadata().ok().map(|metadata| stamp_of(&metadata))
}

impl Content {
    /// A file that only this process's user can read, or a credential that systemd put into `handed`.
    pub(super) fn is_private(&self, path: &Path, handed: Option<&Path>) -> Result<(), String> {
        let handed_over = handed.is_some_and(|folder| path.starts_with(folder));
        let (owner, us) = (self.metadata.uid(), geteuid().as_raw());
        if owner != us && !(handed_over && owner == 0) {
            return Err(format!("belongs to user {owner}, but must belong to user {us}"));
        }
        let mode = self.metadata.mode() & 0o777;
        if mode & 0o077 != 0 && !handed_over {
            return Err(format!("has mode {mode:04o}, but only its owner may read it (chmod 600)"));
        }
        Ok(())
    }
}

/// Without waiting for a writer, should it be a pipe.
fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    let flags = i32::try_from(flags.bits()).map_err(io::Error::other)?;
    OpenOptions::new().read(true).custom_flags(flags).open(path)
}

fn stamp_of(metadata: &Metadata) -> Stamp {
    Stamp {
        device: metadata.dev(),
        inode: metadata.ino(),
        length: metadata.len(),
        changed: (metadata.ctime(), metadata.ctime_nsec()),
        modified: (metadata.mtime(), metadata.mtime_nsec()),
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use super::*;

    #[test]
    fn only_regular_files_of_some_size_are_read() {
        let folder = tempfile::tempdir().unwrap();
        assert!(read(folder.path()).is_err());
        assert!(read(&folder.path().join("none")).is_err());
        assert!(read(Path::new("/dev/zero")).is_err());
        let large = folder.path().join("large");
        File::create(&large).unwrap().set_len(MOST_BYTES + 1).unwrap();
        assert!(read(&large).is_err());
        fs::write(&large, "small").unwrap();
        assert_eq!(read(&large).unwrap().bytes.as_slice(), b"small");
    }

    #[test]
    fn a_key_that_others_may_read_is_not_private_unless_systemd_put_it_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        fs::write(&path, "x").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let content = read(&path).unwrap();
        assert!(content.is_private(&path, None).unwrap_err().contains("mode 0640"));
        assert!(content.is_private(&path, Some(folder.path())).is_ok());
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert!(read(&path).unwrap().is_private(&path, None).is_ok());
    }

    #[test]
    fn a_replaced_file_has_another_stamp() {
        let folder = tempfile::tempdir().unwrap();
        let (path, next) = (folder.path().join("a"), folder.path().join("b"));
        fs::write(&path, "x").unwrap();
        fs::write(&next, "x").unwrap();
        let before = stamp(&path).unwrap();
        assert_eq!(stamp(&path), Some(before.clone()));
        fs::rename(&next, &path).unwrap();
        assert_ne!(stamp(&path), Some(before));
    }
}
