#![no_main]

use std::sync::LazyLock;

use samestory::index::SearchFilter;
use samestory::{Collection, CollectionWriter, Settings};

static COLLECTION: LazyLock<(tempfile::TempDir, Collection)> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a folder");
    let mut writer = CollectionWriter::open(folder.path(), &Settings::default()).expect("a collection");
    writer.add(samestory_fuzz::articles(), &mut |_| ()).expect("added");
    writer.close().expect("closed");
    let collection = Collection::open(folder.path()).expect("a collection");
    (folder, collection)
});

// Whatever is typed is answered or refused with a reason.
libfuzzer_sys::fuzz_target!(|query: &str| {
    match COLLECTION.1.search(query, &SearchFilter::default(), 5) {
        Ok(answer) => assert!(answer.stories.len() <= 5),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
