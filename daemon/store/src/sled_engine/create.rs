//! Making a new store, empty or from a backup: built beside its place, renamed into it when it is
//! complete and durable, so that a crash never leaves half a store under the name.
//!
//! Not responsible for: what a backup says (see [`crate::backup`]).

use std::{
    fs::{self, DirBuilder, File},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    time::Duration,
};

use super::{
    OpenError, SledOptions,
    files::{self, Log},
    group::Position,
    open::sled_config,
    tree::{CEILING_KEY, CEILING_STEP, parse_value, stored_key, stored_value},
};
use crate::{
    port::{AuditEntry, ChainHead, Space, Version, Versioned},
    record::{self, Record, StoreMeta},
};

/// Records per sled batch while building.
const CHUNK: usize = 1_000;
/// How long to wait for sled's threads to let go of the finished log.
const CLOSE_WAIT: Duration = Duration::from_secs(10);

/// A store under construction. Dropped without [`Builder::publish`], it leaves nothing behind.
#[derive(Debug)]
pub struct Builder {
    target: PathBuf,
    staging: PathBuf,
    db: Option<sled::Db>,
    batch: sled::Batch,
    batched: usize,
    meta: StoreMeta,
    position: Position,
    published: bool,
}

impl Builder {
    /// Begins a store that will appear at `target`, which must not exist or be an empty folder.
    pub fn create(target: &Path, meta: StoreMeta) -> Result<Self, OpenError> {
        refuse_existing(target)?;
        let staging = staging_path(target, &meta);
        DirBuilder::new()
            .mode(0o700)
            .create(&staging)
            .map_err(|e| OpenError::io(target, "making its folder", e))?;
        let mut builder = Self {
            target: target.to_path_buf(),
            staging,
            db: None,
            batch: sled::Batch::default(),
            batched: 0,
            position: Position {
                instance: meta.instance().clone(),
                head: None,
                next_version: 1,
                ceiling: 0,
            },
            meta,
            published: false,
        };
        let cache = SledOptions::default().cache_bytes;
        let db = sled_config(&builder.staging, cache)
            .open()
            .map_err(|e| OpenError::sled(target, "making its log", e))?;
        builder.db = Some(db);
        Ok(builder)
    }

    /// Stores a record under the version it had.
    pub fn put(
        &mut self,
        space: Space,
        key: &[u8],
        version: Version,
        bytes: &[u8],
    ) -> Result<(), OpenError> {
        self.position.next_version = self.position.next_version.max(version.saturating_add(1));
        self.batch.insert(stored_key(space, key), stored_value(version, bytes));
        self.batched = self.batched.saturating_add(1);
        if self.batched >= CHUNK { self.write() } else { Ok(()) }
    }

    /// Replaces a record: gives it a new version.
    pub fn replace(&mut self, space: Space, key: &[u8], bytes: &[u8]) -> Result<(), OpenError> {
        let version = self.position.version();
        self.put(space, key, version, bytes)
    }

    /// Reads back what was stored.
    pub fn load(&mut self, space: Space, key: &[u8]) -> Result<Option<Versioned>, OpenError> {
        self.write()?;
        let found = self.db().and_then(|db| {
            db.get(stored_key(space, key))
                .map_err(|e| OpenError::sled(&self.target, "reading back", e))
        })?;
        found
            .map(|bytes| parse_value(&bytes))
            .transpose()
            .map_err(|e| OpenError::store(&self.target, &e))
    }

    /// Reads back all values whose keys begin with `prefix`. For prefixes of few keys.
    pub fn scan(&mut self, space: Space, prefix: &[u8]) -> Result<Vec<Versioned>, OpenError> {
        self.write()?;
        let mut values = Vec::new();
        for found in self.db()?.scan_prefix(stored_key(space, prefix)) {
            let (_, bytes) = found.map_err(|e| OpenError::sled(&self.target, "reading back", e))?;
            let value = parse_value(&bytes).map_err(|e| OpenError::store(&self.target, &e))?;
            values.push(value);
        }
        Ok(values)
    }

    /// Says where the chain stands after its records were [`Builder::put`].
    pub fn continue_chain(&mut self, head: ChainHead, meta: StoreMeta) {
        self.position.head = head;
        self.position.instance = meta.instance().clone();
        self.meta = meta;
    }

    /// Appends to the chain.
    pub fn append(&mut self, entries: &[AuditEntry]) -> Result<(), OpenError> {
        for entry in entries {
            let record = self.position.link(entry.0.clone());
            self.put(Space::Audit, &record::audit_key(record.seq), 1, &record.encode())?;
        }
        Ok(())
    }

    /// Makes everything durable and gives the store its name.
    pub fn publish(mut self) -> Result<(), OpenError> {
        let meta = self.meta.encode();
        self.replace(Space::Meta, &record::meta_key(), &meta)?;
        let ceiling = self.position.next_version.saturating_add(CEILING_STEP);
        self.batch.insert(CEILING_KEY, &ceiling.to_be_bytes());
        self.batched = self.batched.saturating_add(1);
        self.write()?;
        if let Some(db) = self.db.take() {
            db.flush().map_err(|e| OpenError::sled(&self.target, "writing its log", e))?;
        }
        self.settle_files()
            .map_err(|e| OpenError::io(&self.target, "syncing the new folder", e))?;
        fs::rename(&self.staging, &self.target)
            .map_err(|e| OpenError::io(&self.target, "renaming the new folder", e))?;
        self.published = true;
        sync_parent(&self.target).map_err(|e| OpenError::io(&self.target, "syncing its place", e))
    }

    /// Waits until sled has closed the log, then syncs the folder.
    fn settle_files(&self) -> std::io::Result<()> {
        Log::open(&self.staging)?.sync()?;
        files::wait_closed(&self.staging, CLOSE_WAIT)?;
        files::sync_folder(&self.staging)
    }

    fn write(&mut self) -> Result<(), OpenError> {
        if std::mem::take(&mut self.batched) == 0 {
            return Ok(());
        }
        let batch = std::mem::take(&mut self.batch);
        self.db()?.apply_batch(batch).map_err(|e| OpenError::sled(&self.target, "writing", e))
    }

    fn db(&self) -> Result<&sled::Db, OpenError> {
        self.db.as_ref().ok_or_else(|| OpenError::Missing { path: self.staging.clone() })
    }
}

impl Drop for Builder {
    fn drop(&mut self) {
        drop(self.db.take());
        if !self.published
            && let Err(error) = fs::remove_dir_all(&self.staging)
        {
            tracing::warn!(path = %self.staging.display(), %error, "a half-made store was left behind");
        }
    }
}

fn refuse_existing(target: &Path) -> Result<(), OpenError> {
    let exists = OpenError::Exists { path: target.to_path_buf() };
    match fs::read_dir(target).map(|mut entries| entries.next().is_none()) {
        Ok(true) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        _ => Err(exists),
    }
}

/// Beside the target, so that the rename stays on one file system.
fn staging_path(target: &Path, meta: &StoreMeta) -> PathBuf {
    let name = target.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let id: String = hex::encode(meta.store_id).chars().take(8).collect();
    target.with_file_name(format!(".{name}.new-{id}"))
}

fn sync_parent(target: &Path) -> std::io::Result<()> {
    let parent = target.parent().filter(|p| !p.as_os_str().is_empty());
    File::open(parent.unwrap_or(Path::new(".")))?.sync_all()
}
