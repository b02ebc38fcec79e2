//! How fast does a set of shingles become a signature?
//!
//! Measured: a signature of 128 values of every shingle set, on one thread, in shingles per second.
//! On: the articles of `input/mod.rs`. Run: `cargo bench --bench signature`.

mod input;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use samestory::minhash::{MinHasher, ShingleSet};
use samestory::shingle_set;

fn signature(c: &mut Criterion) {
    let sets: Vec<ShingleSet> = input::articles().iter().map(shingle_set).collect();
    let n_shingles: u64 = sets.iter().map(|set| set.len() as u64).sum();
    let hasher = MinHasher::default();
    let mut group = c.benchmark_group("signature");
    group.sample_size(10).throughput(Throughput::Elements(n_shingles));
    group.bench_function("128 values", |b| {
        b.iter(|| {
            let signed = sets.iter().filter(|set| hasher.signature(set).is_some()).count();
            assert!(signed > 0);
        });
    });
    group.finish();
}

criterion_group!(benches, signature);
criterion_main!(benches);
