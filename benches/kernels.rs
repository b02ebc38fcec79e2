//! How many instructions do the kernels of `dedup` take?
//!
//! Counted by Callgrind, so that the figures are the same on a busy machine and an idle one, and a change of one part
//! in a thousand shows: reading a JSON line's words, hashing tokens, shingling, signing, a whole step from an article to
//! its signature, and buckets. On: an article of the sample corpus' words, told again until it has ten thousand.
//!
//! Needs valgrind and the runner: `cargo install gungraun-runner --version 0.20.0`. Without these nothing is run.
//! Run: `cargo bench --bench kernels`; with `-- --baseline=NAME` beside figures that `-- --save-baseline=NAME` kept.

#![expect(missing_docs, reason = "the macros of the harness make public functions")]
#![expect(clippy::print_stdout, reason = "tells why it does nothing")]

use std::hint::black_box;
use std::process::{Command, Stdio};

use gungraun::prelude::*;
use samestory::article::{Article, Tokenizer};
use samestory::minhash::{Banding, Lsh, MinHasher, ShingleSet, Shingler, Signature};

const WORDS: usize = 10_000;

fn article() -> Article {
    let sample = include_str!("../corpus/articles/harbour-courier/libya-truce.txt");
    let words: Vec<&str> = sample.split_whitespace().cycle().take(WORDS).collect();
    // Else all shingles but the first few hundred would be repeats.
    let text: Vec<String> =
        words.chunks(10).enumerate().map(|(at, words)| format!("{} Number{at} \u{2019}s", words.join(" "))).collect();
    Article { text: text.join(".\n"), ..Article::new("kernel".into()) }
}

fn token_hashes() -> Vec<u64> {
    let mut hashes = Vec::new();
    Tokenizer.body_hashes(&article(), &mut hashes);
    hashes
}

fn shingles() -> Vec<u64> {
    let mut shingles = Vec::new();
    Shingler::default().shingles(&token_hashes(), &mut shingles);
    shingles
}

/// Signatures of two hundred parts of a text, each of which overlaps with the next by half.
fn signatures() -> Vec<Option<Signature>> {
    shingles().windows(100).step_by(50).map(|part| MinHasher::default().signature_of(part)).collect()
}

#[library_benchmark]
#[bench::article(article())]
fn tokens(article: Article) -> Article {
    black_box(Tokenizer.body(black_box(&article)));
    article
}

#[library_benchmark]
#[bench::article(article())]
fn hashes_of_tokens(article: Article) -> Article {
    let mut hashes = Vec::with_capacity(2 * WORDS);
    Tokenizer.body_hashes(black_box(&article), &mut hashes);
    black_box(hashes);
    article
}

#[library_benchmark]
#[bench::article(token_hashes())]
fn shingle(tokens: Vec<u64>) -> Vec<u64> {
    let mut shingles = Vec::with_capacity(tokens.len());
    Shingler::default().shingles(black_box(&tokens), &mut shingles);
    shingles
}

#[library_benchmark]
#[bench::article(shingles())]
fn sign(shingles: Vec<u64>) -> Option<Signature> {
    black_box(MinHasher::default()).signature_of(black_box(&shingles))
}

#[library_benchmark]
#[bench::article(shingles())]
fn set(shingles: Vec<u64>) -> ShingleSet {
    black_box(shingles).into_iter().collect()
}

#[library_benchmark]
#[bench::parts(signatures())]
fn candidates(signatures: Vec<Option<Signature>>) -> usize {
    let rank: Vec<u32> = (0..signatures.len() as u32).collect();
    Lsh::new(Banding::default()).candidates(black_box(&signatures), &rank).pairs.len()
}

library_benchmark_group!(name = kernels, benchmarks = [tokens, hashes_of_tokens, shingle, sign, set, candidates]);

/// Whether a program is there.
fn is_installed(program: &str) -> bool {
    let asked = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    asked.is_ok()
}

fn main() {
    let under_valgrind = std::env::args().any(|argument| argument.contains("gungraun-run"));
    gungraun::main!(library_benchmark_groups = kernels);
    if under_valgrind || (is_installed("valgrind") && is_installed("gungraun-runner")) {
        main();
    } else {
        println!("nothing is counted: valgrind or gungraun-runner is not installed");
    }
}
