//! How fast does text become shingles?
//!
//! Measured: the tokens of every body, and the set of distinct 5-word shingles of every body, on one
//! thread, in bytes of text per second. On: the articles of `input/mod.rs`.
//! Run: `cargo bench --bench shingle`.

mod input;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use samestory::article::Tokenizer;
use samestory::minhash::Shingler;

fn shingle(c: &mut Criterion) {
    let articles = input::articles();
    let mut group = c.benchmark_group("shingle");
    group.sample_size(10).throughput(Throughput::Bytes(input::bytes(&articles)));
    group.bench_function("tokenise", |b| {
        b.iter(|| {
            let n_tokens: usize = articles.iter().map(|article| Tokenizer.body(article).len()).sum();
            assert!(n_tokens > articles.len());
        });
    });
    let tokens: Vec<Vec<u64>> = articles.iter().map(|article| Tokenizer.body(article).hashes()).collect();
    let shingler = Shingler::default();
    group.bench_function("shingle, hash, sort", |b| {
        b.iter(|| {
            let n_shingles: usize = tokens.iter().map(|tokens| shingler.shingle_set(tokens).len()).sum();
            assert!(n_shingles > articles.len());
        });
    });
    group.finish();
}

criterion_group!(benches, shingle);
criterion_main!(benches);
