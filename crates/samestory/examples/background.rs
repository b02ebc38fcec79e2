//! Counts the English background table of `samestory-cluster`.
//!
//! ```text
//! cargo run --release --example background -- PATH... > crates/samestory-cluster/data/background-en.txt
//! ```
//!
//! For every English article below the paths, copies folded, the distinct stems of headline and body
//! are counted. Word counts are facts; no text goes into the table.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use samestory::article::{Article, Language, Stemmer, Tokenizer};
use samestory::{CopySettings, find_copies};

/// Stems in the table: the most common ones.
const TABLE: usize = 30_000;

fn main() -> std::io::Result<()> {
    let paths: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let settings = samestory::ingest::ReadSettings::default();
    let reading = samestory::ingest::read(&paths, &settings, &mut |_| ());
    let all: Vec<&Article> = reading.articles.iter().collect();
    let copies = find_copies(&all, &CopySettings::default()).expect("copies");
    let english: Vec<&Article> = all
        .into_iter()
        .zip(copies.copy_of)
        .filter(|(article, copy_of)| copy_of.is_none() && article.language == Some(Language::ENGLISH))
        .map(|(article, _)| article)
        .collect();
    let counts = english
        .par_iter()
        .fold(FxHashMap::default, |mut counts: FxHashMap<String, u32>, article| {
            stems(article).into_iter().for_each(|stem| *counts.entry(stem).or_default() += 1);
            counts
        })
        .reduce(FxHashMap::default, |mut all, part| {
            part.into_iter().for_each(|(stem, count)| *all.entry(stem).or_default() += count);
            all
        });
    let mut common: Vec<(String, u32)> = counts.into_iter().collect();
    common.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    common.truncate(TABLE);
    let table: BTreeMap<String, u32> = common.into_iter().collect();

    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let names: Vec<_> = paths.iter().filter_map(|path| path.file_name()).map(|name| name.to_string_lossy()).collect();
    writeln!(out, "# Number of English news articles that hold each stem, copies folded; the {TABLE} most common.")?;
    writeln!(out, "# Counted by `cargo run --release --example background` over: {}", names.join(", "))?;
    writeln!(out, "# First the number of articles, then `stem count`.")?;
    writeln!(out, "{}", english.len())?;
    for (stem, count) in table {
        writeln!(out, "{stem} {count}")?;
    }
    out.flush()
}

/// The distinct stems of an article that a table line can hold.
fn stems(article: &Article) -> FxHashSet<String> {
    let stemmer = Stemmer::new(article.language);
    [Tokenizer.text(&article.headline), Tokenizer.body(article)]
        .iter()
        .flat_map(|tokens| tokens.iter().map(|token| stemmer.stem(tokens.word(token)).into_owned()))
        .filter(|stem| !stem.contains(char::is_whitespace))
        .collect()
}
