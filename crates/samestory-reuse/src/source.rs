//! Which earlier articles of a story an article may have its words from.

use rustc_hash::FxHashMap;

use crate::words::PrintedWords;

/// Which two articles of a story are held against each other: for each article earlier ones, in the given order of
/// articles, that it may have its words from.
///
/// *Design.* An article of a large story would have to be held against all others. It is held against those earlier
/// ones that share most runs of five words with it, at most [`MOST_SOURCES`], and further against as many as are needed
/// so that every run that an earlier article has is found in one; a copy against the article it copies and then only
/// against what it needs. So the work grows with the number of articles and not with its square, and yet no shared run
/// is lost, as only the earliest holder of a run must be looked at (passim's `src` and seriatim look for one source of
/// a passage for the same reason).
pub fn source_pairs(articles: &[&PrintedWords<'_>], copy_of: &[Option<usize>]) -> Vec<(usize, usize)> {
    let mut held: Vec<(u64, u32)> = Vec::with_capacity(articles.iter().map(|words| words.shingles().len()).sum());
    for (at, words) in articles.iter().enumerate() {
        held.extend(words.shingles().iter().map(|shingle| (*shingle, at as u32)));
    }
    held.sort_unstable();
    held.dedup();
    // For each article the runs that earlier articles have, each as the earliest holders.
    let mut shared: Vec<Vec<&[(u64, u32)]>> = vec![Vec::new(); articles.len()];
    for run in held.chunk_by(|x, y| x.0 == y.0).filter(|run| run.len() > 1) {
        for (rank, (_, article)) in run.iter().enumerate().skip(1) {
            shared[*article as usize].push(&run[..rank.min(MOST_HOLDERS)]);
        }
    }
    let mut pairs = Vec::new();
    for (later, runs) in shared.iter().enumerate() {
        let mut sources = sources(runs, copy_of[later].filter(|of| *of < later));
        sources.sort_unstable();
        pairs.extend(sources.into_iter().map(|earlier| (earlier, later)));
    }
    pairs
}

/// Earlier articles that an article is held against, besides those that are needed so that nothing is lost.
pub const MOST_SOURCES: usize = 12;

/// Holders of one run that are looked at, the earliest.
const MOST_HOLDERS: usize = 32;

fn sources(runs: &[&[(u64, u32)]], copy_of: Option<usize>) -> Vec<usize> {
    let mut counts: FxHashMap<u32, u32> = FxHashMap::default();
    for (_, holder) in runs.iter().flat_map(|holders| holders.iter()) {
        *counts.entry(*holder).or_default() += 1;
    }
    let mut ranked: Vec<(u32, u32)> = counts.iter().map(|(holder, count)| (*holder, *count)).collect();
    ranked.sort_unstable_by(|x, y| y.1.cmp(&x.1).then(x.0.cmp(&y.0)));
    let mut chosen: Vec<u32> = match copy_of {
        Some(of) => vec![of as u32],
        None => ranked.iter().take(MOST_SOURCES).map(|(holder, _)| *holder).collect(),
    };
    for holders in runs {
        if !holders.iter().any(|(_, holder)| chosen.contains(holder)) {
            let best = holders.iter().max_by_key(|(_, holder)| (counts[holder], std::cmp::Reverse(*holder)));
            chosen.extend(best.map(|(_, holder)| *holder));
        }
    }
    chosen.into_iter().map(|holder| holder as usize).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use samestory_article::Article;

    use super::*;

    proptest! {
        #[test]
        fn no_shared_run_is_lost_among_the_pairs_of_a_story(
            texts in prop::collection::vec(prop::collection::vec(0u8..9, 0..40), 1..9),
        ) {
            let text = |words: &Vec<u8>| Article {
                text: words.iter().map(|word| format!("w{word} ")).collect(),
                ..Article::new("a".into())
            };
            let articles: Vec<Article> = texts.iter().map(text).collect();
            let words: Vec<PrintedWords<'_>> = articles.iter().map(PrintedWords::of).collect();
            let list: Vec<&PrintedWords<'_>> = words.iter().collect();
            let pairs = source_pairs(&list, &vec![None; list.len()]);
            for later in 0..list.len() {
                for run in list[later].shingles() {
                    let holds = |earlier: usize| list[earlier].shingles().contains(run);
                    let paired = pairs.iter().any(|(earlier, with)| *with == later && holds(*earlier));
                    prop_assert_eq!(paired, (0..later).any(holds));
                }
            }
        }
    }
}
