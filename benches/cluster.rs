//! How fast do articles in memory become stories?
//!
//! Measured: the whole of `samestory::cluster` (copies, terms, candidates, scores, linkage) on all
//! threads, in articles per second. On: the articles of `input/mod.rs`.
//! Run: `cargo bench --bench cluster`.

mod input;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use samestory::{Settings, cluster};

fn stories(c: &mut Criterion) {
    let articles = input::articles();
    let mut group = c.benchmark_group("cluster");
    group.sample_size(10).throughput(Throughput::Elements(articles.len() as u64));
    group.bench_function("articles to stories", |b| {
        b.iter_batched(
            || articles.clone(),
            |articles| {
                let n_articles = articles.len();
                assert!(
                    cluster(articles, &Settings::default(), &mut |_| ()).expect("stories").stories.len() <= n_articles
                );
            },
            BatchSize::LargeInput,
        );
    });
    group.finish();
}

criterion_group!(benches, stories);
criterion_main!(benches);
