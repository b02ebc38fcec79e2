//! Measures how many of the true copies are found, against the exact sets of all pairs.
//!
//! ```text
//! cargo run --release --example copy_recall -- PATH...
//! ```
//!
//! Every pair of articles that shares a shingle is compared exactly, without signatures or buckets.
//! Prints the share found of the pairs with Jaccard >= .65, of those from .60 to .65, and of those
//! that containment alone makes copies, and how many pairs are reported that the exact sets do not
//! bear out.
#![expect(clippy::print_stdout, reason = "the answer of this program")]

use std::path::PathBuf;

use rustc_hash::{FxHashMap, FxHashSet};
use samestory::article::Article;
use samestory::minhash::{CandidatePair, Overlap, ShingleSet};
use samestory::{CopySettings, find_copies, shingle_set};

fn main() {
    let paths: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let reading = samestory::ingest::read(&paths, &samestory::ingest::ReadSettings::default(), &mut |_| ());
    let articles: Vec<&Article> = reading.articles.iter().collect();
    let settings = CopySettings::default();
    let copies = find_copies(&articles, &settings).expect("copies");
    let found: FxHashSet<(u32, u32)> = copies.pairs.iter().map(|pair| (pair.pair.a, pair.pair.b)).collect();

    let sets: Vec<ShingleSet> = articles.iter().map(|article| shingle_set(article)).collect();
    let rule = settings.rule();
    let mut counts = [("Jaccard >= .65", 0usize, 0u32), ("Jaccard .60 to .65", 0, 0), ("containment", 0, 0)];
    let mut borne_out = 0;
    for pair in sharing_pairs(&sets) {
        let overlap = Overlap::of(&sets[pair.a as usize], &sets[pair.b as usize]);
        if !rule.accepts(&overlap) {
            continue;
        }
        let class = match overlap.jaccard() {
            jaccard if jaccard >= 0.65 => 0,
            jaccard if jaccard >= settings.jaccard => 1,
            _ => 2,
        };
        let hit = found.contains(&(pair.a, pair.b));
        counts[class].1 += usize::from(hit);
        counts[class].2 += 1;
        borne_out += usize::from(hit);
    }
    for (class, hits, all) in counts {
        println!("{class:20} {hits} of {all} found ({:.2} %)", 100.0 * hits as f64 / f64::from(all.max(1)));
    }
    println!("{} pairs reported, {} not borne out by the exact sets", found.len(), found.len() - borne_out);
}

/// Every pair that shares a shingle, each once.
fn sharing_pairs(sets: &[ShingleSet]) -> Vec<CandidatePair> {
    let mut holders: FxHashMap<u64, Vec<u32>> = FxHashMap::default();
    for (number, set) in (0u32..).zip(sets) {
        set.as_slice().iter().for_each(|shingle| holders.entry(*shingle).or_default().push(number));
    }
    let mut pairs = FxHashSet::default();
    for holders in holders.values() {
        for (at, &b) in holders.iter().enumerate() {
            pairs.extend(holders[..at].iter().map(|&a| (a, b)));
        }
    }
    pairs.into_iter().map(|(a, b)| CandidatePair { a, b }).collect()
}
