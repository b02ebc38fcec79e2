#![no_main]

use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use samestory::index::SearchFilter;
use samestory::{Collection, CollectionWriter, Settings};
use tempfile::TempDir;

/// A small collection, and the bytes of its store.
static WHOLE: LazyLock<(TempDir, Vec<u8>)> = LazyLock::new(|| {
    // What the libraries make of damaged files is caught by the code that reads them.
    std::panic::set_hook(Box::new(|_| ()));
    let folder = tempfile::tempdir().expect("a folder");
    let mut writer = CollectionWriter::open(folder.path(), &Settings::default()).expect("a collection");
    writer.add(samestory_fuzz::articles(), &mut |_| ()).expect("added");
    writer.close().expect("closed");
    let store = fs::read(store_of(&folder)).expect("a store");
    (folder, store)
});

fn store_of(folder: &TempDir) -> PathBuf {
    folder.path().join("g1/store.redb")
}

// Bytes changed anywhere in a store: reading it all gives an answer or an error.
libfuzzer_sys::fuzz_target!(|changes: Vec<(u32, u8)>| {
    let (folder, whole) = &*WHOLE;
    let mut bytes = whole.clone();
    for (at, byte) in changes {
        let at = at as usize % bytes.len();
        bytes[at] ^= byte;
    }
    fs::write(store_of(folder), bytes).expect("written");
    let Ok(collection) = Collection::open(folder.path()) else { return };
    let _ = collection.stories();
    let _ = collection.each_article(&mut |_, _, _| Ok(()));
    let _ = collection.changes(0);
    let _ = collection.search("ferry", &SearchFilter::default(), 5);
    let _ = collection.show("fuzz-1");
});
