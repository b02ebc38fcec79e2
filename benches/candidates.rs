//! How fast are copies found among signed articles?
//!
//! Measured: bands, buckets and candidate pairs of all signatures, and the exact check of the pairs,
//! on all threads, in articles per second. On: the articles of `input/mod.rs`.
//! Run: `cargo bench --bench candidates`.

mod input;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use samestory::minhash::{Banding, Lsh, MinHasher, NearDuplicateRule, ShingleSet, Signature, verify};
use samestory::shingle_set;

fn candidates(c: &mut Criterion) {
    let sets: Vec<ShingleSet> = input::articles().iter().map(shingle_set).collect();
    let hasher = MinHasher::default();
    let signatures: Vec<Option<Signature>> = sets.iter().map(|set| hasher.signature(set)).collect();
    let rank: Vec<u32> = (0..sets.len() as u32).collect();
    let lsh = Lsh::new(Banding::default());
    let found = lsh.candidates(&signatures, &rank);
    let mut group = c.benchmark_group("candidates");
    group.sample_size(10).throughput(Throughput::Elements(sets.len() as u64));
    group.bench_function("band, bucket", |b| {
        b.iter(|| assert_eq!(lsh.candidates(&signatures, &rank).pairs.len(), found.pairs.len()));
    });
    group.bench_function("exact check", |b| {
        b.iter(|| assert!(verify(&sets, &found.pairs, &NearDuplicateRule::default()).len() <= found.pairs.len()));
    });
    group.finish();
}

criterion_group!(benches, candidates);
criterion_main!(benches);
