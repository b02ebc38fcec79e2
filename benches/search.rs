//! How long does a query take?
//!
//! Measured: `Collection::search` for the ten best stories, snippets included, over an open
//! collection on disk. The queries are a common word, two words, a phrase and a filter. On: the
//! articles of `input/mod.rs`. Run: `cargo bench --bench search`.

mod input;

use criterion::{Criterion, criterion_group, criterion_main};
use samestory::index::SearchFilter;
use samestory::{Collection, Settings};

fn search(c: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let settings = Settings::default();
    Collection::write(folder.path(), input::articles(), &settings, &mut |_| ()).expect("a collection");
    let collection = Collection::open(folder.path()).expect("the collection just written");
    let mut group = c.benchmark_group("search");
    let english = SearchFilter { language: samestory::article::Language::parse("en"), ..SearchFilter::default() };
    let queries = [
        ("common word", "said", SearchFilter::default()),
        ("two words", "president statement", SearchFilter::default()),
        ("phrase", "\"the two\"", SearchFilter::default()),
        ("filter", "said", english),
    ];
    for (name, query, filter) in queries {
        group.bench_function(name, |b| {
            b.iter(|| assert!(collection.search(query, &filter, 10).expect("a valid query").stories.len() <= 10));
        });
    }
    group.finish();
}

criterion_group!(benches, search);
criterion_main!(benches);
