//! Measures the passages that are found in the stories of a collection.
//!
//! ```text
//! cargo run --release --example passages -- .samestory
//! ```
//!
//! For every two articles that are held against each other: how many of the words that lie in a run of five words that
//! both have, by a plain split at everything that is no letter or digit, lie in a passage; how many words of the
//! passages that are not exact align equal; whether exact ones are equal after folding. Then the time that all
//! passages of all stories take.

#![expect(clippy::print_stdout, reason = "the answer of this program")]

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;
use std::path::Path;
use std::time::Instant;

use samestory::{Collection, ReusePair, SharedPassage};

/// As the command line tool has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let folder = std::env::args().nth(1).expect("a collection");
    let collection = Collection::open(Path::new(&folder)).expect("a collection");
    let mut texts: HashMap<String, String> = HashMap::new();
    collection
        .each_article(&mut |_, article, _| {
            texts.insert(article.id.to_string(), article.text);
            Ok(())
        })
        .expect("articles");
    let mut measured = Measured::default();
    let mut took = 0.0;
    let mut began = Instant::now();
    collection
        .each_reuse_pair(&mut |pair| {
            took += began.elapsed().as_secs_f64();
            measured.add(&pair, &texts[&pair.a], &texts[&pair.b]);
            began = Instant::now();
            Ok(())
        })
        .expect("passages");
    took += began.elapsed().as_secs_f64();
    measured.print();
    println!("all passages in {took:.2} s");
}

#[derive(Default)]
struct Measured {
    pairs: usize,
    shared: usize,
    covered: usize,
    passages: BTreeMap<&'static str, usize>,
    exact: usize,
    unequal_exact: usize,
    least_equal: f64,
}

impl Measured {
    fn add(&mut self, pair: &ReusePair, a: &str, b: &str) {
        self.pairs += 1;
        let sides = [a, b].map(plain_words);
        for (side, other) in [(0, 1), (1, 0)] {
            let words = |side: usize| sides[side].iter().map(|(word, _)| word.as_str()).collect::<Vec<_>>();
            let (own, others) = (words(side), words(other));
            let runs: HashSet<&[&str]> = others.windows(RUN).collect();
            let mut shared = vec![false; own.len()];
            for (at, run) in own.windows(RUN).enumerate() {
                if runs.contains(run) {
                    shared[at..at + RUN].fill(true);
                }
            }
            for ((_, word), _) in sides[side].iter().zip(&shared).filter(|(_, shared)| **shared) {
                self.shared += 1;
                let inside = |passage: &SharedPassage| {
                    let stretch = if side == 0 { &passage.a } else { &passage.b };
                    stretch.start <= word.start && word.end <= stretch.end
                };
                self.covered += usize::from(pair.reuse.passages.iter().any(inside));
            }
        }
        for passage in &pair.reuse.passages {
            *self.passages.entry(passage.kind.name()).or_default() += 1;
            let (a, b) = (words_of(&passage.a.text), words_of(&passage.b.text));
            if passage.exact {
                self.exact += 1;
                self.unequal_exact += usize::from(a != b);
            } else {
                let equal = longest_common(&a, &b) as f64 / a.len().max(b.len()) as f64;
                self.least_equal = if self.least_equal == 0.0 { equal } else { self.least_equal.min(equal) };
            }
        }
    }

    fn print(&self) {
        println!("{} pairs of articles share passages", self.pairs);
        for (kind, count) in &self.passages {
            println!("{count:>9} {kind}");
        }
        println!(
            "{:.3} % of {} words in shared runs of {RUN} lie in a passage",
            100.0 * self.covered as f64 / self.shared.max(1) as f64,
            self.shared
        );
        println!("{} passages are exact, {} of them unequal after folding", self.exact, self.unequal_exact);
        println!("at least {:.1} % of the words of a near passage align equal", 100.0 * self.least_equal);
    }
}

const RUN: usize = 5;

/// The words of a text in lower case with their bytes, split at everything that is no letter or digit.
fn plain_words(text: &str) -> Vec<(String, Range<usize>)> {
    let mut words = Vec::new();
    let mut start = None;
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        match (c.is_alphanumeric(), start) {
            (true, None) => start = Some(at),
            (false, Some(from)) => {
                words.push((text[from..at].to_lowercase(), from..at));
                start = None;
            }
            _ => (),
        }
    }
    words
}

fn words_of(text: &str) -> Vec<String> {
    plain_words(text).into_iter().map(|(word, _)| word).collect()
}

/// Length of the longest common subsequence.
fn longest_common(a: &[String], b: &[String]) -> usize {
    let mut row = vec![0; b.len() + 1];
    for word in a {
        let mut before = 0;
        for (at, other) in b.iter().enumerate() {
            let above = row[at + 1];
            row[at + 1] = if word == other { before + 1 } else { above.max(row[at]) };
            before = above;
        }
    }
    row[b.len()]
}
