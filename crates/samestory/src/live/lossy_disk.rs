//! A disk that loses power, is full or fails, and a collection that lives on it.
//!
//! *Model.* What a file held at its last sync is safe. Of the writes since then, each is there after the loss or
//! not, whole or in part, whatever the others; so are names that were made, replaced or removed since the folder
//! was last synced. That is what a disk may do that orders nothing by itself.

use std::collections::{HashMap, HashSet};
use std::io::{self, BufWriter, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex};

use samestory_article::Article;
use samestory_index::{SearchFilter, StoryIndexWriter, StorySearcher};
use tantivy::directory::error::{DeleteError, LockError, OpenReadError, OpenWriteError};
use tantivy::directory::{
    AntiCallToken, DirectoryLock, FileHandle, Lock, OwnedBytes, TerminatingWrite, WatchCallback, WatchHandle, WritePtr,
};
use tantivy::{Directory, HasLen};

use super::Engine;
use crate::config::Settings;
use crate::error::CollectionError;
use crate::store::StoreWriter;

/// Numbers that look random and are the same in every run (xorshift; Marsaglia 2003).
#[derive(Debug, Clone)]
struct Numbers(u64);

impl Numbers {
    fn of(seed: u64) -> Numbers {
        let mut numbers = Numbers(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        for _ in 0..8 {
            numbers.below(2);
        }
        numbers
    }

    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % bound.max(1)
    }
}

#[derive(Debug, Clone)]
enum Unsynced {
    Write { offset: usize, bytes: Vec<u8> },
    Length(usize),
}

impl Unsynced {
    fn apply(&self, content: &mut Vec<u8>, part: usize) {
        match self {
            Unsynced::Length(length) => content.resize(*length, 0),
            Unsynced::Write { offset, bytes } => {
                let bytes = &bytes[..part.min(bytes.len())];
                if content.len() < offset + bytes.len() {
                    content.resize(offset + bytes.len(), 0);
                }
                content[*offset..offset + bytes.len()].copy_from_slice(bytes);
            }
        }
    }
}

#[derive(Debug, Clone, Default)]
struct File {
    now: Vec<u8>,
    synced: Vec<u8>,
    unsynced: Vec<Unsynced>,
}

impl File {
    fn change(&mut self, change: Unsynced) {
        change.apply(&mut self.now, usize::MAX);
        self.unsynced.push(change);
    }

    fn sync(&mut self) {
        self.synced.clone_from(&self.now);
        self.unsynced.clear();
    }
}

/// What stops a disk.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    /// Nothing is done any more: the power is gone.
    Power,
    /// No byte more fits.
    Full,
}

#[derive(Debug, Clone, Default)]
struct State {
    files: Vec<File>,
    names: HashMap<PathBuf, usize>,
    synced_names: HashMap<PathBuf, usize>,
    /// Operations that are still done before the fault.
    left: Option<usize>,
    fault: Option<Fault>,
    operations: usize,
}

impl State {
    /// Counts an operation that changes the disk.
    fn operate(&mut self, needs_space: bool) -> io::Result<()> {
        self.operations += 1;
        match &mut self.left {
            Some(0) => match self.fault {
                Some(Fault::Full) if !needs_space => Ok(()),
                Some(Fault::Full) => Err(io::Error::from(io::ErrorKind::StorageFull)),
                _ => Err(io::Error::other("no power")),
            },
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn file(&mut self, path: &Path) -> io::Result<&mut File> {
        let at = *self.names.get(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(&mut self.files[at])
    }

    fn create(&mut self, path: &Path, content: Vec<u8>) {
        let synced = content.clone();
        self.files.push(File { now: content, synced, unsynced: Vec::new() });
        self.names.insert(path.to_owned(), self.files.len() - 1);
    }
}

/// The locks that threads hold now. They end with the process, so no disk has them after a loss.
#[derive(Debug, Default)]
struct Locks {
    held: Mutex<HashSet<PathBuf>>,
    released: Condvar,
}

struct HeldLock {
    locks: Arc<Locks>,
    path: PathBuf,
}

impl Drop for HeldLock {
    fn drop(&mut self) {
        self.locks.held.lock().expect("no panic within").remove(&self.path);
        self.locks.released.notify_all();
    }
}

/// A disk in memory.
#[derive(Debug, Clone, Default)]
struct Disk {
    state: Arc<Mutex<State>>,
    locks: Arc<Locks>,
}

impl Disk {
    fn of(state: State) -> Disk {
        Disk { state: Arc::new(Mutex::new(state)), locks: Arc::default() }
    }

    fn with<T>(&self, run: impl FnOnce(&mut State) -> T) -> T {
        run(&mut self.state.lock().expect("no panic within"))
    }

    /// The same content on another disk.
    fn copied(&self) -> Disk {
        Disk::of(self.with(|state| State { operations: 0, ..state.clone() }))
    }

    fn stop_after(&self, operations: usize, fault: Fault) {
        self.with(|state| (state.left, state.fault) = (Some(operations), Some(fault)));
    }

    /// What the disk holds when the power is back.
    fn after_power_loss(&self, numbers: &mut Numbers) -> Disk {
        let mut state = self.with(|state| state.clone());
        for file in &mut state.files {
            let mut content = file.synced.clone();
            for change in &file.unsynced {
                let length = if let Unsynced::Write { bytes, .. } = change { bytes.len() } else { 0 };
                match numbers.below(4) {
                    0 => (),
                    1 => change.apply(&mut content, numbers.below(length + 1) / 512 * 512),
                    _ => change.apply(&mut content, length),
                }
            }
            *file = File { now: content.clone(), synced: content, unsynced: Vec::new() };
        }
        let mut changed: Vec<PathBuf> = state.names.keys().chain(state.synced_names.keys()).cloned().collect();
        changed.sort();
        changed.dedup();
        for path in changed {
            if numbers.below(2) == 0 {
                match state.synced_names.get(&path) {
                    Some(at) => drop(state.names.insert(path, *at)),
                    None => drop(state.names.remove(&path)),
                }
            }
        }
        (state.left, state.fault) = (None, None);
        state.synced_names.clone_from(&state.names);
        Disk::of(state)
    }

    /// The same disk with room on it.
    fn after_space_is_made(&self) {
        self.with(|state| (state.left, state.fault) = (None, None));
    }
}

const STORE: &str = "store.redb";

/// The file of the store.
#[derive(Debug)]
struct StoreFile(Disk);

impl redb::StorageBackend for StoreFile {
    fn len(&self) -> io::Result<u64> {
        self.0.with(|state| state.file(Path::new(STORE)).map(|file| file.now.len() as u64))
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.with(|state| {
            let file = state.file(Path::new(STORE))?;
            let range = offset as usize..offset as usize + out.len();
            out.copy_from_slice(file.now.get(range).ok_or(io::ErrorKind::UnexpectedEof)?);
            Ok(())
        })
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.0.with(|state| {
            let grows = state.file(Path::new(STORE))?.now.len() < length as usize;
            state.operate(grows)?;
            state.file(Path::new(STORE))?.change(Unsynced::Length(length as usize));
            Ok(())
        })
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.with(|state| {
            state.operate(false)?;
            state.file(Path::new(STORE))?.sync();
            Ok(())
        })
    }

    fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.with(|state| {
            // A full disk fails where a file grows; redb has made room before.
            state.operate(false)?;
            let change = Unsynced::Write { offset: offset as usize, bytes: bytes.to_vec() };
            state.file(Path::new(STORE))?.change(change);
            Ok(())
        })
    }
}

/// The folder of the index.
#[derive(Debug, Clone)]
struct IndexFolder(Disk);

#[derive(Debug)]
struct Content(OwnedBytes);

impl HasLen for Content {
    fn len(&self) -> usize {
        self.0.len()
    }
}

impl FileHandle for Content {
    fn read_bytes(&self, range: Range<usize>) -> io::Result<OwnedBytes> {
        Ok(self.0.slice(range))
    }
}

struct NewFile {
    disk: Disk,
    path: PathBuf,
    content: Vec<u8>,
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.disk.with(|state| state.operate(true))?;
        self.content.extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl TerminatingWrite for NewFile {
    fn terminate_ref(&mut self, _: AntiCallToken) -> io::Result<()> {
        // Content is synced here, the name is not.
        self.disk.with(|state| {
            state.operate(true)?;
            state.create(&self.path, std::mem::take(&mut self.content));
            Ok(())
        })
    }
}

impl Directory for IndexFolder {
    fn get_file_handle(&self, path: &Path) -> Result<Arc<dyn FileHandle>, OpenReadError> {
        let content = self.0.with(|state| state.file(path).map(|file| file.now.clone()));
        let content = content.map_err(|_| OpenReadError::FileDoesNotExist(path.to_owned()))?;
        Ok(Arc::new(Content(OwnedBytes::new(content))))
    }

    fn delete(&self, path: &Path) -> Result<(), DeleteError> {
        self.0.with(|state| {
            let failed =
                |error: io::Error| DeleteError::IoError { io_error: Arc::new(error), filepath: path.to_owned() };
            state.operate(false).map_err(failed)?;
            let removed = state.names.remove(path);
            removed.map(|_| ()).ok_or_else(|| DeleteError::FileDoesNotExist(path.to_owned()))
        })
    }

    fn exists(&self, path: &Path) -> Result<bool, OpenReadError> {
        Ok(self.0.with(|state| state.names.contains_key(path)))
    }

    fn open_write(&self, path: &Path) -> Result<WritePtr, OpenWriteError> {
        let failed = |error| OpenWriteError::wrap_io_error(error, path.to_owned());
        self.0.with(|state| {
            state.operate(true).map_err(failed)?;
            match state.names.contains_key(path) {
                true => Err(OpenWriteError::FileAlreadyExists(path.to_owned())),
                false => Ok(()),
            }
        })?;
        let file = NewFile { disk: self.0.clone(), path: path.to_owned(), content: Vec::new() };
        Ok(BufWriter::new(Box::new(file)))
    }

    fn atomic_read(&self, path: &Path) -> Result<Vec<u8>, OpenReadError> {
        let content = self.0.with(|state| state.file(path).map(|file| file.now.clone()));
        content.map_err(|_| OpenReadError::FileDoesNotExist(path.to_owned()))
    }

    fn atomic_write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.0.with(|state| {
            state.operate(true)?;
            state.create(path, bytes.to_vec());
            Ok(())
        })
    }

    fn sync_directory(&self) -> io::Result<()> {
        self.0.with(|state| {
            state.operate(false)?;
            let names = state.names.clone();
            state.synced_names = names;
            Ok(())
        })
    }

    fn acquire_lock(&self, lock: &Lock) -> Result<DirectoryLock, LockError> {
        // Without it, a thread of the writer that merges removes files below a reader that opens.
        let locks = Arc::clone(&self.0.locks);
        let mut held = locks.held.lock().expect("no panic within");
        while held.contains(&lock.filepath) {
            if !lock.is_blocking {
                return Err(LockError::LockBusy);
            }
            held = locks.released.wait(held).expect("no panic within");
        }
        held.insert(lock.filepath.clone());
        drop(held);
        Ok(DirectoryLock::from(Box::new(HeldLock { locks, path: lock.filepath.clone() })))
    }

    fn watch(&self, _: WatchCallback) -> tantivy::Result<WatchHandle> {
        Ok(WatchHandle::empty())
    }
}

fn open(disk: &Disk) -> Result<Engine, CollectionError> {
    disk.with(|state| {
        if !state.names.contains_key(Path::new(STORE)) {
            state.create(Path::new(STORE), Vec::new());
            state.synced_names.clone_from(&state.names);
        }
    });
    let store = StoreWriter::on(StoreFile(disk.clone()))?;
    let index = StoryIndexWriter::open_on(IndexFolder(disk.clone()), Path::new("index"), 1)?;
    Engine::on(store, index, &Settings::default(), Path::new(STORE), Path::new("index"))
}

const WORDS: [&str; 24] = [
    "harbour", "ferry", "sandbank", "minister", "budget", "vote", "storm", "coast", "library", "bridge", "strike",
    "railway", "hospital", "orchard", "festival", "court", "verdict", "goal", "league", "factory", "fire", "school",
    "museum", "flood",
];

/// An article on one of a few events.
fn article(number: usize, numbers: &mut Numbers) -> Article {
    let mut article = Article::new(format!("article-{number}").into());
    let event = numbers.below(6);
    let word = |numbers: &mut Numbers| WORDS[(event * 4 + numbers.below(5)) % WORDS.len()];
    article.headline = format!("Report {event} of the {} and the {}", word(numbers), word(numbers));
    let words: Vec<&str> = (0..60).map(|_| word(numbers)).collect();
    article.text = format!("Item{number}word was seen. {}.", words.join(" "));
    article.outlet = Some(["Courier", "Herald", "Post"][numbers.below(3)].to_owned());
    article
}

/// The disk of a collection of a few articles, and their ids.
fn begun() -> (Disk, Vec<String>) {
    let disk = Disk::default();
    let mut engine = open(&disk).expect("an empty disk");
    let mut numbers = Numbers::of(1);
    let articles: Vec<Article> = (0..12).map(|number| article(number, &mut numbers)).collect();
    let ids = articles.iter().map(|article| article.id.to_string()).collect();
    engine.add(articles).expect("a sound disk");
    engine.close().expect("a sound disk");
    (disk, ids)
}

/// Checks that a collection opens, has all these articles, finds each, and that its records agree.
fn check(disk: &Disk, ids: &[String], what: &str) {
    let engine = open(disk).unwrap_or_else(|error| panic!("{what}: it does not open: {}", error.reason()));
    let snapshot = engine.store.snapshot().expect("a snapshot");
    let searcher = StorySearcher::open_on(IndexFolder(disk.clone()), Path::new("index"), &[None]).expect("an index");
    assert_eq!(searcher.transaction(), snapshot.summary().expect("a summary").transaction, "{what}");
    let mut found = 0;
    for id in ids {
        let number = snapshot.article_number(id).expect("ids");
        let number = number.unwrap_or_else(|| panic!("{what}: `{id}` is lost"));
        let article = snapshot.article(number).expect("an article");
        let word = article.text.split(' ').next().expect("a word");
        let mut story_of = |_| Ok::<_, CollectionError>(Some(0));
        let hits = searcher.search(word, &SearchFilter::default(), 10, &mut story_of).expect("an answer");
        assert!(hits.hits.iter().flat_map(|hit| &hit.articles).any(|hit| hit.number == number), "{what}: {id}");
        found += 1;
    }
    let mut report = crate::check::CheckReport::default();
    crate::check::check_records(&snapshot, Path::new(STORE), &mut report);
    assert_eq!(report.damage, [], "{what}");
    assert!(report.articles >= found, "{what}");
    assert_eq!(searcher.n_articles(), report.articles, "{what}");
}

/// Adds articles until the disk stops; tells which are acknowledged, and the error that ended it.
fn feed(disk: &Disk, ids: &mut Vec<String>, numbers: &mut Numbers) -> Option<CollectionError> {
    let mut engine = match open(disk) {
        Ok(engine) => engine,
        Err(error) => return Some(error),
    };
    for step in 0..6 {
        let articles: Vec<Article> =
            (0..1 + numbers.below(4)).map(|at| article(100 + 10 * step + at, numbers)).collect();
        let new: Vec<String> = articles.iter().map(|article| article.id.to_string()).collect();
        match engine.add(articles) {
            Ok(_) => ids.extend(new),
            Err(error) => return Some(error),
        }
        if step == 3 {
            // A correction and a removal are steps like any other.
            let mut corrected = article(0, &mut Numbers::of(7));
            corrected.text = format!("Item0word again. {}", corrected.text);
            if let Err(error) = engine.add(vec![corrected]) {
                return Some(error);
            }
        }
    }
    None
}

#[test]
fn no_acknowledged_article_is_lost_with_the_power() {
    let (disk, ids) = begun();
    let whole = disk.copied();
    assert!(feed(&whole, &mut ids.clone(), &mut Numbers::of(3)).is_none());
    let operations = whole.with(|state| state.operations);
    for seed in 0..200 {
        let mut numbers = Numbers::of(seed + 100);
        let disk = disk.copied();
        disk.stop_after(numbers.below(operations), Fault::Power);
        let mut ids = ids.clone();
        let _ = feed(&disk, &mut ids, &mut Numbers::of(3));
        let disk = disk.after_power_loss(&mut numbers);
        check(&disk, &ids, &format!("power loss {seed}"));
        // It goes on as if nothing had been.
        let mut engine = open(&disk).expect("it opens again");
        engine.add(vec![article(999, &mut numbers)]).expect("it is added");
    }
}

#[test]
fn a_full_disk_is_told_and_costs_nothing() {
    let (disk, ids) = begun();
    let whole = disk.copied();
    assert!(feed(&whole, &mut ids.clone(), &mut Numbers::of(3)).is_none());
    let operations = whole.with(|state| state.operations);
    let mut told = 0;
    for seed in 0..60 {
        let mut numbers = Numbers::of(seed + 500);
        let disk = disk.copied();
        disk.stop_after(numbers.below(operations), Fault::Full);
        let mut ids = ids.clone();
        if let Some(error) = feed(&disk, &mut ids, &mut Numbers::of(3)) {
            told += 1;
            let path = match error.in_file(Path::new("somewhere")) {
                CollectionError::Io { path, .. } | CollectionError::Damaged { path, .. } => path,
                error => panic!("seed {seed}: {error:?}"),
            };
            assert_ne!(path, Path::new(""), "seed {seed}");
        }
        disk.after_space_is_made();
        check(&disk, &ids, &format!("full disk {seed}"));
    }
    assert!(told > 10, "the disk was full {told} times of 60");
}
