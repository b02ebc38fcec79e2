//! The folder of a collection: its manifest, its lock and its generations.
//!
//! ```text
//! .samestory/
//!   collection.json      format, current generation and settings; replaced atomically
//!   lock                 held by the one writer
//!   g1/store.redb        articles, places, signatures, stories: the truth
//!   g1/index/            the tantivy index, derived from the store
//!   watch.redb           what is remembered of watched feeds; not of the collection itself
//! ```
//!
//! What decides all stories together makes a new generation beside the current one and then replaces
//! `collection.json` by a rename; what adds to a collection changes its store in place, one durable
//! transaction a step.

use std::cmp::Ordering;
use std::fs::{self, File, TryLockError};
use std::io::{ErrorKind, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use serde::{Deserialize, Serialize};

use crate::config::Settings;
use crate::error::{CollectionError, FORMAT};

const MANIFEST: &str = "collection.json";
const LOCK: &str = "lock";
const STORE: &str = "store.redb";
const INDEX: &str = "index";

/// What is remembered of watched feeds, by whoever watches them.
const WATCH: &str = "watch.redb";

/// The store of an earlier format while it is read to be upgraded.
pub(crate) const UPGRADED: &str = "upgraded.redb";

/// How the names of damaged stores begin that are kept.
const DAMAGED: &str = "damaged-";

/// What `collection.json` holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of the layout.
    pub format: u32,
    /// Version of samestory that wrote it.
    pub written_by: String,
    /// The generation that counts.
    pub generation: u64,
    /// Whether articles were added to it one after the other, so that no single folder holds them all.
    pub fed: bool,
    /// Settings that its stories are made by.
    pub settings: Settings,
}

impl Manifest {
    /// The manifest of a generation that is made now.
    pub(crate) fn of(generation: u64, fed: bool, settings: &Settings) -> Manifest {
        let written_by = env!("CARGO_PKG_VERSION").to_owned();
        Manifest { format: FORMAT, written_by, generation, fed, settings: settings.clone() }
    }
}

/// The file of a collection's folder in which whoever watches feeds for it keeps what is to be remembered of them. It is
/// left alone by all that makes, replaces and upgrades a collection.
pub fn watch_file(folder: &Path) -> PathBuf {
    folder.join(WATCH)
}

/// The files of one generation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Generation {
    pub(crate) folder: PathBuf,
}

impl Generation {
    pub(crate) fn of(folder: &Path, number: u64) -> Generation {
        Generation { folder: folder.join(format!("g{number}")) }
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.folder.join(STORE)
    }

    pub(crate) fn index(&self) -> PathBuf {
        self.folder.join(INDEX)
    }

    /// Makes the folders, durably.
    pub(crate) fn make(&self) -> Result<(), CollectionError> {
        let failed = |source| CollectionError::Io { path: self.folder.clone(), source };
        fs::create_dir_all(self.index()).map_err(failed)?;
        sync_folder(&self.folder)?;
        self.folder.parent().map_or(Ok(()), sync_folder)
    }
}

/// When and as what files the manifest and the list of the index's segments were last written. Each is replaced whole by
/// whoever commits, so that a commit makes another stamp.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stamp([Option<Written>; 2]);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Written {
    time: Option<SystemTime>,
    length: u64,
    /// The number of the file, where the system tells it: two writings within one tick of the clock differ in it.
    file: u64,
}

impl Stamp {
    pub(crate) fn of(folder: &Path, generation: &Generation) -> Stamp {
        let written = |path: PathBuf| {
            let entry = fs::metadata(path).ok()?;
            #[cfg(unix)]
            let file = std::os::unix::fs::MetadataExt::ino(&entry);
            #[cfg(not(unix))]
            let file = 0;
            Some(Written { time: entry.modified().ok(), length: entry.len(), file })
        };
        Stamp([written(folder.join(MANIFEST)), written(generation.index().join("meta.json"))])
    }

    /// A number that stands for this stamp and a transaction.
    pub(crate) fn state(&self, transaction: u64) -> u64 {
        let mut bytes = transaction.to_le_bytes().to_vec();
        for written in self.0.iter().flatten() {
            let since = written.time.and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok());
            bytes.extend(since.unwrap_or_default().as_nanos().to_le_bytes());
            bytes.extend(written.length.to_le_bytes());
            bytes.extend(written.file.to_le_bytes());
        }
        xxhash_rust::xxh3::xxh3_64(&bytes)
    }
}

/// Makes names in a folder durable.
pub(crate) fn sync_folder(folder: &Path) -> Result<(), CollectionError> {
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(|source| CollectionError::Io { path: folder.to_owned(), source })
}

/// How long a writer waits for another to end.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long it waits between two tries.
const PAUSE: Duration = Duration::from_millis(10);

/// The lock of the one writer; given back when dropped.
#[derive(Debug)]
pub(crate) struct WriterLock(#[expect(dead_code, reason = "held, not read")] File);

impl WriterLock {
    /// Takes the lock, making the folder if there is none. A reader that sets right what a killed writer left is
    /// waited for.
    ///
    /// # Errors
    ///
    /// [`CollectionError::Locked`] if another process has it and keeps it.
    pub(crate) fn take(folder: &Path) -> Result<WriterLock, CollectionError> {
        let began = Instant::now();
        loop {
            match Self::try_take(folder) {
                Err(CollectionError::Locked(_)) if began.elapsed() < PATIENCE => std::thread::sleep(PAUSE),
                taken => return taken,
            }
        }
    }

    /// As [`take`](Self::take), without waiting.
    ///
    /// # Errors
    ///
    /// As [`take`](Self::take).
    pub(crate) fn try_take(folder: &Path) -> Result<WriterLock, CollectionError> {
        fs::create_dir_all(folder).map_err(|source| CollectionError::Io { path: folder.to_owned(), source })?;
        let path = folder.join(LOCK);
        let failed = |source| CollectionError::Io { path: path.clone(), source };
        let file = File::options().create(true).append(true).open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(WriterLock(file)),
            Err(TryLockError::WouldBlock) => Err(CollectionError::Locked(folder.to_owned())),
            Err(TryLockError::Error(source)) => Err(CollectionError::Io { path, source }),
        }
    }
}

/// Runs what reads the files of a collection. Damaged files can make the store or the index panic;
/// that becomes an error like any other.
pub(crate) fn guarded<T>(path: &Path, read: impl FnOnce() -> Result<T, CollectionError>) -> Result<T, CollectionError> {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
        let reason = text.unwrap_or("it cannot be read").to_owned();
        Err(CollectionError::Damaged { path: path.to_owned(), reason })
    })
}

/// Whether a path in the folder is one that this crate makes.
fn is_ours(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    let kept = name.strip_prefix(DAMAGED).is_some_and(|rest| rest.ends_with(".redb"));
    is_generation(path)
        || [LOCK, MANIFEST, UPGRADED, WATCH].contains(&&*name)
        || name == format!("{MANIFEST}.new")
        || kept
}

/// Whether a path is a generation: named so, and holding nothing but a store and an index.
fn is_generation(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    let named = name.strip_prefix('g').is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit()));
    let ours = |entry: fs::DirEntry| entry.file_name() == STORE || entry.file_name() == INDEX;
    named && fs::read_dir(path).is_ok_and(|entries| entries.flatten().all(ours))
}

/// The highest number of a generation in the folder; 0 where there is none.
pub(crate) fn newest_generation(folder: &Path) -> u64 {
    let number = |entry: fs::DirEntry| entry.file_name().to_string_lossy().strip_prefix('g')?.parse().ok();
    fs::read_dir(folder).into_iter().flatten().flatten().filter_map(number).max().unwrap_or(0)
}

/// Checks that the folder is a collection, or could become one.
///
/// # Errors
///
/// If the folder is foreign or newer.
pub(crate) fn check_writable(folder: &Path) -> Result<(), CollectionError> {
    match read_manifest(folder) {
        Ok(Some(_)) | Err(CollectionError::Older { .. }) => return Ok(()),
        // A damaged manifest is written anew, if all else in the folder is ours.
        Ok(None) | Err(CollectionError::Damaged { .. }) => (),
        Err(error) => return Err(error),
    }
    match fs::read_dir(folder) {
        // A first run that was killed leaves a lock and a half-written generation.
        Ok(entries) => match entries.flatten().all(|entry| is_ours(&entry.path())) {
            true => Ok(()),
            false => Err(CollectionError::Foreign(folder.to_owned())),
        },
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(source) => Err(CollectionError::Io { path: folder.to_owned(), source }),
    }
}

/// The manifest of a collection of this format; none where there is no collection.
pub(crate) fn read_manifest(folder: &Path) -> Result<Option<Manifest>, CollectionError> {
    let Some(text) = manifest_text(folder)? else { return Ok(None) };
    let format = format_of(folder, &text)?;
    match format.cmp(&FORMAT) {
        Ordering::Less => return Err(CollectionError::Older { path: folder.to_owned(), found: format }),
        Ordering::Greater => return Err(CollectionError::Newer { path: folder.to_owned(), found: format }),
        Ordering::Equal => (),
    }
    parse(folder, &text).map(Some)
}

/// The text of the manifest; none where there is no collection.
pub(crate) fn manifest_text(folder: &Path) -> Result<Option<String>, CollectionError> {
    let path = folder.join(MANIFEST);
    match fs::read_to_string(&path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => match folder.is_dir() && has_foreign_files(folder) {
            true => Err(CollectionError::Foreign(folder.to_owned())),
            false => Ok(None),
        },
        Err(error) if error.kind() == ErrorKind::NotADirectory => Err(CollectionError::Foreign(folder.to_owned())),
        Err(error) if error.kind() == ErrorKind::InvalidData => {
            Err(CollectionError::Damaged { path, reason: "it is not UTF-8 text".into() })
        }
        Err(source) => Err(CollectionError::Io { path, source }),
    }
}

/// Reads the text of a manifest as one of the given kind.
pub(crate) fn parse<T: for<'t> Deserialize<'t>>(folder: &Path, text: &str) -> Result<T, CollectionError> {
    let invalid =
        |error: serde_json::Error| CollectionError::Damaged { path: folder.join(MANIFEST), reason: error.to_string() };
    serde_json::from_str(text).map_err(invalid)
}

/// The format that the text of a manifest names.
pub(crate) fn format_of(folder: &Path, text: &str) -> Result<u32, CollectionError> {
    #[derive(Deserialize)]
    struct Format {
        format: u32,
    }
    parse::<Format>(folder, text).map(|found| found.format)
}

fn has_foreign_files(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|entries| entries.flatten().any(|entry| !is_ours(&entry.path())))
}

/// Replaces the manifest, durably and at once.
pub(crate) fn write_manifest(folder: &Path, manifest: &Manifest) -> Result<(), CollectionError> {
    let path = folder.join(MANIFEST);
    let new = folder.join(format!("{MANIFEST}.new"));
    let text = serde_json::to_string_pretty(manifest).map_err(std::io::Error::from)?;
    let written = (|| {
        let mut file = File::create(&new)?;
        file.write_all(text.as_bytes())?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        fs::rename(&new, &path)
    })();
    written.map_err(|source| CollectionError::Io { path, source })?;
    // The rename itself must survive a power loss.
    sync_folder(folder)
}

/// Gives a damaged store a name under which it is kept beside the generations, and tells it. What is there stays
/// under its own name too, until its generation is removed.
pub(crate) fn keep_damaged(folder: &Path, store: &Path) -> Result<PathBuf, CollectionError> {
    let mut number = 1;
    let name = |number: u32| folder.join(format!("{DAMAGED}{number}.redb"));
    while name(number).exists() {
        number += 1;
    }
    let kept = name(number);
    match fs::hard_link(store, &kept) {
        Ok(()) => Ok(kept),
        // Not every file system has links.
        Err(_) => match fs::copy(store, &kept) {
            Ok(_) => Ok(kept),
            Err(source) => Err(CollectionError::Io { path: kept, source }),
        },
    }
}

/// Removes all generations but one.
pub(crate) fn remove_other_generations(folder: &Path, kept: u64) -> Result<(), CollectionError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| CollectionError::Io { path, source }
    };
    for entry in fs::read_dir(folder).map_err(failed(folder))?.flatten() {
        if entry.file_name() == UPGRADED {
            fs::remove_file(entry.path()).map_err(failed(&entry.path()))?;
        }
        if is_generation(&entry.path()) && entry.path() != Generation::of(folder, kept).folder {
            fs::remove_dir_all(entry.path()).map_err(failed(&entry.path()))?;
        }
    }
    Ok(())
}
